//! Uploads in slices, in any order, several at once. A running one is a single file whose name says all
//! about it: its random part is the session's secret, so nothing is kept in memory and a restart ends it.
//!
//! The file has the size of the upload plus one byte for each slice, 1 once that slice is on its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use super::draft::{self, Content, Draft, Keep, Temp};
use super::{Object, Permit, Refused, sniff};
use crate::domain::{Appliance, durable};
use crate::model::{Fault, Millis, Moment, UserId, hex, sha256};
use crate::store::files;

/// Begins an upload; answers its session.
///
/// # Errors
/// `TooLarge`, `AccountFull`, `DiskFull`, `Taken`; `Busy` when too many are running.
pub async fn init_slices(
    app: &Appliance,
    permit: &Permit,
    plan: SlicePlan,
) -> Result<String, Refused> {
    let limit = app.policy.cloud.file_bytes_max;
    if plan.size > limit {
        return Err(Refused::TooLarge { limit });
    }
    if plan.size == 0 {
        return Err(Refused::Invalid("filesize"));
    }
    let count = plan.size.div_ceil(plan.slice.max(1));
    if plan.slice == 0 || plan.slice > SLICE_MAX || count > SLICES_MAX {
        return Err(Refused::Invalid("slice_size"));
    }
    if plan.sha.as_ref().is_some_and(|sha| sha.len() != 40) {
        return Err(Refused::Invalid("sha"));
    }
    draft::room_for(app, plan.size)?;
    let session = Session {
        id: app.entropy.hex::<16>(),
        size: plan.size,
        slice: plan.slice,
        insert_only: plan.insert_only,
        owner: permit.owner,
        sha: plan.sha.map(|sha| sha.to_ascii_lowercase()),
        place: place(permit),
    };
    let open = running(app).await?;
    if open.len() >= RUNNING_MAX {
        return Err(Refused::Fault(Fault::Busy { retry: Millis::seconds(60) }));
    }
    let theirs = open.iter().filter(|other| other.owner == permit.owner);
    // Who holds the configured key pair speaks for many.
    if permit.owner.is_some() && theirs.clone().count() >= RUNNING_EACH {
        return Err(Refused::Fault(Fault::Busy { retry: Millis::seconds(60) }));
    }
    let promised: u64 = theirs.map(|other| other.size).sum();
    check(app, permit, promised.saturating_add(plan.size), plan.insert_only).await?;
    let (path, length) = (session.path(app), session.size + count);
    blocking(app, "beginning an upload", move || File::create_new(path)?.set_len(length)).await?;
    Ok(session.text())
}

/// What a client announces.
#[derive(Clone, Debug)]
pub struct SlicePlan {
    pub size: u64,
    pub slice: u64,
    pub sha: Option<String>,
    pub insert_only: bool,
}

/// The SDKs send 512 KiB to 20 MiB.
const SLICE_MAX: u64 = 20 * 1024 * 1024;
/// 512 MiB in slices of 8 KiB.
const SLICES_MAX: u64 = 65_536;
/// A class that uploads its homework at once.
const RUNNING_MAX: usize = 64;
/// Of one account, so that nobody keeps the class from uploading. The SDKs send three files at a time.
const RUNNING_EACH: usize = 8;
/// An upload that nobody went on with for so long is given up.
const IDLE_MAX: Millis = Millis::seconds(24 * 3600);

/// One slice as it came in.
pub struct SliceData {
    pub session: String,
    pub offset: u64,
    pub bytes: Draft,
}

/// Puts a slice on its place; answers whether all are there. A repeat changes nothing.
pub async fn put_slice(app: &Appliance, permit: &Permit, data: SliceData) -> Result<bool, Refused> {
    let session = Session::read(&data.session, permit)?;
    if data.offset >= session.size || !data.offset.is_multiple_of(session.slice) {
        return Err(Refused::Invalid("offset"));
    }
    if data.bytes.bytes != session.slice.min(session.size - data.offset) {
        return Err(Refused::Invalid("filecontent"));
    }
    let (path, offset) = (session.path(app), data.offset);
    let from = data.bytes.close(app).await?;
    let put = move || {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut bytes = File::open(&from.path)?;
        let mut at = offset;
        let mut buffer = vec![0; 128 * 1024];
        loop {
            let n = bytes.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            file.write_all_at(&buffer[..n], at)?;
            at += n as u64;
        }
        file.write_all_at(&[1], session.size + offset / session.slice)?;
        session.is_complete(&file)
    };
    blocking(app, "storing a slice", put).await
}

/// Ends an upload: everything there, the bytes those that were announced, then the row.
pub async fn finish_slices(
    app: &Appliance,
    permit: Permit,
    session: &str,
    now: Moment,
) -> Result<Object, Refused> {
    let session = Session::read(session, &permit)?;
    let temp = Temp::new(app);
    let from = session.path(app);
    let terms = Keep { sha: session.sha.clone(), insert_only: session.insert_only };
    let gather = move || {
        let file = OpenOptions::new().read(true).write(true).open(&from)?;
        if !session.is_complete(&file)? {
            return Ok(None);
        }
        // From here on nobody finds it by its session any more.
        fs::rename(&from, &temp.path)?;
        file.set_len(session.size)?;
        file.sync_all()?;
        Ok(Some((temp, content(file)?)))
    };
    let gathered = blocking(app, "ending an upload", gather).await?;
    let (temp, content) = gathered.ok_or(Refused::Incomplete)?;
    draft::commit(app, permit, temp, content, terms, now).await
}

fn content(mut file: File) -> io::Result<Content> {
    let mut sha1 = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    let (mut bytes, mut head) = (0, Vec::new());
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        if head.is_empty() {
            head.extend_from_slice(&buffer[..n.min(sniff::HEAD)]);
        }
        sha1.update(&buffer[..n]);
        bytes += n as u64;
    }
    let sha1 = hex(sha1.finish().as_ref());
    Ok(Content { bytes, sha1, content_type: sniff::content_type(&head) })
}

/// Refuses early what `commit` would refuse late. `bytes`: with all other running uploads of the account.
async fn check(
    app: &Appliance,
    permit: &Permit,
    bytes: u64,
    insert_only: bool,
) -> Result<(), Refused> {
    let bytes = i64::try_from(bytes).map_err(|_| Refused::Invalid("filesize"))?;
    let (permit, most) = (permit.clone(), app.policy.cloud.account_bytes_max);
    let checked = app.db.read(move |conn| {
        let there = files::by_path(conn, &permit.target.key())?;
        let done = match &there {
            Some(_) if insert_only => Err(Refused::Taken { same: false }),
            Some(row) => permit.may_change(row),
            None => Ok(()),
        };
        let done =
            done.and_then(|()| draft::afford(conn, permit.owner, bytes, there.as_ref(), most));
        match done {
            Err(Refused::Fault(fault)) => Err(fault),
            done => Ok(done),
        }
    });
    checked.await?
}

/// A running upload: everything about it, as its file's name tells.
struct Session {
    id: String,
    size: u64,
    slice: u64,
    insert_only: bool,
    owner: Option<UserId>,
    sha: Option<String>,
    /// Digest of the object's place.
    place: String,
}

pub(super) const SUFFIX: &str = ".slices";

fn place(permit: &Permit) -> String {
    hex(&sha256(permit.target.key().as_bytes())[..16])
}

impl Session {
    fn text(&self) -> String {
        let owner = self.owner.map_or(0, |user| user.0);
        let sha = self.sha.as_deref().unwrap_or("0");
        let once = u8::from(self.insert_only);
        let Self { id, size, slice, place, .. } = self;
        format!("{id}-{size}-{slice}-{once}-{owner}-{sha}-{place}")
    }

    fn path(&self, app: &Appliance) -> PathBuf {
        app.folders.files.join(self.text() + SUFFIX)
    }

    /// The session of a request; only with a signature of the same account, for the same place.
    fn read(text: &str, permit: &Permit) -> Result<Self, Refused> {
        let session = Self::parse(text).ok_or(Refused::NoSession)?;
        let theirs = session.owner == permit.owner || permit.free_hand;
        let here = session.place == place(permit);
        if theirs && here { Ok(session) } else { Err(Refused::NoSession) }
    }

    /// Strict, for the text becomes a file name.
    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let [id, size, slice, once, owner, sha, place] = parts[..] else { return None };
        let owner: i64 = owner.parse().ok()?;
        let session = Self {
            id: id.to_owned(),
            size: size.parse().ok()?,
            slice: slice.parse().ok().filter(|slice| *slice > 0)?,
            insert_only: once == "1",
            owner: (owner != 0).then_some(UserId(owner)),
            sha: (sha != "0").then(|| sha.to_owned()),
            place: place.to_owned(),
        };
        let hex = |text: &str, len| {
            text.len() == len
                && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let sound =
            hex(id, 32) && hex(place, 32) && session.sha.as_ref().is_none_or(|s| hex(s, 40));
        (sound && session.text() == text).then_some(session)
    }

    fn is_complete(&self, file: &File) -> io::Result<bool> {
        let count = self.size.div_ceil(self.slice);
        let mut there = vec![0; usize::try_from(count).map_err(io::Error::other)?];
        file.read_exact_at(&mut there, self.size)?;
        Ok(there.iter().all(|byte| *byte == 1))
    }
}

async fn running(app: &Appliance) -> Result<Vec<Session>, Refused> {
    let folder = app.folders.files.clone();
    let read = move || {
        let mut open = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let text = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            open.extend(text.and_then(Session::parse));
        }
        Ok(open)
    };
    blocking(app, "looking at running uploads", read).await
}

pub(super) async fn sweep(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let folder = app.folders.files.clone();
    let clean = move || {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let is_slices = entry.file_name().to_str().is_some_and(|n| n.ends_with(SUFFIX));
            let touched = entry.metadata()?.modified()?.duration_since(std::time::UNIX_EPOCH);
            if is_slices && now.wall - Millis::of(touched.unwrap_or_default()) > IDLE_MAX {
                fs::remove_file(entry.path())?;
            }
        }
        Ok::<(), io::Error>(())
    };
    durable::aside(clean).await.map_err(|e| Fault::internal("giving up old uploads", e))
}

/// File work off the async threads. A file that is gone is a session that is gone.
async fn blocking<T: Send + 'static>(
    app: &Appliance,
    doing: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Refused> {
    durable::aside(work).await.map_err(|e| match e.kind() {
        ErrorKind::NotFound => Refused::NoSession,
        _ => draft::io(app, doing, &e),
    })
}
