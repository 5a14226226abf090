//! Who calls: the channel's server with its token. Two rows carry their credentials in their own fields.

use crate::dialect::serve::dispatch;
use crate::dialect::{Access, Call, Row, Work, credentials};
use crate::domain::partner;
use crate::model::{Fault, Refusal};

/// Opens a row: credentials, then the handler.
pub fn open<'a>(row: &'a Row, call: Call<'a>) -> Work<'a> {
    let allowed = match row.access {
        // The secret, and the browser's auth_token, are the handler's to judge.
        Access::Anybody | Access::Secret | Access::Signed => Ok(()),
        Access::Server => server(&call),
        Access::User | Access::Staff(_) => Err(Fault::Unauthenticated(Refusal::Refused)),
    };
    match allowed {
        Ok(()) => dispatch(row, call),
        Err(fault) => Work::Done(Err(fault)),
    }
}

fn server(call: &Call<'_>) -> Result<(), Fault> {
    let token = credentials::scheme_token(&call.asked.headers, &["jwt", "token", "bearer"])?;
    partner::check(call.app, token, call.caller.now)
}
