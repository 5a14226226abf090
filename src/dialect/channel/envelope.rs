//! Document 000's words: `{"code","msg","result"}`, where `code` is the HTTP status; and pages for browsers.
//! The only place that knows them. Source: 000, facts.md; decisions.md, "Failures, by dialect".
#![warn(clippy::wildcard_enum_match_arm)]

use std::borrow::Cow;

use hyper::StatusCode;
use serde::Serialize;

use crate::dialect::{Envelope, Json, RequestId, Row, Sealed};
use crate::http::page;
use crate::model::{Conflict, Fault, Part, Refusal, Thing};

pub const CODES: &[(i64, &str)] = &[
    (200, "success"),
    (302, "the browser is sent on (reg_from_channel)"),
    (400, "a field is missing or wrong; msg names it"),
    (401, "the app's secret or token is missing, wrong or over seven days old"),
    (403, "not allowed; for a browser also: auth_token is missing or wrong"),
    (404, "there is no such address, or the user is not registered"),
    (405, "another method"),
    (409, "the state of the thing forbids it"),
    (413, "the body is too long"),
    (429, "too many tries, or the box is busy: try again in the seconds it says"),
    (500, "the box's own fault"),
];

pub fn success(_: &Row, result: Json) -> Sealed {
    let body = result.within(br#"{"code":200,"msg":"success","result":"#, b"}");
    Sealed::json(StatusCode::OK, body)
}

#[derive(Serialize)]
struct Failed<'a> {
    code: u16,
    msg: &'a str,
    result: Nothing,
}

#[derive(Serialize)]
struct Nothing {}

pub fn fault(row: Option<&Row>, fault: &Fault, request_id: RequestId) -> Sealed {
    let (code, msg) = words(fault, request_id);
    match row.map_or(Envelope::Plain, |row| row.envelope) {
        Envelope::Plain
        | Envelope::Picture
        | Envelope::RecordingCallback
        | Envelope::IndexCallback => {
            let failed = Failed { code: code.as_u16(), msg: &msg, result: Nothing {} };
            let body = serde_json::to_vec(&failed).expect("numbers and text always become JSON");
            Sealed::json(code, body)
        }
        // A browser has no credentials to try again with: it is turned away.
        Envelope::Page if code == StatusCode::UNAUTHORIZED => {
            page(StatusCode::FORBIDDEN, "无法进入课堂", &msg)
        }
        Envelope::Page => page(code, "无法进入课堂", &msg),
    }
}

/// A page of two lines. Nothing in it comes from the request but names of fields.
pub fn page(status: StatusCode, title: &str, line: &str) -> Sealed {
    let (body, headers) = (page::html(title, line).into(), page::headers().into());
    Sealed { status, content_type: page::CONTENT_TYPE, headers, body }
}

fn words(fault: &Fault, request_id: RequestId) -> (StatusCode, Cow<'static, str>) {
    match fault {
        Fault::Missing(thing) => (StatusCode::NOT_FOUND, missing(*thing).into()),
        Fault::Invalid { field, why } => {
            (StatusCode::BAD_REQUEST, format!("field {field} {why}").into())
        }
        Fault::Syntax(why) => {
            (StatusCode::BAD_REQUEST, format!("the body is not valid JSON: {why}").into())
        }
        Fault::Denied(why) => (StatusCode::FORBIDDEN, why.clone()),
        Fault::Unauthenticated(refusal) => (StatusCode::UNAUTHORIZED, refused(*refusal).into()),
        Fault::Conflict(Conflict::MethodNotAllowed) => {
            (StatusCode::METHOD_NOT_ALLOWED, "another method is needed".into())
        }
        Fault::Conflict(conflict) => (StatusCode::CONFLICT, conflicting(*conflict).into()),
        Fault::Licence(why) => {
            (StatusCode::FORBIDDEN, format!("{} {}", why.code(), why.remedy()).into())
        }
        Fault::Busy { retry } => {
            let seconds = (retry.0 + 999) / 1000;
            let text = format!("too many tries, or the box is busy; try again in {seconds} s");
            (StatusCode::TOO_MANY_REQUESTS, text.into())
        }
        Fault::TooLarge { limit } => {
            let text = format!("the body is longer than {limit} bytes");
            (StatusCode::PAYLOAD_TOO_LARGE, text.into())
        }
        Fault::Offline(part) => (StatusCode::INTERNAL_SERVER_ERROR, offline(*part).into()),
        Fault::Internal(_) => {
            let text = format!("internal error, request {request_id}");
            (StatusCode::INTERNAL_SERVER_ERROR, text.into())
        }
    }
}

fn missing(thing: Thing) -> &'static str {
    match thing {
        Thing::Command | Thing::Page => "there is no such address",
        Thing::User => "the user is not registered",
        Thing::Room => "there is no such course",
        Thing::Recording | Thing::Deleted => "there is no such recording",
        Thing::File => "there is no such file",
        Thing::Video => "there is no such video",
        Thing::Webhook => "there is no such webhook",
        Thing::Group => "there is no such group",
        Thing::Application => "there is no such application",
        Thing::Camera => "there is no such camera",
        Thing::Input => "there is no such input",
        Thing::Classroom => "there is no such classroom",
    }
}

fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Absent => "no token was given",
        Refusal::Scheme => "the token's scheme is not jwt",
        Refusal::Refused => "this token is not good here",
        Refusal::Expired => "the token has expired",
        Refusal::Invalid => "the token is not known",
        Refusal::Secret => "the credentials are wrong",
        Refusal::Password => "the password is wrong",
        Refusal::LoggedOut => "already logged out",
        Refusal::Code => "the code is not good (any more)",
        Refusal::Disabled => "this account is closed; ask the administrator",
    }
}

fn conflicting(conflict: Conflict) -> &'static str {
    match conflict {
        Conflict::HandleTaken => "the user exists already",
        Conflict::SessionAlive => "this account is logged in already",
        Conflict::NotStartable => "the course was started already",
        Conflict::NotLive => "the course is not running",
        Conflict::NotOver => "the course is not over yet",
        Conflict::Over => "the course is over",
        Conflict::AlreadyBound => "the file is bound already",
        Conflict::NotBound => "the file is not bound",
        Conflict::NotInRoom => "the user is not in this course",
        Conflict::Replayed => "the signature was used before",
        Conflict::MethodNotAllowed => "another method is needed",
        Conflict::Answered => "this was answered already, or too late",
        Conflict::SetUp => "the box is set up already",
        Conflict::LastAdministrator => "this is the last administrator",
        Conflict::Full => "there is no room for more",
        Conflict::NotNow | Conflict::SwitchedOff | Conflict::Overtaken => "this cannot be done now",
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
