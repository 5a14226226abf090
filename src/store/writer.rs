//! The one thread that may write. It puts what waits into one transaction, a savepoint each, and answers
//! after the commit: many small writes share one `fsync`.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::gate::Gate;
use super::queue::{Expected, Receiver, Refused, Sender, queue};
use super::{changed, posted};
use crate::model::crash::{self, Mutation, Point};
use crate::model::{Fault, Millis, Part};

/// A class is at most 60 seats; a school of 500 clients entering at once still fits before we say Busy.
const QUEUE: usize = 1024;
/// Jobs in one transaction: bounds how long the first of them waits for its commit.
const BATCH: usize = 256;
/// Those who share a commit ask again soon after: the next one waits for them as long as the last one took, so
/// that nobody waits twice as long for it, and on no disk longer than this. Who writes alone waits for nobody.
const PATIENCE: Duration = Duration::from_millis(5);

#[derive(Clone)]
pub struct Writer {
    queue: Arc<Sender<Box<dyn Job>>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
    counts: Arc<Counts>,
    listeners: Arc<Listeners>,
}

/// Who hears what a transaction has done, once it stands.
#[derive(Default)]
struct Listeners {
    posted: OnceLock<posted::Listener>,
    changed: OnceLock<changed::Listener>,
}

#[derive(Default)]
struct Counts {
    transactions: AtomicU64,
    jobs: AtomicU64,
    /// The last transaction that changed something failed.
    ailing: AtomicBool,
}

trait Job: Send {
    /// Does the work; `false` asks for its savepoint to be rolled back.
    fn run(&mut self, conn: &Connection) -> bool;
    /// Tells the caller, once the commit is known to have succeeded or failed.
    fn answer(self: Box<Self>, commit: Option<&Failure>);
}

struct Task<T, F> {
    work: Option<F>,
    done: Option<Result<T, Fault>>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
{
    fn run(&mut self, conn: &Connection) -> bool {
        let Some(work) = self.work.take() else { return false };
        let done = catch_unwind(AssertUnwindSafe(|| work(conn)))
            .unwrap_or_else(|panic| Err(Fault::internal("a store job panicked", text(&*panic))));
        let keep = done.is_ok();
        self.done = Some(done);
        keep
    }

    fn answer(self: Box<Self>, commit: Option<&Failure>) {
        let done = match (commit, self.done) {
            (Some(failure), Some(Ok(_)) | None) => Err(failure.fault()),
            (None, None) => Err(Fault::internal("store", "the job did not run")),
            (_, Some(done)) => done,
        };
        // The caller may have gone away; its write stands all the same.
        let _ = self.reply.send(done);
    }
}

/// Why a whole transaction failed: told to each of its callers.
enum Failure {
    Busy(Millis),
    Offline(Part),
    Other(String),
}

impl Failure {
    fn of(e: rusqlite::Error) -> Self {
        let text = e.to_string();
        match Fault::from(e) {
            Fault::Busy { retry } => Self::Busy(retry),
            Fault::Offline(part) => Self::Offline(part),
            _ => Self::Other(text),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Busy(retry) => Fault::Busy { retry: *retry },
            Self::Offline(part) => Fault::Offline(*part),
            Self::Other(text) => Fault::internal("commit", text),
        }
    }
}

fn text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}

impl Writer {
    /// What a start writes waits in the queue until the gate opens.
    pub fn start(conn: Connection, gate: Gate) -> Self {
        let (queue, inbox) = queue(QUEUE);
        let counts = Arc::new(Counts::default());
        let listeners = Arc::new(Listeners::default());
        let desk = Desk {
            conn,
            counts: counts.clone(),
            listeners: listeners.clone(),
            runtime: Handle::try_current().ok(),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                if gate.pass(&desk.conn) {
                    desk.serve(&inbox);
                }
            })
            .expect("the first thread of the process can be made");
        let thread = Arc::new(Mutex::new(Some(thread)));
        Self { queue: Arc::new(queue), thread, counts, listeners }
    }

    pub async fn run<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Task { work: Some(work), done: None, reply };
        self.queue.put(Box::new(task)).map_err(|refused| match refused {
            Refused::Full => Fault::Busy { retry: Millis::seconds(1) },
            Refused::Closed => Fault::internal("store", "the box is shutting down"),
        })?;
        answer.await.unwrap_or_else(|_| Err(Fault::internal("store", "the writer is gone")))
    }

    /// Nobody waits for it: a writer that has work has none of this to do.
    pub fn rest(&self, shrink: fn()) {
        let work = move |conn: &Connection| {
            conn.execute_batch("PRAGMA shrink_memory")?;
            shrink();
            Ok(())
        };
        let (reply, _) = oneshot::channel();
        let task = Task { work: Some(work), done: None, reply };
        if let Err(refused) = self.queue.put(Box::new(task)) {
            tracing::debug!(?refused, "the writer keeps its pages");
        }
    }

    pub fn on_posted(&self, listener: posted::Listener) {
        // A second listener would be a second owner of the groups: there is none.
        let _ = self.listeners.posted.set(listener);
    }

    pub fn on_changed(&self, listener: changed::Listener) {
        // Nor is there a second owner of the copies.
        let _ = self.listeners.changed.set(listener);
    }

    pub fn counts(&self) -> (u64, u64) {
        (self.counts.transactions.load(Ordering::Relaxed), self.counts.jobs.load(Ordering::Relaxed))
    }

    pub fn is_ailing(&self) -> bool {
        self.counts.ailing.load(Ordering::Relaxed)
    }

    pub async fn close(&self) {
        self.queue.close();
        let thread = self.thread.lock().ok().and_then(|mut t| t.take());
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// What the thread works with.
struct Desk {
    conn: Connection,
    counts: Arc<Counts>,
    listeners: Arc<Listeners>,
    /// Where those who wait for an answer mostly are.
    runtime: Option<Handle>,
}

impl Desk {
    #[allow(clippy::disallowed_methods)] // of the time of day it knows nothing: how long did the disk take
    fn serve(mut self, inbox: &Receiver<Box<dyn Job>>) {
        let mut expected = Expected::default();
        while let Some(batch) = inbox.take(expected, BATCH) {
            let (number, began) = (batch.len(), Instant::now());
            self.counts.jobs.fetch_add(number as u64, Ordering::Relaxed);
            self.counts.transactions.fetch_add(1, Ordering::Relaxed);
            self.commit(batch);
            expected.number = number + inbox.length();
            expected.patience = began.elapsed().min(PATIENCE);
        }
        if let Err(e) = self.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(error = %e, "last checkpoint failed; the next start replays the WAL");
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let changes = self.conn.total_changes();
        let outcome = transaction(&mut self.conn, &mut batch);
        if let Err(e) = &outcome {
            tracing::error!(error = %e, jobs = batch.len(), "a transaction failed");
        }
        let failure = outcome.err().map(Failure::of);
        let well = failure.is_none();
        crash::point(Point::Committed);
        // A transaction that changed nothing did not ask the disk. Who is answered may look at this.
        if !well || self.conn.total_changes() > changes {
            self.counts.ailing.store(!well, Ordering::Relaxed);
        }
        if well {
            // Memory first: who hears of a message may ask for what it was about.
            changed::tell(&self.conn, self.listeners.changed.get());
            tell(&self.conn, self.listeners.posted.get());
        }
        let answers = Answers { batch, failure };
        match &self.runtime {
            // One wakes the runtime for all: each for itself would cost a change of threads.
            Some(runtime) if answers.batch.len() > 1 => {
                runtime.spawn(async move { drop(answers) });
            }
            Some(_) | None => drop(answers),
        }
    }
}

/// What is known of a batch once its transaction stands or has failed. Dropped, it is told: also by a runtime that
/// goes down and runs no task any more.
struct Answers {
    batch: Vec<Box<dyn Job>>,
    failure: Option<Failure>,
}

impl Drop for Answers {
    fn drop(&mut self) {
        for job in self.batch.drain(..) {
            job.answer(self.failure.as_ref());
        }
    }
}

/// A message that nobody could be told of here is found by its successor: listeners see the gap.
fn tell(conn: &Connection, listener: Option<&posted::Listener>) {
    let posted = match posted::take(conn) {
        Ok(posted) if posted.is_empty() => return,
        Ok(posted) => posted,
        Err(e) => return tracing::warn!(error = %e, "nobody was told what was posted"),
    };
    let Some(listener) = listener else { return };
    if catch_unwind(AssertUnwindSafe(|| listener(&posted))).is_err() {
        tracing::error!("who listens to posted messages panicked");
    }
}

fn transaction(conn: &mut Connection, batch: &mut Vec<Box<dyn Job>>) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for job in batch.iter_mut() {
        tx.prepare_cached("SAVEPOINT job")?.execute([])?;
        let keep = job.run(&tx);
        if tx.is_autocommit() {
            return Err(given_up());
        }
        if !keep {
            tx.prepare_cached("ROLLBACK TO job")?.execute([])?;
        }
        tx.prepare_cached("RELEASE job")?.execute([])?;
    }
    crash::point(Point::BeforeCommit);
    if crash::is(Mutation::AnswerBeforeCommit) {
        batch.drain(..).for_each(|job| job.answer(None));
    }
    tx.commit()
}

/// A disk that is full or broken in the middle of a transaction: SQLite has rolled all of it back already.
fn given_up() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
    rusqlite::Error::SqliteFailure(code, Some("the disk took no more of a transaction".into()))
}
