//! What may be wrong with an input, as states: each half of it, picture and sound, is there or it is not, and a lesson goes
//! on with what takes its place.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::hw::recorder::Picture;

/// Why a half of an input is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is plugged in.
    Gone,
    /// The device is there, and nothing comes in at it.
    NoSignal,
    /// It gives nothing, or cannot be read.
    Mute,
    /// Somebody switched it off: it is not even looked at.
    Off,
}

impl Fault {
    /// As the slate says it.
    pub fn slate(self) -> &'static str {
        match self {
            Self::Gone => "NO CAMERA",
            Self::NoSignal => "NO SIGNAL",
            Self::Mute => "CAMERA FAULT",
            Self::Off => "CAMERA OFF",
        }
    }
}

/// What is wrong with the two halves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub picture: Option<Fault>,
    pub sound: Option<Fault>,
}

impl Faults {
    /// Switched off: a slate and silence.
    pub fn is_off(self) -> bool {
        self.picture == Some(Fault::Off)
    }

    pub fn words(self) -> String {
        let picture = match self.picture {
            None => "",
            Some(Fault::Gone) => "no camera: a slate instead",
            Some(Fault::NoSignal) => "no signal: a slate instead",
            Some(Fault::Mute) => "the camera gives no picture: a slate instead",
            Some(Fault::Off) => "switched off: a slate and silence instead",
        };
        let sound = match self.sound {
            None | Some(Fault::Off) => "",
            Some(Fault::Gone) => "no microphone: silence instead",
            Some(Fault::NoSignal | Fault::Mute) => "the microphone gives no sound: silence instead",
        };
        match (picture, sound) {
            ("", "") => "picture and sound are there".into(),
            ("", one) | (one, "") => one.into(),
            (one, other) => format!("{one}; {other}"),
        }
    }
}

/// What a lesson asks of its input, after what it has seen of it.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// What was encoded first: all of it is to be one film. A rate of 0 is not known: the camera's.
    pub picture: Option<Picture>,
    /// There was a microphone: silence is a fault.
    pub sound: bool,
    /// Where the camera and the microphone are plugged in that were read last: a lesson stays with them.
    pub places: [Option<String>; 2],
    pub doubt: Doubt,
    pub resets: Resets,
    /// The switch for it is off.
    pub is_off: bool,
}

impl Wish {
    /// It was recorded for a good while: what was read of it is trusted as before.
    pub fn settle(&mut self, faults: Faults) {
        let Doubt { picture, sound } = &mut self.doubt;
        let halves = [(picture, faults.picture), (sound, faults.sound)];
        for ((trust, fault), place) in halves.into_iter().zip(&self.places) {
            if fault.is_none() {
                trust.times = 0;
                self.resets.forget(place.as_deref());
            }
        }
    }
}

/// Places whose device was switched off and on: once for each fault, however often it is tried.
#[derive(Clone, Debug, Default)]
pub struct Resets(Arc<Mutex<HashSet<String>>>);

impl Resets {
    /// Whether it is the first time.
    pub fn first(&self, place: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(place.to_owned())
    }

    fn forget(&self, place: Option<&str>) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|one| Some(one.as_str()) != place);
    }
}

/// Which half is plugged in and gave nothing when it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubt {
    pub picture: Trust,
    pub sound: Trust,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    pub is_lost: bool,
    /// How often in a row: whoever fails again and again is tried less often.
    pub times: u32,
}

impl Trust {
    pub fn lose(&mut self) {
        self.times += u32::from(!self.is_lost);
        self.is_lost = true;
    }

    pub fn regained(self) -> Self {
        Self { is_lost: false, ..self }
    }

    /// It went, and is there again.
    pub fn returned(mut self) -> Self {
        self.lose();
        self.regained()
    }
}
