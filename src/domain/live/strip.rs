//! What one lesson has shown lately: whole parts of the last seconds, and where the parts of the last segments lie.
//! Knows no viewer and no clock.

use std::collections::VecDeque;

use crate::model::Millis;
use crate::model::live::{Film, Listed, Part, Row, Shown};
use crate::model::recording::Segment;

/// Parts in memory: ten seconds of fragments, all that a playlist names. No part is read from the disk.
const PARTS: usize = 50;
/// ... and no more than this, whatever the encoder does.
const BYTES: usize = 8 << 20;
/// Segments whose parts are remembered: more than a playlist names, and than the recorder's notes can be late.
const SEGMENTS: usize = 32;

/// The newest of a lesson.
#[derive(Default)]
pub struct Strip {
    parts: VecDeque<Part>,
    bytes: usize,
    /// Number of the part after the newest, counted since the box began to show this lesson.
    next: u64,
    cut: VecDeque<Listed>,
    open: Option<Listed>,
    ended: bool,
}

impl Strip {
    pub(super) fn take(&mut self, shown: Shown) {
        match shown {
            Shown::Cut { take, segment } => self.cut(take, segment),
            Shown::Part(part) => self.add(part),
        }
    }

    fn cut(&mut self, take: u32, segment: Segment) {
        let open = self.open.take().filter(|open| open.take == take);
        // A segment that was begun before the box was there to show it is in the list of the recording.
        let Some(open) = open.filter(|open| open.segment.offset == segment.offset) else { return };
        if self.cut.len() == SEGMENTS {
            self.cut.pop_front();
        }
        self.cut.push_back(Listed { segment, ..open });
    }

    fn add(&mut self, part: Part) {
        let len = part.bytes.len() as u64;
        let span_us = part.end_us.saturating_sub(part.start_us);
        let row = Row { offset: part.offset, len, span_us, key: part.key };
        let goes_on = |open: &&mut Listed| !part.gap && open.take == part.film.take;
        match self.open.as_mut().filter(goes_on) {
            Some(open) => open.add(&part, row),
            None => self.open = Some(Listed::begun(&part, row)),
        }
        self.bytes += part.bytes.len();
        self.parts.push_back(part);
        self.next += 1;
        while self.parts.len() > PARTS || self.bytes > BYTES && self.parts.len() > 1 {
            let Some(gone) = self.parts.pop_front() else { return };
            self.bytes -= gone.bytes.len();
            // A segment's parts are named together or not at all.
            let holds = |listed: &&mut Listed| {
                let first = listed.parts.first().map(|row| row.offset);
                (listed.take, first) == (gone.film.take, Some(gone.offset))
            };
            self.cut.iter_mut().find(holds).into_iter().for_each(|listed| listed.parts.clear());
        }
    }

    pub(super) fn close(&mut self) {
        self.ended = true;
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Number of the part after the newest.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn first(&self) -> u64 {
        self.next - self.parts.len() as u64
    }

    /// The newest part that begins with a key frame.
    pub(super) fn newest_key(&self) -> Option<u64> {
        let back = self.parts.iter().rev().position(|part| part.key)?;
        Some(self.next - 1 - back as u64)
    }

    /// The newest part that begins with a key frame.
    pub fn key(&self) -> Option<&Part> {
        self.parts.iter().rfind(|part| part.key)
    }

    /// The parts from number `from` on.
    pub(super) fn since(&self, from: u64) -> impl Iterator<Item = &Part> {
        let skip = usize::try_from(from.saturating_sub(self.first())).unwrap_or(usize::MAX);
        self.parts.iter().skip(skip)
    }

    /// How much film lies between a part and the newest.
    pub(super) fn behind(&self, from: u64) -> Millis {
        let first = self.since(from).next().map_or(0, |part| part.start_us);
        let newest = self.parts.back().map_or(0, |part| part.end_us);
        Millis(i64::try_from(newest.saturating_sub(first) / 1000).unwrap_or(i64::MAX))
    }

    /// Somebody who comes now sees something at once.
    pub fn has_picture(&self) -> bool {
        self.key().is_some()
    }

    /// Segments that are cut, oldest first.
    pub fn segments(&self) -> impl Iterator<Item = &Listed> {
        self.cut.iter()
    }

    /// The segment that grows, once there is a picture in it: one without will be no segment.
    pub fn open(&self) -> Option<&Listed> {
        self.open.as_ref().filter(|open| open.segment.pictures > 0)
    }

    /// The part that lies at `offset` of a take's file.
    pub fn part(&self, take: u32, offset: u64) -> Option<&Part> {
        self.parts.iter().rfind(|part| part.film.take == take && part.offset == offset)
    }

    /// Where the next part of a take will lie.
    pub fn end(&self, take: u32) -> Option<u64> {
        let last = self.parts.iter().rfind(|part| part.film.take == take)?;
        Some(last.offset + last.bytes.len() as u64)
    }

    /// What is known of the film that runs.
    pub fn film(&self) -> Option<&Film> {
        self.parts.back().map(|part| &*part.film)
    }

    /// How far the segments of a take reach that are cut.
    pub fn cut_end(&self, take: u32) -> Option<u64> {
        let last = self.cut.iter().rfind(|listed| listed.take == take)?;
        Some(last.segment.offset + last.segment.len)
    }
}
