//! The ways in which the box says no. Closed, with closed payloads, so that each dialect maps every one of
//! them to its own codes and a new failure stops the compiler wherever somebody must speak.

use std::borrow::Cow;

use crate::model::Millis;

/// A failure that a caller can be told about.
#[derive(Debug)]
pub enum Fault {
    /// The thing does not exist (or is not for this caller to know of).
    Missing(Thing),
    /// A field is absent or wrong. `field` is its documented name, `why` a short English clause.
    Invalid {
        field: String,
        why: String,
    },
    /// The body is not what the dialect's syntax asks for.
    Syntax(String),
    /// The caller is known and may not.
    Denied(Cow<'static, str>),
    /// The caller is not known.
    Unauthenticated(Refusal),
    /// The state of the thing forbids it.
    Conflict(Conflict),
    /// The licence refuses.
    Licence(LicenceWhy),
    /// Too many at once, or too many tries; try again after this span.
    Busy {
        retry: Millis,
    },
    TooLarge {
        limit: u64,
    },
    /// A part of the box, or the way out of the building, does not answer.
    Offline(Part),
    /// Our fault. The source goes to the log, never to the caller.
    Internal(String),
}

impl Fault {
    pub fn invalid(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), why: why.into() }
    }
    pub fn denied(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Denied(why.into())
    }
    pub fn internal(doing: &str, source: impl std::fmt::Display) -> Self {
        Self::Internal(format!("{doing}: {source}"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    Command,
    User,
    Room,
    Recording,
    /// A recording that was there once.
    Deleted,
    File,
    Video,
    Webhook,
    Page,
    /// A group of document 003, or the group of a lesson.
    Group,
    /// Somebody's wish to join a lesson (document 000).
    Application,
    Camera,
    /// A capture input.
    Input,
    Classroom,
}

/// Why a credential does not open the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Absent,
    Scheme,
    /// Genuine, but not good here.
    Refused,
    Expired,
    Invalid,
    /// The account exists; the password is not it (or it has none).
    Password,
    /// The token is already logged out.
    LoggedOut,
    /// A server-to-server secret is missing or wrong.
    Secret,
    /// A one-time code (004's, or the set-up code) is wrong, used or old.
    Code,
    /// The token is genuine; its user may not come in any more.
    Disabled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    HandleTaken,
    SessionAlive,
    /// The lesson cannot start: it is not in state 0.
    NotStartable,
    /// The lesson is not live.
    NotLive,
    /// The lesson is not over yet.
    NotOver,
    /// The lesson is over: its bindings stand.
    Over,
    AlreadyBound,
    NotBound,
    /// The caller is not in the room.
    NotInRoom,
    /// A signed call was seen before with another body.
    Replayed,
    MethodNotAllowed,
    /// An application was answered already, or nobody answered in time.
    Answered,
    /// The box has its administrator; it cannot be set up again.
    SetUp,
    /// The box would be left without an administrator.
    LastAdministrator,
    /// As many are in it already as may be.
    Full,
    /// A camera is switched off, stands by, or is in the middle of something.
    NotNow,
    /// Its classroom is switched off.
    SwitchedOff,
    /// Somebody asked for something else meanwhile.
    Overtaken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenceWhy {
    NoFile,
    NotALicence,
    /// The signature does not fit the text.
    Signature,
    /// Signed with a key that this release does not know.
    KeyId,
    /// For another box.
    Hardware,
    Revoked,
    NotYet,
    Expired,
    RoomsUsedUp,
}

impl LicenceWhy {
    pub const ALL: [Self; 9] = [
        Self::NoFile,
        Self::NotALicence,
        Self::Signature,
        Self::KeyId,
        Self::Hardware,
        Self::Revoked,
        Self::NotYet,
        Self::Expired,
        Self::RoomsUsedUp,
    ];

    /// The number that clients of every dialect know. Source: 004, error code table.
    pub const fn code(self) -> u16 {
        match self {
            Self::NoFile => 3401,
            Self::NotALicence => 3402,
            Self::Signature | Self::KeyId | Self::Hardware | Self::Revoked | Self::NotYet => 3403,
            Self::Expired => 3404,
            Self::RoomsUsedUp => 3405,
        }
    }

    /// What is wrong and what to do, for people.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NoFile => "no licence is installed: send the licence request to the vendor",
            Self::NotALicence => "the file is not a licence: install the one that the vendor sent",
            Self::Signature => "the licence was altered on its way: install it again",
            Self::KeyId => "the licence is signed with an unknown key: update the box",
            Self::Hardware => "the licence is for another box: send this box's request",
            Self::Revoked => "the licence was withdrawn: ask the vendor for a new one",
            Self::NotYet => "the licence is not valid yet: look at the box's clock",
            Self::Expired => "the licence has expired: ask the vendor for a renewal",
            Self::RoomsUsedUp => "as many lessons are running as the licence allows: end one",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Recorder,
    Disk,
    Cloud,
    Store,
    Camera,
    Microphone,
}
