//! Document 004: `status` 0, 1 or 2; the 401 and 403 groups use that HTTP status and `error`.

use arctos_box::dialect::Row;
use serde_json::Value;

use super::Contract;
use crate::golden::transcript::Exchange;

pub const CONTRACT: Contract = Contract {
    dialect: "arctos",
    name,
    rows: ROWS,
    every,
    may: &["200 0", "403 0", "413 0", "429 0"],
};

const ROWS: &[(&str, &[&str])] = &[
    // A missing or wrong key is status 0; wrong ones are counted.
    ("api/auth/getAuthCode", &["200 1", "200 0", "429 0"]),
    ("api/auth/getAuthTokenUseCode", &["200 1", "200 0"]),
    (
        "api/auth/checkAuthToken",
        &[
            "200 1", "200 2", "401 1401", "401 1402", "401 1403", "401 1404", "401 1405",
            "403 3401", "403 3402", "403 3403", "403 3404", "403 3405",
        ],
    ),
];

fn every(_: &Row) -> &'static [&'static str] {
    &["405 0"]
}

/// The documented text of each `error`.
const TEXTS: &[(i64, &str)] = &[
    (1401, "授權為空"),
    (1402, "授權類型不正確"),
    (1403, "未經授權"),
    (1404, "令牌已過期"),
    (1405, "令牌無效"),
    (3401, "未找到許可文件"),
    (3402, "許可文件類型不正確"),
    (3403, "未經授權"),
    (3404, "許可已過期"),
    (3405, "許可房間超出限制"),
];

fn name(exchange: &Exchange) -> String {
    let body = &exchange.body;
    let status = body["status"].as_i64().unwrap_or_else(|| panic!("{}: no status", exchange.line));
    let message = body["message"].as_str();
    let message = message.unwrap_or_else(|| panic!("{}: no message", exchange.line));
    assert_eq!(status == 1, message.is_empty(), "{}: {message}", exchange.line);
    let Some(error) = body.get("error").and_then(Value::as_i64) else {
        return format!("{} {status}", exchange.status);
    };
    let text = TEXTS.iter().find(|(code, _)| *code == error).expect("an error of the table").1;
    assert_eq!((status, message), (0, text), "{}: {error}", exchange.line);
    format!("{} {error}", exchange.status)
}
