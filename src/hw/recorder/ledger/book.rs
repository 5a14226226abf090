//! Gathers what was seen and heard of each second, and says when something has been wrong for too long. Asks for no
//! time and writes nothing.

use std::collections::BTreeMap;

use super::super::reel;
use crate::model::Millis;
use crate::model::quality::{Flaw, Heed, Second};
use crate::wire::fmp4::cut::Piece;
use crate::wire::gauge::Reading;
use crate::wire::quality::SECONDS_MAX;

/// A second is judged so long after its end: pictures of it come with their fragment.
const LATE: Millis = Millis(1200);
/// It is written when nothing more can come: the encoder is not waited for any longer than this.
const OVER: Millis = Millis::seconds(6);
/// So many seconds in a row are trouble, and so many good ones its end.
const TROUBLE: u32 = 2;
const WELL: u32 = 2;
/// A loose cable makes trouble all day; so often it is told of each flaw. The ledger has them all.
const TOLD_MAX: u32 = 50;
/// The film's time is this process's own; further apart they are two clocks.
const ASTRAY: Millis = Millis::seconds(2);
/// More pictures than go into the encoder before one is in the film.
const EARLY_MAX: usize = 600;
/// What is so far ahead of the second that is judged is nonsense.
const AHEAD: u32 = 60;
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

/// Times are on the steady clock; seconds are the lesson's.
#[derive(Debug)]
pub struct Book {
    /// This steady time is that long after the lesson's start.
    anchor: (Millis, Millis),
    /// Those before are written, and those before are judged.
    next: u32,
    judged: u32,
    open: BTreeMap<u32, Gathered>,
    /// Which run of the encoder it is.
    run: u32,
    intake: Intake,
    /// The film's picture goes to here.
    filmed: u32,
    heed: Heed,
    states: [State; Flaw::ALL.len()],
}

/// Where the pictures of a run that go into its encoder belong: its first one is the film's first one.
#[derive(Debug, Default)]
struct Intake {
    film_us: Option<i64>,
    first_us: Option<i64>,
    /// Those that came before the first film.
    early: Vec<i64>,
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
    /// `since_zero`: how long the lesson has been going on, by the wall clock.
    pub fn begin(steady: Millis, since_zero: Millis) -> Self {
        let placed = reel::placed(since_zero);
        let (slate, broken, off) = (false, false, false);
        let heed = Heed { picture: true, sound: true, still: false, slate, broken, off };
        let next = second(placed);
        Self {
            anchor: (steady, placed),
            next,
            judged: next,
            open: BTreeMap::new(),
            run: 0,
            intake: Intake::default(),
            filmed: next,
            heed,
            states: [State::default(); Flaw::ALL.len()],
        }
    }

    /// A new run of the encoder; gives its number.
    pub fn run(&mut self, heed: Heed) -> u32 {
        self.forgive(u32::MAX);
        (self.run, self.intake, self.heed) = (self.run.wrapping_add(1), Intake::default(), heed);
        self.run
    }

    /// Film is placed up to here now. Where the box has lost the time, the film knows better how late it is.
    pub fn align(&mut self, end_us: u64, steady: Millis) {
        let end = Millis(i64::try_from(end_us / 1000).unwrap_or(i64::MAX));
        let astray = end - self.now(steady);
        if astray.0.abs() > ASTRAY.0 {
            self.anchor = (steady, end);
            self.open.clear();
            (self.next, self.judged) = (second(end), second(end));
        }
    }

    pub fn read(&mut self, run: u32, reading: Reading, steady: Millis) {
        if run != self.run {
            return;
        }
        let heed = self.heed;
        if let Reading::Taken { at_us } = reading {
            self.intake.first_us.get_or_insert(at_us);
            if self.intake.early.len() < EARLY_MAX {
                self.intake.early.push(at_us);
            }
            return self.take_in();
        }
        let Some(here) = self.at(second(self.now(steady))) else { return };
        match reading {
            Reading::Picture { mean, most, change } if heed.picture => {
                let seen = here.second.luma.unwrap_or((0.0, 0.0));
                here.second.luma = Some((seen.0.max(mean), seen.1.max(most)));
                let change = change.max(here.second.change.unwrap_or(0.0));
                here.second.change = (!heed.still).then_some(change);
            }
            Reading::Sound { peak, rms, flat } if heed.sound => {
                here.tenths += 1;
                here.power += 10_f64.powf(f64::from(rms) / 10.0);
                let mean = 10.0 * (here.power / f64::from(here.tenths)).log10();
                let highest = here.second.level.map_or(peak, |(highest, _)| highest.max(peak));
                #[allow(clippy::cast_possible_truncation)] // decibels
                let level = (highest, mean as f32);
                here.second.level = Some(level);
                here.second.clipped |= peak >= FULL_SCALE && flat > 0.0;
            }
            Reading::Picture { .. } | Reading::Sound { .. } | Reading::Taken { .. } => {}
        }
    }

    /// Counts the pictures that went into the encoder in the seconds where they are in the film, or should be.
    fn take_in(&mut self) {
        let Intake { film_us: Some(film_us), first_us: Some(first_us), ref mut early } =
            self.intake
        else {
            return;
        };
        for at_us in std::mem::take(early) {
            let at = Millis((at_us - first_us).saturating_add(film_us) / 1000);
            if let Some(here) = self.at(second(at)) {
                *here.second.taken.get_or_insert(0) += 1;
            }
        }
    }

    /// A piece is in the film; `apart_us` is how much longer its sound lasts.
    pub fn keep(&mut self, piece: &Piece, apart_us: Option<i64>) {
        let Heed { sound, slate, broken, off, .. } = self.heed;
        let apart = apart_us.map(|us| i32::try_from(us / 1000).unwrap_or(i32::MAX));
        if piece.pictures > 0 {
            let signed = |us: u64| i64::try_from(us).unwrap_or(i64::MAX);
            self.intake.film_us.get_or_insert(signed(piece.start_us));
            self.filmed = second(Millis(signed(piece.end_us) / 1000));
            self.take_in();
        }
        for at in seconds(piece) {
            let Some(here) = self.at(at) else { continue };
            here.second.kept += 1;
            here.second.unheard = !sound;
            here.second.slate |= slate;
            here.second.broken |= broken;
            here.second.off |= off;
            let least = here.second.apart_ms.filter(|least| {
                apart.is_none_or(|apart| least.unsigned_abs() <= apart.unsigned_abs())
            });
            here.second.apart_ms = least.or(apart);
        }
    }

    /// A piece was in the film before the box came back; what is not judged any more is written again.
    pub fn recall(&mut self, piece: &Piece) {
        for at in seconds(piece).filter(|at| *at < self.judged) {
            self.next = self.next.min(at);
            let here = self.open.entry(at).or_default();
            here.second.kept += 1;
            (here.second.unheard, here.second.recalled) = (true, true);
        }
    }

    /// Seconds to be written, and what is to be said.
    pub fn close(&mut self, steady: Millis) -> (Vec<Second>, Vec<Alarm>) {
        let (now, mut alarms) = (self.now(steady), Vec::new());
        while self.judged < second(now - LATE) {
            let at = self.judged;
            let row = self.open.get(&at).map_or_else(Second::default, |here| here.second);
            self.judge(&Second { at, ..row }, &mut alarms);
            self.judged += 1;
        }
        (self.written(second(now - OVER)), alarms)
    }

    /// The rest, without the second that has only begun unless there is a picture in it.
    pub fn end(&mut self, steady: Millis) -> Vec<Second> {
        let last = self.open.iter().rev().find(|(_, here)| here.second.kept > 0);
        let last = last.map_or(0, |(at, _)| at + 1);
        self.written(second(self.now(steady)).max(last))
    }

    fn written(&mut self, until: u32) -> Vec<Second> {
        self.forgive(until);
        let rows = self.next..until;
        self.next = self.next.max(until);
        rows.map(|at| Second { at, ..self.open.remove(&at).unwrap_or_default().second }).collect()
    }

    /// What an encoder had taken in and not given when it was ended is part of the gap, which is told, and not lost by it.
    fn forgive(&mut self, until: u32) {
        let from = self.filmed.saturating_sub(1);
        for (_, Gathered { second, .. }) in self.open.range_mut(from..until.max(from)) {
            second.taken = second.taken.map(|taken| taken.min(second.kept));
        }
    }

    fn now(&self, steady: Millis) -> Millis {
        self.anchor.1 + (steady - self.anchor.0)
    }

    fn at(&mut self, second: u32) -> Option<&mut Gathered> {
        let is_near = second >= self.next && second < self.judged.saturating_add(AHEAD);
        is_near.then(|| self.open.entry(second).or_default())
    }

    fn judge(&mut self, row: &Second, alarms: &mut Vec<Alarm>) {
        // A picture that is still in the encoder is not lost.
        let is_whole = row.at < self.filmed;
        let troubles = Flaw::ALL.into_iter().filter(|flaw| flaw.is_trouble());
        for (state, flaw) in self.states.iter_mut().zip(troubles) {
            if row.has(flaw) && (is_whole || flaw != Flaw::Lost) {
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

/// The second of each of its pictures.
fn seconds(piece: &Piece) -> impl Iterator<Item = u32> + use<> {
    let Piece { start_us, end_us, pictures, .. } = *piece;
    let span = end_us.saturating_sub(start_us);
    (0..pictures).map(move |n| {
        let at_us = start_us + span * u64::from(n) / u64::from(pictures);
        u32::try_from(at_us / 1_000_000).unwrap_or(u32::MAX)
    })
}

fn second(at: Millis) -> u32 {
    u32::try_from(at.0.max(0) / 1000).unwrap_or(SECONDS_MAX).min(SECONDS_MAX)
}

#[cfg(test)]
mod tests;
