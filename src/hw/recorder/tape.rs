//! One file that only grows, and the thread that writes and syncs it. A byte is on the disk at most 500 ms after
//! it was written. What the bytes mean is not known here.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::hw::error::HwError;
use crate::hw::recorder::outbox::Outbox;
use crate::model::crash::{self, Point};
use crate::model::live::Screen;
use crate::model::recording::Note;
use crate::model::{Clock, Millis, hex};

/// Twelve seconds of fragments may wait for a disk that hangs; then the encoder has to wait as well.
const QUEUE: usize = 64;

/// The writing end.
#[derive(Debug)]
pub struct Tape {
    work: mpsc::Sender<(Work, OwnedSemaphorePermit)>,
    permits: Arc<Semaphore>,
    trouble: watch::Receiver<Option<String>>,
}

/// Makes what was written to a file safe on its disk.
pub type SyncFn = Arc<dyn Fn(&File) -> std::io::Result<()> + Send + Sync>;

/// How a tape's file is kept on its disk.
#[derive(Clone)]
pub struct Care {
    pub sync_every: Millis,
    /// `File::sync_data`; a test counts it.
    pub sync: SyncFn,
    pub floor_bytes: u64,
    pub clock: Clock,
    pub outbox: Outbox,
    /// Those who watch see a part before the file has it.
    pub screen: Screen,
    /// The longest fragment that the encoder makes.
    pub part_us: u64,
}

/// A file that was synced and closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Unknown for a file that was begun before this run.
    pub sha256: Option<String>,
}

#[derive(Debug)]
enum Work {
    Append(Bytes),
    /// After everything appended before it is in the file.
    Tell(Note),
    Close(oneshot::Sender<Result<Closed, String>>),
}

/// Where the file begins for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// It must not exist yet.
    New,
    /// It has this many bytes, all valid.
    Resumed(u64),
}

impl Tape {
    /// Starts the thread; trouble with the file shows in `trouble`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(path: PathBuf, from: From, care: Care) -> Result<Self, HwError> {
        let (work, waiting) = mpsc::channel();
        let (report, trouble) = watch::channel(None);
        let name = path.display().to_string();
        let roll = Roll::new(path, from, care, report);
        std::thread::Builder::new()
            .name("tape".into())
            .spawn(move || roll.run(from, &waiting))
            .map_err(|e| HwError::new("recorder", format!("write {name}"), e))?;
        Ok(Self { work, permits: Arc::new(Semaphore::new(QUEUE)), trouble })
    }

    /// Waits only when the disk is twelve seconds behind.
    pub async fn append(&self, bytes: Bytes) {
        self.give(Work::Append(bytes)).await;
    }

    /// Sends a note once everything appended so far can be read from the file.
    pub async fn tell(&self, note: Note) {
        self.give(Work::Tell(note)).await;
    }

    /// Syncs and closes the file.
    ///
    /// # Errors
    /// What went wrong with the file, now or before.
    pub async fn close(self) -> Result<Closed, String> {
        let (answer, closed) = oneshot::channel();
        self.give(Work::Close(answer)).await;
        closed.await.unwrap_or_else(|_| Err("the file's thread ended early".into()))
    }

    /// Changes to `Some` when the file cannot be written any more.
    pub fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.clone()
    }

    async fn give(&self, work: Work) {
        let permits = self.permits.clone();
        let permit = permits.acquire_owned().await.expect("the semaphore is never closed");
        // A thread that ended has said why in `trouble`.
        let _ = self.work.send((work, permit));
    }
}

/// The thread's side.
struct Roll {
    path: PathBuf,
    file: Option<File>,
    care: Care,
    hash: Option<Context>,
    /// Length up to the last whole append.
    good: u64,
    /// Since when the oldest byte waits for its sync, on the steady clock.
    oldest: Option<Millis>,
    report: watch::Sender<Option<String>>,
}

impl Roll {
    fn new(path: PathBuf, from: From, care: Care, report: watch::Sender<Option<String>>) -> Self {
        let (hash, good) = match from {
            From::New => (Some(Context::new(&SHA256)), 0),
            From::Resumed(len) => (None, len),
        };
        Self { path, file: None, care, hash, good, oldest: None, report }
    }

    fn run(mut self, from: From, work: &mpsc::Receiver<(Work, OwnedSemaphorePermit)>) {
        self.open(from);
        let next = |due: Option<Millis>| match due {
            Some(wait) => work.recv_timeout(wait.to_std()).map(|(work, _)| work),
            None => work.recv().map(|(work, _)| work).map_err(|_| RecvTimeoutError::Disconnected),
        };
        while self.turn(next) {}
    }

    fn open(&mut self, from: From) {
        match open(&self.path, from) {
            Ok(file) => self.file = Some(file),
            Err(error) => self.fail("open", &error.to_string()),
        }
    }

    /// Does one thing; `next` gives it, or a time-out once the oldest byte has waited long enough. False at the end.
    fn turn(
        &mut self,
        next: impl FnOnce(Option<Millis>) -> Result<Work, RecvTimeoutError>,
    ) -> bool {
        let item = match self.due() {
            Some(Millis(0)) => Err(RecvTimeoutError::Timeout),
            due => next(due),
        };
        match item {
            Ok(Work::Append(bytes)) => self.append(&bytes),
            Ok(Work::Tell(note)) if self.file.is_some() => self.care.outbox.tell(note),
            Ok(Work::Tell(_)) => {}
            Ok(Work::Close(answer)) => {
                self.sync();
                // Whoever asked may be gone at drain; the file is closed all the same.
                let _ = answer.send(self.closed());
                return false;
            }
            Err(RecvTimeoutError::Timeout) => self.sync(),
            Err(RecvTimeoutError::Disconnected) => {
                self.sync();
                return false;
            }
        }
        true
    }

    /// How long the oldest byte may still wait.
    fn due(&self) -> Option<Millis> {
        let age = self.care.clock.steady() - self.oldest?;
        Some((self.care.sync_every - age).max(Millis(0)))
    }

    fn append(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        self.oldest.get_or_insert(self.care.clock.steady());
        if let Err(error) = file.write_all(bytes) {
            return self.fail("write", &error.to_string());
        }
        crash::point(Point::FilmAppended);
        self.good += bytes.len() as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
    }

    fn sync(&mut self) {
        let Some(file) = &self.file else { return };
        let result = (self.care.sync)(file).and_then(|()| Ok(rustix::fs::fstatvfs(file)?));
        crash::point(Point::FilmSynced);
        self.oldest = None;
        match result {
            Err(error) => self.fail("sync", &error.to_string()),
            Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < self.care.floor_bytes => {
                self.fail("keep the disk from filling up", "the last of it belongs to the store");
            }
            Ok(_) => {}
        }
    }

    /// Gives the file up. A half-written part is cut off again; if even that fails, recovery does it.
    fn fail(&mut self, doing: &str, why: &str) {
        if let Some(file) = self.file.take() {
            let _ = file.set_len(self.good).and_then(|()| file.sync_data());
            if self.good == 0 && self.hash.is_some() {
                // We made it and it holds nothing; a disk that stays broken may not gather one at each try.
                let _ = std::fs::remove_file(&self.path);
            }
        }
        (self.hash, self.oldest) = (None, None);
        self.report.send_replace(Some(format!("{doing}: {why}")));
    }

    fn closed(&mut self) -> Result<Closed, String> {
        if let Some(trouble) = &*self.report.borrow() {
            return Err(trouble.clone());
        }
        let sha256 = self.hash.take().map(|hash| hex(hash.finish().as_ref()));
        Ok(Closed { sha256 })
    }
}

fn open(path: &Path, from: From) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    let file = match from {
        From::New => {
            let file = options.append(true).create_new(true).open(path)?;
            crash::point(Point::TakeMade);
            file
        }
        From::Resumed(_) => options.append(true).open(path)?,
    };
    if let From::Resumed(len) = from
        && file.metadata()?.len() != len
    {
        return Err(std::io::Error::other("the file changed since it was reconciled"));
    }
    // The name must be on the disk as well as the bytes.
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests;
