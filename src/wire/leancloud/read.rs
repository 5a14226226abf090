//! Reading the join conversation, as phones and browsers write it. Nothing that is chat is taken for it.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Joining, KIND, Status};
use crate::model::{Millis, UserId};

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

/// Whether a client could take a message for one of the conversation that `read` does not: numbers written
/// otherwise, members twice. Clients read such things as JavaScript does. A status that is plainly another one is
/// an app's own, and chat.
pub fn pretends(message: &str) -> bool {
    let object = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let text = object(message).and_then(|m| Some(m.get("_lctext")?.as_str()?.to_owned()));
    let inner = text.and_then(|text| object(&text));
    inner.and_then(|inner| inner.get("userStatus").map(could_be_one)).unwrap_or(false)
        && read(message).is_none()
}

/// Whether JavaScript could take this for one of the numbers of `Status`: `"09"`, `9.0`, `[9]`, `"0x9"` too.
fn could_be_one(status: &serde_json::Value) -> bool {
    let is_one = |n: f64| [9.0, 13.0, 14.0].contains(&n);
    match status {
        serde_json::Value::Null | serde_json::Value::Bool(_) => false,
        serde_json::Value::Number(n) => n.as_f64().is_some_and(is_one),
        serde_json::Value::String(text) => match text.trim().parse() {
            Ok(n) => is_one(n),
            Err(_) => text.contains(|c: char| c.is_ascii_digit()),
        },
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => true,
    }
}

#[derive(Deserialize)]
struct OuterIn<'a> {
    #[serde(rename = "_lctext", borrow)]
    text: Cow<'a, str>,
    #[serde(rename = "_lcattrs", borrow)]
    attrs: Option<AttrsIn<'a>>,
    #[serde(rename = "_lctype")]
    kind: i64,
}

#[derive(Default, Deserialize)]
struct AttrsIn<'a> {
    #[serde(borrow)]
    avatar: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InnerIn<'a> {
    #[serde(borrow)]
    user_id: Number<'a>,
    #[serde(borrow)]
    user_status: Number<'a>,
    #[serde(borrow)]
    user_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    date_time: Option<Number<'a>>,
}

/// Apps that keep ids as text send them as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number<'a> {
    Whole(i64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

impl Number<'_> {
    fn number(&self) -> Option<i64> {
        match self {
            Self::Whole(n) => Some(*n),
            Self::Text(digits) => digits.parse().ok(),
        }
    }
}
