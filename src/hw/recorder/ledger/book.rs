//! Gathers what was seen and heard of each second, and says when something has been wrong for too long. Asks for no
//! time and writes nothing.

use std::collections::BTreeMap;

use crate::model::Millis;
use crate::model::quality::{Flaw, Second};
use crate::wire::gauge::Reading;
use crate::wire::quality::SECONDS_MAX;

/// A second is complete so long after its end: pictures of it come with their fragment.
const LATE: Millis = Millis(1500);
/// So many seconds in a row are trouble, and so many good ones its end.
const TROUBLE: u32 = 3;
const WELL: u32 = 2;
/// A loose cable makes trouble all day; so often it is told of each flaw. The ledger has them all.
const TOLD_MAX: u32 = 50;
/// At this peak, and flat at it, sound is cut off.
const FULL_SCALE: f32 = -0.1;

/// Something has been wrong for a while, or is right again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub flaw: Flaw,
    /// The lesson's second with which it began.
    pub since: u32,
    pub is_over: bool,
}

/// All times are since the lesson's start.
#[derive(Debug)]
pub struct Book {
    /// Those before are told.
    next: u32,
    open: BTreeMap<u32, Gathered>,
    /// Pictures of this run of the encoder that were counted already.
    counted: u64,
    states: [State; Flaw::ALL.len()],
    /// A picture that may stand still is none that hangs.
    still: bool,
}

#[derive(Debug, Default)]
struct Gathered {
    second: Second,
    /// Of tenths: the sum of their power, and how many.
    power: f64,
    tenths: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    bad: u32,
    good: u32,
    since: Option<u32>,
    told: u32,
}

impl Book {
    pub fn begin(now: Millis) -> Self {
        let states = [State::default(); Flaw::ALL.len()];
        Self { next: second(now), open: BTreeMap::new(), counted: 0, states, still: false }
    }

    /// A new run of the encoder.
    pub fn run(&mut self, still: bool) {
        (self.counted, self.still) = (0, still);
    }

    pub fn read(&mut self, reading: Reading, now: Millis) {
        let (still, counted) = (self.still, self.counted);
        let Some(here) = self.at(second(now)) else { return };
        match reading {
            Reading::Picture { mean, most, change } => {
                let seen = here.second.luma.unwrap_or((0.0, 0.0));
                here.second.luma = Some((seen.0.max(mean), seen.1.max(most)));
                let change = change.max(here.second.change.unwrap_or(0.0));
                here.second.change = (!still).then_some(change);
            }
            Reading::Sound { peak, rms, flat } => {
                here.tenths += 1;
                here.power += 10_f64.powf(f64::from(rms) / 10.0);
                let mean = 10.0 * (here.power / f64::from(here.tenths)).log10();
                let highest = here.second.level.map_or(peak, |(highest, _)| highest.max(peak));
                #[allow(clippy::cast_possible_truncation)] // decibels
                let level = (highest, mean as f32);
                here.second.level = Some(level);
                here.second.clipped |= peak >= FULL_SCALE && flat > 0.0;
            }
            Reading::Pictures { encoded, doubled, dropped } => {
                let total = (encoded + dropped).saturating_sub(doubled);
                let new = u32::try_from(total.saturating_sub(counted)).unwrap_or(u32::MAX);
                here.second.taken = Some(here.second.taken.unwrap_or(0).saturating_add(new));
                self.counted = total;
            }
        }
    }

    /// Pictures are in the file, between these times of the lesson; `apart_us` is how much longer the sound lasts.
    pub fn keep(&mut self, start_us: u64, end_us: u64, pictures: u32, apart_us: i64) {
        let span = end_us.saturating_sub(start_us);
        for n in 0..pictures {
            let at_us = start_us + span * u64::from(n) / u64::from(pictures);
            let at = u32::try_from(at_us / 1_000_000).unwrap_or(u32::MAX);
            let Some(here) = self.at(at) else { continue };
            here.second.kept += 1;
            let apart = i32::try_from(apart_us / 1000).unwrap_or(i32::MAX);
            let least = here.second.apart_ms.filter(|least| least.abs() <= apart.abs());
            here.second.apart_ms = least.or(Some(apart));
        }
    }

    /// Seconds that are complete now, and what is to be said of them.
    pub fn close(&mut self, now: Millis) -> (Vec<Second>, Vec<Alarm>) {
        let until = second(now - LATE);
        let (mut rows, mut alarms) = (Vec::new(), Vec::new());
        while self.next < until {
            let at = self.next;
            self.next += 1;
            let row = self.open.remove(&at).unwrap_or_default().second;
            let row = Second { at, ..row };
            self.judge(&row, &mut alarms);
            rows.push(row);
        }
        (rows, alarms)
    }

    /// The rest, without the second that has only begun unless there is a picture in it.
    pub fn end(&mut self, now: Millis) -> Vec<Second> {
        let last = self.open.iter().rev().find(|(_, here)| here.second.kept > 0);
        let until = second(now).max(last.map_or(0, |(at, _)| at + 1));
        let rows = self.next..until;
        self.next = self.next.max(until);
        rows.map(|at| Second { at, ..self.open.remove(&at).unwrap_or_default().second }).collect()
    }

    fn at(&mut self, second: u32) -> Option<&mut Gathered> {
        // What comes later than late is nobody's; what is far ahead is nonsense.
        let is_near = second >= self.next && second < self.next.saturating_add(60);
        is_near.then(|| self.open.entry(second).or_default())
    }

    fn judge(&mut self, row: &Second, alarms: &mut Vec<Alarm>) {
        for (state, flaw) in self.states.iter_mut().zip(Flaw::ALL) {
            if row.has(flaw) {
                (state.bad, state.good) = (state.bad + 1, 0);
            } else {
                (state.bad, state.good) = (0, state.good + 1);
            }
            if state.since.is_none() && state.bad >= TROUBLE && state.told < TOLD_MAX {
                let since = (row.at + 1).saturating_sub(state.bad);
                (state.since, state.told) = (Some(since), state.told + 1);
                alarms.push(Alarm { flaw, since, is_over: false });
            } else if state.good >= WELL
                && let Some(since) = state.since.take()
            {
                alarms.push(Alarm { flaw, since, is_over: true });
            }
        }
    }
}

fn second(at: Millis) -> u32 {
    u32::try_from(at.0.max(0) / 1000).unwrap_or(SECONDS_MAX).min(SECONDS_MAX)
}

#[cfg(test)]
mod tests;
