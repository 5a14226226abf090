//! Wrong credentials, counted. Right ones are never held up by somebody else's wrong ones.
//! decisions.md: 10 a minute an account, 100 a minute an address.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::audit::Refused;
use super::password::constant_time_eq;
use crate::model::{Fault, Millis, Refusal, sha256};

const PER_ACCOUNT: usize = 10;
/// A class may share one address.
const PER_ADDRESS: usize = 100;
const WINDOW: Millis = Millis::seconds(60);
/// Accounts or addresses remembered at once; past it the stale ones are dropped, then the oldest.
const TRACKED: usize = 4096;

#[derive(Default)]
pub struct Guesses {
    accounts: Mutex<HashMap<String, Vec<Millis>>>,
    addresses: Mutex<HashMap<IpAddr, Vec<Millis>>>,
    /// Wrong tries on their way into the audit.
    pub refused: Refused,
}

impl Guesses {
    /// How long this account must wait before its credentials are looked at again.
    pub fn account_wait(&self, account: &str, steady: Millis) -> Option<Millis> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get(account).and_then(|times| wait(times, PER_ACCOUNT, steady))
    }

    /// Judges a server-to-server secret: in constant time, and no more than ten wrong ones a minute from an
    /// address, so that nobody else's wrong ones hold up the server that knows it.
    ///
    /// # Errors
    /// `Unauthenticated(Secret)`, or `Busy` with the wait.
    pub fn secret(
        &self,
        name: &str,
        (given, known): (&str, &str),
        from: IpAddr,
        steady: Millis,
    ) -> Result<(), Fault> {
        let account = format!("secret {name} from {from}");
        let right = is_same(given, known);
        if let Some(retry) = self.account_wait(&account, steady) {
            return Err(Fault::Busy { retry });
        }
        if right {
            return Ok(());
        }
        match self.wrong((&account, &account), from, steady) {
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
        what: &str,
        (given, known): (&str, &str),
        most: usize,
        steady: Millis,
    ) -> Result<bool, Fault> {
        let right = is_same(given, known);
        let waiting = if right {
            let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            accounts.get(what).and_then(|times| wait(times, most, steady))
        } else {
            note(&self.accounts, what.to_owned(), most, steady)
        };
        waiting.map_or(Ok(right), |retry| Err(Fault::Busy { retry }))
    }

    /// Counts a wrong try of an address alone; answers how long it must wait, if it has used up its share.
    pub fn wrong_from(&self, from: IpAddr, steady: Millis) -> Option<Millis> {
        note(&self.addresses, from, PER_ADDRESS, steady)
    }

    /// Counts a wrong try of an account under its key; answers how long its address must now wait, if it has
    /// used up its share. Such an address brings no new accounts in, so it cannot push others' tries out.
    pub fn wrong(
        &self,
        (key, account): (&str, &str),
        from: IpAddr,
        steady: Millis,
    ) -> Option<Millis> {
        self.refused.wrong(account, from, steady);
        let waiting = self.wrong_from(from, steady);
        let known = || {
            let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            accounts.contains_key(key)
        };
        if waiting.is_none() || known() {
            note(&self.accounts, key.to_owned(), PER_ACCOUNT, steady);
        }
        waiting
    }
}

/// In a time that does not depend on where they differ, nor on their lengths.
fn is_same(given: &str, known: &str) -> bool {
    constant_time_eq(&sha256(given.as_bytes()), &sha256(known.as_bytes()))
}

fn note<K: Eq + Hash + Clone>(
    map: &Mutex<HashMap<K, Vec<Millis>>>,
    key: K,
    most: usize,
    now: Millis,
) -> Option<Millis> {
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    if map.len() >= TRACKED && !map.contains_key(&key) {
        map.retain(|_, times| times.last().is_some_and(|last| now - *last < WINDOW));
        if map.len() >= TRACKED {
            // Whoever has tried least goes: a flood of names does not wash out the one that is being guessed.
            let least = map.iter().min_by_key(|(_, t)| (t.len(), t.last().copied()));
            let least = least.map(|(k, _)| k.clone());
            least.map(|k| map.remove(&k));
        }
    }
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
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_eleventh_try_of_an_account_waits_until_the_first_is_a_minute_old() {
        let guesses = Guesses::default();
        for second in 0..10 {
            assert_eq!(guesses.account_wait("ann", Millis::seconds(second)), None);
            guesses.wrong(("ann", "ann"), HERE, Millis::seconds(second));
        }
        let wait = guesses.account_wait("ann", Millis::seconds(10));
        assert_eq!(wait, Some(Millis::seconds(50)));
        assert_eq!(guesses.account_wait("bob", Millis::seconds(10)), None);
        assert_eq!(guesses.account_wait("ann", Millis::seconds(60)), None);
    }

    #[test]
    fn an_address_waits_after_a_hundred_wrong_tries() {
        let guesses = Guesses::default();
        for n in 0..100 {
            assert_eq!(guesses.wrong((&format!("user{n}"), ""), HERE, Millis(n)), None);
        }
        assert_eq!(guesses.wrong(("another", ""), HERE, Millis(100)), Some(Millis(59_900)));
    }

    #[test]
    fn after_a_few_wrong_codes_the_right_one_waits_too_and_others_do_not() {
        let guesses = Guesses::default();
        let judge = |what, given, at| {
            let judged = guesses.few(what, (given, "1234"), 5, Millis::seconds(at));
            judged.map_err(|fault| match fault {
                Fault::Busy { retry } => retry,
                other => panic!("{other:?}"),
            })
        };
        for second in 0..5 {
            assert_eq!(judge("door a", "0000", second), Ok(false));
        }
        assert_eq!(judge("door a", "1234", 5), Err(Millis::seconds(55)));
        assert_eq!(judge("door a", "0000", 5), Err(Millis::seconds(55)));
        assert_eq!(judge("door b", "1234", 5), Ok(true));
        assert_eq!(judge("door a", "1234", 60), Ok(true));
    }

    #[test]
    fn memory_is_bounded() {
        let guesses = Guesses::default();
        for n in 0..10_000 {
            let from = IpAddr::from([10, 0, u8::try_from(n % 250).unwrap(), 1]);
            guesses.wrong((&format!("user{n}"), ""), from, Millis(n));
        }
        assert!(guesses.accounts.lock().unwrap().len() <= TRACKED);
    }
}
