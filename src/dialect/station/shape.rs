//! What all commands of the box's own API share: path, token, bare objects, one form of failure.

use crate::dialect::describe::shape::{Failure, Header, Link, Member, Shape, Slot};
use crate::dialect::fields::Kind;
use crate::dialect::{Access, Envelope, Row};

pub const SHAPE: Shape =
    Shape { link: |address| Link::path(address, ""), common: |_| &[], headers, answer, failures };

fn headers(access: Access) -> &'static [Header] {
    match access {
        Access::Staff(_) => &[Header {
            name: "Authorization",
            form: "Bearer TOKEN",
            doc: "The token that setup or login answered.",
        }],
        Access::Anybody | Access::User | Access::Signed | Access::Secret | Access::Server => &[],
    }
}

fn answer(_: Envelope) -> &'static [Member] {
    &[Member { name: "", slot: Slot::Spread }]
}

const TEXT: Kind = Kind::Text { min: 1, max: usize::MAX };

/// Every row may be asked wrongly in each of these ways.
fn failures(_: &Row) -> Vec<Failure> {
    const ERROR: &[Member] = &[
        Member { name: "code", slot: Slot::Info },
        Member { name: "message", slot: Slot::Info },
        Member { name: "field", slot: Slot::Maybe(TEXT) },
        Member { name: "retry_s", slot: Slot::Maybe(Kind::Integer { min: 0, max: i64::MAX }) },
        Member { name: "request", slot: Slot::Maybe(TEXT) },
    ];
    let statuses = &[400, 401, 403, 404, 405, 409, 413, 421, 426, 429];
    vec![Failure { statuses, members: &[Member { name: "error", slot: Slot::Object(ERROR) }] }]
}
