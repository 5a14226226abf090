//! Puts a backup in place, so that a power cut at any moment loses nothing: a journal says that it is
//! being done, and doing it again completes it. Nothing of the old state is ever deleted.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::{FILES, KEPT, STORE};
use crate::domain::{durable, licence};
use crate::model::crash::{self, Point};
use crate::store::Db;

/// Puts a backup in place of what is in `data` (which the caller owns). What was there before is kept
/// beside as `before-restore/`, or `before-restore-<n>/` when there is one. Recordings stay where they are,
/// but those of lessons that the backup does not know are renamed: their numbers will be given again.
///
/// # Errors
/// One sentence. Nothing in `data` has changed unless the backup was whole and its store sound; where it
/// was, and something went wrong afterwards, the box does not start until a restore is completed.
pub fn restore(file: &Path, data: &Path) -> Result<Restored, String> {
    let say = |doing: &str, e: io::Error| format!("{doing}: {e}");
    let fresh = data.join(FRESH);
    let newest = check(file, &fresh).inspect_err(|_| drop(fs::remove_dir_all(&fresh)))?;
    sync_all(&fresh).map_err(|e| say("syncing what was unpacked", e))?;
    crash::point(Point::RestoreUnpacked);
    let before = begin(data).map_err(|e| say("writing the journal", e))?;
    crash::point(Point::RestoreBegun);
    set_aside(data, &before).map_err(|e| say("setting the old state aside", e))?;
    crash::point(Point::OldSetAside);
    put_in_place(data, &fresh).map_err(|e| say("putting in place", e))?;
    crash::point(Point::NewInPlace);
    keep_time(data, &before).map_err(|e| say("keeping the newest time seen", e))?;
    crash::point(Point::TimeKept);
    let lost = rename_recordings(data, newest).map_err(|e| say("renaming recordings", e))?;
    crash::point(Point::RecordingsRenamed);
    end(data).map_err(|e| say("removing the journal", e))?;
    let _ = fs::remove_dir_all(&fresh);
    Ok(Restored { before, lost })
}

/// Before a folder is made for it: whether `file` may be a backup at all.
///
/// # Errors
/// One sentence.
pub fn look(file: &Path) -> Result<(), String> {
    let first = File::open(file).and_then(|file| match tar::Archive::new(file).entries()?.next() {
        Some(entry) => entry.map(drop),
        None => Err(io::Error::other("it is empty")),
    });
    first.map_err(|e| unread(file, &e))
}

/// What the system says is no word about the backup.
fn unread(file: &Path, e: &io::Error) -> String {
    let said = match e.kind() {
        ErrorKind::Other | ErrorKind::UnexpectedEof | ErrorKind::InvalidData => {
            "this is no whole backup: "
        }
        _ => "",
    };
    // The first line alone: further ones show what is in the file.
    let why = e.to_string();
    format!("{}: {said}{}", file.display(), why.lines().next().unwrap_or_default())
}

/// Unpacks the backup, looks whether its store is sound, and brings an older one up to date; its newest lesson.
fn check(file: &Path, fresh: &Path) -> Result<i64, String> {
    let unpacked = clear(fresh).and_then(|()| unpack(file, fresh));
    unpacked.map_err(|e| unread(file, &e))?;
    Db::make_sound(fresh).map_err(|e| format!("the backup's store: {e}"))
}

/// What a restore did; its text is for the technician.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    /// The folder with what was there before.
    pub before: PathBuf,
    /// Folders of recordings whose lessons the backup does not know, under their new names.
    pub lost: Vec<PathBuf>,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().display().to_string();
        writeln!(f, "restored; what was there before is in {}/", name(&self.before))?;
        for folder in &self.lost {
            let folder = name(folder);
            writeln!(
                f,
                "a recording of a lesson newer than the backup is in recordings/{folder}/"
            )?;
        }
        Ok(())
    }
}

/// Whether a restore was begun and not completed: then the state is neither the old nor the new one, and
/// nothing may be opened or made until a restore runs again.
pub fn interrupted(data: &Path) -> bool {
    // What cannot be looked at is no reason to make an empty store either.
    data.join(JOURNAL).try_exists().unwrap_or(true)
}

/// Says where the old state goes, as long as a restore is not complete.
const JOURNAL: &str = "restore.journal";
/// The backup, unpacked.
const FRESH: &str = "restore.new";
/// The WAL goes before its store: wherever this breaks off, no store lies beside a foreign one.
const PARTS: [&str; 6] = ["box.db-wal", "box.db-shm", STORE, KEPT[0], KEPT[1], FILES];

fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        Ok(()) | Err(_) => {}
    }
    fs::create_dir_all(folder)
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

/// Every file, then the folder that names it.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    durable::sync_folder(&folder.join(STORE))
}

/// Writes the journal, or reads that of a restore that broke off; answers the folder for the old state.
fn begin(data: &Path) -> io::Result<PathBuf> {
    let journal = data.join(JOURNAL);
    let before = match fs::read_to_string(&journal) {
        Ok(name) if name.starts_with(BEFORE) && !name.contains('/') => data.join(name),
        Ok(name) => return Err(io::Error::other(format!("{JOURNAL} names {name:?}"))),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let name = free_name(data)?;
            durable::write(&journal, name.as_bytes())?;
            data.join(name)
        }
        Err(e) => return Err(e),
    };
    fs::create_dir_all(&before)?;
    Ok(before)
}

const BEFORE: &str = "before-restore";

fn free_name(data: &Path) -> io::Result<String> {
    let mut name = BEFORE.to_owned();
    for n in 2.. {
        if !data.join(&name).try_exists()? {
            break;
        }
        name = format!("{BEFORE}-{n}");
    }
    Ok(name)
}

/// What lies here although its like was set aside already came with the restore that broke off, or was
/// made since; it makes room.
fn set_aside(data: &Path, before: &Path) -> io::Result<()> {
    let stored = before.join(STORE).try_exists()?;
    for name in PARTS {
        let (from, to) = (data.join(name), before.join(name));
        let of_store = name.starts_with(STORE);
        if !from.try_exists()? {
            continue;
        }
        if !(to.try_exists()? || of_store && stored) {
            fs::rename(&from, &to)?;
        } else if from.is_dir() {
            fs::remove_dir_all(&from)?;
        } else {
            fs::remove_file(&from)?;
        }
    }
    durable::sync_folder(&before.join(STORE))?;
    durable::sync_folder(&data.join(STORE))
}

fn put_in_place(data: &Path, fresh: &Path) -> io::Result<()> {
    for name in PARTS {
        let from = fresh.join(name);
        if from.try_exists()? {
            fs::rename(from, data.join(name))?;
        }
    }
    durable::sync_folder(&data.join(STORE))
}

/// An old backup does not turn back the newest time that the licence is judged by.
fn keep_time(data: &Path, before: &Path) -> io::Result<()> {
    let mut records = String::new();
    for name in [licence::SEEN, licence::SEEN_BEFORE] {
        match fs::read_to_string(before.join(KEPT[1]).join(name)) {
            Ok(text) => records += &format!("{}\n", text.trim_end()),
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    if records.is_empty() {
        return Ok(());
    }
    let folder = data.join(KEPT[1]);
    fs::create_dir_all(&folder)?;
    durable::write(&folder.join(licence::SEEN_BEFORE), records.as_bytes())
}

/// Rooms after `newest` will be made again: what was recorded under their numbers makes way, and is kept.
fn rename_recordings(data: &Path, newest: i64) -> io::Result<Vec<PathBuf>> {
    let written = fs::metadata(data.join(JOURNAL))?.modified()?;
    let ms = written.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let recordings = data.join("recordings");
    fs::create_dir_all(&recordings)?;
    let mut lost = Vec::new();
    for entry in fs::read_dir(&recordings)? {
        let entry = entry?;
        let number = entry.file_name().to_str().and_then(|name| name.parse::<i64>().ok());
        if let Some(number) = number.filter(|number| *number > newest) {
            lost.push((number, entry.path()));
        }
    }
    lost.sort();
    let mut renamed = Vec::new();
    for (number, path) in lost {
        let to = recordings.join(format!("lost-{number}-{ms}"));
        fs::rename(path, &to)?;
        renamed.push(to);
    }
    durable::sync_folder(&recordings.join(STORE))?;
    Ok(renamed)
}

fn end(data: &Path) -> io::Result<()> {
    let journal = data.join(JOURNAL);
    fs::remove_file(&journal)?;
    durable::sync_folder(&journal)
}
