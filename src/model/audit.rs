//! What the box remembers of who did what: plain values. Which acts are noted is each operation's own word.

use super::Millis;
use super::user::Origin;

/// One act, before it is written down.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Handle of whoever did it; empty for the box itself and for a shell on it.
    pub actor: String,
    /// The dialect whose token or secret it was done with.
    pub origin: Option<Origin>,
    /// Where from: an address of the network, or `shell`; empty for the box itself.
    pub address: String,
    pub event: Event,
    /// Whom or what it is about.
    pub subject: String,
    pub detail: String,
}

impl Entry {
    /// The box did it, by itself.
    pub fn of(event: Event, subject: impl Into<String>) -> Self {
        Self {
            actor: String::new(),
            origin: None,
            address: String::new(),
            event,
            subject: subject.into(),
            detail: String::new(),
        }
    }

    /// By one of the dialects, from this address.
    pub fn from(origin: Origin, address: &str, event: Event, subject: &str) -> Self {
        Self { origin: Some(origin), address: address.to_owned(), ..Self::of(event, subject) }
    }

    pub fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody logged in, or a server was given a token for somebody.
    TokenIssued,
    LoginRefused,
    /// An account of one of the five dialects came into being.
    Registered,
    SetUp,
    UserCreated,
    UserChanged,
    SecretsShown,
    SetUpCodeShown,
    LicenceInstalled,
    LicenceRefused,
    LessonStarted,
    /// By its teacher, or by itself.
    LessonOver,
    /// By staff.
    LessonEnded,
    ApplicationAnswered,
    RecordingDeleted,
    ExportMarked,
    /// By staff.
    CameraSwitched,
    /// By a teacher.
    OwnCameraSwitched,
    /// Of an input that no lesson has: it was opened for somebody, or was open already.
    InputLookedAt,
}

impl Event {
    /// Anybody can cause these, as often as they like: they must not crowd the acts of staff out of the book.
    pub const ROUTINE: [Self; 8] = [
        Self::TokenIssued,
        Self::LoginRefused,
        Self::Registered,
        Self::LessonStarted,
        Self::LessonOver,
        Self::ApplicationAnswered,
        Self::OwnCameraSwitched,
        Self::InputLookedAt,
    ];

    /// As the store keeps it and people read it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::TokenIssued => "token issued",
            Self::LoginRefused => "log-in refused",
            Self::Registered => "registered",
            Self::SetUp => "set up",
            Self::UserCreated => "user created",
            Self::UserChanged => "user changed",
            Self::SecretsShown => "secrets shown",
            Self::SetUpCodeShown => "set-up code shown",
            Self::LicenceInstalled => "licence installed",
            Self::LicenceRefused => "licence refused",
            Self::LessonStarted => "lesson started",
            Self::LessonOver => "lesson over",
            Self::LessonEnded => "lesson ended",
            Self::ApplicationAnswered => "application answered",
            Self::RecordingDeleted => "recording deleted",
            Self::ExportMarked => "export marked",
            Self::CameraSwitched => "camera switched",
            Self::OwnCameraSwitched => "camera switched by a teacher",
            Self::InputLookedAt => "input looked at",
        }
    }
}

/// A line of the book. Words are kept as they stand: a newer release may have written them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    pub id: i64,
    pub at: Millis,
    pub actor: String,
    /// Empty for the box itself and for a shell on it.
    pub dialect: String,
    pub address: String,
    pub event: String,
    pub subject: String,
    pub detail: String,
}

/// Which lines are wanted, all ANDed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Older than this line.
    pub before: Option<i64>,
    /// A handle, as actor or as subject.
    pub who: Option<String>,
    /// The event's word.
    pub event: Option<String>,
}
