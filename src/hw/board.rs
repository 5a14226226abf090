//! A board is data: one TOML file that names its inputs and encoders. Code never asks which board it is on.
//! Does not touch the hardware that it names.

mod generated;

use std::path::Path;

use serde::Deserialize;

use crate::hw::error::HwError;
use crate::hw::identity::Sources;

/// Boards that the binary carries.
const BUILT_IN: [(&str, &str); 2] = [
    ("sim", include_str!("../../board/sim.toml")),
    ("generic", include_str!("../../board/generic.toml")),
];
/// A board file is a page of text; more is not one.
const FILE_MAX: u64 = 256 << 10;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    pub name: String,
    #[serde(default)]
    pub about: String,
    /// In the order in which they are tried.
    pub encoder: Vec<Encoder>,
    pub input: Vec<Input>,
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

/// A source of picture and sound, as arguments of ffmpeg with `{placeholders}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    #[serde(default)]
    pub about: String,
    pub args: Vec<String>,
    /// Stream specifiers for `-map`.
    pub video: String,
    pub audio: String,
    #[serde(default)]
    pub filter: Option<String>,
    #[serde(default)]
    pub audio_filter: Option<String>,
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
            let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            return Err(wrong(format!("no such board; there are: {}", names.join(", "))));
        };
        Ok(board)
    }

    /// A board that the program carries.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        let board = Self::parse(text).expect("a test loads every board that the program carries");
        Some(Self { built_in: true, ..board })
    }

    /// The board that this machine is. Until boards with hardware are described, that is the simulator.
    ///
    /// # Errors
    /// When the board's text is wrong, which the tests exclude for built-in ones.
    pub fn detect() -> Result<Self, HwError> {
        Self::load("sim")
    }

    pub fn input(&self, name: &str) -> Option<&Input> {
        self.input.iter().find(|input| input.name == name)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let board: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        if board.encoder.is_empty() || board.input.is_empty() {
            return Err("a board has at least one encoder and one input".into());
        }
        if let Some(source) = board.identity.unknown_kind() {
            return Err(format!("there is no kind of mark {}", source.kind));
        }
        let doubled = board
            .input
            .iter()
            .enumerate()
            .find(|(n, input)| board.input[..*n].iter().any(|other| other.name == input.name));
        match doubled {
            Some((_, input)) => Err(format!("two inputs are called {}", input.name)),
            None => Ok(board),
        }
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
