//! What a camera is told to do. Speeds carry their direction as their sign.

use super::frame::BROADCAST;
use super::{Address, Frame, ViscaError, digits, number, signed};
use crate::model::camera::{FocusMode, PresetDo};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Power(bool),
    /// Moves until told otherwise. Right and up are positive, 0 stands still; both 0 is the stop.
    Drive {
        pan: i8,
        tilt: i8,
    },
    /// Goes to a place and stops there by itself.
    Aim {
        pan: Pan,
        tilt: i16,
        /// Of pan and tilt; a wide one has one for both.
        speed: (u8, u8),
    },
    Home,
    /// Finds its ends and its middle anew.
    Reset,
    /// Zooms until told otherwise, -8 to 8: tele is positive, 1 the slowest, 0 stops.
    Zoom(i8),
    ZoomTo(u16),
    /// Focuses until told otherwise, -8 to 8: far is positive, 1 the slowest, 0 stops.
    Focus(i8),
    FocusTo(u16),
    FocusMode(FocusMode),
    Preset(PresetDo, u8),
    /// Gives up what is being done in a socket.
    Cancel(u8),
    /// Empties the sockets. Answered without an acknowledgement.
    Clear,
}

/// Where to pan: most models write it with four digits, the BRC family with five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pan {
    Four(i16),
    /// 20 bits with the sign.
    Five(i32),
}

const FAST: u8 = 8;

impl Command {
    pub fn encode(self, to: Address) -> Frame {
        let frame = |parts: &[&[u8]]| Frame::of(to.header(), parts);
        match self {
            Self::Power(on) => frame(&[&[1, 4, 0, if on { 2 } else { 3 }]]),
            // BRC-300 calls a speed of 0 a syntax error, also of an axis that stands still (obs-ptz issue 40).
            Self::Drive { pan, tilt } => {
                let speed = |axis: i8| axis.unsigned_abs().clamp(1, 0x7F);
                frame(&[&[1, 6, 1, speed(pan), speed(tilt), way(pan, 2, 1), way(tilt, 1, 2)]])
            }
            Self::Aim { pan: Pan::Four(pan), tilt, speed } => {
                let place = [digits::<4>(pan.into()), digits::<4>(tilt.into())];
                frame(&[&[1, 6, 2, speed.0 & 0x7F, speed.1 & 0x7F], &place[0], &place[1]])
            }
            Self::Aim { pan: Pan::Five(pan), tilt, speed } => {
                let place = (digits::<5>(pan), digits::<4>(tilt.into()));
                frame(&[&[1, 6, 2, speed.0 & 0x7F, 0], &place.0, &place.1])
            }
            Self::Home => frame(&[&[1, 6, 4]]),
            Self::Reset => frame(&[&[1, 6, 5]]),
            Self::Zoom(speed) => frame(&[&[1, 4, 7, lens(speed)]]),
            Self::ZoomTo(place) => frame(&[&[1, 4, 0x47], &digits::<4>(place.into())]),
            Self::Focus(speed) => frame(&[&[1, 4, 8, lens(speed)]]),
            Self::FocusTo(place) => frame(&[&[1, 4, 0x48], &digits::<4>(place.into())]),
            Self::FocusMode(FocusMode::Auto) => frame(&[&[1, 4, 0x38, 2]]),
            Self::FocusMode(FocusMode::Manual) => frame(&[&[1, 4, 0x38, 3]]),
            Self::FocusMode(FocusMode::Once) => frame(&[&[1, 4, 0x18, 1]]),
            Self::Preset(what, n) => {
                let what = match what {
                    PresetDo::Forget => 0,
                    PresetDo::Store => 1,
                    PresetDo::Recall => 2,
                };
                frame(&[&[1, 4, 0x3F, what, n & 0x7F]])
            }
            Self::Cancel(socket) => frame(&[&[0x20 | socket & 0x0F]]),
            Self::Clear => frame(&[&[1, 0, 1]]),
        }
    }

    /// What stands between header and end.
    pub(super) fn decode(body: &[u8]) -> Result<Self, ViscaError> {
        let found = match body {
            [one @ 0x20..=0x2F] => Some(Self::Cancel(one & 0x0F)),
            [1, 0, 1] => Some(Self::Clear),
            [1, 4, 0, 2] => Some(Self::Power(true)),
            [1, 4, 0, 3] => Some(Self::Power(false)),
            [1, 4, 7, how] => unlens(*how).map(Self::Zoom),
            [1, 4, 8, how] => unlens(*how).map(Self::Focus),
            [1, 4, 0x38, 2] => Some(Self::FocusMode(FocusMode::Auto)),
            [1, 4, 0x38, 3] => Some(Self::FocusMode(FocusMode::Manual)),
            [1, 4, 0x18, 1] => Some(Self::FocusMode(FocusMode::Once)),
            [1, 4, 0x47, place @ ..] => unsigned(place).map(Self::ZoomTo),
            [1, 4, 0x48, place @ ..] => unsigned(place).map(Self::FocusTo),
            [1, 4, 0x3F, what, n @ 0..=0x7F] => match what {
                0 => Some(Self::Preset(PresetDo::Forget, *n)),
                1 => Some(Self::Preset(PresetDo::Store, *n)),
                2 => Some(Self::Preset(PresetDo::Recall, *n)),
                _ => None,
            },
            [1, 6, 1, v, w, x, y] => drive([*v, *w, *x, *y]),
            [1, 6, 2, v @ 0..=0x7F, w @ 0..=0x7F, place @ ..] => aim((*v, *w), place),
            [1, 6, 4] => Some(Self::Home),
            [1, 6, 5] => Some(Self::Reset),
            [1, ..] => None,
            [other, ..] => return Err(ViscaError::Unknown(*other)),
            [] => None,
        };
        found.ok_or(ViscaError::Fields)
    }
}

/// Gives the cameras of a ring their addresses; the last of them sends it back with its own plus one.
pub fn address_set() -> Frame {
    Frame::of(BROADCAST, &[&[0x30, 1]])
}

/// Empties the sockets of every camera; comes back as it was.
pub fn clear_all() -> Frame {
    Frame::of(BROADCAST, &[&[1, 0, 1]])
}

fn way(speed: i8, positive: u8, negative: u8) -> u8 {
    match speed {
        0 => 3,
        1.. => positive,
        _ => negative,
    }
}

fn unway(way: u8, speed: u8, positive: u8) -> Option<i8> {
    let speed = i8::try_from(speed).ok().filter(|speed| *speed > 0)?;
    match way {
        3 => Some(0),
        way if way == positive => Some(speed),
        1 | 2 => Some(-speed),
        _ => None,
    }
}

fn drive([pan_speed, tilt_speed, pan, tilt]: [u8; 4]) -> Option<Command> {
    Some(Command::Drive { pan: unway(pan, pan_speed, 2)?, tilt: unway(tilt, tilt_speed, 1)? })
}

fn aim(speed: (u8, u8), place: &[u8]) -> Option<Command> {
    let (pan, tilt) = place.split_at_checked(place.len().checked_sub(4)?)?;
    let tilt = i16::try_from(signed(tilt)?).ok()?;
    let pan = match pan.len() {
        4 => Pan::Four(i16::try_from(signed(pan)?).ok()?),
        5 if speed.1 == 0 => Pan::Five(signed(pan)?),
        _ => return None,
    };
    Some(Command::Aim { pan, tilt, speed })
}

fn unsigned(place: &[u8]) -> Option<u16> {
    u16::try_from(number(place).filter(|_| place.len() == 4)?).ok()
}

/// `2p` and `3p` with p from 0; 0 stops.
fn lens(speed: i8) -> u8 {
    let fast = speed.unsigned_abs().min(FAST);
    match speed {
        0 => 0,
        1.. => 0x20 | (fast - 1),
        _ => 0x30 | (fast - 1),
    }
}

/// The plain `02` and `03` are the standard speed, somewhere in the middle.
fn unlens(how: u8) -> Option<i8> {
    let speed = i8::try_from((how & 0x0F) + 1).ok().filter(|speed| *speed <= 8);
    match how {
        0 => Some(0),
        2 => Some(4),
        3 => Some(-4),
        0x20..=0x2F => speed,
        0x30..=0x3F => speed.map(|speed| -speed),
        _ => None,
    }
}
