//! The box's own log-in. Whoever has a password may come in; the role decides what they find.

use std::net::IpAddr;

use super::guess::Account;
use super::session::{self, Grant, Others};
use super::{Appliance, audit, user};
use crate::model::audit::Event;
use crate::model::user::{Actor, Origin, Role, User};
use crate::model::{Fault, Handle, Moment, Refusal};
use crate::store::{tokens, users};

/// What a password is held against where there is none, so that it takes as long. No password makes it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Checks the password and opens a session; answers the person and the token.
///
/// # Errors
/// `Unauthenticated(Password)` for a wrong one and for nobody, alike and in the same time; `Disabled`;
/// `Busy` after too many wrong tries.
pub async fn login(
    app: &Appliance,
    handle: Handle,
    password: &str,
    from: IpAddr,
    now: Moment,
) -> Result<(User, String), Fault> {
    let user = checked(app, handle, password, from, now).await?;
    let token = enter(app, &user, from, now).await?;
    Ok((user, token))
}

/// Opens a session for somebody whose password was just checked, or just set.
pub async fn enter(
    app: &Appliance,
    user: &User,
    from: IpAddr,
    now: Moment,
) -> Result<String, Fault> {
    let issuer = from.to_string();
    session::open(app, Grant { user, origin: Origin::Box, issuer, others: Others::Keep }, now).await
}

async fn checked(
    app: &Appliance,
    handle: Handle,
    password: &str,
    from: IpAddr,
    now: Moment,
) -> Result<User, Fault> {
    let account = Account::Box(handle.key().to_owned());
    if let Some(retry) = app.guesses.account_wait(account.clone(), from, now.steady) {
        return Err(Fault::Busy { retry });
    }
    let user = user::by_handle(app, handle).await?;
    let stored = user.as_ref().and_then(|u| u.password.as_deref());
    let right = app.hasher.verify(password, stored.unwrap_or(NOBODY)).await?;
    let Some(user) = user.filter(|u| right && u.password.is_some()) else {
        return Err(match app.guesses.wrong(account, from, now.steady) {
            Some(retry) => Fault::Busy { retry },
            None => Fault::Unauthenticated(Refusal::Password),
        });
    };
    if user.disabled {
        return Err(Fault::Unauthenticated(Refusal::Disabled));
    }
    Ok(user)
}

/// Whether a token of the box's own log-in is an administrator's.
pub fn is_administrators(app: &Appliance, token: &str, now: Moment) -> bool {
    let actor = app.sessions.actor(token, now);
    actor.is_ok_and(|a| a.origin == Origin::Box && a.role == Role::Administrator)
}

/// Another password of one's own; every token of the person ends, and a new one is answered.
///
/// # Errors
/// As of `login`, for the old password.
pub async fn change_password(
    app: &Appliance,
    actor: &Actor,
    (old, new): (&str, &str),
    from: IpAddr,
    now: Moment,
) -> Result<String, Fault> {
    let mut user = checked(app, actor.handle.clone(), old, from, now).await?;
    let judged = user.password.replace(app.hasher.hash(new, &app.entropy).await?);
    let entry = audit::by(actor, from, Event::UserChanged, user.handle.as_str());
    let (id, password, entry) = (user.id, user.password.clone(), entry.with("own password"));
    app.db.ready().await?;
    let standing = app.sessions.change().await;
    app.db
        .write(move |conn| {
            if users::by_id(conn, id)?.is_none_or(|now| now.password != judged) {
                return Err(Fault::Unauthenticated(Refusal::Password));
            }
            users::set_password(conn, id, password.as_deref())?;
            tokens::delete_all_of(conn, id)?;
            audit::note(conn, entry, now.wall)
        })
        .await?;
    app.sessions.drop_all_of(id);
    drop(standing);
    enter(app, &user, from, now).await
}
