//! Who calls: the token of any dialect in `Authorization`. Never a cookie: two of the commands change things
//! by GET.

use crate::dialect::serve::dispatch;
use crate::dialect::{Access, Call, Row, Work, credentials};
use crate::model::{Fault, Refusal};

/// Scheme words that stand before a token.
pub const SCHEMES: [&str; 3] = ["Token", "jwt", "Bearer"];

/// Opens a row: credentials, then the handler.
pub fn open<'a>(row: &'a Row, mut call: Call<'a>) -> Work<'a> {
    let token = credentials::scheme_token(&call.asked.headers, &SCHEMES);
    let actor = token.and_then(|t| credentials::logged_in(call.app, t, call.caller.now));
    match (row.access, actor) {
        (Access::User, Err(fault)) => return Work::Done(Err(fault)),
        (Access::User | Access::Anybody, actor) => call.actor = actor.ok(),
        (Access::Signed | Access::Secret | Access::Server | Access::Staff(_), _) => {
            return Work::Done(Err(Fault::Unauthenticated(Refusal::Refused)));
        }
    }
    dispatch(row, call)
}
