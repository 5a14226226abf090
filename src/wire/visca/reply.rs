//! What comes back over the line: acknowledgements, completions, answers, errors, and what went once round the ring.

use super::frame::{BROADCAST, Frame};
use super::{Address, ViscaError};

/// What fits into a packet beside header, kind and end.
const DATA_MAX: usize = 13;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// From one camera.
    From(Address, Said),
    /// AddressSet came round: the number that the next camera would have.
    Addressed(u8),
    /// IF_Clear came round.
    Cleared,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It has begun, in this socket.
    Ack(u8),
    /// It is done. Socket 0: of something that takes none.
    Done(u8),
    /// An answer; socket 0 with nearly every model.
    Answer(Vec<u8>),
    Refused(u8, Refusal),
    /// It was plugged in, or somebody beside it was: the ring wants its addresses again.
    NetworkChange,
}

/// Every error of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Length,
    Syntax,
    /// Both sockets are busy.
    BufferFull,
    Cancelled,
    /// Nothing is being done in the socket that was to be cancelled.
    NoSocket,
    /// Not now: it stands by, is moving, or focuses by itself.
    NotExecutable,
    /// Some other number; clones have their own.
    Other(u8),
}

impl Refusal {
    pub const fn code(self) -> u8 {
        match self {
            Self::Length => 0x01,
            Self::Syntax => 0x02,
            Self::BufferFull => 0x03,
            Self::Cancelled => 0x04,
            Self::NoSocket => 0x05,
            Self::NotExecutable => 0x41,
            Self::Other(code) => code,
        }
    }

    pub const fn from_code(code: u8) -> Self {
        match code {
            0x01 => Self::Length,
            0x02 => Self::Syntax,
            0x03 => Self::BufferFull,
            0x04 => Self::Cancelled,
            0x05 => Self::NoSocket,
            0x41 => Self::NotExecutable,
            code => Self::Other(code),
        }
    }
}

impl Reply {
    /// # Errors
    /// When it is no reply: a command on its way round, or noise.
    pub fn decode(frame: &Frame) -> Result<Self, ViscaError> {
        let header = frame.bytes()[0];
        if header == BROADCAST {
            return match frame.body() {
                [0x30, next @ 1..=8] => Ok(Self::Addressed(*next)),
                [1, 0, 1] => Ok(Self::Cleared),
                _ => Err(ViscaError::Fields),
            };
        }
        let from = Address::new((header >> 4) & 7).filter(|_| header & 0x0F == 0);
        let from = from.ok_or(ViscaError::Header(header))?;
        let said = match frame.body() {
            [0x38] => Said::NetworkChange,
            [kind @ 0x40..=0x4F] => Said::Ack(kind & 0x0F),
            [kind @ 0x50..=0x5F] => Said::Done(kind & 0x0F),
            [0x50..=0x5F, data @ ..] => Said::Answer(data.to_vec()),
            [kind @ 0x60..=0x6F, code] => Said::Refused(kind & 0x0F, Refusal::from_code(*code)),
            [0x38..=0x6F, ..] => return Err(ViscaError::Fields),
            [kind, ..] => return Err(ViscaError::Unknown(*kind)),
            [] => return Err(ViscaError::Fields),
        };
        Ok(Self::From(from, said))
    }

    /// As a camera sends it.
    pub fn encode(&self) -> Frame {
        let (from, said) = match self {
            Self::Addressed(next) => return Frame::of(BROADCAST, &[&[0x30, *next]]),
            Self::Cleared => return Frame::of(BROADCAST, &[&[1, 0, 1]]),
            Self::From(from, said) => (from.reply_header(), said),
        };
        match said {
            Said::Ack(socket) => Frame::of(from, &[&[0x40 | socket & 0x0F]]),
            Said::Done(socket) => Frame::of(from, &[&[0x50 | socket & 0x0F]]),
            Said::Answer(data) => Frame::of(from, &[&[0x50], &data[..data.len().min(DATA_MAX)]]),
            Said::Refused(socket, why) => Frame::of(from, &[&[0x60 | socket & 0x0F, why.code()]]),
            Said::NetworkChange => Frame::of(from, &[&[0x38]]),
        }
    }
}
