//! The shim's log, read: what happened to which file, in order. See `tests/shim/lib.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A change, and who made it.
pub struct Record {
    pub pid: u32,
    /// On the monotonic clock.
    pub at_ns: u64,
    /// Length of the log with this record: an answer that came when it had this length came after it.
    pub end: u64,
    pub change: Change,
}

pub enum Change {
    Open { fd: i32, flags: i32, path: String },
    Close { fd: i32 },
    Write { fd: i32, at: u64, bytes: Vec<u8> },
    Truncate { fd: i32, len: u64 },
    Sync { fd: i32 },
    Rename { from: String, to: String },
    Link { from: String, to: String },
    Unlink { path: String },
    Mkdir { path: String },
}

/// Bytes before the two texts of a record.
const HEAD: usize = 40;

/// All records. A program that was killed may have left half of one at the end.
pub fn read(path: &Path) -> Vec<Record> {
    let log = std::fs::read(path).unwrap();
    let (mut records, mut at) = (Vec::new(), 0);
    while let Some((record, end)) = one(&log, at) {
        records.push(record);
        at = end;
    }
    records
}

fn one(log: &[u8], at: usize) -> Option<(Record, usize)> {
    let head = log.get(at..at + HEAD)?;
    let u32_at = |n: usize| u32::from_le_bytes(head[n..n + 4].try_into().unwrap());
    let u64_at = |n: usize| u64::from_le_bytes(head[n..n + 8].try_into().unwrap());
    let (kind, fd, number) = (u32_at(0), u32_at(8).cast_signed(), u64_at(24));
    let first = at + HEAD;
    let second = first + usize::try_from(u64_at(32)).unwrap();
    let end = second + usize::try_from(u32_at(12)).unwrap();
    let bytes = log.get(first..end)?;
    let (bytes, other) = bytes.split_at(second - first);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let change = match kind {
        1 => Change::Open { fd, flags: i32::try_from(number).unwrap(), path: text(bytes) },
        2 => Change::Close { fd },
        3 => Change::Write { fd, at: number, bytes: bytes.to_vec() },
        4 => Change::Truncate { fd, len: number },
        5 => Change::Sync { fd },
        6 => Change::Rename { from: text(bytes), to: text(other) },
        7 => Change::Link { from: text(bytes), to: text(other) },
        8 => Change::Unlink { path: text(bytes) },
        9 => Change::Mkdir { path: text(bytes) },
        other => panic!("the shim writes no record of kind {other}"),
    };
    let record = Record { pid: u32_at(4), at_ns: u64_at(16), end: end as u64, change };
    Some((record, end))
}

/// `cargo test` builds it with everything else; a run that was asked for this binary alone may not have.
pub fn library() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        let program = Path::new(crate::process::PROGRAM);
        let library = program.with_file_name("examples").join("libshim.so");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim");
        let written = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
        let sources = ["lib.rs", "names.rs"].map(|name| written(&sources.join(name)));
        if written(&library) < sources.into_iter().max().flatten() {
            build();
        }
        library
    };
    BUILT.get_or_init(find).clone()
}

/// As if it were called from a shell: what cargo tells a test in its environment would have it build half of the
/// dependencies anew.
fn build() {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let told = ["CARGO_MANIFEST", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if told.iter().any(|told| name.as_encoded_bytes().starts_with(told.as_bytes())) {
            cargo.env_remove(name);
        }
    }
    cargo.args(["build", "--quiet", "--locked", "--offline", "--example", "shim"]);
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(built.unwrap().success(), "the shim is built: {cargo:?}");
}
