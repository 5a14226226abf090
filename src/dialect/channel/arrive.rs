//! `reg_from_channel`: a browser comes with the channel's word for it, gets the session cookie and is sent on.
//! The address holds a credential: it is never logged, and the answer keeps it out of the next page's Referer.

use hyper::StatusCode;
use hyper::header::{self, HeaderValue};

use super::envelope;
use crate::dialect::fields::{Digits, Text};
use crate::dialect::{Sealed, Whole};
use crate::domain::visitor;
use crate::http::url::query;
use crate::http::{cookie, onward};
use crate::input;
use crate::model::Fault;

input! {
    /// Query of `reg_from_channel`.
    pub struct Arrival {
        /// The channel's number of the user.
        pub user_id: Digits<0, { i64::MAX }>,
        /// Hex HMAC-SHA256(app_secret, "YYYYMMDD" + user_id).
        pub auth_token: Option<Text<0, 512>>,
        /// Where the browser is sent on: a page under /course/ of this box.
        pub next: Text<1, 1024>,
    }
}

pub async fn arrive(whole: Whole<Arrival>) -> Result<Sealed, Fault> {
    let Whole { app, caller, query, value, .. } = whole;
    let next = onward(&value.next.0, &query)
        .ok_or(Fault::invalid("next", "must be a page under /course/ of this box"))?;
    let location =
        HeaderValue::from_str(&next).map_err(|e| Fault::internal("writing Location", e))?;
    let auth_token = value.auth_token.map(|token| token.0).unwrap_or_default();
    let (number, from) = (value.user_id.0, caller.addr);
    let pass = visitor::arrive(&app, number, &auth_token, from, caller.now).await?;
    let session = cookie::set_session(Some(&pass.token), caller.base.secure);
    let mut answer = envelope::page(StatusCode::FOUND, "正在进入课堂", "On the way to the lesson.");
    answer.headers.push((header::LOCATION, location));
    answer.headers.push((header::SET_COOKIE, session));
    Ok(answer)
}

/// The address to go to, with what spilled out of it put back.
fn onward(next: &str, asked: &str) -> Option<String> {
    let others: Vec<_> = query::pairs(asked)
        .filter(|(name, _)| !["user_id", "auth_token", "next"].contains(&name.as_ref()))
        .collect();
    let others: Vec<(&str, &str)> =
        others.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    onward::within("/course/", next, &others)
}
