//! Cuts the encoder's pipe into whole parts. Looks at box headers only; what is inside a part is not its affair.

use super::boxes::head;
use super::{Fmp4Error, PART_MAX};

/// A whole piece of the stream, ready to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// `ftyp` and `moov`.
    Init(Vec<u8>),
    /// `moof` and `mdat`.
    Fragment(Vec<u8>),
}

/// Gathers bytes until a part is whole; holds at most one part and what arrived behind it.
#[derive(Debug, Default)]
pub struct Splitter {
    held: Vec<u8>,
    /// Bytes of `held` already known to be whole boxes of the part in hand.
    whole: usize,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    AfterFtyp,
    Between,
    AfterMoof,
    Broken(Fmp4Error),
}

impl Splitter {
    /// Adds what arrived; whole parts go to `out`, also those that came before an error.
    ///
    /// # Errors
    /// When the bytes are no fragmented MP4. The stream cannot be read on: every later push fails alike.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Part>) -> Result<(), Fmp4Error> {
        if let Place::Broken(error) = self.place {
            return Err(error);
        }
        self.held.extend_from_slice(bytes);
        loop {
            match self.step(out) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    (self.place, self.held) = (Place::Broken(error), Vec::new());
                    return Err(error);
                }
            }
        }
    }

    /// Takes one box off; false when it is not whole yet.
    fn step(&mut self, out: &mut Vec<Part>) -> Result<bool, Fmp4Error> {
        let Some(head) = head(&self.held[self.whole..])? else {
            return Ok(false);
        };
        let next = place_after(self.place, head.kind)?;
        let size = usize::try_from(head.size).map_err(|_| Fmp4Error::TooLarge(head.kind))?;
        let end = self.whole.saturating_add(size);
        if end > PART_MAX {
            return Err(Fmp4Error::TooLarge(head.kind));
        }
        if self.held.len() < end {
            return Ok(false);
        }
        match (self.place, next) {
            (Place::Start, Place::AfterFtyp) | (Place::Between, Place::AfterMoof) => {
                self.whole = end;
            }
            (Place::AfterFtyp, _) => out.push(Part::Init(self.take(end))),
            (Place::AfterMoof, _) => out.push(Part::Fragment(self.take(end))),
            // A box between the parts that players do not need.
            (Place::Start | Place::Between | Place::Broken(_), _) => drop(self.take(end)),
        }
        self.place = next;
        Ok(true)
    }

    fn take(&mut self, end: usize) -> Vec<u8> {
        self.whole = 0;
        let rest = self.held.split_off(end);
        std::mem::replace(&mut self.held, rest)
    }
}

/// The grammar: ftyp moov, then (moof mdat) with the odd box of no interest in between.
fn place_after(place: Place, kind: [u8; 4]) -> Result<Place, Fmp4Error> {
    match (place, &kind) {
        (Place::Start, b"ftyp") => Ok(Place::AfterFtyp),
        (Place::AfterFtyp, b"moov") | (Place::AfterMoof, b"mdat") => Ok(Place::Between),
        (Place::Between, b"moof") => Ok(Place::AfterMoof),
        (
            Place::Start | Place::Between,
            b"styp" | b"sidx" | b"free" | b"skip" | b"emsg" | b"prft" | b"mfra" | b"uuid",
        ) => Ok(place),
        (_, b"ftyp" | b"moov" | b"moof" | b"mdat" | b"styp" | b"sidx" | b"free" | b"skip") => {
            Err(Fmp4Error::Order(kind))
        }
        _ => Err(Fmp4Error::Unknown(kind)),
    }
}

#[cfg(test)]
mod tests;
