//! The box's own API: honest HTTP statuses; a failure is `{"error":{"code","message"}}`, a success is not.

use arctos_box::dialect::{Access, Rank, Row, Verb};

use super::Contract;
use crate::golden::transcript::Exchange;

pub const CONTRACT: Contract =
    Contract { dialect: "box", name, rows: ROWS, every, may: &["403", "413", "421", "429"] };

const ROWS: &[(&str, &[&str])] = &[
    ("GET box/v1/setup", &["200"]),
    // A wrong code is 401, a taken handle and a box that is set up are 409.
    ("POST box/v1/setup", &["201", "400", "401", "409", "429"]),
    ("box/v1/login", &["200", "400", "401", "429"]),
    ("box/v1/logout", &["200"]),
    ("box/v1/me", &["200"]),
    ("box/v1/password", &["200", "400"]),
    ("GET box/v1/users", &["200", "400"]),
    ("POST box/v1/users", &["201", "400", "409"]),
    ("GET box/v1/users/{}", &["200", "400", "404"]),
    // The last administrator stays one.
    ("POST box/v1/users/{}", &["200", "400", "404", "409"]),
    ("box/v1/lessons", &["200", "400"]),
    ("box/v1/lessons/{}", &["200", "404"]),
    ("box/v1/lessons/{}/end", &["200", "404", "409"]),
    // Neither staff nor its teacher.
    ("box/v1/lessons/{}/export", &["200", "400", "403", "404"]),
    // A lesson that is not the caller's.
    ("box/v1/lessons/{}/applications", &["200", "403", "404"]),
    // Too late, or answered already.
    ("box/v1/lessons/{}/applications/{}", &["200", "400", "403", "404", "409"]),
    ("GET box/v1/licence", &["200"]),
    ("POST box/v1/licence", &["200", "400", "409"]),
    ("box/v1/licence/request", &["200"]),
    ("box/v1/licence/explain", &["200"]),
    ("box/v1/licence/inspect", &["200", "400", "409"]),
    ("box/v1/cameras", &["200"]),
    ("GET box/v1/cameras/{}", &["200", "404"]),
    // A preset that a teacher would keep; one that stands by; one that is silent.
    ("POST box/v1/cameras/{}", &["200", "400", "403", "404", "409", "503"]),
    ("box/v1/cameras/{}/move", &["200", "400", "404", "409", "503"]),
    ("box/v1/cameras/{}/stop", &["200", "403", "404", "503"]),
    ("box/v1/inputs", &["200"]),
    // A teacher without a lesson; no such input; one that is switched off; nothing to open it with.
    ("box/v1/inputs/{}/preview.jpg", &["200", "403", "404", "409", "429"]),
    ("box/v1/inputs/{}/level", &["200", "403", "404", "409", "429"]),
    ("box/v1/classrooms", &["200"]),
    // A teacher where no lesson runs, and where another's does.
    ("box/v1/classrooms/{}", &["200", "400", "403", "404", "409"]),
    ("box/v1/secrets", &["200"]),
    ("box/v1/audit", &["200", "400"]),
    ("box/v1/channel", &["426", "400"]),
];

/// Another method; no token or none of the box's; too low a rank; no JSON.
fn every(row: &Row) -> &'static [&'static str] {
    let posts = row.methods.contains(&Verb::Post);
    match row.access {
        Access::Anybody => &["405"],
        Access::Staff(Rank::Person) if posts => &["401", "405", "400"],
        Access::Staff(Rank::Person) => &["401", "405"],
        Access::Staff(Rank::Teacher | Rank::Technician | Rank::Administrator) if posts => {
            &["401", "403", "405", "400"]
        }
        Access::Staff(Rank::Teacher | Rank::Technician | Rank::Administrator) => {
            &["401", "403", "405"]
        }
        Access::User | Access::Signed | Access::Secret | Access::Server => {
            panic!("the box's own API has no such row")
        }
    }
}

fn name(exchange: &Exchange) -> String {
    let error = exchange.body.get("error");
    assert_eq!(error.is_some(), exchange.status >= 400, "{}", exchange.line);
    if let Some(error) = error {
        for member in ["code", "message"] {
            let text = error[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{}: no {member}", exchange.line);
        }
    }
    exchange.status.to_string()
}
