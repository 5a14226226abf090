//! One camera of a line: what waits for it, what it was told last, how it stands.

use std::collections::VecDeque;

use super::super::Message;
use super::super::command::Command;
use super::super::frame::Address;
use super::super::quirk::Quirk;
use super::pace::{self, CYCLE, Pace};
use super::stop::Axes;
use super::tasks::{self, Axis, QUEUE, Task, Why, axis, journey};
use super::{Event, Out, Ticket};
use crate::model::Millis;
use crate::model::camera::{Failure, Inquiry, PresetDo, Spot, Wish};

/// A message without an answer is sent so often before it is given up.
pub const TRIES: u8 = 3;
/// A place that cannot be taken is tried again this often, so many times.
const PLACE_PAUSE: Millis = Millis(3000);
const PLACE_TRIES: u8 = 20;
pub const NEVER: Millis = Millis(i64::MAX);

pub struct Head {
    pub address: Address,
    pub quirk: &'static Quirk,
    pub queue: VecDeque<Task>,
    pub flight: Option<Flight>,
    pub sockets: [Socket; 2],
    pub axes: Axes,
    /// Who waits for it to stand.
    pub halting: Vec<Ticket>,
    pub place: Option<Placing>,
    /// Before this it takes no further command.
    pub next_at: Millis,
    pub pace: Pace,
    /// Until when an acknowledgement may still come for what was given up.
    pub strays: VecDeque<Millis>,
    /// Completions since the last stop began that nothing was known of.
    pub bare: u8,
    pub life: Life,
}

/// What was sent and not acknowledged.
pub struct Flight {
    pub task: Task,
    pub first: Millis,
    /// Then it is sent again, or given up.
    pub until: Millis,
    /// Copies under its newest number.
    pub tries: u8,
    /// Copies that nothing was heard of.
    missed: u8,
    /// How often the camera would not.
    pub refused: u8,
    /// Words that came meanwhile and were taken for something older.
    pub swallowed: u8,
    /// It was heard, and is only to be sent again.
    pub again: bool,
    /// Over IP: the numbers of its copies.
    pub numbers: (u32, u32),
}

/// A place in the camera for a command that is being carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    Free,
    /// With what, where that is known.
    Busy(Option<Task>),
}

#[derive(Clone, Copy)]
pub struct Placing {
    pub spot: Spot,
    /// When to try; `NEVER` when it is there, as far as is known.
    pub at: Millis,
    pub tries: u8,
}

#[derive(Clone, Copy, Default)]
pub struct Life {
    pub answers: Option<bool>,
    pub power: Option<bool>,
    pub misses: u8,
    pub poll_at: Millis,
    pub poll_every: Millis,
    pub asked_version: bool,
}

impl Head {
    pub fn new(address: Address, quirk: &'static Quirk) -> Self {
        Self {
            address,
            quirk,
            queue: VecDeque::new(),
            flight: None,
            sockets: [Socket::Free; 2],
            axes: Axes::default(),
            halting: Vec::new(),
            place: None,
            next_at: Millis(0),
            pace: Pace::new(quirk.first_ack),
            strays: VecDeque::new(),
            bare: 0,
            life: Life { poll_every: pace::POLL_MIN, ..Life::default() },
        }
    }

    /// Its line is gone.
    pub fn cut_off(&mut self, out: &mut Out) {
        let flight = self.flight.take().map(|flight| flight.task);
        for task in flight.into_iter().chain(std::mem::take(&mut self.queue)) {
            fail(task, Failure::Silent, out);
        }
        for ticket in self.halting.drain(..) {
            out.tell(Event::Failed(ticket, Failure::Silent));
        }
        if self.life.answers == Some(true) {
            out.tell(Event::Silent(self.address));
            self.life.answers = Some(false);
        }
    }

    /// Somebody of its ring was plugged in: perhaps it was this one.
    pub fn look_again(&mut self, now: Millis) {
        self.place_again(now);
        if self.is_silent() {
            self.life.poll_at = now;
            self.axes.hope_again();
        }
    }

    /// Its line is new. It may be moving since before, so it is stopped first.
    pub fn reopened(&mut self, now: Millis, out: &mut Out) {
        self.cut_off(out);
        self.strays.clear();
        self.sockets = [Socket::Free; 2];
        self.next_at = now;
        // That it is silent still is no news.
        let answers = self.life.answers;
        self.life = Life { answers, poll_at: now, poll_every: pace::POLL_MIN, ..Life::default() };
        self.owe_all();
    }

    /// What it does is not known.
    pub fn owe_all(&mut self) {
        let all: &[Axis] = if self.quirk.focus { &Axis::ALL } else { &[Axis::PanTilt, Axis::Zoom] };
        all.iter().for_each(|axis| self.axes.owe(*axis));
    }

    pub fn ask(
        &mut self,
        ticket: Ticket,
        wish: Wish,
        until: Millis,
        now: Millis,
        out: &mut Out,
    ) -> Result<(), Failure> {
        let why = Why::Wish(Some(ticket));
        match (tasks::message(self.quirk, wish)?, wish) {
            (None, Wish::Place(spot)) => {
                self.place = spot.map(|spot| Placing { spot, at: now, tries: 0 });
                if spot.is_some() {
                    self.halt_moving(&Axis::ALL, now, out);
                }
                out.tell(Event::Taken(ticket));
                Ok(())
            }
            (None, _) => self.halt_all(ticket, now, out),
            (Some(message @ Message::Inquiry(_)), _) => self.enqueue(Task { message, why }),
            (Some(message @ Message::Command(command)), _) => match axis(command) {
                Some(axis) if command == axis.halt() => self.halt(axis, ticket, now, out),
                Some(axis) => self.move_on(axis, command, (ticket, until), out),
                None => {
                    let by_itself = journey(command);
                    // What moves by hand would be stopped by its dead man in the middle of the journey.
                    self.halt_moving(by_itself, now, out);
                    self.enqueue(Task { message, why })?;
                    if !by_itself.is_empty() {
                        self.place = None;
                    }
                    // Who switches it off does not want it on.
                    if command == Command::Power(false)
                        && let Some(placing) = &mut self.place
                    {
                        placing.spot.wakes = false;
                    }
                    Ok(())
                }
            },
        }
    }

    fn move_on(
        &mut self,
        axis: Axis,
        command: Command,
        (ticket, until): (Ticket, Millis),
        out: &mut Out,
    ) -> Result<(), Failure> {
        if self.axes.renew(axis, command, until) {
            out.tell(Event::Taken(ticket));
            return Ok(());
        }
        let same = |task: &Task| matches!(task.message, Message::Command(c) if tasks::axis(c) == Some(axis));
        for old in tasks::take(&mut self.queue, same) {
            fail(old, Failure::Overtaken, out);
        }
        self.enqueue(Task { message: Message::Command(command), why: Why::Wish(Some(ticket)) })?;
        self.place = None;
        self.axes.begin(axis, command, until);
        Ok(())
    }

    fn enqueue(&mut self, task: Task) -> Result<(), Failure> {
        if self.queue.len() >= QUEUE {
            return Err(Failure::Busy);
        }
        self.queue.push_back(task);
        Ok(())
    }

    pub fn step(&mut self, now: Millis, out: &mut Out) -> Millis {
        self.end_motions(now, out);
        if self.flight.as_ref().is_some_and(|flight| flight.until <= now) {
            self.overdue(now, out);
        }
        if self.flight.is_none()
            && let Some(task) = self.pick(now)
        {
            self.send(task, now, out);
        }
        self.wake(now)
    }

    /// What is next: a stop at once, anything else a cycle after the last command.
    fn pick(&mut self, now: Millis) -> Option<Task> {
        if let Some(axis) = self.axes.next_owed() {
            return Some(Task { message: Message::Command(axis.halt()), why: Why::Stop(axis) });
        }
        if now < self.next_at {
            return None;
        }
        if let Some(task) = self.queue.pop_front() {
            return Some(task);
        }
        if let Some((at, Spot { preset, .. })) = self.placing()
            && at <= now
        {
            let (command, why) = match self.life.power {
                Some(false) => (Command::Power(true), Why::Wake),
                Some(true) | None => {
                    (Command::Preset(PresetDo::Recall, preset), Why::Place(preset))
                }
            };
            return Some(Task { message: Message::Command(command), why });
        }
        if now < self.life.poll_at {
            return None;
        }
        let asked = std::mem::replace(&mut self.life.asked_version, true);
        let inquiry = if asked { Inquiry::Power } else { Inquiry::Version };
        Some(Task { message: Message::Inquiry(inquiry), why: Why::Poll })
    }

    fn send(&mut self, task: Task, now: Millis, out: &mut Out) {
        let number = out.send(self.address, task.message, None);
        self.next_at = now + CYCLE;
        let until = now + self.patience(task);
        let numbers = (number, number);
        self.flight = Some(Flight {
            task,
            first: now,
            until,
            tries: 1,
            missed: 0,
            refused: 0,
            swallowed: 0,
            again: false,
            numbers,
        });
    }

    /// The same once more. A stop takes a new number, so that it cannot be taken for one that was done already; so does
    /// what was refused.
    pub fn resend(&mut self, mut flight: Flight, now: Millis, out: &mut Out) {
        let is_stop = matches!(flight.task.why, Why::Stop(_));
        let same = (!is_stop && !flight.again).then_some(flight.numbers.1);
        flight.numbers.1 = out.send(self.address, flight.task.message, same);
        if flight.again {
            flight.numbers.0 = flight.numbers.1;
            flight.tries = if is_stop { flight.tries } else { 0 };
        }
        flight.tries = flight.tries.saturating_add(1);
        flight.again = false;
        flight.until = now + self.patience(flight.task);
        self.next_at = now + CYCLE;
        self.flight = Some(flight);
    }

    fn patience(&self, task: Task) -> Millis {
        let usual = self.pace.patience();
        match task.why {
            Why::Stop(_) => usual.min(super::stop::PATIENCE_MAX),
            Why::Wish(_) | Why::Place(_) | Why::Wake | Why::Poll => usual,
        }
    }

    fn overdue(&mut self, now: Millis, out: &mut Out) {
        let Some(mut flight) = self.flight.take() else { return };
        if flight.again {
            return self.resend(flight, now, out);
        }
        flight.missed = flight.missed.saturating_add(1);
        self.pace.missed();
        self.missed(now, out);
        let tries = match flight.task.why {
            Why::Poll => 1,
            Why::Wish(_) | Why::Place(_) | Why::Wake if self.is_silent() => 1,
            Why::Wish(_) | Why::Place(_) | Why::Wake | Why::Stop(_) => TRIES,
        };
        if flight.missed < tries {
            return self.resend(flight, now, out);
        }
        self.give_up(flight, Failure::Silent, now, out);
    }

    /// Nothing came of it.
    pub fn give_up(&mut self, flight: Flight, why: Failure, now: Millis, out: &mut Out) {
        if why == Failure::Silent {
            self.lay_aside(&flight, now, out);
        }
        match flight.task.why {
            Why::Stop(axis) => self.stop_failed(axis, out),
            Why::Place(_) | Why::Wake => self.place_later(now, out),
            Why::Poll => {}
            Why::Wish(_) => {
                fail(flight.task, why, out);
                // It may have heard it all the same.
                if let Message::Command(command) = flight.task.message
                    && let Some(axis) = axis(command)
                {
                    self.axes.owe(axis);
                }
            }
        }
    }

    pub fn place_later(&mut self, now: Millis, out: &mut Out) {
        let Some(placing) = &mut self.place else { return };
        placing.tries += 1;
        placing.at = now + PLACE_PAUSE;
        if placing.tries >= PLACE_TRIES {
            out.tell(Event::PlaceLost(self.address, placing.spot.preset));
            placing.at = NEVER;
        }
    }

    /// It was away or off, and looks anywhere.
    pub fn place_again(&mut self, at: Millis) {
        if let Some(placing) = &mut self.place {
            (placing.at, placing.tries) = (at, 0);
        }
    }

    /// Acknowledgements of these copies may still come.
    pub fn lay_aside(&mut self, flight: &Flight, now: Millis, out: &Out) {
        let is_command = matches!(flight.task.message, Message::Command(_));
        if out.numbered || !is_command {
            return;
        }
        self.forget_strays(now);
        let until = now + self.pace.lateness();
        self.strays.extend((flight.swallowed..flight.tries).map(|_| until));
    }

    pub fn forget_strays(&mut self, now: Millis) {
        while self.strays.front().is_some_and(|until| *until <= now) {
            self.strays.pop_front();
        }
    }

    fn missed(&mut self, now: Millis, out: &mut Out) {
        let was_silent = self.is_silent();
        let life = &mut self.life;
        life.misses = life.misses.saturating_add(1);
        life.poll_at = now;
        if life.misses < pace::MISSES {
            return;
        }
        let slower = Millis(life.poll_every.0 * 2).min(pace::POLL_MAX);
        life.poll_every = if was_silent { slower } else { pace::POLL_MIN };
        self.life.poll_at = now + self.life.poll_every;
        if !was_silent {
            self.life.answers = Some(false);
            out.tell(Event::Silent(self.address));
            for task in std::mem::take(&mut self.queue) {
                fail(task, Failure::Silent, out);
            }
        }
    }

    fn wake(&self, now: Millis) -> Millis {
        let motions = self.axes.next_end();
        let flight = match &self.flight {
            Some(flight) => flight.until,
            None => {
                let queue = (!self.queue.is_empty()).then_some(self.next_at);
                let place = self.placing().map(|(at, _)| at.max(self.next_at));
                let poll = self.life.poll_at.max(self.next_at);
                queue.into_iter().chain(place).fold(poll, Millis::min)
            }
        };
        motions.into_iter().fold(flight, Millis::min).max(now)
    }

    /// Where it is to be, and from when on. It can wait until everything surely stands.
    fn placing(&self) -> Option<(Millis, Spot)> {
        let Placing { at, spot, .. } = self.place?;
        let stands = self.axes.next_end().is_none() && !self.axes.is_moving();
        let is_awake = spot.wakes || self.life.power != Some(false);
        (stands && is_awake && !self.is_silent()).then_some((at, spot))
    }

    pub fn is_silent(&self) -> bool {
        self.life.answers == Some(false)
    }

    pub fn is_moving(&self) -> bool {
        self.axes.is_moving()
    }
}

/// Whoever waits for it is told.
pub fn fail(task: Task, why: Failure, out: &mut Out) {
    if let Why::Wish(Some(ticket)) = task.why {
        out.tell(Event::Failed(ticket, why));
    }
}
