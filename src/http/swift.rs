//! HTTP/1.1 as almost every request of a lesson speaks it: a head and its whole body come in one read, and the answer
//! lies in memory. Such an exchange needs none of what hyper keeps for the others.
//!
//! Nothing is judged here. What is unusual in any way, or wrong, is not understood, and hyper gets the same bytes: a
//! request whose framing could be read in two ways has one reader.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};

use super::reply::{self, Usual};
use super::{Body, Inbound, tables};

/// Longest request, head and body. Two hundred users' ids take 5 KB.
pub const REQUEST_MAX: usize = 8 * 1024;
/// Browsers send twenty.
const HEADERS_MAX: usize = 32;
/// What every client says and nothing of the box reads: it is not put in order, and neither is the body's length.
pub const UNREAD: [&[u8]; 4] = [b"accept", b"user-agent", b"accept-language", b"referer"];
/// Answers of this length travel in one piece with their head.
const JOINED_MAX: usize = 1024;
/// Room for most heads, in bytes.
const HEAD_BYTES: usize = 320;

thread_local! {
    static DATE: Cell<(u64, [u8; DATE_LEN])> = const { Cell::new((0, *b"Thu, 01 Jan 1970 00:00:00 GMT")) };
}
const DATE_LEN: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();

/// The request that these bytes are, no more and no less, if it is a usual one.
pub fn request(bytes: &Bytes) -> Option<Request<Inbound>> {
    let mut room = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut []);
    let head = parsed.parse_with_uninit_headers(bytes, &mut room).ok()?;
    let httparse::Status::Complete(head) = head else { return None };
    let method = match (parsed.method?, parsed.version?) {
        ("POST", 1) => Method::POST,
        ("GET", 1) => Method::GET,
        _ => return None,
    };
    let target = parsed.path.filter(|target| target.starts_with('/'))?;
    let mut headers = tables::empty();
    let mut length = None;
    for said in parsed.headers.iter() {
        let name = said.name.as_bytes();
        if is(name, b"content-length") {
            length = Some(length_of(said.value, length)?);
            continue;
        }
        if UNREAD.iter().any(|unread| is(name, unread)) {
            continue;
        }
        let name = HeaderName::from_bytes(name).ok()?;
        if is_unusual(&name, said.value) {
            return None;
        }
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(said.value)).ok()?;
        headers.append(name, value);
    }
    let body = bytes.slice(head..);
    if body.len() != length.unwrap_or(0) {
        return None;
    }
    let mut request = Request::new(Inbound::whole(body));
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_maybe_shared(bytes.slice_ref(target.as_bytes())).ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

/// Its length tells most names apart.
#[inline(always)]
fn is(name: &[u8], wanted: &[u8]) -> bool {
    name.len() == wanted.len() && name.eq_ignore_ascii_case(wanted)
}

/// Said once, in plain digits.
fn length_of(said: &[u8], before: Option<usize>) -> Option<usize> {
    let plain = before.is_none() && said.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(said).ok().filter(|_| plain)?.parse().ok()
}

/// It says how the message is framed, what becomes of the connection, or asks for a word before the answer.
fn is_unusual(name: &HeaderName, value: &[u8]) -> bool {
    match *name {
        header::CONNECTION => !value.eq_ignore_ascii_case(b"keep-alive"),
        header::TRANSFER_ENCODING | header::UPGRADE | header::EXPECT => true,
        header::TE | header::TRAILER => true,
        _ => false,
    }
}

/// Head and body as they go out; a short body with its head. The answer itself when hyper has to send it.
pub fn encoded(
    mut answer: Response<Body>,
    last: bool,
) -> Result<(Vec<u8>, Bytes), Box<Response<Body>>> {
    let usual = Usual::of(answer.headers());
    let known = usual.map_or(0, Usual::count);
    let alone = says_no_more(answer.headers().keys().skip(known));
    let mut body = match (has_a_body(answer.status()) && alone, answer.body_mut()) {
        (true, Body::Whole(body)) => body.take().unwrap_or_default(),
        (_, Body::Whole(_) | Body::Read(_)) => return Err(Box::new(answer)),
    };
    let joined = if body.len() <= JOINED_MAX { body.len() } else { 0 };
    let mut out = Vec::with_capacity(HEAD_BYTES + joined);
    status_line(&mut out, answer.status());
    out.extend_from_slice(usual.map_or(b"", Usual::lines));
    for (name, value) in answer.headers().iter().skip(known) {
        line(&mut out, name.as_str(), value.as_bytes());
    }
    if last {
        line(&mut out, "connection", b"close");
    }
    out.extend_from_slice(b"content-length: ");
    out.extend_from_slice(itoa::Buffer::new().format(body.len()).as_bytes());
    out.extend_from_slice(b"\r\ndate: ");
    out.extend_from_slice(&date());
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(&body.split_to(joined));
    reply::sent(std::mem::take(answer.headers_mut()), usual);
    Ok((out, body))
}

fn has_a_body(status: StatusCode) -> bool {
    !status.is_informational() && !matches!(status.as_u16(), 204 | 304)
}

/// Nothing in its head says more than what it is. There are few: to look at them all takes less than to look for four.
fn says_no_more<'a>(mut names: impl Iterator<Item = &'a HeaderName>) -> bool {
    let own = [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::DATE];
    !names.any(|name| own.contains(name))
}

fn line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn status_line(out: &mut Vec<u8>, status: StatusCode) {
    if status == StatusCode::OK {
        return out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or("<none>").as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// IMF-fixdate (RFC 9110, 5.6.7), made once a second. Like hyper's it is the system's time, and decides nothing.
#[allow(clippy::disallowed_methods)]
fn date() -> [u8; DATE_LEN] {
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (made, text) = DATE.get();
    if made == second {
        return text;
    }
    let mut text = [0; DATE_LEN];
    let said = httpdate::fmt_http_date(now);
    text.copy_from_slice(said.as_bytes());
    DATE.set((second, text));
    text
}

#[cfg(test)]
mod tests;
