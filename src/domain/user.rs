//! People: who they are, how they come in.

use std::net::IpAddr;

use super::guess::Account;
use super::policy::{LoginPolicy, Registration};
use super::session::{self, Grant, Others};
use super::{Appliance, audit};
use crate::model::audit::{Entry, Event};
use crate::model::user::{Origin, Role, User};
use crate::model::{Conflict, Fault, Handle, Moment, Refusal, Secret, Thing, UserId};
use crate::store::users;

/// Who wants an account.
#[derive(Debug)]
pub struct Registrant {
    pub handle: Handle,
    pub password: Secret,
    pub role: Role,
    pub appid: i64,
    pub from: IpAddr,
}

/// Adds an account of document 001.
///
/// # Errors
/// `Denied` by the registration policy, `Conflict(HandleTaken)`, `Invalid` for a handle that belongs to a
/// channel's name space, `Busy` for an address that has registered more than a school does.
pub async fn regist(app: &Appliance, who: Registrant, now: Moment) -> Result<UserId, Fault> {
    let teacher = who.role == Role::Teacher;
    match app.policy.registration {
        Registration::Closed => return Err(Fault::denied("registration is closed")),
        Registration::Students if teacher => {
            return Err(Fault::denied("teachers are registered by the administrator"));
        }
        Registration::Open if teacher && app.is_administered() => {
            return Err(Fault::denied("teachers are registered by the administrator"));
        }
        Registration::Open | Registration::Students => {}
    }
    if is_of_a_channel(app, &who.handle) {
        return Err(Fault::invalid("id", "begins with the name of a channel"));
    }
    if by_handle(app, who.handle.clone()).await?.is_some() {
        return Err(Fault::Conflict(Conflict::HandleTaken));
    }
    app.allowances.account(who.from, now.steady)?;
    let user = User {
        appid: Some(who.appid),
        password: Some(app.hasher.hash(&who.password, &app.entropy).await?),
        ..User::fresh(who.handle, Origin::Edu, who.role)
    };
    let entry = Entry::from(Origin::Edu, "", Event::Registered, user.handle.as_str());
    let added = app.db.write(move |conn| {
        audit::note(conn, entry.with(user.role.word()), now.wall)?;
        users::insert(conn, &user, now.wall)
    });
    added.await.inspect(|id| tracing::info!(user = %id, "registered"))
}

/// Whether a handle lies in the name space of a channel's users, which only document 000 gives out.
pub fn is_of_a_channel(app: &Appliance, handle: &Handle) -> bool {
    handle.key().starts_with(&(app.secrets.channel_uid.to_lowercase() + ":"))
}

/// Somebody at the door of document 001.
#[derive(Debug)]
pub struct Caller {
    pub handle: Handle,
    pub password: Secret,
    pub appid: i64,
    pub from: IpAddr,
}

/// Checks the password and opens a session; answers the account and its token.
///
/// # Errors
/// `Missing(User)`, `Invalid("appid")` for another application's account, `Unauthenticated(Password)`,
/// `Busy` after too many wrong tries, `Conflict(SessionAlive)` by policy.
pub async fn login(app: &Appliance, who: Caller, now: Moment) -> Result<(User, String), Fault> {
    if let Some(retry) = app.guesses.account_wait(account(&who), who.from, now.steady) {
        tracing::warn!(account = who.handle.as_str(), from = %who.from, "too many wrong passwords");
        return Err(Fault::Busy { retry });
    }
    let user = by_handle(app, who.handle.clone()).await?;
    // Administrators and technicians are unknown to the five dialects.
    let Some(user) = user.filter(|u| !u.role.is_of_the_box()) else {
        return Err(wrong(app, &who, Fault::Missing(Thing::User), now));
    };
    if user.appid.is_some_and(|appid| appid != who.appid) {
        return Err(Fault::invalid("appid", "is not the one this account registered with"));
    }
    let right = match &user.password {
        Some(stored) => app.hasher.verify(&who.password, stored).await?,
        None => false,
    };
    if !right {
        let fault = Fault::Unauthenticated(Refusal::Password);
        return Err(wrong(app, &who, fault, now));
    }
    if user.disabled {
        return Err(Fault::Unauthenticated(Refusal::Disabled));
    }
    let others = match app.policy.login {
        LoginPolicy::Refuse => Others::Refuse,
        LoginPolicy::Replace => Others::Replace,
    };
    let grant = Grant { user: &user, origin: Origin::Edu, issuer: who.from.to_string(), others };
    let token = session::open(app, grant, now).await?;
    Ok((user, token))
}

fn account(who: &Caller) -> Account {
    Account::Edu(who.handle.key().to_owned())
}

/// Counts a wrong try; an address that has used up its share hears only that.
fn wrong(app: &Appliance, who: &Caller, fault: Fault, now: Moment) -> Fault {
    match app.guesses.wrong(account(who), who.from, now.steady) {
        Some(retry) => Fault::Busy { retry },
        None => fault,
    }
}

pub async fn by_handle(app: &Appliance, handle: Handle) -> Result<Option<User>, Fault> {
    app.db.read(move |conn| Ok(users::by_handle(conn, &handle)?)).await
}
