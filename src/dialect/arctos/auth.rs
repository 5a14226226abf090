//! Who calls: a server with `arc-license-key`, or somebody with `Authorization: Bearer` and a token of this
//! dialect.

use std::sync::Arc;

use super::token;
use crate::dialect::serve::dispatch;
use crate::dialect::{Access, Call, Row, Work, credentials};
use crate::domain::guess::Account;
use crate::model::user::{Actor, Origin};
use crate::model::{Fault, Refusal};

const KEY: &str = "arc-license-key";

/// Opens a row: credentials, then the handler.
pub fn open<'a>(row: &'a Row, mut call: Call<'a>) -> Work<'a> {
    let allowed = match row.access {
        Access::Anybody => Ok(None),
        Access::Secret => secret(&call).map(|()| None),
        Access::User => actor(&call).map(Some),
        Access::Signed | Access::Server | Access::Staff(_) => {
            Err(Fault::Unauthenticated(Refusal::Refused))
        }
    };
    match allowed {
        Ok(actor) => {
            call.actor = actor;
            dispatch(row, call)
        }
        Err(fault) => Work::Done(Err(fault)),
    }
}

fn secret(call: &Call<'_>) -> Result<(), Fault> {
    let given = call.asked.headers.get(KEY).ok_or(Fault::Unauthenticated(Refusal::Secret))?;
    let pair = (given.to_str().unwrap_or(""), &*call.app.secrets.arctos_license_key);
    let account = Account::Secret("arctos");
    call.app.guesses.secret(account, pair, call.caller.addr, call.caller.now.steady)
}

/// In the order of decisions.md: no header, another scheme, a genuine token of another dialect or of a
/// closed account, an old one, anything else.
fn actor(call: &Call<'_>) -> Result<Arc<Actor>, Fault> {
    let (app, now) = (call.app, call.caller.now);
    let text = credentials::scheme_token(&call.asked.headers, &["Bearer"])?;
    let actor = app.sessions.actor(text, now).map_err(|fault| match fault {
        // The box has forgotten it: it says itself whether that was time.
        Fault::Unauthenticated(Refusal::Invalid)
            if token::has_expired(app, text, now.wall.as_seconds()) =>
        {
            Fault::Unauthenticated(Refusal::Expired)
        }
        other => other,
    })?;
    if actor.origin == Origin::Arctos && !actor.role.is_of_the_box() {
        return Ok(actor);
    }
    Err(Fault::Unauthenticated(Refusal::Refused))
}
