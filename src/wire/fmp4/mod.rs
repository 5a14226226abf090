//! Fragmented MP4 as the recorder meets it: an init part, then fragments of a fifth of a second.
//!
//! `split` cuts a pipe's bytes into whole parts, `init` and `fragment` read them, `trailer` seals each part in
//! the file, `cut` groups fragments into segments, `scan` finds what a file still holds after a crash.
//! Nothing here decodes a picture, opens a file or knows what time it is.

pub mod boxes;
pub mod cut;
pub mod fragment;
pub mod init;
pub mod scan;
pub mod split;
pub mod trailer;

#[cfg(test)]
pub mod samples;

/// A part larger than this is garbage: two hundred times a fragment at 3 Mbit/s, and it is held in memory.
pub const PART_MAX: usize = 16 << 20;

/// Why bytes are not fragmented MP4 as we write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fmp4Error {
    /// The bytes end inside the named box.
    Short([u8; 4]),
    /// A box of a kind that has no business here.
    Unknown([u8; 4]),
    /// A known box where it may not stand.
    Order([u8; 4]),
    /// A size smaller than its own header, or beyond the box around it.
    Size([u8; 4]),
    TooLarge([u8; 4]),
    /// A box that must be there is not.
    Missing([u8; 4]),
    /// A number in the named box makes no sense.
    Value([u8; 4]),
}

impl std::fmt::Display for Fmp4Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (what, kind) = match self {
            Self::Short(kind) => ("bytes end inside", kind),
            Self::Unknown(kind) => ("unknown box", kind),
            Self::Order(kind) => ("misplaced box", kind),
            Self::Size(kind) => ("impossible size of", kind),
            Self::TooLarge(kind) => ("too large a part at", kind),
            Self::Missing(kind) => ("no box", kind),
            Self::Value(kind) => ("impossible value in", kind),
        };
        write!(f, "{what} '{}'", kind.escape_ascii())
    }
}

impl std::error::Error for Fmp4Error {}
