//! Standing still. A stop waits behind nothing: what waits is dropped, what was sent is let go. It is repeated until it is
//! acknowledged; given up, it stays owed and is the first thing that a camera hears when it is back. Every motion has a
//! dead man: it ends in a stop unless it is asked for again in time.

use super::super::{Command, Message};
use super::head::{Head, Socket, fail};
use super::tasks::{self, Axis, QUEUE, Task, Why, axis, journey};
use super::{Event, Out, Ticket};
use crate::model::Millis;
use crate::model::camera::Failure;

/// However slow a camera is, its stop is repeated after this.
pub const PATIENCE_MAX: Millis = Millis(400);
/// Rounds of `TRIES` copies before nobody believes in it any more: some seven seconds.
const ROUNDS: u8 = 6;
/// A stop that was acknowledged is said once more after this, unless something new moves.
const AGAIN: Millis = Millis(700);
/// For so long a stop may turn out not to have been one.
const DOUBT: Millis = Millis(10_000);
/// A camera that will not be stopped has said so as often: it stands by, or focuses by itself, and does not move as it
/// was told to.
const REFUSALS: u8 = 6;

#[derive(Default)]
pub struct Axes([State; 3]);

#[derive(Clone, Copy, Default)]
pub struct State {
    /// What it was told to do until further notice.
    pub motion: Option<Motion>,
    /// It is to be stopped and has not said that it was.
    owed: bool,
    rounds: u8,
    refusals: u8,
    given_up: bool,
    stopped_at: Option<Millis>,
    /// When it is told once more: a line that garbles may have made up the first acknowledgement.
    again_at: Option<Millis>,
    /// This is that once more.
    is_second: bool,
}

#[derive(Clone, Copy)]
pub struct Motion {
    command: Command,
    until: Millis,
    taken: bool,
}

impl Axes {
    pub fn of(&mut self, axis: Axis) -> &mut State {
        &mut self.0[axis as usize]
    }

    fn each(&self) -> impl Iterator<Item = (Axis, &State)> {
        Axis::ALL.into_iter().zip(&self.0)
    }

    pub fn owe(&mut self, axis: Axis) {
        let state = self.of(axis);
        *state = State { motion: state.motion, owed: true, ..State::default() };
    }

    /// What said that it stands is told to stand once more.
    fn once_more(&mut self, axis: Axis) {
        self.owe(axis);
        self.of(axis).is_second = true;
    }

    /// Something new moves it, and by itself: it is not stopped for what was before.
    pub fn let_go(&mut self, axis: Axis) {
        let state = self.of(axis);
        (state.stopped_at, state.again_at) = (None, None);
    }

    /// The same motion as is under way goes on.
    pub fn renew(&mut self, axis: Axis, command: Command, until: Millis) -> bool {
        let state = self.of(axis);
        match &mut state.motion {
            Some(motion) if motion.command == command && motion.taken && !state.owed => {
                motion.until = until;
                true
            }
            Some(_) | None => false,
        }
    }

    pub fn begin(&mut self, axis: Axis, command: Command, until: Millis) {
        self.let_go(axis);
        self.of(axis).motion = Some(Motion { command, until, taken: false });
    }

    pub fn taken(&mut self, axis: Axis, command: Command) {
        if let Some(motion) = &mut self.of(axis).motion
            && motion.command == command
        {
            motion.taken = true;
        }
    }

    pub fn next_owed(&self) -> Option<Axis> {
        let owed = self.each().filter(|(_, state)| state.owed && !state.given_up);
        owed.min_by_key(|(_, state)| state.rounds).map(|(axis, _)| axis)
    }

    pub fn next_end(&self) -> Option<Millis> {
        let done = self.0.iter().filter(|state| !state.owed);
        done.filter_map(|state| state.again_at.or(state.motion.map(|motion| motion.until))).min()
    }

    /// A refusal came that belongs to nothing: of what was stopped just now, it may be that it was not.
    pub fn doubt(&mut self, now: Millis) {
        for axis in Axis::ALL {
            let state = self.of(axis);
            if state.motion.is_none() && state.stopped_at.is_some_and(|at| now - at < DOUBT) {
                self.once_more(axis);
            }
        }
    }

    /// The camera is back.
    pub fn hope_again(&mut self) {
        for state in self.0.iter_mut().filter(|state| state.given_up) {
            (state.given_up, state.rounds) = (false, 0);
        }
    }

    pub fn is_moving(&self) -> bool {
        self.0.iter().any(|state| state.motion.is_some() || state.owed)
    }

    fn is_owing(&self) -> bool {
        self.0.iter().any(|state| state.owed)
    }
}

impl Head {
    /// Everything, before everything.
    pub fn halt_all(&mut self, ticket: Ticket, now: Millis, out: &mut Out) -> Result<(), Failure> {
        for task in tasks::take(&mut self.queue, tasks::moves) {
            fail(task, Failure::Overtaken, out);
        }
        // They may be on a journey. A focus that is on one comes to its end; a camera that focuses by itself lets nobody
        // stop that.
        self.owe(Axis::PanTilt, now, out);
        self.owe(Axis::Zoom, now, out);
        self.halt_moving(&[Axis::Focus], now, out);
        self.wait_for_halt(ticket)
    }

    /// Those of them that move until told otherwise.
    pub fn halt_moving(&mut self, axes: &[Axis], now: Millis, out: &mut Out) {
        for axis in axes {
            let state = self.axes.of(*axis);
            if state.motion.is_some() || state.owed {
                self.owe(*axis, now, out);
            }
        }
    }

    pub fn halt(
        &mut self,
        axis: Axis,
        ticket: Ticket,
        now: Millis,
        out: &mut Out,
    ) -> Result<(), Failure> {
        self.owe(axis, now, out);
        self.wait_for_halt(ticket)
    }

    fn wait_for_halt(&mut self, ticket: Ticket) -> Result<(), Failure> {
        self.place = None;
        // The camera is being stopped whether or not more wait for it.
        if self.halting.len() >= QUEUE {
            return Err(Failure::Busy);
        }
        self.halting.push(ticket);
        Ok(())
    }

    /// It is to stand: what waits for this axis is dropped, what was sent of anything else comes later.
    fn owe(&mut self, wanted: Axis, now: Millis, out: &mut Out) {
        let of_it = |task: &Task| match task.message {
            Message::Command(c) => axis(c) == Some(wanted) || journey(c).contains(&wanted),
            Message::Inquiry(_) => false,
        };
        for task in tasks::take(&mut self.queue, of_it) {
            fail(task, Failure::Overtaken, out);
        }
        self.axes.owe(wanted);
        self.bare = 0;
        let Some(flight) = self.flight.take() else { return };
        if let Why::Stop(_) = flight.task.why {
            self.flight = Some(flight);
            return;
        }
        self.lay_aside(&flight, now, out);
        match flight.task.why {
            Why::Wish(_) if of_it(&flight.task) => fail(flight.task, Failure::Overtaken, out),
            Why::Wish(_) => self.queue.push_front(flight.task),
            Why::Poll => self.life.asked_version = false,
            Why::Place(_) | Why::Wake | Why::Stop(_) => {}
        }
    }

    pub fn end_motions(&mut self, now: Millis, out: &mut Out) {
        for axis in Axis::ALL {
            let state = self.axes.of(axis);
            if !state.owed && state.motion.is_some_and(|motion| motion.until <= now) {
                out.tell(Event::Unattended(self.address));
                self.owe(axis, now, out);
            }
            let state = self.axes.of(axis);
            if !state.owed && state.again_at.is_some_and(|at| at <= now) {
                self.axes.once_more(axis);
            }
        }
    }

    pub fn stopped(&mut self, wanted: Axis, now: Millis, out: &mut Out) {
        let of_it = |t: &Task| matches!(t.message, Message::Command(c) if axis(c) == Some(wanted));
        let goes_on = self.queue.iter().any(of_it);
        let state = self.axes.of(wanted);
        let motion = state.motion.filter(|_| goes_on);
        let once_more = motion.is_none() && !state.is_second;
        let again_at = once_more.then(|| now + AGAIN);
        *state = State { motion, stopped_at: Some(now), again_at, ..State::default() };
        self.halted(out);
    }

    /// It is on its way by itself now: what stood before it is not told to stand once more.
    pub fn departed(&mut self, axes: &[Axis], out: &mut Out) {
        for axis in axes {
            self.axes.let_go(*axis);
            let state = self.axes.of(*axis);
            state.owed &= !state.is_second;
        }
        self.halted(out);
    }

    fn halted(&mut self, out: &mut Out) {
        if !self.axes.is_owing() {
            self.halting.drain(..).for_each(|ticket| out.tell(Event::Taken(ticket)));
        }
    }

    /// A round of copies was not answered.
    pub fn stop_failed(&mut self, axis: Axis, out: &mut Out) {
        let state = self.axes.of(axis);
        state.rounds += 1;
        if state.rounds >= ROUNDS {
            state.given_up = true;
            // That it stands was not known for sure; that is no news.
            if state.motion.is_some() || !self.halting.is_empty() {
                out.tell(Event::StopLost(self.address));
            }
            for ticket in self.halting.drain(..) {
                out.tell(Event::Failed(ticket, Failure::Silent));
            }
        }
    }

    /// It will not be stopped. Answers whether it is to be told again: it may be on a journey that it does not let itself
    /// be stopped on, so what its sockets do is cancelled first.
    pub fn stop_refused(&mut self, axis: Axis, is_full: bool, now: Millis, out: &mut Out) -> bool {
        let state = self.axes.of(axis);
        state.refusals = state.refusals.saturating_add(1);
        if state.refusals >= REFUSALS && !is_full {
            self.stopped(axis, now, out);
            return false;
        }
        // What was said to stand is only told once more: it waits until there is room.
        let cancelled: &[u8] = if state.is_second { &[] } else { &[1, 2] };
        for &n in cancelled {
            if is_full || self.sockets[usize::from(n - 1)] != Socket::Free {
                out.send(self.address, Message::Command(Command::Cancel(n)), None);
            }
        }
        true
    }

    /// What it had acknowledged it then could not do.
    pub fn stop_undone(&mut self, axis: Axis) {
        self.axes.of(axis).owed = true;
    }
}
