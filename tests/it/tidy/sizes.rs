//! How long files and functions are, and how many packages the box needs.

use std::collections::BTreeSet;

use super::source::{Found, Source, found};

pub fn files(sources: &[Source]) -> Vec<Found> {
    let files: Vec<(usize, &Source)> =
        sources.iter().map(|source| (source.text.lines().count(), source)).collect();
    let mut all = Vec::new();
    for (lines, source) in files.iter().filter(|(lines, _)| *lines > 800) {
        all.push(found(source, 0, format!("{lines} lines, more than 800")));
    }
    let lengths: Vec<usize> = files.iter().map(|(lines, _)| *lines).collect();
    for (part, most) in [(50, 120), (95, 450)] {
        let lines = percentile(&lengths, part);
        if lines > most {
            let what = format!("{part} % of the files reach {lines} lines, more than {most}");
            all.push(Found { path: "src".into(), line: 1, what });
        }
    }
    all
}

/// When the measure is passed, all functions above it: mending any of them helps.
pub fn functions(sources: &[Source]) -> Vec<Found> {
    const MOST: usize = 45;
    let functions: Vec<(usize, usize, &Source)> = sources
        .iter()
        .flat_map(|s| lengths(s).into_iter().map(move |(at, n)| (n, at, s)))
        .collect();
    let all: Vec<usize> = functions.iter().map(|(lines, ..)| *lines).collect();
    if percentile(&all, 95) <= MOST {
        return Vec::new();
    }
    let long = functions.into_iter().filter(|(lines, ..)| *lines > MOST);
    long.map(|(lines, at, s)| found(s, at, format!("a function of {lines} lines"))).collect()
}

/// Place and lines of each function of the product: rustfmt closes it under its first line.
fn lengths(source: &Source) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = source.product.lines().collect();
    let mut at = 0;
    let mut all = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        if is_head(line.trim_start()) {
            let indent = line.len() - line.trim_start().len();
            let close = format!("{}}}", " ".repeat(indent));
            let body = lines[n..].iter().position(|l| l.trim_end().ends_with(['{', '}', ';']));
            let body = n + body.unwrap_or(0);
            let end = match lines[body].trim_end().ends_with('{') {
                true => lines[body..].iter().position(|l| l.trim_end() == close),
                false => Some(0),
            };
            all.push((at, body + end.unwrap_or(0) + 1 - n));
        }
        at += line.len() + 1;
    }
    all
}

/// `pub async fn name…`, not the type `fn(…)`.
fn is_head(line: &str) -> bool {
    const BEFORE: [&str; 7] = ["pub", "const", "async", "unsafe", "crate", "super", "in"];
    let Some(at) = Source::words(line, "fn").next() else { return false };
    let mut before = line[..at].split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    before.all(|word| BEFORE.contains(&word)) && line[at + 2..].starts_with(' ')
}

/// The smallest value that `part` percent of all do not pass.
fn percentile(values: &[usize], part: usize) -> usize {
    let mut values = values.to_vec();
    values.sort_unstable();
    let rank = (values.len() * part).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or(0)
}

/// `cargo tree --prefix none`: a package may come more than once, then with a star.
pub fn packages(tree: &str) -> Vec<Found> {
    const MOST: usize = 150;
    let name = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    let packages: BTreeSet<_> = tree.lines().filter_map(name).collect();
    let what = match packages.len() {
        0 => "cargo tree names no package".to_owned(),
        n if n > MOST => format!("{n} packages for the box, more than {MOST}"),
        _ => return Vec::new(),
    };
    vec![Found { path: "Cargo.toml".into(), line: 1, what }]
}
