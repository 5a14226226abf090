//! SQLite and nothing else: one file `box.db`, one writer thread, a few readers.
//! What is acknowledged here survives a power cut (WAL, `synchronous=FULL`, group commit).
//! It knows rows, not rules.

mod gate;
mod migrate;
mod queue;
mod reader;
mod writer;

pub mod applications;
pub mod audit;
pub mod auth_codes;
pub mod callbacks;
pub mod changed;
pub mod classrooms;
pub mod files;
pub mod group_members;
pub mod groups;
pub mod hands;
pub mod leases;
pub mod lessons;
pub mod memo;
pub mod messages;
pub mod outbox;
pub mod people;
pub mod posted;
pub mod recordings;
pub mod retention;
pub mod rooms;
pub mod slides;
pub mod tokens;
pub mod users;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::task::{JoinError, spawn_blocking};

use crate::model::{Fault, Millis, Part};

/// The WAL-reset bug: two connections, a checkpoint and a commit could lose data before this version.
/// Source: sqlite.org, release notes of 3.51.3 (2026-03-13).
pub const SQLITE_MIN: i32 = 3_051_003;

/// KiB of pages that a connection keeps. The system keeps them all as well, and hands one over in a microsecond.
const CACHE: &str = "PRAGMA cache_size=-512";
const CACHE_OF_CHECK: &str = "PRAGMA cache_size=-64";

/// The open store. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    writer: writer::Writer,
    readers: Arc<reader::Readers>,
    gate: Arc<gate::Key>,
    path: Arc<PathBuf>,
}

/// Work off the async threads. One kind of task for all of it: each kind is some kilobytes of program.
///
/// # Errors
/// It panicked, or the runtime ends.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    let place = Arc::new(Mutex::new(None));
    let put = place.clone();
    let work: Box<dyn FnOnce() + Send> = Box::new(move || {
        let done = work();
        *put.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    });
    spawn_blocking(work).await?;
    let done = place.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(done.expect("work that ended without a panic has left what it made"))
}

/// Why the store cannot be opened. The text is for the technician.
#[derive(Debug)]
pub enum OpenError {
    /// The linked SQLite has the WAL-reset bug.
    TooOld(String),
    /// The file was written by a newer release than this one can read.
    TooNew {
        file: u32,
        program: u32,
    },
    /// `PRAGMA quick_check` said this.
    Damaged(String),
    Sqlite(rusqlite::Error),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooOld(v) => write!(f, "SQLite {v} is linked; 3.51.3 or newer is needed"),
            Self::TooNew { file, program } => {
                write!(f, "box.db has schema {file}; this release knows {program}")
            }
            Self::Damaged(what) => write!(f, "box.db is damaged: {what}; restore a backup"),
            Self::Sqlite(e) => write!(f, "box.db: {e}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<rusqlite::Error> for OpenError {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sqlite(e)
    }
}

impl Db {
    /// Opens or makes `box.db` in `folder`, checks it and brings its schema up to date.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join("box.db");
        let conn = prepare(folder, &path)?;
        let db = Self::of(conn, path, gate::open())?;
        db.readers.fill()?;
        Ok(db)
    }

    /// The same, but it reads before the file is checked: a check walks through all of it, and takes longer than
    /// the rest of a start. Nothing is written before `check` has passed; only a file of an older release is
    /// checked and brought up to date at once.
    pub fn open_unchecked(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join("box.db");
        let mut conn = connect_to_write(&path)?;
        if migrate::is_due(&conn)? {
            check(&conn)?;
            migrate::run(&mut conn, folder)?;
        }
        Self::of(conn, path, gate::closed())
    }

    fn of(
        conn: Connection,
        path: PathBuf,
        (key, gate): (gate::Key, gate::Gate),
    ) -> Result<Self, OpenError> {
        posted::prepare(&conn)?;
        changed::prepare(&conn)?;
        let readers = reader::Readers::open(&path)?;
        Ok(Self {
            writer: writer::Writer::start(conn, gate),
            readers: Arc::new(readers),
            gate: Arc::new(key),
            path: Arc::new(path),
        })
    }

    /// Checks what was opened unchecked, then lets through what waits to be written. Asked for once.
    ///
    /// # Errors
    /// `Damaged`: nothing was written, and nothing will be.
    pub async fn check(&self) -> Result<(), OpenError> {
        self.gate.turn().await?;
        Ok(self.readers.fill()?)
    }

    /// Waits until it may be written: for who takes a turn before he writes, so that nobody waits for a turn behind
    /// one who waits here.
    ///
    /// # Errors
    /// `Busy` when the check takes longer than a client can wait.
    pub async fn ready(&self) -> Result<(), Fault> {
        self.gate.pass().await
    }

    /// Checks the `box.db` in `folder`, which nobody has open, brings its schema up to date and leaves it as
    /// one closed file without a WAL. Answers the number of the newest room, 0 when there is none.
    pub fn make_sound(folder: &Path) -> Result<i64, OpenError> {
        let conn = prepare(folder, &folder.join("box.db"))?;
        let newest = "SELECT COALESCE(MAX(id), 0) FROM room";
        let newest = conn.query_row(newest, [], |row| row.get(0))?;
        conn.close().map_err(|(_, e)| e)?;
        Ok(newest)
    }

    /// Whether it may be written.
    pub fn is_checked(&self) -> bool {
        self.gate.is_open()
    }

    /// Runs `work` in the writer's next transaction, in a savepoint of its own, and answers after the commit.
    /// An error rolls back this work and nothing else.
    ///
    /// # Errors
    /// `Busy` when the queue is full or the check takes long: then `work` is never done. What `work` returned, or the
    /// store's own trouble.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.gate.pass().await?;
        self.writer.run(work).await
    }

    /// The same for what a start writes: before all others, and however long the check takes.
    pub async fn write_first<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.writer.run(work).await
    }

    /// Runs `work` on a read-only connection, off the async threads.
    pub async fn read<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.readers.run(work).await
    }

    /// Runs `work` on a read-only connection here and now: for one short read of a caller that cannot wait.
    ///
    /// # Errors
    /// What `work` returned, or the store's own trouble.
    pub fn read_here<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.readers.run_here(work)
    }

    /// Writes a consistent copy of the running database to `target` and checks the copy by opening it.
    /// Answers the names of the stored files that the copy knows.
    pub async fn snapshot(&self, target: PathBuf) -> Result<Vec<String>, Fault> {
        self.read(move |conn| copy_to(conn, &target)).await
    }

    /// Who hears of each message that stands in a group; told once, before anything is posted.
    pub fn on_posted(&self, listener: posted::Listener) {
        self.writer.on_posted(listener);
    }

    /// Who keeps copies of rows; told once, before anything is written.
    pub fn on_changed(&self, listener: changed::Listener) {
        self.writer.on_changed(listener);
    }

    /// Transactions and jobs committed since the start, for `/metrics`.
    pub fn commits(&self) -> (u64, u64) {
        self.writer.counts()
    }

    /// The last transaction failed: the disk is full, read-only or broken.
    pub fn is_ailing(&self) -> bool {
        self.writer.is_ailing()
    }

    /// Nobody asks for a while: pages that readers and writer keep go back. The system has them as well. The writer's
    /// thread is no runtime's, and does `shrink` itself.
    pub fn rest(&self, shrink: fn()) {
        self.readers.rest();
        self.writer.rest(shrink);
    }

    /// Finishes queued work, checkpoints the WAL and ends the writer thread.
    pub async fn close(&self) {
        self.gate.leave();
        self.writer.close().await;
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn prepare(folder: &Path, path: &Path) -> Result<Connection, OpenError> {
    let mut conn = connect_to_write(path)?;
    check(&conn)?;
    migrate::run(&mut conn, folder)?;
    Ok(conn)
}

fn connect_to_write(path: &Path) -> Result<Connection, OpenError> {
    refuse_old_sqlite(rusqlite::version_number())?;
    let conn = connect(path, OpenFlags::default())?;
    // Until it is checked: closing it would fold the WAL into a file that may be damaged.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let mode: String = conn.query_row("PRAGMA journal_mode=WAL", [], |r| r.get(0))?;
    if mode != "wal" {
        return Err(OpenError::Damaged(format!("the file system refuses WAL (got {mode})")));
    }
    conn.execute_batch(
        "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=16777216;",
    )?;
    Ok(conn)
}

fn check(conn: &Connection) -> Result<(), OpenError> {
    // Each page is looked at once: what the walk would keep of them is memory that nobody uses.
    conn.execute_batch(CACHE_OF_CHECK)?;
    let found: String = conn.query_row("PRAGMA quick_check(1)", [], |r| r.get(0))?;
    conn.execute_batch(CACHE)?;
    if found != "ok" {
        return Err(OpenError::Damaged(found));
    }
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

/// In one step, which is one read transaction: a backup in several begins anew whenever somebody else
/// commits, and here somebody always does. A reader of the WAL keeps nobody waiting.
fn copy_to(conn: &Connection, target: &Path) -> Result<Vec<String>, Fault> {
    let mut copy = Connection::open(target)?;
    let backup = Backup::new(conn, &mut copy)?;
    let step = backup.step(-1)?;
    drop(backup);
    if !matches!(step, StepResult::Done) {
        return Err(Fault::Busy { retry: Millis::seconds(1) });
    }
    let check: String = copy.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0))?;
    if check != "ok" {
        return Err(Fault::internal("checking the copy", check));
    }
    Ok(files::names(&copy)?)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.execute_batch(
        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;
         PRAGMA temp_store=MEMORY;",
    )?;
    conn.execute_batch(CACHE)?;
    Ok(conn)
}

fn refuse_old_sqlite(version: i32) -> Result<(), OpenError> {
    if version >= SQLITE_MIN {
        return Ok(());
    }
    Err(OpenError::TooOld(format!(
        "{}.{}.{}",
        version / 1_000_000,
        version / 1000 % 1000,
        version % 1000
    )))
}

impl From<rusqlite::Error> for Fault {
    fn from(e: rusqlite::Error) -> Self {
        let code = e.sqlite_error_code();
        match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Busy { retry: Millis::seconds(1) }
            }
            Some(ErrorCode::DiskFull) => Self::Offline(Part::Disk),
            Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure,
            ) => {
                tracing::error!(error = %e, "the store is in trouble");
                Self::Offline(Part::Store)
            }
            Some(_) | None => Self::internal("store", e),
        }
    }
}

/// The one row a look-up by key finds, or none.
fn optional<T>(found: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    match found {
        Ok(row) => Ok(Some(row)),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests;
