//! What is never written, and what always is.

use super::source::{Found, Source, found};

/// A module that has no opening line is named once more than one in twenty lacks it.
pub fn openings(sources: &[Source]) -> Vec<Found> {
    let says = |source: &&Source| {
        let first = source.text.lines().next().unwrap_or_default();
        first.strip_prefix("//! ").is_some_and(|about| about.trim().len() >= 10)
    };
    let (_, silent): (Vec<&Source>, Vec<&Source>) = sources.iter().partition(says);
    if silent.len() * 20 <= sources.len() {
        return Vec::new();
    }
    silent.into_iter().map(|s| found(s, 0, "does not open with `//!` and what it is for")).collect()
}

pub fn unwraps(sources: &[Source]) -> Vec<Found> {
    let mut all = Vec::new();
    for source in sources {
        for call in [".unwrap()", "::unwrap)", ".unwrap_unchecked()"] {
            let hits = source.product.match_indices(call);
            all.extend(hits.map(|(at, _)| found(source, at, "unwrap outside tests")));
        }
    }
    all
}

pub fn expects(sources: &[Source]) -> Vec<Found> {
    let mut all = Vec::new();
    for source in sources {
        for (at, call) in source.product.match_indices(".expect(") {
            let reason = source.text[at + call.len()..].trim_start();
            let reason = reason.strip_prefix('"').and_then(|r| r.split('"').next());
            if reason.is_none_or(|reason| reason.trim().chars().count() < 10) {
                all.push(found(source, at, "expect without the reason why it cannot fail"));
            }
        }
    }
    all
}

/// In tests too.
pub fn leftovers(sources: &[Source]) -> Vec<Found> {
    let mut all = Vec::new();
    for source in sources.iter().filter(|s| s.path.ends_with(".rs")) {
        for word in ["todo", "unimplemented", "dbg"] {
            let calls = Source::words(&source.code, word);
            let calls = calls.filter(|at| source.code[at + word.len()..].starts_with('!'));
            all.extend(calls.map(|at| found(source, at, format!("{word}! is left"))));
        }
        let ignored = source.code.match_indices("#[ignore");
        all.extend(ignored.map(|(at, _)| found(source, at, "an ignored test")));
    }
    all
}

/// In halves, so that this list is none of what it looks for.
const MACHINE: &[(&str, &str)] = &[
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("registry.npmjs", ".org"),
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("deb.debian", ".org"),
    ("pkg", ".dev"),
];

/// In comments and documents too.
pub fn machine(sources: &[Source]) -> Vec<Found> {
    let mut all = Vec::new();
    for source in sources {
        for (first, second) in MACHINE {
            let word = format!("{first}{second}");
            let hits = source.text.match_indices(&word);
            all.extend(hits.map(|(at, _)| found(source, at, format!("names {word}"))));
        }
    }
    all
}
