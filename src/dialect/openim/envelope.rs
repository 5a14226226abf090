//! Document 002's words: `errCode` and `errMsg` beside the answer's own members, failures with an HTTP status.
//! The only place that knows the numbers. Source: decisions.md, "Failures, by dialect"; facts.md.
#![warn(clippy::wildcard_enum_match_arm)]

use hyper::StatusCode;
use hyper::header::{self, HeaderValue};
use serde::Serialize;

use crate::dialect::{Json, RequestId, Row, Sealed};
use crate::model::{Conflict, Fault, Part, Refusal, Thing};

/// The numbers of `errCode`; `errMsg` says more each time.
pub const CODES: &[(i64, &str)] = &[
    (0, "success"),
    (
        400,
        "a field is missing or wrong, or the body is no JSON object; HTTP 400, or 413 when it is too long",
    ),
    (401, "the secret is wrong, or the account is closed; HTTP 400"),
    (404, "there is no such address; HTTP 404"),
    (405, "use POST; HTTP 405"),
    (429, "too many wrong secrets, or the box is busy: try again in the seconds it says; HTTP 429"),
    (500, "the uid is taken or not registered, or the box's own fault; HTTP 500"),
];

/// `{"errCode":0,"errMsg":"",…}` with the members of the output, of which every command has some.
pub fn success(_: &Row, output: Json) -> Sealed {
    Sealed::json(StatusCode::OK, output.among(br#"{"errCode":0,"errMsg":"","#))
}

pub fn fault(_: Option<&Row>, fault: &Fault, request_id: RequestId) -> Sealed {
    let (status, code, text) = words(fault, request_id);
    let body = serde_json::to_vec(&Failure { errCode: code, errMsg: &text });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut sealed = Sealed::json(status, body.expect("numbers and text always become JSON"));
    if let Fault::Conflict(Conflict::MethodNotAllowed) = fault {
        sealed.headers.push((header::ALLOW, HeaderValue::from_static("POST")));
    }
    if let Fault::Busy { retry } = fault {
        sealed.headers.push((header::RETRY_AFTER, HeaderValue::from((retry.0 + 999) / 1000)));
    }
    sealed
}

#[derive(Serialize)]
#[allow(non_snake_case)]
struct Failure<'a> {
    errCode: u16,
    errMsg: &'a str,
}

/// HTTP status, `errCode`, `errMsg`.
type Words = (u16, u16, String);

fn words(fault: &Fault, request_id: RequestId) -> Words {
    let bad = |text: String| (400, 400, text);
    match fault {
        Fault::Missing(thing) => missing(*thing),
        Fault::Invalid { field, why } => bad(format!("field {field} {why}")),
        Fault::Syntax(why) => bad(format!("the body is not valid JSON: {why}")),
        Fault::Denied(why) => (400, 401, why.to_string()),
        Fault::Unauthenticated(refusal) => (400, 401, refused(*refusal).into()),
        Fault::Conflict(conflict) => conflicting(*conflict),
        Fault::Licence(why) => (400, 401, format!("{} {}", why.code(), why.remedy())),
        Fault::Busy { retry } => {
            let seconds = (retry.0 + 999) / 1000;
            let why = "too many wrong secrets, or the box is busy";
            (429, 429, format!("{why}; try again in {seconds} s"))
        }
        Fault::TooLarge { limit } => (413, 400, format!("the body is longer than {limit} bytes")),
        Fault::Offline(part) => (500, 500, offline(*part).into()),
        Fault::Internal(_) => (500, 500, format!("internal error, request {request_id}")),
    }
}

fn missing(thing: Thing) -> Words {
    let unknown = |what: &str| (404, 404, format!("there is no such {what}"));
    match thing {
        Thing::User => (500, 500, "the uid is not registered".into()),
        Thing::Page | Thing::Command => unknown("address"),
        Thing::Room => unknown("room"),
        Thing::Group => unknown("group"),
        Thing::Recording | Thing::Deleted => unknown("recording"),
        Thing::File => unknown("file"),
        Thing::Video => unknown("video"),
        Thing::Webhook => unknown("webhook"),
        Thing::Application => unknown("application"),
        Thing::Camera => unknown("camera"),
        Thing::Input => unknown("input"),
        Thing::Classroom => unknown("classroom"),
    }
}

fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Secret => "not authorized: the secret is not this box's",
        Refusal::Disabled => "not authorized: the account of this uid is closed",
        Refusal::Absent => "not authorized: no token was given",
        Refusal::Scheme => "not authorized: the token's scheme is not known",
        Refusal::Refused => "not authorized: this token is not good here",
        Refusal::Expired => "not authorized: the token has expired",
        Refusal::Invalid => "not authorized: the token is not known",
        Refusal::Password => "not authorized: the password is wrong, or none is set",
        Refusal::LoggedOut => "not authorized: already logged out",
        Refusal::Code => "not authorized: the code is not good (any more)",
    }
}

fn conflicting(conflict: Conflict) -> Words {
    let bad = |text: &str| (400, 400, text.to_owned());
    match conflict {
        Conflict::HandleTaken => (500, 500, "the uid is registered already".into()),
        Conflict::MethodNotAllowed => (405, 405, "use POST".into()),
        Conflict::SessionAlive => bad("this account is logged in already"),
        Conflict::NotStartable => bad("the lesson was started already"),
        Conflict::NotLive => bad("the lesson is not running"),
        Conflict::NotOver => bad("the lesson is not over yet"),
        Conflict::Over => bad("the lesson is over"),
        Conflict::AlreadyBound => bad("the url is bound already"),
        Conflict::NotBound => bad("the url is not bound"),
        Conflict::NotInRoom => bad("the user is not in this room"),
        Conflict::Replayed => bad("the signature was used with another body"),
        Conflict::Answered => bad("this was answered already, or too late"),
        Conflict::Full => bad("there is no room for more"),
        Conflict::NotNow | Conflict::SwitchedOff | Conflict::Overtaken => {
            bad("this cannot be done now")
        }
        Conflict::SetUp => bad("the box is set up already"),
        Conflict::LastAdministrator => bad("this is the last administrator"),
    }
}

fn offline(part: Part) -> &'static str {
    match part {
        Part::Recorder => "the recorder does not answer",
        Part::Disk => "the disk is full",
        Part::Cloud => "the cloud does not answer",
        Part::Store => "the store does not answer",
        Part::Camera => "the camera does not answer",
        Part::Microphone => "the microphone does not answer",
    }
}
