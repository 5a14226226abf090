//! LeanCloud's REST API as far as a relay needs it: a conversation, a message into it, what was said in it. It
//! sends nothing. Source: facts.md, "LeanCloud message"; LeanCloud's "Realtime REST API", v1.1 and v1.2.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::Millis;

/// Makes a conversation, or finds the one with just these members.
pub const CONVERSATIONS: &str = "/1.2/rtm/conversations";
/// Takes a message.
pub const MESSAGES: &str = "/1.1/rtm/messages";
/// Messages of one answer; LeanCloud gives up to a thousand.
pub const HISTORY_SIZE: usize = 100;

/// `X-LC-Sign`: who calls, without the key itself.
pub fn sign(master_key: &str, now: Millis) -> String {
    let code = md5::compute(format!("{}{master_key}", now.0));
    format!("{code:x},{},master", now.0)
}

#[derive(Serialize)]
struct Conversation<'a> {
    name: &'a str,
    m: &'a [String],
    unique: bool,
}

pub fn conversation(name: &str, members: &[String]) -> String {
    text(&Conversation { name, m: members, unique: true })
}

#[derive(Serialize)]
struct Message<'a> {
    from_peer: &'a str,
    conv_id: &'a str,
    transient: bool,
    message: &'a str,
}

pub fn message(from: &str, conversation: &str, message: &str) -> String {
    text(&Message { from_peer: from, conv_id: conversation, transient: false, message })
}

/// Path and query of what was said, newest first; before a message, if one is given.
pub fn history(conversation: &str, before: Option<&Said>) -> String {
    let address = format!("{MESSAGES}/history?convid={conversation}&limit={HISTORY_SIZE}");
    match before {
        Some(said) => format!("{address}&max_ts={}&msgid={}", said.at.0, said.id),
        None => address,
    }
}

/// One message of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub id: String,
    /// By LeanCloud's clock.
    pub at: Millis,
    /// The client that sent it.
    pub from: String,
    pub message: String,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "msg-id", borrow)]
    id: Cow<'a, str>,
    timestamp: f64,
    #[serde(borrow)]
    from: Cow<'a, str>,
    #[serde(default, borrow)]
    data: Cow<'a, str>,
}

/// `None` when it is no history.
pub fn read_history(body: &[u8]) -> Option<Vec<Said>> {
    let lines: Vec<Line<'_>> = serde_json::from_slice(body).ok()?;
    // What is no plain name would be put into an address later on.
    let plain = |id: &str| id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let lines = lines.into_iter().filter(|line| plain(&line.id));
    let said = |line: Line<'_>| Said {
        id: line.id.into_owned(),
        at: Millis(whole(line.timestamp)),
        from: line.from.into_owned(),
        message: line.data.into_owned(),
    };
    Some(lines.map(said).collect())
}

#[allow(clippy::cast_possible_truncation)] // a time is far below 2^53 ms, and saturates beyond
fn whole(timestamp: f64) -> i64 {
    timestamp as i64
}

#[derive(Deserialize)]
struct Made {
    #[serde(rename = "objectId")]
    object_id: String,
}

/// The id of a conversation that was made or found.
pub fn read_conversation(body: &[u8]) -> Option<String> {
    let made: Made = serde_json::from_slice(body).ok()?;
    let plain = made.object_id.bytes().all(|b| b.is_ascii_alphanumeric());
    (plain && !made.object_id.is_empty()).then_some(made.object_id)
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and text always become JSON")
}
