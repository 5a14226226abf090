//! `box.sock`: how subcommands ask a running service. HTTP over a Unix socket that only the owner can open.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::sync::Mutex;

use super::{backup, licence, staff};
use crate::app::health::Health;
use crate::domain::camera::Camera;
use crate::domain::{Appliance, outbox};
use crate::http::url::query;
use crate::http::{Body, Inbound, reply};
use crate::hw::inputs::{self, Head, Inputs};
use crate::model::outbox::Parcel;
use crate::model::{Clock, Conflict, Fault, Part, Refusal, Thing};
use crate::wire::licence::armour;

/// Longest answer that a subcommand reads.
const ANSWER_MAX: usize = 16 << 20;
/// A backup of a large store takes a while; everything else is immediate.
const PATIENCE: Duration = Duration::from_secs(600);
/// Rows that `outbox` shows.
const OUTBOX_ROWS: i64 = 200;

/// What the socket's requests need.
pub struct Desk {
    pub app: Arc<Appliance>,
    pub clock: Clock,
    pub health: Arc<Health>,
    pub data: PathBuf,
    pub inputs: Arc<Inputs>,
    /// Whose turn it is to write one.
    pub backups: Arc<Mutex<()>>,
}

impl Desk {
    /// Answers one request of a subcommand.
    pub async fn answer(&self, request: Request<Inbound>) -> Response<Body> {
        let query = request.uri().query().unwrap_or("").to_owned();
        let wanted = (request.method().clone(), request.uri().path().to_owned());
        if let Some(what) = wanted.1.strip_prefix("/license/") {
            let done = self.licence(&wanted.0, what, request.into_body()).await;
            return answer(done.map_err(|fault| explain(&fault)));
        }
        let done = match (&wanted.0, wanted.1.as_str()) {
            (&Method::GET, "/secrets") => Ok(staff::secrets(&self.app, self.clock.moment()).await),
            (&Method::GET, "/setup") => staff::setup(&self.app, self.clock.moment()).await,
            (&Method::POST, "/setup") => {
                let made = staff::again(&self.app, &query, self.clock.moment()).await;
                made.map(|password| password.to_string())
            }
            (&Method::GET, "/audit") => staff::audit(&self.app, &query, self.clock.moment()).await,
            (&Method::GET, "/readyz") => {
                let (_, report) = self.health.report(&self.app, self.clock.moment()).await;
                Ok(String::from_utf8_lossy(&report).into_owned())
            }
            (&Method::GET, "/inputs") => {
                let mut report =
                    self.inputs.report(|name| self.app.devices.now().is_shut(name)).await;
                let head = |c: &Camera| Head::of(&c.name, c.model, &c.status.borrow());
                report.heads = self.app.cameras.iter().map(head).collect();
                serde_json::to_string(&report).map_err(|e| Fault::Internal(e.to_string()))
            }
            (&Method::GET, "/outbox") => {
                outbox::newest(&self.app, OUTBOX_ROWS).await.map(|rows| parcels(&rows))
            }
            (&Method::POST, "/outbox/replay") => return self.replay(&query).await,
            (&Method::POST, "/backup") => self.back_up(&query).await,
            (_, _) => Err(Fault::Missing(Thing::Command)),
        };
        answer(done.map_err(|fault| explain(&fault)))
    }

    async fn licence(&self, method: &Method, what: &str, body: Inbound) -> Result<String, Fault> {
        let limit = armour::TEXT_MAX;
        let body = Limited::new(body, limit).collect().await;
        let body = body.map_err(|_| Fault::TooLarge { limit: limit as u64 })?.to_bytes();
        licence::answer(&self.app, method, what, &body, self.clock.moment()).await
    }

    /// One at a time, for there is one copy of the store; to its end, also when the command is ended before.
    async fn back_up(&self, query: &str) -> Result<String, Fault> {
        let file = query::first(query, "file").ok_or(Fault::invalid("file", "is missing"))?;
        let (app, data, turn) = (self.app.clone(), self.data.clone(), self.backups.clone());
        let target = PathBuf::from(file.as_ref());
        let written = tokio::spawn(async move {
            let _turn = turn.lock_owned().await;
            backup::write(&app.db, &data, &target).await
        });
        let written = written.await.map_err(|e| Fault::internal("backup", e))?;
        written.map(|bytes| bytes.to_string())
    }

    async fn replay(&self, query: &str) -> Response<Body> {
        let id = query::first(query, "id").and_then(|id| id.parse::<i64>().ok());
        let Some(id) = id else { return answer(Err("id must be a number".into())) };
        answer(match outbox::replay(&self.app, id, self.clock.moment()).await {
            Ok(()) => Ok("\"waiting\"".into()),
            Err(Fault::Missing(_)) => Err(format!("there is no call {id}")),
            Err(fault) => Err(explain(&fault)),
        })
    }
}

fn answer(done: Result<String, String>) -> Response<Body> {
    match done {
        Ok(json) => reply::json(StatusCode::OK, json),
        Err(why) => reply::text(StatusCode::BAD_REQUEST, why),
    }
}

/// The outbox as JSON for `outbox`.
fn parcels(rows: &[Parcel]) -> String {
    let rows: Vec<serde_json::Value> = rows
        .iter()
        .map(|p| {
            serde_json::json!({
                "id": p.id, "webhook": p.webhook, "roomnum": p.room.0, "event": p.event,
                "event_id": p.event_id, "state": p.state.word(), "tries": p.tries,
                "created_at": p.created_at.0, "next_at": p.next_at.0, "last_error": p.last_error,
            })
        })
        .collect();
    serde_json::Value::Array(rows).to_string()
}

/// A technician's sentence.
pub fn explain(fault: &Fault) -> String {
    match fault {
        Fault::Missing(thing) => format!("there is no such {}", noun(*thing)),
        Fault::Invalid { field, why } => format!("{field} {why}"),
        Fault::Syntax(why) => format!("the request cannot be read: {why}"),
        Fault::Denied(why) => format!("this is not allowed: {why}"),
        Fault::Unauthenticated(refusal) => refused(*refusal).into(),
        Fault::Conflict(conflict) => in_the_way(*conflict).into(),
        Fault::Licence(why) => format!("{} {}", why.code(), why.remedy()),
        Fault::Busy { retry } => {
            format!("the box is busy: try again in {} s", (retry.0 + 999) / 1000)
        }
        Fault::TooLarge { limit } => format!("this is too large: at most {limit} bytes"),
        Fault::Offline(part) => silent(*part).into(),
        Fault::Internal(source) => source.clone(),
    }
}

const fn noun(thing: Thing) -> &'static str {
    match thing {
        Thing::Command => "command: the service may be of another version",
        Thing::User => "user",
        Thing::Room => "lesson",
        Thing::Recording | Thing::Deleted => "recording",
        Thing::File => "file",
        Thing::Video => "video",
        Thing::Webhook => "call to a webhook",
        Thing::Page => "page",
        Thing::Group => "group",
        Thing::Application => "application",
        Thing::Camera => "camera",
        Thing::Input => "input",
        Thing::Classroom => "classroom",
    }
}

const fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Absent => "the request names no user",
        Refusal::Scheme => "this way of logging in is not known",
        Refusal::Refused => "this log-in is not good here",
        Refusal::Expired => "the log-in has expired",
        Refusal::Invalid => "the log-in is not genuine",
        Refusal::Password => "the password is wrong",
        Refusal::LoggedOut => "the user is already logged out",
        Refusal::Secret => "the secret is wrong",
        Refusal::Code => "the code is wrong, used or old",
        Refusal::Disabled => "the user is disabled",
    }
}

const fn in_the_way(conflict: Conflict) -> &'static str {
    match conflict {
        Conflict::HandleTaken => "the user name is taken",
        Conflict::SessionAlive => "the user is logged in elsewhere",
        Conflict::NotStartable => "the lesson cannot start any more",
        Conflict::NotLive => "the lesson is not running",
        Conflict::NotOver => "the lesson is not over yet",
        Conflict::Over => "the lesson is over",
        Conflict::AlreadyBound => "the file is already bound to the lesson",
        Conflict::NotBound => "the file is not bound to the lesson",
        Conflict::NotInRoom => "the user is not in the lesson",
        Conflict::Replayed => "the same signature was seen with another content",
        Conflict::MethodNotAllowed => "the method is not allowed here",
        Conflict::Answered => "it was answered already, or too late",
        Conflict::SetUp => {
            "the box is set up already; --again HANDLE gives an administrator another password"
        }
        Conflict::LastAdministrator => "the box would be left without an administrator",
        Conflict::Full => "as many are in it already as may be",
        Conflict::NotNow => "it is switched off, stands by, or is in the middle of something",
        Conflict::SwitchedOff => "it is switched off",
        Conflict::Overtaken => "somebody asked for something else meanwhile",
    }
}

const fn silent(part: Part) -> &'static str {
    match part {
        Part::Recorder => "the recorder does not answer",
        Part::Disk => "the disk does not answer, or is full",
        Part::Cloud => "the cloud cannot be reached",
        Part::Store => "the store does not answer",
        Part::Camera => "the camera does not answer",
        Part::Microphone => "the microphone does not answer",
    }
}

/// Whether a service answers on this data folder's socket.
///
/// # Errors
/// This user may not ask.
pub async fn is_up(socket: &Path) -> std::io::Result<bool> {
    match UnixStream::connect(socket).await {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => Err(e),
        Err(_) => Ok(false),
    }
}

/// Asks the running service.
///
/// # Errors
/// One sentence: nobody listens, or what the service said.
pub async fn ask(socket: &Path, method: Method, path: &str) -> Result<String, String> {
    tell(socket, method, path, Bytes::new()).await
}

/// The service's own look at its inputs.
///
/// # Errors
/// One sentence.
pub async fn inputs(socket: &Path) -> Result<inputs::Report, String> {
    let text = ask(socket, Method::GET, "/inputs").await?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

/// The same with a body.
///
/// # Errors
/// One sentence: nobody listens, or what the service said.
pub async fn tell(
    socket: &Path,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<String, String> {
    let exchange = async {
        let stream = UnixStream::connect(socket).await.map_err(|e| format!("box.sock: {e}"))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
                .await
                .map_err(|e| e.to_string())?;
        let talk = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(hyper::header::HOST, "box")
            .body(Full::new(body))
            .map_err(|e| e.to_string())?;
        let answer = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|e| e.to_string())?.to_bytes();
        talk.abort();
        let text = String::from_utf8_lossy(&body).into_owned();
        if status.is_success() { Ok(text) } else { Err(text) }
    };
    let done = tokio::time::timeout(PATIENCE, exchange).await;
    done.unwrap_or_else(|_| Err("the service did not answer in time".into()))
}
