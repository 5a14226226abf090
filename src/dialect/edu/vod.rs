//! `svc=vod`: signatures for Tencent's video service, and the service itself by way of the box.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{self, HeaderMap, HeaderValue};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::dialect::fields::{Field, Output, Params, Text};
use crate::dialect::{Caller, Input};
use crate::domain::Appliance;
use crate::domain::cloud::{self, Call, Forward, Proxy};
use crate::http::client::{self, Client, ClientError, Outgoing};
use crate::http::url::percent;
use crate::model::{Fault, Part};
use crate::wire::tencent::{self, Question, Vod};
use crate::{input, output};

input! {
    /// Body of `vod/get_sign`.
    pub struct GetSign {
        /// GET or POST.
        pub method: Text<1, 8>,
        pub host: Text<1, 255>,
        /// `/v2/index.php`
        pub path: Text<1, 1024>,
        /// Of the call; SecretId is set by the box, SignatureMethod is HmacSHA1 when absent.
        pub params: Params,
    }
}

output! {
    /// What completes the call.
    pub struct Signed {
        /// Not URL-encoded.
        pub sign: String,
        pub SecretId: String,
        pub SignatureMethod: String,
    }
}

pub async fn get_sign(input: Input<GetSign>) -> Result<Signed, Fault> {
    let Input { app, value, .. } = input;
    let call = Call {
        method: value.method.0,
        host: value.host.0,
        path: value.path.0,
        params: value.params.0,
    };
    let signed = cloud::vod_sign(&app, &call)?;
    Ok(Signed {
        sign: signed.sign,
        SecretId: signed.secret_id,
        SignatureMethod: signed.method.to_owned(),
    })
}

input! {
    /// Body of `vod/get_client_sign`.
    pub struct GetClientSign {}
}

output! {
    /// What a client's upload carries.
    pub struct ClientSigned {
        /// Not URL-encoded.
        pub sign: String,
        pub SecretId: String,
    }
}

pub async fn get_client_sign(input: Input<GetClientSign>) -> Result<ClientSigned, Fault> {
    let Input { app, caller, .. } = input;
    let (sign, secret_id) = cloud::client_sign(&app, caller.now);
    Ok(ClientSigned { sign, SecretId: secret_id })
}

input! {
    /// Body of `vod/cmd_proxy`.
    pub struct CmdProxy {
        /// GET or POST.
        pub method: Text<1, 8>,
        /// vod.api.qcloud.com
        pub host: Text<1, 255>,
        /// `/v2/index.php`
        pub path: Text<1, 1024>,
        /// Of the call; Action says which.
        pub params: Params,
    }
}

/// Tencent's answer, or the box's in Tencent's shape: an object whose members document 001 does not close.
#[derive(Debug)]
pub struct Proxied(Box<RawValue>);

impl Serialize for Proxied {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Output for Proxied {
    const FIELDS: &'static [Field] = &[];
}

pub async fn cmd_proxy(input: Input<CmdProxy>) -> Result<Proxied, Fault> {
    let Input { app, caller, value, .. } = input;
    let call = Call {
        method: value.method.0,
        host: value.host.0,
        path: value.path.0,
        params: value.params.0,
    };
    let text = match cloud::proxy(&app, &call, caller.now)? {
        Proxy::Own(question) => own(&app, &caller, question).await?,
        Proxy::Forward(forward) => match send(forward).await? {
            Some(text) => text,
            None => own(&app, &caller, cloud::own(&call)?).await?,
        },
    };
    let raw = RawValue::from_string(text).map_err(|e| Fault::internal("a cloud answer", e))?;
    Ok(Proxied(raw))
}

async fn own(app: &Appliance, caller: &Caller, question: Question) -> Result<String, Fault> {
    let reachable = |mut film: Vod| {
        film.url = caller.base.absolute(app, &film.url);
        film.cover = caller.base.absolute(app, &film.cover);
        film
    };
    match question {
        Question::List(wanted) => {
            let (total, films) = wanted.choose(cloud::films(app, caller.appid).await?);
            let films: Vec<Vod> = films.into_iter().map(reachable).collect();
            Ok(tencent::list(total, &films))
        }
        Question::One { file_id } => {
            let film = cloud::film(app, caller.appid, &file_id).await?;
            Ok(tencent::one(&reachable(film)))
        }
    }
}

/// As the original's SDK waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// A page of 100 films is a tenth of it.
const ANSWER_MAX: usize = 1024 * 1024;

/// Tencent's answer; `None` when there is no way out of the building.
async fn send(forward: Forward) -> Result<Option<String>, Fault> {
    let client = Client::new("").map_err(|e| Fault::internal("cloud client", format!("{e:?}")))?;
    let answer = match client::send(&client, outgoing(forward)).await {
        Ok(answer) => answer,
        Err(ClientError::BadUrl) => {
            return Err(Fault::invalid("path", "is no path of an address"));
        }
        Err(ClientError::Connect(why)) => {
            tracing::info!(why, "no way to the cloud; answered from the box");
            return Ok(None);
        }
        Err(
            error @ (ClientError::Tls(_)
            | ClientError::Timeout
            | ClientError::TooLarge
            | ClientError::Protocol(_)),
        ) => {
            tracing::warn!(?error, "calling the cloud failed");
            return Err(Fault::Offline(Part::Cloud));
        }
    };
    tencent::passed_on(&answer.body).map(Some).map_err(|code| {
        tracing::warn!(status = answer.status, code, "the cloud refused a call");
        Fault::Offline(Part::Cloud)
    })
}

fn outgoing(forward: Forward) -> Outgoing {
    let pairs: Vec<String> = forward
        .params
        .iter()
        .map(|(name, value)| {
            format!("{}={}", percent::encode_component(name), percent::encode_component(value))
        })
        .collect();
    let (query, mut headers) = (pairs.join("&"), HeaderMap::new());
    let (method, url, body) = if forward.is_post {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
        (Method::POST, forward.url, Bytes::from(query))
    } else {
        (Method::GET, format!("{}?{query}", forward.url), Bytes::new())
    };
    Outgoing { method, url, headers, body, timeout: PATIENCE, answer_max: ANSWER_MAX }
}

#[cfg(test)]
mod tests;
