//! Document 001's words: `{"errorCode","errorInfo","data"}`, always HTTP 200, and the two callbacks' own
//! forms. The only place that knows the numbers. Source: 001's table, decisions.md "Codes".
#![warn(clippy::wildcard_enum_match_arm)]

use bytes::Bytes;
use hyper::StatusCode;
use serde::Serialize;

use crate::dialect::{Envelope, Json, RequestId, Row, Sealed};
use crate::model::{Conflict, Fault, Part, Refusal, Thing};

/// The numbers of `errorCode`; `errorInfo` says more each time.
pub const CODES: &[(i64, &str)] = &[
    (0, "success"),
    (10001, "svc and cmd name no command, or the method is not POST"),
    (10002, "the body is not a JSON object"),
    (10003, "a field is missing or wrong; errorInfo names it"),
    (10004, "the id is registered already"),
    (10005, "the user does not exist"),
    (10006, "the password is wrong, or none is set"),
    (10007, "the account is logged in already (only with edu.login = refuse)"),
    (10008, "already logged out"),
    (10009, "the token is not known, has expired (log in again), or is of the box's staff"),
    (10010, "the room does not exist"),
    (10101, "not allowed: not a teacher, or not this course's teacher"),
    (10102, "the course is in another state"),
    (10104, "the url is bound already"),
    (10105, "the url is not bound"),
    (10110, "the licence refuses"),
    (10111, "too many tries, or the box is busy: try again in the seconds it says"),
    (20001, "the caller is not in the room"),
    (20002, "the course is not running"),
    (90000, "the box's own fault, or the cloud does not answer"),
];

pub fn success(row: &Row, data: Json) -> Sealed {
    let body = match row.envelope {
        Envelope::RecordingCallback => Bytes::from_static(br#"{"code":0}"#),
        Envelope::IndexCallback => index(0, "").into(),
        Envelope::Page | Envelope::Picture => data.bare(),
        // A command without an answer has no `data` member.
        Envelope::Plain if data.is_nothing() => {
            Bytes::from_static(br#"{"errorCode":0,"errorInfo":""}"#)
        }
        Envelope::Plain => data.within(br#"{"errorCode":0,"errorInfo":"","data":"#, b"}"),
    };
    Sealed::json(StatusCode::OK, body)
}

pub fn fault(row: Option<&Row>, fault: &Fault, request_id: RequestId) -> Sealed {
    let (code, info) = words(fault, request_id);
    let body = match row.map_or(Envelope::Plain, |r| r.envelope) {
        Envelope::Plain | Envelope::Page | Envelope::Picture => failure(code, &info),
        Envelope::RecordingCallback => json(&Code { code }).into(),
        Envelope::IndexCallback => index(code, &info).into(),
    };
    Sealed::json(StatusCode::OK, body)
}

fn failure(code: i64, info: &str) -> Bytes {
    let mut json = Json::with_room_for(64 + info.len());
    json.push(br#"{"errorCode":"#);
    json.number(code);
    json.push(br#","errorInfo":"#);
    json.quoted(info);
    json.push(b"}");
    json.bare()
}

#[derive(Serialize)]
struct Code {
    code: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Status<'a> {
    action_status: &'a str,
    error_code: i64,
    error_info: &'a str,
}

fn index(code: i64, info: &str) -> Vec<u8> {
    json(&Status { action_status: "OK", error_code: code, error_info: info })
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("numbers and text always become JSON")
}

fn words(fault: &Fault, request_id: RequestId) -> (i64, String) {
    match fault {
        Fault::Missing(thing) => missing(*thing),
        Fault::Invalid { field, why } => (10003, format!("field {field} {why}")),
        Fault::Syntax(why) => (10002, format!("the body is not valid JSON: {why}")),
        Fault::Denied(why) => (10101, why.to_string()),
        Fault::Unauthenticated(refusal) => refused(*refusal),
        Fault::Conflict(conflict) => conflicting(*conflict),
        Fault::Licence(why) => (10110, format!("{} {}", why.code(), why.remedy())),
        Fault::Busy { retry } => {
            let seconds = (retry.0 + 999) / 1000;
            (10111, format!("too many tries, or the box is busy; try again in {seconds} s"))
        }
        Fault::TooLarge { limit } => (10003, format!("the body is longer than {limit} bytes")),
        Fault::Offline(part) => (90000, offline(*part).into()),
        Fault::Internal(_) => (90000, format!("internal error, request {request_id}")),
    }
}

fn missing(thing: Thing) -> (i64, String) {
    match thing {
        Thing::Command => (10001, "Invalid request: svc and cmd name no command".into()),
        Thing::Page => (10001, "Invalid request: no such page".into()),
        Thing::Webhook => (10001, "Invalid request: no such webhook".into()),
        Thing::Group => (10010, "the group does not exist".into()),
        Thing::Application => (10003, "there is no such application".into()),
        Thing::User => (10005, "the user does not exist".into()),
        Thing::Room => (10010, "the room does not exist".into()),
        Thing::Recording | Thing::Deleted => (10003, "there is no such recording".into()),
        Thing::File => (10003, "there is no such file".into()),
        Thing::Video => (10003, "there is no such video".into()),
        Thing::Camera => (10003, "there is no such camera".into()),
        Thing::Input => (10003, "there is no such input".into()),
        Thing::Classroom => (10003, "there is no such classroom".into()),
    }
}

fn refused(refusal: Refusal) -> (i64, String) {
    match refusal {
        Refusal::Absent => (10009, "no token was given".into()),
        Refusal::Scheme => (10009, "the token's scheme is not known".into()),
        Refusal::Refused => {
            (10009, "this account is of the staff: lessons are for teachers and pupils".into())
        }
        Refusal::Expired => (10009, "the token has expired; log in again".into()),
        Refusal::Invalid => (10009, "the token is not known; log in again".into()),
        Refusal::Password => (10006, "the password is wrong, or none is set".into()),
        Refusal::LoggedOut => (10008, "already logged out".into()),
        Refusal::Secret => (10009, "the secret is not good here".into()),
        Refusal::Code => (10009, "the code is not good (any more)".into()),
        Refusal::Disabled => (10009, "this account is closed; ask the administrator".into()),
    }
}

fn conflicting(conflict: Conflict) -> (i64, String) {
    match conflict {
        Conflict::HandleTaken => (10004, "the id is registered already".into()),
        Conflict::SessionAlive => (10007, "this account is logged in already".into()),
        Conflict::NotStartable => (10102, "the course was started already".into()),
        Conflict::NotLive => (20002, "the course is not running".into()),
        Conflict::NotOver => (10102, "the course is not over yet".into()),
        Conflict::Over => (10102, "the course is over".into()),
        Conflict::AlreadyBound => (10104, "the url is bound already".into()),
        Conflict::NotBound => (10105, "the url is not bound".into()),
        Conflict::NotInRoom => (20001, "the user is not in this room".into()),
        Conflict::Replayed => (10003, "field sign was used with another body".into()),
        Conflict::MethodNotAllowed => (10001, "Invalid request: use POST".into()),
        Conflict::Answered => (10102, "this was answered already, or too late".into()),
        Conflict::SetUp => (10101, "the box is set up already".into()),
        Conflict::LastAdministrator => (10101, "this is the last administrator".into()),
        Conflict::Full => (10102, "it is full".into()),
        Conflict::NotNow | Conflict::SwitchedOff | Conflict::Overtaken => {
            (10102, "this cannot be done now".into())
        }
    }
}

fn offline(part: Part) -> &'static str {
    match part {
        Part::Recorder => "the recorder does not answer",
        Part::Disk => "the disk is full",
        Part::Cloud => "Server internal error:call qcloud failed",
        Part::Store => "the store does not answer",
        Part::Camera => "the camera does not answer",
        Part::Microphone => "the microphone does not answer",
    }
}
