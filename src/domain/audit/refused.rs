//! Wrong credentials on their way into the book. They wait in memory and are written together, so that a
//! wrong try costs no disk, takes no longer than a right one, and a storm of them is a handful of lines.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::model::audit::{Entry, Event};
use crate::model::user::Origin;
use crate::model::{Millis, Moment};

/// Addresses told apart between two writings; what is beyond shares one line.
const ADDRESSES: usize = 64;

#[derive(Default)]
pub struct Refused {
    waiting: Mutex<HashMap<Option<IpAddr>, Tries>>,
}

struct Tries {
    account: String,
    /// More than one account was tried.
    several: bool,
    /// The dialect at whose door; none for several, nor for a secret, whose name says it.
    door: Option<Origin>,
    count: u32,
    /// On the monotonic clock.
    first: Millis,
}

impl Refused {
    /// Counts one wrong try.
    pub fn wrong(&self, (account, door): (&str, Option<Origin>), from: IpAddr, steady: Millis) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let full = waiting.len() >= ADDRESSES && !waiting.contains_key(&Some(from));
        let tries = waiting.entry((!full).then_some(from)).or_insert_with(|| Tries {
            account: account.to_owned(),
            several: false,
            door,
            count: 0,
            first: steady,
        });
        tries.count = tries.count.saturating_add(1);
        tries.several |= tries.account != account;
        tries.door = tries.door.filter(|first| Some(*first) == door);
    }

    /// What waits, as lines of the book, oldest first.
    pub fn take(&self, now: Moment) -> Vec<(Millis, Entry)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<_> =
            waiting.drain().map(|(from, tries)| line(from, tries, now)).collect();
        drop(waiting);
        lines.sort_by(|(a, x), (b, y)| (a, &x.address).cmp(&(b, &y.address)));
        lines
    }
}

fn line(from: Option<IpAddr>, tries: Tries, now: Moment) -> (Millis, Entry) {
    let detail = match (tries.count, tries.several) {
        (1, _) => "one try".to_owned(),
        (n, false) => format!("{n} tries"),
        (n, true) => format!("{n} tries, several accounts"),
    };
    let address = from.map_or_else(|| "many addresses".into(), |from| from.to_string());
    let entry = Entry::of(Event::LoginRefused, tries.account).with(detail);
    let entry = Entry { address, origin: tries.door, ..entry };
    (now.wall - (now.steady - tries.first), entry)
}
