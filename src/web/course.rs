//! Where the channel of document 000 sends a browser, and where the teacher answers who comes from there:
//!
//! | address | what |
//! |---|---|
//! | `/course/webRTCUser/?id=N` | plays lesson N live or its replay; the viewer may apply to join |
//! | `/course/details/?id=N` | the same without applying |
//! | `/course/lesson.json?id=N` | as `/media/N/lesson.json` |
//! | `/course/joining.json?id=N` | who the viewer is, and what became of the application; POST applies |
//! | `/box/moderate/N` | the teacher's page: who applies, accept and refuse |
//! | `/box/moderate/N/applications.json` | its list; POST `{"user","accept"}` answers |
//!
//! All of them live on the session cookie, so none answers to a name that is not the box's. Nothing here is for
//! servers: the same conversation goes over the room channel in LeanCloud's shape.

mod door;
mod joining;
mod moderate;

use bytes::Bytes;
use std::sync::Arc;

use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::{assets, watch};
use crate::domain::{Appliance, watch as lessons};
use crate::http::url::query;
use crate::http::{Body, Peer, page, reply};
use crate::model::{Fault, Moment, RoomId, Thing};
use door::Door;

pub fn owns(path: &str) -> bool {
    path.starts_with("/course/") || path.starts_with("/box/moderate/")
}

/// Answers everything under `/course/` and `/box/moderate/`.
pub async fn answer<B>(
    app: &Arc<Appliance>,
    request: Request<B>,
    peer: Peer,
    now: Moment,
) -> Response<Body>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let (head, body) = request.into_parts();
    let door = Door::of(app, &head, peer, now);
    let mut answer = if door.is_ours {
        let path = head.uri.path().trim_end_matches('/');
        let done = match path.strip_prefix("/box/moderate/") {
            Some(rest) => moderate::answer(&door, rest, body).await,
            None => course(&door, path).await,
        };
        done.unwrap_or_else(|fault| watch::failure(&fault))
    } else {
        let line = format!("Open it by a name of the box: {}.local", app.policy.box_name);
        two_lines(StatusCode::MISDIRECTED_REQUEST, "此地址不属于本盒子", &line)
    };
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

async fn course(door: &Door<'_>, path: &str) -> Result<Response<Body>, Fault> {
    match path {
        "/course/webRTCUser" | "/course/details" => {
            door.only(&[Method::GET, Method::HEAD])?;
            if door.actor().is_err() {
                let line =
                    "Come from your app, or from the channel's page: there is no session here.";
                return Ok(two_lines(StatusCode::FORBIDDEN, "请从原页面进入课堂", line));
            }
            lesson(door)?;
            Ok(asset(door, assets::WATCH))
        }
        "/course/lesson.json" => {
            door.only(&[Method::GET])?;
            let actor = door.actor()?;
            let room = lessons::admit(door.app, lesson(door)?, None, Some(&actor)).await?;
            let view = lessons::view(door.app, room).await?;
            Ok(reply::json(StatusCode::OK, watch::lesson(door.app, &view)))
        }
        "/course/joining.json" => joining::answer(door, lesson(door)?).await,
        _ => Err(Fault::Missing(Thing::Page)),
    }
}

/// The lesson that the address names.
fn lesson(door: &Door<'_>) -> Result<RoomId, Fault> {
    let id = query::first(door.query, "id").and_then(|id| id.parse().ok());
    id.map(RoomId).ok_or(Fault::Missing(Thing::Room))
}

/// An embedded page. It may talk to the room channel of this very host, which old browsers want to be told.
fn asset(door: &Door<'_>, name: &str) -> Response<Body> {
    let asset = assets::find(name).expect("a page that is named here is embedded");
    let host = door.host;
    let policy =
        format!("{}; connect-src 'self' ws://{host} wss://{host}", assets::CONTENT_SECURITY_POLICY);
    // A name that no header may carry is none of the box's, and came no further than the door.
    let plain = || HeaderValue::from_static(assets::CONTENT_SECURITY_POLICY);
    let policy = HeaderValue::from_str(&policy).unwrap_or_else(|_| plain());
    asset.answer(door.method, door.headers, policy)
}

fn two_lines(status: StatusCode, title: &str, line: &str) -> Response<Body> {
    let mut answer = reply::whole(status, page::CONTENT_TYPE, page::html(title, line).into());
    answer.headers_mut().extend(page::headers());
    answer
}
