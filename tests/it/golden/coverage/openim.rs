//! Document 002: an HTTP status and `errCode`. The two 500 are what the original answers for a uid that exists
//! already and for one that does not exist; decisions.md keeps them.

use arctos_box::dialect::Row;
use serde_json::Value;

use super::Contract;
use crate::golden::transcript::Exchange;

pub const CONTRACT: Contract =
    Contract { dialect: "openim", name, rows: ROWS, every, may: &["413 400"] };

const ROWS: &[(&str, &[&str])] = &[
    ("auth/user_register", &["200 0", "500 500"]),
    ("auth/user_token", &["200 0", "500 500"]),
    ("user/get_users_online_status", &["200 0"]),
];

/// Wrong fields, a wrong secret, too many of them, another method.
fn every(_: &Row) -> &'static [&'static str] {
    &["400 400", "400 401", "429 429", "405 405"]
}

fn name(exchange: &Exchange) -> String {
    let code = exchange.body.get("errCode").and_then(Value::as_i64);
    let code = code.unwrap_or_else(|| panic!("{}: no errCode", exchange.line));
    assert!(exchange.body["errMsg"].is_string(), "{}: no errMsg", exchange.line);
    assert_eq!(code == 0, exchange.status == 200, "{}", exchange.line);
    format!("{} {code}", exchange.status)
}
