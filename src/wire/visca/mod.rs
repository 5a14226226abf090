//! VISCA, the language of PTZ cameras: Sony's command lists (EVI-D70, EVI-D100, EVI-H100S, BRC-H700, SRG-300H), serial
//! and over IP. `frame` finds packets in bytes, `command`, `inquiry` and `reply` are what they mean, `ip` is the header of
//! a datagram, `quirk` what models do differently, `bus` the conversation itself. Nothing here waits or opens a port.

pub mod bus;
pub mod command;
pub mod frame;
pub mod inquiry;
pub mod ip;
pub mod quirk;
pub mod reply;

#[cfg(test)]
mod tests;

use crate::model::camera::Inquiry;
pub use command::{Command, Pan};
pub use frame::{Address, Frame, Framer};
pub use reply::{Refusal, Reply, Said};

/// Why bytes are not a packet, or a packet is none that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViscaError {
    /// A packet has 3 to 16 bytes.
    Length(usize),
    /// Its first byte is no header.
    Header(u8),
    /// It does not end with `FF`, or goes on after one.
    NoEnd,
    /// Its second byte is of no kind that is read here.
    Unknown(u8),
    /// The kind is known; what follows does not fit it.
    Fields,
}

/// What a packet asks of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    Command(Command),
    Inquiry(Inquiry),
}

impl Message {
    pub fn encode(self, to: Address) -> Frame {
        match self {
            Self::Command(command) => command.encode(to),
            Self::Inquiry(inquiry) => inquiry.encode(to),
        }
    }

    /// As the camera reads it.
    ///
    /// # Errors
    /// When it is for nobody, or says nothing known.
    pub fn decode(frame: &Frame) -> Result<(Address, Self), ViscaError> {
        let header = frame.bytes()[0];
        let to = Address::new(header & 0x0F).filter(|_| header & 0x70 == 0);
        let to = to.ok_or(ViscaError::Header(header))?;
        let said = match frame.body() {
            [0x09, what @ ..] => Self::Inquiry(Inquiry::decode(what)?),
            what => Self::Command(Command::decode(what)?),
        };
        Ok((to, said))
    }
}

/// A number as four hexadecimal digits, a byte each: what VISCA does with anything of more than seven bits.
fn digits<const N: usize>(number: i32) -> [u8; N] {
    std::array::from_fn(|n| {
        let nibble = (number >> (4 * (N - 1 - n))) & 0x0F;
        u8::try_from(nibble).unwrap_or(0)
    })
}

/// The same back, without a sign; `None` when a byte is no digit.
fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |sum, digit| (*digit < 16).then(|| sum << 4 | i32::from(*digit)))
}

/// The same with the sign that the first digit's top bit is; `None` for no digit, and for more than a number has.
fn signed(digits: &[u8]) -> Option<i32> {
    let number = number(digits)?;
    let bits = Some(4 * digits.len()).filter(|bits| (4..32).contains(bits))?;
    Some(if number >> (bits - 1) == 1 { number - (1 << bits) } else { number })
}
