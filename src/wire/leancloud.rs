//! The join conversation of document 000 in LeanCloud's message shape: apply (9), accepted (13), refused (14).
//! A plain text message (-1) whose text is itself JSON. It knows no lesson, no clock and no way to send.
//! Source: 000-channel-access.md; facts.md, "LeanCloud message".

use serde::{Deserialize, Serialize};

use crate::model::{Millis, UserId};

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

/// Reads a message of the conversation: members in any order, unknown ones passed over, numbers also as
/// their digits in text. `None` for anything else, as chat is.
pub fn read(message: &str) -> Option<Joining> {
    let outer: OuterIn<'_> = serde_json::from_str(message).ok()?;
    if outer.kind != KIND {
        return None;
    }
    let inner: InnerIn<'_> = serde_json::from_str(&outer.text).ok()?;
    let status = inner.user_status.number()?;
    let status = Status::ALL.into_iter().find(|s| s.number() == status)?;
    let attrs = outer.attrs.unwrap_or_default();
    Some(Joining {
        user: UserId(inner.user_id.number()?),
        status,
        name: inner.user_name.unwrap_or_default().into_owned(),
        at: Millis(inner.date_time.and_then(|n| n.number()).unwrap_or(0)),
        avatar: attrs.avatar.unwrap_or_default().into_owned(),
    })
}

#[derive(Deserialize)]
struct OuterIn<'a> {
    #[serde(rename = "_lctext", borrow)]
    text: std::borrow::Cow<'a, str>,
    #[serde(rename = "_lcattrs", borrow)]
    attrs: Option<AttrsIn<'a>>,
    #[serde(rename = "_lctype")]
    kind: i64,
}

#[derive(Default, Deserialize)]
struct AttrsIn<'a> {
    #[serde(borrow)]
    avatar: Option<std::borrow::Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InnerIn<'a> {
    #[serde(borrow)]
    user_id: Number<'a>,
    #[serde(borrow)]
    user_status: Number<'a>,
    #[serde(borrow)]
    user_name: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    date_time: Option<Number<'a>>,
}

/// Apps that keep ids as text send them as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number<'a> {
    Whole(i64),
    #[serde(borrow)]
    Text(std::borrow::Cow<'a, str>),
}

impl Number<'_> {
    fn number(&self) -> Option<i64> {
        match self {
            Self::Whole(n) => Some(*n),
            Self::Text(digits) => digits.parse().ok(),
        }
    }
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and text always become JSON")
}

#[cfg(test)]
mod tests;
