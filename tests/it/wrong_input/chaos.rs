//! Anything at all, to any row: one of the dialect's envelopes, never our fault.

use arctos_box::dialect::{DIALECTS, Dialect, Row, path};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use super::{Sender, call, rows, told};
use crate::ask::{Ask, has_body};
use arctos_box::model::Fault;

const CASES: u32 = 512;

/// What a client may send: bytes, or JSON made of names and values that the commands know, or do not.
#[derive(Clone, Debug)]
enum Sent {
    Bytes(&'static str, Vec<u8>),
    Json(Value),
}

#[test]
fn whatever_is_sent_is_answered_in_the_envelope_and_is_never_our_fault() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut sender = runtime.block_on(Sender::new());
    let token = sender.keys.of(arctos_box::model::user::Origin::Edu).to_owned();
    let room = runtime.block_on(sender.world.live_room(&token));
    let all: Vec<_> = rows().collect();
    let sender = std::cell::RefCell::new(&mut sender);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let params = proptest::collection::vec("\\PC{1,8}|[0-9]{1,12}", 2);
    let strategy = (0..all.len(), sent(room), any::<bool>(), params);
    let outcome = TestRunner::new(config).run(&strategy, |(n, sent, known, params)| {
        let (dialect, row) = all[n];
        let sender = &mut **sender.borrow_mut();
        let ask = finish(sender, dialect, row, sent, known, &params);
        let answer = runtime.block_on(sender.send(dialect, row, &ask));
        let said = call(dialect, row, &answer);
        let ours = told(dialect, row, &Fault::Internal(String::new()));
        let of_002 = dialect.name == "openim" && answer.status == 500;
        prop_assert!(said != ours || of_002, "{} {}", row.address, answer.text());
        prop_assert!(!answer.body.is_empty(), "{} {}", dialect.name, row.address);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let alive = runtime.block_on(sender.borrow().world.room(&token));
    assert!(alive > room, "the box goes on");
}

/// Half of the calls get past the door.
fn finish(
    sender: &mut Sender,
    dialect: &Dialect,
    row: &Row,
    sent: Sent,
    known: bool,
    params: &[String],
) -> Ask {
    let names = path::params(row.address).zip(params);
    let mut ask = names.fold(Ask::new(), |ask, (name, value)| ask.param(name, value));
    match sent {
        Sent::Bytes(kind, bytes) => ask = ask.raw(kind, bytes),
        Sent::Json(body) if has_body(row) => ask = ask.json(body),
        Sent::Json(body) => {
            for (name, value) in body.as_object().into_iter().flatten() {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                ask = ask.query(name, text);
            }
        }
    }
    let is_object = !matches!(&ask.body, crate::ask::Sent::Json(body) if !body.is_object());
    if known && is_object && !["box/v1/logout", "box/v1/password"].contains(&row.address) {
        sender.sent += 1;
        return sender.keys.open(&sender.world, dialect, row, ask, sender.sent);
    }
    ask
}

fn sent(room: i64) -> impl Strategy<Value = Sent> {
    let kinds = [
        "",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
    ];
    let kind = proptest::sample::select(kinds.to_vec());
    prop_oneof![
        1 => (kind, any::<Vec<u8>>()).prop_map(|(kind, bytes)| Sent::Bytes(kind, bytes)),
        1 => value(room).prop_map(Sent::Json),
        6 => object(value(room)).prop_map(Sent::Json),
    ]
}

/// An object of up to a dozen members, named as the commands' fields are, or otherwise.
fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let rows = DIALECTS.iter().flat_map(|dialect| dialect.rows);
    let mut names: Vec<String> = rows
        .flat_map(|row| row.input.iter().map(|field| field.name.to_owned()))
        .chain(["appid", "timeStamp", "token", "Action", "fileId"].map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
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
        "MODERATOR",
        "authorization_code",
        "/course/details/?id=10001",
        "//elsewhere.test/course/",
        "data:;base64,eA==",
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
