//! What all commands of document 001 share: the query that names them, the common fields, the envelopes.

use crate::dialect::describe::shape::{Link, Member, Shape, Slot};
use crate::dialect::fields::{Field, Kind};
use crate::dialect::{Access, Envelope};

pub const SHAPE: Shape = Shape { link, common, answer };

/// `svc` and `cmd` are the two halves of the address.
fn link(address: &'static str) -> Link {
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

fn common(access: Access) -> &'static [Field] {
    match access {
        Access::Anybody => &[APPID, TIMESTAMP],
        Access::User => &[APPID, TIMESTAMP, TOKEN],
        // `t` and `sign` stand in the rows.
        Access::Signed => &[],
    }
}

fn answer(envelope: Envelope) -> &'static [Member] {
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
