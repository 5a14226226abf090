//! `/box/moderate/N`: the teacher sees who applies to join the lesson, and answers.

use bytes::Bytes;
use hyper::{Method, Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::door::Door;
use super::joining::left;
use crate::domain::{application, room};
use crate::http::{Body, body, reply};
use crate::model::lesson::RoomState;
use crate::model::user::Actor;
use crate::model::{Fault, Millis, RoomId, Thing, UserId};
use crate::web::assets;
use crate::wire::leancloud::Status;

/// A number and a word.
const BODY_MAX: usize = 1024;

/// The page itself is for everybody: it asks the visitor to log in.
pub async fn answer<B>(door: &Door<'_>, rest: &str, body: B) -> Result<Response<Body>, Fault>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let (number, name) = rest.split_once('/').unwrap_or((rest, ""));
    let id = RoomId(number.parse().map_err(|_| Fault::Missing(Thing::Page))?);
    match name {
        "" => {
            door.only(&[Method::GET, Method::HEAD])?;
            Ok(super::asset(door, assets::MODERATE))
        }
        "applications.json" => {
            door.only(&[Method::GET, Method::POST])?;
            let actor = match *door.method {
                Method::POST => judge(door, id, body).await?,
                _ => door.actor()?,
            };
            list(door, id, &actor).await
        }
        _ => Err(Fault::Missing(Thing::Page)),
    }
}

#[derive(Deserialize)]
struct Verdict {
    /// The applicant's number.
    user: i64,
    accept: bool,
}

async fn judge<B>(door: &Door<'_>, id: RoomId, body: B) -> Result<std::sync::Arc<Actor>, Fault>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let actor = door.actor_who_acts()?;
    let body = body::whole(body, BODY_MAX).await.map_err(|e| match e {
        body::BodyError::TooLarge => Fault::TooLarge { limit: BODY_MAX as u64 },
        body::BodyError::TooSlow | body::BodyError::Crowded => {
            Fault::Busy { retry: Millis::seconds(1) }
        }
        body::BodyError::Broken(why) => Fault::Syntax(why),
    })?;
    let verdict: Verdict =
        serde_json::from_slice(&body).map_err(|e| Fault::Syntax(e.to_string()))?;
    let status = if verdict.accept { Status::Accepted } else { Status::Refused };
    application::answer(door.app, id, &actor, (UserId(verdict.user), status), door.now).await?;
    Ok(actor)
}

#[derive(Serialize)]
struct Desk<'a> {
    roomnum: i64,
    title: &'a str,
    live: bool,
    applications: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: i64,
    user: i64,
    name: &'a str,
    state: &'static str,
    /// Milliseconds since 1970.
    applied_at: i64,
    left_ms: i64,
}

async fn list(door: &Door<'_>, id: RoomId, actor: &Actor) -> Result<Response<Body>, Fault> {
    let applications = application::list(door.app, id, actor).await?;
    let room = room::get(door.app, id).await?;
    let line = |application| Line::of(application, door.now.wall);
    let desk = Desk {
        roomnum: room.id.0,
        title: &room.title,
        live: room.state == RoomState::Live,
        applications: applications.iter().map(line).collect(),
    };
    let body = serde_json::to_vec(&desk).expect("numbers and text always become JSON");
    Ok(reply::json(StatusCode::OK, body))
}

impl<'a> Line<'a> {
    fn of(application: &'a crate::model::application::Application, now: Millis) -> Self {
        Self {
            id: application.id,
            user: application.user.0,
            name: &application.name,
            state: application.state.word(),
            applied_at: application.applied_at.0,
            left_ms: left(application, now).0,
        }
    }
}
