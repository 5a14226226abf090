//! The ledger beside a recording, one line of JSON a second, and what it says in short.
//!
//! ```json
//! {"at":12,"taken":30,"kept":30,"luma":[126.2,210],"change":3.4,"level":[-18.1,-21.1],"apart_ms":4}
//! ```
//! `at` is the lesson's second; `clipped`, `unheard`, `slate`, `broken`, `off` and `recalled` stand there only when they are
//! true, and nothing stands there that nobody measured: no `taken`, `luma` and `change` where the device's own H.264 is
//! passed through. A power cut may tear the last line.

use std::ops::Range;

use serde::{Deserialize, Serialize, Serializer};

use crate::model::quality::{Flaw, Second};

/// In the lesson's folder.
pub const FILE: &str = "quality.jsonl";
/// A lesson has no more seconds than this (a day): what a ledger says beyond them is not heard.
pub const SECONDS_MAX: u32 = 24 * 3600;
/// So many flawed stretches are told one by one.
const STRETCHES_MAX: usize = 200;

#[derive(Serialize, Deserialize)]
struct Row {
    at: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<u32>,
    kept: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    luma: Option<(f32, f32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<(f32, f32)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    clipped: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unheard: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    slate: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    broken: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    off: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    recalled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    apart_ms: Option<i32>,
}

/// One line, with its end. JSON has no infinity: silence is written as -120 dBFS.
pub fn row(second: &Second) -> String {
    let Second { at, taken, kept, luma, change, level, clipped, unheard, .. } = *second;
    let Second { slate, broken, off, recalled, apart_ms, .. } = *second;
    let tenth = |number: f32| (number.max(-120.0) * 10.0).round() / 10.0;
    let tenths = |(one, two)| (tenth(one), tenth(two));
    let change = change.map(|change| (change * 1000.0).round() / 1000.0);
    let (luma, level) = (luma.map(tenths), level.map(tenths));
    let row = Row {
        at,
        taken,
        kept,
        luma,
        change,
        level,
        clipped,
        unheard,
        slate,
        broken,
        off,
        recalled,
        apart_ms,
    };
    let mut line = serde_json::to_string(&row).expect("numbers always become JSON");
    line.push('\n');
    line
}

/// What a line says; `None` for one that is torn, or no row.
pub fn second(line: &[u8]) -> Option<Second> {
    let row: Row = serde_json::from_slice(line).ok()?;
    let Row { at, taken, kept, luma, change, level, clipped, unheard, .. } = row;
    let Row { slate, broken, off, recalled, apart_ms, .. } = row;
    let seen = Second { at, taken, kept, luma, change, level, clipped, ..Second::default() };
    let second = Second { unheard, slate, broken, off, recalled, apart_ms, ..seen };
    (at < SECONDS_MAX).then_some(second)
}

/// Whether a lesson can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Good,
    /// Here and there it cannot be seen or heard.
    Partly,
    /// Most of it cannot be seen, or cannot be heard.
    Spoilt,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Partly => "partly",
            Self::Spoilt => "spoilt",
        }
    }
}

/// A lesson's ledger in short, and as the index has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub verdict: Verdict,
    pub seconds: u32,
    pub without_picture: u32,
    pub without_sound: u32,
    /// Pictures that the encoder took and that did not reach the file.
    pub lost_pictures: u64,
    /// What was wrong, and in which seconds of the lesson; of each flaw in order.
    #[serde(rename = "flaws", serialize_with = "listed")]
    pub stretches: Vec<(Flaw, Range<u32>)>,
    /// So many more there were.
    pub more: u32,
    /// Seconds of a slate, in trouble or switched off; those in the film; and those of them that showed something else.
    #[serde(skip)]
    slates: u32,
    #[serde(skip)]
    filmed: u32,
    #[serde(skip)]
    shown: u32,
}

/// A film begins and ends in the middle of a second.
const SLACK_S: u64 = 2;

impl Summary {
    /// Sums up a ledger from the lesson's start. A second of which it says nothing had no picture: the box was away, or
    /// not yet there. `length`: the lesson's seconds, when it is over. `None` when there is no row.
    pub fn of(ledger: &[u8], length: Option<u32>) -> Option<Self> {
        let mut rows: Vec<Second> =
            ledger.split(|byte| *byte == b'\n').filter_map(second).collect();
        // Of a second that was told twice, the first is what was written while it was recorded.
        rows.sort_by_key(|row| row.at);
        rows.dedup_by_key(|row| row.at);
        let told = rows.last()?.at + 1;
        let mut known = rows.iter().peekable();
        let mut whole = Vec::new();
        for at in 0..told.max(length.unwrap_or(0).min(SECONDS_MAX)) {
            let row = known.next_if(|row| row.at == at);
            whole.push(row.copied().unwrap_or(Second { at, ..Second::default() }));
        }
        Some(Self::sum(&whole))
    }

    /// Whether any second has it.
    pub fn has(&self, flaw: Flaw) -> bool {
        self.stretches.iter().any(|(known, _)| *known == flaw)
    }

    /// Whether a film of this length shows a slate from its beginning to its end, as far as it is known: what was shown in the
    /// half minute before a crash may not be.
    pub fn is_slate(&self, film_us: u64) -> bool {
        // Seconds of which the ledger says nothing may have shown something.
        let is_all = (u64::from(self.filmed) + SLACK_S) * 1_000_000 >= film_us;
        self.slates > 0 && self.shown == 0 && is_all
    }

    fn sum(rows: &[Second]) -> Self {
        let number = |is: &dyn Fn(&Second) -> bool| {
            u32::try_from(rows.iter().filter(|row| is(row)).count()).unwrap_or(u32::MAX)
        };
        let count = |spoils: fn(Flaw) -> bool| number(&|row| row.flaws().any(spoils));
        let is_slate = |row: &Second| row.slate || row.off;
        let without_picture = count(Flaw::spoils_picture);
        let without_sound = count(|flaw| flaw.spoils_sound() || flaw == Flaw::NoPicture);
        let seconds = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let worst = without_picture.max(without_sound);
        // Seconds that nobody wanted to be recorded are judged neither way, and to switch takes a moment.
        let off = count(|flaw| flaw == Flaw::Off);
        let wanted = seconds - off;
        let verdict = match worst {
            _ if worst > wanted / 2 && (off == 0 || worst > 2) => Verdict::Spoilt,
            // A start takes a moment; who hears a lesson of an hour does not miss half a minute.
            _ if worst > 2 + wanted / 100 => Verdict::Partly,
            _ if count(Flaw::is_trouble) > 2 + wanted / 10 => Verdict::Partly,
            _ => Verdict::Good,
        };
        let mut stretches: Vec<_> =
            Flaw::ALL.into_iter().flat_map(|flaw| stretches(rows, flaw)).collect();
        let more = stretches.len().saturating_sub(STRETCHES_MAX);
        stretches.truncate(STRETCHES_MAX);
        // A picture may be put down to the second beside its own. Where nobody counts them, nothing can be lost.
        let counted =
            rows.iter().filter_map(|row| Some((u64::from(row.taken?), u64::from(row.kept))));
        let (taken, kept) = counted.fold((0_u64, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
        Self {
            verdict,
            seconds,
            without_picture,
            without_sound,
            lost_pictures: taken.saturating_sub(kept),
            stretches,
            more: u32::try_from(more).unwrap_or(u32::MAX),
            slates: number(&is_slate),
            filmed: number(&|row| row.kept > 0),
            shown: number(&|row| row.kept > 0 && !row.recalled && !is_slate(row)),
        }
    }
}

fn listed<S: Serializer>(stretches: &[(Flaw, Range<u32>)], to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Stretch {
        what: &'static str,
        from: u32,
        until: u32,
    }
    to.collect_seq(stretches.iter().map(|(flaw, seconds)| Stretch {
        what: flaw.words(),
        from: seconds.start,
        until: seconds.end,
    }))
}

/// Runs of seconds with a flaw.
fn stretches(rows: &[Second], flaw: Flaw) -> Vec<(Flaw, Range<u32>)> {
    let mut found: Vec<(Flaw, Range<u32>)> = Vec::new();
    for row in rows.iter().filter(|row| row.has(flaw)) {
        match found.last_mut() {
            Some((_, range)) if range.end == row.at => range.end += 1,
            _ => found.push((flaw, row.at..row.at + 1)),
        }
    }
    found
}

#[cfg(test)]
mod tests;
