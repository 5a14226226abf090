//! Document 003: Django REST's statuses; a failure is `{"detail": …}` in Chinese. Its 403 says two things:
//! nobody is logged in, or somebody may not.

use arctos_box::dialect::{Access, Row};

use super::Contract;
use crate::golden::transcript::Exchange;

pub const CONTRACT: Contract =
    Contract { dialect: "groups", name, rows: ROWS, every, may: &["400", "404", "413", "429"] };

const ROWS: &[(&str, &[&str])] = &[
    ("api/im/token", &["200"]),
    // A page that does not exist is 404.
    ("GET api/im/group", &["200", "404"]),
    // A cover of more than 2 MiB is too large.
    ("POST api/im/group", &["201", "400", "413"]),
    ("api/im/group/{}/join", &["200", "400", "404"]),
    // A wrong code, or a group without one; five tries a minute.
    ("api/im/group/{}/invite", &["200", "400", "404", "429"]),
    ("api/im/group/{}/quit", &["200", "404"]),
    ("api/im/group/{}/users", &["200", "404"]),
    ("api/im/group/{}/dismiss", &["200", "403 denied", "404"]),
    ("api/im/retrieve/{}", &["200", "404"]),
];

fn every(row: &Row) -> &'static [&'static str] {
    match row.access {
        Access::User => &["403 nobody", "403 unknown", "405"],
        Access::Anybody => &["405"],
        Access::Signed | Access::Secret | Access::Server | Access::Staff(_) => {
            panic!("document 003 has no such row")
        }
    }
}

fn name(exchange: &Exchange) -> String {
    if exchange.status < 400 {
        return exchange.status.to_string();
    }
    let detail = exchange.body["detail"].as_str();
    let detail = detail.unwrap_or_else(|| panic!("{}: no detail", exchange.line));
    let chinese = detail.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert!(chinese, "{}: {detail} is not Chinese", exchange.line);
    match (exchange.status, detail) {
        // Source: facts.md, the texts of Django REST in Chinese.
        (403, "身份认证信息未提供。") => "403 nobody".into(),
        (403, "认证令牌无效。") => "403 unknown".into(),
        (403, _) => "403 denied".into(),
        (status, _) => status.to_string(),
    }
}
