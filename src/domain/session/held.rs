//! Tokens in memory: what a request asks. It knows neither the disk nor how a token came to be.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::table::{Kept, Session, Table};
use crate::model::user::{Actor, Origin, User};
use crate::model::{Fault, Moment, Refusal, UserId, sha256};

/// Two accounts seldom wait for each other, and a log-in's hash takes longer than its write.
const TURNS: usize = 32;

#[derive(Default)]
pub struct Sessions {
    /// Log-ins share it, a change of somebody's standing has it alone: what memory says of a person is
    /// what the disk says, in whatever order the two are heard of.
    pub(super) standing: tokio::sync::RwLock<()>,
    /// Log-ins of one account take turns, so that memory hears of them in the disk's order.
    turns: [tokio::sync::Mutex<()>; TURNS],
    tokens: RwLock<Table>,
    /// Not every stored token is in memory yet.
    is_late: AtomicBool,
    late: OnceLock<Late>,
}

/// Finds a token where it is stored. It may take as long as one short read.
pub(super) type Late = Box<dyn Fn(&[u8; 32]) -> Result<Option<Session>, Fault> + Send + Sync>;

impl Sessions {
    /// Who holds this token.
    ///
    /// # Errors
    /// `Unauthenticated`: `Invalid` when nobody does, `Expired` after seven days, `Disabled` for a person who
    /// may not come in any more.
    pub fn actor(&self, token: &str, now: Moment) -> Result<Arc<Actor>, Fault> {
        let hash = sha256(token.as_bytes());
        // Asked before the look: once it says no, memory has them all.
        let is_late = self.is_late.load(Ordering::Acquire);
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = tokens.get(&hash) {
            return kept.actor(now);
        }
        drop(tokens);
        let session = if is_late { self.find_late(&hash)? } else { None };
        session.ok_or(Fault::Unauthenticated(Refusal::Invalid))?.actor(now)
    }

    fn find_late(&self, hash: &[u8; 32]) -> Result<Option<Session>, Fault> {
        self.late.get().map_or(Ok(None), |late| late(hash))
    }

    /// Held while a token of this person is written, on the disk and then here.
    pub(super) async fn turn(&self, user: UserId) -> tokio::sync::MutexGuard<'_, ()> {
        let turn = usize::try_from(user.0).unwrap_or_default() % TURNS;
        self.turns[turn].lock().await
    }

    /// Takes a session in; those that ended on the disk end here.
    pub(super) fn replace(&self, gone: &[[u8; 32]], hash: [u8; 32], session: Session) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        gone.iter().for_each(|hash| tokens.remove(hash));
        tokens.insert(Kept::new(hash, session));
    }

    /// Held while somebody's role, password or standing changes, on the disk and then here.
    pub async fn change(&self) -> tokio::sync::RwLockWriteGuard<'_, ()> {
        self.standing.write().await
    }

    /// A person's role, name or standing has changed: every token shows it from now on.
    pub fn changed(&self, user: &User) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        tokens.iter_mut().filter(|kept| kept.user == user.id).for_each(|kept| kept.change(user));
    }

    /// Every token of a person ends, in memory; the store's rows are the caller's to delete.
    pub fn drop_all_of(&self, user: UserId) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|kept| kept.user != user);
    }

    /// From now until `restore` is done, what is not in memory is asked of `late`.
    pub(super) fn look_up_late(&self, late: Late) {
        self.is_late.store(self.late.set(late).is_ok(), Ordering::Release);
    }

    /// Takes in what was stored.
    pub(super) fn restore(&self, mut all: Table) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        tokens.drain().for_each(|kept| all.insert(kept));
        *tokens = all;
        self.is_late.store(false, Ordering::Release);
    }

    /// # Errors
    /// The store's, while it is asked.
    pub(super) fn knows(&self, hash: &[u8; 32]) -> Result<bool, Fault> {
        let is_late = self.is_late.load(Ordering::Acquire);
        let here = self.tokens.read().unwrap_or_else(PoisonError::into_inner).get(hash).is_some();
        Ok(here || (is_late && self.find_late(hash)?.is_some()))
    }

    pub(super) fn forget(&self, hash: &[u8; 32]) {
        self.tokens.write().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }

    /// Drops what has expired; answers which.
    pub(super) fn forget_old(&self, now: Moment) -> Vec<[u8; 32]> {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        let old = tokens.iter().filter(|kept| kept.is_old(now)).map(|kept| kept.hash).collect();
        tokens.retain(|kept| !kept.is_old(now));
        old
    }

    pub fn count(&self) -> usize {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

pub(super) fn actor_of(user: &User, origin: Origin) -> Actor {
    Actor { id: user.id, handle: user.handle.clone(), role: user.role, appid: user.appid, origin }
}
