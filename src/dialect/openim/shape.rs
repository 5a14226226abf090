//! What all commands of document 002 share: the envelope of two members, failures by HTTP status.

use crate::dialect::Class;
use crate::dialect::describe::shape::{Failure, Link, Member, Shape, Slot};

pub const SHAPE: Shape = Shape {
    link: |address| Link::path(address, ""),
    // The secret stands in the rows, where the document has it.
    common: |_| &[],
    headers: |_| &[],
    answer: |_| SUCCESS,
    failures: |row| vec![Failure { statuses: statuses(row.class), members: FAILURE }],
};

/// Who is online is told from memory; the commands that need the store have the document's 500.
fn statuses(class: Class) -> &'static [u16] {
    match class {
        Class::Beat => &[400, 405, 413, 429],
        Class::Read | Class::Write | Class::Credential => &[400, 405, 413, 429, 500],
    }
}

const SUCCESS: &[Member] = &[
    Member { name: "errCode", slot: Slot::Code(&[0]) },
    Member { name: "errMsg", slot: Slot::Info },
    Member { name: "output", slot: Slot::Spread },
];

const FAILURE: &[Member] = &[
    Member { name: "errCode", slot: Slot::Code(&[0]) },
    Member { name: "errMsg", slot: Slot::Info },
];
