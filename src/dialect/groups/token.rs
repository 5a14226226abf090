//! The caller's chat key: RongCloud's, or the box's own.

use std::time::Duration;

use hyper::StatusCode;

use super::{auth, rongcloud};
use crate::dialect::{Caller, Sealed, Whole, credentials};
use crate::domain::policy::RongCloud;
use crate::domain::session::{self, Grant, Others};
use crate::domain::{Appliance, file::picture, user};
use crate::http::client::Client;
use crate::model::user::{Origin, User};
use crate::model::{Fault, Part, Refusal};
use crate::output;
use crate::wire::rongcloud as wire;

pub type Nothing = crate::dialect::fields::Nothing;

output! {
    /// A chat key.
    pub struct Key {
        pub key: String,
    }
}

pub async fn key(whole: Whole<Nothing>) -> Result<Sealed, Fault> {
    let Whole { app, actor, caller, headers, .. } = whole;
    let actor = actor.ok_or(Fault::Unauthenticated(Refusal::Absent))?;
    let user = user::by_handle(&app, actor.handle.clone()).await?;
    let user = user.ok_or(Fault::Unauthenticated(Refusal::Invalid))?;
    let key = match &app.policy.rongcloud {
        Some(service) => ask(&app, service, &caller, &user).await?,
        // A key is good for seven days: it is no means to make them longer.
        None if actor.origin == Origin::Groups => {
            credentials::scheme_token(&headers, &auth::SCHEMES)?.to_owned()
        }
        None => {
            let issuer = caller.addr.to_string();
            let grant = Grant { user: &user, origin: Origin::Groups, issuer, others: Others::Keep };
            session::open(&app, grant, caller.now).await?
        }
    };
    let body = serde_json::to_vec(&Key { key });
    let body = body.map_err(|e| Fault::internal("encoding an answer", e))?;
    Ok(Sealed::json(StatusCode::OK, body))
}

/// How long the caller waits for RongCloud.
const PATIENCE: Duration = Duration::from_secs(10);

async fn ask(
    app: &Appliance,
    service: &RongCloud,
    caller: &Caller,
    user: &User,
) -> Result<String, Fault> {
    let picture = caller.base.absolute(app, picture::of_person(&user.picture));
    let call = wire::token(&user.id.to_string(), user.shown_name(), &picture);
    let client = Client::new("").map_err(|e| Fault::internal("RongCloud", format!("{e:?}")))?;
    let letter = rongcloud::Letter {
        action: call.action,
        form: call.form,
        nonce: app.entropy.u32(),
        now: caller.now,
        patience: PATIENCE,
    };
    let answer = rongcloud::send(&client, service, letter).await;
    let token = answer.and_then(|answer| wire::token_of(answer.status, &answer.body));
    token.map_err(|why| {
        tracing::warn!(user = %user.id, why, "RongCloud gave no token");
        Fault::Offline(Part::Cloud)
    })
}
