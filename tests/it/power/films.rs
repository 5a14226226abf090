//! Films as a cut left them: how much of one can be used, and how long the box keeps what it has not synced.

use std::collections::HashMap;
use std::path::Path;

use arctos_box::wire::fmp4::scan::{Found, Scanner, Step};

use super::disk::{Disk, Node};
use super::log::{Change, Record};
use crate::process;

/// Bytes up to the end of the last whole fragment.
pub fn usable(film: &[u8]) -> usize {
    found(film).map_or(0, |found| usize::try_from(found.valid).unwrap())
}

/// Whether there is a picture in it.
pub fn shows(film: &[u8]) -> bool {
    found(film).is_some_and(|found| found.pieces.iter().any(|piece| piece.pictures > 0))
}

fn found(film: &[u8]) -> Option<Found> {
    let mut scanner = Scanner::new(film.len() as u64);
    while let Step::Read { offset, len } = scanner.step() {
        let offset = usize::try_from(offset).unwrap();
        scanner.feed(&film[offset..offset + len]);
    }
    scanner.found()
}

/// What was synced of every film is whole fragments that can still be found.
///
/// # Errors
/// Which film lost what.
pub fn check(disk: &Disk, left: &Path) -> Result<(), String> {
    for (name, safe) in disk.films().into_iter().filter(|(_, safe)| *safe > 0) {
        let film = std::fs::read(left.join(&name[1..])).map_err(|e| format!("{name}: {e}"))?;
        let usable = usable(&film);
        if usable < safe {
            return Err(format!("{name}: {safe} bytes were synced, {usable} can be used"));
        }
    }
    Ok(())
}

/// What a player complains of in the usable part of a film.
pub fn decode(film: &Path) -> String {
    let mut bytes = std::fs::read(film).unwrap();
    bytes.truncate(usable(&bytes));
    if bytes.is_empty() {
        return String::new();
    }
    let copy = film.with_extension("usable.mp4");
    std::fs::write(&copy, bytes).unwrap();
    process::decode(&copy.display().to_string())
}

/// The greatest age, in milliseconds, of a film's byte that was not synced when more was written behind it.
pub fn oldest_unsynced_ms(root: &Path, log: &[Record], hears: &dyn Fn(&str) -> bool) -> u64 {
    let (mut disk, mut since, mut worst) = (Disk::new(root), HashMap::<Node, u64>::new(), 0);
    for record in log {
        if let Change::Write { fd, .. } | Change::Sync { fd } = record.change {
            let node = disk.file(record.pid, fd).unwrap();
            let name = disk.name(node).unwrap_or_default();
            if matches!(record.change, Change::Sync { .. }) && hears(&name) {
                since.remove(&node);
            } else if name.ends_with(".mp4") {
                let first = since.entry(node).or_insert(record.at_ns);
                worst = worst.max(record.at_ns - *first);
            }
        }
        // Another run of the box begins behind what it found.
        if matches!(&record.change, Change::Open { path, .. } if path.ends_with(".mp4")) {
            since.clear();
        }
        disk.take(record);
    }
    worst / 1_000_000
}
