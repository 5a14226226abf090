//! What one account, or one address, may add to the store. Rows are never deleted: without a bound, one
//! logged-in pupil could fill the disk with courses, groups, signatures or chat. A school never meets these.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use super::crowd;
use super::pace::Pace;
use crate::model::{Fault, Millis, UserId};

/// Accounts of document 001 that one address registers: a school's first day behind one router, then one each
/// two seconds. The machine itself is not counted.
pub const ACCOUNTS: Pace = Pace::new(2_000, Millis::seconds(2));
/// Courses, bindings, upload signatures and groups that one account makes: a teacher's import of years, then
/// one each five seconds. The longest row has about 5 KiB.
pub const ROWS: Pace = Pace::new(10_000, Millis::seconds(5));
/// What one account says in all groups together, over days; how fast it may speak is the room channel's.
pub const MESSAGES: Pace = Pace::new(20_000, Millis::seconds(2));
/// Accounts, or addresses, remembered in each table: more than are at work at once.
const TRACKED: usize = 4096;

#[derive(Default)]
pub struct Allowances {
    accounts: Table<IpAddr>,
    rows: Table<UserId>,
    messages: Table<UserId>,
}

impl Allowances {
    /// One more account from this address.
    ///
    /// # Errors
    /// `Busy` with the wait; so with the others.
    pub fn account(&self, from: IpAddr, steady: Millis) -> Result<(), Fault> {
        if from.is_loopback() { Ok(()) } else { self.accounts.take(house(from), ACCOUNTS, steady) }
    }

    /// One more course, binding, signature or group by this account.
    pub fn row(&self, user: UserId, steady: Millis) -> Result<(), Fault> {
        self.rows.take(user, ROWS, steady)
    }

    /// One more message by this account.
    pub fn message(&self, user: UserId, steady: Millis) -> Result<(), Fault> {
        self.messages.take(user, MESSAGES, steady)
    }
}

/// A machine gives itself as many IPv6 addresses as it likes within its network.
fn house(from: IpAddr) -> IpAddr {
    match from {
        IpAddr::V4(_) => from,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

struct Table<K>(Mutex<HashMap<K, Pace>>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Copy> Table<K> {
    fn take(&self, key: K, pace: Pace, steady: Millis) -> Result<(), Fault> {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever has used least goes: many who use little cannot hide one who uses much.
        crowd::make_room(&mut paces, &key, TRACKED, |pace| !pace.is_full(steady), Pace::full_at);
        let taken = paces.entry(key).or_insert(pace).take(steady);
        taken.map_err(|retry| Fault::Busy { retry })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(taken: Result<(), Fault>) -> Option<Millis> {
        match taken {
            Ok(()) => None,
            Err(Fault::Busy { retry }) => Some(retry),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_account_makes_ten_thousand_rows_at_once_then_one_each_five_seconds() {
        let allowances = Allowances::default();
        let row = |user, at| wait(allowances.row(UserId(user), at));
        for _ in 0..10_000 {
            assert_eq!(row(1, Millis(0)), None);
        }
        assert_eq!(row(1, Millis(1_000)), Some(Millis(4_000)));
        assert_eq!(row(2, Millis(1_000)), None, "nobody else waits");
        assert_eq!(row(1, Millis(5_000)), None);
        assert_eq!(row(1, Millis(5_000)), Some(Millis(5_000)));
    }

    #[test]
    fn a_school_registers_behind_one_address_and_a_flood_does_not() {
        let allowances = Allowances::default();
        let account = |from: &str, at| wait(allowances.account(from.parse().unwrap(), at));
        for _ in 0..2_000 {
            assert_eq!(account("10.1.2.3", Millis(0)), None);
        }
        assert_eq!(account("10.1.2.3", Millis(0)), Some(Millis(2_000)));
        assert_eq!(account("10.1.2.4", Millis(0)), None);
        for n in 0..2_000 {
            assert_eq!(account(&format!("fd00::{n:x}"), Millis(0)), None);
        }
        assert_eq!(
            account("fd00::abcd", Millis(0)),
            Some(Millis(2_000)),
            "one machine, many names"
        );
        for _ in 0..3_000 {
            assert_eq!(account("::1", Millis(0)), None, "the machine itself");
        }
    }

    #[test]
    fn the_tables_are_bounded_and_a_crowd_does_not_wash_out_who_uses_much() {
        let allowances = Allowances::default();
        let greedy = UserId(1);
        while allowances.message(greedy, Millis(0)).is_ok() {}
        for n in 0..6_000 {
            allowances.message(UserId(10 + n), Millis(0)).unwrap();
        }
        assert!(allowances.messages.0.lock().unwrap().len() <= TRACKED);
        assert!(allowances.message(greedy, Millis(0)).is_err());
    }
}
