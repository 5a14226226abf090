//! A small pool of read-only connections, used off the async threads but for single rows at a start.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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
        for conn in self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).iter() {
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
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|e| Fault::internal("store readers", e))?;
        let pool = self.pool.clone();
        let job = move || {
            let done = pool.run(work);
            drop(permit);
            done
        };
        let done = tokio::task::spawn_blocking(job).await;
        done.map_err(|e| Fault::internal("store reader", e))?
    }

    /// On this thread, and without waiting for a turn.
    pub fn run_here<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.pool.run(work)
    }
}

impl Pool {
    fn run<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let conn = self.take()?;
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&conn)));
        self.give_back(conn);
        done.unwrap_or_else(|_| Err(Fault::internal("store", "a read panicked")))
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.open(), Ok)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        connect(&self.path, flags)
    }

    fn give_back(&self, conn: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // More than these come of reads that did not wait for their turn.
        if idle.len() < READERS {
            idle.push(conn);
        }
    }
}
