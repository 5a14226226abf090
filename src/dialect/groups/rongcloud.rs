//! Calls of RongCloud's server API on their way out: for a token at once, for groups from the outbox.

use std::time::Duration;

use hyper::Method;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::domain::policy::RongCloud;
use crate::http::client::{self, Client, Incoming, Outgoing};
use crate::model::Moment;
use crate::wire::rongcloud::{Caller, headers};

/// One call and what makes this try of it its own.
pub struct Letter<'a> {
    /// `group/join`
    pub action: &'a str,
    /// `application/x-www-form-urlencoded`
    pub form: String,
    pub nonce: u32,
    pub now: Moment,
    pub patience: Duration,
}

/// A token's answer has 300 bytes.
const ANSWER_MAX: usize = 64 * 1024;

/// Sends a call, signed.
///
/// # Errors
/// Why there was no answer, for the log.
pub async fn send(
    client: &Client,
    service: &RongCloud,
    letter: Letter<'_>,
) -> Result<Incoming, String> {
    let caller = Caller {
        key: &service.key,
        secret: &service.secret,
        nonce: letter.nonce,
        now_ms: letter.now.wall.0,
    };
    let mut out = HeaderMap::new();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    out.insert(header::CONTENT_TYPE, form);
    for (name, value) in headers(&caller) {
        let value = HeaderValue::from_str(&value).map_err(|e| format!("{name}: {e}"))?;
        out.insert(HeaderName::from_static(name), value);
    }
    let outgoing = Outgoing {
        method: Method::POST,
        url: format!("{}/{}.json", service.endpoint, letter.action),
        headers: out,
        body: letter.form.into(),
        timeout: letter.patience,
        answer_max: ANSWER_MAX,
    };
    client::send(client, outgoing).await.map_err(|e| format!("{e:?}"))
}
