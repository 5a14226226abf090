//! What all commands of a dialect have beside what their rows say: the form of the address, the common
//! fields, the members around an answer. Read by the pages and the OpenAPI; the server does not need it.

use crate::dialect::fields::{Field, Kind};
use crate::dialect::{Access, Envelope, Row};

/// What all commands of a dialect share, beside what their rows say.
pub struct Shape {
    /// Where a client sends the command of an address.
    pub link: fn(address: &'static str) -> Link,
    /// Fields that come before the row's own.
    pub common: fn(Access) -> &'static [Field],
    /// Headers that carry the credentials.
    pub headers: fn(Access) -> &'static [Header],
    /// The members around a success's own.
    pub answer: fn(Envelope) -> &'static [Member],
    /// What failures look like, by HTTP status.
    pub failures: fn(&Row) -> Vec<Failure>,
}

/// A request header.
#[derive(Clone, Copy)]
pub struct Header {
    pub name: &'static str,
    /// `Token TOKEN`
    pub form: &'static str,
    pub doc: &'static str,
}

/// One form of failure. `Slot::Output` does not occur in it.
pub struct Failure {
    pub statuses: &'static [u16],
    pub members: &'static [Member],
}

impl Link {
    /// An address that is its own path, as of dialects that have no query.
    pub fn path(address: &'static str, slash: &str) -> Self {
        Self { path: format!("/{address}{slash}"), query: Vec::new() }
    }
}

/// The address of a command.
pub struct Link {
    pub path: String,
    /// Constant query parameters.
    pub query: Vec<(&'static str, &'static str)>,
}

impl Link {
    pub fn url(&self) -> String {
        let pairs: Vec<_> =
            self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if pairs.is_empty() { "" } else { "?" };
        format!("{}{mark}{}", self.path, pairs.join("&"))
    }
}

/// One member of an envelope.
#[derive(Clone, Copy)]
pub struct Member {
    pub name: &'static str,
    pub slot: Slot,
}

#[derive(Clone, Copy)]
pub enum Slot {
    /// One of these numbers; a failure has another.
    Code(&'static [i64]),
    /// The failure's sentence; empty in most successes.
    Info,
    /// Something that may be absent.
    Maybe(Kind),
    /// An object of these members.
    Object(&'static [Member]),
    /// Always this word.
    Word(&'static str),
    /// The row's output; absent from failures and from commands that answer nothing.
    Output,
    /// The members of the row's output, beside the others.
    Spread,
}
