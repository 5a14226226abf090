//! Backup and restore: one tar file with a consistent copy of the store, the keys, the licence and the
//! files that were uploaded. Recordings are not in it: they are large, and each stands for itself.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use crate::domain::durable;
use crate::model::Fault;
use crate::store::Db;

/// What a backup holds beside the store.
const FOLDERS: [&str; 3] = ["keys", "license", "files"];
const STORE: &str = "box.db";

/// Writes a backup to `target` (absolute) and reads it back; answers its size.
pub async fn write(db: &Db, data: &Path, target: &Path) -> Result<u64, Fault> {
    if !target.is_absolute() {
        return Err(Fault::invalid("file", "must be an absolute path"));
    }
    let copy = data.join("box.db.backup");
    let _ = std::fs::remove_file(&copy);
    db.snapshot(copy.clone()).await?;
    let (data, target) = (data.to_owned(), target.to_owned());
    let pack = move || {
        let done = pack(&data, &copy, &target);
        let _ = std::fs::remove_file(&copy);
        done
    };
    let done = tokio::task::spawn_blocking(pack).await;
    done.map_err(|e| Fault::internal("backup", e))?.map_err(|e| Fault::internal("backup", e))
}

fn pack(data: &Path, store: &Path, target: &Path) -> io::Result<u64> {
    let part = target.with_extension("part");
    let mut tar = tar::Builder::new(File::create(&part)?);
    tar.append_path_with_name(store, STORE)?;
    for folder in FOLDERS {
        if data.join(folder).is_dir() {
            tar.append_dir_all(folder, data.join(folder))?;
        }
    }
    let mut file = tar.into_inner()?;
    file.flush()?;
    file.sync_all()?;
    // Called a backup only once it was read back whole.
    let names = unpacked_names(&part)?;
    if !names.iter().any(|name| name == Path::new(STORE)) {
        return Err(io::Error::other("the backup does not hold the store"));
    }
    std::fs::rename(&part, target)?;
    durable::sync_folder(target)?;
    Ok(std::fs::metadata(target)?.len())
}

fn unpacked_names(file: &Path) -> io::Result<Vec<PathBuf>> {
    let mut tar = tar::Archive::new(File::open(file)?);
    let mut names = Vec::new();
    for entry in tar.entries()? {
        let mut entry = entry?;
        names.push(entry.path()?.into_owned());
        io::copy(&mut entry, &mut io::sink())?;
    }
    Ok(names)
}

/// Puts a backup in place of what is in `data` (which the caller owns). What was there before is kept
/// beside as `before-restore/`. Recordings stay where they are.
///
/// # Errors
/// One sentence. Nothing in `data` has changed unless the backup was whole and its store sound.
pub fn restore(file: &Path, data: &Path) -> Result<(), String> {
    let say = |doing: &str, e: io::Error| format!("{doing}: {e}");
    let fresh = data.join("restore.part");
    let _ = std::fs::remove_dir_all(&fresh);
    std::fs::create_dir_all(&fresh).map_err(|e| say("making a folder", e))?;
    unpack(file, &fresh).map_err(|e| say(&format!("reading {}", file.display()), e))?;
    // Opening checks the store and brings an older one up to date.
    crate::store::Db::open(&fresh).map_err(|e| format!("the backup's store: {e}")).map(drop)?;
    let old = data.join("before-restore");
    let _ = std::fs::remove_dir_all(&old);
    std::fs::create_dir_all(&old).map_err(|e| say("making a folder", e))?;
    for name in [STORE, "box.db-wal", "box.db-shm"].into_iter().chain(FOLDERS) {
        let (from, to) = (data.join(name), old.join(name));
        if from.exists() {
            std::fs::rename(&from, &to).map_err(|e| say("setting the old state aside", e))?;
        }
        let new = fresh.join(name);
        if new.exists() {
            std::fs::rename(&new, data.join(name)).map_err(|e| say("putting in place", e))?;
        }
    }
    let _ = std::fs::remove_dir_all(&fresh);
    durable::sync_folder(&data.join(STORE)).map_err(|e| say("syncing", e))
}

/// Unpacks plain files and folders with plain names only.
fn unpack(file: &Path, into: &Path) -> io::Result<()> {
    let mut tar = tar::Archive::new(File::open(file)?);
    for entry in tar.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let plain = path.components().all(|c| matches!(c, Component::Normal(_)));
        let kind = entry.header().entry_type();
        if !plain || !(kind.is_file() || kind.is_dir()) {
            return Err(io::Error::other(format!("unexpected entry {}", path.display())));
        }
        entry.unpack_in(into)?;
    }
    if into.join(STORE).is_file() { Ok(()) } else { Err(io::Error::other("it holds no box.db")) }
}
