//! Frames of the room channel as JSON text: `{"seq","time","from","type","body"}`, `time` in milliseconds since
//! 1970, `seq` 0 for what passes and is not kept. Source: decisions.md, "The room channel". Types: `model::talk`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::lesson::Message;
use crate::model::talk::{self, Utterance};
use crate::model::{Handle, Millis};

/// A body, as JSON text: enough for a screen of text; pictures are files.
pub const BODY_BYTES_MAX: usize = 4 * 1024;
/// Brackets within brackets: whoever reads an index file later may count its own stack.
const DEPTH_MAX: usize = 32;
/// A client's own name for what it says, given back with the answer.
const REF_BYTES_MAX: usize = 64;

#[derive(Serialize)]
pub(super) struct Kept<'a> {
    seq: i64,
    time: i64,
    from: &'a str,
    r#type: i64,
    body: Option<&'a RawValue>,
}

impl<'a> Kept<'a> {
    pub(super) fn of(message: &'a Message) -> Self {
        Self {
            seq: message.seq,
            time: message.at.0,
            from: &message.sender,
            r#type: message.kind,
            body: serde_json::from_str(&message.body).ok(),
        }
    }
}

/// A message of the sequence.
pub fn kept(message: &Message) -> String {
    text(&Kept::of(message))
}

#[derive(Serialize)]
struct Passing<'a, B> {
    seq: i64,
    time: i64,
    from: &'a str,
    r#type: i64,
    body: B,
}

fn passing(kind: i64, from: &str, body: impl Serialize, now: Millis) -> String {
    text(&Passing { seq: 0, time: now.0, from, r#type: kind, body })
}

/// Who is there and whose hand is up, for somebody who has just come.
#[derive(Serialize)]
pub struct Present<'a> {
    /// Handles, without repeats.
    pub online: &'a [String],
    pub hands: &'a [String],
    /// The last number of the sequence so far: the replay ends with it.
    pub newest: i64,
}

pub fn present(present: &Present<'_>, now: Millis) -> String {
    passing(talk::PRESENT, "", present, now)
}

pub fn came(who: &str, now: Millis) -> String {
    passing(talk::CAME, who, (), now)
}

pub fn left(who: &str, now: Millis) -> String {
    passing(talk::LEFT, who, (), now)
}

#[derive(Serialize)]
struct Taken<'a> {
    seq: i64,
    r#ref: Option<&'a str>,
}

/// What was said stands in the sequence, and survives a power cut.
pub fn taken(seq: i64, reference: Option<&str>, now: Millis) -> String {
    passing(talk::TAKEN, "", Taken { seq, r#ref: reference }, now)
}

#[derive(Serialize)]
struct Refused<'a> {
    error: &'a str,
    r#ref: Option<&'a str>,
}

pub fn refused(error: &str, reference: Option<&str>, now: Millis) -> String {
    passing(talk::REFUSED, "", Refused { error, r#ref: reference }, now)
}

#[derive(Serialize)]
struct Whose<'a> {
    uid: &'a str,
}

/// Body of "hand up" and "hand down": whose.
pub fn hand(whose: &str) -> String {
    text(&Whose { uid: whose })
}

/// A client's first frame.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Hello {
    pub token: Option<String>,
    #[serde(default)]
    pub since: i64,
}

pub fn hello(frame: &[u8]) -> Result<Hello, &'static str> {
    serde_json::from_slice(frame).map_err(|_| "the first frame is {\"token\":…,\"since\":N}")
}

/// What a client's later frames hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    /// `Err` says what is wrong with it.
    pub utterance: Result<Utterance, &'static str>,
    pub reference: Option<String>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    r#type: Option<i64>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    r#ref: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    uid: String,
}

/// `{"type","body","ref"}`; `ref` is any short text.
pub fn said(frame: &[u8]) -> Said {
    let Ok(frame) = serde_json::from_slice::<Frame<'_>>(frame) else {
        return Said { utterance: Err("a frame is {\"type\":1,\"body\":…}"), reference: None };
    };
    let reference = frame.r#ref.filter(|r| r.len() <= REF_BYTES_MAX);
    Said { utterance: utterance(frame.r#type, frame.body), reference }
}

fn utterance(kind: Option<i64>, body: Option<&RawValue>) -> Result<Utterance, &'static str> {
    let body = body.map_or("null", RawValue::get);
    if body.len() > BODY_BYTES_MAX {
        return Err("the body is longer than 4,096 bytes");
    }
    if depth(body) > DEPTH_MAX {
        return Err("the body is nested more than 32 deep");
    }
    match kind {
        Some(talk::TEXT) => Ok(Utterance::Text(body.to_owned())),
        Some(talk::LEANCLOUD) => match serde_json::from_str::<String>(body) {
            Ok(_) => Ok(Utterance::LeanCloud(body.to_owned())),
            Err(_) => Err("the body of type -1 is a string: the LeanCloud message"),
        },
        Some(talk::HAND_UP) => Ok(Utterance::HandUp),
        Some(talk::HAND_DOWN) if body == "null" => Ok(Utterance::HandDown(None)),
        Some(talk::HAND_DOWN) => {
            let named = serde_json::from_str::<Named>(body).ok();
            let whose = named.and_then(|named| Handle::new(&named.uid));
            whose.map(|whose| Utterance::HandDown(Some(whose))).ok_or("the body names no uid")
        }
        Some(_) => Err("a client's type is 1, 2, 3 or -1"),
        None => Err("type is missing"),
    }
}

/// How deep the brackets of a JSON text go.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in json.bytes() {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            (true | false, _) => {}
        }
    }
    deepest
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and text always become JSON")
}

#[cfg(test)]
mod tests;
