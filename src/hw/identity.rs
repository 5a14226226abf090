//! What this machine is: serial numbers, card ids and addresses read under a root folder and hashed at once.
//! Which of them count, and how much, the board says that the program carries. Only hashes leave this file.

mod read;

use std::path::Path;

use ring::digest;
use serde::Deserialize;

use crate::hw::board::Board;
use crate::model::hex;
use crate::model::licence::{Mark, MarkKind, Marks};

/// Salt: the same value hashes to something else in anybody else's product.
const PURPOSE: &str = "arctos hardware mark 1";
/// Bytes of a hash that are kept: short enough for a QR code, too long to be met by chance.
const HASH: usize = 12;
/// Alternatives of one kind, e.g. two network sockets.
const ALTERNATIVES_MAX: usize = 2;

/// `[identity]` of a board. It counts in boards that the program carries, and in no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// There is no such machine: the values below stand for it.
    #[serde(default)]
    pub simulated: bool,
    /// The built-in licence holds here.
    #[serde(default)]
    pub demonstration: bool,
    #[serde(default)]
    pub mark: Vec<Source>,
}

impl Sources {
    pub fn unknown_kind(&self) -> Option<&Source> {
        self.mark.iter().find(|source| MarkKind::from_word(&source.kind).is_none())
    }
}

/// Where marks of one kind are found. Several of one kind are alternatives; the first says its weight.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub kind: String,
    pub weight: u32,
    /// Files, from the root: of text, of `bytes`, or the folders of `emmc` cards and of `mac` addresses.
    #[serde(default)]
    pub from: Vec<String>,
    #[serde(default)]
    pub read: Read,
    /// What a simulated board shows instead.
    #[serde(default)]
    pub value: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Read {
    #[default]
    Text,
    /// Fuses and other cells: hashed as they are.
    Bytes,
    Emmc,
    Mac,
}

/// What the machine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub marks: Marks,
    /// Not this machine's own: a board from a file, another root, or a board without hardware.
    pub simulated: bool,
    pub demonstration: bool,
}

impl Identity {
    /// Hash of the mark that weighs most: it stays when a card is replaced. Of a real machine only.
    pub fn hash(&self) -> Option<&str> {
        let marks = self.marks.found.iter().filter(|_| !self.simulated);
        // The first of the heaviest, in the board's order.
        let heaviest = marks.rev().max_by_key(|mark| self.marks.weight(mark.kind))?;
        Some(&heaviest.hash)
    }
}

/// What each kind counts on the built-in board of this name; boards from files count as `sim` does.
pub fn weights(board: &str) -> Vec<(MarkKind, u32)> {
    let board = Board::built_in(board).or_else(|| Board::built_in("sim"));
    let mut marks = Marks::default();
    board.iter().for_each(|board| weigh(&board.identity, &mut marks));
    marks.weights
}

/// The first source of a kind says its weight.
fn weigh(sources: &Sources, marks: &mut Marks) {
    for source in &sources.mark {
        if let Some(kind) = MarkKind::from_word(&source.kind).filter(|k| marks.weight(*k) == 0) {
            marks.weights.push((kind, source.weight));
        }
    }
}

/// Reads the marks of `board` under `root`.
pub fn read(board: &Board, root: &Path) -> Identity {
    let own = is_own(root);
    // A file may not say who the machine is: it stands in for the board without hardware.
    let stand_in = if board.built_in { None } else { Board::built_in("sim") };
    let sources = stand_in.as_ref().map_or(&board.identity, |board| &board.identity);
    let mut marks = Marks::default();
    weigh(sources, &mut marks);
    for source in &sources.mark {
        let Some(kind) = MarkKind::from_word(&source.kind) else { continue };
        let values = match &source.value {
            Some(value) if own => vec![value.clone()],
            None if own && sources.simulated => Vec::new(),
            Some(_) | None => read::values(source, root),
        };
        for value in values {
            let mark = Mark { kind, hash: hash(kind, &value) };
            let others = marks.found.iter().filter(|m| m.kind == kind).count();
            if others < ALTERNATIVES_MAX && !marks.has(&mark) {
                marks.found.push(mark);
            }
        }
    }
    Identity {
        marks,
        simulated: is_simulated(board, root),
        demonstration: sources.demonstration && board.built_in,
    }
}

/// Whether `board` under `root` is anything but this machine as it is.
pub fn is_simulated(board: &Board, root: &Path) -> bool {
    board.identity.simulated || !board.built_in || !is_own(root)
}

fn is_own(root: &Path) -> bool {
    root == Path::new("/")
}

fn hash(kind: MarkKind, value: &str) -> String {
    let text = format!("{PURPOSE}\n{}\n{value}", kind.word());
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hex(&hash.as_ref()[..HASH])
}

#[cfg(test)]
mod tests;
