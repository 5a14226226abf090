//! A request to a row of any dialect: the row says method and address, the test says the rest.
//!
//! `Ask::new().param("id", 7).token("Token abc").json(json!({"userid": 10002}))`
#![allow(dead_code)] // each test uses its part

use std::fmt::Write as _;
use std::net::IpAddr;

use arctos_box::dialect::{Dialect, Row, Verb, path};
use arctos_box::http::Peer;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use crate::world::{Answer, World};

/// What goes with a request, before it is known which row it is for.
#[derive(Clone, Debug)]
pub struct Ask {
    method: Option<String>,
    address: Option<&'static str>,
    params: Vec<(String, String)>,
    query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Sent,
    from: IpAddr,
}

/// A request's body.
#[derive(Clone, Debug)]
pub enum Sent {
    Nothing,
    Json(Value),
    /// Content-Type (none when empty) and exactly these bytes.
    Raw(&'static str, Vec<u8>),
    /// `application/x-www-form-urlencoded`
    Form(Vec<(String, String)>),
    /// `multipart/form-data`
    Multipart(Vec<Part>),
}

/// One part of a multipart body; with a file name it is a file.
#[derive(Clone, Debug)]
pub struct Part {
    pub name: &'static str,
    pub file: Option<&'static str>,
    pub kind: &'static str,
    pub bytes: Vec<u8>,
}

impl Part {
    pub fn text(name: &'static str, text: &str) -> Self {
        Self { name, file: None, kind: "", bytes: text.into() }
    }

    pub fn file(name: &'static str, file: &'static str, kind: &'static str, bytes: &[u8]) -> Self {
        Self { name, file: Some(file), kind, bytes: bytes.into() }
    }
}

const BOUNDARY: &str = "----golden";

impl Ask {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            method: None,
            address: None,
            params: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Sent::Nothing,
            from: IpAddr::from([127, 0, 0, 1]),
        }
    }

    /// Another method than the row's first.
    pub fn by(mut self, method: &str) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Another name of the row: one of its aliases.
    pub fn under(mut self, alias: &'static str) -> Self {
        self.address = Some(alias);
        self
    }

    /// What stands in the path for `{name}`; encoded here.
    pub fn param(mut self, name: &str, value: impl ToString) -> Self {
        self.params.retain(|(known, _)| known != name);
        self.params.push((name.into(), value.to_string()));
        self
    }

    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.retain(|(known, _)| known != name);
        self.query.push((name.into(), value.to_string()));
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// The whole Authorization header: `Token abc`.
    pub fn token(self, value: &str) -> Self {
        self.header("Authorization", value)
    }

    pub fn json(mut self, body: Value) -> Self {
        self.body = Sent::Json(body);
        self
    }

    pub fn raw(mut self, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Sent::Raw(kind, body.into());
        self
    }

    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.body = Sent::Form(fields.iter().map(own).collect());
        self
    }

    pub fn multipart(mut self, parts: Vec<Part>) -> Self {
        self.body = Sent::Multipart(parts);
        self
    }

    /// From another address than 127.0.0.1.
    pub fn from(mut self, addr: [u8; 4]) -> Self {
        self.from = addr.into();
        self
    }

    /// A field where the row has it: in the path, the query or the body.
    pub fn field(mut self, row: &Row, name: &str, value: Value) -> Self {
        let text = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if path::params(row.address).any(|param| param == name) {
            return self.param(name, text);
        }
        match &mut self.body {
            Sent::Json(body) if has_body(row) => body[name] = value,
            Sent::Nothing if has_body(row) => self.body = Sent::Json(json!({ name: value })),
            _ => return self.query(name, text),
        }
        self
    }

    /// What the path, the query or a JSON body says of a field, as JSON.
    pub fn said(&self, name: &str) -> Option<String> {
        let pairs = self.params.iter().chain(&self.query);
        let mut pairs = pairs.filter(|(known, _)| known == name);
        match (pairs.next(), &self.body) {
            (Some((_, value)), _) => Some(value.clone()),
            (None, Sent::Json(body)) => body.get(name).map(Value::to_string),
            (None, _) => None,
        }
    }

    /// The field is left out, wherever it stands but in the path.
    pub fn without(mut self, name: &str) -> Self {
        self.query.retain(|(known, _)| known != name);
        match &mut self.body {
            Sent::Json(Value::Object(members)) => drop(members.remove(name)),
            Sent::Form(fields) => fields.retain(|(known, _)| known != name),
            Sent::Multipart(parts) => parts.retain(|part| part.name != name),
            Sent::Nothing | Sent::Json(_) | Sent::Raw(..) => {}
        }
        self
    }

    pub fn method<'a>(&'a self, row: &Row) -> &'a str {
        self.method.as_deref().unwrap_or(row.methods[0].as_str())
    }

    /// Path and query.
    ///
    /// # Panics
    /// When a piece of the path was not said.
    pub fn target(&self, dialect: &Dialect, row: &Row) -> String {
        let link = (dialect.shape.link)(self.address.unwrap_or(row.address));
        let mut path = link.path;
        for (name, value) in &self.params {
            path = path.replace(&format!("{{{name}}}"), &encoded(value));
        }
        assert!(!path.contains('{'), "{path}: say with param() what stands in the braces");
        let fixed = link.query.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let query = pairs(&fixed.chain(self.query.iter().cloned()).collect::<Vec<_>>());
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    /// All headers but Host, with the body's type where it has one.
    fn all_headers(&self) -> Vec<(String, String)> {
        let mut all = self.headers.clone();
        let kind = match &self.body {
            Sent::Json(_) => "application/json".into(),
            Sent::Raw(kind, _) => (*kind).into(),
            Sent::Form(_) => "application/x-www-form-urlencoded".into(),
            Sent::Multipart(_) => format!("multipart/form-data; boundary={BOUNDARY}"),
            Sent::Nothing => String::new(),
        };
        if !kind.is_empty()
            && !all.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            all.push(("Content-Type".into(), kind));
        }
        all
    }

    fn bytes(&self) -> Vec<u8> {
        match &self.body {
            Sent::Nothing => Vec::new(),
            Sent::Json(value) => value.to_string().into_bytes(),
            Sent::Raw(_, bytes) => bytes.clone(),
            Sent::Form(fields) => pairs(fields).into_bytes(),
            Sent::Multipart(parts) => {
                let mut body = Vec::new();
                for part in parts {
                    body.extend_from_slice(
                        format!("--{BOUNDARY}\r\n{}\r\n", head(part)).as_bytes(),
                    );
                    body.extend_from_slice(&part.bytes);
                    body.extend_from_slice(b"\r\n");
                }
                body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
                body
            }
        }
    }

    pub async fn send(&self, world: &World, dialect: &Dialect, row: &Row) -> Answer {
        let target = self.target(dialect, row);
        let mut request = Request::builder().method(self.method(row)).uri(target);
        request = request.header("host", "box.test");
        for (name, value) in self.all_headers() {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(self.bytes()))).unwrap();
        world.request_from(request, Peer { addr: self.from, secure: false }).await
    }

    /// Request line, headers, body, as a transcript has them. That JSON is JSON is not said.
    pub fn shown(&self, dialect: &Dialect, row: &Row) -> String {
        let mut text = format!("{} {}\n", self.method(row), self.target(dialect, row));
        for (name, value) in self.all_headers() {
            if value != "application/json" {
                writeln!(text, "{name}: {value}").unwrap();
            }
        }
        match &self.body {
            Sent::Multipart(parts) => {
                let shown =
                    parts.iter().map(|part| format!("{}\n{}", head(part), plain(&part.bytes)));
                text + &shown.collect::<Vec<_>>().join("\n").replace('\r', "")
            }
            Sent::Nothing | Sent::Json(_) | Sent::Raw(..) | Sent::Form(_) => {
                text + &plain(&self.bytes())
            }
        }
    }
}

/// Whether a row's fields stand in its body.
pub fn has_body(row: &Row) -> bool {
    matches!(row.methods[0], Verb::Post | Verb::Put)
}

fn head(part: &Part) -> String {
    let mut head = format!("Content-Disposition: form-data; name=\"{}\"", part.name);
    if let Some(file) = part.file {
        write!(head, "; filename=\"{file}\"\r\nContent-Type: {}", part.kind).unwrap();
    }
    head + "\r\n"
}

fn plain(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("({} bytes)", bytes.len()),
    }
}

fn pairs(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", encoded(name), encoded(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            other => write!(out, "%{other:02X}").unwrap(),
        }
    }
    out
}
