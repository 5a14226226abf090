//! What all commands of document 004 share: their credentials and the members around an answer.

use crate::dialect::describe::shape::{Failure, Header, Link, Member, Shape, Slot};
use crate::dialect::fields::Kind;
use crate::dialect::{Access, Envelope, Row};

pub const SHAPE: Shape =
    Shape { link: |address| Link::path(address, ""), common: |_| &[], headers, answer, failures };

fn headers(access: Access) -> &'static [Header] {
    match access {
        Access::Secret => &[Header {
            name: "arc-license-key",
            form: "KEY",
            doc: "arctos_license_key of `arctos-box secrets`.",
        }],
        Access::User => &[Header {
            name: "Authorization",
            form: "Bearer TOKEN",
            doc: "The token that getAuthTokenUseCode gave.",
        }],
        Access::Anybody | Access::Signed | Access::Server | Access::Staff(_) => &[],
    }
}

fn answer(_: Envelope) -> &'static [Member] {
    &[
        Member { name: "status", slot: Slot::Code(&[1, 2]) },
        Member { name: "message", slot: Slot::Info },
        Member { name: "info", slot: Slot::Output },
    ]
}

fn failures(_: &Row) -> Vec<Failure> {
    const ERROR: Slot = Slot::Maybe(Kind::Integer { min: 1401, max: 3405 });
    const PLAIN: &[Member] = &[
        Member { name: "status", slot: Slot::Code(&[1, 2]) },
        Member { name: "message", slot: Slot::Info },
    ];
    const NUMBERED: &[Member] = &[
        Member { name: "status", slot: Slot::Code(&[1, 2]) },
        Member { name: "message", slot: Slot::Info },
        Member { name: "error", slot: ERROR },
    ];
    vec![
        Failure { statuses: &[200, 404, 405, 413, 429], members: PLAIN },
        Failure { statuses: &[401, 403], members: NUMBERED },
    ]
}
