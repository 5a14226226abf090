//! The machinery that all dialects share: one static table each, from which the server, the API page, the
//! OpenAPI, the access and coverage tests, the metrics and the limits are read.

pub mod arctos;
pub mod channel;
pub mod credentials;
pub mod describe;
pub mod edu;
pub mod fields;
pub mod groups;
mod json;
pub mod openapi;
pub mod openim;
pub mod path;
pub mod serve;
pub mod station;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode, Uri};

use crate::domain::Appliance;
use crate::model::user::Actor;
use crate::model::{Fault, Millis, Moment, Thing};
use fields::{Field, Fields};
pub use json::Json;

/// Every dialect the box speaks. A new one is a folder and a line here.
pub static DIALECTS: &[&Dialect] = &[
    &edu::DIALECT,
    &channel::DIALECT,
    &openim::DIALECT,
    &groups::DIALECT,
    &arctos::DIALECT,
    &station::DIALECT,
];

/// decisions.md: a body is at most this long unless its row says more.
pub const BODY_MAX: usize = 64 * 1024;

pub struct Dialect {
    /// Short name: folder, metrics label, `api NAME`.
    pub name: &'static str,
    pub title: &'static str,
    /// How to call it: address form, envelope, credentials.
    pub doc: &'static str,
    pub rows: &'static [Row],
    /// What the page and the OpenAPI say of every row.
    pub shape: describe::shape::Shape,
    /// Every code a client may see, and what it means.
    pub codes: &'static [(i64, &'static str)],
    /// Whether pages of other origins may call it: the five documented dialects, which know no cookies.
    pub cors: bool,
    /// Whether a path is this dialect's.
    pub owns: fn(path: &str) -> bool,
    /// The row that a request addresses, whatever its method where the path alone does not tell.
    pub address: fn(&Asked) -> Result<Found, Fault>,
    /// Credentials and common fields, in the dialect's own order, then the row's handler.
    pub open: for<'a> fn(&'a Row, Call<'a>) -> Work<'a>,
    /// A failure in the dialect's own words, also for requests that address no row.
    pub fault: fn(Option<&Row>, &Fault, RequestId) -> Sealed,
    /// A success in the dialect's own envelope.
    pub success: fn(&Row, Json) -> Sealed,
}

/// One command of a dialect.
pub struct Row {
    pub methods: &'static [Verb],
    /// As the document writes it: `live/heartbeat`; a path without its outer slashes, `{id}` a field of the input.
    pub address: &'static str,
    /// Whether a piece of the address is a field.
    pub has_pieces: bool,
    /// Other names of the same command; only of one without such pieces.
    pub aliases: &'static [&'static str],
    pub doc: &'static str,
    pub access: Access,
    pub class: Class,
    pub body_max: usize,
    /// Its body may be a form as well as JSON.
    pub forms: bool,
    pub input: &'static [Field],
    pub output: &'static [Field],
    /// Which of the dialect's envelopes wraps the answer.
    pub envelope: Envelope,
    /// HTTP status of a success.
    pub success: u16,
    pub run: Run,
}

impl Row {
    /// What a row is unless it says otherwise.
    pub const fn blank(methods: &'static [Verb], address: &'static str) -> Self {
        Self {
            methods,
            address,
            has_pieces: has_pieces(address.as_bytes()),
            aliases: &[],
            doc: "",
            access: Access::Anybody,
            class: Class::Read,
            body_max: BODY_MAX,
            forms: false,
            input: &[],
            output: &[],
            envelope: Envelope::Plain,
            success: 200,
            run: Run::Soon(|_| Err(Fault::Missing(Thing::Command))),
        }
    }

    pub fn takes(&self, method: &Method) -> bool {
        self.methods.iter().any(|verb| verb.is(method))
    }
}

const fn has_pieces(address: &[u8]) -> bool {
    let mut at = 0;
    while at < address.len() {
        if address[at] == b'{' {
            return true;
        }
        at += 1;
    }
    false
}

/// One line a command: how and where, who may call, its class, its handler with input and output, what it does.
///
/// `row!([Get] "api/im/group/{id}/users", User, Read, user members::list(Which) -> members::Page, "Lists …",
/// success: 201)`. The handler's form is one of `serve`'s: soon, ready,
/// user, guest, whole; or `call`, which takes the call as it is. Ranks stand in
/// brackets: `Staff(Technician)`. A module without an input takes `fields::Nothing`.
#[macro_export]
macro_rules! row {
    ([$($verb:ident),+] $address:literal, $access:ident $(($rank:ident))?, $class:ident,
     $run:ident $subject:ident::$handler:ident($in:ident) -> $out:path, $doc:literal
     $(, $field:ident: $value:expr)*) => {
        $crate::dialect::Row {
            access: $crate::dialect::Access::$access $(($crate::dialect::Rank::$rank))?,
            class: $crate::dialect::Class::$class,
            input: <$subject::$in as $crate::dialect::fields::Input>::FIELDS,
            output: <$out as $crate::dialect::fields::Output>::FIELDS,
            run: $crate::row!(@run $run $subject::$handler),
            doc: $doc,
            $($field: $value,)*
            ..$crate::dialect::Row::blank(&[$($crate::dialect::Verb::$verb),+], $address)
        }
    };
    (@run soon $subject:ident::$handler:ident) => {
        $crate::dialect::Run::Soon(|call| $crate::dialect::serve::soon(call, $subject::$handler))
    };
    (@run ready $subject:ident::$handler:ident) => {
        $crate::dialect::Run::Ready(|call| $crate::dialect::serve::ready(call, $subject::$handler))
    };
    (@run call $subject:ident::$handler:ident) => {
        $crate::dialect::Run::Ready($subject::$handler)
    };
    (@run $form:ident $subject:ident::$handler:ident) => {
        $crate::dialect::Run::Later(|call| $crate::dialect::serve::$form(call, $subject::$handler))
    };
}

/// A row, and what its path said.
pub struct Found {
    pub row: &'static Row,
    pub params: Vec<(&'static str, String)>,
}

impl From<&'static Row> for Found {
    fn from(row: &'static Row) -> Self {
        Self { row, params: Vec::new() }
    }
}

/// How a row is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    fn is(self, method: &Method) -> bool {
        match self {
            Self::Get => *method == Method::GET,
            Self::Post => *method == Method::POST,
            Self::Put => *method == Method::PUT,
            Self::Delete => *method == Method::DELETE,
        }
    }
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Anybody,
    /// A logged-in user of any dialect.
    User,
    /// A server that signs with a key it was given.
    Signed,
    /// A server that sends a secret it was given.
    Secret,
    /// A server with a token that it got for its secret (document 000).
    Server,
    /// Somebody with the box's own log-in, of at least this rank.
    Staff(Rank),
}

impl Access {
    pub const ALL: [Self; 9] = [
        Self::Anybody,
        Self::User,
        Self::Signed,
        Self::Secret,
        Self::Server,
        Self::Staff(Rank::Person),
        Self::Staff(Rank::Teacher),
        Self::Staff(Rank::Technician),
        Self::Staff(Rank::Administrator),
    ];
}

/// What somebody with the box's own log-in may do; the higher includes the lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Anybody who can log in.
    Person,
    Teacher,
    Technician,
    Administrator,
}

/// What an answer costs, so that limits and tests can tell rows apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Memory only: no disk, no other thread.
    Beat,
    Read,
    Write,
    /// Hashes a password; wrong ones are counted.
    Credential,
}

/// Document 001 has three, 000 answers a browser with pages, the box's own API shows pictures; other rows use `Plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    Plain,
    /// `{"code":n}`
    RecordingCallback,
    /// `{"ActionStatus":"OK","ErrorCode":n,"ErrorInfo":"…"}`
    IndexCallback,
    /// HTML for people, or a redirect.
    Page,
    /// A JPEG; failures are as with `Plain`.
    Picture,
}

/// How a row's handler runs. `Soon` cannot wait for anything: it is a plain function. `Ready` mostly has its answer
/// in memory, and waits where it has not.
pub enum Run {
    Soon(fn(Call<'_>) -> Result<Json, Fault>),
    Ready(fn(Call<'_>) -> Work<'static>),
    Later(fn(Call<'_>) -> Result<Later, Fault>),
}

/// A handler at work.
pub type Later = Pin<Box<dyn Future<Output = Result<Made, Fault>> + Send>>;

/// What a handler made.
pub enum Made {
    /// For the dialect's envelope.
    Json(Json),
    /// An answer of its own: a redirect, a page.
    Whole(Box<Sealed>),
}

/// What opening a row came to: an answer already, or one to wait for.
pub enum Work<'a> {
    Done(Result<Made, Fault>),
    Wait(Pin<Box<dyn Future<Output = Result<Made, Fault>> + Send + 'a>>),
}

/// The head of a request.
pub struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
}

impl Asked {
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// As sent, undecoded.
    pub fn query(&self) -> &str {
        self.uri.query().unwrap_or("")
    }
}

/// Names a request in the log and in answers about our own faults.
#[derive(Clone, Copy, Debug)]
pub struct RequestId {
    pub wall: Millis,
    /// Since the start.
    pub number: u64,
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}-{:x}", self.wall.as_seconds(), self.number)
    }
}

/// A request on its way to a handler.
pub struct Call<'a> {
    pub app: &'a Arc<Appliance>,
    pub asked: &'a Asked,
    pub body: &'a Bytes,
    pub fields: Fields<'a>,
    pub actor: Option<Arc<Actor>>,
    pub caller: Caller,
}

/// Where a request came from, and when.
#[derive(Clone, Debug)]
pub struct Caller {
    pub addr: IpAddr,
    pub now: Moment,
    /// Scheme and host by which the client reached the box.
    pub base: Base,
    /// 001's common fields; 0 in other dialects and in callbacks.
    pub appid: i64,
    pub timestamp: i64,
}

/// The address a client used for the box.
#[derive(Clone, Debug)]
pub struct Base {
    pub secure: bool,
    pub host: Option<HeaderValue>,
}

impl Base {
    /// One of our stored relative addresses as this client can use it.
    pub fn absolute(&self, app: &Appliance, url: &str) -> String {
        if !url.starts_with('/') {
            return url.to_owned();
        }
        let host = self.host.as_ref().and_then(|h| h.to_str().ok());
        match (&app.policy.public_url, host) {
            (None, Some(host)) => {
                let scheme = if self.secure { "https" } else { "http" };
                format!("{scheme}://{host}{url}")
            }
            (Some(_), _) | (None, None) => crate::domain::callback::absolute(app, url),
        }
    }
}

/// A handler's view of a call by a logged-in user.
pub struct Input<T> {
    pub app: Arc<Appliance>,
    pub actor: Arc<Actor>,
    pub caller: Caller,
    pub value: T,
}

/// A handler's view of a call by somebody not logged in.
pub struct Guest<T> {
    pub app: Arc<Appliance>,
    pub caller: Caller,
    pub value: T,
}

/// A handler's view of a call that it answers itself.
pub struct Whole<T> {
    pub app: Arc<Appliance>,
    pub actor: Option<Arc<Actor>>,
    pub caller: Caller,
    /// As sent, undecoded.
    pub query: String,
    pub headers: HeaderMap,
    pub value: T,
}

/// An answer as bytes with its HTTP status.
pub struct Sealed {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
}

impl Sealed {
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { status, content_type: "application/json", headers: Vec::new(), body }
    }
}
