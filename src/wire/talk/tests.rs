use proptest::prelude::*;

use super::*;

fn message(kind: i64, body: &str) -> Message {
    Message { seq: 7, at: Millis(1234), sender: "ann".into(), kind, body: body.into() }
}

#[test]
fn a_kept_message_shows_its_body_as_it_was_sent() {
    let frame = kept(&message(1, r#"{"b":1.50, "a":"\u4f60"}"#));
    let expected = r#"{"seq":7,"time":1234,"from":"ann","type":1,"body":{"b":1.50, "a":"\u4f60"}}"#;
    assert_eq!(frame, expected);
}

#[test]
fn passing_frames_have_no_number() {
    let (online, hands) = (["ann".to_owned()], []);
    let shown = present(&Present { online: &online, hands: &hands, newest: 9 }, Millis(5));
    let expected =
        r#"{"seq":0,"time":5,"from":"","type":10,"body":{"online":["ann"],"hands":[],"newest":9}}"#;
    assert_eq!(shown, expected);
    assert_eq!(came("bob", Millis(5)), r#"{"seq":0,"time":5,"from":"bob","type":11,"body":null}"#);
    let expected = r#"{"seq":0,"time":5,"from":"","type":200,"body":{"seq":3,"ref":"x"}}"#;
    assert_eq!(taken(3, Some("x"), Millis(5)), expected);
}

#[test]
fn a_leancloud_message_is_a_string_that_is_not_touched() {
    let body = r#""{\"_lctext\":\"{\\\"userId\\\":444}\",\"_lctype\":-1}""#;
    let frame = format!(r#"{{"type":-1,"body":{body}}}"#);
    assert_eq!(said(frame.as_bytes()).utterance, Ok(Utterance::LeanCloud(body.into())));
    assert!(said(br#"{"type":-1,"body":{"_lctype":-1}}"#).utterance.is_err());
}

#[test]
fn what_is_no_frame_is_told_why() {
    let why = |frame: &str| said(frame.as_bytes()).utterance.unwrap_err();
    assert_eq!(why("hello"), "a frame is {\"type\":1,\"body\":…}");
    assert_eq!(why("{}"), "type is missing");
    assert_eq!(why(r#"{"type":1001,"body":{}}"#), "a client's type is 1, 2, 3 or -1");
    let long = format!(r#"{{"type":1,"body":"{}"}}"#, "x".repeat(BODY_BYTES_MAX - 1));
    assert_eq!(why(&long), "the body is longer than 4,096 bytes");
    let deep = format!(r#"{{"type":1,"body":{}{}}}"#, "[".repeat(33), "]".repeat(33));
    assert_eq!(why(&deep), "the body is nested more than 32 deep");
    let brackets = r#"{"type":1,"body":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[["}"#;
    assert!(said(brackets.as_bytes()).utterance.is_ok());
}

#[test]
fn a_hand_goes_down_by_its_owner_or_by_name() {
    let of = |frame: &str| said(frame.as_bytes()).utterance;
    assert_eq!(of(r#"{"type":2}"#), Ok(Utterance::HandUp));
    assert_eq!(of(r#"{"type":3}"#), Ok(Utterance::HandDown(None)));
    let bob = Handle::new("bob");
    assert_eq!(of(r#"{"type":3,"body":{"uid":"bob"}}"#), Ok(Utterance::HandDown(bob)));
    assert_eq!(of(r#"{"type":3,"body":{"uid":""}}"#), Err("the body names no uid"));
}

#[test]
fn the_first_frame_may_leave_out_what_is_known_otherwise() {
    let told = hello(br#"{"token":"t","since":12}"#).unwrap();
    assert_eq!(told, Hello { token: Some("t".into()), since: 12 });
    assert_eq!(hello(b"{}").unwrap(), Hello::default());
    assert!(hello(b"[]").is_err());
    assert!(hello(br#"{"since":"12"}"#).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_taken_without_a_panic(bytes: Vec<u8>) {
        let _ = (hello(&bytes), said(&bytes));
    }

    #[test]
    fn any_body_comes_out_as_it_went_in(text: String) {
        let body = serde_json::to_string(&text).unwrap();
        prop_assume!(body.len() <= BODY_BYTES_MAX);
        let frame = format!(r#"{{"type":1,"body":{body}}}"#);
        prop_assert_eq!(said(frame.as_bytes()).utterance, Ok(Utterance::Text(body.clone())));
        let shown = kept(&message(1, &body));
        let end = format!(r#""body":{body}}}"#);
        prop_assert!(shown.ends_with(&end));
    }
}
