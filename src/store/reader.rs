//! A small pool of read-only connections, used off the async threads but for single rows at a start.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::connect;
use crate::model::Fault;

/// Lists and look-ups are short; more readers than this only fight over two cores.
const READERS: usize = 4;

pub struct Readers {
    pool: Arc<Pool>,
    permits: Arc<Semaphore>,
}

type Work = Box<dyn FnOnce(&Connection) + Send>;

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// With one connection.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let pool = Pool { path: path.to_owned(), idle: Mutex::new(Vec::new()) };
        pool.give_back(pool.open()?);
        Ok(Self { pool: Arc::new(pool), permits: Arc::new(Semaphore::new(READERS)) })
    }

    /// Opens the connections that a start did not need: later there may be no descriptors left for them.
    pub fn fill(&self) -> rusqlite::Result<()> {
        for _ in 1..READERS {
            self.pool.give_back(self.pool.open()?);
        }
        Ok(())
    }

    /// Those that work keep what they have.
    pub fn rest(&self) {
        for conn in lock(&self.pool.idle).iter() {
            if let Err(e) = conn.execute_batch("PRAGMA shrink_memory") {
                tracing::debug!(error = %e, "a reader keeps its pages");
            }
        }
    }

    pub async fn run<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let place = Arc::new(Mutex::new(None));
        let put = place.clone();
        self.carry_out(Box::new(move |conn| *lock(&put) = Some(work(conn)))).await?;
        let done = lock(&place).take();
        done.unwrap_or_else(|| Err(Fault::internal("store", "a read without an answer")))
    }

    /// One kind of work for all reads: each kind is some hundreds of bytes of program.
    async fn carry_out(&self, work: Work) -> Result<(), Fault> {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|e| Fault::internal("store readers", e))?;
        let pool = self.pool.clone();
        let job = move || {
            let done = pool.run(work);
            drop(permit);
            done
        };
        let done = super::aside(job).await;
        done.map_err(|e| Fault::internal("store reader", e))?
    }

    /// On this thread, and without waiting for a turn.
    pub fn run_here<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.pool.run(work)?
    }
}

impl Pool {
    fn run<T>(&self, work: impl FnOnce(&Connection) -> T) -> Result<T, Fault> {
        let conn = self.take()?;
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&conn)));
        self.give_back(conn);
        done.map_err(|_| Fault::internal("store", "a read panicked"))
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = lock(&self.idle).pop();
        idle.map_or_else(|| self.open(), Ok)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        connect(&self.path, flags)
    }

    fn give_back(&self, conn: Connection) {
        let mut idle = lock(&self.idle);
        // More than these come of reads that did not wait for their turn.
        if idle.len() < READERS {
            idle.push(conn);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
