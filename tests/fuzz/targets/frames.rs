//! The text frames of the room channel and of the JSON gateway.

use arctos_box::model::Millis;
use arctos_box::model::lesson::Message;
use arctos_box::model::talk::Utterance;
use arctos_box::wire::openim::frames::{self, Told};
use arctos_box::wire::talk::{self, BODY_BYTES_MAX};
use serde_json::Value;

pub fn frames(bytes: &[u8]) {
    let _ = talk::hello(bytes);
    let said = talk::said(bytes);
    let reference = said.reference.as_deref();
    assert!(reference.is_none_or(|r| r.len() <= 64));
    json(&talk::taken(1, reference, Millis(0)));
    match said.utterance {
        Ok(Utterance::Text(body) | Utterance::LeanCloud(body)) => kept(body),
        Ok(Utterance::HandDown(Some(whose))) => json(&talk::hand(whose.as_str())),
        Ok(Utterance::HandUp | Utterance::HandDown(None)) => {}
        Err(why) => json(&talk::refused(why, reference, Millis(0))),
    }
    if let Some(request) = frames::request(bytes) {
        let _ = frames::login(&request.data);
        let answer = Told::answer(&request, "").failed(705, "no").json();
        json(&answer);
        assert!(answer.len() <= 6 * bytes.len() + 200, "an answer is no amplifier");
    }
}

/// It is stored as sent and shown as stored.
fn kept(body: String) {
    assert!(body.len() <= BODY_BYTES_MAX);
    let value: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    let message =
        Message { seq: 1, at: Millis(0), sender: "ann".into(), kind: 1, body: body.clone() };
    let shown = talk::kept(&message);
    assert!(shown.contains(&body), "{shown}");
    let frame: Value = serde_json::from_str(&shown).unwrap_or_default();
    assert!(frame.is_null() || frame["body"] == value);
}

fn json(text: &str) {
    serde_json::from_str::<Value>(text).expect("what the box says is JSON");
}
