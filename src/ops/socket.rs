//! `box.sock`: how subcommands ask a running service. HTTP over a Unix socket that only the owner can open.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::{backup, secrets};
use crate::app::health::Health;
use crate::domain::{Appliance, outbox};
use crate::http::url::query;
use crate::http::{Body, reply};
use crate::model::outbox::Parcel;
use crate::model::{Clock, Fault, Thing};

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
}

impl Desk {
    /// Answers one request of a subcommand.
    pub async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let query = request.uri().query().unwrap_or("").to_owned();
        let wanted = (request.method().clone(), request.uri().path().to_owned());
        let done = match (&wanted.0, wanted.1.as_str()) {
            (&Method::GET, "/secrets") => Ok(secrets::json(&self.app.secrets)),
            (&Method::GET, "/readyz") => {
                let (_, report) = self.health.report(&self.app).await;
                Ok(String::from_utf8_lossy(&report).into_owned())
            }
            (&Method::GET, "/outbox") => {
                outbox::newest(&self.app, OUTBOX_ROWS).await.map(|rows| parcels(&rows))
            }
            (&Method::POST, "/outbox/replay") => {
                let id = query::first(&query, "id").and_then(|id| id.parse().ok());
                match id {
                    Some(id) => outbox::replay(&self.app, id, self.clock.moment())
                        .await
                        .map(|()| "\"waiting\"".into()),
                    None => Err(Fault::invalid("id", "must be a number")),
                }
            }
            (&Method::POST, "/backup") => match query::first(&query, "file") {
                Some(file) => backup::write(&self.app.db, &self.data, Path::new(file.as_ref()))
                    .await
                    .map(|bytes| bytes.to_string()),
                None => Err(Fault::invalid("file", "is missing")),
            },
            (_, _) => Err(Fault::Missing(Thing::Command)),
        };
        match done {
            Ok(json) => reply::json(StatusCode::OK, json),
            Err(fault) => reply::text(StatusCode::BAD_REQUEST, explain(&fault)),
        }
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
        Fault::Invalid { field, why } => format!("{field} {why}"),
        Fault::Internal(source) => source.clone(),
        other => format!("{other:?}"),
    }
}

/// Whether a service answers on this data folder's socket.
pub async fn is_up(socket: &Path) -> bool {
    UnixStream::connect(socket).await.is_ok()
}

/// Asks the running service.
///
/// # Errors
/// One sentence: nobody listens, or what the service said.
pub async fn ask(socket: &Path, method: Method, path: &str) -> Result<String, String> {
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
            .body(Full::default())
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
