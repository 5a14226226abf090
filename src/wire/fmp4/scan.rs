//! Finds what a recording's file still holds after a crash. It asks for ranges of bytes and is fed them; the size
//! and seal of every fragment are checked, and the CRC of those that a power cut may have harmed.
//! Never opens the file and never changes it: cutting the torn tail is the caller's.

use crate::model::recording::Take;

use super::boxes::head;
use super::cut::{Cutter, Piece};
use super::fragment::Fragment;
use super::init::Init;
use super::trailer::{self, SEAL_LEN, Seal};
use super::{Fmp4Error, PART_MAX};

/// What was written this long before the end may have been on its way to the disk. We sync each 300 ms, so this
/// is ten times what a disk that keeps its word can lose.
const DOUBT_US: u64 = 5_000_000;
/// As many fragments at least, and at most: an encoder whose times jump must neither hide the torn ones nor have a
/// whole lesson read again. One of 200 ms makes 25 of them in that time.
const DOUBTED: std::ops::RangeInclusive<usize> = 25..=250;
/// Read ahead at each fragment: its `moof` and the header of its `mdat`.
const PEEK: usize = 4096;
/// A `moof` of 200 ms is some hundred bytes.
const MOOF_MAX: usize = 1 << 20;
/// An init part is about 1.2 KB.
const INIT_PEEK: usize = 16 << 10;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read this range (it lies within the file) and `feed` it.
    Read {
        offset: u64,
        len: usize,
    },
    Done,
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub init: Init,
    /// The init part as the encoder wrote it, without its seal.
    pub init_bytes: Vec<u8>,
    pub pieces: Vec<Piece>,
    /// Bytes up to the end of the last whole fragment.
    pub valid: u64,
}

impl Found {
    /// Where on the timeline all of it ends, sound and picture.
    pub fn until_us(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.until_us).max().unwrap_or(0)
    }

    /// The take as it is served: the last segment is closed where the picture ends.
    pub fn take(&self, number: u32, name: String) -> Take {
        let (mut cutter, mut segments) = (Cutter::default(), Vec::new());
        for piece in &self.pieces {
            segments.extend(cutter.push(piece));
        }
        segments.extend(cutter.close());
        let (width, height) = self.init.size();
        Take {
            number,
            name,
            init_len: (self.init_bytes.len() + SEAL_LEN) as u64,
            codecs: self.init.codecs(),
            width,
            height,
            segments,
            bytes: self.valid,
            span_us: self.pieces.iter().map(|piece| piece.end_us).max().unwrap_or(0),
            pictures: self.pieces.iter().map(|piece| u64::from(piece.pictures)).sum(),
        }
    }
}

/// The walk through one file.
#[derive(Debug)]
pub struct Scanner {
    size: u64,
    state: State,
    found: Option<Found>,
}

#[derive(Debug)]
enum State {
    /// Wants this much of the beginning.
    Init(usize),
    /// Wants this much from the start of the next fragment.
    Head(usize),
    /// Knows the fragment; wants its seal and a look at what follows.
    Seal {
        fragment: Fragment,
        len: u64,
    },
    /// Wants the whole of piece `at`; those before it from `from` on are sound, and all from `sure` on.
    Check {
        at: usize,
        from: usize,
        sure: usize,
    },
    Done,
}

impl Scanner {
    pub fn new(size: u64) -> Self {
        Self { size, state: State::Init(INIT_PEEK), found: None }
    }

    pub fn step(&self) -> Step {
        let at = self.found.as_ref().map_or(0, |found| found.valid);
        let (offset, len) = match &self.state {
            State::Init(len) | State::Head(len) => (at, *len),
            State::Seal { len, .. } => (at + len, SEAL_LEN + PEEK),
            State::Check { at, .. } => match self.piece(*at) {
                Some(piece) => (piece.offset, usize::try_from(piece.len).unwrap_or(usize::MAX)),
                None => return Step::Done,
            },
            State::Done => return Step::Done,
        };
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        Step::Read { offset, len: len.min(left) }
    }

    /// Takes what was read at the last step; fewer bytes than asked for count as the end of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        let next = match std::mem::replace(&mut self.state, State::Done) {
            State::Init(asked) => self.on_init(bytes, asked),
            State::Head(asked) => self.on_head(bytes, asked),
            State::Seal { fragment, len } => self.on_seal(bytes, &fragment, len),
            State::Check { at, from, sure } => self.on_check(bytes, at, from, sure),
            State::Done => Some(State::Done),
        };
        self.state = next.unwrap_or_else(|| self.doubtful(usize::MAX));
    }

    /// `None` when not even the init part is whole: the file holds nothing.
    pub fn found(self) -> Option<Found> {
        self.found
    }

    fn piece(&self, index: usize) -> Option<&Piece> {
        self.found.as_ref()?.pieces.get(index)
    }

    /// The walk is over: go back to the first piece that may be worse than it looks. Those from `sure` on are not.
    fn doubtful(&self, sure: usize) -> State {
        let Some(found) = &self.found else {
            return State::Done;
        };
        let end = found.pieces.last().map_or(0, |piece| piece.end_us);
        let since = end.saturating_sub(DOUBT_US);
        let late = found.pieces.iter().rev().take_while(|piece| piece.end_us > since).count();
        let late = late.clamp(*DOUBTED.start(), *DOUBTED.end());
        let from = found.pieces.len().saturating_sub(late);
        let sure = sure.min(found.pieces.len());
        if from < sure { State::Check { at: from, from, sure } } else { State::Done }
    }

    fn on_init(&mut self, bytes: &[u8], asked: usize) -> Option<State> {
        let whole = init_len(bytes).ok()?;
        let sealed = whole + SEAL_LEN;
        if bytes.len() < sealed {
            let more = asked < sealed && self.size >= sealed as u64;
            return more.then_some(State::Init(sealed));
        }
        trailer::verify(&bytes[..sealed])?;
        let init = Init::parse(&bytes[..whole]).ok()?;
        let init_bytes = bytes[..whole].to_vec();
        let valid = sealed as u64;
        self.found = Some(Found { init, init_bytes, pieces: Vec::new(), valid });
        self.on_head(&bytes[sealed..], 0)
    }

    /// At the start of a fragment, or of the tail. `asked` is 0 when the bytes are a by-catch.
    fn on_head(&mut self, bytes: &[u8], asked: usize) -> Option<State> {
        let found = self.found.as_ref()?;
        let left = self.size.saturating_sub(found.valid);
        // Asking again for what was asked already would never end: the file cannot give it.
        let more = |need: usize| {
            (asked < need && left >= need as u64).then_some(State::Head(need.max(PEEK)))
        };
        let Some(moof) = head(bytes).ok()? else {
            return more(16);
        };
        let moof_len = usize::try_from(moof.size).ok().filter(|len| *len <= MOOF_MAX)?;
        if moof.kind != *b"moof" {
            return None;
        }
        let need = moof_len + 16;
        if bytes.len() < need {
            return more(need);
        }
        let mdat = head(&bytes[moof_len..]).ok()??;
        let len = moof.size.checked_add(mdat.size)?;
        let fits = mdat.kind == *b"mdat" && len.checked_add(SEAL_LEN as u64)? <= left;
        if !fits || len > PART_MAX as u64 {
            return None;
        }
        let fragment = Fragment::parse(&bytes[..moof_len], &found.init).ok()?;
        Some(State::Seal { fragment, len })
    }

    fn on_seal(&mut self, bytes: &[u8], fragment: &Fragment, len: u64) -> Option<State> {
        let found = self.found.as_mut()?;
        let Seal { len: sealed, at, gap } = trailer::read(bytes.get(..SEAL_LEN)?)?;
        if u64::from(sealed) != len {
            return None;
        }
        let whole = len + SEAL_LEN as u64;
        found.pieces.push(Piece::of(fragment, found.valid, whole, at, gap));
        found.valid += whole;
        self.on_head(&bytes[SEAL_LEN..], 0)
    }

    fn on_check(&mut self, bytes: &[u8], at: usize, from: usize, sure: usize) -> Option<State> {
        let found = self.found.as_mut()?;
        if trailer::verify(bytes).is_some() {
            let next = State::Check { at: at + 1, from, sure };
            return Some(if at + 1 < sure { next } else { State::Done });
        }
        found.valid = found.pieces.get(at)?.offset;
        found.pieces.truncate(at);
        // The end is earlier now, or the time that it had was damaged too.
        Some(self.doubtful(from))
    }
}

/// Length of `ftyp` and `moov`, which the file must begin with.
fn init_len(bytes: &[u8]) -> Result<usize, Fmp4Error> {
    let mut at = 0;
    for kind in [*b"ftyp", *b"moov"] {
        let head = head(bytes.get(at..).unwrap_or_default())?.ok_or(Fmp4Error::Short(kind))?;
        let size = usize::try_from(head.size).ok().filter(|size| *size <= PART_MAX);
        at += size.filter(|_| head.kind == kind).ok_or(Fmp4Error::Order(head.kind))?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests;
