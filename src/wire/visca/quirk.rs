//! What models of cameras do differently, as data. A line names only what was looked up; where it was is said behind it.

use crate::model::Millis;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirk {
    /// As the configuration names it.
    pub model: &'static str,
    /// As the camera names itself: vendor and model of its version.
    pub id: Option<(u16, u16)>,
    /// The fastest that are no syntax error.
    pub pan_max: u8,
    pub tilt_max: u8,
    /// Presets are numbered from 0; so many there are.
    pub presets: u8,
    /// It can be told to focus.
    pub focus: bool,
    /// It goes to the middle when told to.
    pub home: bool,
    /// It moves on both axes at once; where it does not, the faster one is moved alone.
    pub diagonal: bool,
    /// Pan has five digits, and one speed is for both axes.
    pub wide: bool,
    /// Over IP it answers under the number that it was asked with. Where it does not, all are 0.
    pub numbered: bool,
    /// How long the first acknowledgement may take: a vertical cycle, longer with a slow shutter.
    pub first_ack: Millis,
}

const USUAL: Quirk = Quirk {
    model: "generic",
    id: None,
    pan_max: 0x18,
    // The least of the models below that are Sony's.
    tilt_max: 0x14,
    presets: 16,
    focus: true,
    home: true,
    diagonal: true,
    wide: false,
    numbered: true,
    first_ack: Millis(40),
};

pub const QUIRKS: &[Quirk] = &[
    USUAL,
    // Behaviour that any model may have, for what is not listed.
    Quirk { model: "generic-no-focus", focus: false, ..USUAL },
    Quirk { model: "generic-slow", first_ack: Millis(1000), ..USUAL },
    // obs-visca-control issue 7: it answers under 1 whatever it is asked with, and heeds no number above 3.
    Quirk { model: "newtek-ptz1", numbered: false, ..USUAL },
    // Technical Manual, command list 4/4: pan 01 to 18, tilt 01 to 17, six positions; version 0020 040E.
    Quirk { model: "evi-d70", id: Some((0x0020, 0x040E)), tilt_max: 0x17, presets: 6, ..USUAL },
    // Version 0020 0402 (command list of EVI-D70, D30 mode). Speeds: table "Pan/tilt speed" of EVI-D100.
    Quirk { model: "evi-d30", id: Some((0x0020, 0x0402)), presets: 6, ..USUAL },
    // User Manual p. 44: pan to 18, tilt to 14.
    Quirk { model: "evi-d100", presets: 6, ..USUAL },
    // Command list 3/3: pan to 18, tilt to 14.
    Quirk { model: "evi-hd1", presets: 6, ..USUAL },
    // Command list 4/5: both to 18, one speed and five digits for a place.
    Quirk { model: "brc-h700", tilt_max: 0x18, wide: true, ..USUAL },
    // obs-ptz issue 40: a speed of 0 is a syntax error (we send none to anybody); else as its sister above.
    Quirk { model: "brc-300", tilt_max: 0x18, wide: true, ..USUAL },
    // obs-ptz issue 19: speeds of one digit, one axis at a time, neither home nor presets.
    Quirk {
        model: "cisco-precisionhd",
        pan_max: 0x0F,
        tilt_max: 0x0F,
        presets: 0,
        home: false,
        diagonal: false,
        ..USUAL
    },
];

impl Quirk {
    pub const USUAL: &'static Self = &QUIRKS[0];

    pub fn named(model: &str) -> Option<&'static Self> {
        QUIRKS.iter().find(|quirk| quirk.model == model)
    }

    /// By what a camera says of itself.
    pub fn of(vendor: u16, model: u16) -> Option<&'static Self> {
        QUIRKS.iter().find(|quirk| quirk.id == Some((vendor, model)))
    }

    /// The speeds of a motion in per cent of the fastest, 0 standing still.
    pub fn drive(&self, pan_percent: i8, tilt_percent: i8) -> (i8, i8) {
        let (mut pan, mut tilt) =
            (scale(pan_percent, self.pan_max), scale(tilt_percent, self.tilt_max));
        if !self.diagonal && pan != 0 && tilt != 0 {
            let mostly_pan = pan_percent.unsigned_abs() >= tilt_percent.unsigned_abs();
            if mostly_pan { tilt = 0 } else { pan = 0 }
        }
        (pan, tilt)
    }

    /// Speeds of both axes on the way to a place, with how fast of 1 to 100.
    pub fn speeds(&self, percent: i8) -> (u8, u8) {
        let fast = |max| scale(percent, max).unsigned_abs();
        (fast(self.pan_max), fast(self.tilt_max))
    }

    /// The same for zoom and focus, which have eight speeds with every model.
    pub fn lens(percent: i8) -> i8 {
        scale(percent, 8)
    }
}

/// From 1 to `max`, with the sign of the per cent; 0 only for 0.
fn scale(percent: i8, max: u8) -> i8 {
    let size = u32::from(percent.unsigned_abs().min(100)) * u32::from(max);
    let size = i8::try_from(size.div_ceil(100)).unwrap_or(i8::MAX);
    if percent < 0 { -size } else { size }
}
