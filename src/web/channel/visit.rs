//! One client of the room channel, from its first frame to its last: two ways, one task.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::words;
use crate::domain::Appliance;
use crate::domain::talk::{self, Ear, Wish};
use crate::http::websocket::{End, Frame, Socket};
use crate::model::user::Actor;
use crate::model::{Clock, Fault, Refusal};
use crate::wire::talk as frame;

/// Whoever connects says who it is.
const HELLO: Duration = Duration::from_secs(5);
/// How often the token is looked at, and the host's lesson told that he is there.
const BEAT: Duration = Duration::from_secs(10);
/// A client may be refused so many times in a row.
const REFUSALS_MAX: u32 = 100;

/// A client as its request describes it.
pub struct Visit {
    pub app: Arc<Appliance>,
    pub clock: Clock,
    pub group: String,
    pub key: Option<String>,
    /// Said in the address.
    pub since: Option<i64>,
    /// From a header or the cookie.
    pub token: Option<String>,
}

/// Why it ends.
enum Parting {
    /// Nobody is there to be told.
    Gone,
    Told(u16, String),
}

impl From<End> for Parting {
    fn from(end: End) -> Self {
        match end {
            End::Closed(_) | End::Lost(_) | End::Wrong(_) => Self::Gone,
            End::Silent | End::Stalled => Self::Told(4008, "the client does not read".into()),
            End::Drained => Self::Told(1001, "the box goes down: come back with since".into()),
        }
    }
}

impl From<Fault> for Parting {
    fn from(fault: Fault) -> Self {
        Self::Told(words::code(&fault), words::sentence(&fault).into_owned())
    }
}

impl Visit {
    pub async fn receive(self, mut socket: Socket) {
        let parting = Box::pin(self.converse(&mut socket)).await;
        let Err(Parting::Told(code, reason)) = parting else { return };
        if code == 4008 {
            tracing::info!(group = self.group, "a client of the channel does not read");
        }
        socket.close(code, &reason).await;
    }

    async fn converse(&self, socket: &mut Socket) -> Result<(), Parting> {
        let (token, since) = self.hello(socket).await?;
        let actor = self.actor(&token)?;
        let wish = Wish { group: self.group.clone(), actor, key: self.key.clone(), since };
        let mut ear = talk::join(&self.app, wish, self.clock.moment()).await?;
        let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
        let mut refusals = 0;
        loop {
            tokio::select! {
                frames = ear.next() => {
                    for frame in frames? {
                        socket.feed(Frame::Text(frame)).await?;
                    }
                    socket.flush().await?;
                }
                heard = socket.recv() => {
                    let (frame, taken) = self.said(&mut ear, heard?).await;
                    socket.send(Frame::Text(frame)).await?;
                    refusals = if taken { 0 } else { refusals + 1 };
                    if refusals > REFUSALS_MAX {
                        return Err(Parting::Told(1008, "too much that cannot be taken".into()));
                    }
                }
                _ = beat.tick() => {
                    self.actor(&token)?;
                    ear.beat(self.clock.moment());
                }
            }
        }
    }

    /// Token and number, from the first frame or from the address.
    async fn hello(&self, socket: &mut Socket) -> Result<(String, i64), Parting> {
        let nobody = || Parting::from(Fault::Unauthenticated(Refusal::Absent));
        if let (Some(token), Some(since)) = (&self.token, self.since) {
            return Ok((token.clone(), since));
        }
        let missing = |why: &str| Parting::Told(4000, why.into());
        let first = tokio::time::timeout(HELLO, socket.recv()).await;
        let first = first.map_err(|_| missing("no first frame within five seconds"))?;
        let Frame::Text(text) = first? else { return Err(missing("frames are text")) };
        let hello = frame::hello(&text).map_err(missing)?;
        let token = hello.token.or_else(|| self.token.clone()).ok_or_else(nobody)?;
        Ok((token, hello.since))
    }

    fn actor(&self, token: &str) -> Result<Arc<Actor>, Fault> {
        self.app.sessions.actor(token, self.clock.moment())
    }

    /// The answer to one frame, and whether it was taken.
    async fn said(&self, ear: &mut Ear, heard: Frame) -> (Bytes, bool) {
        let now = self.clock.moment();
        let Frame::Text(text) = heard else {
            return (frame::refused("frames are text", None, now.wall).into(), false);
        };
        let said = frame::said(&text);
        let reference = said.reference.as_deref();
        let done = match said.utterance {
            Ok(utterance) => talk::say(ear, utterance, now).await,
            Err(why) => return (frame::refused(why, reference, now.wall).into(), false),
        };
        match done {
            Ok(seq) => (frame::taken(seq, reference, now.wall).into(), true),
            Err(fault) => {
                let why = words::sentence(&fault);
                (frame::refused(&why, reference, now.wall).into(), false)
            }
        }
    }
}
