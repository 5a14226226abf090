//! Who holds which token. Look-ups are answered from memory; only log-in and log-out touch the disk.
//! Age runs on monotonic time plus the stored wall time, so a clock step logs nobody out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::{Appliance, audit};
use crate::model::audit::{Entry, Event};
use crate::model::user::{Actor, Origin, StoredToken, User};
use crate::model::{Conflict, Fault, Millis, Moment, Refusal, UserId};
use crate::store::{tokens, users};

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

#[derive(Default)]
pub struct Sessions {
    /// Drawn on the writer's thread, so that it orders log-ins as the disk has them.
    serials: Arc<AtomicU64>,
    tokens: RwLock<HashMap<[u8; 32], Session>>,
}

struct Session {
    actor: Arc<Actor>,
    /// On this run's monotonic clock; negative when it was issued before the start.
    issued: Millis,
    serial: u64,
    disabled: bool,
}

impl Sessions {
    /// Who holds this token.
    ///
    /// # Errors
    /// `Unauthenticated`: `Invalid` when nobody does, `Expired` after seven days, `Disabled` for a person who
    /// may not come in any more.
    pub fn actor(&self, token: &str, now: Moment) -> Result<Arc<Actor>, Fault> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        let session = tokens.get(&hash(token)).ok_or(Fault::Unauthenticated(Refusal::Invalid))?;
        if now.steady - session.issued > AGE_MAX {
            return Err(Fault::Unauthenticated(Refusal::Expired));
        }
        if session.disabled {
            return Err(Fault::Unauthenticated(Refusal::Disabled));
        }
        Ok(session.actor.clone())
    }

    /// Puts a person's one session of an origin in place of what they had. Log-ins of one account may
    /// overtake each other on their way back from the disk: the one written last stands.
    fn replace(&self, hash: [u8; 32], session: Session) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        let (user, origin) = (session.actor.id, session.actor.origin);
        let same = |s: &Session| s.actor.id == user && s.actor.origin == origin;
        if tokens.values().any(|s| same(s) && s.serial > session.serial) {
            return;
        }
        tokens.retain(|_, s| !same(s));
        tokens.insert(hash, session);
    }

    /// Adds a session beside the person's others.
    fn add(&self, hash: [u8; 32], session: Session, gone: &[[u8; 32]]) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        gone.iter().for_each(|hash| drop(tokens.remove(hash)));
        tokens.insert(hash, session);
    }

    /// A person's role, name or standing has changed: every token shows it from now on.
    pub fn changed(&self, user: &User) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        for session in tokens.values_mut().filter(|s| s.actor.id == user.id) {
            session.actor = Arc::new(actor_of(user, session.actor.origin));
            session.disabled = user.disabled;
        }
    }

    /// Every token of a person ends, in memory; the store's rows are the caller's to delete.
    pub fn drop_all_of(&self, user: UserId) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, s| s.actor.id != user);
    }

    fn restore(&self, hash: [u8; 32], session: Session) {
        self.tokens.write().unwrap_or_else(PoisonError::into_inner).insert(hash, session);
    }

    fn knows(&self, hash: &[u8; 32]) -> bool {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).contains_key(hash)
    }

    fn forget(&self, hash: &[u8; 32]) {
        self.tokens.write().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }

    pub fn count(&self) -> usize {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Issues a token: 256 random bits, 43 characters.
///
/// # Errors
/// `Conflict(SessionAlive)` when the others refuse it.
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
    let hash = hash(token);
    let entry = Entry::from(origin, &issuer, Event::TokenIssued, user.handle.as_str());
    let row = StoredToken { hash, user: user.id, origin, issuer, issued_at: now.wall };
    let serials = app.sessions.serials.clone();
    let (serial, gone) = app
        .db
        .write(move |conn| {
            let young = now.wall - AGE_MAX;
            let mut gone = Vec::new();
            match others {
                Others::Refuse if tokens::any_since(conn, row.user, origin, young)? => {
                    return Err(Fault::Conflict(Conflict::SessionAlive));
                }
                Others::Refuse | Others::Replace => {
                    tokens::delete_of(conn, row.user, origin)?;
                }
                Others::Keep => {
                    gone = tokens::delete_beyond(conn, row.user, origin, KEPT_BEFORE)?;
                }
            }
            tokens::insert(conn, &row)?;
            audit::note(conn, entry, now.wall)?;
            Ok((serials.fetch_add(1, Ordering::Relaxed) + 1, gone))
        })
        .await?;
    let actor = Arc::new(actor_of(user, origin));
    let session = Session { actor, issued: now.steady, serial, disabled: user.disabled };
    match others {
        Others::Refuse | Others::Replace => app.sessions.replace(hash, session),
        Others::Keep => app.sessions.add(hash, session, &gone),
    }
    Ok(())
}

/// Ends a token; `Unauthenticated(LoggedOut)` when it is none (any more).
pub async fn close(app: &Appliance, token: &str) -> Result<(), Fault> {
    let hash = hash(token);
    if !app.sessions.knows(&hash) {
        return Err(Fault::Unauthenticated(Refusal::LoggedOut));
    }
    // The disk first: a token that came back after a restart would be no log-out.
    app.db.write(move |conn| Ok(tokens::delete(conn, &hash)?)).await?;
    app.sessions.forget(&hash);
    Ok(())
}

/// After a restart clients keep their tokens.
pub(super) async fn restore(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let stored = app
        .db
        .read(|conn| {
            let mut found = Vec::new();
            for token in tokens::all(conn)? {
                if let Some(user) = users::by_id(conn, token.user)? {
                    found.push((token, user));
                }
            }
            Ok(found)
        })
        .await?;
    for (token, user) in stored {
        // A clock that was set back gives a negative age: the token is young, not invalid.
        let age = Millis((now.wall - token.issued_at).0.max(0));
        let actor = Arc::new(actor_of(&user, token.origin));
        let disabled = user.disabled;
        let session = Session { actor, issued: now.steady - age, serial: 0, disabled };
        app.sessions.restore(token.hash, session);
    }
    Ok(())
}

/// Drops tokens that have expired; asked for once an hour.
pub async fn sweep(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let old: Vec<[u8; 32]> = {
        let mut tokens = app.sessions.tokens.write().unwrap_or_else(PoisonError::into_inner);
        let old = tokens.iter().filter(|(_, s)| now.steady - s.issued > AGE_MAX);
        let old: Vec<_> = old.map(|(hash, _)| *hash).collect();
        old.iter().for_each(|hash| drop(tokens.remove(hash)));
        old
    };
    app.db
        .write(move |conn| {
            old.iter().try_for_each(|hash| tokens::delete(conn, hash).map(drop))?;
            Ok(())
        })
        .await
}

fn actor_of(user: &User, origin: Origin) -> Actor {
    Actor { id: user.id, handle: user.handle.clone(), role: user.role, appid: user.appid, origin }
}

fn hash(token: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    out
}
