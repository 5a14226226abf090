//! Who may use whom, and which libraries are whose. The README's section on the layers says why.

use std::collections::BTreeSet;

use super::source::{Found, Source, found};

/// Who may use whom. A layer that is not named here is refused, so that a new one is thought about once.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &["model"]),
    ("store", &["model"]),
    ("domain", &["store", "wire", "model"]),
    ("hw", &["domain", "wire", "model"]),
    ("http", &["model"]),
    ("dialect", &["domain", "http", "wire", "model"]),
    ("console", &["domain", "wire", "model"]),
    ("web", &["domain", "http", "wire", "model"]),
];

/// They know all others; nobody below knows them.
const TOP: &[&str] = &["app", "cli", "ops", "config"];

pub fn layers(sources: &[Source]) -> Vec<Found> {
    let macros: BTreeSet<&str> = sources.iter().flat_map(exported_macros).collect();
    let mut all = Vec::new();
    for source in sources {
        let module = source.module();
        let Some(layer) = module.first() else { continue };
        if TOP.contains(layer) {
            continue;
        }
        let Some((_, may)) = LAYERS.iter().find(|(name, _)| name == layer) else {
            all.push(found(
                source,
                0,
                format!("{layer} is no layer; say in LAYERS what it may use"),
            ));
            continue;
        };
        for (at, path) in names(source) {
            let Some(used) = path.first() else { continue };
            let allowed = used == layer || may.contains(&used.as_str());
            if !allowed && !macros.contains(used.as_str()) {
                all.push(found(source, at, format!("{layer} may not use {}", path.join("::"))));
            }
        }
    }
    all
}

fn exported_macros(source: &Source) -> Vec<&str> {
    let after = |(at, _)| source.code[at..].split_once("macro_rules! ").map(|(_, rest)| rest);
    let rests = source.code.match_indices("#[macro_export]").filter_map(after);
    rests.filter_map(|rest| rest.split([' ', '{']).next()).collect()
}

/// A dialect has a folder with an envelope. Only the list of all dialects may name one from outside.
pub fn dialects(sources: &[Source]) -> Vec<Found> {
    let name = |s: &Source| {
        let folder = s.path.strip_prefix("src/dialect/")?.strip_suffix("/envelope.rs")?;
        Some(folder.to_owned())
    };
    let dialects: BTreeSet<String> = sources.iter().filter_map(name).collect();
    let mut all = Vec::new();
    for source in sources.iter().filter(|s| s.path.starts_with("src/dialect/")) {
        let module = source.module();
        let own = module.get(1).copied().unwrap_or_default();
        for (at, path) in names(source) {
            let [layer, other, ..] = path.as_slice() else { continue };
            if layer == "dialect" && dialects.contains(other) && other != own && module.len() > 1 {
                all.push(found(source, at, format!("{} may not use {other}", module.join("::"))));
            }
        }
    }
    all
}

/// Libraries whose subject belongs to other layers.
const FOREIGN: &[(&str, &[&str])] = &[
    ("model", &["tokio", "hyper", "rusqlite", "serde_json", "fs"]),
    ("wire", &["tokio", "hyper", "rusqlite", "fs", "SystemTime", "Instant"]),
    ("domain", &["hyper", "http_body_util", "serde_json", "Serialize", "StatusCode"]),
    ("hw", &["hyper", "rusqlite"]),
    ("http", &["rusqlite"]),
    ("dialect", &["rusqlite"]),
    ("console", &["rusqlite"]),
    ("web", &["rusqlite"]),
];

pub fn foreign_words(sources: &[Source]) -> Vec<Found> {
    let mut all = Vec::new();
    for source in sources {
        let module = source.module();
        let layer = module.first().copied().unwrap_or_default();
        for (_, words) in FOREIGN.iter().filter(|(name, _)| *name == layer) {
            for word in *words {
                let hits = Source::words(&source.product, word);
                all.extend(
                    hits.map(|at| found(source, at, format!("{layer} may not name {word}"))),
                );
            }
        }
    }
    all
}

/// What the product of a file names in this crate, from its root: `crate::…`, `super::…`, also in groups.
fn names(source: &Source) -> Vec<(usize, Vec<String>)> {
    let code = &source.product;
    let module: Vec<String> = source.module().into_iter().map(str::to_owned).collect();
    let mut all = Vec::new();
    for at in Source::words(code, "crate") {
        if let Some(rest) = code[at..].strip_prefix("crate::") {
            tree(rest, &[], &mut |path| all.push((at, path)));
        }
    }
    for at in Source::words(code, "super") {
        let rest = code[at..].trim_start_matches("super::");
        let ups = (code.len() - at - rest.len()) / "super::".len();
        // The later words of a chain were counted with the first.
        if ups == 0 || ups > module.len() || code[..at].ends_with("super::") {
            continue;
        }
        let from = &module[..module.len() - ups];
        tree(rest, from, &mut |path| all.push((at, path)));
    }
    all
}

/// Reads one use tree: `a::b`, `{a, b::{c, d}}`. Answers what follows it.
fn tree<'a>(text: &'a str, from: &[String], each: &mut dyn FnMut(Vec<String>)) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        while !rest.trim_start().starts_with('}') && !rest.trim_start().is_empty() {
            let after = tree(rest, from, each).trim_start();
            // `a as b` and whatever else stands before the comma.
            let Some(end) = after.find([',', '}']) else { return "" };
            rest = after[end..].trim_start_matches(',');
        }
        return rest.trim_start().strip_prefix('}').unwrap_or_default();
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let mut path = from.to_vec();
    if !name.is_empty() {
        path.push(name.to_owned());
    }
    match rest.strip_prefix("::") {
        Some(more) if more.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '{') => {
            tree(more, &path, each)
        }
        Some(_) | None => {
            each(path);
            rest
        }
    }
}
