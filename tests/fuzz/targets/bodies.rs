//! Request bodies before anybody knows a command: JSON, forms, multipart.

use arctos_box::dialect::fields::{Digits, Fields, Flag, Int, Params, RoomNumber, form};
use arctos_box::dialect::fields::{Text, Texts, Upload};
use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use serde_json::{Map, Value};

/// A line with the Content-Type, then the body.
pub fn bodies(bytes: &[u8]) {
    let at = bytes.iter().position(|b| *b == b'\n').unwrap_or(0);
    let (kind, body) = bytes.split_at(at);
    let body = Bytes::copy_from_slice(body.strip_prefix(b"\n").unwrap_or(body));
    if let Ok(fields) = Fields::parse(&body) {
        same(&fields, &body);
        taken(&fields);
    }
    let mut headers = HeaderMap::new();
    if let Ok(kind) = HeaderValue::from_bytes(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    // Nothing in it waits: the body is there.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let fields = runtime.block_on(form::parse(&headers, &body));
    if let Ok(fields) = fields {
        taken(&fields);
    }
}

/// The members are those that any reader of JSON finds, the last of a name.
fn same(fields: &Fields<'_>, body: &[u8]) {
    let members = serde_json::from_slice::<Map<String, Value>>(body).unwrap_or_default();
    for (name, value) in members {
        let raw = fields.get(&name).expect("each member is found");
        assert_eq!(serde_json::from_str::<Value>(raw).ok(), Some(value), "{name}");
    }
}

/// What a type takes is within the type's limits.
fn taken(fields: &Fields<'_>) {
    const NAME: &str = "a";
    if let Ok(Text::<1, 8>(text)) = fields.field(NAME) {
        assert!((1..=8).contains(&text.chars().count()));
    }
    if let Ok(Int::<-5, 900>(n)) = fields.field(NAME) {
        assert!((-5..=900).contains(&n));
        let Ok(Digits::<-5, 900>(same)) = fields.field(NAME) else { panic!("digits are wider") };
        assert_eq!(same, n);
    }
    if let Ok(RoomNumber(room)) = fields.field(NAME) {
        assert!(room.0 > 0);
    }
    if let Ok(Texts::<3, 8>(texts)) = fields.field(NAME) {
        assert!(texts.len() <= 3 && texts.iter().all(|text| text.chars().count() <= 8));
    }
    if let Ok(Upload::<16> { bytes }) = fields.field(NAME) {
        assert!(bytes.len() <= 16);
    }
    if let Ok(Params(params)) = fields.field(NAME) {
        assert!(params.len() <= 256);
    }
    let _ = fields.field::<Flag>(NAME);
    let _ = fields.field::<Option<Flag>>(NAME);
}
