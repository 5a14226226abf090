//! Cameras that are not there: a ring of them as VISCA has it, with two sockets each, an answer a vertical cycle later, and
//! every way in which a line or a camera fails. It takes bytes and the time and gives bytes, as the box's own side does.

use std::collections::VecDeque;

use arctos_box::model::Millis;
use arctos_box::model::camera::{Answer, FocusMode, Inquiry, PresetDo, Version};
use arctos_box::wire::visca::bus::Link;
use arctos_box::wire::visca::ip::{Control, Datagram, Payload};
use arctos_box::wire::visca::{Address, Command, Frame, Framer, Message, Refusal, Reply, Said};

/// A vertical cycle.
pub const CYCLE: Millis = Millis(20);

pub struct Sim {
    pub cameras: Vec<Camera>,
    pub link: Link,
    /// What happens to the next replies.
    pub garble: VecDeque<Garble>,
    framer: Framer,
    /// When, and what. In order of time.
    due: Vec<(Millis, Vec<u8>)>,
    /// Over IP: the last number that was heard.
    pub number: u32,
    /// No number but the next is taken.
    pub strict: bool,
    /// Over IP it answers under 1 always.
    pub countless: bool,
    /// So many orders to count anew get lost.
    pub lost_resets: u32,
}

#[derive(Clone, Debug)]
pub enum Garble {
    Noise(Vec<u8>),
    /// Its second half is lost.
    Half,
    /// It seems to come from somebody else.
    WrongAddress,
    Lost,
}

pub struct Camera {
    pub address: u8,
    pub pan: i8,
    pub tilt: i8,
    pub zoom: i8,
    pub focus: i8,
    pub auto_focus: bool,
    pub power: bool,
    pub preset: Option<u8>,
    /// Hears and says nothing.
    pub silent: bool,
    /// So many messages to it get lost.
    pub deaf: u32,
    /// So many of its replies get lost.
    pub mute: u32,
    /// So many commands find both sockets busy.
    pub full: u32,
    pub delay: Millis,
    pub log: Vec<(Millis, Message)>,
    sockets: [Option<Millis>; 2],
}

impl Camera {
    fn new() -> Self {
        Self {
            address: 0,
            pan: 0,
            tilt: 0,
            zoom: 0,
            focus: 0,
            auto_focus: false,
            power: true,
            preset: None,
            silent: false,
            deaf: 0,
            mute: 0,
            full: 0,
            delay: CYCLE,
            log: Vec::new(),
            sockets: [None; 2],
        }
    }

    pub fn stands(&self) -> bool {
        (self.pan, self.tilt, self.zoom, self.focus) == (0, 0, 0, 0)
    }

    fn hear(&mut self, message: Message, now: Millis) -> Vec<(Millis, Said)> {
        if self.silent {
            return Vec::new();
        }
        if self.deaf > 0 {
            self.deaf -= 1;
            return Vec::new();
        }
        self.log.push((now, message));
        let soon = now + self.delay;
        let command = match message {
            Message::Inquiry(inquiry) => {
                return vec![(soon, Said::Answer(self.answer(inquiry).encode()))];
            }
            Message::Command(Command::Clear) => {
                self.sockets = [None; 2];
                return vec![(soon, Said::Done(0))];
            }
            Message::Command(Command::Cancel(n)) => {
                let socket = self.sockets.get_mut(usize::from(n.max(1)) - 1);
                let why = match socket.and_then(|s| s.take().filter(|until| *until > now)) {
                    Some(_) => Refusal::Cancelled,
                    None => Refusal::NoSocket,
                };
                return vec![(soon, Said::Refused(n, why))];
            }
            Message::Command(command) => command,
        };
        let takes = match command {
            Command::Power(_) => true,
            Command::Focus(_) => self.power && !self.auto_focus,
            _ => self.power,
        };
        let free = self.sockets.iter().position(|s| s.is_none_or(|until| until <= now));
        if self.full > 0 || free.is_none() {
            self.full = self.full.saturating_sub(1);
            return vec![(soon, Said::Refused(0, Refusal::BufferFull))];
        }
        let free = free.unwrap();
        let n = u8::try_from(free + 1).unwrap();
        if !takes {
            return vec![(soon, Said::Refused(n, Refusal::NotExecutable))];
        }
        if matches!(command, Command::Drive { pan, tilt } if pan.abs() > 0x18 || tilt.abs() > 0x17)
        {
            return vec![(soon, Said::Refused(0, Refusal::Syntax))];
        }
        let done = soon + self.begin(command);
        self.sockets[free] = Some(done);
        vec![(soon, Said::Ack(n)), (done, Said::Done(n))]
    }

    /// Answers how long it takes.
    fn begin(&mut self, command: Command) -> Millis {
        match command {
            Command::Drive { pan, tilt } => (self.pan, self.tilt) = (pan, tilt),
            Command::Zoom(speed) => self.zoom = speed,
            Command::Focus(speed) => self.focus = speed,
            Command::FocusMode(mode) => self.auto_focus = mode == FocusMode::Auto,
            Command::Power(on) => self.power = on,
            // Who goes somewhere by himself does not go on as he did before.
            Command::Preset(PresetDo::Recall, n) => {
                (self.pan, self.tilt, self.zoom, self.focus) = (0, 0, 0, 0);
                self.preset = Some(n);
                return Millis(2000);
            }
            Command::Aim { .. } | Command::Home | Command::Reset => {
                (self.pan, self.tilt) = (0, 0);
                return Millis(2000);
            }
            Command::ZoomTo(_) => {
                self.zoom = 0;
                return Millis(2000);
            }
            Command::Preset(PresetDo::Store | PresetDo::Forget, _)
            | Command::FocusTo(_)
            | Command::Cancel(_)
            | Command::Clear => {}
        }
        CYCLE
    }

    fn answer(&self, inquiry: Inquiry) -> Answer {
        match inquiry {
            Inquiry::Power => Answer::Power(self.power),
            Inquiry::Zoom => Answer::Zoom(0x1234),
            Inquiry::Focus => Answer::Focus(0x1000),
            Inquiry::Position => Answer::Position { pan: -100, tilt: 50 },
            Inquiry::Version => {
                Answer::Version(Version { vendor: 0x0020, model: 0x040E, rom: 0x0103, sockets: 2 })
            }
        }
    }
}

impl Sim {
    /// Over IP there is one camera, and its number is always 1.
    pub fn new(link: Link, count: usize) -> Self {
        let mut cameras: Vec<Camera> = std::iter::repeat_with(Camera::new).take(count).collect();
        if link == Link::Ip {
            cameras[0].address = 1;
        }
        let (garble, due) = (VecDeque::new(), Vec::new());
        let (framer, number, strict) = (Framer::default(), 0, false);
        let countless = false;
        Self { cameras, link, garble, framer, due, number, strict, countless, lost_resets: 0 }
    }

    /// What the box sent: a piece of the stream, or one datagram.
    pub fn hear(&mut self, bytes: &[u8], now: Millis) {
        if self.link == Link::Serial {
            for frame in self.framer.push(bytes, |frame| Some(*frame)) {
                self.frame(&frame, None, now);
            }
            return;
        }
        let datagram = Datagram::decode(bytes).expect("the box sends whole datagrams");
        match datagram.payload {
            Payload::Control(Control::Reset) if self.lost_resets > 0 => self.lost_resets -= 1,
            Payload::Control(Control::Reset) => {
                self.number = 0;
                self.put(now + CYCLE, Datagram { number: 0, payload: Payload::ControlReply });
            }
            Payload::Command(frame) | Payload::Inquiry(frame) | Payload::Setting(frame) => {
                let camera = &mut self.cameras[0];
                if camera.silent || camera.deaf > 0 {
                    camera.deaf = camera.deaf.saturating_sub(1);
                    return;
                }
                if self.countless {
                    return self.frame(&frame, Some(1), now);
                }
                let is_next = datagram.number == self.number + 1;
                if datagram.number == self.number || self.strict && !is_next {
                    let wrong = Payload::Control(Control::WrongNumber);
                    let wrong = Datagram { number: datagram.number, payload: wrong };
                    return self.put(now + CYCLE, wrong);
                }
                self.number = datagram.number;
                self.frame(&frame, Some(datagram.number), now);
            }
            other => panic!("the box sent {other:?}"),
        }
    }

    fn put(&mut self, at: Millis, datagram: Datagram) {
        self.due.push((at, datagram.encode()));
    }

    fn frame(&mut self, frame: &Frame, number: Option<u32>, now: Millis) {
        // Who says nothing passes on what is for others.
        let there = self.cameras.iter_mut();
        match frame.body() {
            [0x30, 1] => {
                let mut next = 1;
                for camera in there {
                    (camera.address, next) = (next, next + 1);
                }
                self.say(now + CYCLE, Reply::Addressed(next), None);
            }
            [1, 0, 1] if frame.bytes()[0] == 0x88 => {
                there.for_each(|camera| camera.sockets = [None; 2]);
                self.say(now + CYCLE, Reply::Cleared, None);
            }
            _ => {
                let Ok((to, message)) = Message::decode(frame) else { return };
                let camera = self.cameras.iter_mut().find(|camera| camera.address == to.get());
                let Some(camera) = camera else { return };
                let socket = match message {
                    Message::Command(Command::Cancel(n)) => Some(n),
                    _ => None,
                };
                let is_busy = |n: u8| {
                    let until = camera.sockets.get(usize::from(n.max(1)) - 1);
                    until.is_some_and(|until| until.is_some_and(|until| until > now))
                };
                // What was cancelled is not completed.
                if let Some(n) =
                    socket.filter(|n| !camera.silent && camera.deaf == 0 && is_busy(*n))
                {
                    let from = Address::new(camera.address).unwrap();
                    let done = Reply::From(from, Said::Done(n)).encode();
                    self.due.retain(|(_, bytes)| !bytes.ends_with(done.bytes()));
                }
                for (at, said) in camera.hear(message, now) {
                    if camera.mute > 0 {
                        camera.mute -= 1;
                    } else {
                        let from = Address::new(camera.address).unwrap();
                        let reply = Reply::From(from, said);
                        self.due.push((at, encoded(&reply, number)));
                    }
                }
            }
        }
    }

    fn say(&mut self, at: Millis, reply: Reply, number: Option<u32>) {
        self.due.push((at, encoded(&reply, number)));
    }

    /// A camera of the ring was plugged in.
    pub fn plug_in(&mut self, n: usize, now: Millis) {
        self.cameras[n].silent = false;
        let from = Address::new(self.cameras[n].address.max(1)).unwrap();
        self.say(now, Reply::From(from, Said::NetworkChange), None);
    }

    pub fn next(&self) -> Option<Millis> {
        self.due.iter().map(|(at, _)| *at).min()
    }

    /// What goes out by now, a packet or datagram each.
    pub fn say_by(&mut self, now: Millis) -> Vec<Vec<u8>> {
        self.due.sort_by_key(|(at, _)| *at);
        let count = self.due.iter().filter(|(at, _)| *at <= now).count();
        let due: Vec<Vec<u8>> = self.due.drain(..count).map(|(_, bytes)| bytes).collect();
        due.into_iter().filter_map(|bytes| self.garbled(bytes)).collect()
    }

    fn garbled(&mut self, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        let header = if self.link == Link::Ip { 8 } else { 0 };
        match self.garble.pop_front() {
            None => {}
            Some(Garble::Lost) => return None,
            Some(Garble::Noise(noise)) if header == 0 => bytes.splice(0..0, noise).for_each(drop),
            Some(Garble::Noise(noise)) => bytes = noise,
            Some(Garble::Half) => bytes.truncate(bytes.len() / 2),
            Some(Garble::WrongAddress) => {
                if let Some(from) = bytes.get_mut(header) {
                    *from = 0x90 | (*from + 0x10) & 0x70;
                }
            }
        }
        Some(bytes)
    }
}

fn encoded(reply: &Reply, number: Option<u32>) -> Vec<u8> {
    let frame = reply.encode();
    match number {
        None => frame.bytes().to_vec(),
        Some(number) => Datagram { number, payload: Payload::Reply(frame) }.encode(),
    }
}
