//! Somebody who watches now. He has no queue of his own but a place in the strip that all share: who reads too
//! slowly finds his place left behind, and goes on at the newest key frame.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::{Live, Screen, Strip};
use crate::model::live::Film;
use crate::model::{Fault, Millis};

/// Film that may lie between a viewer and the newest part before he is caught up. Key frames come each second.
const BEHIND_MAX: Millis = Millis(2000);
/// "Come again": somebody may have left by then.
const FULL: Millis = Millis::seconds(10);

/// A place before the screen.
pub struct Viewer {
    screen: Arc<Screen>,
    turn: watch::Receiver<u64>,
    /// The part that is seen next; nothing was seen yet.
    next: Option<u64>,
    film: Option<Arc<Film>>,
    _seats: [OwnedSemaphorePermit; 2],
}

/// What a viewer sees.
pub enum Seen {
    /// What follows is of this film; before the first part, and when the encoder begins anew.
    Film(Arc<Film>),
    /// So much was left out, for the viewer could not follow.
    Skipped(Millis),
    Part(Bytes),
}

impl Viewer {
    /// # Errors
    /// `Busy` when too many watch.
    pub fn enter(live: &Live, screen: &Arc<Screen>) -> Result<Self, Fault> {
        let full = |_| Fault::Busy { retry: FULL };
        let seats = [&live.seats, &screen.seats];
        let [of_all, of_one] = seats.map(|seats| seats.clone().try_acquire_owned().map_err(full));
        let turn = screen.turns();
        let screen = screen.clone();
        Ok(Self { screen, turn, next: None, film: None, _seats: [of_all?, of_one?] })
    }

    /// What came since the last time; waits for it. `None` when nothing more comes. Cancel-safe.
    pub async fn next(&mut self) -> Option<Vec<Seen>> {
        loop {
            self.turn.mark_unchanged();
            let screen = self.screen.clone();
            match screen.with(|strip| self.look(strip)) {
                None => return None,
                Some(seen) if !seen.is_empty() => return Some(seen),
                Some(_) => self.turn.changed().await.ok()?,
            }
        }
    }

    fn look(&mut self, strip: &Strip) -> Option<Vec<Seen>> {
        let mut seen = Vec::new();
        self.next = match self.next {
            None => strip.newest_key(),
            Some(next) => catch_up(next, strip, &mut seen),
        };
        let Some(from) = self.next else { return (!strip.is_ended()).then_some(seen) };
        for part in strip.since(from) {
            // Also after a gap of the same film: its place in the playlist is another one.
            if part.gap || self.film.as_ref() != Some(&part.film) {
                self.film = Some(part.film.clone());
                seen.push(Seen::Film(part.film.clone()));
            }
            seen.push(Seen::Part(part.bytes.clone()));
        }
        self.next = Some(strip.next());
        (!seen.is_empty() || !strip.is_ended()).then_some(seen)
    }
}

/// Where to go on: at `next`, or at the newest key frame when that is far away. `None`: at the key frame to come.
fn catch_up(next: u64, strip: &Strip, seen: &mut Vec<Seen>) -> Option<u64> {
    let lost = next < strip.first();
    let behind = strip.behind(next.max(strip.first()));
    if !lost && behind <= BEHIND_MAX {
        return Some(next);
    }
    let newest = strip.newest_key().filter(|newest| *newest > next);
    let left = newest.map_or(Millis(0), |newest| strip.behind(newest));
    match newest {
        None if !lost => return Some(next),
        Some(_) | None => seen.push(Seen::Skipped(behind - left)),
    }
    newest
}
