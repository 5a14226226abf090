//! Between a store that was opened and its writer: nothing is written before the file was checked. Who would write
//! waits here and not in the writer's queue: what is refused for lack of time never happens afterwards.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::{OpenError, check};
use crate::model::{Fault, Millis};

/// Clients give a request up after ten seconds, and then ask once more for what they may have been given.
const PATIENCE: Duration = Duration::from_secs(5);
const RETRY: Millis = Millis::seconds(5);

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
    door: watch::Sender<Door>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Closed,
    Open,
    /// It is damaged, or nobody asks any more.
    Locked,
}

/// The file is checked.
pub fn open() -> (Key, Gate) {
    (Key { ask: Mutex::new(None), door: watch::Sender::new(Door::Open) }, Gate::Open)
}

pub fn closed() -> (Key, Gate) {
    let (ask, asked) = oneshot::channel();
    let key = Key { ask: Mutex::new(Some(ask)), door: watch::Sender::new(Door::Closed) };
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
        let asked = ask.send(verdict).map_err(|_| gone());
        let found = match asked {
            Ok(()) => found.await.unwrap_or_else(|_| Err(gone())),
            Err(e) => Err(e),
        };
        self.door.send_replace(if found.is_ok() { Door::Open } else { Door::Locked });
        found
    }

    /// Waits until it may be written.
    ///
    /// # Errors
    /// `Busy` when the check takes longer than a client can wait.
    pub async fn pass(&self) -> Result<(), Fault> {
        if self.is_open() {
            return Ok(());
        }
        let mut door = self.door.subscribe();
        let seen = async { door.wait_for(|door| *door != Door::Closed).await.map(|door| *door) };
        match tokio::time::timeout(PATIENCE, seen).await {
            Ok(Ok(Door::Open)) => Ok(()),
            Ok(_) => Err(Fault::internal("store", "it has not passed its check")),
            Err(_) => Err(Fault::Busy { retry: RETRY }),
        }
    }

    /// Nobody will ask any more.
    pub fn leave(&self) {
        drop(self.ask.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.door.send_if_modified(|door| {
            let was_closed = *door == Door::Closed;
            if was_closed {
                *door = Door::Locked;
            }
            was_closed
        });
    }

    pub fn is_open(&self) -> bool {
        *self.door.borrow() == Door::Open
    }
}
