//! People of the channel (document 000): its server registers them, or sends their browser with a token.
//! Each is one user of the box, `<channel_uid>:<user_id>`, a pupil unless the administrator decided otherwise.
//! Administrators and technicians do not come in by this door.

use std::net::IpAddr;

use rusqlite::Connection;

use super::guess::Account;
use super::policy::ChannelRule;
use super::session::{self, AGE_MAX, Grant, Others};
use super::{Appliance, audit};
use crate::model::audit::{Entry, Event};
use crate::model::user::{Origin, Role, User};
use crate::model::{Fault, Handle, Millis, Moment, Refusal, Thing, secret};
use crate::store::users;
use crate::wire::channel_auth::{Calendar, Rule, good_tokens};

/// A school and its guests are some thousands; without a secret in the rule anybody can make one up.
const VISITORS_MAX: i64 = 50_000;

/// Somebody of the channel, and a fresh token for them.
pub struct Pass {
    pub user: User,
    pub token: String,
    pub expires_at: Millis,
}

/// The channel's server tells of somebody: a new user, or the same one with another name and picture.
///
/// # Errors
/// `Denied` for an account that is no longer the channel's.
pub async fn register(
    app: &Appliance,
    number: i64,
    (name, picture): (String, String),
    from: IpAddr,
    now: Moment,
) -> Result<Pass, Fault> {
    let handle = handle(app, number);
    let shown = Some((name, picture));
    let user = app.db.write(move |conn| known_or_new(conn, handle, shown, from, now)).await?;
    pass(app, user, from, now).await
}

/// A fresh token for somebody whom the channel has registered.
///
/// # Errors
/// `Missing(User)`; `Denied` for an account that is closed.
pub async fn token(app: &Appliance, number: i64, from: IpAddr, now: Moment) -> Result<Pass, Fault> {
    let handle = handle(app, number);
    let found = app.db.read(move |conn| Ok(users::by_handle(conn, &handle)?)).await?;
    let user = found.filter(|user| !user.role.is_of_the_box());
    pass(app, user.ok_or(Fault::Missing(Thing::User))?, from, now).await
}

/// A browser comes with the channel's `auth_token`; whoever is not known yet becomes a user.
///
/// # Errors
/// `Unauthenticated(Secret)`, `Busy` after too many wrong ones, `Denied` as above, and by the rule without a
/// secret for whoever is more than a pupil.
pub async fn arrive(
    app: &Appliance,
    number: i64,
    auth_token: &str,
    from: IpAddr,
    now: Moment,
) -> Result<Pass, Fault> {
    check(app, number, auth_token, from, now)?;
    let handle = handle(app, number);
    let user = app.db.write(move |conn| known_or_new(conn, handle, None, from, now)).await?;
    if app.policy.channel.rule == ChannelRule::Md5 && user.role == Role::Teacher {
        return Err(Fault::denied("teachers do not come in without a secret (channel.auth = md5)"));
    }
    pass(app, user, from, now).await
}

/// Every good token is compared, so that neither the day nor the first wrong letter shows in the time it takes.
fn check(
    app: &Appliance,
    number: i64,
    given: &str,
    from: IpAddr,
    now: Moment,
) -> Result<(), Fault> {
    let channel = &app.policy.channel;
    let rule = match channel.rule {
        ChannelRule::Hmac => Rule::Hmac { app_secret: &app.secrets.channel_app_secret },
        ChannelRule::Md5 => Rule::Md5,
    };
    let calendar = Calendar { ahead: channel.ahead, more_days: channel.clock_days };
    let given = given.to_ascii_lowercase();
    let good = good_tokens(rule, calendar, number, now.wall);
    let equal = |token: &str| secret::same(token.as_bytes(), given.as_bytes());
    let known = good.iter().fold(good.first(), |known, token| match equal(token) {
        true => Some(token),
        false => known,
    });
    let known = known.ok_or(Fault::Unauthenticated(Refusal::Secret))?;
    app.guesses.secret(Account::ChannelUser(number), (&given, known), from, now.steady)
}

fn handle(app: &Appliance, number: i64) -> Handle {
    let text = format!("{}:{number}", app.secrets.channel_uid);
    Handle::new(&text).expect("a channel's name and a number are short and plain")
}

fn known_or_new(
    conn: &Connection,
    handle: Handle,
    shown: Option<(String, String)>,
    from: IpAddr,
    now: Moment,
) -> Result<User, Fault> {
    let (name, picture) = shown.unzip();
    let Some(known) = users::by_handle(conn, &handle)? else {
        let fresh = User {
            name: name.unwrap_or_default(),
            picture: picture.unwrap_or_default(),
            ..User::fresh(handle, Origin::Channel, Role::Pupil)
        };
        let subject = fresh.handle.as_str();
        let entry = Entry::from(Origin::Channel, &from.to_string(), Event::Registered, subject);
        audit::note(conn, entry.with(fresh.role.word()), now.wall)?;
        if users::count_of(conn, Origin::Channel)? >= VISITORS_MAX {
            return Err(Fault::denied(
                "the box knows as many people of the channel as it can keep",
            ));
        }
        let id = users::insert(conn, &fresh, now.wall)?;
        return Ok(User { id, ..fresh });
    };
    if known.role.is_of_the_box() {
        return Err(Fault::denied("this account is not the channel's any more"));
    }
    users::set_shown(conn, known.id, name.as_deref(), picture.as_deref())?;
    Ok(User {
        name: name.unwrap_or(known.name),
        picture: picture.unwrap_or(known.picture),
        ..known
    })
}

async fn pass(app: &Appliance, user: User, from: IpAddr, now: Moment) -> Result<Pass, Fault> {
    if user.disabled {
        return Err(Fault::denied("this account is closed; ask the administrator"));
    }
    let (origin, issuer) = (Origin::Channel, from.to_string());
    let grant = Grant { user: &user, origin, issuer, others: Others::Keep };
    let token = session::open(app, grant, now).await?;
    Ok(Pass { user, token, expires_at: now.wall + AGE_MAX })
}
