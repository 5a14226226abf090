//! The gateways of document 002: whoever holds one of these WebSockets open is online. Two of them: port 17778
//! for native clients, port 30000 with JSON frames for browsers. No message of anybody passes through here.

mod frames;
mod visit;

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, StatusCode};

use crate::domain::{Appliance, online};
use crate::http::url::query;
use crate::http::websocket::{self, Limits};
use crate::http::{Body, Peer, reply};
use crate::model::{Clock, Platform};
use visit::Visit;

/// Longest frame taken: a client of the original packs a message with its pictures' addresses in one.
const FRAME_BYTES_MAX: usize = 64 * 1024;

/// What both gateways need to know of the box.
#[derive(Clone)]
pub struct Gateway {
    pub app: Arc<Appliance>,
    pub clock: Clock,
}

/// Which language a gateway speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// Gob and protobuf, of which the box understands nothing: frames are ignored.
    Native,
    Json,
}

/// What the address of a connection says: `?sendID=…&platformID=…&token=…`.
pub struct Coming {
    pub send_id: String,
    pub platform: Platform,
    pub token: String,
}

impl Coming {
    fn read(text: &str) -> Option<Self> {
        let part = |name| query::first(text, name).filter(|value| !value.is_empty());
        let platform = Platform::new(part("platformID")?.parse().ok()?)?;
        let (send_id, token) = (part("sendID")?.into_owned(), part("token")?.into_owned());
        Some(Self { send_id, platform, token })
    }
}

impl Gateway {
    /// Native clients hear what is wrong with their token as the HTTP status, 701 to 705; browsers cannot see
    /// a status, so they come in and hear it as the answer to their Login.
    pub fn answer<B>(&self, speech: Speech, mut request: Request<B>, peer: Peer) -> Response<Body> {
        let Some(coming) = Coming::read(request.uri().query().unwrap_or("")) else {
            return refused(401, "Unauthorized");
        };
        let who = match speech {
            Speech::Json => None,
            Speech::Native => {
                let now = self.clock.moment();
                match online::holder(&self.app, &coming.send_id, &coming.token, now) {
                    Ok(actor) => Some(actor.handle.clone()),
                    Err(flaw) => return refused(flaw.code(), flaw.text()),
                }
            }
        };
        let upgrade = match websocket::asked(&mut request) {
            Ok(upgrade) => upgrade,
            Err(not) => return not.answer(),
        };
        // The place is taken last: a request that becomes no WebSocket puts nobody out.
        let enter = |who| self.app.online.enter(&who, coming.platform, &coming.token);
        let stay = match who.map(enter).transpose() {
            Ok(stay) => stay,
            Err(why) => {
                let (code, text) = frames::no_place(why);
                return refused(code, text);
            }
        };
        let (answer, opening) = upgrade.accept(Limits::usual(FRAME_BYTES_MAX));
        let visit = Visit::new(self.clone(), speech, coming, stay);
        tokio::spawn(async move {
            if let Some(socket) = opening.open().await {
                let end = visit.last(socket).await;
                tracing::debug!(peer = %peer.addr, ?end, "a gateway's connection ended");
            }
        });
        answer
    }
}

fn refused(status: u16, text: &'static str) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED);
    let mut answer = reply::text(status, Bytes::from_static(text.as_bytes()));
    // As the original has it, for clients of another version.
    let version = HeaderValue::from_static("13");
    answer.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, version);
    answer
}
