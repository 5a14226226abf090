//! Anything at all, to any command: HTTP 200, one JSON object with an integer code, never our fault.

use arctos_box::dialect::edu::DIALECT;
use arctos_box::dialect::{Access, Row};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use super::Sender;
use crate::plausible::{code, sign};

const CASES: u32 = 192;

/// What a client may send: bytes, or JSON made of names and values that the commands know, or do not.
#[derive(Clone, Debug)]
enum Sent {
    Bytes(Vec<u8>),
    Json(Value),
}

#[test]
fn whatever_is_sent_is_answered_in_the_envelope_and_is_never_our_fault() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut sender = runtime.block_on(Sender::new());
    let room = runtime.block_on(sender.world.live_room(&sender.token));
    let sender = std::cell::RefCell::new(&mut sender);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let strategy = (0..DIALECT.rows.len(), sent(room), any::<bool>());
    let outcome = TestRunner::new(config).run(&strategy, |(n, sent, known)| {
        let row = &DIALECT.rows[n];
        let sender = &mut **sender.borrow_mut();
        let body = finish(sender, row, sent, known);
        let (svc, cmd) = row.address.split_once('/').unwrap();
        let answer = runtime.block_on(sender.world.post(svc, cmd, body));
        prop_assert_eq!(answer.status, 200);
        let value: Value = serde_json::from_slice(&answer.body)
            .map_err(|e| TestCaseError::fail(format!("{}: {e}", answer.text())))?;
        prop_assert!(code(&value) != 90000, "{}: {}", row.address, value);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let alive = runtime.block_on(sender.borrow().world.room(&sender.borrow().token));
    assert!(alive > room, "the box goes on");
}

/// Half of the calls get past the door: common fields, token, signature.
fn finish(sender: &mut Sender, row: &Row, sent: Sent, known: bool) -> Vec<u8> {
    let mut body = match sent {
        Sent::Bytes(bytes) => return bytes,
        Sent::Json(body) => body,
    };
    if known && body.is_object() {
        if row.access == Access::Signed {
            sender.sent += 1;
            sign(&sender.world, &mut body, sender.sent % 600);
        } else {
            body["appid"] = json!(1_400_000_000);
            body["timeStamp"] = json!(1);
        }
        if row.access == Access::User {
            body["token"] = json!(sender.token);
        }
    }
    body.to_string().into_bytes()
}

fn sent(room: i64) -> impl Strategy<Value = Sent> {
    prop_oneof![
        1 => any::<Vec<u8>>().prop_map(Sent::Bytes),
        1 => value(room).prop_map(Sent::Json),
        6 => object(value(room)).prop_map(Sent::Json),
    ]
}

/// An object of up to a dozen members, named as the commands' fields are, or otherwise.
fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let names: Vec<String> = DIALECT
        .rows
        .iter()
        .flat_map(|row| row.input.iter().map(|field| field.name.to_owned()))
        .chain(["appid", "timeStamp", "token", "Action", "fileId"].map(str::to_owned))
        .collect();
    let name = prop_oneof![9 => proptest::sample::select(names), 1 => "\\PC{0,8}"];
    proptest::collection::vec((name, value), 0..16)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

fn value(room: i64) -> impl Strategy<Value = Value> + Clone {
    let words = [
        "GET",
        "POST",
        "vod.api.qcloud.com",
        "/v2/index.php",
        "ann",
        "/test",
        "box",
        "groupid=10001",
        "{\"GroupId\":\"10001\",\"ErrorCode\":1}",
        "\u{0}",
        "-1",
        "10001",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1..60_i64).prop_map(Value::from),
        Just(json!(room)),
        Just(json!(100)),
        proptest::sample::select(words.to_vec()).prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
    ];
    let call = proptest::sample::select(vec!["DescribeVodInfo", "GetVideoInfo", "DeleteVodFile"])
        .prop_map(|action| json!({"Action": action, "fileId": "box-10001-1", "pageSize": "7"}));
    prop_oneof![
        12 => leaf.clone(),
        2 => call,
        1 => leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec(("\\PC{0,6}", inner), 0..6)
                    .prop_map(|m| Value::Object(m.into_iter().collect::<Map<_, _>>())),
            ]
        }),
    ]
}
