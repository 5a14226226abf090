//! What all commands of a dialect share beside what their rows say: the form of the address, the common
//! fields, the members around an answer. Read by the pages and the OpenAPI; the server does not need it.

use crate::dialect::fields::{Field, Kind};
use crate::dialect::{Access, Dialect, Envelope};

/// The shape of a dialect's commands.
pub fn shape(dialect: &Dialect) -> &'static Shape {
    // One dialect so far; the second one makes this a field of `Dialect`.
    debug_assert_eq!(dialect.name, "edu");
    &EDU
}

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

static EDU: Shape = Shape { link: edu_link, common: edu_common, answer: edu_answer };

/// `svc` and `cmd` are the two halves of the address.
fn edu_link(address: &'static str) -> Link {
    let (svc, cmd) = address.split_once('/').unwrap_or((address, ""));
    Link { path: "/index.php", query: vec![("svc", svc), ("cmd", cmd)] }
}

const APPID: Field = Field {
    name: "appid",
    kind: Kind::Integer { min: 1, max: i64::MAX },
    required: true,
    doc: "The client's app id; an account belongs to the one it registered with.",
};
const TIMESTAMP: Field = Field {
    name: "timeStamp",
    kind: Kind::Integer { min: i64::MIN, max: i64::MAX },
    required: true,
    doc: "Low 32 bits of the client's clock in milliseconds.",
};
const TOKEN: Field = Field {
    name: "token",
    kind: Kind::Text { min: 1, max: 512 },
    required: true,
    doc: "The token that login answered.",
};

fn edu_common(access: Access) -> &'static [Field] {
    match access {
        Access::Anybody => &[APPID, TIMESTAMP],
        Access::User => &[APPID, TIMESTAMP, TOKEN],
        // `t` and `sign` stand in the rows.
        Access::Signed => &[],
    }
}

fn edu_answer(envelope: Envelope) -> &'static [Member] {
    match envelope {
        Envelope::Plain => &[
            Member { name: "errorCode", slot: Slot::Code },
            Member { name: "errorInfo", slot: Slot::Info },
            Member { name: "data", slot: Slot::Output },
        ],
        Envelope::RecordingCallback => &[Member { name: "code", slot: Slot::Code }],
        Envelope::IndexCallback => &[
            Member { name: "ActionStatus", slot: Slot::Word("OK") },
            Member { name: "ErrorCode", slot: Slot::Code },
            Member { name: "ErrorInfo", slot: Slot::Info },
        ],
    }
}
