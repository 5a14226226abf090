//! Somebody's wish to join a lesson in picture and sound (document 000), and what became of it.

use super::{Millis, RoomId, UserId};

/// An applicant waits until the teacher answers, or until nobody has for a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationState {
    Waiting,
    Accepted,
    Refused,
    /// Nobody answered in time.
    Unhandled,
}

impl ApplicationState {
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Accepted, Self::Refused, Self::Unhandled];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unhandled => "unhandled",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

#[derive(Clone, Debug)]
pub struct Application {
    pub id: i64,
    pub room: RoomId,
    pub user: UserId,
    /// What people are shown of the applicant.
    pub name: String,
    pub picture: String,
    pub applied_at: Millis,
    pub state: ApplicationState,
    pub answered_at: Option<Millis>,
}
