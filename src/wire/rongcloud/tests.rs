//! RongCloud's own vector, and what its packages for Python put on the wire.

use super::*;

#[test]
fn the_signature_is_that_of_rongclouds_documentation() {
    let signature = sign("Y1W2MeFwwwRxa0", "14314", "1408710653000");
    assert_eq!(signature, "30be0bbca9c9b2e27578701e9fda2358a814c88f");
}

#[test]
fn a_call_carries_its_callers_key_and_a_signature_of_what_it_carries() {
    let caller = Caller { key: "k", secret: "s", nonce: 7, now_ms: 1_795_248_000_000 };
    let headers = headers(&caller);
    assert_eq!(
        headers.each_ref().map(|(name, _)| *name),
        ["app-key", "nonce", "timestamp", "signature"]
    );
    assert_eq!(headers[3].1, sign("s", &headers[1].1, &headers[2].1));
    assert!(headers[1].1.len() <= 18);
}

#[test]
fn forms_are_what_the_packages_send() {
    let check = |call: Call, action, form: &str| {
        assert_eq!((call.action, call.form.as_str()), (action, form))
    };
    check(
        create(&["10001".into()], "1000000001", "三班 A&B"),
        "group/create",
        "userId=10001&groupId=1000000001&groupName=%E4%B8%89%E7%8F%AD+A%26B",
    );
    check(
        join(&["1".into(), "2".into()], "3", "x~y-z_.*"),
        "group/join",
        "userId=1&userId=2&groupId=3&groupName=x~y-z_.%2A",
    );
    check(quit("1", "3"), "group/quit", "userId=1&groupId=3");
    check(dismiss("1", "3"), "group/dismiss", "userId=1&groupId=3");
    check(
        token("1", "n", "http://box/a?b=c"),
        "user/getToken",
        "userId=1&name=n&portraitUri=http%3A%2F%2Fbox%2Fa%3Fb%3Dc",
    );
}

#[test]
fn what_is_too_long_for_rongcloud_is_cut_at_a_character() {
    let call = token("1", &"学".repeat(50), &"p".repeat(1025));
    assert_eq!(call.form.matches("%E5%AD%A6").count(), 42);
    assert!(call.form.ends_with("&portraitUri="));
    let call = join(&[], "3", &"学".repeat(100));
    assert_eq!(call.form.matches("%E5%AD%A6").count(), 64);
}

#[test]
fn an_answer_is_a_yes_only_when_status_and_code_say_so() {
    assert_eq!(obeyed(200, br#"{"code":200}"#), Ok(()));
    assert!(obeyed(401, br#"{"code":200}"#).is_err());
    let no = obeyed(401, r#"{"code":1004,"errorMessage":"签名错误"}"#.as_bytes());
    assert_eq!(no, Err("answered 401, code 1004: 签名错误".into()));
    assert!(obeyed(502, b"<html>").is_err());
    assert_eq!(token_of(200, br#"{"code":200,"userId":"1","token":"t"}"#), Ok("t".into()));
    assert!(token_of(200, br#"{"code":200}"#).is_err());
}
