use proptest::prelude::*;

use super::*;

const AVATAR: &str = "https://stagingcdn.youinsh.cn/staging/static/user/images/default_user.png";

fn joining(status: Status, at: i64) -> Joining {
    let name = if status == Status::Apply { "赵强测试" } else { "" };
    let (name, avatar) = (name.to_owned(), AVATAR.to_owned());
    Joining { user: UserId(444), status, name, at: Millis(at), avatar }
}

/// The three messages as document 000 prints them.
const PRINTED: [(Status, i64, &str); 3] = [
    (
        Status::Apply,
        1_558_086_973_000,
        r#"{"_lctext":"{\"userId\":444,\"userJoin\":true,\"userStatus\":9,\"userName\":\"赵强测试\",\"dateTime\":1558086973000}","_lcattrs":{"avatar":"https://stagingcdn.youinsh.cn/staging/static/user/images/default_user.png"},"_lctype":-1}"#,
    ),
    (
        Status::Accepted,
        1_558_087_136_000,
        r#"{"_lctext":"{\"userId\":444,\"userJoin\":true,\"userStatus\":13,\"dateTime\":1558087136000,\"from\":\"webRTC\"}","_lcattrs":{"avatar":"https://stagingcdn.youinsh.cn/staging/static/user/images/default_user.png"},"_lctype":-1}"#,
    ),
    (
        Status::Refused,
        1_558_087_178_000,
        r#"{"_lctext":"{\"userId\":444,\"userJoin\":true,\"userStatus\":14,\"dateTime\":1558087178000,\"from\":\"webRTC\"}","_lcattrs":{"avatar":"https://stagingcdn.youinsh.cn/staging/static/user/images/default_user.png"},"_lctype":-1}"#,
    ),
];

#[test]
fn the_documents_three_messages_are_written_byte_for_byte_and_read() {
    for (status, at, printed) in PRINTED {
        assert_eq!(write(&joining(status, at)), printed);
        assert_eq!(read(printed), Some(joining(status, at)));
    }
}

#[test]
fn members_come_in_any_order_and_unknown_ones_are_passed_over() {
    let message = r#"{"_lctype": -1, "x": [1], "_lctext":
        "{\"userName\":\"a\",\"z\":null,\"userStatus\":\"9\",\"userId\":\"444\"}"}"#;
    let read = read(message).unwrap();
    assert_eq!((read.user, read.status, &read.name[..]), (UserId(444), Status::Apply, "a"));
    assert_eq!((read.at, &read.avatar[..]), (Millis(0), ""));
}

#[test]
fn chat_and_other_types_are_no_part_of_the_conversation() {
    for other in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"_lctext":"hello","_lctype":-1}"#,
        r#"{"_lctext":"{\"userId\":1}","_lctype":-1}"#,
        r#"{"_lctext":"{\"userId\":1,\"userStatus\":10}","_lctype":-1}"#,
        r#"{"_lctext":"{\"userId\":1.5,\"userStatus\":9}","_lctype":-1}"#,
        r#"{"_lctext":"{\"userId\":1,\"userStatus\":9}","_lctype":-2}"#,
        r#"{"_lctext":{"userId":1,"userStatus":9},"_lctype":-1}"#,
    ] {
        assert_eq!(read(other), None, "{other}");
    }
}

#[test]
fn what_a_client_could_take_for_the_conversation_pretends_and_chat_does_not() {
    let message = |inner: &str| {
        let text = serde_json::to_string(inner).unwrap();
        format!(r#"{{"_lctext":{text},"_lctype":-1}}"#)
    };
    for inner in [
        r#"{"userId":1,"userStatus":9.0}"#,
        r#"{"userId":1,"userStatus":"0x9"}"#,
        r#"{"userId":1,"userStatus":" 13 "}"#,
        r#"{"userId":1,"userStatus":[14]}"#,
        r#"{"userId":1,"userStatus":9,"userStatus":13}"#,
        r#"{"userId":1,"userStatus":1,"userStatus":13}"#,
        r#"{"userId":1.0,"userStatus":9}"#,
        r#"{"userStatus":9}"#,
    ] {
        assert_eq!((read(&message(inner)), pretends(&message(inner))), (None, true), "{inner}");
    }
    for inner in [
        r#"{"userId":1,"userStatus":9}"#,
        r#"{"userId":1,"userStatus":1}"#,
        r#"{"userId":1,"userStatus":"15"}"#,
        r#"{"userId":1,"userStatus":"away"}"#,
        r#"{"userId":1,"userStatus":null}"#,
        r#"{"userId":1}"#,
        "[9]",
        "hello",
    ] {
        assert!(!pretends(&message(inner)), "{inner}");
    }
    for other in
        ["", "9", r#"{"_lctext":{"userStatus":9.0},"_lctype":-1}"#, r#"{"text":"userStatus"}"#]
    {
        assert!(!pretends(other), "{other}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        user in any::<i64>(), at in any::<i64>(), name in ".{0,40}", avatar in ".{0,40}", n in 0..3usize,
    ) {
        let status = Status::ALL[n];
        let name = if status == Status::Apply { name } else { String::new() };
        let joining = Joining { user: UserId(user), status, name, at: Millis(at), avatar };
        prop_assert_eq!(read(&write(&joining)), Some(joining));
    }

    #[test]
    fn nothing_makes_it_panic(text in ".{0,200}") {
        let _ = read(&text);
    }
}

#[test]
fn calls_are_signed_and_written_as_leanclouds_server_sdk_does() {
    // Computed with Python's hashlib as LeanCloud's SDK for Python does it.
    let signed = rest::sign("the master key", Millis(1_453_014_943_466));
    assert_eq!(signed, "ae873cf3ce5d1ef91d970b6f53a63bec,1453014943466,master");
    assert_eq!(
        rest::message("arctos-ab12", "c1", "{\"a\":1}"),
        r#"{"from_peer":"arctos-ab12","conv_id":"c1","transient":false,"message":"{\"a\":1}"}"#
    );
    let members = ["a".to_owned(), "a-10001".to_owned()];
    assert_eq!(
        rest::conversation("10001", &members),
        r#"{"name":"10001","m":["a","a-10001"],"unique":true}"#
    );
}

#[test]
fn a_history_is_read_and_what_is_none_is_none() {
    let said = rest::read_history(
        r#"[{"timestamp":1408008498571,"conv-id":"c","data":"今天","from":"u","msg-id":"vdk-_1","is-conv":true},
            {"timestamp":1408008498570.5,"from":"u","msg-id":"b"},
            {"timestamp":1,"from":"u","msg-id":"a&b=c"}]"#
            .as_bytes(),
    );
    let said = said.unwrap();
    assert_eq!(said.len(), 2, "an id that is no plain word is passed over");
    assert_eq!((said[0].at, &said[0].message[..]), (Millis(1_408_008_498_571), "今天"));
    assert_eq!(
        rest::history("c", said.get(1)),
        "/1.1/rtm/messages/history?convid=c&limit=100&max_ts=1408008498570&msgid=b"
    );
    for other in ["", "{}", r#"{"code":1,"error":"x"}"#, "[1]"] {
        assert_eq!(rest::read_history(other.as_bytes()), None, "{other}");
    }
    assert_eq!(rest::read_conversation(br#"{"objectId":"5a5d74"}"#).as_deref(), Some("5a5d74"));
    assert_eq!(rest::read_conversation(br#"{"objectId":"../x"}"#), None);
}
