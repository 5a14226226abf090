//! Small answers.

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};

use super::{Body, tables};

static JSON: HeaderValue = HeaderValue::from_static("application/json");
static NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
static ANY: HeaderValue = HeaderValue::from_static("*");

/// Almost all of ours are JSON: no byte of that is looked at again.
fn kind(content_type: &'static str) -> HeaderValue {
    match content_type {
        "application/json" => JSON.clone(),
        other => HeaderValue::from_static(other),
    }
}

/// An answer of one type that nobody may keep.
pub fn whole(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Body> {
    let mut reply = Response::new(Body::whole(body));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind(content_type));
    headers.insert(header::CACHE_CONTROL, NO_STORE.clone());
    reply
}

/// The same in place of a request, whose table of headers is used again; `open`: pages of any origin may read it.
pub fn instead(
    asked: HeaderMap,
    open: bool,
    status: StatusCode,
    (content_type, body): (&'static str, Bytes),
) -> Response<Body> {
    let mut reply = Response::new(Body::whole(body));
    *reply.status_mut() = status;
    if let (true, Some(ready)) = (open && content_type == "application/json", tables::ready()) {
        tables::keep(asked);
        *reply.headers_mut() = ready;
        return reply;
    }
    let mut headers = tables::cleared(asked);
    headers.insert(header::CONTENT_TYPE, kind(content_type));
    headers.insert(header::CACHE_CONTROL, NO_STORE.clone());
    if open {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY.clone());
    }
    *reply.headers_mut() = headers;
    reply
}

/// What almost every answer says first in its headers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Usual {
    Own,
    Open,
}

impl Usual {
    /// Told by where the values stand: they are this module's, and it gives them to no other name.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let is = |said: &HeaderValue, usual: &HeaderValue| {
            std::ptr::eq(said.as_bytes(), usual.as_bytes())
        };
        let mut said = headers.values();
        if !is(said.next()?, &JSON) || !is(said.next()?, &NO_STORE) {
            return None;
        }
        let is_open = said.next().is_some_and(|origin| is(origin, &ANY));
        let usual = if is_open { Self::Open } else { Self::Own };
        let names =
            [header::CONTENT_TYPE, header::CACHE_CONTROL, header::ACCESS_CONTROL_ALLOW_ORIGIN];
        debug_assert!(headers.keys().take(usual.count()).eq(&names[..usual.count()]));
        Some(usual)
    }

    /// How many headers these are.
    pub const fn count(self) -> usize {
        match self {
            Self::Own => 2,
            Self::Open => 3,
        }
    }

    /// As HTTP/1 writes it.
    pub fn lines(self) -> &'static [u8] {
        match self {
            Self::Own => b"content-type: application/json\r\ncache-control: no-store\r\n",
            Self::Open => {
                b"content-type: application/json\r\ncache-control: no-store\r\naccess-control-allow-origin: *\r\n"
            }
        }
    }
}

/// The headers of an answer that was sent: the next one that says the same need not be given them again.
pub fn sent(headers: HeaderMap, usual: Option<Usual>) {
    match usual == Some(Usual::Open) && headers.len() == Usual::Open.count() {
        true => tables::keep_ready(headers),
        false => tables::keep(headers),
    }
}

pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    whole(status, "application/json", body.into())
}

pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    whole(status, "text/plain; charset=utf-8", body.into())
}

/// CORS as the five dialects have it: any origin, never cookies. Source: decisions.md; 002's middleware.
pub fn open_to_all(reply: &mut Response<Body>) {
    let headers = reply.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY.clone());
}

/// The answer to a pre-flight `OPTIONS`.
pub fn preflight() -> Response<Body> {
    let mut reply = Response::new(Body::whole(Bytes::new()));
    *reply.status_mut() = StatusCode::NO_CONTENT;
    open_to_all(&mut reply);
    let headers = reply.headers_mut();
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, OPTIONS");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let allowed = HeaderValue::from_static("Authorization, Content-Type, Range, *");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("172800"));
    reply
}
