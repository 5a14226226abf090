//! The running lesson, for those who watch it now: the newest parts of its film in memory, one copy for all, and a
//! place for each viewer. The recorder shows a part and goes on; nobody who watches can hold it up.

mod reload;
mod strip;
mod viewer;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, watch};

pub use reload::{Reload, part, playlist};
pub use strip::Strip;
pub use viewer::{Seen, Viewer};

use reload::Kept;

use crate::model::live::{Show, Shown};
use crate::model::recording::Track;

/// A class, its parallel class and their parents: beyond it the page plays what every player can ask for piecewise.
pub const VIEWERS_OF_ONE: usize = 150;
/// What the box's own network bears: 300 × 4 Mbit/s is more than a gigabit.
pub const VIEWERS: usize = 300;

/// Requests that wait for what is shown next: a second one for each viewer, and some.
pub const WAITING: usize = 600;

/// All pictures of lessons that are shown.
pub struct Live {
    screens: Mutex<HashMap<Track, Arc<Screen>>>,
    seats: Arc<Semaphore>,
    waiting: Semaphore,
}

/// One picture of a lesson that is shown.
pub struct Screen {
    strip: Mutex<Strip>,
    /// Counts what was shown. Its sender goes with the lesson, which is how its viewers learn of the end.
    turn: watch::Sender<u64>,
    seats: Arc<Semaphore>,
    /// The playlist as it was last asked for: one text for all.
    kept: Mutex<Kept>,
}

impl Default for Live {
    fn default() -> Self {
        let (seats, waiting) = (Arc::new(Semaphore::new(VIEWERS)), Semaphore::new(WAITING));
        Self { screens: Mutex::default(), seats, waiting }
    }
}

impl Live {
    /// Where the recorder shows its parts.
    pub fn show(self: &Arc<Self>) -> Show {
        let live = self.clone();
        Show::new(move |track, shown| live.screen_of(track).shown(shown))
    }

    /// The screen of a picture of which something was shown.
    pub fn screen(&self, track: Track) -> Option<Arc<Screen>> {
        self.screens().get(&track).cloned()
    }

    /// Nothing more comes.
    pub fn close(&self, track: Track) {
        if let Some(screen) = self.screens().remove(&track) {
            screen.strip().close();
            screen.turn.send_modify(|turn| *turn += 1);
        }
    }

    /// Viewers at this moment.
    pub fn viewers(&self) -> usize {
        VIEWERS - self.seats.available_permits()
    }

    fn screen_of(&self, track: Track) -> Arc<Screen> {
        self.screens().entry(track).or_default().clone()
    }

    fn screens(&self) -> MutexGuard<'_, HashMap<Track, Arc<Screen>>> {
        self.screens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Screen {
    fn default() -> Self {
        let seats = Arc::new(Semaphore::new(VIEWERS_OF_ONE));
        Self { strip: Mutex::default(), turn: watch::channel(0).0, seats, kept: Mutex::default() }
    }
}

impl Screen {
    fn shown(&self, shown: Shown) {
        self.strip().take(shown);
        self.turn.send_modify(|turn| *turn += 1);
    }

    /// Looks at what is there.
    pub fn with<T>(&self, look: impl FnOnce(&Strip) -> T) -> T {
        look(&self.strip())
    }

    /// Changes with each part.
    pub fn turns(&self) -> watch::Receiver<u64> {
        self.turn.subscribe()
    }

    fn strip(&self) -> MutexGuard<'_, Strip> {
        self.strip.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
