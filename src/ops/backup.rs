//! Backup and restore: one tar file with a consistent copy of the store, the keys, the licence and the
//! files that were uploaded. Recordings are not in it: they are large, and each stands for itself.

mod restore;

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::domain::durable;
use crate::model::Fault;
use crate::model::crash::{self, Point};
use crate::store::Db;

pub use restore::{Restored, interrupted, look, restore};

/// What a backup holds whole, beside the store. They change with a new licence or certificate only.
const KEPT: [&str; 2] = ["keys", "license"];
/// Of these it holds what the store knows.
const FILES: &str = "files";
const STORE: &str = "box.db";
/// Backups to one name at once, with those that were killed, whose parts lie there still.
const PARTS: u32 = 100;

/// Writes a backup to `target` (absolute), which must not exist yet, and reads it back; answers its size.
pub async fn write(db: &Db, data: &Path, target: &Path) -> Result<u64, Fault> {
    if !target.is_absolute() {
        return Err(Fault::invalid("file", "must be an absolute path"));
    }
    let doing = format!("backup to {}", target.display());
    if target.symlink_metadata().is_ok() {
        return Err(Fault::internal(&doing, "there is such a file already"));
    }
    let copy = data.join("box.db.backup");
    let _ = std::fs::remove_file(&copy);
    let names = db.snapshot(copy.clone()).await?;
    crash::point(Point::StoreCopied);
    let (data, target) = (data.to_owned(), target.to_owned());
    let pack = move || {
        let done = pack(&data, &copy, &names, &target);
        let _ = std::fs::remove_file(&copy);
        done
    };
    let done = tokio::task::spawn_blocking(pack).await;
    let done = done.unwrap_or_else(|e| Err(io::Error::other(e)));
    done.map_err(|e| Fault::internal(&doing, e))
}

/// `names`: the uploaded files that the copy of the store knows.
fn pack(data: &Path, store: &Path, names: &[String], target: &Path) -> io::Result<u64> {
    let (part, file) = part_of(target)?;
    let done = fill(file, &part, data, (store, names)).and_then(|()| place(&part, target));
    // Else it would lie there for ever.
    let _ = std::fs::remove_file(&part);
    done?;
    crash::point(Point::BackupRenamed);
    durable::sync_folder(target)?;
    Ok(std::fs::metadata(target)?.len())
}

/// A file beside `target` that was not there: nobody else writes it, and it leads nowhere.
fn part_of(target: &Path) -> io::Result<(PathBuf, File)> {
    for n in 1..=PARTS {
        let mut part = target.as_os_str().to_owned();
        part.push(format!(".{n}.part"));
        let part = PathBuf::from(part);
        match File::create_new(&part) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (part, file)),
        }
    }
    let why = format!("{PARTS} backups to it broke off; remove what ends in .part beside it");
    Err(io::Error::other(why))
}

fn fill(
    file: File,
    part: &Path,
    data: &Path,
    (store, names): (&Path, &[String]),
) -> io::Result<()> {
    let mut tar = tar::Builder::new(file);
    tar.append_path_with_name(store, STORE)?;
    for folder in KEPT {
        if data.join(folder).is_dir() {
            tar.append_dir_all(folder, data.join(folder))?;
        }
    }
    pack_files(&mut tar, data, names)?;
    let mut file = tar.into_inner()?;
    file.flush()?;
    file.sync_all()?;
    // Called a backup only once it was read back whole.
    let names = unpacked_names(part)?;
    if !names.iter().any(|name| name == Path::new(STORE)) {
        return Err(io::Error::other("the backup does not hold the store"));
    }
    crash::point(Point::BackupPacked);
    Ok(())
}

/// Gives it its name, which nothing has meanwhile; `part` may stay, too. A stick (FAT) has no second names for a file.
fn place(part: &Path, target: &Path) -> io::Result<()> {
    match std::fs::hard_link(part, target) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists && target.symlink_metadata().is_err() => {
            std::fs::rename(part, target)
        }
        done => done,
    }
}

/// Uploads on their way come and go while this runs, and have no row; a stored file is never written to
/// again, but may be deleted after the store was copied.
fn pack_files(tar: &mut tar::Builder<File>, data: &Path, names: &[String]) -> io::Result<()> {
    let folder = data.join(FILES);
    if folder.is_dir() {
        tar.append_dir(FILES, &folder)?;
    }
    // The row of a folder has no file.
    for name in names.iter().filter(|name| !name.is_empty()) {
        match File::open(folder.join(name)) {
            Ok(mut file) => tar.append_file(Path::new(FILES).join(name), &mut file)?,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                tracing::warn!(name, "a stored file went while the backup was written");
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests;
