//! Source files as the rules read them. Blanking keeps every byte's place, so that a hit has a line. No
//! parser: the sources are rustfmt's, and that is regular enough.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::Path;

/// One file.
pub struct Source {
    /// From the root of the project, with `/`.
    pub path: String,
    pub text: String,
    /// The text with comments and the insides of literals blanked.
    pub code: String,
    /// The code without what is compiled for tests only.
    pub product: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let is_rust = path.ends_with(".rs");
        let code = if is_rust { blank_literals(text) } else { text.to_owned() };
        let product = if is_rust { blank_tests(&code) } else { code.clone() };
        Self { path: path.to_owned(), text: text.to_owned(), code, product }
    }

    /// Where its names begin: `src/dialect/edu/live.rs` is `dialect`, `edu`, `live`.
    pub fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let path = path.trim_end_matches("/mod");
        if matches!(path, "lib" | "main") { Vec::new() } else { path.split('/').collect() }
    }

    /// The line of a byte, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    /// Places where `word` stands in `code` and is not part of a longer name.
    pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
            let after = &code[at + word.len()..];
            !code[..at].ends_with(part) && !after.starts_with(part)
        })
    }
}

/// One breach of a rule.
#[derive(Debug)]
pub struct Found {
    pub path: String,
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

pub fn found(source: &Source, at: usize, what: impl Into<String>) -> Found {
    Found { path: source.path.clone(), line: source.line(at), what: what.into() }
}

/// Every text file below these folders of the project; `.` stands for the files of the root itself.
pub fn read(root: &Path, folders: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in folders {
        walk(root, &root.join(folder), *folder != ".", &mut sources);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    forget_test_files(&mut sources);
    sources
}

fn walk(root: &Path, folder: &Path, deep: bool, sources: &mut Vec<Source>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.map(|e| e.expect("the folder can be read")) {
        let path = entry.path();
        if path.is_dir() {
            if deep {
                walk(root, &path, deep, sources);
            }
            continue;
        }
        // Written by others: the lock file, what comes minified. Pictures are no text.
        let skipped = path.to_string_lossy().contains(".min.") || path.ends_with("Cargo.lock");
        if let (false, Ok(text)) = (skipped, std::fs::read_to_string(&path)) {
            let name = path.strip_prefix(root).expect("the walk began at the root");
            let name = name.to_string_lossy();
            sources.push(Source::new(name.trim_start_matches("./"), &text));
        }
    }
}

/// `#[cfg(test)] mod name;` makes a test of that file and of all below it.
pub fn forget_test_files(sources: &mut [Source]) {
    let mut tests = BTreeSet::new();
    for source in sources.iter() {
        for (at, mark) in source.code.match_indices(CFG_TEST) {
            let item = source.code[at + mark.len()..].trim_start();
            let Some((name, _)) = item.strip_prefix("mod ").and_then(|i| i.split_once(';')) else {
                continue;
            };
            let owner = source.path.trim_end_matches(".rs");
            let owner = owner.trim_end_matches("/mod").trim_end_matches("/lib");
            tests.insert(format!("{owner}/{name}"));
        }
    }
    for source in sources.iter_mut() {
        let path = source.path.trim_end_matches(".rs");
        let below = |test: &String| path == test || path.starts_with(&format!("{test}/"));
        if tests.iter().any(below) {
            source.product = blank(&source.code, 0..source.code.len());
        }
    }
}

const CFG_TEST: &str = "#[cfg(test)]";

fn blank_tests(code: &str) -> String {
    let mut out = code.to_owned();
    for (at, _) in code.match_indices(CFG_TEST) {
        let end = item_end(code, at + CFG_TEST.len());
        out = blank(&out, at..end);
    }
    out
}

/// Where the item ends that begins at or after `from`: at its `;`, or at the brace that closes its body.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0usize;
    for (at, c) in code[from..].char_indices() {
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(c, ';' | '}') {
            return from + at + 1;
        }
    }
    code.len()
}

/// The same length and lines, nothing on them.
fn blank(code: &str, range: Range<usize>) -> String {
    let mut bytes = code.as_bytes().to_vec();
    for byte in &mut bytes[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
    String::from_utf8(bytes).expect("whole characters became blanks")
}

fn blank_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let (skip, end) = match literal(&text[at..], text[..at].chars().next_back()) {
            Some((skip, length)) => (skip, at + length),
            None => {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
        };
        for byte in &mut out[at + skip..(end - skip).max(at + skip)] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(out).expect("whole characters became blanks")
}

/// What begins here, if it is a comment or a literal: how much of each end stays, and its length.
fn literal(rest: &str, before: Option<char>) -> Option<(usize, usize)> {
    let in_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return Some((0, rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with("/*") {
        return Some((0, rest.find("*/").map_or(rest.len(), |end| end + 2)));
    }
    if rest.starts_with('"') {
        return Some((1, quoted(rest, '"')));
    }
    if let Some(name) = ["r", "br", "cr"].into_iter().find(|p| !in_name && rest.starts_with(p)) {
        let hashes = rest[name.len()..].chars().take_while(|c| *c == '#').count();
        let open = name.len() + hashes;
        if rest[open..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let end = rest[open + 1..].find(&close).map(|end| open + 1 + end + close.len());
            return Some((0, end.unwrap_or(rest.len())));
        }
    }
    let mut chars = rest.chars();
    if chars.next() != Some('\'') {
        return None;
    }
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => Some((1, quoted(rest, '\''))),
        (Some(c), Some('\'')) => Some((1, 2 + c.len_utf8())),
        // A lifetime.
        (_, _) => None,
    }
}

/// Length of a literal from its opening mark to its closing one; a backslash hides the next character.
fn quoted(rest: &str, mark: char) -> usize {
    let mut hidden = false;
    for (at, c) in rest.char_indices().skip(1) {
        if !hidden && c == mark {
            return at + 1;
        }
        hidden = !hidden && c == '\\';
    }
    rest.len()
}
