//! How well a lesson was recorded, second by second, as plain values.

/// One second of a lesson as the recorder saw it. What nobody measured is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Second {
    /// From the lesson's start.
    pub at: u32,
    /// Pictures that went into the encoder; never told where the device's own H.264 is passed through, of which whatever
    /// comes in is kept.
    pub taken: Option<u32>,
    /// Pictures that reached the file.
    pub kept: u32,
    /// Mean luma of the picture, 16 (black) to 235 (white), and what nine of ten points are below.
    pub luma: Option<(f32, f32)>,
    /// Mean change of a point from one look to the next; never told of an input whose picture may stand still.
    pub change: Option<f32>,
    /// Of the sound, in dBFS: its peak, and the root mean square.
    pub level: Option<(f32, f32)>,
    /// The sound stood at its peak.
    pub clipped: bool,
    /// Nobody listened to the sound, or there is none by design: it is not judged.
    pub unheard: bool,
    /// A slate was shown instead of a picture.
    pub slate: bool,
    /// A slate, because what is plugged in gives nothing.
    pub broken: bool,
    /// The devices were switched off: nothing else is judged.
    pub off: bool,
    /// The film alone tells of it: the box went down before what was seen and heard was written.
    pub recalled: bool,
    /// How much longer the sound lasts than the picture, in milliseconds: where both tracks end in the same fragment. Of a
    /// source whose sound is early or late by itself it says nothing.
    pub apart_ms: Option<i32>,
}

/// What an input has by design, and what is judged of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heed {
    pub picture: bool,
    pub sound: bool,
    /// A picture that may stand still is none that hangs.
    pub still: bool,
    /// Its picture is a slate: the camera is not there.
    pub slate: bool,
    /// It is there, and gives nothing.
    pub broken: bool,
    /// Somebody switched it off.
    pub off: bool,
}

/// What may be wrong with a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flaw {
    NoPicture,
    Slate,
    /// The slate says so.
    Broken,
    Black,
    Frozen,
    /// The encoder leaves pictures out.
    Lost,
    NoSound,
    Silent,
    Clipped,
    Apart,
    /// Nothing is wrong: somebody wants no picture and no sound.
    Off,
}

impl Flaw {
    pub const ALL: [Self; 11] = [
        Self::NoPicture,
        Self::Slate,
        Self::Broken,
        Self::Black,
        Self::Frozen,
        Self::Lost,
        Self::NoSound,
        Self::Silent,
        Self::Clipped,
        Self::Apart,
        Self::Off,
    ];

    /// As the ledger of a lesson and its pages call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoPicture => "no picture",
            Self::Slate => "a slate instead of the camera's picture",
            Self::Broken => "what is plugged in gives no picture",
            Self::Black => "the picture is black",
            Self::Frozen => "the picture stands still",
            Self::Lost => "the encoder loses pictures",
            Self::NoSound => "no sound",
            Self::Silent => "silence: the microphone is gone, or nothing comes from it",
            Self::Clipped => "the sound is too loud and is cut off",
            Self::Apart => "sound and picture are apart",
            Self::Off => "camera and microphone are switched off",
        }
    }

    /// Whether it is one.
    pub fn is_trouble(self) -> bool {
        self != Self::Off
    }

    /// Whether nothing is to be seen, or nothing to be heard. (A picture that stands still may be a slide.)
    pub fn spoils_picture(self) -> bool {
        matches!(self, Self::NoPicture | Self::Slate | Self::Black)
    }

    pub fn spoils_sound(self) -> bool {
        matches!(self, Self::NoSound | Self::Silent)
    }
}

/// Black of video is 16, and a covered lens is not quite black.
const BLACK_MEAN: f32 = 20.0;
const BLACK_MOST: f32 = 28.0;
/// A camera's noise alone changes more; a device that gives the same picture again changes nothing.
const FROZEN: f32 = 0.005;
/// More than that many, and of five more than one: a picture is put down to the second beside its own now and then.
const LOST: u32 = 2;
/// A microphone that is plugged in has a noise of its own above it.
const SILENT_PEAK: f32 = -70.0;
/// More is seen on lips.
const APART_MS: u32 = 200;

impl Second {
    pub fn flaws(&self) -> impl Iterator<Item = Flaw> + '_ {
        Flaw::ALL.into_iter().filter(|flaw| self.has(*flaw))
    }

    pub fn has(&self, flaw: Flaw) -> bool {
        match flaw {
            Flaw::Off => self.off,
            _ if self.off => false,
            Flaw::NoPicture => self.kept == 0,
            Flaw::Slate => self.slate,
            Flaw::Broken => self.broken,
            Flaw::Black => {
                self.luma.is_some_and(|(mean, most)| mean < BLACK_MEAN && most < BLACK_MOST)
            }
            // What is black stands still, too, and is told once.
            Flaw::Frozen => !self.has(Flaw::Black) && self.change.is_some_and(|c| c < FROZEN),
            // Where none is left, that says it.
            Flaw::Lost => self.taken.is_some_and(|taken| {
                let lost = taken.saturating_sub(self.kept);
                self.kept > 0 && lost > LOST && lost > taken / 5
            }),
            Flaw::NoSound => !self.unheard && self.kept > 0 && self.level.is_none(),
            Flaw::Silent => !self.unheard && self.level.is_some_and(|(peak, _)| peak < SILENT_PEAK),
            Flaw::Clipped => self.clipped,
            Flaw::Apart => self.apart_ms.is_some_and(|ms| ms.unsigned_abs() > APART_MS),
        }
    }
}
