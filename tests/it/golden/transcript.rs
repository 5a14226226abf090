//! A stored transcript, read back: which file belongs to a row, and what was answered in it.

use std::path::PathBuf;

use arctos_box::dialect::{Dialect, Row};
use serde_json::Value;

/// One exchange of a transcript.
pub struct Exchange {
    /// `POST /api/im/group/7/join/`
    pub line: String,
    pub status: u16,
    /// `Null` when the answer is not JSON.
    pub body: Value,
}

/// `api/im/group/{id}/join` -> `api_im_group_id_join.txt`; where several rows have one address, the method
/// follows.
pub fn file(dialect: &Dialect, row: &Row) -> PathBuf {
    let mut name = row.address.replace('/', "_").replace(['{', '}'], "");
    if dialect.rows.iter().filter(|other| other.address == row.address).count() > 1 {
        name = format!("{name}_{}", row.methods[0].as_str().to_ascii_lowercase());
    }
    let root = [env!("CARGO_MANIFEST_DIR"), "tests", "golden", dialect.name];
    root.into_iter().collect::<PathBuf>().join(format!("{name}.txt"))
}

pub fn exchanges(dialect: &Dialect, row: &Row) -> Vec<Exchange> {
    let path = file(dialect, row);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("{} {} has no transcript", dialect.name, row.address));
    let text = format!("\n{text}");
    text.split("\n=== ").skip(1).map(|part| exchange(part).expect(row.address)).collect()
}

/// A title, the request line, `HTTP 200` after an empty line, headers, body.
fn exchange(text: &str) -> Option<Exchange> {
    let (_, rest) = text.split_once('\n')?;
    let (line, _) = rest.split_once('\n')?;
    let (_, answer) = rest.split_once("\n\nHTTP ")?;
    let (status, answer) = answer.split_once('\n')?;
    let is_header = |line: &&str| line.split_once(": ").is_some_and(|(name, _)| is_name(name));
    let body: Vec<&str> = answer.lines().skip_while(is_header).collect();
    Some(Exchange {
        line: line.into(),
        status: status.parse().ok()?,
        body: serde_json::from_str(body.join("\n").trim()).unwrap_or_default(),
    })
}

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
}
