//! An upload on its way in: a file without a row, which is gone unless it is kept.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use rusqlite::Connection;
use tokio::io::AsyncWriteExt;

use super::{Object, Permit, Refused, change, object, sniff};
use crate::domain::{Appliance, durable};
use crate::model::crash::{self, Point};
use crate::model::{Fault, Moment, UserId, hex};
use crate::store::files::{self, FileRow};

/// Puts a complete upload in its place: bytes on the disk first, then the row, then the old file goes.
///
/// # Errors
/// `Checksum`, `Taken`, `NotYours`, `AccountFull`, `Spent`; then nothing of the upload is left.
pub async fn keep(
    app: &Appliance,
    permit: Permit,
    mut draft: Draft,
    terms: Keep,
    now: Moment,
) -> Result<Object, Refused> {
    draft.file.flush().await.map_err(|e| io(app, "writing a file", &e))?;
    draft.file.sync_all().await.map_err(|e| io(app, "syncing a file", &e))?;
    let content = Content {
        bytes: draft.bytes,
        sha1: hex(draft.sha1.finish().as_ref()),
        content_type: sniff::content_type(&draft.head),
    };
    commit(app, permit, draft.temp, content, terms, now).await
}

/// What the client asked for besides the bytes.
#[derive(Clone, Debug, Default)]
pub struct Keep {
    /// Hexadecimal SHA-1, when the client gave one.
    pub sha: Option<String>,
    /// Refuse when something is there already; otherwise it is replaced.
    pub insert_only: bool,
}

pub(super) struct Content {
    pub bytes: u64,
    pub sha1: String,
    pub content_type: &'static str,
}

pub(super) async fn commit(
    app: &Appliance,
    permit: Permit,
    temp: Temp,
    content: Content,
    terms: Keep,
    now: Moment,
) -> Result<Object, Refused> {
    if terms.sha.is_some_and(|sha| !sha.eq_ignore_ascii_case(&content.sha1)) {
        return Err(Refused::Checksum);
    }
    let placed = durable::aside(move || temp.place()).await;
    let temp = placed.map_err(|e| io(app, "putting a file in place", &e))?;
    crash::point(Point::UploadPlaced);
    let row = FileRow {
        path: permit.target.key(),
        owner: permit.owner,
        name: temp.name(),
        bytes: i64::try_from(content.bytes).map_err(|e| Fault::internal("file length", e))?,
        sha1: content.sha1,
        content_type: content.content_type.to_owned(),
        stored_at: now.wall,
    };
    let told = object(app, &permit.target, row.clone());
    let (claim, most) = (temp.claim(), app.policy.cloud.account_bytes_max);
    let key = row.path.clone();
    let done = change(app, move |conn| {
        let there = files::by_path(conn, &row.path)?;
        if let Some(there) = &there {
            if terms.insert_only {
                return Err(Refused::Taken { same: there.sha1 == row.sha1 });
            }
            permit.may_change(there)?;
        }
        afford(conn, permit.owner, row.bytes, there.as_ref(), most)?;
        claim.keep()?;
        permit.spend(conn, now.wall)?;
        Ok(files::put(conn, &row)?)
    })
    .await;
    match done {
        Ok(replaced) => {
            crash::point(Point::UploadStored);
            discard(app, replaced).await;
            Ok(told)
        }
        Err(refused) => {
            settle(app, &temp, key).await;
            Err(refused)
        }
    }
}

/// After a job failed: whether its row is there nevertheless decides what becomes of the file.
pub(super) async fn settle(app: &Appliance, temp: &Temp, key: String) {
    let row = app.db.read(move |conn| Ok(files::by_path(conn, &key)?)).await;
    if row.is_ok_and(|row| row.is_none_or(|row| row.name != temp.name())) {
        temp.fate.store(OPEN, Ordering::SeqCst);
    }
}

/// Whether the account may have `bytes` more, in place of what is `there`. Holders of the key pair have no
/// account; the disk reserve is their limit.
pub(super) fn afford(
    conn: &Connection,
    owner: Option<UserId>,
    bytes: i64,
    there: Option<&FileRow>,
    most: u64,
) -> Result<(), Refused> {
    let Some(user) = owner else { return Ok(()) };
    let freed = there.filter(|row| row.owner == owner).map_or(0, |row| files::weight(row.bytes));
    let used =
        files::used_by(conn, user)?.saturating_sub(freed).saturating_add(files::weight(bytes));
    let fits = u64::try_from(used).is_ok_and(|used| used <= most);
    if fits { Ok(()) } else { Err(Refused::AccountFull { limit: most }) }
}

/// A file being received.
pub struct Draft {
    temp: Temp,
    file: tokio::fs::File,
    sha1: Context,
    head: Vec<u8>,
    pub bytes: u64,
    /// Length at which free space is asked for again.
    ask_at: u64,
}

/// What a form adds around the bytes of its file.
const FORM_SLACK: u64 = 64 * 1024;
/// Free space is asked for this often.
const ASK_EVERY: u64 = 4 * 1024 * 1024;

impl Draft {
    /// Opens a file for `declared` bytes (with what a form adds; 0 when unknown), if they may be had.
    pub async fn begin(app: &Appliance, permit: &Permit, declared: u64) -> Result<Self, Refused> {
        let cloud = &app.policy.cloud;
        let least = declared.saturating_sub(FORM_SLACK);
        if least > cloud.file_bytes_max {
            return Err(Refused::TooLarge { limit: cloud.file_bytes_max });
        }
        room_for(app, declared)?;
        let (owner, key, most) = (permit.owner, permit.target.key(), cloud.account_bytes_max);
        let least = i64::try_from(least).map_err(|e| Fault::internal("file length", e))?;
        let afforded = app.db.read(move |conn| {
            let there = files::by_path(conn, &key)?;
            match afford(conn, owner, least, there.as_ref(), most) {
                Err(Refused::Fault(fault)) => Err(fault),
                done => Ok(done),
            }
        });
        afforded.await??;
        let temp = Temp::new(app);
        let file = tokio::fs::File::create_new(&temp.path).await;
        let file = file.map_err(|e| io(app, "making a file", &e))?;
        let sha1 = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        Ok(Self { temp, file, sha1, head: Vec::new(), bytes: 0, ask_at: ASK_EVERY })
    }

    pub async fn write(&mut self, app: &Appliance, bytes: &[u8]) -> Result<(), Refused> {
        let limit = app.policy.cloud.file_bytes_max;
        self.bytes += bytes.len() as u64;
        if self.bytes > limit {
            return Err(Refused::TooLarge { limit });
        }
        if self.bytes >= self.ask_at {
            room_for(app, 0)?;
            self.ask_at = self.bytes + ASK_EVERY;
        }
        let wanted = (sniff::HEAD - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        self.sha1.update(bytes);
        self.file.write_all(bytes).await.map_err(|e| io(app, "writing a file", &e))
    }

    /// The bytes as a plain file, to be copied from.
    pub(super) async fn close(mut self, app: &Appliance) -> Result<Temp, Refused> {
        self.file.flush().await.map_err(|e| io(app, "writing a file", &e))?;
        Ok(self.temp)
    }
}

/// Lessons come first: what is put here must leave their reserve alone.
pub(super) fn room_for(app: &Appliance, bytes: u64) -> Result<(), Refused> {
    let free = (app.space.free)();
    let fits = free.is_none_or(|free| free.saturating_sub(bytes) >= app.space.reserve);
    if fits { Ok(()) } else { Err(Refused::DiskFull) }
}

/// What the name of an upload ends with until it is whole.
pub(super) const PART: &str = ".part";

/// A file under `files/` that is removed when this is dropped, unless a row came to know it.
pub(super) struct Temp {
    pub path: PathBuf,
    fate: Arc<AtomicU8>,
}

/// Either the writer's job or the drop of a cancelled upload decides, never both.
const OPEN: u8 = 0;
const KEPT: u8 = 1;
const GONE: u8 = 2;

impl Temp {
    /// An upload's name until it is whole: what a power cut leaves of it is known by that.
    pub fn new(app: &Appliance) -> Self {
        Self::at(app.folders.files.join(app.entropy.hex::<16>() + PART))
    }

    /// The name that a row may have; nothing has it, and the file is not made yet.
    pub fn named(app: &Appliance) -> Self {
        Self::at(app.folders.files.join(app.entropy.hex::<16>()))
    }

    /// A whole upload under its lasting name, which a power cut does not take from it.
    pub fn place(self) -> io::Result<Self> {
        let placed = Self::at(self.path.with_extension(""));
        std::fs::rename(&self.path, &placed.path)?;
        durable::sync_folder(&placed.path)?;
        Ok(placed)
    }

    /// The content of a stored file under one more name, lasting too. A client that goes away meanwhile
    /// leaves nothing, for the name travels with the work.
    pub async fn link(self, app: &Appliance, file: PathBuf) -> Result<Self, Refused> {
        let link = move || {
            std::fs::hard_link(file, &self.path)?;
            crash::point(Point::FileLinked);
            durable::sync_folder(&self.path)?;
            Ok(self)
        };
        durable::aside(link).await.map_err(|e| io(app, "copying a file", &e))
    }

    fn at(path: PathBuf) -> Self {
        Self { path, fate: Arc::new(AtomicU8::new(OPEN)) }
    }

    pub fn name(&self) -> String {
        name_of(&self.path)
    }

    pub fn claim(&self) -> Claim {
        Claim(self.fate.clone())
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let last = self.fate.compare_exchange(OPEN, GONE, Ordering::SeqCst, Ordering::SeqCst);
        if last.is_ok() {
            remove(&self.path);
        }
    }
}

/// The right of a writer's job to keep the file.
pub(super) struct Claim(Arc<AtomicU8>);

impl Claim {
    /// Called in the job, right before its first write.
    pub fn keep(&self) -> Result<(), Refused> {
        let open = self.0.compare_exchange(OPEN, KEPT, Ordering::SeqCst, Ordering::SeqCst);
        open.map(drop).map_err(|_| Refused::Broken("the client went away".into()))
    }
}

/// Removes a file that no row knows any more.
pub(super) async fn discard(app: &Appliance, name: Option<String>) {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return };
    let path = app.folders.files.join(name);
    let done = durable::aside(move || {
        remove(&path);
        Ok(())
    });
    if let Err(e) = done.await {
        tracing::warn!(error = %e, "removing a file");
    }
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => tracing::warn!(path = %path.display(), error = %e, "a file stays behind"),
    }
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned()
}

pub(super) fn io(app: &Appliance, doing: &str, e: &io::Error) -> Refused {
    match e.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Refused::DiskFull,
        _ => {
            let folder = app.folders.files.display();
            Refused::Fault(Fault::internal(doing, format!("{folder}: {e}")))
        }
    }
}
