//! The machinery that all dialects share: one static table each, from which the server, the API page, the
//! OpenAPI, the access and coverage tests, the metrics and the limits are read.

pub mod describe;
pub mod edu;
pub mod fields;
pub mod openapi;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde::Serialize;

use crate::domain::Appliance;
use crate::http::{Body, Peer, body, reply};
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Millis, Moment};
use fields::{Field, Fields, Output};

/// Every dialect the box speaks. A new one is a folder and a line here.
pub static DIALECTS: &[&Dialect] = &[&edu::DIALECT];

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
    /// Whether a path is this dialect's.
    pub owns: fn(path: &str) -> bool,
    /// The row that a request addresses.
    pub address: fn(&Asked) -> Result<&'static Row, Fault>,
    /// Credentials and common fields, in the dialect's own order, then the row's handler.
    pub open: for<'a> fn(&'a Row, Call<'a>) -> Work<'a>,
    /// A failure in the dialect's own words, also for requests that address no row.
    pub fault: fn(Option<&Row>, &Fault, &str) -> Sealed,
    /// A success in the dialect's own envelope.
    pub success: fn(&Row, Vec<u8>) -> Sealed,
}

/// One command of a dialect.
pub struct Row {
    pub method: Verb,
    /// As the document writes it: `live/heartbeat`.
    pub address: &'static str,
    /// Other names of the same command.
    pub aliases: &'static [&'static str],
    pub doc: &'static str,
    pub access: Access,
    pub class: Class,
    pub body_max: usize,
    pub input: &'static [Field],
    pub output: &'static [Field],
    /// Which of the dialect's envelopes wraps the answer.
    pub envelope: Envelope,
    pub run: Run,
}

/// How a row is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
}

impl Verb {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
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

/// Document 001 has three; other dialects use `Plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    Plain,
    /// `{"code":n}`
    RecordingCallback,
    /// `{"ActionStatus":"OK","ErrorCode":n,"ErrorInfo":"…"}`
    IndexCallback,
}

/// How a row's handler runs. `Soon` cannot wait for anything: it is a plain function.
pub enum Run {
    Soon(fn(Call<'_>) -> Result<Vec<u8>, Fault>),
    Later(fn(Call<'_>) -> Result<Later, Fault>),
}

type Later = Pin<Box<dyn Future<Output = Result<Vec<u8>, Fault>> + Send>>;

/// What opening a row came to: an answer already, or one to wait for.
pub enum Work<'a> {
    Done(Result<Vec<u8>, Fault>),
    Wait(Pin<Box<dyn Future<Output = Result<Vec<u8>, Fault>> + Send + 'a>>),
}

/// The head of a request.
pub struct Asked {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub authorization: Option<HeaderValue>,
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

/// An answer as bytes with its HTTP status.
pub struct Sealed {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

/// What an answer is counted under in the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    pub dialect: &'static str,
    pub row: &'static str,
    pub ok: bool,
}

/// Answers one request of a dialect. `request_id` names it in the log and in answers about our own faults.
pub async fn answer<B>(
    app: &Arc<Appliance>,
    dialect: &'static Dialect,
    request: hyper::Request<B>,
    peer: Peer,
    now: Moment,
    request_id: &str,
) -> (Response<Body>, Label)
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    if request.method() == Method::OPTIONS {
        let label = Label { dialect: dialect.name, row: "options", ok: true };
        return (reply::preflight(), label);
    }
    let (head, body) = request.into_parts();
    let caller = Caller {
        addr: peer.addr,
        now,
        base: Base { secure: peer.secure, host: host(&head) },
        appid: 0,
        timestamp: 0,
    };
    let asked = Asked {
        query: head.uri.query().unwrap_or("").to_owned(),
        path: head.uri.path().to_owned(),
        authorization: head.headers.get(header::AUTHORIZATION).cloned(),
        method: head.method,
    };
    let row = (dialect.address)(&asked);
    let (row, done) = match row {
        Err(fault) => (None, Err(fault)),
        Ok(row) => (Some(row), run(app, dialect, row, &asked, caller, body).await),
    };
    let label = Label {
        dialect: dialect.name,
        row: row.map_or("unknown", |r| r.address),
        ok: done.is_ok(),
    };
    let sealed = match (row, done) {
        (Some(row), Ok(output)) => (dialect.success)(row, output),
        (None, Ok(_)) => Sealed { status: StatusCode::OK, body: Vec::new() },
        (row, Err(fault)) => {
            if let Fault::Internal(source) = &fault {
                tracing::error!(request = request_id, row = label.row, source, "our fault");
            }
            (dialect.fault)(row, &fault, request_id)
        }
    };
    let mut reply = reply::json(sealed.status, sealed.body);
    reply::open_to_all(&mut reply);
    (reply, label)
}

/// HTTP/2 has no Host header: it says `:authority`, which hyper puts into the address.
fn host(head: &hyper::http::request::Parts) -> Option<HeaderValue> {
    let authority = || head.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok());
    head.headers.get(header::HOST).cloned().or_else(authority)
}

async fn run<B>(
    app: &Arc<Appliance>,
    dialect: &'static Dialect,
    row: &'static Row,
    asked: &Asked,
    caller: Caller,
    body: B,
) -> Result<Vec<u8>, Fault>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    if asked.method.as_str() != row.method.as_str() {
        return Err(Fault::Conflict(Conflict::MethodNotAllowed));
    }
    let body = body::whole(body, row.body_max).await.map_err(|e| match e {
        body::BodyError::TooLarge => Fault::TooLarge { limit: row.body_max as u64 },
        body::BodyError::TooSlow => Fault::Busy { retry: Millis::seconds(1) },
        body::BodyError::Broken(why) => Fault::Syntax(format!("the body broke off: {why}")),
    })?;
    let fields = Fields::parse(&body)?;
    let call = Call { app, asked, body: &body, fields, actor: None, caller };
    match (dialect.open)(row, call) {
        Work::Done(done) => done,
        Work::Wait(wait) => wait.await,
    }
}

/// Takes the typed input apart and runs a handler that cannot wait.
pub fn soon<T, O>(
    call: Call<'_>,
    handler: fn(&Arc<Appliance>, &Actor, &Caller, T) -> Result<O, Fault>,
) -> Result<Vec<u8>, Fault>
where
    T: fields::Input,
    O: Output + Serialize,
{
    let value = T::take(&call.fields)?;
    let actor = call.actor.as_ref().ok_or_else(no_actor)?;
    encode(&handler(call.app, actor, &call.caller, value)?)
}

/// Takes the typed input apart and starts a handler for a logged-in user.
pub fn user<T, O, F>(call: Call<'_>, handler: fn(Input<T>) -> F) -> Result<Later, Fault>
where
    T: fields::Input,
    O: Output + Serialize,
    F: Future<Output = Result<O, Fault>> + Send + 'static,
{
    let value = T::take(&call.fields)?;
    let actor = call.actor.ok_or_else(no_actor)?;
    let work = handler(Input { app: call.app.clone(), actor, caller: call.caller, value });
    Ok(Box::pin(async move { encode(&work.await?) }))
}

/// The same for a caller who is not logged in.
pub fn guest<T, O, F>(call: Call<'_>, handler: fn(Guest<T>) -> F) -> Result<Later, Fault>
where
    T: fields::Input,
    O: Output + Serialize,
    F: Future<Output = Result<O, Fault>> + Send + 'static,
{
    let value = T::take(&call.fields)?;
    let work = handler(Guest { app: call.app.clone(), caller: call.caller, value });
    Ok(Box::pin(async move { encode(&work.await?) }))
}

fn no_actor() -> Fault {
    Fault::internal("route table", "a row for users was opened without one")
}

fn encode(output: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(output).map_err(|e| Fault::internal("encoding an answer", e))
}

/// Runs a row whose caller is known.
pub fn dispatch<'a>(row: &'a Row, call: Call<'a>) -> Work<'a> {
    match &row.run {
        Run::Soon(handler) => Work::Done(handler(call)),
        Run::Later(handler) => match (handler(call), row.class) {
            (Ok(later), Class::Write | Class::Credential) => Work::Wait(Box::pin(detached(later))),
            (Ok(later), Class::Beat | Class::Read) => Work::Wait(later),
            (Err(fault), _) => Work::Done(Err(fault)),
        },
    }
}

/// Runs to its end even when the client hangs up in the middle: a started lesson must get its recording.
async fn detached(later: Later) -> Result<Vec<u8>, Fault> {
    let done = tokio::spawn(later).await;
    done.unwrap_or_else(|e| Err(Fault::internal("a handler", e)))
}
