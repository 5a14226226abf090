//! The lines to PTZ cameras, one task each: a serial port by its bus path, or one camera over IP. Carries bytes between the
//! line and `wire::visca::bus`, and wishes between people and the bus. A line that is gone is opened again; meanwhile who
//! asks is told so. Knows nothing of what the bytes say.

mod port;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use tokio::select;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

use crate::domain::camera::{Asked, Desk};
use crate::hw::drained;
use crate::hw::hotplug::Hotplug;
use crate::model::Millis;
use crate::model::camera::{Failure, Status, Told, Wish};
use crate::wire::visca::Address;
use crate::wire::visca::bus::{Bus, Event, Link, Ticket};
use crate::wire::visca::quirk::Quirk;
pub use port::Place;
use port::Port;

/// A motion that nobody asks for again in so long ends: who holds a button down asks each half second.
const DEAD_MAN: Millis = Millis(2000);
/// After a line was lost it is opened again, at first and at last. The kernel's word that something was plugged in comes
/// before that.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A port that does not take a few bytes in so long is stuck.
const WRITE: Duration = Duration::from_secs(1);
/// What the box waits at its end for cameras to stand.
const FAREWELL: Duration = Duration::from_secs(2);
/// A datagram, or what a serial port has at once.
const READ: usize = 256;

/// A line that nobody drives yet.
pub struct Line {
    place: Place,
    talk: Talk,
}

/// A camera on it.
pub struct Seat {
    pub name: String,
    pub address: Address,
    pub quirk: &'static Quirk,
    pub status: watch::Sender<Status>,
}

/// The conversation, whether its line is open or not.
struct Talk {
    bus: Bus,
    seats: Vec<Seat>,
    desk: Desk,
    /// Who waits for what. Not more than the bus takes.
    waiting: HashMap<Ticket, oneshot::Sender<Result<Told, Failure>>>,
    tickets: Ticket,
    /// Why the line was closed last, until a camera answers again: a line that comes and goes is told once.
    trouble: String,
    began: Instant,
}

impl Line {
    pub fn new(place: Place, seats: Vec<Seat>, desk: Desk) -> Self {
        let link = match place {
            Place::Serial { .. } => Link::Serial,
            Place::Udp(_) => Link::Ip,
        };
        let cameras: Vec<_> = seats.iter().map(|seat| (seat.address, seat.quirk)).collect();
        let bus = Bus::new(link, &cameras, DEAD_MAN);
        let (waiting, began) = (HashMap::new(), Instant::now());
        let trouble = String::new();
        Self { place, talk: Talk { bus, seats, desk, waiting, tickets: 0, trouble, began } }
    }

    /// Drives it until `drain` turns true; then whatever moves is stopped.
    pub async fn run(self, root: &Path, hotplug: &Hotplug, mut drain: watch::Receiver<bool>) {
        let Self { place, mut talk } = self;
        let mut pause = PAUSE_MIN;
        loop {
            let tried = Instant::now();
            let opened = select! {
                biased;
                () = drained(&mut drain) => return,
                port = talk.refuse_until(place.open(root)) => port,
            };
            let why = match opened {
                Ok(port) => match talk.over(port, &mut drain).await {
                    Ok(()) => return,
                    Err(why) => why,
                },
                Err(why) => why,
            };
            if tried.elapsed() > PAUSE_MAX {
                pause = PAUSE_MIN;
            }
            talk.closed(&place, why);
            let mut changes = hotplug.changes();
            let again = async {
                select! {
                    _ = changes.changed() => {}
                    () = sleep(pause) => {}
                }
            };
            select! {
                biased;
                () = drained(&mut drain) => return,
                () = talk.refuse_until(again) => {}
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

impl Talk {
    fn now(&self) -> Millis {
        Millis::of(self.began.elapsed())
    }

    /// Tells who asks that the line is closed, until something comes.
    async fn refuse_until<T>(&mut self, something: impl Future<Output = T>) -> T {
        let mut something = std::pin::pin!(something);
        loop {
            select! {
                biased;
                came = &mut something => return came,
                Some(asked) = self.desk.stops.recv() => self.ask(asked),
                Some(asked) = self.desk.wishes.recv() => self.ask(asked),
            }
        }
    }

    /// Speaks over an open port, to the end of the box.
    ///
    /// # Errors
    /// Why the port is good for nothing any more.
    async fn over(
        &mut self,
        mut port: Port,
        drain: &mut watch::Receiver<bool>,
    ) -> Result<(), String> {
        self.bus.opened(self.now());
        self.seats.iter().for_each(|seat| seat.status.send_modify(|status| status.line.clear()));
        let mut end = None;
        let mut bytes = [0; READ];
        loop {
            let next = self.turn(&mut port).await?;
            if end.is_some_and(|end| end <= Instant::now() || !self.is_moving()) {
                return Ok(());
            }
            select! {
                biased;
                Some(asked) = self.desk.stops.recv(), if end.is_none() => self.ask(asked),
                () = drained(drain), if end.is_none() => {
                    end = Some(Instant::now() + FAREWELL);
                    self.stop_all();
                }
                Some(asked) = self.desk.wishes.recv(), if end.is_none() => self.ask(asked),
                read = port.read(&mut bytes) => match read {
                    Ok(0) => return Err("it was unplugged".into()),
                    Ok(count) => self.bus.received(&bytes[..count], self.now()),
                    Err(e) => return Err(e.to_string()),
                },
                () = sleep_until(self.began + next.to_std()) => {}
            }
        }
    }

    /// Sends what is to be sent, tells what is to be told. Answers when to do so again.
    async fn turn(&mut self, port: &mut Port) -> Result<Millis, String> {
        let next = self.bus.step(self.now());
        while let Some(bytes) = self.bus.to_send() {
            let sent = timeout(WRITE, port.write(&bytes)).await;
            sent.map_err(|_| "it takes no bytes".to_owned())?.map_err(|e| e.to_string())?;
        }
        self.heed();
        Ok(next)
    }

    fn ask(&mut self, asked: Asked) {
        self.tickets += 1;
        match self.bus.ask(self.tickets, asked.to, asked.wish, self.now()) {
            Ok(()) => drop(self.waiting.insert(self.tickets, asked.told)),
            Err(why) => {
                if let Wish::Place(Some(spot)) = asked.wish {
                    warn!(camera = self.name(asked.to), spot.preset, "it has no such preset");
                }
                // Who hung up does not care any more.
                let _ = asked.told.send(Err(why));
            }
        }
        self.heed();
    }

    /// Those that answer and move; one that is silent would not hear it.
    fn is_moving(&self) -> bool {
        let answers = |seat: &&Seat| seat.status.borrow().answers == Some(true);
        self.seats.iter().filter(answers).any(|seat| self.bus.is_moving(seat.address))
    }

    /// What moves until it is told otherwise; a journey ends by itself, perhaps at the wall.
    fn stop_all(&mut self) {
        let now = self.now();
        for seat in &self.seats {
            if self.bus.is_moving(seat.address) {
                self.tickets += 1;
                // Nobody waits for it.
                let _ = self.bus.ask(self.tickets, seat.address, Wish::Stop, now);
            }
        }
    }

    fn closed(&mut self, place: &Place, why: String) {
        self.bus.closed();
        self.heed();
        for seat in &self.seats {
            seat.status.send_modify(|status| status.line.clone_from(&why));
        }
        if self.trouble != why {
            warn!(line = %place, why, "a line to cameras is closed");
            self.trouble = why;
        }
    }

    fn heed(&mut self) {
        while let Some(event) = self.bus.event() {
            match event {
                Event::Taken(ticket) => self.answer(ticket, Ok(Told::Taken)),
                Event::Answered(ticket, answer) => self.answer(ticket, Ok(Told::Answer(answer))),
                Event::Failed(ticket, why) => self.answer(ticket, Err(why)),
                Event::Up(at) => {
                    self.note(at, |status| status.answers = Some(true));
                    info!(camera = self.name(at), "it answers");
                    self.trouble.clear();
                }
                Event::Silent(at) => {
                    self.note(at, |status| status.answers = Some(false));
                    warn!(camera = self.name(at), "it does not answer");
                }
                Event::Version(at, version) => {
                    self.note(at, |status| status.version = Some(version));
                }
                Event::Power(at, on) => self.note(at, |status| status.power = Some(on)),
                Event::Unattended(at) => {
                    info!(camera = self.name(at), "nobody goes on steering it: it is stopped");
                }
                Event::StopLost(at) => {
                    warn!(camera = self.name(at), "it was told to stop and says nothing");
                }
                Event::Placed(at, preset) => {
                    info!(camera = self.name(at), preset, "it turns to a preset");
                }
                Event::PlaceLost(at, preset) => {
                    warn!(camera = self.name(at), preset, "it does not turn to a preset");
                }
                Event::Counted(count) => debug!(count, "cameras in the ring"),
            }
        }
    }

    fn answer(&mut self, ticket: Ticket, told: Result<Told, Failure>) {
        if let Some(waits) = self.waiting.remove(&ticket) {
            let _ = waits.send(told);
        }
    }

    fn seat(&self, at: Address) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.address == at)
    }

    fn name(&self, at: Address) -> &str {
        self.seat(at).map_or("", |seat| &seat.name)
    }

    fn note(&self, at: Address, change: impl FnOnce(&mut Status)) {
        if let Some(seat) = self.seat(at) {
            seat.status.send_modify(change);
        }
    }
}
