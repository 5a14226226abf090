//! Reads what a crash left in a recording's folder, cuts torn tails, and hashes files. Blocking: call it off the
//! async threads. Nothing but a torn tail is ever cut, and what is cut is copied beside the file first.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ring::digest::{Context, SHA256};
use tracing::{error, info, warn};

use crate::model::crash::{self, Mutation, Point};
use crate::model::recording::{Finished, Take};
use crate::model::{self, Millis};
use crate::wire::fmp4::scan::{Found, Scanner, Step};
use crate::wire::fmp4::trailer;

/// More than this behind the last whole fragment is no torn tail (we sync each 300 ms) but damage: left alone.
const TORN_MAX: u64 = 4 << 20;

/// A file of an earlier run.
#[derive(Clone, Debug)]
pub struct Old {
    pub path: PathBuf,
    pub take: Take,
    pub found: Found,
    /// Its end is sound: recording may go on in it.
    pub open: bool,
}

/// A recording's folder as it stands.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    pub files: Vec<Old>,
    /// Highest number in use, also by files that hold nothing.
    pub last_number: u32,
    /// What could not be read, each with its reason: it may hold pictures all the same.
    pub unread: Vec<String>,
}

/// Reads every take in `dir` and cuts its torn tail. A folder that is not there holds nothing.
///
/// # Errors
/// When the folder cannot be read. A file that cannot be is named on the shelf.
pub fn reconcile(dir: &Path) -> io::Result<Shelf> {
    let mut shelf = Shelf::default();
    for number in numbers(dir)? {
        shelf.last_number = number;
        let name = format!("{number}.mp4");
        match look(dir.join(&name), number, name.clone()) {
            Ok(old) => shelf.files.extend(old),
            Err(error) => {
                error!(dir = %dir.display(), name, %error, "cannot be read: left alone");
                shelf.unread.push(format!("{name}: {error}"));
            }
        }
    }
    Ok(shelf)
}

/// Where the film in `dir` ends on the lesson's timeline, as far as it can be read. Changes nothing.
pub fn until_us(dir: &Path) -> u64 {
    let read = |path: PathBuf| scan(&path, std::fs::metadata(&path)?.len());
    // While it is read, its own recorder may cut its tail: once.
    let found = |path: PathBuf| read(path.clone()).or_else(|_| read(path)).ok().flatten();
    let names = numbers(dir).unwrap_or_default().into_iter().map(|number| format!("{number}.mp4"));
    let ends = names.filter_map(|name| Some(found(dir.join(name))?.until_us()));
    ends.max().unwrap_or(0)
}

/// Of all takes in a folder, in order.
fn numbers(dir: &Path) -> io::Result<Vec<u32>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let numbers = entries.map(|entry| Ok(number(&entry?.file_name().to_string_lossy())));
    let mut numbers =
        numbers.filter_map(io::Result::transpose).collect::<io::Result<Vec<u32>>>()?;
    numbers.sort_unstable();
    Ok(numbers)
}

fn look(path: PathBuf, number: u32, name: String) -> io::Result<Option<Old>> {
    let size = std::fs::metadata(&path)?.len();
    let Some(found) = scan(&path, size)? else {
        warn!(file = %path.display(), size, "not even the beginning is whole: left alone, not used");
        return Ok(None);
    };
    let open = sound(&path, size, found.valid)?;
    let take = found.take(number, name);
    Ok(Some(Old { path, take, found, open }))
}

/// The files as a finished recording; those without a picture are left out. `None` when told to stop.
///
/// # Errors
/// When a file cannot be read.
pub fn finished(files: Vec<Old>, stop: &AtomicBool) -> io::Result<Option<Vec<Finished>>> {
    let shown = files.into_iter().filter(|old| !old.take.segments.is_empty());
    shown.map(|old| hashed(&old.path, old.take, stop)).collect()
}

/// A closed take with its hash, by reading all of it. `None` when told to stop, within a MiB.
///
/// # Errors
/// When the file cannot be read.
pub fn hashed(path: &Path, take: Take, stop: &AtomicBool) -> io::Result<Option<Finished>> {
    let mut file = File::open(path)?;
    let (mut hash, mut buffer, mut bytes) = (Context::new(&SHA256), vec![0; 1 << 18], 0);
    while !stop.load(Ordering::SeqCst) {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            let sha256 = model::hex(hash.finish().as_ref());
            return Ok(Some(Finished { take, sha256, bytes }));
        }
        hash.update(&buffer[..got]);
        bytes += got as u64;
    }
    Ok(None)
}

/// Moves a folder that is not empty out of the way of a new lesson, under a name that nobody has.
///
/// # Errors
/// When it cannot be read or moved.
pub fn move_aside(dir: &Path, now: Millis) -> io::Result<()> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => {
            if entries.next().is_none() {
                return Ok(());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    let name = |ms: i64| {
        let mut name = dir.as_os_str().to_owned();
        name.push(format!(".before-{ms}"));
        PathBuf::from(name)
    };
    let aside = (now.0..).map(name).find(|path| !path.exists());
    let aside = aside.ok_or_else(|| io::Error::other("no name is left"))?;
    warn!(dir = %dir.display(), aside = %aside.display(), "a new lesson's folder was not empty: moved aside");
    std::fs::rename(dir, aside)
}

/// Makes the folder, and its name in the folder above, safe on the disk.
///
/// # Errors
/// When it cannot be made.
pub fn make(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    match dir.parent() {
        Some(above) if above.is_dir() => File::open(above)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

/// `12.mp4` is take 12.
fn number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".mp4")?.parse().ok().filter(|n| *n > 0)?;
    (format!("{number}.mp4") == name).then_some(number)
}

fn scan(path: &Path, size: u64) -> io::Result<Option<Found>> {
    let file = File::open(path)?;
    let mut scanner = Scanner::new(size);
    let mut buffer = Vec::new();
    while let Step::Read { offset, len } = scanner.step() {
        buffer.resize(len, 0);
        file.read_exact_at(&mut buffer, offset)?;
        scanner.feed(&buffer);
    }
    Ok(scanner.found())
}

/// Whether recording may go on at the end of this file; a torn tail is cut for that. False when what lies behind
/// is damage, or cannot be cut: the file is left as it is and used up to there.
///
/// # Errors
/// When the tail cannot be read.
fn sound(path: &Path, size: u64, valid: u64) -> io::Result<bool> {
    let tail = size.saturating_sub(valid);
    if tail == 0 || crash::is(Mutation::NoFilmReconcile) {
        return Ok(true);
    }
    if tail > TORN_MAX {
        error!(file = %path.display(), valid, size, "damaged in the middle: left alone, used up to there");
        return Ok(false);
    }
    let mut torn = vec![0; usize::try_from(tail).map_err(io::Error::other)?];
    File::open(path)?.read_exact_at(&mut torn, valid)?;
    if trailer::holds_sealed(&torn) {
        error!(file = %path.display(), valid, size, "good film lies behind a damaged part: left alone");
        return Ok(false);
    }
    match cut(path, valid, &torn) {
        Ok(()) => info!(file = %path.display(), valid, tail, "cut a torn tail"),
        Err(ref error) => {
            error!(file = %path.display(), %error, "a torn tail cannot be cut: left alone");
            return Ok(false);
        }
    }
    Ok(true)
}

fn cut(path: &Path, valid: u64, torn: &[u8]) -> io::Result<()> {
    if torn.iter().any(|byte| *byte != 0) {
        let names =
            std::iter::once("tail".to_owned()).chain((2..).map(|n: u32| format!("{n}.tail")));
        let mut paths = names.map(|name| path.with_extension(name));
        let kept = paths.find(|path| !path.exists());
        keep(&kept.ok_or_else(|| io::Error::other("no name is left"))?, torn)?;
    }
    crash::point(Point::TailKept);
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(valid)?;
    crash::point(Point::TailCut);
    file.sync_all()
}

/// Writes a new file, which is safe on the disk or not there at all.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let written = written.and_then(|()| match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    });
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests;
