//! Document 003, IM groups, as a Django REST service answers: a thing or a page of things, and `{"detail": …}`
//! in Chinese when it fails. Source: 003-im-groups.md and decisions.md, section 003; texts from facts.md.

mod auth;
mod envelope;
pub mod group;
pub mod members;
mod paging;
pub mod rongcloud;
mod shape;
pub mod token;
mod words;

use super::{Dialect, Row, path};
use crate::row;

pub static DIALECT: Dialect = Dialect {
    name: "groups",
    title: "003 IM groups",
    doc: "/api/im/…/ with `Authorization: Token TOKEN`, the token of any log-in. Bodies are JSON or forms. \
          Lists are pages of 20: `count`, `next`, `previous`, `results`; `?page=N` turns them. A failure has its \
          HTTP status and `detail`, a sentence in Chinese.",
    rows: ROWS,
    shape: shape::SHAPE,
    codes: envelope::CODES,
    cors: true,
    owns: |path| path.starts_with("/api/im/"),
    address: |asked| path::find(ROWS, asked),
    open: auth::open,
    fault: envelope::fault,
    success: envelope::success,
};

/// A picture of 2 MiB in JSON is a third longer.
const BODY_MAX: usize = 3 * 1024 * 1024;

static ROWS: &[Row] = &[
    row!([Get] "api/im/token", User, Write, whole token::key(Nothing) -> token::Key,
        "The caller's chat key: RongCloud's when its keys are configured, else one that is good for the room channel."),
    row!([Get] "api/im/group", User, Read, ready group::list(Which) -> group::Groups,
        "The groups that the caller is in."),
    row!([Post] "api/im/group", User, Write, user group::create(Plan) -> group::Group,
        "Makes a group; its maker owns it and is in it.",
        forms: true, success: 201, body_max: BODY_MAX),
    row!([Post] "api/im/group/{id}/join", User, Write, user members::join(Bring) -> members::Brought,
        "A member brings somebody in.", forms: true),
    row!([Post] "api/im/group/{id}/invite", User, Write, user members::invite(Knock) -> members::Done,
        "The caller comes in by the group's code, told face to face; five wrong ones a minute.", forms: true),
    row!([Get] "api/im/group/{id}/quit", User, Write, user members::quit(Which) -> members::Done,
        "The caller leaves. The owner's place passes to the oldest member; the last one out closes the group."),
    row!([Get] "api/im/group/{id}/users", User, Read, user members::users(Page) -> members::Users,
        "The people in a group, for one of them."),
    row!([Get] "api/im/group/{id}/dismiss", User, Write, user group::dismiss(One) -> members::Done,
        "Closes a group for everybody. Its owner only."),
    row!([Get] "api/im/retrieve/{id}", Anybody, Read, whole group::retrieve(One) -> group::Group,
        "One group; its code is shown to its members only."),
];
