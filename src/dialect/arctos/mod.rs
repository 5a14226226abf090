//! Document 004, Arctos: a code for somebody's user, a token for the code, and what a token is worth.
//! Source: 004-arctos-auth.md and decisions.md, section 004; the second set of paths from facts.md.

mod auth;
pub mod check;
pub mod code;
mod envelope;
mod shape;
pub mod token;

use super::{Dialect, Row, path};
use crate::row;

pub static DIALECT: Dialect = Dialect {
    name: "arctos",
    title: "004 Arctos auth",
    doc: "POST /api/auth/getAuthCode and the like, with a JSON object. Answers have `status` (1 done, 2 done \
          with a warning, 0 failed), `message` and, when done, `info`. A failure of the token or of the licence \
          has HTTP status 401 or 403 and its number in `error`; a wrong secret, code or field is HTTP 200 with \
          status 0. The key of `arc-license-key` is shown by `arctos-box secrets`.",
    rows: ROWS,
    shape: shape::SHAPE,
    codes: envelope::CODES,
    cors: true,
    owns: |path| path.starts_with("/api/auth/"),
    address: |asked| path::find(ROWS, asked),
    open: auth::open,
    fault: envelope::fault,
    success: envelope::success,
};

static ROWS: &[Row] = &[
    row!([Post] "api/auth/getAuthCode", Secret, Write, guest code::issue(GetAuthCode) -> code::AuthCode,
        "Gives a code for a user, who is made when the box does not know him. It is good once, for ten minutes.",
        aliases: &["api/auth/code"]),
    row!([Post] "api/auth/getAuthTokenUseCode", Anybody, Write, guest token::redeem(UseCode) -> token::AuthToken,
        "Takes a code and gives a token: a JWT that is good for seven days, in every dialect.",
        aliases: &["api/auth/login"]),
    row!([Post, Get] "api/auth/checkAuthToken", User, Read, call check::check(Nothing) -> check::Checked,
        "Tells what a token claims, and whether the licence holds. Status 2 with a sentence while the licence \
         is in its days of grace, or the box's clock is doubtful.",
        aliases: &["api/auth/check"]),
];
