//! No row without its transcript, and no transcript without every answer that the documents give its row. The
//! lists in the modules below are written from the documents and decisions.md, not from the program.

mod arctos;
mod channel;
mod edu;
mod groups;
mod openim;
mod station;

use std::collections::BTreeSet;

use arctos_box::dialect::{DIALECTS, Dialect, Row};

use super::transcript::{Exchange, exchanges, file};

/// What the documents let one dialect answer. An answer's name is its HTTP status and, where it has one, the
/// dialect's own code: `400 401`.
pub struct Contract {
    pub dialect: &'static str,
    pub name: fn(&Exchange) -> String,
    /// What each row answers, a success first. By address as the route table has it, with the method in front where
    /// two rows share one; what a piece in braces is called does not matter.
    pub rows: &'static [(&'static str, &'static [&'static str])],
    /// What all rows like this one answer beside that.
    pub every: fn(&Row) -> &'static [&'static str],
    /// What any row may answer and need not.
    pub may: &'static [&'static str],
}

const CONTRACTS: &[&Contract] = &[
    &edu::CONTRACT,
    &channel::CONTRACT,
    &openim::CONTRACT,
    &groups::CONTRACT,
    &arctos::CONTRACT,
    &station::CONTRACT,
];

fn contract(dialect: &Dialect) -> &'static Contract {
    let found = CONTRACTS.iter().find(|contract| contract.dialect == dialect.name);
    found.unwrap_or_else(|| {
        panic!("{} is new: say in golden/coverage what it answers", dialect.name)
    })
}

/// What an answer is called in the lists of its dialect.
pub fn named(dialect: &Dialect, exchange: &Exchange) -> String {
    (contract(dialect).name)(exchange)
}

/// `GET api/im/group/{}/join`, or without the method where the table has one row of that address.
pub fn plain(dialect: &Dialect, row: &Row) -> String {
    let braces = |piece: &'static str| if piece.starts_with('{') { "{}" } else { piece };
    let address = row.address.split('/').map(braces).collect::<Vec<_>>().join("/");
    match dialect.rows.iter().filter(|other| other.address == row.address).count() {
        1 => address,
        _ => format!("{} {address}", row.methods[0]),
    }
}

impl Contract {
    fn of(&self, dialect: &Dialect, row: &Row) -> &'static [&'static str] {
        let plain = plain(dialect, row);
        let found = self.rows.iter().find(|(address, _)| *address == plain);
        found.unwrap_or_else(|| panic!("{plain} is new: say in golden/coverage what it answers")).1
    }
}

#[test]
fn every_row_has_a_transcript_with_a_success_and_every_documented_answer() {
    for dialect in DIALECTS {
        let contract = contract(dialect);
        for row in dialect.rows {
            let all = exchanges(dialect, row);
            let found: BTreeSet<String> = all.iter().map(contract.name).collect();
            let wanted = contract.of(dialect, row).iter().chain((contract.every)(row));
            let wanted: BTreeSet<String> = wanted.map(|name| (*name).to_owned()).collect();
            let may: BTreeSet<String> =
                contract.may.iter().map(|name| (*name).to_owned()).collect();
            let missing: Vec<_> = wanted.difference(&found).collect();
            assert!(
                missing.is_empty(),
                "{} {}: no case with {missing:?}",
                dialect.name,
                row.address
            );
            let strange = found.iter().filter(|n| !wanted.contains(*n) && !may.contains(*n));
            let strange: Vec<_> = strange.collect();
            assert!(
                strange.is_empty(),
                "{} {}: no document has {strange:?}",
                dialect.name,
                row.address
            );
        }
    }
}

#[test]
fn every_command_of_a_document_is_in_the_route_table() {
    for dialect in DIALECTS {
        let served: BTreeSet<String> = dialect.rows.iter().map(|row| plain(dialect, row)).collect();
        for (address, _) in contract(dialect).rows {
            assert!(served.contains(*address), "{} {address} is not served", dialect.name);
        }
    }
}

#[test]
fn every_other_name_and_method_of_a_row_is_in_its_transcript() {
    for dialect in DIALECTS {
        for row in dialect.rows {
            let lines: Vec<String> = exchanges(dialect, row).into_iter().map(|e| e.line).collect();
            for address in std::iter::once(&row.address).chain(row.aliases) {
                let link = (dialect.shape.link)(address);
                let named = |line: &String| match link.query.is_empty() {
                    true => fits(&link.path, line),
                    false => line.ends_with(&link.url()),
                };
                assert!(lines.iter().any(named), "{} {address} is in no case", dialect.name);
            }
            for verb in row.methods {
                let said = lines.iter().any(|line| line.starts_with(&format!("{verb} ")));
                assert!(said, "{} {}: no case with {verb}", dialect.name, row.address);
            }
        }
    }
}

/// Whether a request line has this path, pieces in braces standing for anything.
pub fn fits(path: &str, line: &str) -> bool {
    let target = line.split(' ').nth(1).unwrap_or_default();
    let target = target.split('?').next().unwrap_or_default();
    let pieces = |text: &str| text.trim_matches('/').split('/').map(str::to_owned).collect();
    let (wanted, said): (Vec<String>, Vec<String>) = (pieces(path), pieces(target));
    let same = |(w, s): (&String, &String)| w.starts_with('{') || w == s;
    wanted.len() == said.len() && wanted.iter().zip(&said).all(same)
}

#[test]
fn every_transcript_belongs_to_a_row() {
    for dialect in DIALECTS {
        let folder = file(dialect, &dialect.rows[0]).parent().unwrap().to_owned();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let known = dialect.rows.iter().any(|row| file(dialect, row) == path);
            assert!(known, "{}", path.display());
        }
    }
}

#[test]
fn every_code_that_a_row_may_answer_is_told_with_its_meaning() {
    for dialect in DIALECTS {
        let contract = contract(dialect);
        let told: BTreeSet<i64> = dialect.codes.iter().map(|(code, _)| *code).collect();
        assert_eq!(told.len(), dialect.codes.len(), "{}: a code is told twice", dialect.name);
        for row in dialect.rows {
            for name in contract.of(dialect, row).iter().chain((contract.every)(row)) {
                let code = name.split(' ').next_back().and_then(|code| code.parse().ok());
                let Some(code) = code else { continue };
                assert!(told.contains(&code), "{} {}: {code}", dialect.name, row.address);
            }
        }
    }
}
