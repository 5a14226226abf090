//! The licence as values: what the vendor signed, what this box is, what was found, what follows from it.
//! Source of the fields and rules: decisions.md, "Licence".

use super::{LicenceWhy, Millis};

/// What the vendor signed. It carries no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    pub id: String,
    pub customer: String,
    /// Lessons that may be live at once.
    pub rooms: u32,
    pub issued: Millis,
    pub not_before: Millis,
    /// `None`: it does not expire.
    pub expires: Option<Millis>,
    /// Days after the expiry in which everything still works.
    pub grace_days: u32,
    /// The hardware that it is for; several of one kind are alternatives.
    pub marks: Vec<Mark>,
    /// Weights of matching kinds that make the box the right one.
    pub minimum: u32,
    pub features: Vec<String>,
    /// Id of the key that signed it.
    pub key: String,
}

impl Licence {
    /// The first moment at which it is worth nothing any more.
    pub fn ends(&self) -> Option<Millis> {
        Some(self.expires? + Millis::days(i64::from(self.grace_days)))
    }
}

/// A kind of hardware mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// Serial number of the processor, or of the board in its device tree.
    Soc,
    /// DMI product uuid or board serial of a PC.
    Dmi,
    /// CID of the soldered eMMC.
    Emmc,
    /// Permanent address of a network card.
    Mac,
    /// Name of the model: the same on every box of it.
    Model,
}

impl MarkKind {
    pub const ALL: [Self; 5] = [Self::Soc, Self::Dmi, Self::Emmc, Self::Mac, Self::Model];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Soc => "soc",
            Self::Dmi => "dmi",
            Self::Emmc => "emmc",
            Self::Mac => "mac",
            Self::Model => "model",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Another box can have the same: it is carried there, or shared by all of a model.
    pub const fn is_common(self) -> bool {
        match self {
            Self::Soc | Self::Dmi => false,
            Self::Emmc | Self::Mac | Self::Model => true,
        }
    }
}

/// A salted hash of one property of the hardware, 24 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub kind: MarkKind,
    pub hash: String,
}

/// What this box is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    pub found: Vec<Mark>,
    /// What a kind counts on this board. A kind that is not here counts nothing.
    pub weights: Vec<(MarkKind, u32)>,
}

impl Marks {
    pub fn weight(&self, kind: MarkKind) -> u32 {
        self.weights.iter().find(|(k, _)| *k == kind).map_or(0, |(_, weight)| *weight)
    }

    pub fn has(&self, mark: &Mark) -> bool {
        self.found.contains(mark)
    }

    /// The score that a licence for this box asks for: three fifths of all, and more than what another box
    /// can have. `None` when nothing of it is its own alone.
    pub fn minimum(&self) -> Option<u32> {
        let kinds = || MarkKind::ALL.into_iter().filter(|kind| self.has_kind(*kind));
        let all: u32 = kinds().map(|kind| self.weight(kind)).sum();
        let common: u32 = kinds().filter(|k| k.is_common()).map(|kind| self.weight(kind)).sum();
        let minimum = (all * 3).div_ceil(5).max(common + 1);
        (minimum <= all).then_some(minimum)
    }

    pub fn has_kind(&self, kind: MarkKind) -> bool {
        self.found.iter().any(|mark| mark.kind == kind)
    }
}

/// How well the machine kept the time while it was off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timekeeping {
    /// The clock follows a time server, which may be wrong or forged.
    Synchronised,
    /// A clock with a battery was read at power-on, or a server was heard since.
    Kept,
    /// Neither: the clock began anywhere.
    Lost,
}

/// All that is known of the time when a licence is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    pub now: Millis,
    /// It is at least so late. Never moved by a clock that was set by hand.
    pub newest_seen: Millis,
    /// Where the clock should be, going by where it was.
    pub expected: Millis,
    /// When this release was made.
    pub built: Millis,
    pub keeping: Timekeeping,
}

/// What the licence file turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paper {
    Absent,
    /// No licence text in it.
    NotALicence,
    /// A licence text whose signature does not fit.
    Altered,
    /// Names a key that does not count here.
    UnknownKey(String),
    Revoked(Box<Licence>),
    Genuine(Box<Licence>),
}

/// Whether one kind of mark speaks for this box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkFound {
    Same,
    Other,
    /// The licence names one, the box shows none (any more).
    Unreadable,
}

/// One kind of mark of a licence, looked for on this box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkFact {
    pub kind: MarkKind,
    pub weight: u32,
    pub found: MarkFound,
}

/// Everything that a decision rests upon. Pure observation: nothing is refused here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub paper: Paper,
    /// One a kind that the licence names.
    pub marks: Vec<MarkFact>,
    /// Sum of the weights of the kinds that are the same.
    pub score: u32,
    pub time: Time,
}

/// Why the clock cannot be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Set back by more than 26 hours.
    SetBack,
    /// Nobody has told the time since power-on.
    Untold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// Expired, and still good for some days.
    Grace,
    /// Good, as far as a doubtful clock lets us tell.
    ClockDoubtful(Doubt),
    Refused(LicenceWhy),
}

/// What follows from the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub verdict: Verdict,
    /// Lessons that may be live at once; 0 when it refuses.
    pub rooms: u32,
    /// When the verdict changes by itself.
    pub changes: Option<Millis>,
}
