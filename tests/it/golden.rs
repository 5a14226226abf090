//! Whole answers, byte for byte: `tests/golden/<dialect>/<address>.txt`, one transcript a row of a route table.
//! `UPDATE=1 cargo test --test it golden` writes them anew; otherwise a difference fails.
//!
//! Each dialect's cases are in a module below. A test of one row is
//! `let mut script = Script::of(&DIALECT, "api/im/group/{id}/join");`, then for each exchange
//! `script.case(&world, "a member brings in another", Ask::new().param("id", 7).token("Token abc")
//! .json(json!({"userid": 10002}))).await`, which answers what was answered, and `script.close()` at the end.
//! `script.common(&world, &good)` adds what every row answers alike. World's clock stands still and its
//! randomness counts, so that everything repeats.

mod arctos;
pub mod channel;
mod coverage;
mod edu;
pub mod groups;
mod openim;
mod station;
mod transcript;

use std::fmt::Write as _;

use arctos_box::dialect::{Dialect, Row, path};
use hyper::header;
use serde_json::Value;

use crate::ask::{Ask, has_body};
use crate::world::{Answer, World};
pub use coverage::{fits, named, plain};
pub use edu::{recorded, replay};
pub use transcript::{Exchange, file};

/// The transcript of one row, growing case by case.
pub struct Script {
    pub dialect: &'static Dialect,
    pub row: &'static Row,
    text: String,
}

impl Script {
    /// `address` as the route table has it; with the method in front where several rows have that address.
    pub fn of(dialect: &'static Dialect, address: &str) -> Self {
        Self { dialect, row: row(dialect, address), text: String::new() }
    }

    /// One exchange: sent, written down, answered.
    pub async fn case(&mut self, world: &World, title: &str, ask: Ask) -> Answer {
        let answer = ask.send(world, self.dialect, self.row).await;
        let shown = ask.shown(self.dialect, self.row);
        write!(self.text, "=== {title}\n{shown}\n\n{}\n\n", answered(&answer)).unwrap();
        answer
    }

    /// What every row of a dialect addressed by path answers alike. `good` is a request that would succeed:
    /// the wrong method, a body that is not JSON, each credential left out and wrong, each required field
    /// left out.
    #[allow(dead_code)] // for the dialects that are addressed by path
    pub async fn common(&mut self, world: &World, good: &Ask) {
        let verb = self.unknown_verb();
        self.case(world, "another method", good.clone().by(verb)).await;
        if has_body(self.row) {
            let broken = good.clone().raw("application/json", "{\"");
            self.case(world, "the body is not JSON", broken).await;
        }
        for header in (self.dialect.shape.headers)(self.row.access) {
            let title = format!("without {}", header.name);
            self.case(world, &title, good.clone().without_header(header.name)).await;
            let wrong = match header.form.split_once(' ') {
                Some((scheme, _)) => format!("{scheme} nobody's"),
                None => "nobody's".into(),
            };
            let title = format!("with {} that is not known", header.name);
            self.case(world, &title, good.clone().header(header.name, &wrong)).await;
        }
        let common = (self.dialect.shape.common)(self.row.access);
        for field in common.iter().chain(self.row.input).filter(|f| f.required) {
            if !path::params(self.row.address).any(|name| name == field.name) {
                let title = format!("without {}", field.name);
                self.case(world, &title, good.clone().without(field.name)).await;
            }
        }
    }

    /// A method that no row of this path takes.
    fn unknown_verb(&self) -> &'static str {
        let same = |row: &&Row| row.address == self.row.address;
        let taken: Vec<&str> = self.dialect.rows.iter().filter(same).flat_map(verbs).collect();
        ["DELETE", "PUT", "GET", "PATCH"].into_iter().find(|v| !taken.contains(v)).unwrap()
    }

    /// Compares with the stored transcript, or stores it.
    pub fn close(self) {
        let path = file(self.dialect, self.row);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &self.text).unwrap();
            return;
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(difference) = difference(&stored, &self.text) {
            panic!("{}:\n{difference}\nUPDATE=1 accepts it", path.display());
        }
    }
}

/// Headers of an answer that a transcript shows, beside a Content-Type other than JSON's.
const SHOWN: &[header::HeaderName] = &[
    header::LOCATION,
    header::SET_COOKIE,
    header::REFERRER_POLICY,
    header::RETRY_AFTER,
    header::ALLOW,
    header::WWW_AUTHENTICATE,
];

fn answered(answer: &Answer) -> String {
    let mut text = format!("HTTP {}\n", answer.status);
    let shown = |name: &header::HeaderName| {
        let all = answer.headers.get_all(name).into_iter();
        all.map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()).collect::<Vec<_>>()
    };
    for kind in shown(&header::CONTENT_TYPE).iter().filter(|kind| *kind != "application/json") {
        writeln!(text, "Content-Type: {kind}").unwrap();
    }
    for name in SHOWN {
        for value in shown(name) {
            writeln!(text, "{name}: {value}").unwrap();
        }
    }
    text + &answer.text()
}

/// The first line that differs, with the title of its case.
fn difference(stored: &str, now: &str) -> Option<String> {
    if stored == now {
        return None;
    }
    let (mut old, mut new) = (stored.lines(), now.lines());
    let mut title = "";
    loop {
        match (old.next(), new.next()) {
            (Some(a), Some(b)) if a == b => title = if a.starts_with("===") { a } else { title },
            (None, None) => return Some("the end of the file differs".into()),
            (a, b) => {
                let (a, b) = (a.unwrap_or("(the end)"), b.unwrap_or("(the end)"));
                return Some(format!("{title}\n- {a}\n+ {b}"));
            }
        }
    }
}

/// The row of an address, or of `METHOD address`.
pub fn row(dialect: &'static Dialect, address: &str) -> &'static Row {
    let (verb, address) = match address.split_once(' ') {
        Some((verb, address)) => (Some(verb), address),
        None => (None, address),
    };
    let wanted =
        |row: &&Row| row.address == address && verb.is_none_or(|v| verbs(row).contains(&v));
    let mut found = dialect.rows.iter().filter(wanted);
    let row = found.next().unwrap_or_else(|| panic!("{address} is no row of {}", dialect.name));
    assert!(found.next().is_none(), "several rows have {address}: write the method in front of it");
    row
}

fn verbs(row: &Row) -> Vec<&'static str> {
    row.methods.iter().map(|verb| verb.as_str()).collect()
}

/// `body` less one member.
pub fn without(body: &Value, name: &str) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().remove(name);
    body
}
