//! What is shown of a recording while it grows: each fragment as it was cut from the encoder's stream, before it is
//! safe on the disk. Plain values, and the way by which the recorder hands them on.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::model::Millis;
use crate::model::recording::{Segment, Track};

/// A take, as somebody must know it to decode its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Film {
    /// The take's number.
    pub take: u32,
    /// What a decoder is told first: the beginning of the take's file.
    pub init: Bytes,
    /// How long it is in the file, with its seal.
    pub init_len: u64,
    /// RFC 6381: `avc1.64001f,mp4a.40.2`.
    pub codecs: String,
    pub width: u32,
    pub height: u32,
    /// No part is longer when all goes well.
    pub part_us: u64,
}

/// A fragment of about a fifth of a second; its bytes lie, or will lie, at `offset` of the take's file.
#[derive(Clone, Debug)]
pub struct Part {
    pub film: Arc<Film>,
    pub offset: u64,
    /// One copy for the file and for everybody who watches.
    pub bytes: Bytes,
    /// On the timeline whose 0 is the lesson's start.
    pub start_us: u64,
    pub end_us: u64,
    /// Begins with a key frame.
    pub key: bool,
    /// The picture was interrupted before it.
    pub gap: bool,
    pub pictures: u32,
    /// Wall time at which its first picture was taken.
    pub at: Millis,
}

/// Parts of one segment that are remembered: an encoder that owes a key frame ends it after six seconds.
const PARTS_OF_ONE: usize = 64;

/// A segment and its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub take: u32,
    pub init_len: u64,
    /// Of one that is not cut yet: what it has so far.
    pub segment: Segment,
    pub parts: Vec<Row>,
}

/// Where a part lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub offset: u64,
    pub len: u64,
    pub span_us: u64,
    pub key: bool,
}

impl Listed {
    /// With its first part.
    pub fn begun(part: &Part, row: Row) -> Self {
        let segment = Segment {
            offset: part.offset,
            len: row.len,
            start_us: part.start_us,
            span_us: row.span_us,
            key: part.key,
            gap: part.gap,
            at: part.at,
            pictures: part.pictures,
        };
        let Film { take, init_len, .. } = *part.film;
        Self { take, init_len, segment, parts: vec![row] }
    }

    pub fn add(&mut self, part: &Part, row: Row) {
        let segment = &mut self.segment;
        segment.len += row.len;
        segment.pictures = segment.pictures.saturating_add(part.pictures);
        segment.span_us = part.end_us.saturating_sub(segment.start_us);
        if self.parts.len() < PARTS_OF_ONE {
            self.parts.push(row);
        }
    }
}

/// What the recorder shows, in the order of the film.
#[derive(Clone, Debug)]
pub enum Shown {
    /// The parts up to here are this segment; the next part begins another one.
    Cut {
        take: u32,
        segment: Segment,
    },
    Part(Part),
}

type ShowFn = dyn Fn(Track, Shown) + Send + Sync;

/// Where the recorder shows what it records. Never waits: the byte path goes on at once.
#[derive(Clone)]
pub struct Show(Arc<ShowFn>);

impl Show {
    pub fn new(show: impl Fn(Track, Shown) + Send + Sync + 'static) -> Self {
        Self(Arc::new(show))
    }

    /// Nobody looks.
    pub fn nobody() -> Self {
        Self::new(|_, _| ())
    }

    /// The same for one picture of a lesson.
    pub fn of(&self, track: Track) -> Screen {
        Screen { track, show: self.clone() }
    }
}

impl fmt::Debug for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Show")
    }
}

/// Where one picture of a lesson is shown.
#[derive(Clone, Debug)]
pub struct Screen {
    track: Track,
    show: Show,
}

impl Screen {
    pub fn show(&self, shown: Shown) {
        (self.show.0)(self.track, shown);
    }
}
