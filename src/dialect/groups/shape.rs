//! What all commands of document 003 share: their credentials, `detail`, the slash at the end.

use crate::dialect::describe::shape::{Failure, Header, Link, Member, Shape, Slot};
use crate::dialect::{Access, Envelope, Row};

pub const SHAPE: Shape =
    Shape { link: |address| Link::path(address, "/"), common: |_| &[], headers, answer, failures };

fn headers(access: Access) -> &'static [Header] {
    match access {
        Access::User => &[Header {
            name: "Authorization",
            form: "Token TOKEN",
            doc: "The token of any log-in; `jwt` and `Bearer` are taken as well.",
        }],
        Access::Anybody | Access::Signed | Access::Secret | Access::Server | Access::Staff(_) => {
            &[]
        }
    }
}

/// The thing itself, without anything around it.
fn answer(_: Envelope) -> &'static [Member] {
    &[Member { name: "", slot: Slot::Spread }]
}

fn failures(_: &Row) -> Vec<Failure> {
    const DETAIL: &[Member] = &[Member { name: "detail", slot: Slot::Info }];
    vec![Failure { statuses: &[400, 403, 404, 405, 413, 429], members: DETAIL }]
}
