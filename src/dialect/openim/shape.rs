//! What all commands of document 002 share: the envelope of two members, failures by HTTP status.

use crate::dialect::describe::shape::{Failure, Link, Member, Shape, Slot};

pub const SHAPE: Shape = Shape {
    link: |address| Link::path(address, ""),
    // The secret stands in the rows, where the document has it.
    common: |_| &[],
    headers: |_| &[],
    answer: |_| SUCCESS,
    failures: |_| vec![Failure { statuses: &[400, 405, 413, 429, 500], members: FAILURE }],
};

const SUCCESS: &[Member] = &[
    Member { name: "errCode", slot: Slot::Code(&[0]) },
    Member { name: "errMsg", slot: Slot::Info },
    Member { name: "output", slot: Slot::Spread },
];

const FAILURE: &[Member] = &[
    Member { name: "errCode", slot: Slot::Code(&[0]) },
    Member { name: "errMsg", slot: Slot::Info },
];
