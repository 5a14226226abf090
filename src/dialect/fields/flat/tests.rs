//! What is taken apart here is what the JSON library reads.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// What the library makes of the same text.
fn library(text: &str) -> Option<BTreeMap<String, Value>> {
    serde_json::from_str(text).ok()
}

fn agrees(text: &str) {
    let Some(flat) = Flat::read(text) else { return };
    let read = |raw: &str| serde_json::from_str::<Value>(raw).unwrap();
    let pair = |member: &Member<'_>| (member.name.to_owned(), read(member.raw));
    assert_eq!(Some(flat.members.iter().map(pair).collect()), library(text), "{text}");
    for member in &flat.members {
        let value = read(member.raw);
        assert_eq!((member.text(), plain(member.raw)), (value.as_str(), value.as_str()), "{text}");
        let list = flat.list(member).map(|texts| texts.iter().map(|t| Value::from(*t)).collect());
        assert_eq!(list.as_ref(), value.as_array(), "{text}");
    }
}

#[test]
fn a_heartbeat_is_taken_apart_here_and_what_is_not_so_plain_is_left_to_the_library() {
    let beat = r#" {"appid":7, "timeStamp":-1,"token":"a b","x":null,"y":true } "#;
    let told =
        [("appid", "7"), ("timeStamp", "-1"), ("token", r#""a b""#), ("x", "null"), ("y", "true")];
    let said =
        |flat: Flat<'static>| flat.members.iter().map(|m| (m.name, m.raw)).collect::<Vec<_>>();
    assert_eq!(said(Flat::read(beat).unwrap()), told);
    assert_eq!(Flat::read("{}").unwrap(), Flat::default());
    let lists = Flat::read(r#"{"a": [ "x" , "y" ],"b":[],"c":["z"]}"#).unwrap();
    let list = |n: usize| lists.list(&lists.members[n]).unwrap();
    assert_eq!((list(0), list(1), list(2)), (&["x", "y"][..], &[][..], &["z"][..]));
    for other in [
        r#"{"a":"\n"}"#,
        r#"{"a":1.5}"#,
        r#"{"a":01}"#,
        r#"{"a":-}"#,
        r#"{"a":[1]}"#,
        r#"{"a":["b",]}"#,
        r#"{"a":["b" "c"]}"#,
        r#"{"a":["b"}"#,
        r#"{"a":["\n"]}"#,
        r#"{"a":[["b"]]}"#,
        r#"{"a":1,}"#,
        r#"{"a":1}{"#,
        r#"{"a" 1}"#,
        r#"{a:1}"#,
        "[]",
        "",
        "{",
        r#"{"a":1e3}"#,
        r#"{"a":nul}"#,
        r#"{,}"#,
    ] {
        assert_eq!(Flat::read(other), None, "{other}");
    }
}

proptest! {
    #[test]
    fn lists_are_what_the_library_reads(
        text in r#"\{"a": ?\[ ?("[ a-z\\é\u{1}\u{1f}\u{7f}ÿ]{0,20}"[, ]{1,2}){0,4}("[a-z]{0,9}"|1)? ?\]{1,2},?"b":1\}"#,
    ) {
        agrees(&text);
    }

    #[test]
    fn whatever_is_taken_apart_here_the_library_reads_in_the_same_way(
        text in r#"[ \{]{1,2}("[a-z\\"\u{1}é]{0,3}"[: ]{1,2}(-?[0-9.e]{0,3}|"[a-z\\n"é]{0,3}"|true|null|tru|[\[\]])[,\} ]{0,2}){0,3}[\}]{0,2}"#,
    ) {
        agrees(&text);
    }

    #[test]
    fn any_text_at_all_is_no_danger(text in ".{0,40}") {
        agrees(&text);
    }
}
