//! A small pool of read-only connections, used off the async threads.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::connect;
use crate::model::Fault;

/// Lists and look-ups are short; more readers than this only fight over two cores.
const READERS: usize = 4;

pub struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let idle = (0..READERS).map(|_| connect(path, flags)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), permits: Arc::new(Semaphore::new(READERS)) })
    }

    pub async fn run<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|e| Fault::internal("store readers", e))?;
        let idle = self.idle.clone();
        let job = move || {
            let pool = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let conn = pool().pop();
            let conn = conn.ok_or_else(|| Fault::internal("store readers", "none is idle"))?;
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&conn)));
            pool().push(conn);
            drop(permit);
            done.unwrap_or_else(|_| Err(Fault::internal("store", "a read panicked")))
        };
        let done = tokio::task::spawn_blocking(job).await;
        done.map_err(|e| Fault::internal("store reader", e))?
    }
}
