//! `/course/joining.json?id=N`: who the viewer is, and what became of the application to join. POST applies.

use hyper::{Method, Response, StatusCode};
use serde::Serialize;

use super::door::Door;
use crate::domain::{application, user, watch};
use crate::http::{Body, reply};
use crate::model::application::{Application, ApplicationState};
use crate::model::lesson::RoomState;
use crate::model::{Fault, Millis, RoomId};

#[derive(Serialize)]
struct Joining {
    /// What people are shown of the viewer.
    name: String,
    /// The lesson runs, so that one may apply.
    live: bool,
    /// `waiting`, `accepted`, `refused`, `unhandled`; null before the first application.
    state: Option<&'static str>,
    /// Milliseconds until a waiting application is unhandled.
    left_ms: i64,
}

pub async fn answer(door: &Door<'_>, id: RoomId) -> Result<Response<Body>, Fault> {
    door.only(&[Method::GET, Method::POST])?;
    let actor = match *door.method {
        Method::POST => door.actor_who_acts()?,
        _ => door.actor()?,
    };
    let room = watch::admit(door.app, id, None, Some(&actor)).await?;
    if door.method == Method::POST {
        application::apply(door.app, id, &actor, door.now).await?;
    }
    let mine = application::mine(door.app, id, &actor).await?;
    let viewer = user::by_handle(door.app, actor.handle.clone()).await?;
    let joining = Joining {
        name: viewer.map(|viewer| viewer.shown_name().to_owned()).unwrap_or_default(),
        live: room.state == RoomState::Live,
        state: mine.as_ref().map(|application| application.state.word()),
        left_ms: mine.map_or(0, |application| left(&application, door.now.wall).0),
    };
    let body = serde_json::to_vec(&joining).expect("numbers and text always become JSON");
    Ok(reply::json(StatusCode::OK, body))
}

/// How long an applicant still waits.
pub fn left(application: &Application, now: Millis) -> Millis {
    match application.state {
        ApplicationState::Waiting => {
            let waited = (now - application.applied_at).0.clamp(0, application::WAIT.0);
            application::WAIT - Millis(waited)
        }
        ApplicationState::Accepted | ApplicationState::Refused | ApplicationState::Unhandled => {
            Millis(0)
        }
    }
}
