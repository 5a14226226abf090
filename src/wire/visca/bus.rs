//! The conversation with the cameras of one line: a ring of up to seven on a serial port, or one over IP. It takes bytes
//! and the time, and gives bytes and events; it has no clock and opens nothing.
//!
//! Each camera has its own `head`, so that one that is silent keeps no other waiting. What a camera was told and has not
//! acknowledged is its one `flight`; the next is sent after that, and not before a vertical cycle has passed. A stop waits
//! for neither.

mod head;
mod hearing;
mod pace;
mod stop;
mod tasks;

use std::collections::VecDeque;

use super::command::{address_set, clear_all};
use super::frame::{Address, Frame, Framer};
use super::ip::{Control, Datagram, Payload};
use super::quirk::Quirk;
use super::reply::{Reply, Said};
use super::{Command, Message};
use crate::model::Millis;
use crate::model::camera::{Answer, Failure, Version, Wish};
use head::Head;

/// How long the ring's own messages may take to come round: seven cameras pass them on.
const ROUND: Millis = Millis(500);
/// So often they are sent before the cameras are spoken to all the same.
const ROUNDS: u8 = 3;

/// Who is told what came of a wish.
pub type Ticket = u64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Serial,
    Ip,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Taken(Ticket),
    Answered(Ticket, Answer),
    Failed(Ticket, Failure),
    /// It answers.
    Up(Address),
    Silent(Address),
    Version(Address, Version),
    Power(Address, bool),
    /// Nobody renewed its motion in time: it is being stopped.
    Unattended(Address),
    /// It was told to stop so often without a word that it will be told again when it is heard.
    StopLost(Address),
    Placed(Address, u8),
    PlaceLost(Address, u8),
    /// So many cameras the ring has.
    Counted(u8),
}

pub struct Bus {
    framer: Framer,
    heads: Vec<Head>,
    ring: Ring,
    /// Before this the ring gets no new numbers.
    address_at: Millis,
    is_open: bool,
    out: Out,
    /// A motion ends when it was not asked for again for so long.
    dead_man: Millis,
}

/// How far a serial line has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ring {
    /// Waits for AddressSet to come round.
    Addressing {
        round: u8,
        until: Millis,
    },
    /// Waits for IF_Clear to come round.
    Clearing {
        until: Millis,
    },
    Open,
}

/// What is to be sent and told.
struct Out {
    link: Link,
    /// Answers come under the number of what they are about.
    numbered: bool,
    /// Of the last message over IP.
    number: u32,
    packets: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
}

impl Bus {
    /// A line that is not open yet.
    pub fn new(link: Link, cameras: &[(Address, &'static Quirk)], dead_man: Millis) -> Self {
        let heads = cameras.iter().map(|(address, quirk)| Head::new(*address, quirk)).collect();
        let numbered = link == Link::Ip && cameras.iter().all(|(_, quirk)| quirk.numbered);
        let (packets, events) = (VecDeque::new(), VecDeque::new());
        let out = Out { link, numbered, number: 0, packets, events };
        let (framer, ring, address_at) = (Framer::default(), Ring::Open, Millis(0));
        Self { framer, heads, ring, address_at, is_open: false, out, dead_man }
    }

    /// The line was opened, for the first time or again. What its cameras were doing is not known: they are stopped.
    pub fn opened(&mut self, now: Millis) {
        self.framer.clear();
        self.out.packets.clear();
        self.is_open = true;
        for head in &mut self.heads {
            head.reopened(now, &mut self.out);
        }
        match self.out.link {
            Link::Serial => self.address(1, now),
            Link::Ip => {
                self.out.renumber();
                self.ring = Ring::Open;
            }
        }
    }

    /// The line is gone. Who waits for something is told; a place that is to be taken is remembered.
    pub fn closed(&mut self) {
        self.is_open = false;
        self.out.packets.clear();
        for head in &mut self.heads {
            head.cut_off(&mut self.out);
        }
    }

    /// Somebody's wish. What came of it is told with the ticket.
    ///
    /// # Errors
    /// At once when it is nothing for this camera, or too much waits for it.
    pub fn ask(
        &mut self,
        ticket: Ticket,
        to: Address,
        wish: Wish,
        now: Millis,
    ) -> Result<(), Failure> {
        let head = self.heads.iter_mut().find(|head| head.address == to);
        let head = head.filter(|_| self.is_open || matches!(wish, Wish::Place(_)));
        head.ok_or(Failure::Silent)?.ask(ticket, wish, now + self.dead_man, now, &mut self.out)
    }

    /// Bytes that came: a piece of the stream, or one datagram.
    pub fn received(&mut self, bytes: &[u8], now: Millis) {
        match self.out.link {
            Link::Serial => {
                for reply in self.framer.push(bytes, |frame| Reply::decode(frame).ok()) {
                    self.hear(reply, None, now);
                }
            }
            Link::Ip => {
                let Ok(datagram) = Datagram::decode(bytes) else { return };
                match datagram.payload {
                    Payload::Reply(frame) => {
                        let Ok(reply) = Reply::decode(&frame) else { return };
                        let number = Some(datagram.number).filter(|_| self.out.numbered);
                        self.hear(reply, number, now);
                    }
                    Payload::Control(Control::WrongNumber) => {
                        for head in &mut self.heads {
                            head.misnumbered(datagram.number, now, &mut self.out);
                        }
                    }
                    Payload::Control(Control::Reset | Control::WrongMessage)
                    | Payload::Command(_)
                    | Payload::Inquiry(_)
                    | Payload::Setting(_)
                    | Payload::ControlReply => {}
                }
            }
        }
    }

    fn hear(&mut self, reply: Reply, number: Option<u32>, now: Millis) {
        match reply {
            // Somebody was plugged in. The others keep their numbers, so nothing else has to wait.
            Reply::From(_, Said::NetworkChange) if self.ring == Ring::Open => {
                self.out.push(&address_set());
                self.heads.iter_mut().for_each(|head| head.look_again(now));
            }
            Reply::From(from, said) => {
                if let Some(head) = self.heads.iter_mut().find(|head| head.address == from) {
                    head.hear(said, number, now, &mut self.out);
                }
            }
            Reply::Addressed(next) => {
                self.out.events.push_back(Event::Counted(next - 1));
                if let Ring::Addressing { .. } = self.ring {
                    self.out.push(&clear_all());
                    self.ring = Ring::Clearing { until: now + ROUND };
                }
            }
            Reply::Cleared => {
                if let Ring::Clearing { .. } = self.ring {
                    self.ring = Ring::Open;
                }
            }
        }
    }

    /// Does what is due. Answers when to be called next, if nothing happens before.
    pub fn step(&mut self, now: Millis) -> Millis {
        if !self.is_open {
            return now + pace::POLL_MAX;
        }
        match self.ring {
            Ring::Addressing { until, .. } | Ring::Clearing { until } if now < until => {
                return until;
            }
            Ring::Addressing { round, .. } if round < ROUNDS => {
                self.address(round + 1, now);
                return now + ROUND;
            }
            // Cameras with fixed numbers, or a ring that is not closed: they may hear all the same.
            Ring::Addressing { .. } => {
                self.out.push(&clear_all());
                self.ring = Ring::Open;
            }
            Ring::Clearing { .. } => self.ring = Ring::Open,
            Ring::Open => {}
        }
        // Who was without power has no number, and his word that he is back may have been lost.
        let wants = self.address_at <= now && self.heads.iter().any(Head::is_silent);
        if wants && self.out.link == Link::Serial {
            self.address_at = now + pace::POLL_MAX;
            self.out.push(&address_set());
        }
        let next = self.heads.iter_mut().map(|head| head.step(now, &mut self.out)).min();
        next.unwrap_or(now + pace::POLL_MAX)
    }

    fn address(&mut self, round: u8, now: Millis) {
        self.out.push(&address_set());
        self.ring = Ring::Addressing { round, until: now + ROUND };
    }

    /// The next bytes to send: one packet, or one datagram.
    pub fn to_send(&mut self) -> Option<Vec<u8>> {
        self.out.packets.pop_front()
    }

    pub fn event(&mut self) -> Option<Event> {
        self.out.events.pop_front()
    }

    /// What a camera's motions are: for tests, and to show.
    pub fn is_moving(&self, address: Address) -> bool {
        self.heads.iter().any(|head| head.address == address && head.is_moving())
    }
}

impl Out {
    /// To the ring itself, which over IP there is not.
    fn push(&mut self, frame: &Frame) {
        self.packets.push_back(frame.bytes().to_vec());
    }

    /// Sends a message, under the number that it was sent with before, if any. Answers its number.
    fn send(&mut self, to: Address, message: Message, again: Option<u32>) -> u32 {
        let frame = message.encode(to);
        if self.link == Link::Serial {
            self.push(&frame);
            return 0;
        }
        let number = again.unwrap_or_else(|| {
            self.number = self.number.wrapping_add(self.numbered.into());
            self.number
        });
        let payload = match message {
            Message::Command(Command::Clear) => Payload::Setting(frame),
            Message::Command(_) => Payload::Command(frame),
            Message::Inquiry(_) => Payload::Inquiry(frame),
        };
        self.packets.push_back(Datagram { number, payload }.encode());
        number
    }

    /// Agrees with the camera on where the numbers stand.
    fn renumber(&mut self) {
        self.number = 0;
        let reset = Datagram { number: 0, payload: Payload::Control(Control::Reset) };
        self.packets.push_back(reset.encode());
    }

    fn tell(&mut self, event: Event) {
        self.events.push_back(event);
    }
}
