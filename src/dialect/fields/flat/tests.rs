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
    let Some(members) = members(text) else { return };
    let read = |raw: &str| serde_json::from_str::<Value>(raw).unwrap();
    let ours = members.iter().map(|(name, raw)| (name.clone().into_owned(), read(raw))).collect();
    assert_eq!(Some(ours), library(text), "{text}");
    for (_, raw) in members {
        assert_eq!(plain(&raw), read(&raw).as_str(), "{raw}");
    }
}

#[test]
fn a_heartbeat_is_taken_apart_here_and_what_is_not_so_plain_is_left_to_the_library() {
    let beat = r#" {"appid":7, "timeStamp":-1,"token":"a b","x":null,"y":true } "#;
    let told =
        [("appid", "7"), ("timeStamp", "-1"), ("token", r#""a b""#), ("x", "null"), ("y", "true")]
            .map(|(name, raw)| (Cow::Borrowed(name), Cow::Borrowed(raw)));
    assert_eq!(members(beat).unwrap(), told);
    assert_eq!(members("{}").unwrap(), []);
    let list = members(r#"{"a": [ "x" , "y" ],"b":[]}"#).unwrap();
    assert_eq!((&*list[0].1, &*list[1].1), (r#"[ "x" , "y" ]"#, "[]"));
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
        assert_eq!(members(other), None, "{other}");
    }
}

fn lists_agree(raw: &str) {
    let Some(texts) = texts(raw, 5) else { return };
    let read: Vec<String> = serde_json::from_str(raw).unwrap();
    // As the library would write it.
    let written = read.iter().map(|text| serde_json::to_string(text).unwrap());
    assert!(written.eq(texts), "{raw}");
}

#[test]
fn a_list_of_plain_texts_is_taken_apart_and_any_other_is_not() {
    assert_eq!(texts(r#"["a", "längerer Text" ,"",  "0123456789abcdef"]"#, 4).unwrap().len(), 4);
    assert_eq!(texts("[ ]", 4).unwrap(), [""; 0]);
    for other in [
        r#"["a","b"]"#,
        r#"["a",]"#,
        r#"[,"a"]"#,
        r#"["a" "b"]"#,
        r#"["a"]x"#,
        r#"["a"] "#,
        r#"["\n"]"#,
        r#"[1]"#,
        r#"["a""#,
        r#"["a"#,
        "[",
        "",
        "{}",
        "[\"\u{1}\"]",
        "[\"0123456789\u{1f}abcdef\"]",
    ] {
        assert_eq!(texts(other, 1), None, "{other}");
    }
}

proptest! {
    #[test]
    fn a_list_that_is_taken_apart_here_the_library_reads_in_the_same_way(
        raw in r#"\[ ?("[ a-zé"\\\u{1}\u{1f}\u{7f}ÿ]{0,20}"[, ]{1,2}){0,6}"[a-z]{0,9}"\]{0,2}"#,
    ) {
        lists_agree(&raw);
    }

    #[test]
    fn lists_are_what_the_library_reads(
        text in r#"\{"a": ?\[ ?("[a-z\\é]{0,9}"[, ]{1,2}){0,4}("[a-z]{0,9}"|1)? ?\],?"b":1\}"#,
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
