//! The table of decisions: from facts to what the box does. Pure; nobody else compares a licence's dates.
//!
//! The first row that fits decides.
//!
//! | fact | verdict | code |
//! |---|---|---|
//! | no file | refused | 3401 |
//! | no licence text in the file | refused | 3402 |
//! | altered; key not known; withdrawn | refused | 3403 |
//! | score below the licence's minimum | refused | 3403 |
//! | begins after every time there is evidence for | refused | 3403 |
//! | past expiry and grace | refused | 3404 |
//! | past expiry, in grace | grace | |
//! | clock set back more than 26 h, or untold since power-on | clock doubtful | |
//! | else | allowed | |
//!
//! Evidence for the beginning: the latest of clock, newest time seen, where the clock should be, day of
//! this release, day of issue. For the expiry: the later of clock and newest time seen; the newest time seen
//! alone when nobody has told the clock since power-on. So, with a licence that has a year to go:
//!
//! - set back a month: judged at the newest time seen; doubtful, and lessons start;
//! - set forward a year: refused with 3404 as long as the clock stands so, for the box cannot know better;
//!   set right again, all is as before, since a clock set by hand leaves no trace in the newest time seen,
//!   nor does a time server that is wrong for less than six hours;
//! - no battery, clock at 1970: judged at the newest time seen; doubtful, and lessons start.

use crate::model::licence::{Decision, Doubt, Facts, Licence, Paper, Time, Timekeeping, Verdict};
use crate::model::{LicenceWhy, Millis};

/// A clock may be a day wrong, for time zones and daylight saving are entered wrongly, and two hours.
pub const TOLERANCE: Millis = Millis::seconds(26 * 3600);

pub fn decide(facts: &Facts) -> Decision {
    let licence = match &facts.paper {
        Paper::Absent => return refused(LicenceWhy::NoFile, None),
        Paper::NotALicence => return refused(LicenceWhy::NotALicence, None),
        Paper::Altered => return refused(LicenceWhy::Signature, None),
        Paper::UnknownKey(_) => return refused(LicenceWhy::KeyId, None),
        Paper::Revoked(_) => return refused(LicenceWhy::Revoked, None),
        Paper::Genuine(licence) => licence,
    };
    if facts.score < licence.minimum {
        return refused(LicenceWhy::Hardware, None);
    }
    if beginning(licence, &facts.time) < licence.not_before {
        return refused(LicenceWhy::NotYet, Some(licence.not_before));
    }
    let at = judged(&facts.time);
    let rooms = licence.rooms;
    let ends = licence.ends();
    if ends.is_some_and(|ends| at >= ends) {
        return refused(LicenceWhy::Expired, None);
    }
    if licence.expires.is_some_and(|expires| at >= expires) {
        return Decision { verdict: Verdict::Grace, rooms, changes: ends };
    }
    let verdict = doubt(&facts.time).map_or(Verdict::Allowed, Verdict::ClockDoubtful);
    Decision { verdict, rooms, changes: licence.expires }
}

fn refused(why: LicenceWhy, changes: Option<Millis>) -> Decision {
    Decision { verdict: Verdict::Refused(why), rooms: 0, changes }
}

/// The latest time there is any evidence for: whether a licence has begun.
pub fn beginning(licence: &Licence, time: &Time) -> Millis {
    time.now.max(time.newest_seen).max(time.expected).max(time.built).max(licence.issued)
}

/// The time at which an expiry is judged.
pub fn judged(time: &Time) -> Millis {
    match time.keeping {
        Timekeeping::Synchronised | Timekeeping::Kept => time.now.max(time.newest_seen),
        Timekeeping::Lost => time.newest_seen,
    }
}

pub fn doubt(time: &Time) -> Option<Doubt> {
    if time.now + TOLERANCE < time.newest_seen.max(time.expected) {
        return Some(Doubt::SetBack);
    }
    match time.keeping {
        Timekeeping::Synchronised | Timekeeping::Kept => None,
        Timekeeping::Lost => Some(Doubt::Untold),
    }
}
