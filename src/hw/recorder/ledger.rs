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
use tracing::{debug, warn};

use self::book::Book;
use super::outbox::Outbox;
use crate::domain::monitor::Input;
use crate::model::quality::Heed;
use crate::model::recording::Note;
use crate::model::{Clock, Millis};
use crate::wire::fmp4::cut::Piece;
use crate::wire::gauge::{Gauge, Reading};
use crate::wire::quality;

/// So often complete seconds are looked for.
const TICK: Duration = Duration::from_millis(400);
/// So many seconds are written at once, and so many may wait for a disk that hangs.
const ROWS: usize = 10;
const ROWS_MAX: usize = 3600;
/// For the last of them, when the lesson ends.
const END_LIMIT: Duration = Duration::from_secs(2);
/// More than the program says in a second.
const READ: usize = 8 << 10;

/// One lesson's ledger. Dropped, it is closed.
pub struct Ledger {
    pen: Pen,
    /// Until something is recorded, there is nothing to keep.
    waits: Option<Keeper>,
    /// Its first half dropped, it is the end.
    kept: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

/// Whoever sees or hears something of the lesson has one.
#[derive(Clone)]
pub struct Pen {
    book: Arc<Mutex<Book>>,
    clock: Clock,
    ear: Option<Arc<Input>>,
}

impl Ledger {
    /// `zero` is the wall time of the lesson's start.
    /// Whoever looks at the input has an `ear` on it.
    pub fn open(
        folder: PathBuf,
        zero: Millis,
        (clock, ear): (Clock, Option<Arc<Input>>),
        outbox: Outbox,
    ) -> Self {
        let opened = clock.moment();
        let book = Book::begin(opened.steady, opened.wall - zero);
        let pen = Pen { book: Arc::new(Mutex::new(book)), clock, ear };
        let keeper = Keeper {
            pen: pen.clone(),
            path: folder.join(quality::FILE),
            zero,
            outbox,
            rows: vec!["\n".into()],
            writing: None,
        };
        Self { pen, waits: Some(keeper), kept: None }
    }

    pub fn pen(&self) -> Pen {
        self.pen.clone()
    }

    /// A new run of the encoder, and the end of a pipe for what it says. With the first one, seconds begin to count.
    ///
    /// # Errors
    /// When there is no pipe to be had.
    pub fn run(&mut self, heed: Heed) -> io::Result<OwnedFd> {
        if let Some(keeper) = self.waits.take() {
            let (open, closed) = oneshot::channel();
            self.kept = Some((open, tokio::spawn(keeper.keep(closed))));
        }
        self.pen.run(heed)
    }

    /// Everything is in the file, if it could be.
    pub async fn close(self) {
        let Some((open, keeper)) = self.kept else { return };
        drop(open);
        if tokio::time::timeout(END_LIMIT, keeper).await.is_err() {
            warn!("the last seconds of a lesson's ledger are not written yet");
        }
    }
}

impl Pen {
    fn run(&self, heed: Heed) -> io::Result<OwnedFd> {
        let run = self.book().run(heed);
        // The program's end waits as any program's does.
        let (heard, says) = pipe_with(PipeFlags::CLOEXEC)?;
        let heard = pipe::Receiver::from_owned_fd(heard)?;
        tokio::spawn(self.clone().hear(run, heard));
        Ok(says)
    }

    /// Listens until the last one that could say something is gone.
    async fn hear(self, run: u32, mut heard: pipe::Receiver) {
        let (mut gauge, mut buffer) = (Gauge::default(), vec![0; READ]);
        while let Ok(got @ 1..) = heard.read(&mut buffer).await {
            let now = self.clock.moment();
            gauge.push(&buffer[..got], |reading| {
                if let (Reading::Sound { peak, rms, .. }, Some(ear)) = (reading, &self.ear) {
                    ear.hear(peak, rms, now);
                }
                self.book().read(run, reading, now.steady);
            });
        }
    }

    /// The first piece of a run ends here, at `steady`.
    pub fn align(&self, end_us: u64, steady: Millis) {
        self.book().align(end_us, steady);
    }

    pub fn keep(&self, piece: &Piece, apart_us: Option<i64>) {
        self.book().keep(piece, apart_us);
    }

    pub fn recall(&self, piece: &Piece) {
        self.book().recall(piece);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes seconds and writes them.
struct Keeper {
    pen: Pen,
    path: PathBuf,
    /// Wall time of the lesson's start.
    zero: Millis,
    outbox: Outbox,
    /// A power cut may have torn the last line of a ledger that goes on: the first is an empty one.
    rows: Vec<String>,
    /// What a disk that hangs may hold up: not the judgement. Gives back what it could not write.
    writing: Option<JoinHandle<Vec<String>>>,
}

impl Keeper {
    async fn keep(mut self, mut closed: oneshot::Receiver<()>) {
        while tokio::time::timeout(TICK, &mut closed).await.is_err() {
            self.turn();
            if self.writing.as_ref().is_some_and(JoinHandle::is_finished) {
                self.written().await;
            }
            if self.writing.is_none() && self.rows.len() > ROWS {
                self.write();
            }
            self.rows.truncate(ROWS_MAX);
        }
        let rest = self.pen.book().end(self.pen.clock.steady());
        self.rows.extend(rest.iter().map(quality::row));
        self.written().await;
        self.write();
        self.written().await;
    }

    fn turn(&mut self) {
        let (rows, alarms) = self.pen.book().close(self.pen.clock.steady());
        self.rows.extend(rows.iter().map(quality::row));
        for alarm in alarms {
            let from = self.zero + Millis::seconds(i64::from(alarm.since));
            self.outbox.tell(Note::Flaw { flaw: alarm.flaw, from, is_over: alarm.is_over });
        }
    }

    fn write(&mut self) {
        let (path, rows) = (self.path.clone(), std::mem::take(&mut self.rows));
        self.writing = Some(spawn_blocking(move || {
            let written = OpenOptions::new().append(true).create(true).open(&path);
            let written = written.and_then(|mut file| {
                file.write_all(rows.concat().as_bytes())?;
                file.sync_data()
            });
            match written {
                Ok(()) => Vec::new(),
                Err(error) => {
                    debug!(%error, path = %path.display(), "a lesson's ledger waits");
                    rows
                }
            }
        }));
    }

    /// What was not written goes before what came since; of a second that is there twice, the first one counts.
    async fn written(&mut self) {
        if let Some(writing) = self.writing.take()
            && let Ok(mut rows) = writing.await
        {
            rows.append(&mut self.rows);
            self.rows = rows;
        }
    }
}
