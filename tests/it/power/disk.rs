//! A disk as the log tells of it, and what a power cut may leave on it. The model, stricter than ext4 and f2fs
//! with ordered data where they are kind:
//!
//! - The bytes and the length of a file are safe once that file was synced, and not before. Of what was written
//!   since, each piece of 512 bytes (at times 4 KiB) is there or not, by itself, whatever its order; the length
//!   may have grown without the bytes, which then are zeros.
//! - A name that was made, changed or taken away is safe once the folder it is in was synced; syncing the file
//!   is not enough. Of the others the first few, or any, came through; a rename is done whole or not at all, and
//!   is safe when one of its two folders was synced. A folder that was synced keeps its own place.
//! - A piece of 512 bytes is written whole or not at all: what SQLite, too, asks of a disk.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::log::{Change, Record};
use super::random::Random;

/// Number of a file or folder; 0 is the root.
pub type Node = usize;
/// The name of a file in a folder.
type Place = (Node, String);
type Names = BTreeMap<Place, Node>;

pub struct Disk {
    root: String,
    nodes: Vec<Bytes>,
    /// As the running program sees it.
    now: Names,
    safe: Names,
    /// Changes of names that are not safe yet, in order.
    loose: Vec<Naming>,
    open: HashMap<(u32, i32), Node>,
}

#[derive(Default)]
struct Bytes {
    /// The folder whose sync keeps this folder's own place, `None` for a file.
    folder: Option<Node>,
    now: Vec<u8>,
    safe: Vec<u8>,
    loose: Vec<Writing>,
}

enum Writing {
    Bytes(u64, Vec<u8>),
    Length(u64),
}

/// One change of names: each place with what is there then.
struct Naming(Vec<(Place, Option<Node>)>);

/// What came through of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    Nothing,
    /// As after `kill -9`.
    Everything,
    /// Every name and length, no byte.
    Zeros,
    Some,
}

const O_CREAT: i32 = 0o100;
const O_TRUNC: i32 = 0o1000;
const SECTOR: usize = 512;

impl Disk {
    pub fn new(root: &Path) -> Self {
        let root = root.to_str().unwrap().to_owned();
        let folder = Bytes { folder: Some(0), ..Bytes::default() };
        let (now, safe) = (Names::new(), Names::new());
        Self { root, nodes: vec![folder], now, safe, loose: Vec::new(), open: HashMap::new() }
    }

    /// A disk on which everything in `there` was safe before the log began.
    pub fn with(root: &Path, there: &Path) -> Self {
        let mut disk = Self::new(root);
        disk.load(0, there);
        disk.safe.clone_from(&disk.now);
        disk.loose.clear();
        disk
    }

    fn load(&mut self, dir: Node, from: &Path) {
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let (kind, name) =
                (entry.file_type().unwrap(), entry.file_name().into_string().unwrap());
            if kind.is_dir() {
                let node = self.make((dir, name), true);
                self.load(node, &entry.path());
            } else if kind.is_file() {
                let node = self.make((dir, name), false);
                let bytes = std::fs::read(entry.path()).unwrap();
                self.nodes[node].safe.clone_from(&bytes);
                self.nodes[node].now = bytes;
            }
        }
    }

    /// What a descriptor is open on.
    pub fn file(&self, pid: u32, fd: i32) -> Option<Node> {
        self.open.get(&(pid, fd)).copied()
    }

    pub fn find(&self, path: &str) -> Option<Node> {
        let rest = path.strip_prefix(&self.root)?;
        let mut parts = rest.split('/').filter(|part| !part.is_empty());
        parts.try_fold(0, |dir, part| self.now.get(&(dir, part.to_owned())).copied())
    }

    /// The name by which the program knows a file now, below the root.
    pub fn name(&self, node: Node) -> Option<String> {
        if node == 0 {
            return Some(String::new());
        }
        let ((dir, name), _) = self.now.iter().find(|(_, is)| **is == node)?;
        Some(format!("{}/{name}", self.name(*dir)?))
    }

    /// Every film by its name below the root, and how many of its bytes are safe.
    pub fn films(&self) -> Vec<(String, usize)> {
        let films = self.now.iter().filter(|((_, name), _)| name.ends_with(".mp4"));
        films.map(|(_, node)| (self.name(*node).unwrap(), self.nodes[*node].safe.len())).collect()
    }

    pub fn take(&mut self, record: &Record) {
        let pid = record.pid;
        match &record.change {
            Change::Open { fd, flags, path } => self.opened((pid, *fd), *flags, path),
            Change::Close { fd } => drop(self.open.remove(&(pid, *fd))),
            Change::Write { fd, at, bytes } => {
                let file = &mut self.nodes[self.open[&(pid, *fd)]];
                put(&mut file.now, *at, bytes);
                file.loose.push(Writing::Bytes(*at, bytes.clone()));
            }
            Change::Truncate { fd, len } => self.cut(self.open[&(pid, *fd)], *len),
            Change::Sync { fd } => self.sync(self.open[&(pid, *fd)]),
            Change::Rename { from, to } => {
                let (from, to) = (self.place(from), self.place(to));
                let node = self.now[&from];
                if self.nodes[node].folder.is_some() {
                    self.nodes[node].folder = Some(to.0);
                }
                self.change(Naming(vec![(from, None), (to, Some(node))]));
            }
            Change::Link { from, to } => {
                let node = self.now[&self.place(from)];
                self.change(Naming(vec![(self.place(to), Some(node))]));
            }
            Change::Unlink { path } => self.change(Naming(vec![(self.place(path), None)])),
            Change::Mkdir { path } => {
                let place = self.place(path);
                self.make(place, true);
            }
        }
    }

    fn opened(&mut self, by: (u32, i32), flags: i32, path: &str) {
        let node = match self.find(path) {
            Some(node) => {
                if flags & O_TRUNC != 0 {
                    self.cut(node, 0);
                }
                node
            }
            None => {
                assert!(flags & O_CREAT != 0, "{path} was opened and nobody made it");
                self.make(self.place(path), false)
            }
        };
        self.open.insert(by, node);
    }

    fn make(&mut self, place: Place, folder: bool) -> Node {
        let node = self.nodes.len();
        let folder = folder.then_some(place.0);
        self.nodes.push(Bytes { folder, ..Bytes::default() });
        self.change(Naming(vec![(place, Some(node))]));
        node
    }

    fn place(&self, path: &str) -> Place {
        let (dir, name) = path.rsplit_once('/').unwrap();
        let dir = self.find(dir).unwrap_or_else(|| panic!("{path}: no such folder"));
        (dir, name.to_owned())
    }

    fn change(&mut self, naming: Naming) {
        naming.apply(&mut self.now);
        self.loose.push(naming);
    }

    fn cut(&mut self, node: Node, len: u64) {
        let file = &mut self.nodes[node];
        file.now.resize(usize::try_from(len).unwrap(), 0);
        file.loose.push(Writing::Length(len));
    }

    fn sync(&mut self, node: Node) {
        if self.nodes[node].folder.is_none() {
            let file = &mut self.nodes[node];
            file.safe.clone_from(&file.now);
            return file.loose.clear();
        }
        let mut own = vec![node];
        while let Some(above) =
            self.nodes[own[own.len() - 1]].folder.filter(|_| own.last() != Some(&0))
        {
            own.push(above);
        }
        let kept = |naming: &Naming| {
            let of = |((dir, _), is): &(Place, Option<Node>)| {
                *dir == node || is.is_some_and(|is| own.contains(&is))
            };
            naming.0.iter().any(of)
        };
        let loose = std::mem::take(&mut self.loose).into_iter();
        let (kept, loose): (Vec<_>, Vec<_>) = loose.partition(kept);
        kept.iter().for_each(|naming| naming.apply(&mut self.safe));
        self.loose = loose;
    }

    /// Writes what is left after a cut now into `to`, a folder for the root's.
    pub fn cut_power(&self, luck: Luck, random: &mut Random, to: &Path) {
        let mut names = self.safe.clone();
        let all = self.loose.len();
        let (first, share) = match luck {
            Luck::Nothing => (0, 0),
            Luck::Everything | Luck::Zeros => (all, 0),
            Luck::Some => (random.below(all + 1), *random.pick(&[0, 0, 30, 70])),
        };
        for (at, naming) in self.loose.iter().enumerate() {
            if at < first || random.below(100) < share {
                naming.apply(&mut names);
            }
        }
        self.lay(0, &names, luck, random, to);
    }

    fn lay(&self, dir: Node, names: &Names, luck: Luck, random: &mut Random, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for ((above, name), node) in names.range((dir, String::new())..) {
            if *above != dir {
                break;
            }
            match self.nodes[*node].folder {
                Some(_) => self.lay(*node, names, luck, random, &to.join(name)),
                None => {
                    std::fs::write(to.join(name), self.nodes[*node].left(luck, random)).unwrap()
                }
            }
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut Names) {
        for (place, node) in &self.0 {
            match node {
                Some(node) => drop(names.insert(place.clone(), *node)),
                None => drop(names.remove(place)),
            }
        }
    }
}

impl Bytes {
    fn left(&self, luck: Luck, random: &mut Random) -> Vec<u8> {
        let mut left = self.safe.clone();
        let share = match luck {
            Luck::Nothing => return left,
            Luck::Everything => return self.now.clone(),
            Luck::Zeros => {
                left.resize(left.len().max(self.now.len()), 0);
                return left;
            }
            Luck::Some => *random.pick(&[0, 20, 50, 80, 100]),
        };
        let unit = *random.pick(&[SECTOR, SECTOR, 8 * SECTOR]);
        let grows = random.below(2) == 0;
        for writing in &self.loose {
            match writing {
                Writing::Length(len) if random.below(100) < share => {
                    left.resize(usize::try_from(*len).unwrap(), 0);
                }
                Writing::Length(_) => {}
                Writing::Bytes(at, bytes) => {
                    for (at, piece) in pieces(*at, bytes, unit) {
                        if random.below(100) < share {
                            put(&mut left, at, piece);
                        } else if grows {
                            let end = usize::try_from(at).unwrap() + piece.len();
                            left.resize(left.len().max(end), 0);
                        }
                    }
                }
            }
        }
        left
    }
}

/// The parts of a write that lie in different units of the disk.
fn pieces(at: u64, mut bytes: &[u8], unit: usize) -> Vec<(u64, &[u8])> {
    let (mut at, mut pieces) = (at, Vec::new());
    while !bytes.is_empty() {
        let room = unit - usize::try_from(at).unwrap() % unit;
        let (piece, rest) = bytes.split_at(room.min(bytes.len()));
        pieces.push((at, piece));
        at += piece.len() as u64;
        bytes = rest;
    }
    pieces
}

fn put(file: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let at = usize::try_from(at).unwrap();
    if file.len() < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
    }
    file[at..at + bytes.len()].copy_from_slice(bytes);
}
