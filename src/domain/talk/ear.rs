//! One listener: gives the frames of a group in order, each number once, at the pace at which they are taken.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::hub::{Heard, Place};
use super::{Standing, Wish, admit};
use crate::domain::Appliance;
use crate::domain::pace::Pace;
use crate::model::talk::Where;
use crate::model::user::Actor;
use crate::model::{Fault, Millis, Moment, Thing};
use crate::store::{hands, messages};
use crate::wire::talk as frame;

/// Messages read from the store in one go.
const PAGE: i64 = 64;
/// Frames given in one go.
const BATCH: usize = 64;
/// What one listener may say.
const OWN_PACE: Pace = Pace::new(20, Millis(100));
/// How often it is asked anew whether somebody is still a member; most hear it at once.
const LOOK_AGAIN: Millis = Millis::seconds(60);

pub struct Ear {
    app: Arc<Appliance>,
    wish: Wish,
    standing: Standing,
    place: Place,
    live: Receiver<Heard>,
    /// The last number that was given.
    at: i64,
    /// The store may have more than `at`.
    behind: bool,
    /// Who is there is to be told, at first and after frames were lost.
    greets: bool,
    looks: bool,
    looked: Millis,
    pace: Pace,
}

impl Ear {
    pub(super) fn open(
        app: Arc<Appliance>,
        wish: Wish,
        standing: Standing,
        now: Moment,
    ) -> Result<Self, Fault> {
        // Listening begins before the store is read: what is said in between comes twice, and is dropped once.
        let (place, live) = app.talk.enter(&standing.id, &wish.actor, now.wall)?;
        let mut ear = Self {
            at: wish.since.max(0),
            app,
            wish,
            standing,
            place,
            live,
            behind: true,
            greets: true,
            looks: false,
            looked: now.steady,
            pace: OWN_PACE,
        };
        ear.beat(now);
        Ok(ear)
    }

    /// The next frames, as soon as there are any: JSON text, never an empty list. Cancel-safe.
    ///
    /// # Errors
    /// `Denied` or `Missing(Group)` when the listener has to leave; the store's own trouble.
    pub async fn next(&mut self) -> Result<Vec<Bytes>, Fault> {
        loop {
            if self.looks {
                self.standing = admit::admit(&self.app, &self.wish).await?;
                self.looks = false;
            }
            if self.greets {
                return Ok(vec![self.greeting().await?]);
            }
            if self.behind {
                let frames = self.page().await?;
                if !frames.is_empty() {
                    return Ok(frames);
                }
            }
            let mut frames = Vec::new();
            match self.live.recv().await {
                Ok(heard) => self.take(heard, &mut frames)?,
                Err(RecvError::Lagged(_)) => self.lost(),
                Err(RecvError::Closed) => return Err(Fault::Missing(Thing::Group)),
            }
            while frames.len() < BATCH && !self.behind {
                match self.live.try_recv() {
                    Ok(heard) => self.take(heard, &mut frames)?,
                    Err(TryRecvError::Lagged(_)) => self.lost(),
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            if !frames.is_empty() {
                return Ok(frames);
            }
        }
    }

    fn take(&mut self, heard: Heard, frames: &mut Vec<Bytes>) -> Result<(), Fault> {
        match heard {
            Heard::Kept(seq, _) if seq <= self.at => {}
            Heard::Kept(seq, frame) if seq == self.at + 1 => {
                self.at = seq;
                frames.push(frame);
            }
            Heard::Kept(..) => self.behind = true,
            Heard::Passing(frame) => frames.push(frame),
            Heard::Out(None) => return Err(Fault::Missing(Thing::Group)),
            Heard::Out(Some(user)) if user == self.wish.actor.id => {
                return Err(Fault::denied("you are no member of this group any more"));
            }
            Heard::Out(Some(_)) => {}
        }
        Ok(())
    }

    /// Too slow for the ring: numbers are in the store, who is there is told anew, and a notice to leave may
    /// have been among what was lost.
    fn lost(&mut self) {
        (self.behind, self.greets, self.looks) = (true, true, true);
    }

    async fn greeting(&mut self) -> Result<Bytes, Fault> {
        let group = self.standing.id.clone();
        let read = move |conn: &rusqlite::Connection| {
            Ok((hands::raised(conn, &group)?, messages::newest(conn, &group)?))
        };
        let (hands, newest) = self.app.db.read(read).await?;
        // A number from before a restore of an older backup: there is nothing after it, so it starts here.
        self.at = self.at.min(newest);
        self.greets = false;
        let online = self.app.talk.online(&self.standing.id);
        let present = frame::Present { online: &online, hands: &hands, newest };
        Ok(frame::present(&present, self.place.now).into())
    }

    async fn page(&mut self) -> Result<Vec<Bytes>, Fault> {
        let (group, at) = (self.standing.id.clone(), self.at);
        let page =
            self.app.db.read(move |conn| Ok(messages::after(conn, &group, at, PAGE)?)).await?;
        self.behind = i64::try_from(page.len()).is_ok_and(|n| n == PAGE);
        self.at = page.last().map_or(at, |last| last.seq);
        Ok(page.iter().map(|message| frame::kept(message).into()).collect())
    }

    /// The listener is alive. Called each few seconds; the host's keeps the lesson going.
    pub fn beat(&mut self, now: Moment) {
        self.place.now = now.wall;
        if let (Where::Lesson(room), true) = (self.standing.place, self.standing.leads) {
            // A lesson that has not begun, or is over, has no seats.
            let _ = self.app.presence.beat(room, self.wish.actor.id, now.steady);
        }
        if now.steady - self.looked >= LOOK_AGAIN {
            self.looked = now.steady;
            self.looks = true;
        }
    }

    pub(super) fn pace(&mut self, steady: Millis) -> Result<(), Fault> {
        let own = self.pace.take(steady);
        let both = own.and_then(|()| self.app.talk.pace(&self.standing.id, steady));
        both.map_err(|retry| Fault::Busy { retry })
    }

    pub fn app(&self) -> &Arc<Appliance> {
        &self.app
    }

    pub fn actor(&self) -> &Arc<Actor> {
        &self.wish.actor
    }

    pub fn standing(&self) -> &Standing {
        &self.standing
    }
}
