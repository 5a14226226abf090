//! Cuts the power at many moments of a log, and looks at each disk that may be left.

use std::path::{Path, PathBuf};

use super::disk::{Disk, Luck};
use super::facts::{self, Fact};
use super::films;
use super::log::{Change, Record};
use super::random::Random;
use super::watched::Watched;

/// Another value gives other moments and other luck; printed with a failure.
const SEED: u64 = 0x5eed_2026_1122;
/// Moments in `cargo test`; `ARCTOS_BOX_CUTS=5000` and `ARCTOS_BOX_SEED=7` look at more and at others.
const MOMENTS: usize = 160;

pub struct Cuts<'a> {
    pub watched: &'a Watched,
    pub log: &'a [Record],
    /// What to try at each moment.
    pub luck: &'a [Luck],
    /// Whether the disk does not hear this sync, given the name of what is synced: as if it were not in the code.
    pub deaf: &'a (dyn Fn(&str) -> bool + Sync),
}

impl Cuts<'_> {
    /// Looks until something is wrong. Answers how many disks were looked at, and what is wrong.
    pub fn all(&self) -> (usize, Option<String>) {
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        let mut random = Random(number("ARCTOS_BOX_SEED").unwrap_or(SEED));
        let count = number("ARCTOS_BOX_CUTS").map_or(MOMENTS, |n| usize::try_from(n).unwrap());
        self.at(&self.moments(count, &mut random), &mut random)
    }

    /// The same at every moment.
    pub fn every(&self) -> (usize, Option<String>) {
        self.at(&(0..self.log.len()).collect::<Vec<_>>(), &mut Random(SEED))
    }

    fn at(&self, moments: &[usize], random: &mut Random) -> (usize, Option<String>) {
        let folder = workplace();
        let mut disk = Disk::new(&self.watched.root);
        let (mut states, mut next) = (0, 0);
        for (at, record) in self.log.iter().enumerate() {
            self.take(&mut disk, record);
            while moments.get(next) == Some(&at) {
                for luck in self.luck {
                    let seed = random.next();
                    states += 1;
                    if let Err(why) = self.look(&disk, record, *luck, seed, folder.path()) {
                        let moment = format!("{luck:?} after {at} of {} changes", self.log.len());
                        return (states, Some(format!("{why}; {moment}, chance {seed:#x}")));
                    }
                }
                next += 1;
            }
        }
        (states, None)
    }

    /// Most writes are nowhere near anything; what matters happens around syncs and names.
    fn moments(&self, count: usize, random: &mut Random) -> Vec<usize> {
        let matters = |at: &usize| {
            let near = &self.log[at.saturating_sub(1)..(at + 2).min(self.log.len())];
            near.iter().any(|r| !matches!(r.change, Change::Write { .. } | Change::Close { .. }))
        };
        let all: Vec<usize> = (0..self.log.len()).filter(matters).collect();
        let mut moments: Vec<usize> = (0..count).map(|_| *random.pick(&all)).collect();
        // Whatever is still missing then is missed for sure.
        moments.push(self.log.len() - 1);
        moments.sort_unstable();
        moments.dedup();
        moments
    }

    fn take(&self, disk: &mut Disk, record: &Record) {
        if let Change::Sync { fd } = record.change {
            let file = disk.file(record.pid, fd).and_then(|node| disk.name(node));
            if file.is_some_and(|name| (self.deaf)(&name)) {
                return;
            }
        }
        disk.take(record);
    }

    fn look(
        &self,
        disk: &Disk,
        record: &Record,
        luck: Luck,
        seed: u64,
        folder: &Path,
    ) -> Result<(), String> {
        let left = folder.join("left");
        let _ = std::fs::remove_dir_all(&left);
        disk.cut_power(luck, &mut Random(seed), &left);
        let facts = self.watched.book.until(record.end);
        films::check(disk, &left)?;
        facts::check(&left.join("d"), &facts)
    }

    /// Disks for the whole program, each in a folder of its own with what was acknowledged: of moments at which
    /// something was, evenly over the log.
    pub fn some(&self, count: usize, folder: &Path) -> Vec<(PathBuf, Vec<Fact>)> {
        let mut disk = Disk::new(&self.watched.root);
        let mut made = Vec::new();
        for (at, record) in self.log.iter().enumerate() {
            self.take(&mut disk, record);
            if at >= (made.len() + 1) * self.log.len() / (count + 1) && made.len() < count {
                let left = folder.join(at.to_string());
                disk.cut_power(Luck::Some, &mut Random(SEED + at as u64), &left);
                made.push((left, self.watched.book.until(record.end)));
            }
        }
        made
    }

    /// The log is complete: played to its end it says of every byte what the folder says.
    pub fn agree_with_the_folder(&self) {
        let mut disk = Disk::new(&self.watched.root);
        self.log.iter().for_each(|record| disk.take(record));
        let folder = workplace();
        disk.cut_power(Luck::Everything, &mut Random(0), folder.path());
        let (told, real) = (files(folder.path()), files(&self.watched.root));
        let names =
            |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(&told), names(&real));
        for ((name, told), (_, real)) in told.iter().zip(&real) {
            assert!(told == real, "{}: the log says something else", name.display());
        }
    }
}

/// In memory where there is some: a state lives for a few milliseconds.
pub fn workplace() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = tempfile::Builder::new().prefix("cuts").tempdir_in(memory);
    made.unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// Every file but those that no disk keeps: sockets, and SQLite's shared memory.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let (path, kind) = entry.map(|e| (e.path(), e.file_type().unwrap())).unwrap();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && !path.to_string_lossy().ends_with("-shm") {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
