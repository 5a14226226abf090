//! Rows that the same people ask for again and again, kept in memory until the store changes them. Bounded, and
//! never more than a copy: what is not here is read, and what may have changed is forgotten before its writer is
//! answered.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::model::UserId;
use crate::model::group::Group;
use crate::model::user::Face;
use crate::store::changed::Changed;

/// Rows of one kind: a school's staff, or the people of a few classes who look at their groups.
const ROWS_MAX: usize = 256;

#[derive(Default)]
pub struct Recall {
    pub faces: Kept<UserId, Written<Face>>,
    /// The first page of the groups that somebody is in, and the number of all.
    pub groups: Kept<UserId, (i64, Vec<Group>)>,
}

impl Recall {
    /// What a transaction changed; `None`: anything.
    pub fn heard(&self, changed: Option<&Changed>) {
        self.faces.forget(changed.map(|c| c.people.as_slice()));
        self.groups.forget(changed.map(|c| c.grouped.as_slice()));
    }
}

/// A row, and how a dialect writes it, since somebody first asked.
pub struct Written<T> {
    pub row: T,
    text: OnceLock<Box<[u8]>>,
}

impl<T> Written<T> {
    pub fn new(row: T) -> Self {
        Self { row, text: OnceLock::new() }
    }

    /// What `write` made of it the first time: there is one way to write a row of its kind.
    pub fn text(&self, write: impl FnOnce(&T) -> Vec<u8>) -> &[u8] {
        self.text.get_or_init(|| write(&self.row).into())
    }
}

/// Copies of one kind.
pub struct Kept<K, V>(Mutex<Table<K, V>>);

struct Table<K, V> {
    rows: HashMap<K, Arc<V>>,
    /// Counts what was forgotten.
    changes: u64,
}

/// How far the store had changed when a row was looked for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before(u64);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Table { rows: HashMap::new(), changes: 0 }))
    }
}

impl<K: Eq + Hash, V> Kept<K, V> {
    /// The row, or what `keep` needs to know once it was read.
    pub fn get(&self, key: &K) -> Result<Arc<V>, Before> {
        let table = self.table();
        table.rows.get(key).cloned().ok_or(Before(table.changes))
    }

    /// Keeps a row that was read after `before`, unless one of its kind has changed since.
    pub fn keep(&self, key: K, row: Arc<V>, before: Before) {
        let mut table = self.table();
        if Before(table.changes) != before {
            return;
        }
        if table.rows.len() >= ROWS_MAX {
            table.rows.clear();
        }
        table.rows.insert(key, row);
    }

    fn forget(&self, keys: Option<&[K]>) {
        if keys.is_some_and(<[K]>::is_empty) {
            return;
        }
        let mut table = self.table();
        table.changes += 1;
        match keys {
            Some(keys) => keys.iter().for_each(|key| drop(table.rows.remove(key))),
            None => table.rows.clear(),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
