//! Bodies and addresses of every row of a dialect, sent by somebody who may send them.
//!
//! ```text
//! POST api/im/group/{id}/join     a row; of anything else the first byte chooses one
//! j?id=1000000001                 how the body is sent (json, form, multipart), then path and query
//! {"userid":"10002"}              the body; `$token` and the like are filled in
//! ```

use arctos_box::dialect::{self, Dialect, Row, path};
use arctos_box::http::url::{percent, query};
use hyper::Request;

use super::boxed::{self, Boxed};
use super::pieces::Pieces;

pub fn edu(bytes: &[u8]) {
    spoken(&dialect::edu::DIALECT, bytes);
}

pub fn channel(bytes: &[u8]) {
    spoken(&dialect::channel::DIALECT, bytes);
}

pub fn openim(bytes: &[u8]) {
    spoken(&dialect::openim::DIALECT, bytes);
}

pub fn groups(bytes: &[u8]) {
    spoken(&dialect::groups::DIALECT, bytes);
}

pub fn arctos(bytes: &[u8]) {
    spoken(&dialect::arctos::DIALECT, bytes);
}

pub fn station(bytes: &[u8]) {
    spoken(&dialect::station::DIALECT, bytes);
}

fn spoken(dialect: &'static Dialect, bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |b| *b == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (address, how, body) = (line(), line(), line());
    let row = row(dialect, address);
    let (kind, more) = how.split_first().unwrap_or((&b'j', &[]));
    let more = String::from_utf8_lossy(more.strip_prefix(b"?").unwrap_or(more));
    boxed::with(async |boxed| {
        let more = boxed.filled(more.as_bytes(), dialect.name);
        let more = String::from_utf8_lossy(&more);
        let mut request = Request::builder().uri(target(dialect, row, &more));
        request = request.method(row.methods[0].as_str()).header("host", "box.test");
        for (name, value) in headers(boxed, dialect) {
            request = request.header(name, value);
        }
        request = request.header("content-type", content_type(*kind));
        let body = boxed.filled(body, dialect.name);
        let request = request.body(Pieces::new(&body, usize::from(kind % 3) * 7)).unwrap();
        let answer = boxed.answer(request).await;
        assert!(!answer.body.is_empty(), "{} {}", dialect.name, row.address);
        // Of 500, document 002 has two that are answers like any other.
        let ours = answer.status >= 500 && answer.status != 503 && dialect.name != "openim";
        assert!(!ours, "{}: {}", row.address, answer.text());
    });
}

fn row(dialect: &'static Dialect, text: &[u8]) -> &'static Row {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let (verb, address) = text.split_once(' ').unwrap_or(("", text));
    let is = |row: &&Row| {
        row.address == address
            && (verb.is_empty() || row.methods.iter().any(|v| v.as_str() == verb))
    };
    let any = usize::from(text.bytes().next().unwrap_or(0)) % dialect.rows.len();
    dialect.rows.iter().find(is).unwrap_or(&dialect.rows[any])
}

/// Path and query. What stands in the path is coded as it must be, the rest as it is.
fn target(dialect: &Dialect, row: &Row, more: &str) -> String {
    let link = (dialect.shape.link)(row.address);
    let mut path = link.path;
    for name in path::params(row.address) {
        let value = query::first(more, name).unwrap_or("10001".into());
        path = path.replace(&format!("{{{name}}}"), &percent::encode_component(&value));
    }
    let fixed = link.query.iter().map(|(name, value)| format!("{name}={value}"));
    let plain = |c: char| c.is_ascii_graphic() && !"#\"<>\\^`{|}".contains(c);
    let more: String = more.chars().filter(|c| plain(*c)).collect();
    format!("{path}?{}", fixed.chain([more]).collect::<Vec<_>>().join("&"))
}

fn content_type(kind: u8) -> &'static str {
    match kind {
        b'f' => "application/x-www-form-urlencoded",
        b'm' => "multipart/form-data; boundary=x",
        _ => "application/json",
    }
}

/// What opens the rows that are opened by a header.
fn headers(boxed: &Boxed, dialect: &Dialect) -> Vec<(&'static str, String)> {
    match dialect.name {
        "channel" => vec![("authorization", format!("jwt {}", boxed.server))],
        "groups" => vec![("authorization", format!("Token {}", boxed.token))],
        "box" => vec![("authorization", format!("Bearer {}", boxed.administrator))],
        "arctos" => vec![
            ("arc-license-key", boxed.world.app().secrets.arctos_license_key.to_string()),
            ("authorization", format!("Bearer {}", boxed.arctos)),
        ],
        // In the body.
        _ => Vec::new(),
    }
}
