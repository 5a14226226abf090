//! The fuzzer's corpora, replayed without a fuzzer: what it found once is never lost again. `tests/fuzz/run` looks for
//! more; it needs nightly and cargo-fuzz, this needs neither.

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use targets::{TARGETS, Target};

/// So much of a corpus is in the tree; `run` keeps to it.
const FILES_MAX: usize = 80;
const BYTES_MAX: u64 = 128 * 1024;

/// So long, in seconds of processor time, each target was fuzzed, and all of them together.
const SECONDS_EACH: u64 = 300;
const SECONDS_IN_ALL: u64 = 7200;

/// Sources of `wire/` that read nothing: they write.
const WRITERS: &[&str] = &["event.rs", "index.rs", "notice.rs", "running.rs"];

#[test]
fn what_the_fuzzer_found_is_not_found_again() {
    let broken: Vec<PathBuf> = std::thread::scope(|scope| {
        let replays: Vec<_> = TARGETS.iter().map(|target| scope.spawn(|| replay(target))).collect();
        replays.into_iter().flat_map(|replay| replay.join().unwrap()).collect()
    });
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The inputs with which the target breaks a promise.
fn replay(target: &Target) -> Vec<PathBuf> {
    let mut files = corpus(target);
    files.retain(|file| {
        let bytes = std::fs::read(file).unwrap();
        std::panic::catch_unwind(|| (target.run)(&bytes)).is_err()
    });
    files
}

#[test]
fn every_target_has_a_corpus_of_moderate_size_and_a_line_in_the_ledger() {
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let ledger = std::fs::read_to_string(folder().join("LEDGER.md")).unwrap();
    for Target { name, .. } in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is not in Cargo.toml");
    }
    let seconds: Vec<(&str, u64)> = ledger.lines().filter_map(line).collect();
    for Target { name, .. } in TARGETS {
        let run =
            seconds.iter().find(|(known, _)| known == name).map_or(0, |(_, seconds)| *seconds);
        assert!(run >= SECONDS_EACH, "{name} was run for {run} s: tests/fuzz/run 300 {name}");
    }
    assert!(seconds.iter().map(|(_, seconds)| seconds).sum::<u64>() >= SECONDS_IN_ALL);
    for target in TARGETS {
        let files = corpus(target);
        let bytes: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
        let moderate = !files.is_empty() && files.len() <= FILES_MAX && bytes <= BYTES_MAX;
        assert!(moderate, "{}: {} files, {bytes} bytes", target.name, files.len());
    }
}

/// The target and the seconds of a line of the ledger's table.
fn line(line: &str) -> Option<(&str, u64)> {
    let mut cells = line.split('|').skip(1).map(str::trim);
    Some((cells.next()?, cells.next()?.parse().ok()?))
}

#[test]
fn every_parser_of_the_wire_has_a_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let covered: BTreeSet<PathBuf> =
        TARGETS.iter().flat_map(|t| t.of).map(|of| root.join(of)).collect();
    for path in &covered {
        assert!(path.exists(), "{} is gone", path.display());
    }
    let mut sources = Vec::new();
    walk(&root.join("wire"), &mut sources);
    for path in sources {
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_ours = ["mod.rs", "tests.rs"].contains(&name) || WRITERS.contains(&name);
        let has_target = path.ancestors().any(|above| covered.contains(above));
        assert!(is_ours || has_target, "{} has no target: targets/mod.rs", path.display());
    }
}

fn walk(folder: &Path, sources: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, sources) } else { sources.push(path) }
    }
}

fn corpus(target: &Target) -> Vec<PathBuf> {
    let folder = folder().join("corpus").join(target.name);
    let files = std::fs::read_dir(&folder);
    let files = files.unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}
