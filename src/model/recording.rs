//! A recording as plain values: what the recorder tells, what the store keeps and what the playlists serve.
//! Nothing here opens a file, knows MP4 or talks to an encoder.

use std::fmt;
use std::path::PathBuf;

use crate::model::quality::Flaw;
use crate::model::{Millis, RoomId};

/// Which of a lesson's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// The camera's, with the lesson's sound.
    Teacher,
    /// What the class is shown. It has no sound of its own.
    Slides,
}

/// One picture of one lesson: recorded, shown and kept by itself, with the same 0 of its time as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Track {
    pub room: RoomId,
    pub view: View,
}

impl Track {
    pub const fn teacher(room: RoomId) -> Self {
        Self { room, view: View::Teacher }
    }

    pub const fn slides(room: RoomId) -> Self {
        Self { room, view: View::Slides }
    }
}

/// The lesson's number alone is its teacher's picture.
impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.room.fmt(f)?;
        match self.view {
            View::Teacher => Ok(()),
            View::Slides => f.write_str("/slides"),
        }
    }
}

/// One file of a recording: an init part, then fragments that only ever get more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Take {
    /// 1 for the first; a new one begins only when the encoder's parameters change.
    pub number: u32,
    /// File name inside the recording's folder, `1.mp4`.
    pub name: String,
    /// Bytes of the init part, with its trailer: what an HLS client loads first.
    pub init_len: u64,
    /// RFC 6381: `avc1.64001f,mp4a.40.2`.
    pub codecs: String,
    pub width: u32,
    pub height: u32,
    pub segments: Vec<Segment>,
    /// Valid bytes of the file; may run ahead of the last closed segment.
    pub bytes: u64,
    /// Where the picture ends on the timeline whose 0 is the lesson's start.
    pub span_us: u64,
    pub pictures: u64,
}

/// What HLS serves as one piece: about two seconds, beginning with a key frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub offset: u64,
    pub len: u64,
    /// On the timeline whose 0 is the lesson's start.
    pub start_us: u64,
    pub span_us: u64,
    /// Begins with a key frame; false only when the encoder owed one for too long.
    pub key: bool,
    /// The picture was interrupted before it.
    pub gap: bool,
    /// Wall time at which its first picture was taken.
    pub at: Millis,
    pub pictures: u32,
}

/// A picture of a lesson to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub room: RoomId,
    pub view: View,
    /// The lesson's own folder; made when absent. See [`Job::dir`].
    pub folder: PathBuf,
    /// Wall time of the lesson's start, 0 of the timeline.
    pub zero: Millis,
    /// Name of the input on the board.
    pub source: String,
}

/// Where the slides of a lesson lie in its folder.
pub const SLIDES: &str = "slides";

impl Job {
    pub fn track(&self) -> Track {
        Track { room: self.room, view: self.view }
    }

    /// Where its takes lie. The slides' are inside the lesson's folder: whatever moves or deletes that takes them along.
    pub fn dir(&self) -> PathBuf {
        match self.view {
            View::Teacher => self.folder.clone(),
            View::Slides => self.folder.join(SLIDES),
        }
    }
}

/// What the domain asks of the recorder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Record a new lesson until told otherwise. A folder that is not empty belongs to somebody else (a restore
    /// may hand numbers out again): it is moved aside to `<folder>.before-<wall ms>` and never written to.
    Start(Job),
    /// The box came back in mid-lesson: reconcile the folder and go on in it.
    Resume(Job),
    /// The lesson is over: end what runs for this track, or close what lies there. May be repeated.
    Finish(Job),
}

impl Order {
    pub fn job(&self) -> &Job {
        match self {
            Self::Start(job) | Self::Resume(job) | Self::Finish(job) => job,
        }
    }
}

/// What the recorder tells the domain, in order, for one track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A new file, or one found again, with every segment it has: replaces what was known of this take.
    TakeOpened(Take),
    /// The bytes are in the file (readers see them; the disk has them at most 500 ms later).
    SegmentClosed { take: u32, segment: Segment },
    /// No picture between these wall times. A long gap is told again each minute with the same `from`.
    Gap { why: GapWhy, from: Millis, until: Millis },
    /// Since `from` (wall time) something has been wrong with picture or sound, or it is over.
    Flaw { flaw: Flaw, from: Millis, is_over: bool },
    /// Nothing is being recorded; what is there from before is untouched. It is tried again until the lesson is
    /// over; told once for each kind of reason, and taken back by `TakeOpened`.
    Refused { why: RefusedWhy },
    /// A file cannot be written or read; what is there is kept. A running lesson goes on in a new take as soon as
    /// it can, which `TakeOpened` tells. After `Finish` it means that there is no `Ended`: order it again later.
    Lost(String),
    /// Files are closed and synced. Empty when the folder was read and holds no picture.
    Ended { takes: Vec<Finished> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GapWhy {
    /// With the last words of its log.
    EncoderDied(String),
    /// It lived and gave no picture.
    Stalled,
    /// What it wrote was not fragmented MP4.
    Garbage(String),
    /// The input is read in another way from here on: a device went or came.
    Input(String),
    /// The box itself was down.
    BoxDown,
    /// It was refused for so long.
    Refused(RefusedWhy),
    /// The file could not be written.
    Lost(String),
    /// Its classroom's devices were switched off, or on again.
    Shut,
}

impl GapWhy {
    /// Nothing is wrong: somebody wants no picture.
    pub fn is_shut(&self) -> bool {
        *self == Self::Shut
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusedWhy {
    DiskReserve {
        free: u64,
        needed: u64,
    },
    NoEncoder(String),
    NoInput(String),
    /// The folder cannot be made or read.
    Folder(String),
}

/// A closed file of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    pub take: Take,
    /// Lower-case hexadecimal, over all bytes of the file.
    pub sha256: String,
    pub bytes: u64,
}
