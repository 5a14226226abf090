//! The lessons there are and who sits in them, in memory: what the apps list again and again. It is a copy of the
//! store's rows, read when somebody first asks and kept in step on the writer's thread, before the writer is
//! answered. What is not here, or in doubt, is read from the store.

mod fresh;
mod known;
mod seats;
mod views;

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::model::lesson::{Member, Page, Room, RoomFilter};
use crate::model::user::Role;
use crate::model::{Fault, Handle, RoomId, UserId};
use crate::store::changed::Changed;
use fresh::Fresh;
use known::Known;

/// Transactions while the rows are read: the writer makes some hundred a second, and it takes some ten milliseconds.
const WHILE_READING_MAX: usize = 1_000;

#[derive(Default)]
pub struct Catalogue(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    state: State,
    /// Counts transactions that were heard of.
    heard: u64,
}

#[derive(Default)]
enum State {
    #[default]
    Unread,
    /// By the reader of this number; what changes meanwhile is put on top.
    Reading(u64, Vec<Fresh>),
    Read(Box<Known>),
}

/// A row of a list as a dialect writes it, but for the addresses in it that are the box's own: they begin at the
/// cuts with the way by which the client came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slip {
    pub text: Box<[u8]>,
    /// In order; 0 is none.
    pub cuts: [u32; 2],
}

/// Somebody who hosts a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub id: UserId,
    pub appid: Option<i64>,
    pub role: Role,
}

impl Catalogue {
    /// One page of lessons, newest first: `paste` makes an answer of the number of all and of the page's slips, which
    /// `write` has written when a lesson last changed. `None`: the store must be asked.
    pub fn rooms<R>(
        &self,
        filter: &RoomFilter,
        page: Page,
        write: fn(&Room) -> Slip,
        paste: impl FnOnce(i64, &[&Slip]) -> R,
    ) -> Option<R> {
        self.shelf().known()?.rooms(filter, page, write, paste)
    }

    /// One page of who sits in a lesson, in order of registration, in the same way; the rows are joined by commas.
    pub fn members<R>(
        &self,
        room: RoomId,
        page: Page,
        write: fn(&Member, &mut Vec<u8>),
        paste: impl FnOnce(usize, &[u8]) -> R,
    ) -> Option<R> {
        Some(self.shelf().known()?.members(room, page, write, paste))
    }

    /// Somebody who hosts a lesson; `None` is nobody who is known to.
    pub fn host(&self, who: &Handle) -> Option<Host> {
        self.shelf().known()?.host(who.key())
    }

    /// Reads what there is, if nobody has yet: on a reader's thread.
    pub fn read(&self, conn: &Connection) -> Result<(), Fault> {
        let serial = {
            let mut shelf = self.shelf();
            if !matches!(shelf.state, State::Unread) {
                return Ok(());
            }
            // No two readers have the same: each that fails is heard of.
            shelf.heard += 1;
            shelf.state = State::Reading(shelf.heard, Vec::new());
            shelf.heard
        };
        let read = Known::read(conn);
        let mut shelf = self.shelf();
        let meanwhile = match std::mem::take(&mut shelf.state) {
            State::Reading(by, meanwhile) if by == serial => meanwhile,
            // Something came up, and somebody else may have begun.
            other => {
                shelf.state = other;
                return read.map(drop);
            }
        };
        let Some(mut known) = read? else { return Ok(()) };
        if meanwhile.into_iter().all(|fresh| known.apply(fresh)) {
            shelf.state = State::Read(Box::new(known));
        }
        Ok(())
    }

    /// What a transaction changed, on the writer's thread; `None`: anything.
    pub fn heard(&self, conn: &Connection, changed: Option<&Changed>) {
        {
            let mut shelf = self.shelf();
            shelf.heard += 1;
            // Whoever begins to read from here on finds it in the store.
            if matches!(shelf.state, State::Unread) {
                return;
            }
        }
        let is_known = |host| self.shelf().known().is_some_and(|known| known.hosts(host));
        let fresh = changed.map(|changed| Fresh::read(conn, changed, is_known)).transpose();
        let mut shelf = self.shelf();
        shelf.heard += 1; // again: what was read in between may be older
        // Unread until it is put back: nothing is half changed, whatever happens.
        shelf.state = match (std::mem::take(&mut shelf.state), fresh) {
            (State::Reading(by, mut more), Ok(Some(fresh))) if more.len() < WHILE_READING_MAX => {
                more.push(fresh);
                State::Reading(by, more)
            }
            (State::Read(mut known), Ok(Some(fresh))) => match known.apply(fresh) {
                true => State::Read(known),
                false => State::Unread,
            },
            (_, Err(e)) => {
                tracing::warn!(error = ?e, "lessons are read anew");
                State::Unread
            }
            (_, Ok(_)) => State::Unread,
        };
    }

    /// How many transactions were heard of: `offer` wants to know it from before its rows were read.
    pub fn heard_of(&self) -> u64 {
        self.shelf().heard
    }

    /// Rows that were just read, to be kept unless anything was changed since.
    pub fn offer(&self, rooms: &[Room], heard_of: u64) {
        let mut shelf = self.shelf();
        if shelf.heard == heard_of
            && let Some(known) = shelf.known()
        {
            rooms.iter().for_each(|room| known.keep(room));
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn known(&mut self) -> Option<&mut Known> {
        match &mut self.state {
            State::Read(known) => Some(known),
            State::Unread | State::Reading(..) => None,
        }
    }
}
