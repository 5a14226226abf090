//! The box's own words: a bare object, or `{"error":{"code","message"}}` with the HTTP status that says the
//! same. The only place of this API that knows statuses and codes.
#![warn(clippy::wildcard_enum_match_arm)]

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{self, HeaderName, HeaderValue};

use crate::dialect::{Json, RequestId, Row, Sealed};
use crate::model::{Conflict, Fault, Part, Refusal, Thing};

/// Every HTTP status; `error.code` says more.
pub const CODES: &[(i64, &str)] = &[
    (200, "done"),
    (201, "done, and made"),
    (400, "a field is missing or wrong, or the body is not a JSON object"),
    (401, "no token, not one of the box's own log-in, or a wrong password or code"),
    (403, "not allowed for this role, or called by a page of another site"),
    (404, "there is no such address or thing"),
    (405, "the address is called with another method"),
    (409, "the state of the thing forbids it, or the licence does"),
    (413, "the body is too long"),
    (421, "a cookie came with a name that is not the box's"),
    (426, "the address is a WebSocket's"),
    (429, "too many wrong tries, or the box is busy: try again in retry_s seconds"),
    (500, "the box's own fault; request names it in the log"),
    (503, "a part of the box does not answer"),
];

pub fn success(row: &Row, data: Json) -> Sealed {
    let status = StatusCode::from_u16(row.success).unwrap_or(StatusCode::OK);
    let bare = if data.is_nothing() { Bytes::from_static(b"{}") } else { data.bare() };
    Sealed::json(status, bare)
}

pub fn fault(_: Option<&Row>, fault: &Fault, request_id: RequestId) -> Sealed {
    let Words { status, code, message } = words(fault);
    let mut error = Inner { code, message: &message, field: None, retry_s: None, request: None };
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    let mut request = None;
    match fault {
        Fault::Invalid { field, .. } => error.field = Some(field),
        Fault::Busy { retry } => {
            let seconds = (retry.0 + 999) / 1000;
            error.retry_s = Some(seconds);
            headers.push((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        Fault::Internal(_) => error.request = Some(request.insert(request_id.to_string())),
        Fault::Unauthenticated(_) => {
            headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        Fault::Missing(_)
        | Fault::Syntax(_)
        | Fault::Denied(_)
        | Fault::Conflict(_)
        | Fault::Licence(_)
        | Fault::TooLarge { .. }
        | Fault::Offline(_) => {}
    }
    Sealed { headers, ..sealed(status, error) }
}

/// A browser with a cookie that called the box by a name which is not the box's: somebody's trick with DNS.
pub fn misdirected() -> Sealed {
    let message = "the box is not called so: use its name, its address or its public_url";
    let error = Inner { code: "misdirected", message, field: None, retry_s: None, request: None };
    sealed(StatusCode::MISDIRECTED_REQUEST, error)
}

/// A plain request to a WebSocket's address.
pub fn upgrade() -> Sealed {
    let message = "this is a WebSocket: connect with a WebSocket client";
    let error = Inner { code: "upgrade", message, field: None, retry_s: None, request: None };
    let asked = (header::UPGRADE, HeaderValue::from_static("websocket"));
    Sealed { headers: vec![asked], ..sealed(StatusCode::UPGRADE_REQUIRED, error) }
}

/// What is said of a failure. Absent parts are not said.
#[derive(Clone, Copy)]
struct Inner<'a> {
    code: &'static str,
    message: &'a str,
    field: Option<&'a str>,
    retry_s: Option<i64>,
    request: Option<&'a str>,
}

fn sealed(status: StatusCode, error: Inner<'_>) -> Sealed {
    let mut json = Json::with_room_for(128 + error.message.len());
    json.push(br#"{"error":{"code":"#);
    json.quoted(error.code);
    json.push(br#","message":"#);
    json.quoted(error.message);
    if let Some(field) = error.field {
        json.push(br#","field":"#);
        json.quoted(field);
    }
    if let Some(seconds) = error.retry_s {
        json.push(br#","retry_s":"#);
        json.number(seconds);
    }
    if let Some(request) = error.request {
        json.push(br#","request":"#);
        json.quoted(request);
    }
    json.push(b"}}");
    Sealed::json(status, json.bare())
}

struct Words {
    status: StatusCode,
    code: &'static str,
    message: String,
}

fn words(fault: &Fault) -> Words {
    let (status, code, message) = match fault {
        Fault::Missing(thing) => (404, "not_found", format!("there is no such {}", noun(*thing))),
        Fault::Invalid { field, why } => (400, "invalid", format!("{field} {why}")),
        Fault::Syntax(why) => (400, "syntax", format!("the body is not a JSON object: {why}")),
        Fault::Denied(why) => (403, "denied", why.to_string()),
        Fault::Unauthenticated(refusal) => {
            let (code, message) = refused(*refusal);
            (401, code, message.to_owned())
        }
        Fault::Conflict(conflict) => {
            let (status, code, message) = conflicting(*conflict);
            (status, code, message.to_owned())
        }
        Fault::Licence(why) => (409, "licence", format!("{} {}", why.code(), why.remedy())),
        Fault::Busy { .. } => (429, "busy", "too many tries, or the box is busy: wait".to_owned()),
        Fault::TooLarge { limit } => {
            (413, "too_large", format!("the body is longer than {limit} bytes"))
        }
        Fault::Offline(part) => (503, "offline", format!("{} does not answer", silent(*part))),
        Fault::Internal(_) => (500, "internal", "internal error".to_owned()),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Words { status, code, message }
}

const fn noun(thing: Thing) -> &'static str {
    match thing {
        Thing::Command | Thing::Page => "address",
        Thing::User => "user",
        Thing::Room => "lesson",
        Thing::Recording | Thing::Deleted => "recording",
        Thing::File => "file",
        Thing::Video => "video",
        Thing::Webhook => "webhook",
        Thing::Group => "group",
        Thing::Application => "application",
        Thing::Camera => "camera",
        Thing::Input => "input",
        Thing::Classroom => "classroom",
    }
}

const fn refused(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::Absent => ("no_token", "log in: no token was given"),
        Refusal::Scheme => ("scheme", "send the token as Authorization: Bearer TOKEN"),
        Refusal::Refused => ("foreign_token", "this token is not of the box's own log-in"),
        Refusal::Expired => ("expired", "the token has expired: log in again"),
        Refusal::Invalid => ("unknown_token", "the token is not known: log in again"),
        Refusal::Password => ("wrong_password", "user or password is wrong"),
        Refusal::LoggedOut => ("logged_out", "already logged out"),
        Refusal::Secret => ("wrong_secret", "the secret is wrong"),
        Refusal::Code => ("wrong_code", "the code is not good (any more)"),
        Refusal::Disabled => ("disabled", "this account is closed: ask the administrator"),
    }
}

const fn conflicting(conflict: Conflict) -> (u16, &'static str, &'static str) {
    match conflict {
        Conflict::HandleTaken => (409, "handle_taken", "the handle is taken"),
        Conflict::SessionAlive => (409, "session_alive", "the user is logged in already"),
        Conflict::NotStartable => (409, "not_startable", "the lesson was started already"),
        Conflict::NotLive => (409, "not_live", "the lesson is not running"),
        Conflict::NotOver => (409, "not_over", "the lesson is not over yet"),
        Conflict::Over => (409, "over", "the lesson is over"),
        Conflict::AlreadyBound => (409, "already_bound", "the url is bound already"),
        Conflict::NotBound => (409, "not_bound", "the url is not bound"),
        Conflict::NotInRoom => (409, "not_in_lesson", "the user is not in the lesson"),
        Conflict::Replayed => (409, "replayed", "the signature was used with another body"),
        Conflict::MethodNotAllowed => (405, "method", "this address takes another method"),
        Conflict::Answered => (409, "answered", "this was answered already, or too late"),
        Conflict::SetUp => (409, "set_up", "the box has its administrator already"),
        Conflict::Full => (409, "full", "there are as many as can be"),
        Conflict::NotNow => (
            409,
            "not_now",
            "the camera is switched off, stands by, or is in the middle of something",
        ),
        Conflict::SwitchedOff => {
            (409, "switched_off", "camera and microphone of its classroom are switched off")
        }
        Conflict::Overtaken => {
            (409, "overtaken", "the camera was stopped, or asked for something else meanwhile")
        }
        Conflict::LastAdministrator => {
            (409, "last_administrator", "the box would be left without an administrator")
        }
    }
}

const fn silent(part: Part) -> &'static str {
    match part {
        Part::Recorder => "the recorder",
        Part::Disk => "the disk",
        Part::Cloud => "the cloud",
        Part::Store => "the store",
        Part::Camera => "the camera",
        Part::Microphone => "the microphone",
    }
}
