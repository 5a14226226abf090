//! `/watch/<roomnum>` and `/media/<roomnum>/…`: the lesson's page, its state, its playlist and its files.
//! Who may watch is the domain's answer; this module carries it to browsers.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde::Serialize;

use super::assets;
use super::live::LIVE;
use crate::domain::live::Reload;
use crate::domain::recording::{INDEX, PLAYLIST};
use crate::domain::watch::{self, Media, Sight, View};
use crate::domain::{Appliance, classroom, retention};
use crate::http::range::{self, Content};
use crate::http::url::query;
use crate::http::{Body, reply};
use crate::model::lesson::{RecordingState, RoomState};
use crate::model::recording::Track;
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Millis, Moment, Refusal, RoomId, Thing};

/// What a page or player asks for.
pub struct Asked<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub now: Moment,
}

/// Answers everything under `/watch/` and `/media/`.
pub async fn answer(app: &Arc<Appliance>, asked: Asked<'_>) -> Response<Body> {
    if asked.method != Method::GET && asked.method != Method::HEAD {
        return sentence(StatusCode::METHOD_NOT_ALLOWED, "use GET");
    }
    let done = match asked.path.strip_prefix("/watch/") {
        Some("cameras.json") => Ok(cameras(app)),
        Some(rest) => Ok(page(&asked, rest)),
        None => media(app, &asked).await,
    };
    let mut answer = done.unwrap_or_else(|fault| failure(&fault));
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

/// Where a camera or microphone is open now: for everybody, for it is they who are seen and heard.
fn cameras(app: &Appliance) -> Response<Body> {
    let body = serde_json::to_vec(&Cameras { on: classroom::open(app) });
    reply::json(StatusCode::OK, body.expect("text always becomes JSON"))
}

#[derive(Serialize)]
struct Cameras<'a> {
    on: Vec<&'a str>,
}

fn page(asked: &Asked<'_>, rest: &str) -> Response<Body> {
    let name = match rest.strip_prefix("assets/") {
        Some(name) => name,
        None if rest.trim_end_matches('/').parse::<i64>().is_ok() => assets::WATCH,
        None => return sentence(StatusCode::NOT_FOUND, "there is no such page"),
    };
    let Some(asset) = assets::find(name) else {
        return sentence(StatusCode::NOT_FOUND, "there is no such page");
    };
    let policy = HeaderValue::from_static(assets::CONTENT_SECURITY_POLICY);
    asset.answer(asked.method, asked.headers, policy)
}

async fn media(app: &Arc<Appliance>, asked: &Asked<'_>) -> Result<Response<Body>, Fault> {
    let missing = || Fault::Missing(Thing::Recording);
    let rest = asked.path.strip_prefix("/media/").ok_or_else(missing)?;
    let (number, name) = rest.split_once('/').ok_or_else(missing)?;
    let id = RoomId(number.parse().map_err(|_| missing())?);
    let key = query::first(asked.query, "k");
    let actor = actor(app, asked);
    let room = watch::admit(app, id, key.as_deref(), actor.as_deref()).await?;
    if name == "lesson.json" {
        if let Some(host) = actor.filter(|actor| actor.id == room.host) {
            // decisions.md, 001: the host's open page counts as a beat. A lesson that is over has no seats.
            let _ = app.presence.beat(id, host.id, asked.now.steady);
        }
        let view = watch::view(app, room).await?;
        return Ok(reply::json(StatusCode::OK, lesson(app, &view)));
    }
    let memory = |content_type, cache_control, bytes: &Bytes| {
        let content = Content { content_type, etag: None, cache_control };
        range::serve_bytes(asked.method, asked.headers, content, bytes)
    };
    let (track, name) = track(id, name);
    match watch::media(app, (&room, track), name, reload(asked.query)?).await? {
        Media::Text(text) => Ok(memory("application/vnd.apple.mpegurl", "no-store", &text)),
        Media::Part(bytes) => Ok(memory("video/mp4", "private, max-age=60", &bytes)),
        Media::File(file) => {
            let tag = file.tag.map(|tag| format!("\"{tag}\""));
            let growing = file.len.is_some() || tag.is_none();
            let content = Content {
                content_type: file.content_type,
                etag: tag.as_deref(),
                cache_control: if growing { "no-cache" } else { "private, max-age=86400" },
            };
            range::serve_file(asked.method, asked.headers, content, &file.path, file.len)
                .await
                .map_err(|e| match e.kind() {
                    std::io::ErrorKind::NotFound => missing(),
                    _ => Fault::internal("reading a recording", e),
                })
        }
    }
}

/// What lies under `slides/` is the second picture's.
pub(super) fn track(id: RoomId, name: &str) -> (Track, &str) {
    let slides = name.strip_prefix(UNDER).map(|name| (Track::slides(id), name));
    slides.unwrap_or((Track::teacher(id), name))
}

/// The directives of low-latency HLS.
fn reload(text: &str) -> Result<Reload, Fault> {
    let number = |name| match query::first(text, name).map(|value| value.parse()) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(Fault::invalid(name, "is no number")),
    };
    let skip = query::first(text, "_HLS_skip").is_some_and(|how| how == "YES" || how == "v2");
    Ok(Reload { segment: number("_HLS_msn")?, part: number("_HLS_part")?, skip })
}

/// A token of any dialect, in the header or, for players that cannot set one, in the address.
pub(super) fn actor(app: &Appliance, asked: &Asked<'_>) -> Option<Arc<Actor>> {
    let header = asked.headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
    let from_header = header.and_then(|h| h.split_once(' ')).map(|(_, token)| token.to_owned());
    let token =
        from_header.or_else(|| query::first(asked.query, "token").map(|t| t.into_owned()))?;
    app.sessions.actor(token.trim(), asked.now).ok()
}

/// What the watch page polls.
#[derive(Serialize)]
struct Lesson<'a> {
    roomnum: i64,
    title: &'a str,
    host: &'a str,
    state: i64,
    /// A picture is being recorded now.
    recording: bool,
    /// Why not, or what is wrong with picture or sound, as a sentence; for all who watch: it is not their own device.
    reason: Option<String>,
    begin_time: i64,
    end_time: i64,
    #[serde(flatten)]
    teacher: Ways,
    /// The lesson's second picture, without sound; null while there is nothing of it.
    slides: Option<Slides>,
    index: Option<String>,
    /// Seconds, once it is over.
    duration: Option<f64>,
    /// Until when the replay is kept, in seconds.
    kept_until: Option<i64>,
    members: i64,
}

/// How a picture is played.
#[derive(Serialize)]
struct Ways {
    playlist: Option<String>,
    /// WebSocket of `web::live`: there is something to be seen this moment.
    live: Option<String>,
    progressive: Option<String>,
}

#[derive(Serialize)]
struct Slides {
    #[serde(flatten)]
    ways: Ways,
    /// When the lesson began, in milliseconds: 0 of both pictures' time.
    zero: i64,
}

/// Before the names of what belongs to the slides.
const UNDER: &str = "slides/";

pub(super) fn lesson(app: &Appliance, view: &View) -> Vec<u8> {
    let room = &view.room;
    let under = |name: &str| format!("/media/{}/{name}?k={}", room.id, room.watch_key);
    let live = room.state == RoomState::Live;
    let ways = |sight: &Sight, track, prefix: &str| Ways {
        playlist: sight.playable.then(|| under(&format!("{prefix}{PLAYLIST}"))),
        live: (live && watch::is_shown(app, track)).then(|| under(&format!("{prefix}{LIVE}"))),
        progressive: sight.progressive.as_ref().map(|name| under(&format!("{prefix}{name}"))),
    };
    let slides = ways(&view.slides, Track::slides(room.id), UNDER);
    // While nothing is plugged in, or all is switched off, the teacher has the page for himself.
    let classroom = app.presence.classroom_of(room.id);
    let is_off = classroom.is_some_and(|name| classroom::is_off(app, &name));
    let is_slate = live && (is_off || app.tapes.is_slate(Track::slides(room.id)));
    let has_slides = !is_slate && (slides.playlist.is_some() || slides.live.is_some());
    let span = view.teacher.duration_us.and_then(|us| u64::try_from(us).ok());
    let lesson = Lesson {
        roomnum: room.id.0,
        title: &room.title,
        host: &room.host_handle,
        state: room.state.number(),
        recording: live && room.recording == RecordingState::On,
        reason: watch::trouble(app, room),
        begin_time: room.begin_at.as_seconds(),
        end_time: room.end_at.as_seconds(),
        teacher: ways(&view.teacher, Track::teacher(room.id), ""),
        slides: has_slides.then_some(Slides { ways: slides, zero: room.begin_at.0 }),
        index: watch::has_index(room).then(|| under(INDEX)),
        duration: span.map(|us| std::time::Duration::from_micros(us).as_secs_f64()),
        kept_until: retention::kept_until(app, room).map(Millis::as_seconds),
        members: room.members,
    };
    serde_json::to_vec(&lesson).expect("numbers and text always become JSON")
}

pub(super) fn failure(fault: &Fault) -> Response<Body> {
    match fault {
        Fault::Missing(Thing::Room) => sentence(StatusCode::NOT_FOUND, "there is no such lesson"),
        Fault::Missing(Thing::Application) => {
            sentence(StatusCode::NOT_FOUND, "nobody of that number has applied")
        }
        Fault::Missing(Thing::Deleted) => sentence(
            StatusCode::GONE,
            "the recording was deleted: it is kept for so long and no longer",
        ),
        Fault::Missing(_) => sentence(StatusCode::NOT_FOUND, "there is no such recording"),
        Fault::Unauthenticated(Refusal::Absent) => {
            sentence(StatusCode::UNAUTHORIZED, "log in, or use the lesson's link")
        }
        Fault::Unauthenticated(_) => sentence(StatusCode::UNAUTHORIZED, "log in again"),
        Fault::Denied(why) => sentence(StatusCode::FORBIDDEN, why),
        Fault::Busy { .. } => sentence(StatusCode::TOO_MANY_REQUESTS, "the box is busy"),
        Fault::Conflict(Conflict::Answered) => {
            sentence(StatusCode::CONFLICT, "too late: it was answered, or a minute has passed")
        }
        Fault::Conflict(Conflict::MethodNotAllowed) => {
            sentence(StatusCode::METHOD_NOT_ALLOWED, "another method is needed")
        }
        Fault::Conflict(Conflict::NotLive) => {
            sentence(StatusCode::CONFLICT, "the lesson is not running")
        }
        Fault::Invalid { .. }
        | Fault::Syntax(_)
        | Fault::Conflict(_)
        | Fault::Licence(_)
        | Fault::TooLarge { .. } => sentence(StatusCode::BAD_REQUEST, "that cannot be answered"),
        Fault::Offline(_) => sentence(StatusCode::SERVICE_UNAVAILABLE, "try again in a moment"),
        Fault::Internal(source) => {
            tracing::error!(source, "our fault on a page");
            sentence(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
        }
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    error: &'a str,
}

/// `{"error": "sentence"}`.
pub fn sentence(status: StatusCode, error: &str) -> Response<Body> {
    let body = serde_json::to_vec(&Failure { error }).expect("text always becomes JSON");
    reply::json(status, body)
}
