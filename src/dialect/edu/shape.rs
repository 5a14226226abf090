//! What all commands of document 001 share: the query that names them, the common fields, the envelopes.

use crate::dialect::describe::shape::{Failure, Link, Member, Shape, Slot};
use crate::dialect::fields::{Field, Kind};
use crate::dialect::{Access, Envelope, Row};

pub const SHAPE: Shape = Shape { link, common, headers: |_| &[], answer, failures };

/// `svc` and `cmd` are the two halves of the address.
fn link(address: &'static str) -> Link {
    let (svc, cmd) = address.split_once('/').unwrap_or((address, ""));
    Link { path: "/index.php".into(), query: vec![("svc", svc), ("cmd", cmd)] }
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
    kind: Kind::Text { min: 1, max: 1024 },
    required: true,
    doc: "The token that login answered.",
};

fn common(access: Access) -> &'static [Field] {
    match access {
        Access::Anybody => &[APPID, TIMESTAMP],
        Access::User => &[APPID, TIMESTAMP, TOKEN],
        // `t` and `sign` stand in the rows.
        Access::Signed | Access::Secret | Access::Server | Access::Staff(_) => &[],
    }
}

fn answer(envelope: Envelope) -> &'static [Member] {
    match envelope {
        Envelope::Plain | Envelope::Page | Envelope::Picture => &[
            Member { name: "errorCode", slot: Slot::Code(&[0]) },
            Member { name: "errorInfo", slot: Slot::Info },
            Member { name: "data", slot: Slot::Output },
        ],
        Envelope::RecordingCallback => &[Member { name: "code", slot: Slot::Code(&[0]) }],
        Envelope::IndexCallback => &[
            Member { name: "ActionStatus", slot: Slot::Word("OK") },
            Member { name: "ErrorCode", slot: Slot::Code(&[0]) },
            Member { name: "ErrorInfo", slot: Slot::Info },
        ],
    }
}

/// Always HTTP 200. A request that addresses no row gets the plain words also where the row has its own.
fn failures(row: &Row) -> Vec<Failure> {
    let as_written = |envelope| Failure { statuses: &[200], members: told(envelope) };
    match row.envelope {
        Envelope::Plain | Envelope::Page | Envelope::Picture => vec![as_written(Envelope::Plain)],
        own @ (Envelope::RecordingCallback | Envelope::IndexCallback) => {
            vec![as_written(own), as_written(Envelope::Plain)]
        }
    }
}

fn told(envelope: Envelope) -> &'static [Member] {
    match envelope {
        Envelope::Plain | Envelope::Page | Envelope::Picture => &[
            Member { name: "errorCode", slot: Slot::Code(&[0]) },
            Member { name: "errorInfo", slot: Slot::Info },
        ],
        own @ (Envelope::RecordingCallback | Envelope::IndexCallback) => answer(own),
    }
}
