//! Document 004's words: `{"status","message","info"}`, and `error` with the numbers of its table.
//! The only place that knows them. Source: 004, error codes; decisions.md, "Failures, by dialect".
#![warn(clippy::wildcard_enum_match_arm)]

use std::borrow::Cow;

use bytes::Bytes;
use hyper::StatusCode;

use crate::dialect::{Json, RequestId, Row, Sealed};
use crate::model::{Conflict, Fault, LicenceWhy, Part, Refusal};

/// The numbers of `status`, then those of `error`.
pub const CODES: &[(i64, &str)] = &[
    (0, "failed; message says why"),
    (1, "done"),
    (2, "done; message is a warning"),
    (1401, "授權為空: no Authorization header"),
    (1402, "授權類型不正確: another scheme than Bearer"),
    (1403, "未經授權: a token of another dialect, or its account is closed"),
    (1404, "令牌已過期: the token is over seven days old"),
    (1405, "令牌無效: no token of this box"),
    (3401, "未找到許可文件: no licence is installed"),
    (3402, "許可文件類型不正確: the file is no licence"),
    (3403, "未經授權: the licence is not for this box, or not valid yet"),
    (3404, "許可已過期: the licence and its days of grace are over"),
    (3405, "許可房間超出限制: more lessons are running than the licence allows"),
];

pub fn success(_: &Row, info: Json) -> Sealed {
    Sealed::json(StatusCode::OK, info.within(DONE, b"}"))
}

const DONE: &[u8] = br#"{"status":1,"message":"","info":"#;

/// The body of an answer that chooses its status: 1 done, 2 done with a warning.
pub fn done(status: i64, message: &str, info: Json) -> Bytes {
    if (status, message) == (1, "") {
        return info.within(DONE, b"}");
    }
    let mut json = Json::with_room_for(64 + message.len() + info.text().len());
    json.push(br#"{"status":"#);
    json.number(status);
    json.push(br#","message":"#);
    json.quoted(message);
    json.push(br#","info":"#);
    json.push(info.text());
    json.push(b"}");
    json.bare()
}

pub fn fault(_: Option<&Row>, fault: &Fault, request_id: RequestId) -> Sealed {
    let (status, error, message) = words(fault, request_id);
    let mut json = Json::with_room_for(64 + message.len());
    json.push(br#"{"status":0,"message":"#);
    json.quoted(&message);
    if let Some(error) = error {
        json.push(br#","error":"#);
        json.number(error);
    }
    json.push(b"}");
    let status = StatusCode::from_u16(status).expect("the numbers below are HTTP's");
    Sealed::json(status, json.bare())
}

type Words = (u16, Option<u16>, Cow<'static, str>);

fn words(fault: &Fault, request_id: RequestId) -> Words {
    let plain = |status: u16, text: String| (status, None, text.into());
    match fault {
        Fault::Missing(_) => (404, None, "資源未找到".into()),
        Fault::Invalid { field, why } => plain(200, format!("參數不正確: field {field} {why}")),
        Fault::Syntax(why) => plain(200, format!("參數不正確: the body is not valid JSON: {why}")),
        Fault::Denied(_) => (403, None, "不允許訪問請求的資源".into()),
        Fault::Unauthenticated(refusal) => refused(*refusal),
        Fault::Conflict(conflict) => conflicting(*conflict),
        Fault::Licence(why) => (403, Some(why.code()), licence(*why).into()),
        Fault::Busy { retry } => {
            let seconds = (retry.0 + 999) / 1000;
            plain(429, format!("請求過於頻繁，請在 {seconds} 秒後重試"))
        }
        Fault::TooLarge { limit } => plain(413, format!("請求內容超過 {limit} 位元組")),
        Fault::Offline(part) => (500, None, offline(*part).into()),
        Fault::Internal(_) => plain(500, format!("系統錯誤: request {request_id}")),
    }
}

fn refused(refusal: Refusal) -> Words {
    let token = |error: u16, text: &'static str| (401, Some(error), text.into());
    match refusal {
        Refusal::Absent => token(1401, "授權為空"),
        Refusal::Scheme => token(1402, "授權類型不正確"),
        Refusal::Refused | Refusal::Disabled => token(1403, "未經授權"),
        Refusal::Expired => token(1404, "令牌已過期"),
        Refusal::Invalid | Refusal::Password | Refusal::LoggedOut => token(1405, "令牌無效"),
        Refusal::Secret | Refusal::Code => (200, None, "未授權訪問".into()),
    }
}

/// The document's words; what to do about it, the box itself tells (`license explain`).
fn licence(why: LicenceWhy) -> &'static str {
    match why {
        LicenceWhy::NoFile => "未找到許可文件",
        LicenceWhy::NotALicence => "許可文件類型不正確",
        LicenceWhy::Signature
        | LicenceWhy::KeyId
        | LicenceWhy::Hardware
        | LicenceWhy::Revoked
        | LicenceWhy::NotYet => "未經授權",
        LicenceWhy::Expired => "許可已過期",
        LicenceWhy::RoomsUsedUp => "許可房間超出限制",
    }
}

/// None of these can happen here but the method; each has its answer all the same.
fn conflicting(conflict: Conflict) -> Words {
    match conflict {
        Conflict::MethodNotAllowed => (405, None, "不支持的請求方法".into()),
        Conflict::HandleTaken
        | Conflict::SessionAlive
        | Conflict::NotStartable
        | Conflict::NotLive
        | Conflict::NotOver
        | Conflict::Over
        | Conflict::AlreadyBound
        | Conflict::NotBound
        | Conflict::NotInRoom
        | Conflict::Replayed
        | Conflict::Answered
        | Conflict::SetUp
        | Conflict::LastAdministrator
        | Conflict::Full
        | Conflict::NotNow
        | Conflict::SwitchedOff
        | Conflict::Overtaken => (200, None, "參數不正確".into()),
    }
}

fn offline(part: Part) -> &'static str {
    match part {
        Part::Recorder => "系統錯誤: the recorder does not answer",
        Part::Disk => "系統錯誤: the disk is full",
        Part::Cloud => "系統錯誤: the cloud does not answer",
        Part::Store => "系統錯誤: the store does not answer",
        Part::Camera => "系統錯誤: the camera does not answer",
        Part::Microphone => "系統錯誤: the microphone does not answer",
    }
}
