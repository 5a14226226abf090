//! Lessons and what belongs to them.

use super::{Millis, RoomId, UserId};

/// The state of a course as document 001 numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomState {
    Created,
    Live,
    Over,
    Replay,
}

impl RoomState {
    pub const ALL: [Self; 4] = [Self::Created, Self::Live, Self::Over, Self::Replay];

    pub const fn number(self) -> i64 {
        match self {
            Self::Created => 0,
            Self::Live => 1,
            Self::Over => 2,
            Self::Replay => 3,
        }
    }

    pub fn from_number(n: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.number() == n)
    }
}

/// How far the recording of a lesson is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingState {
    /// Not started, or no classroom was free.
    None,
    On,
    Refused,
    Ended,
}

impl RecordingState {
    pub const ALL: [Self; 4] = [Self::None, Self::On, Self::Refused, Self::Ended];

    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::On => "on",
            Self::Refused => "refused",
            Self::Ended => "ended",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// Whether a lesson's recording is to be taken out of the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    None,
    /// It stays until that is done.
    Wanted,
    Done,
}

impl Export {
    pub const ALL: [Self; 3] = [Self::None, Self::Wanted, Self::Done];

    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Wanted => "wanted",
            Self::Done => "done",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.word() == word)
    }
}

/// One lesson. Times are zero and sequences 0 until they are known.
#[derive(Clone, Debug)]
pub struct Room {
    pub id: RoomId,
    pub host: UserId,
    pub host_handle: String,
    pub title: String,
    pub cover: String,
    pub state: RoomState,
    pub created_at: Millis,
    pub begin_at: Millis,
    pub begin_seq: i64,
    pub end_at: Millis,
    pub end_seq: i64,
    /// Relative when it is the box's own.
    pub index_url: String,
    /// 128 bits in hex: opens the replay without a log-in.
    pub watch_key: String,
    pub classroom: Option<String>,
    pub recording: RecordingState,
    pub recording_note: String,
    pub export: Export,
    /// When its recording was.
    pub deleted_at: Millis,
    /// Members now while live, distinct members ever once over.
    pub members: i64,
}

/// What decides where a lesson stands in a list.
#[derive(Clone, Copy, Debug)]
pub struct BriefRoom {
    pub id: RoomId,
    pub host: UserId,
    pub state: RoomState,
    pub created_at: Millis,
    pub begin_at: Millis,
}

impl Room {
    /// The IM group of the lesson: its number as text.
    pub fn group(&self) -> String {
        self.id.to_string()
    }
}

/// Filters of 001 `roomlist`, all ANDed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomFilter {
    /// Lessons of hosts of this application, and of hosts without one; of all when absent.
    pub appid: Option<i64>,
    pub room: Option<RoomId>,
    pub from: Option<Millis>,
    pub to: Option<Millis>,
    pub host: Option<UserId>,
    pub state: Option<RoomState>,
}

/// An offset page. `size` is at most 50 in every list of 001.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub index: i64,
    pub size: i64,
}

/// A seat taken: handle and role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub handle: String,
    pub is_teacher: bool,
}

/// Courseware (0) or a film (1) bound to a lesson.
#[derive(Clone, Debug)]
pub struct Binding {
    pub kind: i64,
    pub file_name: String,
    pub url: String,
}

/// Somebody came or went.
#[derive(Clone, Debug)]
pub struct Attendance {
    pub handle: String,
    pub is_teacher: bool,
    pub at: Millis,
    pub event: AttendanceEvent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttendanceEvent {
    In,
    Out,
    /// Silent for longer than a member may be.
    Silent,
}

impl AttendanceEvent {
    pub const ALL: [Self; 3] = [Self::In, Self::Out, Self::Silent];

    pub const fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Silent => "silent",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.word() == word)
    }
}

/// A message of a lesson's group. `body` is JSON text.
#[derive(Clone, Debug)]
pub struct Message {
    pub seq: i64,
    pub at: Millis,
    /// Handle; empty: the box itself.
    pub sender: String,
    pub kind: i64,
    pub body: String,
}

/// A finished recording as its callback tells of it (times in whole seconds).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Video {
    pub video_id: String,
    pub video_url: String,
    pub stream_id: String,
    pub start_time: i64,
    pub end_time: i64,
    pub media_start: i64,
    pub file_size: i64,
    pub duration: i64,
}

/// One line of a lesson's log.
#[derive(Clone, Debug)]
pub struct LogLine {
    pub at: Millis,
    pub event: String,
    pub detail: String,
}
