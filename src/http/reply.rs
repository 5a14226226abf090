//! Small answers.

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};

use super::Body;

/// Places in the table of a request with a dozen headers.
const HEADERS_KEPT: usize = 12;

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

/// The same, which pages of any origin may read. The request's own table of headers is used again.
pub fn open(
    asked: HeaderMap,
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
) -> Response<Body> {
    let mut reply = Response::new(Body::whole(body));
    *reply.status_mut() = status;
    // It is kept for a next request: it shall not stay large.
    let mut headers = if asked.capacity() <= HEADERS_KEPT { asked } else { HeaderMap::new() };
    headers.clear();
    headers.insert(header::CONTENT_TYPE, kind(content_type));
    headers.insert(header::CACHE_CONTROL, NO_STORE.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY.clone());
    *reply.headers_mut() = headers;
    reply
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
