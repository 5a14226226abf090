//! Document 003's words: the thing itself, or `{"detail": …}` in Chinese with an HTTP status. The only place
//! that knows them. Source: decisions.md, "Failures, by dialect"; facts.md, texts of Django REST.
#![warn(clippy::wildcard_enum_match_arm)]

use hyper::StatusCode;

use super::words;
use crate::dialect::{Json, RequestId, Row, Sealed};
use crate::model::{Conflict, Fault, Part, Refusal, Thing};

/// HTTP's own numbers are all there are.
pub const CODES: &[(i64, &str)] = &[
    (200, "done"),
    (201, "made"),
    (400, "a field is missing or wrong, or the group's code is; detail names it"),
    (403, "no token, a token that is none (any more), or not allowed"),
    (404, "no such page, group or user; or a group that the caller is not in"),
    (405, "another method"),
    (413, "the body or the picture is too large"),
    (429, "too many wrong codes, or the box is busy: try again in the seconds it says"),
    (500, "the box's own fault, or RongCloud does not answer"),
];

pub fn success(row: &Row, output: Json) -> Sealed {
    let status = StatusCode::from_u16(row.success).expect("the table holds HTTP's own numbers");
    Sealed::json(status, output.bare())
}

pub fn fault(row: Option<&Row>, fault: &Fault, request_id: RequestId) -> Sealed {
    let (status, detail) = told(row, fault, request_id);
    let mut json = Json::with_room_for(32 + detail.len());
    json.push(br#"{"detail":"#);
    json.quoted(&detail);
    json.push(b"}");
    let status = StatusCode::from_u16(status).expect("the numbers below are HTTP's");
    Sealed::json(status, json.bare())
}

fn told(row: Option<&Row>, fault: &Fault, request_id: RequestId) -> (u16, String) {
    match fault {
        Fault::Missing(thing) => (404, missing(row, *thing).into()),
        // It stands in the path: there is no group of such a number.
        Fault::Invalid { field, .. } if field == "id" => (404, missing(row, Thing::Group).into()),
        Fault::Invalid { field, why } => words::invalid(field, why),
        Fault::Syntax(_) => (400, "请求内容不是合法的 JSON 或表单。".into()),
        Fault::Denied(_) => (403, "您没有执行该操作的权限。".into()),
        Fault::Unauthenticated(refusal) => refused(*refusal),
        Fault::Conflict(conflict) => conflicting(*conflict),
        Fault::Licence(why) => (403, format!("许可不允许该操作（{}）。", why.code())),
        Fault::Busy { retry } => {
            let seconds = (retry.0 + 999) / 1000;
            (429, format!("请求超过了限速，请在 {seconds} 秒后重试。"))
        }
        Fault::TooLarge { limit } => (413, words::too_large(*limit)),
        Fault::Offline(part) => (500, offline(*part).into()),
        Fault::Internal(_) => (500, format!("服务器内部错误（请求编号 {request_id}）。")),
    }
}

fn missing(row: Option<&Row>, thing: Thing) -> &'static str {
    match thing {
        Thing::Group => "未找到该群组。",
        Thing::User => "未找到该用户。",
        Thing::Page if row.is_some() => "无效页面。",
        Thing::Page
        | Thing::Command
        | Thing::Room
        | Thing::Recording
        | Thing::Deleted
        | Thing::File
        | Thing::Video
        | Thing::Webhook
        | Thing::Application
        | Thing::Camera
        | Thing::Input
        | Thing::Classroom => "未找到。",
    }
}

fn refused(refusal: Refusal) -> (u16, String) {
    let (status, text) = match refusal {
        // Django REST passes over a scheme that it does not know.
        Refusal::Absent | Refusal::Scheme => (403, "身份认证信息未提供。"),
        Refusal::Invalid
        | Refusal::Refused
        | Refusal::Password
        | Refusal::LoggedOut
        | Refusal::Expired
        | Refusal::Secret => (403, "认证令牌无效。"),
        Refusal::Disabled => (403, "用户未激活或者已删除。"),
        Refusal::Code => (400, "code：群组号码不正确。"),
    };
    (status, text.into())
}

fn conflicting(conflict: Conflict) -> (u16, String) {
    let (status, text) = match conflict {
        Conflict::MethodNotAllowed => (405, "该请求方法不被允许。"),
        Conflict::Full => (400, "群组成员或用户的群组数量已达上限。"),
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
        | Conflict::NotNow
        | Conflict::SwitchedOff
        | Conflict::Overtaken => (400, "当前状态不允许该操作。"),
    };
    (status, text.into())
}

fn offline(part: Part) -> &'static str {
    match part {
        Part::Recorder => "录制服务没有响应，请稍后再试。",
        Part::Disk => "磁盘空间不足。",
        Part::Cloud => "融云服务没有响应，请稍后再试。",
        Part::Store => "存储没有响应，请稍后再试。",
        Part::Camera => "摄像机没有响应，请稍后再试。",
        Part::Microphone => "麦克风没有响应，请稍后再试。",
    }
}
