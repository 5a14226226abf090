//! Reads when a fragment plays and how many pictures it has, and moves it along the timeline.
//! Knows `moof` only: the samples themselves are never looked at.

use std::ops::Range;

use super::Fmp4Error;
use super::boxes::{Atom, atoms, find, u32_at, u64_at};
use super::init::{Init, Track, TrackKind};

/// `sample_is_non_sync_sample`, ISO 14496-12 8.8.3.1.
const NON_SYNC: u32 = 0x1_0000;
const MICROS: u128 = 1_000_000;

/// What one `moof` says, a run for each track in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    pub sequence: u32,
    pub runs: Vec<Run>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub track: u32,
    pub video: bool,
    /// Never 0.
    pub timescale: u32,
    /// Decode time of the first sample, in ticks.
    pub start: u64,
    pub duration: u64,
    pub samples: u32,
    /// The first sample can be decoded by itself.
    pub key: bool,
}

impl Fragment {
    /// `bytes` begins with `moof`; what follows it does not matter.
    ///
    /// # Errors
    /// When `moof` is torn, or speaks of a track that `init` does not have.
    pub fn parse(bytes: &[u8], init: &Init) -> Result<Self, Fmp4Error> {
        let moof = first_moof(bytes)?;
        let mfhd = find(bytes, moof.body.clone(), *b"mfhd")?;
        let sequence = u32_at(&bytes[mfhd.body], 4).ok_or(Fmp4Error::Short(*b"mfhd"))?;
        let mut runs = Vec::new();
        for atom in atoms(bytes, moof.body) {
            let atom = atom?;
            if atom.kind == *b"traf" {
                runs.push(run(bytes, &atom, init)?);
            }
        }
        if runs.iter().all(|run| run.samples == 0) {
            return Err(Fmp4Error::Value(*b"moof"));
        }
        Ok(Self { sequence, runs })
    }

    /// The picture's run, when the fragment has pictures.
    pub fn video(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.video && run.samples > 0)
    }

    /// When the earliest sample of any track is decoded.
    pub fn start_us(&self) -> u64 {
        self.runs.iter().map(Run::start_us).min().unwrap_or(0)
    }

    /// When the last sample of any track has been played.
    pub fn end_us(&self) -> u64 {
        self.runs.iter().map(Run::end_us).max().unwrap_or(0)
    }
}

impl Run {
    pub fn start_us(&self) -> u64 {
        micros(self.start, self.timescale)
    }

    /// Rounded up, so that what is placed there never overlaps.
    pub fn end_us(&self) -> u64 {
        let ticks = u128::from(self.start) + u128::from(self.duration);
        let us = (ticks * MICROS).div_ceil(u128::from(self.timescale));
        u64::try_from(us).unwrap_or(u64::MAX)
    }
}

/// Moves a fragment `offset_us` later and gives it this sequence number, in place.
///
/// # Errors
/// When a track has no decode time, or it would not fit the box. Some boxes may have been patched by then.
pub fn shift(
    bytes: &mut [u8],
    init: &Init,
    offset_us: u64,
    sequence: u32,
) -> Result<(), Fmp4Error> {
    let moof = first_moof(bytes)?;
    let mfhd = find(bytes, moof.body.clone(), *b"mfhd")?.body.start + 4;
    put(bytes, mfhd, &sequence.to_be_bytes(), *b"mfhd")?;
    let trafs: Vec<Atom> = atoms(bytes, moof.body).collect::<Result<_, _>>()?;
    for traf in trafs.iter().filter(|atom| atom.kind == *b"traf") {
        let (_, track) = header(bytes, traf, init)?;
        let ticks = (u128::from(offset_us) * u128::from(track.timescale)).div_ceil(MICROS);
        let ticks = u64::try_from(ticks).map_err(|_| Fmp4Error::Value(*b"tfdt"))?;
        let tfdt = find(bytes, traf.body.clone(), *b"tfdt")?.body;
        let (start, long) = decode_time(&bytes[tfdt.clone()])?;
        let moved = start.checked_add(ticks).ok_or(Fmp4Error::Value(*b"tfdt"))?;
        if long {
            put(bytes, tfdt.start + 4, &moved.to_be_bytes(), *b"tfdt")?;
        } else {
            let moved = u32::try_from(moved).map_err(|_| Fmp4Error::Value(*b"tfdt"))?;
            put(bytes, tfdt.start + 4, &moved.to_be_bytes(), *b"tfdt")?;
        }
    }
    Ok(())
}

fn put(bytes: &mut [u8], at: usize, value: &[u8], kind: [u8; 4]) -> Result<(), Fmp4Error> {
    let place = bytes.get_mut(at..at + value.len()).ok_or(Fmp4Error::Short(kind))?;
    place.copy_from_slice(value);
    Ok(())
}

fn first_moof(bytes: &[u8]) -> Result<Atom, Fmp4Error> {
    let first = atoms(bytes, 0..bytes.len()).next().ok_or(Fmp4Error::Missing(*b"moof"))??;
    if first.kind == *b"moof" { Ok(first) } else { Err(Fmp4Error::Order(first.kind)) }
}

/// The decode time, and whether it is stored in 64 bits.
fn decode_time(tfdt: &[u8]) -> Result<(u64, bool), Fmp4Error> {
    let long = tfdt.first() == Some(&1);
    let start = if long { u64_at(tfdt, 4) } else { u32_at(tfdt, 4).map(u64::from) };
    Ok((start.ok_or(Fmp4Error::Short(*b"tfdt"))?, long))
}

/// Defaults of a track fragment.
struct Defaults {
    duration: u32,
    flags: u32,
}

fn header<'a>(
    bytes: &[u8],
    traf: &Atom,
    init: &'a Init,
) -> Result<(Defaults, &'a Track), Fmp4Error> {
    let tfhd = &bytes[find(bytes, traf.body.clone(), *b"tfhd")?.body];
    let short = Fmp4Error::Short(*b"tfhd");
    let flags = u32_at(tfhd, 0).ok_or(short)?;
    let id = u32_at(tfhd, 4).ok_or(short)?;
    let track = init.track(id).ok_or(Fmp4Error::Value(*b"tfhd"))?;
    let mut defaults = Defaults { duration: track.sample_duration, flags: track.sample_flags };
    let mut at = 8;
    // Optional fields stand in the order of their flags: base offset, description, duration, size, flags.
    for (bit, len) in [(1, 8), (2, 4), (8, 4), (0x10, 4), (0x20, 4)] {
        if flags & bit == 0 {
            continue;
        }
        if bit == 8 {
            defaults.duration = u32_at(tfhd, at).ok_or(short)?;
        }
        if bit == 0x20 {
            defaults.flags = u32_at(tfhd, at).ok_or(short)?;
        }
        at += len;
    }
    Ok((defaults, track))
}

fn run(bytes: &[u8], traf: &Atom, init: &Init) -> Result<Run, Fmp4Error> {
    let (defaults, track) = header(bytes, traf, init)?;
    let tfdt = find(bytes, traf.body.clone(), *b"tfdt")?.body;
    let (start, _) = decode_time(&bytes[tfdt])?;
    let mut run = Run {
        track: track.id,
        video: matches!(track.kind, TrackKind::Video { .. }),
        timescale: track.timescale,
        start,
        duration: 0,
        samples: 0,
        key: false,
    };
    for atom in atoms(bytes, traf.body.clone()) {
        let atom = atom?;
        if atom.kind == *b"trun" {
            add_samples(&mut run, bytes, atom.body, &defaults)?;
        }
    }
    Ok(run)
}

fn add_samples(
    run: &mut Run,
    bytes: &[u8],
    trun: Range<usize>,
    defaults: &Defaults,
) -> Result<(), Fmp4Error> {
    let trun = &bytes[trun];
    let short = Fmp4Error::Short(*b"trun");
    let (flags, count) = (u32_at(trun, 0).ok_or(short)?, u32_at(trun, 4).ok_or(short)?);
    let mut at = 8 + if flags & 1 == 0 { 0 } else { 4 };
    let mut first_flags = None;
    if flags & 4 != 0 {
        first_flags = Some(u32_at(trun, at).ok_or(short)?);
        at += 4;
    }
    let width = (flags & 0xf00).count_ones() as usize * 4;
    let samples = trun.get(at..).ok_or(short)?;
    if width > 0 && samples.len() / width < usize::try_from(count).unwrap_or(usize::MAX) {
        return Err(short);
    }
    if first_flags.is_none() && flags & 0x400 != 0 {
        // Before the flags of a sample stand its duration and size, when given.
        first_flags = u32_at(samples, (flags & 0x300).count_ones() as usize * 4);
    }
    let duration = if flags & 0x100 == 0 {
        u64::from(count) * u64::from(defaults.duration)
    } else {
        let each = samples.chunks_exact(width).take(count as usize);
        each.map(|sample| u64::from(u32_at(sample, 0).unwrap_or(0))).sum()
    };
    if run.samples == 0 && count > 0 {
        run.key = first_flags.unwrap_or(defaults.flags) & NON_SYNC == 0;
    }
    run.samples = run.samples.saturating_add(count);
    run.duration = run.duration.saturating_add(duration);
    Ok(())
}

fn micros(ticks: u64, timescale: u32) -> u64 {
    let us = u128::from(ticks) * MICROS / u128::from(timescale);
    u64::try_from(us).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
