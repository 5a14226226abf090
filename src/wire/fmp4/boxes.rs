//! The box grammar of ISO 14496-12: a size, four letters, a body. Knows no box by name.

use std::ops::Range;

use super::Fmp4Error;

/// One box; `body` and `whole` are ranges of the bytes the walk was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    pub kind: [u8; 4],
    pub whole: Range<usize>,
    pub body: Range<usize>,
}

/// The boxes that lie side by side in `range` of `bytes`. Stops after the first error.
pub fn atoms(bytes: &[u8], range: Range<usize>) -> Atoms<'_> {
    Atoms { bytes, at: range.start, end: range.end.min(bytes.len()) }
}

/// The first box of this kind in `range`.
pub fn find(bytes: &[u8], range: Range<usize>, kind: [u8; 4]) -> Result<Atom, Fmp4Error> {
    for atom in atoms(bytes, range) {
        let atom = atom?;
        if atom.kind == kind {
            return Ok(atom);
        }
    }
    Err(Fmp4Error::Missing(kind))
}

pub struct Atoms<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl Iterator for Atoms<'_> {
    type Item = Result<Atom, Fmp4Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let start = self.at;
        // Whatever is wrong ends the walk, so that a caller's loop ends too.
        self.at = self.end;
        let head = match head(&self.bytes[start..self.end]) {
            Ok(Some(head)) => head,
            Ok(None) => return Some(Err(Fmp4Error::Short(*b"----"))),
            Err(error) => return Some(Err(error)),
        };
        let room = self.end - start;
        let Some(size) = usize::try_from(head.size).ok().filter(|size| *size <= room) else {
            return Some(Err(Fmp4Error::Size(head.kind)));
        };
        self.at = start + size;
        let (whole, body) = (start..self.at, start + head.len..self.at);
        Some(Ok(Atom { kind: head.kind, whole, body }))
    }
}

/// A box's header: its letters, the size of the whole box, and how long the header is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub kind: [u8; 4],
    pub size: u64,
    pub len: usize,
}

/// `None` when more bytes are needed. A box "to the end of the file" (size 0) is refused: nothing of ours is.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, Fmp4Error> {
    let (Some(short), Some(kind)) = (u32_at(bytes, 0), array_at::<4>(bytes, 4)) else {
        return Ok(None);
    };
    let (size, len) = if short == 1 {
        let Some(long) = u64_at(bytes, 8) else {
            return Ok(None);
        };
        (long, 16)
    } else {
        (u64::from(short), 8)
    };
    if size < len as u64 {
        return Err(Fmp4Error::Size(kind));
    }
    Ok(Some(Head { kind, size, len }))
}

pub fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_be_bytes)
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_be_bytes)
}

pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_be_bytes)
}
