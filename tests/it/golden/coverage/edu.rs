//! Document 001: HTTP 200 always, the code in `errorCode` (or the callbacks' own member).

use arctos_box::dialect::{Access, Row};
use serde_json::Value;

use super::Contract;
use crate::golden::transcript::Exchange;

pub const CONTRACT: Contract = Contract { dialect: "edu", name, rows: ROWS, every, may: &[] };

const ROWS: &[(&str, &[&str])] = &[
    ("account/regist", &["200 0", "200 10004", "200 10101"]),
    ("account/login", &["200 0", "200 10005", "200 10006", "200 10007", "200 10111"]),
    ("account/logout", &["200 0", "200 10008"]),
    ("live/create", &["200 0", "200 10101", "200 90000"]),
    ("live/startcourse", &["200 0", "200 10010", "200 10101", "200 10102", "200 10110"]),
    ("live/exitroom", &["200 0", "200 10010", "200 10101", "200 20002"]),
    ("live/heartbeat", &["200 0", "200 10010", "200 20001"]),
    ("live/roomlist", &["200 0", "200 10005"]),
    ("live/reportmemid", &["200 0", "200 10010", "200 20001", "200 20002"]),
    ("live/roomidlist", &["200 0", "200 10010"]),
    (
        "live/reportbind",
        &["200 0", "200 10010", "200 10101", "200 10102", "200 10104", "200 10105"],
    ),
    ("live/querybind", &["200 0", "200 10010"]),
    ("cos/get_sign", &["200 0", "200 10101"]),
    ("vod/get_sign", &["200 0", "200 10101"]),
    ("vod/cmd_proxy", &["200 0", "200 10101", "200 90000"]),
    ("vod/get_client_sign", &["200 0"]),
    ("live/recendcall", &["200 0", "200 10010"]),
    ("live/idxfileendcall", &["200 0", "200 10010", "200 10102"]),
];

/// Wrong method, no JSON, wrong fields; no or no good token.
fn every(row: &Row) -> &'static [&'static str] {
    match row.access {
        Access::Anybody | Access::Signed => &["200 10001", "200 10002", "200 10003"],
        Access::User => &["200 10001", "200 10002", "200 10003", "200 10009"],
        Access::Secret | Access::Server | Access::Staff(_) => {
            panic!("document 001 has no such row")
        }
    }
}

fn name(exchange: &Exchange) -> String {
    let named = ["errorCode", "code", "ErrorCode"].iter().find_map(|m| exchange.body.get(m));
    let code = named.and_then(Value::as_i64).expect("every answer has its code as an integer");
    format!("{} {code}", exchange.status)
}
