//! Who calls: the common fields of document 001 in the order in which they are checked.
//! appid, timeStamp, token, then the command's own fields.

use std::sync::Arc;

use crate::dialect::fields::{Int, Text};
use crate::dialect::serve::dispatch;
use crate::dialect::{Access, Call, Row, Work, credentials};
use crate::domain::callback;
use crate::model::user::Actor;
use crate::model::{Fault, Refusal, sha256};
use crate::wire::callback::{live_in_time, live_verify};

type AppId = Int<1, { i64::MAX }>;
type TimeStamp = Int<{ i64::MIN }, { i64::MAX }>;
/// Our random ones have 43 characters, a signed one names a person of 64; anything longer is none of ours.
const TOKEN_MAX: usize = 1024;

/// Opens a row: common fields, credentials, handler.
pub fn open<'a>(row: &'a Row, mut call: Call<'a>) -> Work<'a> {
    match row.access {
        Access::Signed => signed(row, call),
        Access::Secret | Access::Server | Access::Staff(_) => {
            Work::Done(Err(Fault::Unauthenticated(Refusal::Refused)))
        }
        Access::Anybody => match common(&mut call) {
            Ok(()) => dispatch(row, call),
            Err(fault) => Work::Done(Err(fault)),
        },
        Access::User => match common(&mut call).and_then(|()| actor(&call)) {
            Ok(actor) => {
                call.actor = Some(actor);
                dispatch(row, call)
            }
            Err(fault) => Work::Done(Err(fault)),
        },
    }
}

fn common(call: &mut Call<'_>) -> Result<(), Fault> {
    let AppId { 0: appid } = call.fields.field("appid")?;
    let accepted = &call.app.policy.appids;
    if !accepted.is_empty() && !accepted.contains(&appid) {
        return Err(Fault::invalid("appid", "is not served by this box"));
    }
    let TimeStamp { 0: timestamp } = call.fields.field("timeStamp")?;
    call.caller.appid = appid;
    call.caller.timestamp = timestamp;
    Ok(())
}

fn actor(call: &Call<'_>) -> Result<Arc<Actor>, Fault> {
    let token = call.fields.text::<1, TOKEN_MAX>("token")?;
    let actor = credentials::logged_in(call.app, &token, call.caller.now)?;
    if actor.appid.is_some_and(|appid| appid != call.caller.appid) {
        return Err(Fault::invalid("appid", "is not the one this account registered with"));
    }
    Ok(actor)
}

/// The two callbacks: `t` and `sign`, and no second body under the same signature.
fn signed<'a>(row: &'a Row, call: Call<'a>) -> Work<'a> {
    let checked = signature(&call);
    let (t, sign) = match checked {
        Ok(pair) => pair,
        Err(fault) => return Work::Done(Err(fault)),
    };
    Work::Wait(Box::pin(async move {
        callback::remember(call.app, t, sign, sha256(call.body)).await?;
        match dispatch(row, call) {
            Work::Done(done) => done,
            Work::Wait(wait) => wait.await,
        }
    }))
}

fn signature(call: &Call<'_>) -> Result<(i64, String), Fault> {
    let TimeStamp { 0: t } = call.fields.field("t")?;
    let sign: Text<32, 32> = call.fields.field("sign")?;
    if !live_verify(&call.app.secrets.callback_key, t, &sign.0) {
        return Err(Fault::invalid("sign", "is not the signature of t"));
    }
    if !live_in_time(t, call.caller.now.wall.as_seconds()) {
        return Err(Fault::invalid("t", "has passed or is more than ten minutes ahead"));
    }
    Ok((t, sign.0.to_ascii_lowercase()))
}
