//! Wrong credentials, counted. Right ones are never held up by somebody else's wrong ones.
//! decisions.md: 10 a minute an account, 100 a minute an address.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::audit::Refused;
use super::crowd;
use crate::model::group::GroupId;
use crate::model::user::Origin;
use crate::model::{Fault, Millis, Refusal, UserId, secret};

const PER_ACCOUNT: usize = 10;
/// A class may share one address.
const PER_ADDRESS: usize = 100;
const WINDOW: Millis = Millis::seconds(60);
/// Accounts or addresses remembered at once; past it the stale ones are dropped, then the oldest.
const TRACKED: usize = 4096;

/// What is guessed at. Each door counts for itself, so that nobody at one locks another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// Of document 001, by the key of its handle.
    Edu(String),
    /// Of the box's own log-in.
    Box(String),
    /// A server-to-server secret, or the set-up code.
    Secret(&'static str),
    /// The word of a channel for one of its users.
    ChannelUser(i64),
    /// A code of document 004, whoever it is for.
    Code,
    /// The code of a group, tried by one person.
    Door(GroupId, UserId),
}

impl Account {
    /// Those that others depend upon are counted for each address: whoever guesses wrong on purpose holds up
    /// nobody who calls from elsewhere.
    fn key(self, from: IpAddr) -> Key {
        match self {
            Self::Box(_) | Self::Secret(_) | Self::ChannelUser(_) => (self, Some(from)),
            Self::Edu(_) | Self::Code | Self::Door(..) => (self, None),
        }
    }

    /// The dialect that asks for it; of a secret its name says it.
    const fn door(&self) -> Option<Origin> {
        match self {
            Self::Edu(_) => Some(Origin::Edu),
            Self::Box(_) => Some(Origin::Box),
            Self::Secret(_) => None,
            Self::ChannelUser(_) => Some(Origin::Channel),
            Self::Code => Some(Origin::Arctos),
            Self::Door(..) => Some(Origin::Groups),
        }
    }

    /// As the audit names it.
    fn name(&self, from: IpAddr) -> String {
        match self {
            Self::Edu(handle) | Self::Box(handle) => handle.clone(),
            Self::Secret(what) => format!("secret {what} from {from}"),
            Self::ChannelUser(number) => format!("secret channel user {number} from {from}"),
            Self::Code => "a code".to_owned(),
            Self::Door(group, user) => format!("group {group} and user {user}"),
        }
    }
}

type Key = (Account, Option<IpAddr>);

#[derive(Default)]
pub struct Guesses {
    accounts: Mutex<HashMap<Key, Vec<Millis>>>,
    addresses: Mutex<HashMap<IpAddr, Vec<Millis>>>,
    /// Wrong tries on their way into the audit.
    pub refused: Refused,
}

impl Guesses {
    /// How long this account must wait before its credentials are looked at again.
    pub fn account_wait(&self, account: Account, from: IpAddr, steady: Millis) -> Option<Millis> {
        self.waits(&account.key(from), PER_ACCOUNT, steady)
    }

    fn waits(&self, key: &Key, most: usize, steady: Millis) -> Option<Millis> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get(key).and_then(|times| wait(times, most, steady))
    }

    /// Judges a server-to-server secret: in constant time, and no more than ten wrong ones a minute from an
    /// address, so that nobody else's wrong ones hold up the server that knows it.
    ///
    /// # Errors
    /// `Unauthenticated(Secret)`, or `Busy` with the wait.
    pub fn secret(
        &self,
        account: Account,
        (given, known): (&str, &str),
        from: IpAddr,
        steady: Millis,
    ) -> Result<(), Fault> {
        let right = secret::same(given.as_bytes(), known.as_bytes());
        if let Some(retry) = self.account_wait(account.clone(), from, steady) {
            return Err(Fault::Busy { retry });
        }
        if right {
            return Ok(());
        }
        match self.wrong(account, from, steady) {
            Some(retry) => Err(Fault::Busy { retry }),
            None => Err(Fault::Unauthenticated(Refusal::Secret)),
        }
    }

    /// Judges something short that people tell each other, in constant time: `most` wrong ones a minute, then
    /// the right one waits as well.
    ///
    /// # Errors
    /// `Busy` with the wait.
    pub fn few(
        &self,
        (account, from): (Account, IpAddr),
        (given, known): (&str, &str),
        most: usize,
        steady: Millis,
    ) -> Result<bool, Fault> {
        let (right, key) = (secret::same(given.as_bytes(), known.as_bytes()), account.key(from));
        let waiting = match right {
            true => self.waits(&key, most, steady),
            false => note(&self.accounts, key, most, steady),
        };
        waiting.map_or(Ok(right), |retry| Err(Fault::Busy { retry }))
    }

    /// Counts a wrong try of an address alone; answers how long it must wait, if it has used up its share.
    pub fn wrong_from(&self, from: IpAddr, steady: Millis) -> Option<Millis> {
        note(&self.addresses, from, PER_ADDRESS, steady)
    }

    /// Forgets the wrong tries of an account, from wherever they came: it has another password.
    pub fn forget(&self, account: &Account) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|(other, _), _| other != account);
    }

    /// Counts a wrong try of an account; answers how long its address must now wait, if it has used up its
    /// share. Such an address brings no new accounts in, so it cannot push others' tries out.
    pub fn wrong(&self, account: Account, from: IpAddr, steady: Millis) -> Option<Millis> {
        self.refused.wrong((&account.name(from), account.door()), from, steady);
        let waiting = self.wrong_from(from, steady);
        let key = account.key(from);
        let known = || {
            let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            accounts.contains_key(&key)
        };
        if waiting.is_none() || known() {
            note(&self.accounts, key, PER_ACCOUNT, steady);
        }
        waiting
    }
}

fn note<K: Eq + Hash + Clone>(
    map: &Mutex<HashMap<K, Vec<Millis>>>,
    key: K,
    most: usize,
    now: Millis,
) -> Option<Millis> {
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = |times: &Vec<Millis>| times.last().is_some_and(|last| now - *last < WINDOW);
    // Whoever has tried least goes: a flood of names does not wash out the one that is being guessed.
    crowd::make_room(&mut map, &key, TRACKED, fresh, |times| (times.len(), times.last().copied()));
    let times = map.entry(key).or_default();
    times.retain(|t| now - *t < WINDOW);
    let waiting = wait(times, most, now);
    if waiting.is_none() {
        times.push(now);
    }
    waiting
}

fn wait(times: &[Millis], most: usize, now: Millis) -> Option<Millis> {
    let mut fresh = times.iter().filter(|t| now - **t < WINDOW);
    let oldest = fresh.next()?;
    (1 + fresh.count() >= most).then(|| *oldest + WINDOW - now)
}

#[cfg(test)]
mod tests;
