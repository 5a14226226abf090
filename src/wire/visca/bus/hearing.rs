//! What a camera says, and whose it is: of what was sent last, of what is being done in a socket, or of something that was
//! given up long ago.

use super::super::reply::{Refusal, Said};
use super::super::{Command, Message};
use super::head::{Flight, Head, NEVER, Socket, TRIES};
use super::pace::{CYCLE, POLL};
use super::tasks::{Task, Why, axis, journey};
use super::{Event, Out};
use crate::model::Millis;
use crate::model::camera::{Answer, Failure};

/// While both sockets are busy a command is tried again so often.
const FULL_TRIES: u8 = 20;
/// A camera that was told to wake up needs so long before it moves.
const WAKING: Millis = Millis(5000);

fn is_stop(flight: &Flight) -> bool {
    matches!(flight.task.why, Why::Stop(_))
}

/// Of what kind it is that a camera says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// A command was taken, or done.
    Good,
    Answer,
    Refusal,
}

impl Head {
    pub fn hear(&mut self, said: Said, number: Option<u32>, now: Millis, out: &mut Out) {
        self.heard(now, out);
        match said {
            Said::NetworkChange => {}
            Said::Ack(socket) => {
                let mine = self.credit(number, now, Word::Good);
                if let Some(place) = self.socket(socket) {
                    *place = Socket::Busy(mine.as_ref().map(|flight| flight.task));
                }
                self.taken(mine, now, out);
            }
            Said::Done(socket) => match self.socket(socket) {
                Some(place @ Socket::Busy(_)) => *place = Socket::Free,
                // Some heads skip the acknowledgement, so completion alone is enough.
                Some(Socket::Free) | None => {
                    self.bare = self.bare.saturating_add(1);
                    // Two may be of commands in its sockets whose acknowledgement was lost. A stop believes the third.
                    let doubtful = number.is_none() && self.bare <= 2;
                    if !(doubtful && self.flight.as_ref().is_some_and(is_stop)) {
                        let mine = self.credit(number, now, Word::Good);
                        self.taken(mine, now, out);
                    }
                }
            },
            Said::Answer(data) => self.answered(&data, number, now, out),
            Said::Refused(socket, why) => self.refusal(socket, why, number, now, out),
        }
    }

    /// It lives.
    fn heard(&mut self, now: Millis, out: &mut Out) {
        self.life.misses = 0;
        self.axes.hope_again();
        if self.life.answers != Some(true) {
            if self.life.answers.replace(true).is_some() {
                self.owe_all();
            }
            self.life.poll_at = now;
            self.life.asked_version = false;
            self.place_again(now);
            out.tell(Event::Up(self.address));
        }
    }

    fn socket(&mut self, n: u8) -> Option<&mut Socket> {
        self.sockets.get_mut(usize::from(n).checked_sub(1)?)
    }

    /// What was sent last, if this word is about it. Over IP the number tells; on a serial line no good word is believed
    /// that may be about something older.
    fn credit(&mut self, number: Option<u32>, now: Millis, word: Word) -> Option<Flight> {
        self.forget_strays(now);
        let flight = self.flight.as_mut()?;
        let asked = matches!(flight.task.message, Message::Inquiry(_));
        if (asked && word == Word::Good) || (!asked && word == Word::Answer) {
            return None;
        }
        // All that was sent of it was refused; this is of something older.
        if number.is_none() && word == Word::Good && flight.again {
            self.strays.pop_front();
            return None;
        }
        let is_mine = match number {
            Some(n) => (flight.numbers.0..=flight.numbers.1).contains(&n),
            None => word != Word::Good || self.strays.pop_front().is_none(),
        };
        flight.swallowed = flight.swallowed.saturating_add(u8::from(!is_mine)).min(flight.tries);
        if is_mine { self.flight.take() } else { None }
    }

    fn taken(&mut self, flight: Option<Flight>, now: Millis, out: &mut Out) {
        let Some(mut flight) = flight else { return };
        let Task { message, why } = flight.task;
        self.pace.heard(now - flight.first);
        // Its other copies may be acknowledged as well.
        flight.swallowed = flight.swallowed.saturating_add(1);
        self.lay_aside(&flight, now, out);
        if let Message::Command(command) = message {
            if let Some(axis) = axis(command) {
                self.axes.taken(axis, command);
            }
            self.departed(journey(command), out);
            if let Command::Power(on) = command {
                self.power(on, now, out);
            }
        }
        match why {
            Why::Wish(ticket) => ticket.into_iter().for_each(|t| out.tell(Event::Taken(t))),
            Why::Stop(axis) => self.stopped(axis, now, out),
            Why::Place(preset) => {
                if let Some(placing) = self.place.as_mut().filter(|p| p.spot.preset == preset) {
                    placing.at = NEVER;
                }
                out.tell(Event::Placed(self.address, preset));
            }
            Why::Wake | Why::Poll => {}
        }
    }

    fn power(&mut self, on: bool, now: Millis, out: &mut Out) {
        let before = self.life.power.replace(on);
        if before != Some(on) {
            out.tell(Event::Power(self.address, on));
        }
        if on && before == Some(false) {
            self.place_again(now + WAKING);
        }
    }

    fn answered(&mut self, data: &[u8], number: Option<u32>, now: Millis, out: &mut Out) {
        let Some(Task { message: Message::Inquiry(inquiry), .. }) =
            self.flight.as_ref().map(|flight| flight.task)
        else {
            return;
        };
        let Ok(answer) = inquiry.answer(data) else { return };
        let Some(flight) = self.credit(number, now, Word::Answer) else { return };
        self.pace.heard(now - flight.first);
        match answer {
            Answer::Power(on) => self.power(on, now, out),
            Answer::Version(version) => {
                // A model that was named in the configuration stays what it was named.
                if self.quirk == super::Quirk::USUAL
                    && let Some(quirk) = super::Quirk::of(version.vendor, version.model)
                {
                    self.quirk = quirk;
                }
                out.tell(Event::Version(self.address, version));
            }
            Answer::Zoom(_) | Answer::Focus(_) | Answer::Position { .. } => {}
        }
        match flight.task.why {
            Why::Wish(Some(ticket)) => out.tell(Event::Answered(ticket, answer)),
            Why::Poll => {
                let first = matches!(answer, Answer::Version(_));
                self.life.poll_at = if first { now } else { now + POLL };
            }
            Why::Wish(None) | Why::Stop(_) | Why::Place(_) | Why::Wake => {}
        }
    }

    fn refusal(
        &mut self,
        socket: u8,
        why: Refusal,
        number: Option<u32>,
        now: Millis,
        out: &mut Out,
    ) {
        let about_new = matches!(why, Refusal::Length | Refusal::Syntax | Refusal::BufferFull);
        if let Some(place) = self.socket(socket)
            && let (Socket::Busy(task), false) = (*place, about_new)
        {
            *place = Socket::Free;
            match task.map(|task| task.why) {
                Some(Why::Stop(axis)) if why != Refusal::Cancelled => self.stop_undone(axis),
                Some(Why::Place(_)) if why != Refusal::Cancelled => self.place_later(now, out),
                Some(_) | None => {}
            }
            return;
        }
        // Of a cancelling, which nobody waits for.
        if matches!(why, Refusal::NoSocket | Refusal::Cancelled) {
            return;
        }
        let flight = self.credit(number, now, Word::Refusal);
        // It may be a stop's that an older word was taken for.
        if number.is_none() && !flight.as_ref().is_some_and(is_stop) {
            self.axes.doubt(now);
        }
        if let Some(flight) = flight {
            self.refused(flight, why, now, out);
        }
    }

    fn refused(&mut self, mut flight: Flight, why: Refusal, now: Millis, out: &mut Out) {
        self.pace.heard(now - flight.first);
        flight.refused = flight.refused.saturating_add(1);
        if let Why::Stop(axis) = flight.task.why {
            if self.stop_refused(axis, why == Refusal::BufferFull, now, out) {
                self.soon_again(flight, now);
            }
            return;
        }
        let tries = match why {
            Refusal::BufferFull => FULL_TRIES,
            // Noise on the way there makes nonsense of any message.
            Refusal::Length | Refusal::Syntax => 2,
            Refusal::NotExecutable | Refusal::Cancelled | Refusal::NoSocket | Refusal::Other(_) => {
                1
            }
        };
        if flight.refused < tries {
            return self.soon_again(flight, now);
        }
        if flight.task.why == Why::Poll {
            self.life.poll_at = now + CYCLE;
            if flight.task.message == Message::Inquiry(crate::model::camera::Inquiry::Power) {
                self.life.poll_at = now + POLL;
            }
        }
        let failure = match why {
            Refusal::BufferFull => Failure::Busy,
            Refusal::Length | Refusal::Syntax => Failure::Unsupported,
            Refusal::NotExecutable | Refusal::Cancelled | Refusal::NoSocket | Refusal::Other(_) => {
                Failure::NotNow
            }
        };
        self.give_up(flight, failure, now, out);
    }

    /// Later each time, for both sockets may be busy for seconds.
    fn soon_again(&mut self, mut flight: Flight, now: Millis) {
        flight.until = now + Millis(CYCLE.0 * i64::from(flight.refused.min(10)));
        flight.again = true;
        self.flight = Some(flight);
    }

    /// Over IP: a number that does not follow. What was sent before was done then; what is new has to be sent anew, after
    /// both agreed on where they stand. A stop is never believed done.
    pub fn misnumbered(&mut self, number: u32, now: Millis, out: &mut Out) {
        self.heard(now, out);
        // A lower number is of a copy of what came before.
        let of_it = |flight: &mut Flight| number == 0 || number >= flight.numbers.0;
        let Some(mut flight) = self.flight.take_if(of_it) else { return };
        let is_stop = is_stop(&flight);
        let is_command = matches!(flight.task.message, Message::Command(_));
        if flight.tries > 1 && is_command && !is_stop {
            return self.taken(Some(flight), now, out);
        }
        flight.refused = flight.refused.saturating_add(1);
        if flight.refused > 2 * TRIES {
            return self.give_up(flight, Failure::Silent, now, out);
        }
        if flight.tries == 1 || is_stop {
            out.renumber();
        }
        self.soon_again(flight, now);
    }
}
