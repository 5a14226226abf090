//! The signed bytes: canonical JSON (names sorted, no spaces, whole seconds), and the request of a box.
//! A name that this release does not know is skipped: a newer vendor may say more.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Millis;
use crate::model::licence::{Licence, Mark, MarkKind};

/// More than any licence has, so that no number or list of a text makes the box work hard.
const PAYLOAD_MAX: usize = 16 << 10;
/// The last second of the year 9999: any later time is a mistake.
const LAST: i64 = 253_402_300_799;

/// Fields in the order of their names: that makes the JSON canonical.
#[derive(Serialize, Deserialize)]
struct Signed {
    customer: String,
    expires: Option<i64>,
    features: Vec<String>,
    grace_days: u32,
    id: String,
    issued: i64,
    key: String,
    marks: BTreeMap<String, Vec<String>>,
    minimum: u32,
    not_before: i64,
    rooms: u32,
}

pub fn write(licence: &Licence) -> Vec<u8> {
    let signed = Signed {
        customer: licence.customer.clone(),
        expires: licence.expires.map(Millis::as_seconds),
        features: licence.features.clone(),
        grace_days: licence.grace_days,
        id: licence.id.clone(),
        issued: licence.issued.as_seconds(),
        key: licence.key.clone(),
        marks: write_marks(&licence.marks),
        minimum: licence.minimum,
        not_before: licence.not_before.as_seconds(),
        rooms: licence.rooms,
    };
    serde_json::to_vec(&signed).expect("text and numbers always become JSON")
}

/// `None` unless it is the canonical JSON of a licence.
pub fn read(bytes: &[u8]) -> Option<Licence> {
    let signed: Signed = canonical(bytes)?;
    let times = [signed.issued, signed.not_before, signed.expires.unwrap_or(0)];
    if times.iter().any(|at| !(0..=LAST).contains(at)) {
        return None;
    }
    Some(Licence {
        id: signed.id,
        customer: signed.customer,
        rooms: signed.rooms,
        issued: Millis::seconds(signed.issued),
        not_before: Millis::seconds(signed.not_before),
        expires: signed.expires.map(Millis::seconds),
        grace_days: signed.grace_days,
        marks: read_marks(&signed.marks),
        minimum: signed.minimum,
        features: signed.features,
        key: signed.key,
    })
}

/// What a box says of itself when it asks for a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The box's name, for people.
    pub name: String,
    pub board: String,
    pub marks: Vec<Mark>,
}

#[derive(Serialize, Deserialize)]
struct Asked {
    board: String,
    marks: BTreeMap<String, Vec<String>>,
    name: String,
}

impl Request {
    pub fn write(&self) -> Vec<u8> {
        let asked = Asked {
            board: self.board.clone(),
            marks: write_marks(&self.marks),
            name: self.name.clone(),
        };
        serde_json::to_vec(&asked).expect("text always becomes JSON")
    }

    pub fn read(bytes: &[u8]) -> Option<Self> {
        let asked: Asked = canonical(bytes)?;
        Some(Self { name: asked.name, board: asked.board, marks: read_marks(&asked.marks) })
    }
}

/// Only the one way of writing a value counts: nothing can hide between the lines.
fn canonical<T: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Option<T> {
    if bytes.len() > PAYLOAD_MAX {
        return None;
    }
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let again = serde_json::to_vec(&value).ok()?;
    if again == bytes { serde_json::from_value(value).ok() } else { None }
}

fn write_marks(marks: &[Mark]) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mark in marks {
        all.entry(mark.kind.word().to_owned()).or_default().push(mark.hash.clone());
    }
    all
}

/// A kind that this release does not know counts nothing.
fn read_marks(marks: &BTreeMap<String, Vec<String>>) -> Vec<Mark> {
    let known = marks.iter().filter_map(|(word, all)| Some((MarkKind::from_word(word)?, all)));
    known
        .flat_map(|(kind, all)| all.iter().map(move |hash| Mark { kind, hash: hash.clone() }))
        .collect()
}
