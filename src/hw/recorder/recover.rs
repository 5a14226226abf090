//! Reads what a crash left in a recording's folder, cuts torn tails, and hashes files. Blocking: call it off the
//! async threads. Nothing but a torn tail is ever changed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use tracing::{error, info, warn};

use crate::model;
use crate::model::recording::{Finished, Take};
use crate::wire::fmp4::scan::{Found, Scanner, Step};

/// More than this behind the last whole fragment is no torn tail (we sync each 300 ms) but damage: left alone.
const TORN_MAX: u64 = 32 << 20;

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
}

/// Reads every take in `dir` and cuts its torn tail. A folder that is not there holds nothing.
///
/// # Errors
/// When the folder or a file in it cannot be read or cut.
pub fn reconcile(dir: &Path) -> io::Result<Shelf> {
    let mut shelf = Shelf::default();
    let mut numbers = match std::fs::read_dir(dir) {
        Ok(entries) => entries
            .map(|entry| Ok(number(&entry?.file_name().to_string_lossy())))
            .filter_map(io::Result::transpose)
            .collect::<io::Result<Vec<u32>>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(shelf),
        Err(error) => return Err(error),
    };
    numbers.sort_unstable();
    for number in numbers {
        shelf.last_number = number;
        let name = format!("{number}.mp4");
        let path = dir.join(&name);
        let size = std::fs::metadata(&path)?.len();
        let Some(found) = scan(&path, size)? else {
            warn!(file = %path.display(), size, "not even the beginning is whole: left alone, not used");
            continue;
        };
        let open = cut(&path, size, found.valid)?;
        let take = found.take(number, name);
        shelf.files.push(Old { path, take, found, open });
    }
    Ok(shelf)
}

/// The files as a finished recording; those without a picture are left out.
///
/// # Errors
/// When a file cannot be read.
pub fn finished(files: Vec<Old>) -> io::Result<Vec<Finished>> {
    let shown = files.into_iter().filter(|old| !old.take.segments.is_empty());
    shown.map(|old| hashed(&old.path, old.take)).collect()
}

/// A closed take with its hash, by reading all of it.
///
/// # Errors
/// When the file cannot be read.
pub fn hashed(path: &Path, take: Take) -> io::Result<Finished> {
    let mut file = File::open(path)?;
    let (mut hash, mut buffer, mut bytes) = (Context::new(&SHA256), vec![0; 1 << 18], 0);
    loop {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            let sha256 = model::hex(hash.finish().as_ref());
            return Ok(Finished { take, sha256, bytes });
        }
        hash.update(&buffer[..got]);
        bytes += got as u64;
    }
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

/// Cuts a torn tail; false when what lies behind is too much to be one.
fn cut(path: &Path, size: u64, valid: u64) -> io::Result<bool> {
    let tail = size.saturating_sub(valid);
    if tail > TORN_MAX {
        error!(file = %path.display(), valid, size, "damaged in the middle: left alone, used up to there");
        return Ok(false);
    }
    if tail > 0 {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(valid)?;
        file.sync_all()?;
        info!(file = %path.display(), valid, tail, "cut a torn tail");
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
