//! Notes on their way out. A listener that is slow or gone never holds up the byte path: what does not fit is
//! dropped and the whole take is told again, which says the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::model::recording::{Note, Track};

/// Half an hour of segments of one lesson.
const QUEUE: usize = 1024;

/// Where the sessions of one recorder leave their notes, and the task that carries them on.
pub fn relay(notes: mpsc::Sender<(Track, Note)>) -> (mpsc::Sender<(Track, Note)>, JoinHandle<()>) {
    let (queue, mut waiting) = mpsc::channel(QUEUE);
    let task = tokio::spawn(async move {
        while let Some(note) = waiting.recv().await {
            if notes.send(note).await.is_err() {
                warn!("nobody listens to the recorder any more");
                return;
            }
        }
    });
    (queue, task)
}

/// One track's way out.
#[derive(Clone, Debug)]
pub struct Outbox {
    track: Track,
    queue: mpsc::Sender<(Track, Note)>,
    missed: Arc<AtomicBool>,
    opened: Arc<AtomicBool>,
}

impl Outbox {
    pub fn new(track: Track, queue: mpsc::Sender<(Track, Note)>) -> Self {
        Self { track, queue, missed: Arc::default(), opened: Arc::default() }
    }

    /// Leaves a note, or remembers that one was missed. Never waits.
    pub fn tell(&self, note: Note) {
        if matches!(note, Note::TakeOpened(_)) {
            self.opened.store(true, Ordering::SeqCst);
        }
        if self.queue.try_send((self.track, note)).is_err()
            && !self.missed.swap(true, Ordering::SeqCst)
        {
            warn!(room = %self.track, "the recorder's notes are not taken; its takes will be told again");
        }
    }

    /// Waits until the note is taken: for the last word, when no byte waits behind it.
    pub async fn tell_surely(&self, note: Note) {
        if self.queue.send((self.track, note)).await.is_err() {
            warn!(room = %self.track, "the recorder's last word was not heard");
        }
    }

    /// Whether a take was told of since this was last asked.
    pub fn opened(&self) -> bool {
        self.opened.swap(false, Ordering::SeqCst)
    }

    /// Whether a note was dropped since this was last asked.
    pub fn missed(&self) -> bool {
        self.missed.swap(false, Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests;
