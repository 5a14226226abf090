//! Calls of the clouds: what is signed for them, what they answer, what they send.

use std::collections::BTreeMap;

use arctos_box::model::Millis;
use arctos_box::wire::callback::{self, Delivery};
use arctos_box::wire::tencent::{self, Question, Vod};
use arctos_box::wire::vod::{self, Call, Value, Verb};
use serde_json::value::RawValue;

/// A call's parameters as JSON; an answer of Tencent's; a webhook.
pub fn cloud(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 3 {
        0 => asked(bytes),
        1 => passed(bytes),
        _ => webhook(bytes),
    }
}

fn asked(bytes: &[u8]) {
    let Ok(params) = serde_json::from_slice::<BTreeMap<String, Value>>(bytes) else { return };
    let call = Call { verb: Verb::Get, host: "vod.api.qcloud.com", path: "/v2", params: &params };
    if vod::sign(&call, "AKID", "secret").is_ok() {
        let values = params.values().map(ToString::to_string);
        assert!(values.into_iter().all(|v| !v.contains('&')), "one call, one text");
    }
    let texts: BTreeMap<_, _> = params.iter().map(|(n, v)| (n.clone(), v.to_string())).collect();
    for action in ["DescribeVodInfo", "GetVideoInfo"] {
        match Question::read(action, &texts) {
            Some(Ok(Question::List(wanted))) => {
                let films: Vec<Vod> = (0..120).map(film).collect();
                let (total, page) = wanted.choose(films);
                assert!(page.len() <= total && page.len() <= 100, "a page has its limit");
                let answer = tencent::list(total, &page);
                serde_json::from_str::<serde_json::Value>(&answer).expect("it is JSON");
            }
            Some(Ok(Question::One { file_id })) => assert!(!file_id.is_empty()),
            Some(Err(name)) => assert!(!name.is_empty()),
            None => panic!("both are known"),
        }
    }
}

fn film(n: i64) -> Vod {
    Vod {
        file_id: format!("box-{n}-1"),
        name: String::new(),
        bytes: n << 40,
        seconds: n,
        width: 1280,
        height: 720,
        created: Millis::seconds(n),
        updated: Millis::seconds(n),
        url: String::new(),
        cover: String::new(),
    }
}

/// Only `code` and `message` are changed.
fn passed(bytes: &[u8]) {
    let Ok(text) = tencent::passed_on(bytes) else { return };
    type Members = BTreeMap<String, serde_json::Value>;
    let after: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(&text).expect("it is an object");
    assert_eq!((after["code"].get(), after["message"].get()), ("0", "\"\""));
    // A number beyond all that `Value` holds is JSON as well, and passed on.
    let Ok(before) = serde_json::from_slice::<Members>(bytes) else { return };
    let after: Members = serde_json::from_str(&text).expect("as much as before");
    for (name, value) in before.iter().filter(|(name, _)| !["code", "message"].contains(&&***name))
    {
        assert_eq!(after.get(name), Some(value));
    }
}

/// `id`, a line end, a body; the signature of another pair is none.
fn webhook(bytes: &[u8]) {
    let at = bytes.iter().position(|b| *b == b'\n').unwrap_or(0);
    let (id, body) = bytes.split_at(at);
    let id = String::from_utf8_lossy(id);
    let delivery = Delivery { time_s: 1_700_000_000, id: &id, body };
    let signed = callback::webhook_sign(b"secret", &delivery);
    assert_eq!(callback::webhook_verify(b"secret", &delivery, &signed), !id.contains('.'));
    let text = String::from_utf8_lossy(body);
    assert!(text == signed || !callback::webhook_verify(b"secret", &delivery, &text));
}
