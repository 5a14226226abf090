//! VISCA over IP: eight bytes before each packet, one packet a datagram, UDP port 52381. The number of a message comes
//! back with every reply to it. Source: Sony's lists of SRG-HD1 and BRC-X400, "VISCA over IP".

use super::{Frame, ViscaError};

/// Where cameras listen.
pub const PORT: u16 = 52381;
const HEADER: usize = 8;

/// One datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    pub number: u32,
    pub payload: Payload,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    Command(Frame),
    Inquiry(Frame),
    Reply(Frame),
    /// IF_Clear and the like, to the device and not to its picture.
    Setting(Frame),
    Control(Control),
    /// The only one there is: the numbers begin at 0 again.
    ControlReply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Numbers begin at 0 again.
    Reset,
    /// The number is not the one that follows: also what was done already answers so when it is sent again.
    WrongNumber,
    /// The kind of the message is not known there.
    WrongMessage,
}

impl Datagram {
    pub fn encode(&self) -> Vec<u8> {
        let (kind, body): (u16, &[u8]) = match &self.payload {
            Payload::Command(frame) => (0x0100, frame.bytes()),
            Payload::Inquiry(frame) => (0x0110, frame.bytes()),
            Payload::Reply(frame) => (0x0111, frame.bytes()),
            Payload::Setting(frame) => (0x0120, frame.bytes()),
            Payload::Control(Control::Reset) => (0x0200, &[1]),
            Payload::Control(Control::WrongNumber) => (0x0200, &[0x0F, 1]),
            Payload::Control(Control::WrongMessage) => (0x0200, &[0x0F, 2]),
            Payload::ControlReply => (0x0201, &[1]),
        };
        let len = u16::try_from(body.len()).unwrap_or(0);
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend(kind.to_be_bytes());
        bytes.extend(len.to_be_bytes());
        bytes.extend(self.number.to_be_bytes());
        bytes.extend(body);
        bytes
    }

    /// # Errors
    /// When the bytes are not exactly one datagram of a known kind.
    pub fn decode(bytes: &[u8]) -> Result<Self, ViscaError> {
        let short = ViscaError::Length(bytes.len());
        let (head, body) = bytes.split_first_chunk::<HEADER>().ok_or(short)?;
        let [k0, k1, l0, l1, n0, n1, n2, n3] = *head;
        if usize::from(u16::from_be_bytes([l0, l1])) != body.len() {
            return Err(short);
        }
        let payload = match (u16::from_be_bytes([k0, k1]), body) {
            (0x0100, packet) => Payload::Command(Frame::new(packet)?),
            (0x0110, packet) => Payload::Inquiry(Frame::new(packet)?),
            (0x0111, packet) => Payload::Reply(Frame::new(packet)?),
            (0x0120, packet) => Payload::Setting(Frame::new(packet)?),
            (0x0200, [1]) => Payload::Control(Control::Reset),
            (0x0200, [0x0F, 1]) => Payload::Control(Control::WrongNumber),
            (0x0200, [0x0F, 2]) => Payload::Control(Control::WrongMessage),
            (0x0201, [1]) => Payload::ControlReply,
            (0x0200 | 0x0201, _) => return Err(ViscaError::Fields),
            (_, _) => return Err(ViscaError::Unknown(k0)),
        };
        Ok(Self { number: u32::from_be_bytes([n0, n1, n2, n3]), payload })
    }
}
