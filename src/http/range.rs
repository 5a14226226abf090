//! Bytes on request: conditional and range requests (RFC 9110, sections 13 and 14) for files and for bytes
//! in memory. Knows neither lessons nor who may read; the caller has decided both and names the file.
//!
//! Only GET has ranges. Of several ranges in one request none is picked: the answer is the whole thing,
//! which the RFC allows, players never ask for, and which leaves no multipart writer to attack.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::http::Body;

/// Read at once from a file. A slow reader holds one of these and what hyper queues for its socket, which
/// is 400 KiB unless the listener says `max_buf_size(64 * 1024)`: then about 100 KiB a reader in all.
const CHUNK: usize = 64 * 1024;

/// How a body is described to the client.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    pub content_type: &'a str,
    /// The complete header value: `"abc"`, or `W/"abc"`, which never satisfies `If-Range`.
    pub etag: Option<&'a str>,
    pub cache_control: &'a str,
}

/// Answers a GET or HEAD for a file. `limit_len` serves only the first so many bytes of one that is growing.
///
/// # Errors
/// When the file cannot be opened or is no plain file; `NotFound` is the caller's 404.
pub async fn serve_file(
    method: &Method,
    headers: &HeaderMap,
    content: Content<'_>,
    path: &Path,
    limit_len: Option<u64>,
) -> io::Result<Response<Body>> {
    let path = path.to_owned();
    let opened = spawn_blocking(move || {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "not a plain file"));
        }
        Ok((file, meta.len()))
    });
    let (file, len) = opened.await.map_err(io::Error::other)??;
    let len = limit_len.map_or(len, |limit| limit.min(len));
    let file = Arc::new(file);
    let answer = decide(method, headers, content.etag, len);
    Ok(reply(method, &answer, content, len, |part| {
        Body::read(FileBody { file, at: part.start, end: part.end, reading: None })
    }))
}

/// Answers a GET or HEAD for bytes that are in memory.
pub fn serve_bytes(
    method: &Method,
    headers: &HeaderMap,
    content: Content<'_>,
    bytes: &Bytes,
) -> Response<Body> {
    let len = bytes.len() as u64;
    let answer = decide(method, headers, content.etag, len);
    reply(method, &answer, content, len, |part| {
        let bound =
            |n: u64| usize::try_from(n).expect("a part lies within bytes that are in memory");
        Body::whole(bytes.slice(bound(part.start)..bound(part.end)))
    })
}

/// What a request's headers ask of a thing of known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200
    Whole,
    /// 206, never empty
    Part(Range<u64>),
    /// 304
    NotModified,
    /// 412
    Failed,
    /// 416
    Unsatisfiable,
}

/// The order of RFC 9110, 13.2.2: `If-Match`, `If-None-Match`, then `Range` under `If-Range`.
/// Dates are never sent, so conditions on dates are ignored, and `If-Range` with a date is false.
pub fn decide(method: &Method, headers: &HeaderMap, etag: Option<&str>, len: u64) -> Answer {
    if headers.contains_key(header::IF_MATCH) && !any_tag(headers, header::IF_MATCH, etag, strong) {
        return Answer::Failed;
    }
    if any_tag(headers, header::IF_NONE_MATCH, etag, weak) {
        return Answer::NotModified;
    }
    let mut ranges = headers.get_all(header::RANGE).iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else {
        return Answer::Whole;
    };
    if method != Method::GET || !if_range_holds(headers, etag) {
        return Answer::Whole;
    }
    range.to_str().map_or(Answer::Whole, |text| match parse(text, len) {
        Asked::Whole => Answer::Whole,
        Asked::One(part) => Answer::Part(part),
        Asked::Unsatisfiable => Answer::Unsatisfiable,
    })
}

/// A `Range` header against a length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// No valid range, another unit, or several ranges.
    Whole,
    One(Range<u64>),
    Unsatisfiable,
}

/// Parses the value of `Range`. What is malformed is ignored, as the RFC wants.
pub fn parse(text: &str, len: u64) -> Asked {
    let Some((unit, set)) = text.split_once('=') else {
        return Asked::Whole;
    };
    if !unit.trim_ascii().eq_ignore_ascii_case("bytes") {
        return Asked::Whole;
    }
    let mut specs = set.split(',').map(str::trim_ascii).filter(|s| !s.is_empty());
    let Some(first) = specs.next() else {
        return Asked::Whole;
    };
    let Some(mut found) = one(first, len) else {
        return Asked::Whole;
    };
    for spec in specs {
        let Some(next) = one(spec, len) else {
            return Asked::Whole;
        };
        if found != Asked::Unsatisfiable || next != Asked::Unsatisfiable {
            found = Asked::Whole;
        }
    }
    found
}

/// One range-spec; `None` when it is malformed or invalid.
fn one(spec: &str, len: u64) -> Option<Asked> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        let suffix = number(last)?;
        return Some(match (suffix, len) {
            (0, _) => Asked::Unsatisfiable,
            // Satisfiable by the RFC's letter, but nothing of no bytes can stand in Content-Range.
            (_, 0) => Asked::Whole,
            _ => Asked::One(len.saturating_sub(suffix)..len),
        });
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return None;
    }
    Some(if first < len {
        Asked::One(first..last.saturating_add(1).min(len))
    } else {
        Asked::Unsatisfiable
    })
}

/// Digits only; a number too large for us is still a number, and past every end.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// `If-Range` must match strongly, else the range is not looked at and the client gets the new whole.
fn if_range_holds(headers: &HeaderMap, etag: Option<&str>) -> bool {
    let Some(wanted) = headers.get(header::IF_RANGE) else {
        return true;
    };
    etag.is_some_and(|ours| wanted.to_str().is_ok_and(|theirs| strong(theirs.trim_ascii(), ours)))
}

fn strong(theirs: &str, ours: &str) -> bool {
    theirs == ours && !ours.starts_with("W/") && ours.starts_with('"')
}

fn weak(theirs: &str, ours: &str) -> bool {
    theirs.trim_start_matches("W/") == ours.trim_start_matches("W/")
}

/// Whether a list of entity tags, which may fill several header lines, names ours. `*` names any.
fn any_tag(
    headers: &HeaderMap,
    name: HeaderName,
    etag: Option<&str>,
    same: fn(&str, &str) -> bool,
) -> bool {
    let lines = headers.get_all(name);
    let mut values = lines.iter().filter_map(|value| value.to_str().ok());
    values.any(|value| {
        let named = |ours| tags(value).any(|theirs| same(theirs, ours));
        value.trim_ascii() == "*" || etag.is_some_and(named)
    })
}

/// The entity tags of a list. A comma may stand inside the quotes, so quotes are counted, not commas.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let start = rest.find(['"', 'W'])?;
        let open = start + rest[start..].find('"')?;
        let close = open + 1 + rest[open + 1..].find('"')?;
        let tag = &rest[start..=close];
        rest = &rest[close + 1..];
        Some(tag)
    })
}

fn reply(
    method: &Method,
    answer: &Answer,
    content: Content<'_>,
    len: u64,
    body: impl FnOnce(Range<u64>) -> Body,
) -> Response<Body> {
    let (status, part) = match answer {
        Answer::Whole => (StatusCode::OK, Some(0..len)),
        Answer::Part(part) => (StatusCode::PARTIAL_CONTENT, Some(part.clone())),
        Answer::NotModified => (StatusCode::NOT_MODIFIED, None),
        Answer::Failed => (StatusCode::PRECONDITION_FAILED, None),
        Answer::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, None),
    };
    let mut response = Response::new(Body::whole(Bytes::new()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    describe(headers, answer, content, len);
    let Some(part) = part else { return response };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
    if method != Method::HEAD {
        *response.body_mut() = body(part);
    }
    response
}

fn describe(headers: &mut HeaderMap, answer: &Answer, content: Content<'_>, len: u64) {
    let mut set = |name: HeaderName, text: &str| {
        // A value that is no header text is left out rather than sent broken.
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    set(header::ACCEPT_RANGES, "bytes");
    match answer {
        Answer::Failed => return,
        Answer::Unsatisfiable => return set(header::CONTENT_RANGE, &format!("bytes */{len}")),
        Answer::Part(part) => {
            let last = part.end - 1;
            set(header::CONTENT_RANGE, &format!("bytes {}-{last}/{len}", part.start));
        }
        Answer::Whole | Answer::NotModified => {}
    }
    if let Some(etag) = content.etag {
        set(header::ETAG, etag);
    }
    set(header::CACHE_CONTROL, content.cache_control);
    if *answer != Answer::NotModified {
        set(header::CONTENT_TYPE, content.content_type);
    }
}

/// A part of a file, read on the blocking pool when hyper asks for more and not before.
struct FileBody {
    file: Arc<File>,
    at: u64,
    end: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl hyper::body::Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let (at, left) = (self.at, self.end - self.at);
        let file = &self.file.clone();
        let reading = self.reading.get_or_insert_with(|| {
            let (file, want) = (file.clone(), usize::try_from(left).unwrap_or(CHUNK).min(CHUNK));
            spawn_blocking(move || read(&file, at, want))
        });
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let outcome = read.map_err(io::Error::other).flatten();
        match &outcome {
            Ok(bytes) => self.at += bytes.len() as u64,
            Err(_) => self.end = self.at,
        }
        Poll::Ready(Some(outcome.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end.saturating_sub(self.at))
    }
}

fn read(file: &File, at: u64, want: usize) -> io::Result<Bytes> {
    let mut buffer = vec![0; want];
    file.read_exact_at(&mut buffer, at)?;
    Ok(Bytes::from(buffer))
}

#[cfg(test)]
mod tests;
