//! `/files/picture/…`: what groups and people without a picture are shown with.

use bytes::Bytes;
use hyper::header::HeaderMap;
use hyper::{Method, Response};

use crate::domain::file::picture;
use crate::http::Body;
use crate::http::range::{self, Content};

/// Apps without a browser show no SVG.
const GROUP: &[u8] = include_bytes!("group.png");
const PERSON: &[u8] = include_bytes!("person.png");

/// The default picture of that address, if it is one's.
pub fn answer(path: &str, method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
    let bytes = match path {
        picture::GROUP => GROUP,
        picture::PERSON => PERSON,
        _ => return None,
    };
    let content = Content { content_type: "image/png", etag: None, cache_control: "max-age=86400" };
    Some(range::serve_bytes(method, headers, content, &Bytes::from_static(bytes)))
}
