//! What has to leave the box, and for whom.

use super::{Millis, RoomId};

/// A call that a webhook is owed.
#[derive(Clone, Debug)]
pub struct Parcel {
    pub id: i64,
    pub webhook: String,
    pub room: RoomId,
    pub event: String,
    /// Idempotency key: the same on every try.
    pub event_id: String,
    pub body: String,
    pub created_at: Millis,
    pub tries: u32,
    pub next_at: Millis,
    pub state: ParcelState,
    pub last_error: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParcelState {
    Waiting,
    Sent,
    GivenUp,
}

impl ParcelState {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::GivenUp];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given-up",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}
