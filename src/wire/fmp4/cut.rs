//! Groups fragments into segments of about two seconds. Knows fragments only by where they lie and when they play.

use crate::model::Millis;
use crate::model::recording::Segment;

use super::fragment::Fragment;

/// A segment is cut at the first key frame at or after this long.
const SEGMENT_US: u64 = 2_000_000;
/// An encoder that owes a key frame for this long is not waited for.
const SEGMENT_US_MAX: u64 = 6_000_000;
/// Key frames come on the second give or take a tick.
const SLACK_US: u64 = 50_000;

/// A fragment as it lies in the file, its seal included in `len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub offset: u64,
    pub len: u64,
    /// Of the picture; of the sound when there is no picture in it.
    pub start_us: u64,
    pub end_us: u64,
    /// End of the longest track: nothing after it may begin earlier.
    pub until_us: u64,
    pub key: bool,
    pub pictures: u32,
    pub gap: bool,
    pub at: Millis,
}

impl Piece {
    pub fn of(fragment: &Fragment, offset: u64, len: u64, at: Millis, gap: bool) -> Self {
        let until_us = fragment.end_us();
        let video = fragment.video();
        let (start_us, end_us) =
            video.map_or((fragment.start_us(), until_us), |run| (run.start_us(), run.end_us()));
        let key = video.is_some_and(|run| run.key);
        let pictures = video.map_or(0, |run| run.samples);
        Self { offset, len, start_us, end_us, until_us, key, pictures, gap, at }
    }
}

/// Holds the segment that is growing.
#[derive(Clone, Debug, Default)]
pub struct Cutter {
    open: Option<Open>,
}

#[derive(Clone, Debug)]
struct Open {
    segment: Segment,
    end_us: u64,
}

impl Cutter {
    /// Adds a piece; gives back the segment that it closes, which does not contain it.
    pub fn push(&mut self, piece: &Piece) -> Option<Segment> {
        let Some(open) = &mut self.open else {
            self.open = Some(Open::at(piece));
            return None;
        };
        let age = piece.start_us.saturating_sub(open.segment.start_us);
        let due = piece.key && age.saturating_add(SLACK_US) >= SEGMENT_US || age >= SEGMENT_US_MAX;
        if !piece.gap && (!due || open.segment.pictures == 0) {
            open.add(piece);
            return None;
        }
        if !piece.gap {
            // The segments of one run touch, whatever single sample durations say.
            open.end_us = piece.start_us;
        }
        let closed = self.close();
        self.open = Some(Open::at(piece));
        closed
    }

    /// Closes the growing segment: the lesson, or the encoder's run, is over.
    pub fn close(&mut self) -> Option<Segment> {
        let Open { mut segment, end_us } = self.open.take()?;
        segment.span_us = end_us.saturating_sub(segment.start_us);
        // Sound without a picture is no segment: nothing of it could be shown.
        (segment.pictures > 0 && segment.span_us > 0).then_some(segment)
    }
}

impl Open {
    fn at(piece: &Piece) -> Self {
        let segment = Segment {
            offset: piece.offset,
            len: piece.len,
            start_us: piece.start_us,
            span_us: 0,
            key: piece.key,
            gap: piece.gap,
            at: piece.at,
            pictures: piece.pictures,
        };
        Self { segment, end_us: piece.end_us }
    }

    fn add(&mut self, piece: &Piece) {
        if self.segment.pictures == 0 {
            self.segment.key = piece.key;
        }
        self.segment.len += piece.len;
        self.segment.pictures = self.segment.pictures.saturating_add(piece.pictures);
        self.end_us = self.end_us.max(piece.end_us);
    }
}

#[cfg(test)]
mod tests;
