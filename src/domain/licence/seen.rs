//! The newest time seen: a time that it certainly is by now. It rises by running time, by what was signed,
//! and by a time server that stood by its word for `STOOD`; never by a clock that somebody set. Beside it, where the clock should be, going by
//! where it was: that shows a clock that was set back, and decides nothing else.
//!
//! Kept in the store and in `license/seen`; of several records the newest counts, so that neither a lost
//! file nor an old copy of the store turns the time back. A record has a check sum against the hand of
//! somebody who would like another time, which is no secret: who forges one could as well delete them.

use ring::hmac;

use super::decide::TOLERANCE;
use crate::model::licence::{Time, Timekeeping};
use crate::model::{Millis, Moment, hex};

/// How long the box must have run while a time server says the same, without a break, before its word is kept.
/// What is kept stays, and only a new licence helps against it; but a wrong time that ends the licence shows
/// at the first lesson, and within a school day somebody sets it right.
pub const STOOD: Millis = Millis::seconds(6 * 3600);
/// What a server may correct and still say the same: leap seconds, a poor crystal.
const SAME: Millis = Millis::seconds(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub newest: Millis,
    pub expected: Millis,
    /// A licence was installed here once: the demonstration is over.
    pub installed: bool,
    /// Somebody who should know agreed with the clock since power-on.
    agreed: bool,
    /// What a time server says.
    word: Option<Word>,
    /// When both times were as they are, on the monotonic clock.
    steady: Millis,
}

/// A server's time as the power-on time that follows from it, and since when it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    began: Millis,
    since: Millis,
}

impl Seen {
    /// At power-on. `records` are the texts that were kept; `floor` is what is certain without them.
    pub fn begin<'a>(
        records: impl IntoIterator<Item = &'a str>,
        floor: Millis,
        now: Moment,
    ) -> Self {
        let mut seen = Self {
            newest: floor,
            expected: floor,
            installed: false,
            agreed: false,
            word: None,
            steady: now.steady,
        };
        for (newest, expected, installed) in records.into_iter().filter_map(read) {
            seen.newest = seen.newest.max(newest);
            seen.expected = seen.expected.max(expected);
            seen.installed |= installed;
        }
        // Time passed while the box was off.
        seen.expected = seen.expected.max(now.wall);
        seen
    }

    /// Carried on to `now`.
    pub fn look(&mut self, now: Moment, keeping: Timekeeping) {
        let ran = (now.steady - self.steady).max(Millis(0));
        // Requests look too: one that took its moment a little earlier counts nothing twice.
        self.steady = self.steady.max(now.steady);
        self.newest = self.newest + ran;
        self.expected = self.expected + ran;
        match keeping {
            Timekeeping::Synchronised => self.hear(now),
            Timekeeping::Kept | Timekeeping::Lost => self.word = None,
        }
        // A small step forward is a clock that was corrected; a large one is somebody's hand.
        if now.wall > self.expected && now.wall - self.expected <= TOLERANCE {
            self.expected = now.wall;
        }
    }

    fn hear(&mut self, now: Moment) {
        self.expected = now.wall;
        let began = now.wall - now.steady;
        let same = |word: &Word| (word.began - began).0.saturating_abs() <= SAME.0;
        let word = self.word.filter(same).unwrap_or(Word { began, since: now.steady });
        if now.steady - word.since >= STOOD {
            self.newest = self.newest.max(now.wall);
        }
        self.word = Some(word);
    }

    /// The clock is right, says an administrator's own. The newest time seen stays: that is a hand's word.
    pub fn agree(&mut self, now: Moment) {
        self.expected = now.wall;
        self.agreed = true;
    }

    pub fn time(&self, now: Moment, built: Millis, keeping: Timekeeping) -> Time {
        let Self { newest, expected, .. } = *self;
        let keeping = match keeping {
            Timekeeping::Lost if self.agreed => Timekeeping::Kept,
            Timekeeping::Lost | Timekeeping::Kept | Timekeeping::Synchronised => keeping,
        };
        Time { now: now.wall, newest_seen: newest, expected, built, keeping }
    }

    /// As it is kept: `1 NEWEST EXPECTED INSTALLED MAC`, milliseconds and 0 or 1.
    pub fn text(&self) -> String {
        let line = format!("1 {} {} {}", self.newest.0, self.expected.0, u8::from(self.installed));
        let mac = hex(hmac::sign(&key(), line.as_bytes()).as_ref());
        format!("{line} {mac}")
    }
}

/// `None` for what is no record of ours.
fn read(text: &str) -> Option<(Millis, Millis, bool)> {
    let (line, mac) = text.trim().rsplit_once(' ')?;
    let mac: [u8; 32] = crate::wire::licence::key::unhex(mac)?;
    hmac::verify(&key(), line.as_bytes(), &mac).ok()?;
    let mut words = line.strip_prefix("1 ")?.split(' ').map(str::parse::<i64>);
    let mut next = || words.next()?.ok();
    Some((Millis(next()?), Millis(next()?), next()? == 1))
}

fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, b"arctos newest time seen")
}
