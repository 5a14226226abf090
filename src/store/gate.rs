//! Between a store that was opened and its writer: nothing is written before the file was checked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{OpenError, check};

type Verdict = Result<(), OpenError>;
type Question = oneshot::Sender<Verdict>;

/// The writer's end.
pub enum Gate {
    Open,
    Closed(oneshot::Receiver<Question>),
}

/// Asks for the check. Dropped unused, it leaves the gate closed for ever.
pub struct Key {
    ask: Mutex<Option<oneshot::Sender<Question>>>,
    is_open: AtomicBool,
}

/// The file is checked.
pub fn open() -> (Key, Gate) {
    (Key { ask: Mutex::new(None), is_open: AtomicBool::new(true) }, Gate::Open)
}

pub fn closed() -> (Key, Gate) {
    let (ask, asked) = oneshot::channel();
    let key = Key { ask: Mutex::new(Some(ask)), is_open: AtomicBool::new(false) };
    (key, Gate::Closed(asked))
}

impl Gate {
    /// Waits for the question, and answers it. Whether anything may be written.
    pub fn pass(self, conn: &Connection) -> bool {
        let Self::Closed(asked) = self else { return true };
        let Ok(asked) = asked.blocking_recv() else { return false };
        let found = check(conn);
        let is_sound = found.is_ok();
        // Who asked may have gone away; the store is as it is all the same.
        let _ = asked.send(found);
        is_sound
    }
}

impl Key {
    pub async fn turn(&self) -> Verdict {
        let ask = self.ask.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(ask) = ask else { return Ok(()) };
        let (verdict, found) = oneshot::channel();
        let gone = || OpenError::Damaged("the check broke off".into());
        ask.send(verdict).map_err(|_| gone())?;
        found.await.unwrap_or_else(|_| Err(gone()))?;
        self.is_open.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Nobody will ask any more.
    pub fn leave(&self) {
        drop(self.ask.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }
}
