//! Who holds which token. Look-ups are answered from memory; only log-in and log-out touch the disk,
//! and a look-up while a start still reads the tokens.
//! Age runs on monotonic time plus the stored wall time, so a clock step logs nobody out.

mod held;
mod table;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::Connection;

use super::{Appliance, audit};
use crate::model::audit::{Entry, Event};
use crate::model::user::{Held, Origin, StoredToken, User};
use crate::model::{Conflict, Fault, Millis, Moment, Refusal, Thing, sha256};
use crate::store::{tokens, users};
use held::actor_of;
use table::{Kept, Session};

pub use held::Sessions;

/// decisions.md and document 001: seven days after log-in, not after last use.
pub const AGE_MAX: Millis = Millis::seconds(7 * 24 * 3600);
/// Tokens of one person by one dialect where a newer one does not end the older: the oldest gives way.
const KEPT_BEFORE: i64 = 15;

/// What becomes of the tokens that a person has of the same dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They end: one session a person.
    Replace,
    /// While one lives there is no other.
    Refuse,
    /// They stay, up to a bound.
    Keep,
}

/// To whom a token is given.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    pub user: &'a User,
    /// The dialect that issues it.
    pub origin: Origin,
    /// Where it was asked for; the audit shows it.
    pub issuer: String,
    pub others: Others,
}

/// Issues a token: 256 random bits, 43 characters.
///
/// # Errors
/// `Conflict(SessionAlive)` when the others refuse it; `Missing(User)` for a box role by one of the five
/// dialects, `Unauthenticated(Disabled)`, `Unauthenticated(Password)` for one that was changed meanwhile.
pub async fn open(app: &Appliance, grant: Grant<'_>, now: Moment) -> Result<String, Fault> {
    let token = URL_SAFE_NO_PAD.encode(app.entropy.bytes::<32>());
    admit(app, &token, grant, now).await?;
    Ok(token)
}

/// Makes a token good that its dialect has signed itself: from now on it opens what `open`'s would.
///
/// # Errors
/// As of `open`.
pub async fn admit(
    app: &Appliance,
    token: &str,
    grant: Grant<'_>,
    now: Moment,
) -> Result<(), Fault> {
    let Grant { user, origin, issuer, others } = grant;
    let hash = sha256(token.as_bytes());
    app.db.ready().await?;
    let _unchanged = app.sessions.standing.read().await;
    let (judged, entry) =
        (user.clone(), Entry::from(origin, &issuer, Event::TokenIssued, user.handle.as_str()));
    let row = StoredToken { hash, user: user.id, origin, issuer, issued_at: now.wall };
    let _turn = app.sessions.turn(user.id).await;
    let (user, gone) = app
        .db
        .write(move |conn| {
            let user = still(conn, &judged, origin)?;
            let young = now.wall - AGE_MAX;
            let gone = match others {
                Others::Refuse if tokens::any_since(conn, row.user, origin, young)? => {
                    return Err(Fault::Conflict(Conflict::SessionAlive));
                }
                Others::Refuse | Others::Replace => tokens::delete_of(conn, row.user, origin)?,
                Others::Keep => tokens::delete_beyond(conn, row.user, origin, KEPT_BEFORE)?,
            };
            tokens::insert(conn, &row)?;
            audit::note(conn, entry, now.wall)?;
            Ok((user, gone))
        })
        .await?;
    let actor = actor_of(&user, origin);
    let session = Session { actor, issued: now.steady, disabled: user.disabled };
    app.sessions.replace(&gone, hash, session);
    Ok(())
}

/// The person as they are now: they were judged by what was read a moment ago.
fn still(conn: &Connection, judged: &User, origin: Origin) -> Result<User, Fault> {
    let user = users::by_id(conn, judged.id)?.ok_or(Fault::Missing(Thing::User))?;
    // Administrators and technicians are unknown to the five dialects: none of them opens a token for one.
    if user.role.is_of_the_box() && origin != Origin::Box {
        return Err(Fault::Missing(Thing::User));
    }
    if user.disabled {
        return Err(Fault::Unauthenticated(Refusal::Disabled));
    }
    let by_password = [Origin::Edu, Origin::Box].contains(&origin);
    if by_password && user.password != judged.password {
        return Err(Fault::Unauthenticated(Refusal::Password));
    }
    Ok(user)
}

/// Ends a token; `Unauthenticated(LoggedOut)` when it is none (any more).
pub async fn close(app: &Appliance, token: &str) -> Result<(), Fault> {
    let hash = sha256(token.as_bytes());
    if !app.sessions.knows(&hash)? {
        return Err(Fault::Unauthenticated(Refusal::LoggedOut));
    }
    // The disk first: a token that came back after a restart would be no log-out.
    app.db.write(move |conn| Ok(tokens::delete(conn, &hash)?)).await?;
    app.sessions.forget(&hash);
    Ok(())
}

/// After a restart clients keep their tokens. Until `restore` has them in memory, each is looked up in the store: the
/// first answers do not wait for ten thousand others.
pub(super) fn look_up_late(app: &Appliance, now: Moment) {
    let db = app.db.clone();
    app.sessions.look_up_late(Box::new(move |hash| {
        let held = db.read_here(|conn| Ok(tokens::by_hash(conn, hash)?))?;
        Ok(held.and_then(|held| restored(held, now)).map(|(_, session)| session))
    }));
}

/// Brings every token into memory. Nothing may be written meanwhile.
pub(super) async fn restore(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let read = move |conn: &Connection| {
        let stored = tokens::held(conn)?.into_iter().filter_map(|held| restored(held, now));
        Ok(stored.map(|(hash, session)| Kept::new(hash, session)).collect())
    };
    app.sessions.restore(app.db.read(read).await?);
    Ok(())
}

/// `None` for one that no release gives out any more.
fn restored(held: Held, now: Moment) -> Option<([u8; 32], Session)> {
    let Held { hash, actor, issued_at, disabled } = held;
    if actor.role.is_of_the_box() && actor.origin != Origin::Box {
        return None;
    }
    // A clock that was set back gives a negative age: the token is young, not invalid.
    let age = Millis((now.wall - issued_at).0.max(0));
    Some((hash, Session { actor, issued: now.steady - age, disabled }))
}

/// Drops tokens that have expired; asked for once an hour.
pub async fn sweep(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let old = app.sessions.forget_old(now);
    app.db
        .write(move |conn| {
            old.iter().try_for_each(|hash| tokens::delete(conn, hash).map(drop))?;
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests;
