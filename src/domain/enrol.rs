//! People whom a server of the school brings in: document 002's way to register somebody and to fetch tokens
//! for them. The server has shown its secret before; nobody here has a password.

use std::net::IpAddr;

use super::session::{self, Grant, Others};
use super::user::{self, by_handle};
use super::{Appliance, audit};
use crate::model::audit::{Entry, Event};
use crate::model::user::{Origin, Role, User};
use crate::model::{Fault, Handle, Moment, Platform, Refusal, Thing};
use crate::store::users;
use crate::wire::jwt;
use crate::wire::openim::Claims;

/// What the signing key of these tokens is derived for.
pub(super) const PURPOSE: &str = "openim";

/// Somebody new.
#[derive(Debug)]
pub struct Newcomer {
    pub handle: Handle,
    /// Empty shows the handle.
    pub name: String,
    pub picture: String,
    /// What the box only keeps, as JSON text.
    pub profile: String,
}

/// A token on its way to whom it is for.
#[derive(Debug)]
pub struct Ticket {
    /// As first spelled.
    pub handle: Handle,
    pub token: String,
    /// Unix seconds.
    pub expires_s: i64,
}

/// On behalf of which server, for which device.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub platform: Platform,
    pub from: IpAddr,
    pub now: Moment,
}

/// Adds a pupil and gives out the first token.
///
/// # Errors
/// `Conflict(HandleTaken)`, also when the account came by another dialect; `Invalid` for a handle that belongs
/// to a channel's name space.
pub async fn register(app: &Appliance, who: Newcomer, order: Order) -> Result<Ticket, Fault> {
    if user::is_of_a_channel(app, &who.handle) {
        return Err(Fault::invalid("uid", "begins with the name of a channel"));
    }
    let Newcomer { handle, name, picture, profile } = who;
    let mut user = User { name, picture, ..User::fresh(handle, Origin::OpenIm, Role::Pupil) };
    let (from, handle) = (order.from.to_string(), user.handle.as_str());
    let entry = Entry::from(Origin::OpenIm, &from, Event::Registered, handle);
    let row = user.clone();
    let added = app.db.write(move |conn| {
        let id = users::insert(conn, &row, order.now.wall)?;
        users::set_profile(conn, id, &profile)?;
        audit::note(conn, entry.with(row.role.word()), order.now.wall)?;
        Ok(id)
    });
    user.id = added.await?;
    tracing::info!(user = %user.id, "registered by a server");
    issue(app, &user, order).await
}

/// A token for somebody who is registered, by whatever dialect.
///
/// # Errors
/// `Missing(User)`, also for administrators and technicians, who are unknown to the documented dialects;
/// `Unauthenticated(Disabled)`.
pub async fn token(app: &Appliance, handle: Handle, order: Order) -> Result<Ticket, Fault> {
    let known = by_handle(app, handle).await?.filter(|u| !u.role.is_of_the_box());
    let user = known.ok_or(Fault::Missing(Thing::User))?;
    if user.disabled {
        return Err(Fault::Unauthenticated(Refusal::Disabled));
    }
    issue(app, &user, order).await
}

/// Earlier tokens stay good.
async fn issue(app: &Appliance, user: &User, order: Order) -> Result<Ticket, Fault> {
    let Order { platform, from, now } = order;
    let claims = Claims::new(user.handle.as_str(), platform, now.wall, session::AGE_MAX);
    let token = jwt::sign(&app.secrets.signing_key(PURPOSE), &claims);
    let issuer = from.to_string();
    let grant = Grant { user, origin: Origin::OpenIm, issuer, others: Others::Keep };
    session::admit(app, &token, grant, now).await?;
    Ok(Ticket { handle: user.handle.clone(), token, expires_s: claims.exp })
}
