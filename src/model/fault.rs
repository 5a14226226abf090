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
    File,
    Video,
    Webhook,
    Page,
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenceWhy {
    NoFile,
    NotALicence,
    Refused,
    Expired,
    RoomsUsedUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Recorder,
    Disk,
    Cloud,
    Store,
}
