//! Who holds which token. Look-ups are answered from memory; only log-in and log-out touch the disk.
//! Age runs on monotonic time plus the stored wall time, so a clock step logs nobody out.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::Appliance;
use crate::model::user::{Actor, Origin, StoredToken, User};
use crate::model::{Conflict, Fault, Millis, Moment, Refusal, UserId};
use crate::store::{tokens, users};

/// decisions.md and document 001: seven days after log-in, not after last use.
pub const AGE_MAX: Millis = Millis::seconds(7 * 24 * 3600);

#[derive(Default)]
pub struct Sessions {
    tokens: RwLock<HashMap<[u8; 32], Session>>,
}

struct Session {
    actor: Arc<Actor>,
    /// On this run's monotonic clock; negative when it was issued before the start.
    issued: Millis,
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

    /// Whether this person holds a living token of that origin.
    fn alive(&self, user: UserId, origin: Origin, now: Moment) -> bool {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.values().any(|s| {
            s.actor.id == user && s.actor.origin == origin && now.steady - s.issued <= AGE_MAX
        })
    }

    fn put(&self, hash: [u8; 32], actor: Actor, issued: Millis) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(hash, Session { actor: Arc::new(actor), issued });
    }

    fn forget_of(&self, user: UserId, origin: Origin) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, s| s.actor.id != user || s.actor.origin != origin);
    }

    fn forget(&self, hash: &[u8; 32]) -> bool {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        tokens.remove(hash).is_some()
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
    if refuse_second && app.sessions.alive(user.id, origin, now) {
        return Err(Fault::Conflict(Conflict::SessionAlive));
    }
    let token = URL_SAFE_NO_PAD.encode(app.entropy.bytes::<32>());
    let hash = hash(&token);
    let (id, row) =
        (user.id, StoredToken { hash, user: user.id, origin, issuer, issued_at: now.wall });
    app.db
        .write(move |conn| {
            tokens::delete_of(conn, id, origin)?;
            tokens::insert(conn, &row)?;
            Ok(())
        })
        .await?;
    app.sessions.forget_of(user.id, origin);
    app.sessions.put(hash, actor_of(user, origin), now.steady);
    Ok(token)
}

/// Ends a token; `Unauthenticated(LoggedOut)` when it is none (any more).
pub async fn close(app: &Appliance, token: &str) -> Result<(), Fault> {
    let hash = hash(token);
    if !app.sessions.forget(&hash) {
        return Err(Fault::Unauthenticated(Refusal::LoggedOut));
    }
    app.db.write(move |conn| Ok(tokens::delete(conn, &hash)?)).await?;
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
        app.sessions.put(token.hash, actor_of(&user, token.origin), now.steady - age);
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
