//! WebSockets (RFC 6455), server side: an HTTP request asks for one, the answer is 101, and the connection
//! becomes a [`Socket`]. It knows frames, silence and draining, and nothing of what is said.
//!
//! ```text
//! let upgrade = match websocket::asked(&mut request) {
//!     Ok(upgrade) => upgrade,
//!     Err(not) => return not.answer(),
//! };
//! // Here a caller may still be refused with any HTTP answer.
//! let (answer, opening) = upgrade.accept(Limits::usual(8 * 1024));
//! tokio::spawn(async move {
//!     let Some(mut socket) = opening.open().await else { return };
//!     while let Ok(heard) = socket.recv().await { … socket.send(frame).await … }
//! });
//! answer
//! ```
//! The spawned task needs no other owner: the listener waits at drain until its sockets are gone.

mod sips;
mod socket;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use ring::digest;

use super::listener::Hold;
use super::{Body, reply};
pub use socket::{End, Frame, Socket};

/// A client that was answered 101 and does not go on is forgotten.
const OPENING: Duration = Duration::from_secs(10);
/// RFC 6455, section 1.3: what the client's key is hashed with.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a socket puts up with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest message taken, in bytes; a longer one closes the socket with 1009.
    pub message_max: usize,
    /// After so long a silence of the other end it is pinged.
    pub quiet: Duration,
    /// A ping that is not answered for so long ends the socket.
    pub grace: Duration,
    /// What is sent and not taken for so long ends the socket.
    pub stall: Duration,
}

impl Limits {
    /// A half-open connection is noticed within 25 s: 002 asks for 30.
    pub const fn usual(message_max: usize) -> Self {
        Self {
            message_max,
            quiet: Duration::from_secs(10),
            grace: Duration::from_secs(15),
            stall: Duration::from_secs(10),
        }
    }
}

/// A request that asks to become a WebSocket, not answered yet.
pub struct Upgrade {
    on: OnUpgrade,
    /// Absent where no listener of ours stands behind the request: in tests.
    hold: Option<Hold>,
    accept: HeaderValue,
}

/// Why a request cannot become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Not {
    /// An ordinary request, or one over HTTP/2.
    Asked,
    /// A version other than 13.
    Version,
    /// `Sec-WebSocket-Key` is missing or not 16 bytes.
    Key,
}

impl Not {
    /// 426 or 400 as JSON, saying what would do.
    pub fn answer(self) -> Response<Body> {
        let (status, body) = match self {
            Self::Asked => {
                (StatusCode::UPGRADE_REQUIRED, r#"{"error":"this address speaks WebSocket"}"#)
            }
            Self::Version => {
                (StatusCode::UPGRADE_REQUIRED, r#"{"error":"the WebSocket version must be 13"}"#)
            }
            Self::Key => (StatusCode::BAD_REQUEST, r#"{"error":"Sec-WebSocket-Key is no key"}"#),
        };
        let mut answer = reply::json(status, Bytes::from_static(body.as_bytes()));
        if status == StatusCode::UPGRADE_REQUIRED {
            let headers = answer.headers_mut();
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        answer
    }
}

/// Recognises the opening handshake. The request's body is not looked at; it has none.
pub fn asked<B>(request: &mut Request<B>) -> Result<Upgrade, Not> {
    let headers = request.headers();
    let asks = request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && lists(headers, header::CONNECTION, "upgrade")
        && lists(headers, header::UPGRADE, "websocket");
    if !asks {
        return Err(Not::Asked);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|v| v != "13") {
        return Err(Not::Version);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(Not::Key)?.as_bytes();
    if STANDARD.decode(key).map_or(0, |bytes| bytes.len()) != 16 {
        return Err(Not::Key);
    }
    let accept = accept(key);
    let hold = request.extensions_mut().remove();
    Ok(Upgrade { on: hyper::upgrade::on(request), hold, accept })
}

/// Whether a comma-separated header names `word`, in any case.
fn lists(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).any(|token| token.trim().eq_ignore_ascii_case(word))
}

fn accept(key: &[u8]) -> HeaderValue {
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key);
    hash.update(MAGIC.as_bytes());
    let text = STANDARD.encode(hash.finish());
    HeaderValue::from_str(&text).expect("base64 is always a header value")
}

impl Upgrade {
    /// The answer 101, and the socket to come once the answer is sent.
    pub fn accept(self, limits: Limits) -> (Response<Body>, Opening) {
        if let Some(hold) = &self.hold {
            hold.upgraded();
        }
        let mut answer = Response::new(Body::whole(Bytes::new()));
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        (answer, Opening { on: self.on, hold: self.hold, limits })
    }
}

/// A socket that opens when its 101 is out.
pub struct Opening {
    on: OnUpgrade,
    hold: Option<Hold>,
    limits: Limits,
}

impl Opening {
    /// `None` when the client went away in between.
    pub async fn open(self) -> Option<Socket> {
        let upgraded = tokio::time::timeout(OPENING, self.on).await.ok()?;
        let stream = match upgraded {
            Ok(stream) => TokioIo::new(stream),
            Err(e) => {
                tracing::debug!(error = %e, "no WebSocket came of it");
                return None;
            }
        };
        Some(Socket::new(stream, self.limits, self.hold))
    }
}

#[cfg(test)]
mod tests;
