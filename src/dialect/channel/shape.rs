//! What all commands of document 000 share: the header of the channel's server, the members around an answer.

use crate::dialect::describe::shape::{Failure, Header, Link, Member, Shape, Slot};
use crate::dialect::{Access, Envelope, Row};

pub const SHAPE: Shape =
    Shape { link: |address| Link::path(address, "/"), common: |_| &[], headers, answer, failures };

fn headers(access: Access) -> &'static [Header] {
    match access {
        Access::Server => &[Header {
            name: "Authorization",
            form: "jwt TOKEN",
            doc: "The access_token that system/auth-token gave.",
        }],
        Access::Anybody | Access::User | Access::Signed | Access::Secret | Access::Staff(_) => &[],
    }
}

fn answer(envelope: Envelope) -> &'static [Member] {
    match envelope {
        Envelope::Plain
        | Envelope::Picture
        | Envelope::RecordingCallback
        | Envelope::IndexCallback => &[
            Member { name: "code", slot: Slot::Code(&[200]) },
            Member { name: "msg", slot: Slot::Word("success") },
            Member { name: "result", slot: Slot::Output },
        ],
        Envelope::Page => &[],
    }
}

fn failures(row: &Row) -> Vec<Failure> {
    const TOLD: &[Member] = &[
        Member { name: "code", slot: Slot::Code(&[200]) },
        Member { name: "msg", slot: Slot::Info },
        Member { name: "result", slot: Slot::Object(&[]) },
    ];
    const STATUSES: &[u16] = &[400, 401, 403, 404, 405, 409, 413, 429];
    match row.envelope {
        Envelope::Plain
        | Envelope::Picture
        | Envelope::RecordingCallback
        | Envelope::IndexCallback => {
            vec![Failure { statuses: STATUSES, members: TOLD }]
        }
        Envelope::Page => {
            vec![Failure { statuses: &[400, 403, 404, 405, 409, 413, 429], members: &[] }]
        }
    }
}
