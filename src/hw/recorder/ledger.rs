//! The ledger beside a recording: what was seen and heard in each second, in `quality.jsonl` of the lesson's folder, and
//! an alarm within five seconds of trouble. It never holds up the film: what it cannot write is not written.

mod book;

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::warn;

use self::book::Book;
use super::outbox::Outbox;
use crate::model::recording::Note;
use crate::model::{Clock, Millis, Moment};
use crate::wire::gauge::Gauge;
use crate::wire::quality;

/// So often complete seconds are looked for.
const TICK: Duration = Duration::from_millis(500);
/// So many seconds are written at once, and a power cut takes no more.
const ROWS: usize = 10;
/// For the last of them, when the lesson ends.
const END_LIMIT: Duration = Duration::from_secs(2);
/// More than the program says in a second.
const READ: usize = 8 << 10;

/// One lesson's ledger. Dropped, it is closed.
pub struct Ledger {
    pen: Pen,
    /// Dropped, it is the end.
    open: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
}

/// Whoever sees or hears something of the lesson has one.
#[derive(Clone)]
pub struct Pen {
    book: Arc<Mutex<Book>>,
    clock: Clock,
    zero: Millis,
    opened: Moment,
}

impl Ledger {
    /// `zero` is the wall time of the lesson's start.
    pub fn open(folder: PathBuf, zero: Millis, clock: Clock, outbox: Outbox) -> Self {
        let opened = clock.moment();
        let book = Arc::new(Mutex::new(Book::begin(opened.wall - zero)));
        let pen = Pen { book, clock, zero, opened };
        let (open, closed) = oneshot::channel();
        let keeper = Keeper {
            pen: pen.clone(),
            path: folder.join(quality::FILE),
            outbox,
            rows: vec!["\n".into()],
        };
        Self { pen, open, keeper: tokio::spawn(keeper.keep(closed)) }
    }

    pub fn pen(&self) -> Pen {
        self.pen.clone()
    }

    /// Everything is in the file, if it could be.
    pub async fn close(self) {
        drop(self.open);
        if tokio::time::timeout(END_LIMIT, self.keeper).await.is_err() {
            warn!("the last seconds of a lesson's ledger are not written yet");
        }
    }
}

impl Pen {
    /// A new run of the encoder, and the end of a pipe for what it says. `still`: its picture may stand still.
    ///
    /// # Errors
    /// When there is no pipe to be had.
    pub fn run(&self, still: bool) -> io::Result<OwnedFd> {
        self.book().run(still);
        // The program's end waits as any program's does.
        let (heard, says) = pipe_with(PipeFlags::CLOEXEC)?;
        let heard = pipe::Receiver::from_owned_fd(heard)?;
        tokio::spawn(self.clone().hear(heard));
        Ok(says)
    }

    /// Listens until the last one that could say something is gone.
    async fn hear(self, mut heard: pipe::Receiver) {
        let (mut gauge, mut buffer) = (Gauge::default(), vec![0; READ]);
        while let Ok(1..) = heard.read(&mut buffer).await.inspect(|got| {
            let now = self.now();
            gauge.push(&buffer[..*got], |reading| self.book().read(reading, now));
        }) {}
    }

    pub fn keep(&self, start_us: u64, end_us: u64, pictures: u32, apart_us: i64) {
        self.book().keep(start_us, end_us, pictures, apart_us);
    }

    /// Since the lesson's start, as the reel counts it.
    fn now(&self) -> Millis {
        self.opened.wall - self.zero + (self.clock.steady() - self.opened.steady)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes seconds and writes them.
struct Keeper {
    pen: Pen,
    path: PathBuf,
    outbox: Outbox,
    /// A power cut may have torn the last line of a ledger that goes on: the first is an empty one.
    rows: Vec<String>,
}

impl Keeper {
    async fn keep(mut self, mut closed: oneshot::Receiver<()>) {
        while tokio::time::timeout(TICK, &mut closed).await.is_err() {
            self.turn();
            if self.rows.len() >= ROWS {
                self.write().await;
            }
        }
        let rest = self.pen.book().end(self.pen.now());
        self.rows.extend(rest.iter().map(quality::row));
        self.write().await;
    }

    fn turn(&mut self) {
        let (rows, alarms) = self.pen.book().close(self.pen.now());
        self.rows.extend(rows.iter().map(quality::row));
        for alarm in alarms {
            let from = self.pen.zero + Millis::seconds(i64::from(alarm.since));
            self.outbox.tell(Note::Flaw { flaw: alarm.flaw, from, is_over: alarm.is_over });
        }
    }

    async fn write(&mut self) {
        let (path, text) = (self.path.clone(), std::mem::take(&mut self.rows).concat());
        if text.is_empty() {
            return;
        }
        let written = spawn_blocking(move || {
            let mut file = OpenOptions::new().append(true).create(true).open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_data()
        });
        if let Ok(Err(error)) = written.await {
            warn!(%error, path = %self.path.display(), "seconds of a lesson's ledger are not written");
        }
    }
}
