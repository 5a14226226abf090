//! One connection to a gateway from its opening to its end: told to go by a newer one, cut off, or looked at
//! now and then whether its token still holds.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::frames::{self, Act};
use super::{Coming, Gateway, Speech};
use crate::domain::online::{self, Stay};
use crate::http::websocket::{End, Frame, Socket};
use crate::model::Millis;
use crate::wire::openim::Flaw;
use crate::wire::openim::frames::Told;

/// decisions.md, 002: a connection that a newer one replaces is closed with this code.
const PUT_OUT: u16 = 4002;
/// RFC 6455: the other end breaks a rule of ours.
const POLICY: u16 = 1008;
const GOING_AWAY: u16 = 1001;
/// How often, beside with each frame, the token is looked at: whoever an administrator shuts out goes offline.
const LOOK: Duration = Duration::from_secs(10);
/// A browser SDK says Login as soon as it is connected; who has not tried by then is no client.
const SILENT_MAX: Millis = Millis::seconds(30);
/// The SDK whose log-in failed waits for its user to try again; a connection without a user does not stay for ever.
const FAILED_MAX: Millis = Millis::seconds(300);
/// Frames of one connection within `FLOOD_SPAN`: an SDK that loads its lists sends a few dozen.
const FRAMES_MAX: u32 = 600;
const FLOOD_SPAN: Millis = Millis::seconds(60);

pub struct Visit {
    gateway: Gateway,
    speech: Speech,
    pub(super) coming: Coming,
    pub(super) state: State,
    opened: Millis,
    /// Frames since this moment.
    pace: (Millis, u32),
}

/// Where a connection stands.
pub enum State {
    /// Nothing was tried.
    New,
    /// A Login failed. The connection may try again; closing it would make an SDK of 2.0.3 connect anew beside
    /// its own next connection, and the two put each other out for ever.
    Failed,
    /// Counts as online.
    In(Stay),
    Out,
}

impl Visit {
    pub fn new(gateway: Gateway, speech: Speech, coming: Coming, stay: Option<Stay>) -> Self {
        let opened = gateway.clock.steady();
        let state = stay.map_or(State::New, State::In);
        Self { gateway, speech, coming, state, opened, pace: (opened, 0) }
    }

    /// Returns when the connection has ended.
    pub async fn last(mut self, mut socket: Socket) -> Option<End> {
        let mut look = interval_at(Instant::now() + LOOK, LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let heard = tokio::select! {
                biased;
                () = told_to_go(&self.state) => return self.put_out(socket, Flaw::Ended).await,
                _ = look.tick() => None,
                heard = socket.recv() => Some(heard),
            };
            match self.look() {
                Ok(()) => {}
                Err(Some(flaw)) => return self.put_out(socket, flaw).await,
                Err(None) => return self.part(socket, POLICY, "log in first").await,
            }
            let done = match heard {
                Some(Ok(_)) if self.floods() => {
                    return self.part(socket, POLICY, "too many frames").await;
                }
                Some(Ok(frame)) => self.hear(&mut socket, &frame).await,
                Some(Err(end)) => Err(end),
                None => Ok(()),
            };
            match done {
                Ok(()) => {}
                Err(End::Drained) => {
                    return self.part(socket, GOING_AWAY, "the box goes down").await;
                }
                Err(end) => return Some(end),
            }
        }
    }

    /// Offline at once; the goodbye may take a moment.
    async fn part(self, socket: Socket, code: u16, reason: &str) -> Option<End> {
        drop(self.state);
        socket.close(code, reason).await;
        None
    }

    async fn hear(&mut self, socket: &mut Socket, frame: &Frame) -> Result<(), End> {
        let Frame::Text(text) = frame else { return Ok(()) };
        if self.speech == Speech::Native {
            return Ok(());
        }
        let Act { answer, then } = frames::act(self, text);
        for told in [Some(answer), then].into_iter().flatten() {
            socket.feed(Frame::Text(told.json().into())).await?;
        }
        socket.flush().await
    }

    /// Takes the place of a person; the reason when there is none to take.
    pub(super) fn log_in(&mut self, uid: &str, token: &str) -> Result<(), (u16, &'static str)> {
        let (app, now) = (&self.gateway.app, self.gateway.clock.moment());
        self.state = State::Failed;
        let who = online::holder(app, uid, token, now).map_err(|f| (f.code(), f.text()))?;
        let entered = app.online.enter(&who.handle, self.coming.platform, token);
        let stay = entered.map_err(frames::no_place)?;
        self.state = State::In(stay);
        (self.coming.send_id, self.coming.token) = (uid.to_owned(), token.to_owned());
        Ok(())
    }

    /// Whether the connection may stay; `None` for one that never tried to log in.
    fn look(&self) -> Result<(), Option<Flaw>> {
        let now = self.gateway.clock.moment();
        match &self.state {
            State::In(_) => {
                let Coming { send_id, token, .. } = &self.coming;
                online::holder(&self.gateway.app, send_id, token, now).map(drop).map_err(Some)
            }
            State::New if now.steady - self.opened > SILENT_MAX => Err(None),
            State::Failed if now.steady - self.opened > FAILED_MAX => Err(None),
            State::New | State::Failed | State::Out => Ok(()),
        }
    }

    fn floods(&mut self) -> bool {
        let now = self.gateway.clock.steady();
        if now - self.pace.0 > FLOOD_SPAN {
            self.pace = (now, 0);
        }
        self.pace.1 += 1;
        self.pace.1 > FRAMES_MAX
    }

    /// Somebody else took the place, or the token is no good any more.
    async fn put_out(self, mut socket: Socket, flaw: Flaw) -> Option<End> {
        if self.speech == Speech::Json {
            let event = match flaw {
                Flaw::Expired => Told::event("OnUserTokenExpired"),
                Flaw::Ended | Flaw::NoToken | Flaw::NotYet | Flaw::Foreign => {
                    Told::event("OnKickedOffline")
                }
            };
            let event = event.failed(flaw.code(), flaw.text());
            if let Err(end) = socket.feed(Frame::Text(event.json().into())).await {
                return Some(end);
            }
        }
        self.part(socket, PUT_OUT, flaw.text()).await
    }
}

async fn told_to_go(state: &State) {
    match state {
        State::In(stay) => stay.told_to_go().await,
        State::New | State::Failed | State::Out => pending().await,
    }
}
