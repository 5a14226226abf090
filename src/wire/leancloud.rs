//! The join conversation of document 000 in LeanCloud's message shape: apply (9), accepted (13), refused (14).
//! A plain text message (-1) whose text is itself JSON. It knows no lesson, no clock and no way to send.
//! Source: 000-channel-access.md; facts.md, "LeanCloud message".

mod read;
pub mod rest;

use serde::Serialize;

use crate::model::{Millis, UserId};
pub use read::{pretends, read};

/// `_lctype` of a text message, and the type of such a message in a group's sequence.
pub const KIND: i64 = -1;

/// What `userStatus` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Apply,
    Accepted,
    Refused,
}

impl Status {
    pub const ALL: [Self; 3] = [Self::Apply, Self::Accepted, Self::Refused];

    pub const fn number(self) -> i64 {
        match self {
            Self::Apply => 9,
            Self::Accepted => 13,
            Self::Refused => 14,
        }
    }
}

/// One message of the conversation. `user` is the applicant, also in answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    pub user: UserId,
    pub status: Status,
    /// The applicant's name; answers carry none.
    pub name: String,
    /// `dateTime`, in milliseconds.
    pub at: Millis,
    /// Address of the applicant's picture.
    pub avatar: String,
}

/// The message as the document writes it, byte for byte: the order of members is part of it.
pub fn write(joining: &Joining) -> String {
    let (user, at) = (joining.user.0, joining.at.0);
    let answer = joining.status != Status::Apply;
    let inner = Inner {
        user_id: user,
        user_join: true,
        user_status: joining.status.number(),
        user_name: (!answer).then_some(&joining.name),
        date_time: at,
        from: answer.then_some("webRTC"),
    };
    let outer = Outer { text: text(&inner), attrs: Attrs { avatar: &joining.avatar }, kind: KIND };
    text(&outer)
}

/// The message as the body of a frame or a row: one JSON string, so that it travels unchanged.
pub fn body(message: &str) -> String {
    text(&message)
}

/// The message of such a body; `None` when it is no JSON string.
pub fn unbody(body: &str) -> Option<String> {
    serde_json::from_str(body).ok()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inner<'a> {
    user_id: i64,
    user_join: bool,
    user_status: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    date_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
}

#[derive(Serialize)]
struct Outer<'a> {
    #[serde(rename = "_lctext")]
    text: String,
    #[serde(rename = "_lcattrs")]
    attrs: Attrs<'a>,
    #[serde(rename = "_lctype")]
    kind: i64,
}

#[derive(Serialize)]
struct Attrs<'a> {
    avatar: &'a str,
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and text always become JSON")
}

#[cfg(test)]
mod tests;
