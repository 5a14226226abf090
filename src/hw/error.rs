//! What a part of the machine could not do. Knows no domain and no words for people.

use std::fmt::Display;

/// Which part, what was being tried, and what came of it.
#[derive(Debug)]
pub struct HwError {
    pub part: &'static str,
    pub doing: String,
    pub source: String,
}

impl HwError {
    pub fn new(part: &'static str, doing: impl Into<String>, source: impl Display) -> Self {
        Self { part, doing: doing.into(), source: source.to_string() }
    }
}

impl Display for HwError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.part, self.doing, self.source)
    }
}

impl std::error::Error for HwError {}
