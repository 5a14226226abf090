//! The object store that stands in for Tencent's: who may put, see, move and delete what.
//! Nothing is kept without a genuine signature. Attributes (`biz_attr`, authority, headers) are taken and
//! forgotten: a file is shown by what it is, not by what its owner says it is.

mod draft;
pub mod picture;
mod reconcile;
mod slices;
mod sniff;
mod target;

use std::path::PathBuf;

use super::{Appliance, cloud};
use crate::model::user::Role;
use crate::model::{Fault, Millis, Moment, UserId, sha256};
use crate::store::files::FileRow;
use crate::store::{files, users};
use crate::wire::cos::{self, CosError};

pub use draft::{Draft, Keep, keep};
pub use reconcile::reconcile;
pub use slices::{SliceData, SlicePlan, finish_slices, init_slices, put_slice};
pub use target::Target;

/// Checks a signature for an object, before anything else is done.
///
/// # Errors
/// `Signature` when it is not genuine, expired or for something else; `Spent` when it was used.
pub async fn admit(
    app: &Appliance,
    target: Target,
    sign: &str,
    now: Moment,
) -> Result<Permit, Refused> {
    // The box's own.
    if target.appid == picture::APPID {
        return Err(Refused::Signature(CosError::Foreign));
    }
    let appid = i64::try_from(target.appid).map_err(|_| Refused::Invalid("appid"))?;
    let keys = cloud::cos_keys(app, appid)?;
    let claims = cos::verify(sign, &keys).map_err(Refused::Signature)?;
    if claims.appid != target.appid {
        return Err(Refused::Signature(CosError::Foreign));
    }
    let now_s = now.wall.as_seconds();
    let age_s = now_s.saturating_sub(claims.issued_s);
    if claims.is_single_use() && !(-SINGLE_EARLY_S..=SINGLE_VALID_S).contains(&age_s) {
        return Err(Refused::Signature(CosError::Expired));
    }
    opens(&claims, &target, now_s).map_err(Refused::Signature)?;
    let hash = claims.is_single_use().then(|| sha256(sign.as_bytes()));
    let random = i64::try_from(claims.random).ok();
    let issued_s = claims.issued_s;
    let (used, holder) = app
        .db
        .read(move |conn| {
            let used = hash.map(|hash| files::is_used(conn, hash)).transpose()?;
            let user = random.map(|random| files::signature_owner(conn, random, issued_s));
            let user = user.transpose()?.flatten();
            let user = user.map(|user| users::by_id(conn, user)).transpose()?.flatten();
            Ok((used == Some(true), user))
        })
        .await?;
    if used {
        return Err(Refused::Spent);
    }
    // The box's own pair is in nobody's hands, so a signature it does not remember (it came from a text
    // signed for something else, or the store is an older backup) has no rights. With configured keys it
    // was made by a server that holds them.
    if holder.is_none() && app.policy.cloud.keys.is_none() {
        return Err(Refused::Signature(CosError::Foreign));
    }
    let owner = holder.as_ref().map(|user| user.id);
    let free_hand = holder.is_none_or(|user| user.role == Role::Teacher);
    Ok(Permit { target, claims, hash, owner, free_hand })
}

/// Tencent gives single-use signatures no end. Here they last as long as the others, so that the memory of
/// those that were used has an end too; a client's clock may run ahead of ours by a day.
const SINGLE_VALID_S: i64 = cos::MULTI_VALID_S;
const SINGLE_EARLY_S: i64 = 24 * 3600;

/// Tencent's text has a multi-use signature name a path in the bucket, its SDKs name `/appid/bucket/path`.
fn opens(claims: &cos::Claims, target: &Target, now_s: i64) -> Result<(), CosError> {
    let as_signed = cos::permits(claims, &target.bucket, &target.path, now_s);
    if as_signed.is_ok() || claims.is_single_use() {
        return as_signed;
    }
    let root = format!("/{}/{}", target.appid, target.bucket);
    match claims.file.strip_prefix(&root) {
        Some(file) if file.is_empty() || file.starts_with('/') => {
            let claims = cos::Claims { file: file.to_owned(), ..claims.clone() };
            cos::permits(&claims, &target.bucket, &target.path, now_s)
        }
        Some(_) | None => as_signed,
    }
}

/// A checked signature and what it opens.
#[derive(Clone, Debug)]
pub struct Permit {
    pub target: Target,
    claims: cos::Claims,
    /// Of a single-use signature.
    hash: Option<[u8; 32]>,
    /// Who asked the box for it; `None`: somebody who holds the configured key pair.
    pub owner: Option<UserId>,
    /// Holders of the key pair and teachers may change anybody's files, others their own.
    free_hand: bool,
}

impl Permit {
    /// Source: Tencent's page: deleting and updating take a single-use signature.
    fn single(&self) -> Result<(), Refused> {
        if self.hash.is_some() { Ok(()) } else { Err(Refused::SingleUseOnly) }
    }

    /// A signature for one file takes it anywhere in its bucket (so the SDKs sign), one for a folder not out
    /// of that folder.
    fn may_carry_to(&self, to: &Target, now: Moment) -> Result<(), Refused> {
        let now_s = now.wall.as_seconds();
        let folder = self.target.path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        let folder = Target { path: format!("{folder}/"), ..self.target.clone() };
        if self.hash.is_some() || opens(&self.claims, &folder, now_s).is_err() {
            return Ok(());
        }
        opens(&self.claims, to, now_s).map_err(Refused::Signature)
    }

    fn may_change(&self, row: &FileRow) -> Result<(), Refused> {
        let own = row.owner.is_some() && row.owner == self.owner;
        if self.free_hand || own { Ok(()) } else { Err(Refused::NotYours) }
    }

    /// Uses the signature up. Called last in a job, just before its first write.
    fn spend(&self, conn: &rusqlite::Connection, now: Millis) -> Result<(), Refused> {
        let fresh = self.hash.map(|hash| files::use_once(conn, hash, now)).transpose()?;
        if fresh == Some(false) { Err(Refused::Spent) } else { Ok(()) }
    }
}

/// Why the store says no. COS tells its clients more apart than `Fault` does.
#[derive(Debug)]
pub enum Refused {
    Signature(CosError),
    /// The single-use signature was used before.
    Spent,
    /// A multi-use signature where it takes a single-use one.
    SingleUseOnly,
    /// The object is another account's.
    NotYours,
    Absent,
    /// Something is there already; `same`: with the same content.
    Taken {
        same: bool,
    },
    /// The named field is missing or wrong.
    Invalid(&'static str),
    TooLarge {
        limit: u64,
    },
    /// All files of the account together.
    AccountFull {
        limit: u64,
    },
    /// What is left of the disk is for lessons.
    DiskFull,
    /// The bytes are not those that were announced.
    Checksum,
    /// No such slice upload (any more).
    NoSession,
    /// Slices are missing.
    Incomplete,
    /// The upload broke off.
    Broken(String),
    Fault(Fault),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<rusqlite::Error> for Refused {
    fn from(e: rusqlite::Error) -> Self {
        Self::Fault(e.into())
    }
}

/// A writer's job that may refuse. A refusal comes before the first write, so there is nothing to undo.
async fn change<T: Send + 'static>(
    app: &Appliance,
    job: impl FnOnce(&rusqlite::Connection) -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let done = app.db.write(move |conn| match job(conn) {
        Err(Refused::Fault(fault)) => Err(fault),
        done => Ok(done),
    });
    done.await?
}

/// An object as clients are told of it. A folder has no bytes and no SHA-1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub path: String,
    pub bytes: u64,
    pub sha1: String,
    pub content_type: String,
    pub stored_at: Millis,
    /// Where the bytes lie.
    pub file: PathBuf,
}

fn object(app: &Appliance, target: &Target, row: FileRow) -> Object {
    let root = target.key().len() - target.path.len();
    Object {
        path: row.path[root..].to_owned(),
        bytes: u64::try_from(row.bytes).unwrap_or(0),
        sha1: row.sha1,
        content_type: row.content_type,
        stored_at: row.stored_at,
        file: app.folders.files.join(row.name),
    }
}

/// The object at that place.
pub async fn find(app: &Appliance, target: &Target) -> Result<Object, Refused> {
    let key = target.key();
    let found = app.db.read(move |conn| Ok(files::by_path(conn, &key)?)).await?;
    found.map(|row| object(app, target, row)).ok_or(Refused::Absent)
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Listing {
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<String>,
}

#[derive(Debug)]
pub enum Entry {
    File(Object),
    /// A folder's name with its slash; it may never have been made.
    Folder(String),
}

/// Entries of one answer.
pub const LIST_MAX: usize = 1000;

/// Files and folders whose path begins with the target's and goes no deeper, by name, `after` a former end.
pub async fn list(
    app: &Appliance,
    target: &Target,
    after: &str,
    size: usize,
) -> Result<Listing, Refused> {
    let prefix = target.key();
    let root = prefix.len() - target.path.len();
    // A folder is not in itself.
    let first = if target.is_folder() { format!("{prefix}\0") } else { prefix.clone() };
    let start = first.max(format!("{}{after}", &prefix[..root]));
    let (size, seen) = (size.clamp(1, LIST_MAX), prefix.clone());
    let found = app
        .db
        .read(move |conn| {
            let (mut found, mut start) = (Vec::new(), start);
            while found.len() <= size {
                let Some(row) = files::next_under(conn, &seen, &start)? else { break };
                match row.path[seen.len()..].split_once('/') {
                    Some((name, _)) => {
                        let folder = format!("{seen}{name}");
                        // '0' follows '/': everything in the folder is passed over.
                        start = format!("{folder}0");
                        found.push((format!("{folder}/"), None));
                    }
                    None => {
                        start = format!("{}\0", row.path);
                        found.push((row.path.clone(), Some(row)));
                    }
                }
            }
            Ok(found)
        })
        .await?;
    let next = found.get(size).map(|(path, _)| path[root..].to_owned());
    let entry = |(path, row): (String, Option<FileRow>)| match row {
        Some(row) => Entry::File(object(app, target, row)),
        None => Entry::Folder(path[root..].rsplit('/').nth(1).unwrap_or("").to_owned() + "/"),
    };
    Ok(Listing { entries: found.into_iter().take(size).map(entry).collect(), next })
}

/// Makes a folder. Files need none; some clients make one first.
pub async fn make_folder(app: &Appliance, permit: Permit, now: Moment) -> Result<(), Refused> {
    if !permit.target.is_folder() || permit.target.path == "/" {
        return Err(Refused::Invalid("path"));
    }
    change(app, move |conn| {
        let path = permit.target.key();
        if files::by_path(conn, &path)?.is_some() {
            return Err(Refused::Taken { same: false });
        }
        permit.spend(conn, now.wall)?;
        let row = FileRow {
            path,
            owner: permit.owner,
            name: String::new(),
            bytes: 0,
            sha1: String::new(),
            content_type: String::new(),
            stored_at: now.wall,
        };
        files::put(conn, &row)?;
        Ok(())
    })
    .await
}

/// Removes a file, or a folder that was made; files in it stay.
pub async fn delete(app: &Appliance, permit: Permit, now: Moment) -> Result<(), Refused> {
    permit.single()?;
    let gone = change(app, move |conn| {
        let path = permit.target.key();
        let row = files::by_path(conn, &path)?.ok_or(Refused::Absent)?;
        permit.may_change(&row)?;
        permit.spend(conn, now.wall)?;
        Ok(files::delete(conn, &path)?)
    });
    draft::discard(app, gone.await?).await;
    Ok(())
}

/// Takes new attributes of an object, which are not kept.
pub async fn update(app: &Appliance, permit: Permit, now: Moment) -> Result<(), Refused> {
    permit.single()?;
    change(app, move |conn| {
        let row = files::by_path(conn, &permit.target.key())?.ok_or(Refused::Absent)?;
        permit.may_change(&row)?;
        permit.spend(conn, now.wall)
    })
    .await
}

/// Whether the object goes to its new place or is there twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carry {
    Move,
    Copy,
}

/// Moves or copies a file inside its bucket.
pub async fn carry(
    app: &Appliance,
    permit: Permit,
    how: Carry,
    to: Target,
    overwrite: bool,
    now: Moment,
) -> Result<(), Refused> {
    if permit.target.is_folder() || to.is_folder() || to == permit.target {
        return Err(Refused::Invalid("dest_fileid"));
    }
    permit.may_carry_to(&to, now)?;
    let file = find(app, &permit.target).await?.file;
    let copy = draft::Temp::named(app).link(app, file).await?;
    let most = app.policy.cloud.account_bytes_max;
    let (name, claim, key) = (copy.name(), copy.claim(), to.key());
    let replaced = change(app, move |conn| {
        let mut row = files::by_path(conn, &permit.target.key())?.ok_or(Refused::Absent)?;
        let there = files::by_path(conn, &to.key())?;
        match &there {
            Some(_) if !overwrite => return Err(Refused::Taken { same: false }),
            Some(there) => permit.may_change(there)?,
            None => {}
        }
        match how {
            Carry::Move => permit.may_change(&row)?,
            Carry::Copy => draft::afford(conn, permit.owner, row.bytes, there.as_ref(), most)?,
        }
        claim.keep()?;
        permit.spend(conn, now.wall)?;
        let old = match how {
            Carry::Move => files::delete(conn, &row.path)?,
            Carry::Copy => {
                row.owner = permit.owner;
                None
            }
        };
        (row.path, row.name, row.stored_at) = (to.key(), name, now.wall);
        Ok([old, files::put(conn, &row)?])
    });
    match replaced.await {
        Ok(names) => {
            for name in names {
                draft::discard(app, name).await;
            }
            Ok(())
        }
        Err(refused) => {
            draft::settle(app, &copy, key).await;
            Err(refused)
        }
    }
}

/// Forgets signatures that no longer open anything, pictures that nobody shows, and slice uploads that nobody
/// goes on with.
/// To be called once an hour.
pub async fn sweep(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let kept_s = SINGLE_VALID_S + 2 * SINGLE_EARLY_S;
    let before = now.wall - Millis::seconds(kept_s);
    app.db.write(move |conn| Ok(files::forget_signatures(conn, before)?)).await?;
    picture::sweep(app, now).await?;
    slices::sweep(app, now).await
}

#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod tests;
// The tests of the store's web face and of the cloud's commands play in the same world.
#[cfg(test)]
pub(crate) use tests::{APPID, NOW, World, tencent, world};
