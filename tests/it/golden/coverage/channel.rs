//! Document 000: the HTTP status is the code. What a browser sees is a page without one.

use arctos_box::dialect::Row;

use super::Contract;
use crate::golden::transcript::Exchange;

pub const CONTRACT: Contract =
    Contract { dialect: "channel", name, rows: ROWS, every, may: &["413", "429"] };

const ROWS: &[(&str, &[&str])] = &[
    // The app's id and secret; wrong ones are counted.
    ("api/v1/system/auth-token", &["200", "400", "401", "429"]),
    // Only with the app's token.
    // Denied to a user of the channel who administers the box by now.
    ("api/v1/user/register", &["200", "400", "401", "403"]),
    ("api/v1/user/get_token_channel", &["200", "400", "401", "404"]),
    // A redirect; a wrong or missing auth_token is a 403 page, a `next` elsewhere is 400.
    ("api/v1/user/reg_from_channel", &["302", "400", "403"]),
];

fn every(_: &Row) -> &'static [&'static str] {
    &["405"]
}

fn name(exchange: &Exchange) -> String {
    let code = exchange.body.get("code").and_then(serde_json::Value::as_u64);
    if let Some(code) = code {
        assert_eq!(code, u64::from(exchange.status), "{}: the status is the code", exchange.line);
        for member in ["msg", "result"] {
            assert!(exchange.body.get(member).is_some(), "{}: no {member}", exchange.line);
        }
    }
    exchange.status.to_string()
}
