//! No command without its transcript, and no transcript without every code that the documents give its
//! command. The list here is written from 001-edu-server.md and decisions.md, not from the program.

use std::collections::BTreeSet;

use arctos_box::dialect::edu::DIALECT;
use arctos_box::dialect::{Access, Row};
use serde_json::Value;

use super::transcript::{exchanges, file};

/// What a command may answer beside 0 and what its access class answers.
fn expected_codes(address: &str) -> &'static [i64] {
    match address {
        "account/regist" => &[10003, 10004, 10101],
        "account/login" => &[10003, 10005, 10006, 10007, 10111],
        "account/logout" => &[10003, 10008],
        "live/create" => &[10101, 90000],
        // The licence's 10110 cannot be had before the licence is there: see `rules.rs`.
        "live/startcourse" => &[10003, 10010, 10101, 10102],
        "live/exitroom" => &[10003, 10010, 10101, 20002],
        "live/heartbeat" => &[10003, 10010, 20001],
        "live/roomlist" => &[10003, 10005],
        "live/reportmemid" => &[10003, 10010, 20001, 20002],
        "live/roomidlist" | "live/querybind" => &[10003, 10010],
        "live/reportbind" => &[10003, 10010, 10101, 10102, 10104, 10105],
        "cos/get_sign" | "vod/get_sign" => &[10003, 10101],
        "vod/cmd_proxy" => &[10003, 10101, 90000],
        "vod/get_client_sign" => &[],
        "live/recendcall" => &[10003, 10010],
        "live/idxfileendcall" => &[10003, 10010, 10102],
        other => panic!("{other} is new: say here which codes the documents give it"),
    }
}

/// What every command of a class answers: wrong method, no JSON, wrong fields; no or no good token.
fn class_codes(access: Access) -> &'static [i64] {
    match access {
        Access::Anybody | Access::Signed => &[10001, 10002, 10003],
        Access::User => &[10001, 10002, 10003, 10009],
        Access::Secret | Access::Server | Access::Staff(_) => {
            panic!("document 001 has no such row")
        }
    }
}

#[test]
fn every_command_has_a_transcript_with_success_and_every_documented_code() {
    for row in DIALECT.rows {
        let found = answered(row);
        let mut wanted: BTreeSet<i64> = expected_codes(row.address).iter().copied().collect();
        wanted.extend(class_codes(row.access));
        wanted.insert(0);
        assert_eq!(
            found, wanted,
            "{}: codes of its transcript (left), of the documents",
            row.address
        );
    }
}

#[test]
fn every_other_name_of_a_command_is_in_its_transcript() {
    for row in DIALECT.rows {
        let lines: Vec<String> = exchanges(&DIALECT, row).into_iter().map(|e| e.line).collect();
        for alias in row.aliases {
            let (svc, cmd) = alias.split_once('/').unwrap();
            assert!(lines.iter().any(|l| l.ends_with(&format!("?svc={svc}&cmd={cmd}"))), "{alias}");
        }
    }
}

#[test]
fn every_transcript_belongs_to_a_command() {
    let folder = file(&DIALECT, &DIALECT.rows[0]).parent().unwrap().to_owned();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let known = DIALECT.rows.iter().any(|row| file(&DIALECT, row) == path);
        assert!(known, "{}", path.display());
    }
}

/// Every code in a transcript.
fn answered(row: &Row) -> BTreeSet<i64> {
    let code = |answer: &Value| {
        let named = ["errorCode", "code", "ErrorCode"].iter().find_map(|name| answer.get(name));
        named.and_then(Value::as_i64).expect("every answer has its code as an integer")
    };
    let all = exchanges(&DIALECT, row);
    assert!(all.iter().all(|e| e.status == 200), "{}", row.address);
    all.iter().map(|e| code(&e.body)).collect()
}

#[test]
fn every_code_that_a_command_may_answer_is_told_with_its_meaning() {
    let told: BTreeSet<i64> = DIALECT.codes.iter().map(|(code, _)| *code).collect();
    for row in DIALECT.rows {
        for code in expected_codes(row.address).iter().chain(class_codes(row.access)) {
            assert!(told.contains(code), "{}: {code} is in no table", row.address);
        }
    }
    assert_eq!(told.len(), DIALECT.codes.len(), "a code is told twice");
}
