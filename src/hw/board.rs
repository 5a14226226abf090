//! A board is data: one TOML file in `board/`, where README.md explains each key. Code never asks which board it is on.
//! Does not touch the hardware that it names.

mod generated;
mod input;
mod parts;
mod recognise;

use std::path::Path;

use serde::Deserialize;

pub use crate::hw::board::input::{Input, Place, SAME};
pub use crate::hw::board::parts::{Led, LedRole, Serial, SerialRole, Watchdog};
use crate::hw::board::recognise::Recognise;
use crate::hw::error::HwError;
use crate::hw::identity::Sources;

/// Boards that the binary carries: name and text of every file `board/*.toml`, each ended by a NUL and all deflated by build.rs.
const BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/boards"));
/// What runs anywhere: this board when no other is recognised.
const NONE: &str = "sim";
/// A board file is a page of text; more is not one.
const FILE_MAX: u64 = 256 << 10;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    pub name: String,
    #[serde(default)]
    pub about: String,
    /// Names under which older configurations know it.
    #[serde(default)]
    pub formerly: Vec<String>,
    #[serde(default)]
    pub recognise: Recognise,
    /// In the order in which they are tried.
    pub encoder: Vec<Encoder>,
    pub input: Vec<Input>,
    #[serde(default)]
    pub serial: Vec<Serial>,
    #[serde(default)]
    pub led: Vec<Led>,
    #[serde(default)]
    pub watchdog: Option<Watchdog>,
    /// How the machine is known; heeded in built-in boards only.
    #[serde(default)]
    pub identity: Sources,
    /// The program carries it; it did not come from a file.
    #[serde(skip)]
    pub built_in: bool,
}

/// An H.264 encoder of ffmpeg, with what it needs beside the common arguments.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoder {
    pub name: String,
    /// Pixel format that it takes.
    pub format: String,
    #[serde(default)]
    pub args: Vec<String>,
}

/// Names and texts.
fn carried() -> Vec<(String, String)> {
    let packed = miniz_oxide::inflate::decompress_to_vec(BUILT_IN);
    let all = packed.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let all = all.expect("build.rs packed it for this binary");
    let mut parts = all.split_terminator('\0').map(str::to_owned);
    std::iter::from_fn(|| parts.next().zip(parts.next())).collect()
}

impl Board {
    /// A built-in board by its name, or a file by its path (something with a `/` or ending in `.toml`).
    ///
    /// # Errors
    /// When there is no such board, or its text is not one.
    pub fn load(name_or_path: &str) -> Result<Self, HwError> {
        let wrong = |source: String| HwError::new("board", format!("load {name_or_path}"), source);
        if name_or_path.contains('/') || name_or_path.ends_with(".toml") {
            let text = read(Path::new(name_or_path)).map_err(|e| wrong(e.to_string()))?;
            return Self::parse(&text).map_err(wrong);
        }
        let Some(board) = Self::built_in(name_or_path) else {
            let names: Vec<String> = carried().into_iter().map(|(name, _)| name).collect();
            return Err(wrong(format!("no such board; there are: {}", names.join(", "))));
        };
        Ok(board)
    }

    /// A board that the program carries, by its name or a former one.
    pub fn built_in(name: &str) -> Option<Self> {
        let own = carried().into_iter().find(|(known, _)| known == name);
        let own = own.map(|(_, text)| Self::carried(&text));
        own.or_else(|| Self::all().find(|board| board.formerly.iter().any(|old| old == name)))
    }

    /// The board that the machine under `root` is: of those that it says it is compatible with, the one it says
    /// first. The simulator when it is none of them.
    pub fn detect(root: &Path) -> Self {
        let machine = recognise::Machine::read(root);
        let ranked = Self::all().filter_map(|b| Some((machine.rank(&b.recognise)?, b)));
        let best = ranked.min_by_key(|(rank, _)| *rank).map(|(_, board)| board);
        best.or_else(|| Self::built_in(NONE)).expect("the board of no hardware lies in board/")
    }

    pub fn input(&self, name: &str) -> Option<&Input> {
        self.input.iter().find(|input| input.name == name)
    }

    fn all() -> impl Iterator<Item = Self> {
        carried().into_iter().map(|(_, text)| Self::carried(&text))
    }

    fn carried(text: &str) -> Self {
        let board = Self::parse(text).expect("a test loads every board that the program carries");
        Self { built_in: true, ..board }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let board: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        if board.encoder.is_empty() || board.input.is_empty() {
            return Err("a board has at least one encoder and one input".into());
        }
        if let Some(source) = board.identity.unknown_kind() {
            return Err(format!("there is no kind of mark {}", source.kind));
        }
        for (n, input) in board.input.iter().enumerate() {
            input.check()?;
            if board.input[..n].iter().any(|other| other.name == input.name) {
                return Err(format!("two inputs are called {}", input.name));
            }
        }
        Ok(board)
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > FILE_MAX {
        return Err(std::io::Error::other("larger than 256 KiB"));
    }
    std::fs::read_to_string(path)
}

#[cfg(test)]
mod tests;
