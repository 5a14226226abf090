//! Who holds which token. Look-ups are answered from memory; only log-in and log-out touch the disk.
//! Age runs on monotonic time plus the stored wall time, so a clock step logs nobody out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::Appliance;
use crate::model::user::{Actor, Origin, StoredToken, User};
use crate::model::{Conflict, Fault, Millis, Moment, Refusal};
use crate::store::{tokens, users};

/// decisions.md and document 001: seven days after log-in, not after last use.
pub const AGE_MAX: Millis = Millis::seconds(7 * 24 * 3600);

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
}

impl Sessions {
    /// Who holds this token.
    ///
    /// # Errors
    /// `Unauthenticated(Invalid)` when nobody does, `Unauthenticated(Expired)` after seven days.
    pub fn actor(&self, token: &str, now: Moment) -> Result<Arc<Actor>, Fault> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        let session = tokens.get(&hash(token)).ok_or(Fault::Unauthenticated(Refusal::Invalid))?;
        if now.steady - session.issued > AGE_MAX {
            return Err(Fault::Unauthenticated(Refusal::Expired));
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

/// Issues a token that replaces the person's earlier ones of the same dialect (`refuse_second`: or is
/// refused while one lives). 256 random bits, 43 characters.
pub async fn open(
    app: &Appliance,
    user: &User,
    origin: Origin,
    issuer: String,
    refuse_second: bool,
    now: Moment,
) -> Result<String, Fault> {
    let token = URL_SAFE_NO_PAD.encode(app.entropy.bytes::<32>());
    let hash = hash(&token);
    let row = StoredToken { hash, user: user.id, origin, issuer, issued_at: now.wall };
    let serials = app.sessions.serials.clone();
    let serial = app
        .db
        .write(move |conn| {
            let young = now.wall - AGE_MAX;
            if refuse_second && tokens::any_since(conn, row.user, origin, young)? {
                return Err(Fault::Conflict(Conflict::SessionAlive));
            }
            tokens::delete_of(conn, row.user, origin)?;
            tokens::insert(conn, &row)?;
            Ok(serials.fetch_add(1, Ordering::Relaxed) + 1)
        })
        .await?;
    let actor = Arc::new(actor_of(user, origin));
    app.sessions.replace(hash, Session { actor, issued: now.steady, serial });
    Ok(token)
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
        let session = Session { actor, issued: now.steady - age, serial: 0 };
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
