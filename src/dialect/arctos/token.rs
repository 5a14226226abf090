//! `getAuthTokenUseCode`: a token for a code; and what the box signs into one.

use hyper::Uri;
use serde::{Deserialize, Serialize};

use crate::dialect::Guest;
use crate::dialect::fields::{Fields, Text};
use crate::domain::session::{self, Grant, Others};
use crate::domain::{Appliance, pass};
use crate::model::pass::Device;
use crate::model::user::Origin;
use crate::model::{Fault, Refusal};
use crate::wire::jwt;
use crate::{input, output};

/// What a token of this dialect says. The session decides how long it is good; `exp` is for others to read.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    /// Unix seconds.
    pub iat: i64,
    pub exp: i64,
    /// Makes two tokens of one second differ.
    pub jti: String,
    pub client_id: String,
    pub user_id: i64,
    pub role: String,
}

/// No token of another dialect is signed with this key.
const PURPOSE: &str = "arctos";

/// Whether the box has signed this token, and its time is over.
pub fn has_expired(app: &Appliance, token: &str, now_s: i64) -> bool {
    // Most of what is forged says that it is young, and no signature has to be made for it.
    let claims = jwt::claims(token).ok();
    let end = claims.and_then(|json| Fields::parse(&json).ok()?.get("exp")?.parse().ok());
    end.is_some_and(|end: i64| end < now_s)
        && jwt::verify::<Claims>(&app.secrets.signing_key(PURPOSE), token).is_ok()
}

input! {
    /// Body of `getAuthTokenUseCode`.
    pub struct UseCode {
        /// authorization_code
        pub grant_type: Text<1, 64>,
        /// arctos-webapp (also when absent), arctos-switch or arctos-client.
        pub client_id: Option<Text<0, 64>>,
        /// The code that getAuthCode gave.
        pub code: Text<1, 512>,
        /// An address; checked, and otherwise ignored.
        pub redirect_uri: Option<Text<0, 1024>>,
    }
}

output! {
    /// Who it is, and the token.
    pub struct AuthToken {
        /// The user's number in the box.
        pub user_id: i64,
        pub access_token: String,
    }
}

pub async fn redeem(guest: Guest<UseCode>) -> Result<AuthToken, Fault> {
    let Guest { app, caller, value } = guest;
    let refused = || Fault::Unauthenticated(Refusal::Code);
    let redirect = value.redirect_uri.map(|uri| uri.0).filter(|uri| !uri.is_empty());
    if redirect.is_some_and(|uri| !is_address(&uri)) {
        return Err(Fault::invalid("redirect_uri", "is no address"));
    }
    if value.grant_type.0 != "authorization_code" {
        return Err(refused());
    }
    let device = match value.client_id.map(|id| id.0) {
        None => Device::Webapp,
        Some(id) => Device::from_word(&id).ok_or_else(refused)?,
    };
    let (user, claim) = pass::redeem(&app, &value.code.0, device, caller.addr, caller.now).await?;
    let now_s = caller.now.wall.as_seconds();
    let claims = Claims {
        iss: app.policy.box_name.clone(),
        iat: now_s,
        exp: now_s + session::AGE_MAX.as_seconds(),
        jti: app.entropy.hex::<16>(),
        client_id: device.word().to_owned(),
        user_id: user.id.0,
        role: claim.word().to_owned(),
    };
    let access_token = jwt::sign(&app.secrets.signing_key(PURPOSE), &claims);
    let issuer = caller.addr.to_string();
    let grant = Grant { user: &user, origin: Origin::Arctos, issuer, others: Others::Keep };
    let admitted = session::admit(&app, &access_token, grant, caller.now).await;
    admitted.map_err(|fault| match fault {
        // Closed, or staff, since the code was looked at.
        Fault::Missing(_) | Fault::Unauthenticated(_) => refused(),
        other => other,
    })?;
    Ok(AuthToken { user_id: user.id.0, access_token })
}

/// Apps have schemes of their own.
fn is_address(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some())
}
