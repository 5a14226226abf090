//! From a request to its row's handler and back into the dialect's words.

use std::future::Future;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde::Serialize;
use tokio::runtime::Handle;

use super::fields::{self, Fields, Output, form};
use super::{
    Asked, BODY_MAX, Base, Call, Caller, Class, Dialect, Found, Guest, Input, Json, Later, Made,
    RequestId, Row, Run, Sealed, Whole, Work,
};
use crate::domain::Appliance;
use crate::http::url::query;
use crate::http::{Body, Peer, body, reply};
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Millis, Moment};

/// A query of these APIs has four pairs.
const QUERY_PAIRS: usize = 64;

/// What an answer is counted under in the metrics.
#[derive(Clone, Copy)]
pub struct Label {
    pub dialect: &'static Dialect,
    pub command: Command,
    pub ok: bool,
}

/// What a request asked for.
#[derive(Clone, Copy)]
pub enum Command {
    Row(&'static Row),
    /// A pre-flight request of CORS.
    Options,
    Unknown,
}

impl Command {
    pub fn name(self) -> &'static str {
        match self {
            Self::Row(row) => row.address,
            Self::Options => "options",
            Self::Unknown => "unknown",
        }
    }
}

/// A request on its way: its head, and its body, of which nothing was read yet.
pub struct Heard<B> {
    asked: Asked,
    body: B,
    peer: Peer,
    now: Moment,
}

impl<B> Heard<B> {
    pub fn new(request: hyper::Request<B>, peer: Peer, now: Moment) -> Self {
        let (head, body) = request.into_parts();
        let asked = Asked { method: head.method, uri: head.uri, headers: head.headers };
        Self { asked, body, peer, now }
    }

    fn caller(&self) -> Caller {
        Caller {
            addr: self.peer.addr,
            now: self.now,
            base: Base { secure: self.peer.secure, host: host(&self.asked) },
            appid: 0,
            timestamp: 0,
        }
    }
}

/// Answers one request of a dialect. Its future is small, for each request has one: what takes more keeps it in a box
/// of its own.
pub async fn answer<B>(
    app: &Arc<Appliance>,
    dialect: &'static Dialect,
    heard: &mut Heard<B>,
    id: RequestId,
) -> (Response<Body>, Label)
where
    B: hyper::body::Body<Data = Bytes> + Send + Unpin,
    B::Error: std::fmt::Display,
{
    if dialect.cors && heard.asked.method == Method::OPTIONS {
        return (reply::preflight(), Label { dialect, command: Command::Options, ok: true });
    }
    let (row, done) = match (dialect.address)(&heard.asked) {
        Err(fault) => (None, Err(fault)),
        Ok(found) => (Some(found.row), run(app, dialect, found, heard).await),
    };
    let command = row.map_or(Command::Unknown, Command::Row);
    let label = Label { dialect, command, ok: done.is_ok() };
    let sealed = match (row, done) {
        (_, Ok(Made::Whole(sealed))) => *sealed,
        (Some(row), Ok(Made::Json(output))) => (dialect.success)(row, output),
        (None, Ok(Made::Json(output))) => Sealed::json(StatusCode::OK, output.bare()),
        (row, Err(fault)) => {
            if let Fault::Internal(source) = &fault {
                tracing::error!(request = %id, row = command.name(), source, "our fault");
            }
            (dialect.fault)(row, &fault, id)
        }
    };
    let Sealed { status, content_type, headers, body } = sealed;
    let asked = take(&mut heard.asked.headers);
    let mut reply = reply::instead(asked, dialect.cors, status, (content_type, body));
    for (name, value) in headers {
        reply.headers_mut().append(name, value);
    }
    (reply, label)
}

/// HTTP/2 has no Host header: it says `:authority`, which hyper puts into the address.
fn host(asked: &Asked) -> Option<HeaderValue> {
    let authority = || asked.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok());
    asked.headers.get(header::HOST).cloned().or_else(authority)
}

async fn run<B>(
    app: &Arc<Appliance>,
    dialect: &'static Dialect,
    Found { row, params }: Found,
    heard: &mut Heard<B>,
) -> Result<Made, Fault>
where
    B: hyper::body::Body<Data = Bytes> + Send + Unpin,
    B::Error: std::fmt::Display,
{
    if !row.takes(&heard.asked.method) {
        return Err(Fault::Conflict(Conflict::MethodNotAllowed));
    }
    let caller = heard.caller();
    let Heard { asked, body, .. } = heard;
    let in_query = matches!(asked.method, Method::GET | Method::DELETE);
    // From the first byte until it is kept or thrown away.
    let _place = if !in_query && row.body_max > BODY_MAX && is_large(body) {
        let busy = |_| Fault::Busy { retry: Millis::seconds(1) };
        Some(app.large_bodies.try_acquire().map_err(busy)?)
    } else {
        None
    };
    let body = match in_query {
        true => Bytes::new(),
        false => body::whole(body, row.body_max).await.map_err(|e| unread(e, row))?,
    };
    let mut fields = match (in_query, row.forms) {
        (true, _) => in_the_query(asked.query()),
        (false, true) => Box::pin(form::parse(&asked.headers, &body)).await?,
        (false, false) => Fields::parse(&body)?,
    };
    params.iter().for_each(|(name, value)| fields.put(name, value));
    let call = Call { app, asked, body: &body, fields, actor: None, caller };
    match (dialect.open)(row, call) {
        Work::Done(done) => done,
        Work::Wait(wait) => wait.await,
    }
}

fn in_the_query(query: &str) -> Fields<'static> {
    let mut fields = Fields::default();
    query::pairs(query).take(QUERY_PAIRS).for_each(|(name, value)| fields.put(&name, &value));
    fields
}

fn unread(error: body::BodyError, row: &Row) -> Fault {
    match error {
        body::BodyError::TooLarge => Fault::TooLarge { limit: row.body_max as u64 },
        body::BodyError::TooSlow | body::BodyError::Crowded => {
            Fault::Busy { retry: Millis::seconds(1) }
        }
        body::BodyError::Broken(why) => Fault::Syntax(format!("the body broke off: {why}")),
    }
}

/// Longer than bodies usually are, or of a length that nobody has said.
fn is_large(body: &impl hyper::body::Body) -> bool {
    body.size_hint().upper().is_none_or(|bytes| bytes > BODY_MAX as u64)
}

/// Takes the typed input apart and runs a handler that cannot wait.
pub fn soon<T, O>(
    call: Call<'_>,
    handler: fn(&Arc<Appliance>, &Actor, &Caller, T) -> Result<O, Fault>,
) -> Result<Json, Fault>
where
    T: fields::Input,
    O: Output + Serialize,
{
    let value = T::take(&call.fields)?;
    let actor = call.actor.as_ref().ok_or_else(no_actor)?;
    Json::of(&handler(call.app, actor, &call.caller, value)?)
}

/// The same for a caller who is not logged in.
pub fn at_once<T, O>(
    call: Call<'_>,
    handler: fn(&Arc<Appliance>, &Caller, T) -> Result<O, Fault>,
) -> Result<Json, Fault>
where
    T: fields::Input,
    O: Output + Serialize,
{
    let value = T::take(&call.fields)?;
    Json::of(&handler(call.app, &call.caller, value)?)
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
    Ok(Box::pin(async move { Json::of(&work.await?).map(Made::Json) }))
}

/// The same for a handler that mostly has its answer in memory; where not, it waits for the store.
pub fn ready<T: fields::Input>(
    call: Call<'_>,
    handler: fn(Input<T>) -> Work<'static>,
) -> Work<'static> {
    let taken = T::take(&call.fields).and_then(|value| {
        let actor = call.actor.ok_or_else(no_actor)?;
        Ok(Input { app: call.app.clone(), actor, caller: call.caller, value })
    });
    taken.map_or_else(|fault| Work::Done(Err(fault)), handler)
}

/// What a `ready` handler has in memory.
pub fn now(output: &(impl Output + Serialize)) -> Work<'static> {
    Work::Done(Json::of(output).map(Made::Json))
}

/// The same where it may be a failure.
pub fn answer_of<O: Output + Serialize>(output: Result<O, Fault>) -> Work<'static> {
    Work::Done(output.and_then(|output| Json::of(&output)).map(Made::Json))
}

/// What a `ready` handler has to wait for.
pub fn later<O: Output + Serialize>(
    work: impl Future<Output = Result<O, Fault>> + Send + 'static,
) -> Work<'static> {
    Work::Wait(Box::pin(async move { Json::of(&work.await?).map(Made::Json) }))
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
    Ok(Box::pin(async move { Json::of(&work.await?).map(Made::Json) }))
}

/// The same for a handler that makes its whole answer, for users and others.
pub fn whole<T, F>(call: Call<'_>, handler: fn(Whole<T>) -> F) -> Result<Later, Fault>
where
    T: fields::Input,
    F: Future<Output = Result<Sealed, Fault>> + Send + 'static,
{
    let value = T::take(&call.fields)?;
    let work = handler(Whole {
        app: call.app.clone(),
        actor: call.actor,
        caller: call.caller,
        query: call.asked.query().to_owned(),
        headers: call.asked.headers.clone(),
        value,
    });
    Ok(Box::pin(async move { Ok(Made::Whole(Box::new(work.await?))) }))
}

fn no_actor() -> Fault {
    Fault::internal("route table", "a row for users was opened without one")
}

/// Runs a row whose caller is known.
pub fn dispatch<'a>(row: &'a Row, call: Call<'a>) -> Work<'a> {
    match &row.run {
        Run::Soon(handler) => Work::Done(handler(call).map(Made::Json)),
        Run::Ready(handler) => handler(call),
        Run::Later(handler) => match (handler(call), row.class) {
            (Ok(later), Class::Write | Class::Credential) => {
                Work::Wait(Box::pin(Detached { rest: Some(later), begun: false }))
            }
            (Ok(later), Class::Beat | Class::Read) => Work::Wait(later),
            (Err(fault), _) => Work::Done(Err(fault)),
        },
    }
}

/// Runs to its end even when the client hangs up in the middle: a started lesson must get its recording. It is no task
/// of its own unless that happens; a panic is an answer.
struct Detached {
    rest: Option<Later>,
    begun: bool,
}

/// What of a handler has to run to its end, where the rest of it ends when the client hangs up.
///
/// # Errors
/// Those of `work`.
pub async fn to_its_end(
    work: impl Future<Output = Result<(), Fault>> + Send + 'static,
) -> Result<(), Fault> {
    let rest: Later = Box::pin(async move {
        work.await?;
        Json::of(&fields::Nothing).map(Made::Json)
    });
    Detached { rest: Some(rest), begun: false }.await.map(drop)
}

impl Future for Detached {
    type Output = Result<Made, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.begun = true;
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(Err(Fault::internal("a handler", "it has panicked")));
        };
        let done = catch_unwind(AssertUnwindSafe(|| rest.as_mut().poll(cx)));
        let done =
            done.unwrap_or_else(|_| Poll::Ready(Err(Fault::internal("a handler", "it panicked"))));
        if done.is_ready() {
            self.rest = None;
        }
        done
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        let rest = self.rest.take().filter(|_| self.begun);
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(rest);
        }
    }
}
