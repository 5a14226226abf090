//! What waits for the writer. Whoever shared its last commit is about to ask again: it waits a little for them, and
//! is woken once for all.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Puts in. Once it is gone, nothing more comes.
pub struct Sender<T>(Arc<Shared<T>>);

/// Takes out. Once it is gone, what still waits is dropped.
pub struct Receiver<T>(Arc<Shared<T>>);

struct Shared<T> {
    waiting: Mutex<Waiting<T>>,
    enough: Condvar,
    max: usize,
}

struct Waiting<T> {
    all: Vec<T>,
    /// So many wake the receiver.
    wanted: usize,
    closed: bool,
}

/// Why something was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Full,
    Closed,
}

/// Whom the receiver waits for beyond the first, and how long.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    pub number: usize,
    pub patience: Duration,
}

/// A queue that holds at most `max`.
pub fn queue<T>(max: usize) -> (Sender<T>, Receiver<T>) {
    let waiting = Mutex::new(Waiting { all: Vec::new(), wanted: 1, closed: false });
    let shared = Arc::new(Shared { waiting, enough: Condvar::new(), max });
    (Sender(shared.clone()), Receiver(shared))
}

impl<T> Sender<T> {
    pub fn put(&self, one: T) -> Result<(), Refused> {
        let mut waiting = self.0.waiting();
        if waiting.closed {
            return Err(Refused::Closed);
        }
        if waiting.all.len() >= self.0.max {
            return Err(Refused::Full);
        }
        waiting.all.push(one);
        let enough = waiting.all.len() == waiting.wanted;
        drop(waiting);
        if enough {
            self.0.enough.notify_one();
        }
        Ok(())
    }

    /// Nothing more is taken in; the receiver gets what waits.
    pub fn close(&self) {
        self.0.waiting().closed = true;
        self.0.enough.notify_one();
    }
}

impl<T> Receiver<T> {
    /// The first `most` in their order, once those expected have come or patience has an end; at least one.
    /// `None`: it is closed and empty.
    pub fn take(&self, expected: Expected, most: usize) -> Option<Vec<T>> {
        let (number, enough) = (expected.number.min(most), &self.0.enough);
        let mut waiting = self.0.waiting();
        if number > 1 && waiting.all.len() < number {
            waiting.wanted = number;
            let few = |w: &mut Waiting<T>| w.all.len() < number && !w.closed;
            let waited = enough.wait_timeout_while(waiting, expected.patience, few);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        waiting.wanted = 1;
        let none = |w: &mut Waiting<T>| w.all.is_empty() && !w.closed;
        waiting = enough.wait_while(waiting, none).unwrap_or_else(PoisonError::into_inner);
        if waiting.all.is_empty() {
            return None;
        }
        let later = waiting.all.len().min(most);
        let later = waiting.all.split_off(later);
        Some(std::mem::replace(&mut waiting.all, later))
    }

    /// How many wait.
    pub fn length(&self) -> usize {
        self.0.waiting().all.len()
    }
}

impl<T> Shared<T> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.closed = true;
        let rest = std::mem::take(&mut waiting.all);
        drop(waiting);
        drop(rest);
    }
}

#[cfg(test)]
mod tests;
