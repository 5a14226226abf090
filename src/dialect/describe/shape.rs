//! What all commands of a dialect have beside what their rows say: the form of the address, the common
//! fields, the members around an answer. Read by the pages and the OpenAPI; the server does not need it.

use crate::dialect::fields::Field;
use crate::dialect::{Access, Envelope};

/// What all commands of a dialect share, beside what their rows say.
pub struct Shape {
    /// Where a client sends the command of an address.
    pub link: fn(address: &'static str) -> Link,
    /// Fields that come before the row's own.
    pub common: fn(Access) -> &'static [Field],
    /// The members around the answer's own.
    pub answer: fn(Envelope) -> &'static [Member],
}

/// The address of a command.
pub struct Link {
    pub path: &'static str,
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
    /// 0, or the failure's number.
    Code,
    /// Empty, or the failure's sentence.
    Info,
    /// Always this word.
    Word(&'static str),
    /// The row's output; absent from failures and from commands that answer nothing.
    Output,
}
