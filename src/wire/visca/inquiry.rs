//! What a camera is asked, and what it answers.

use super::{Address, Frame, ViscaError, digits, number, signed};
use crate::model::camera::{Answer, Inquiry, Version};

impl Inquiry {
    pub const ALL: [Self; 5] =
        [Self::Power, Self::Zoom, Self::Focus, Self::Position, Self::Version];

    const fn code(self) -> [u8; 2] {
        match self {
            Self::Power => [4, 0],
            Self::Zoom => [4, 0x47],
            Self::Focus => [4, 0x48],
            Self::Position => [6, 0x12],
            Self::Version => [0, 2],
        }
    }

    pub fn encode(self, to: Address) -> Frame {
        Frame::of(to.header(), &[&[9], &self.code()])
    }

    /// What stands behind the `09`.
    pub(super) fn decode(what: &[u8]) -> Result<Self, ViscaError> {
        let found = Self::ALL.into_iter().find(|inquiry| inquiry.code() == what);
        found.ok_or(ViscaError::Fields)
    }

    /// What the data of a reply says, when this was asked.
    ///
    /// # Errors
    /// When it is no answer to this: it may be noise, or an answer that came too late.
    pub fn answer(self, data: &[u8]) -> Result<Answer, ViscaError> {
        let whole = |place: &[u8]| u16::try_from(number(place).filter(|_| place.len() == 4)?).ok();
        let found = match (self, data) {
            (Self::Power, [2]) => Some(Answer::Power(true)),
            // 4 is a camera that is off because of an error of its own (FCB lists).
            (Self::Power, [3 | 4]) => Some(Answer::Power(false)),
            (Self::Zoom, place) => whole(place).map(Answer::Zoom),
            (Self::Focus, place) => whole(place).map(Answer::Focus),
            (Self::Position, place) => position(place),
            (Self::Version, &[a, b, c, d, e, f, sockets]) => Some(Answer::Version(Version {
                vendor: u16::from_be_bytes([a, b]),
                model: u16::from_be_bytes([c, d]),
                rom: u16::from_be_bytes([e, f]),
                sockets,
            })),
            (Self::Power | Self::Version, _) => None,
        };
        found.ok_or(ViscaError::Fields)
    }
}

/// Four digits each, or five for the pan of the BRC family.
fn position(place: &[u8]) -> Option<Answer> {
    let (pan, tilt) = place.split_at_checked(place.len().checked_sub(4)?)?;
    let tilt = i16::try_from(signed(tilt)?).ok()?;
    let pan = signed(pan).filter(|_| matches!(pan.len(), 4 | 5))?;
    Some(Answer::Position { pan, tilt })
}

impl Answer {
    /// As the data of a camera's reply. A pan that needs them has five digits.
    pub fn encode(self) -> Vec<u8> {
        match self {
            Self::Power(on) => vec![if on { 2 } else { 3 }],
            Self::Zoom(place) | Self::Focus(place) => digits::<4>(place.into()).to_vec(),
            Self::Position { pan, tilt } => {
                let tilt = digits::<4>(tilt.into());
                match i16::try_from(pan) {
                    Ok(pan) => [digits::<4>(pan.into()), tilt].concat(),
                    Err(_) => digits::<5>(pan).into_iter().chain(tilt).collect(),
                }
            }
            Self::Version(Version { vendor, model, rom, sockets }) => {
                let pairs = [vendor, model, rom].map(u16::to_be_bytes).concat();
                pairs.into_iter().chain([sockets]).collect()
            }
        }
    }
}
