//! Packets in a stream of bytes: a header with its top bit set, one to fourteen bytes, `FF`. Noise before a packet and
//! halves of packets are skipped. Knows nothing of what a packet says.

use super::ViscaError;

/// A camera of a ring: 1 to 7. The controller is 0, everybody is 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(u8);

impl Address {
    pub const FIRST: Self = Self(1);
    /// As many cameras as a ring may have.
    pub const MAX: usize = 7;

    pub const fn new(n: u8) -> Option<Self> {
        if n >= 1 && n <= 7 { Some(Self(n)) } else { None }
    }

    pub const fn get(self) -> u8 {
        self.0
    }

    /// First byte of what is sent to it.
    pub const fn header(self) -> u8 {
        0x80 | self.0
    }

    /// First byte of what it sends.
    pub const fn reply_header(self) -> u8 {
        (self.0 + 8) << 4
    }
}

/// First byte of what is for everybody.
pub const BROADCAST: u8 = 0x88;
/// Last byte of every packet, and of no other place in one.
pub const END: u8 = 0xFF;
const SHORTEST: usize = 3;
const LONGEST: usize = 16;

/// One packet, whole: its length, header and end are right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    bytes: [u8; LONGEST],
    len: u8,
}

impl Frame {
    /// # Errors
    /// When these bytes are not exactly one packet.
    pub fn new(bytes: &[u8]) -> Result<Self, ViscaError> {
        let [header, .., END] = bytes else { return Err(ViscaError::NoEnd) };
        if !(SHORTEST..=LONGEST).contains(&bytes.len()) {
            return Err(ViscaError::Length(bytes.len()));
        }
        if *header < 0x80 || *header == END {
            return Err(ViscaError::Header(*header));
        }
        if bytes[..bytes.len() - 1].contains(&END) {
            return Err(ViscaError::NoEnd);
        }
        Ok(Self::copy(bytes))
    }

    /// `header`, then `parts` one after the other, then the end. What a codec of ours puts in fits.
    pub(super) fn of(header: u8, parts: &[&[u8]]) -> Self {
        let mut frame = Self { bytes: [0; LONGEST], len: 1 };
        frame.bytes[0] = header;
        let rest = parts.iter().flat_map(|part| part.iter()).chain(&[END]);
        for (place, byte) in frame.bytes[1..].iter_mut().zip(rest) {
            *place = *byte;
            frame.len += 1;
        }
        frame
    }

    fn copy(bytes: &[u8]) -> Self {
        let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
        Self::of(*first, &[rest.split_last().map_or(&[], |(_, body)| body)])
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// What stands between header and end.
    pub fn body(&self) -> &[u8] {
        &self.bytes[1..usize::from(self.len) - 1]
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.bytes().iter().try_for_each(|byte| write!(f, "{byte:02x} "))
    }
}

/// Cuts a stream into packets. Holds one packet's bytes and no more, whatever comes.
#[derive(Clone, Debug, Default)]
pub struct Framer {
    /// The newest bytes since the last end.
    held: Vec<u8>,
}

impl Framer {
    /// Takes bytes in; `read` says what a packet means, or that it means nothing. Where the bytes up to an end mean
    /// nothing as a whole, they may be half a packet and a whole one: each later header is tried as well.
    pub fn push<T>(&mut self, bytes: &[u8], read: impl Fn(&Frame) -> Option<T>) -> Vec<T> {
        let mut all = Vec::new();
        for byte in bytes {
            if self.held.len() == LONGEST {
                self.held.remove(0);
            }
            self.held.push(*byte);
            if *byte == END {
                let starts = 0..self.held.len();
                let found = starts
                    .filter_map(|at| Frame::new(&self.held[at..]).ok())
                    .find_map(|f| read(&f));
                all.extend(found);
                self.held.clear();
            }
        }
        all
    }

    /// Forgets half a packet: the line was opened anew.
    pub fn clear(&mut self) {
        self.held.clear();
    }
}
