//! A request that a row takes, made from the row itself, so that a new row is tested without being told of.

use arctos_box::dialect::fields::{Field, Kind};
use arctos_box::dialect::{Access, Dialect, Row, path};
use arctos_box::wire::callback::live_sign;
use serde_json::{Map, Value, json};

use crate::ask::{Ask, has_body};
use crate::world::{APPID, START, World};

/// Every required field with the smallest value it takes, and no credentials.
pub fn ask(dialect: &Dialect, row: &Row) -> Ask {
    let mut ask = Ask::new();
    if has_body(row) {
        ask = ask.json(json!({}));
    }
    for field in required(dialect, row) {
        if !is_credential(field.name) {
            ask = ask.field(row, field.name, usual(&field));
        }
    }
    ask
}

/// The fields without which a row refuses, common ones first.
pub fn required(dialect: &Dialect, row: &Row) -> Vec<Field> {
    let common = (dialect.shape.common)(row.access).iter();
    let is_needed = |f: &&Field| f.required || path::params(row.address).any(|n| n == f.name);
    common.chain(row.input).filter(is_needed).copied().collect()
}

/// Members of a body or query that say who calls.
pub fn is_credential(name: &str) -> bool {
    ["token", "secret", "app_secret", "t", "sign", "auth_token"].contains(&name)
}

/// A small value, or one that means something.
fn usual(field: &Field) -> Value {
    match (field.name, field.kind) {
        ("appid", _) => json!(APPID),
        ("timeStamp", _) => json!(77),
        ("next", _) => json!("/course/details/?id=1"),
        ("role", Kind::Text { .. }) => json!("MODERATOR"),
        _ => smallest(field.kind),
    }
}

/// A body of document 001: as `ask`, with this token where the row is for users.
pub fn body(row: &Row, token: &str) -> Value {
    let mut body = object(row.input);
    if row.access != Access::Signed {
        body["appid"] = json!(APPID);
        body["timeStamp"] = json!(77);
    }
    if row.access == Access::User {
        body["token"] = json!(token);
    }
    body
}

/// Signs a callback for `ahead` seconds from the start of the world.
pub fn sign(world: &World, body: &mut Value, ahead: i64) {
    let t = START.as_seconds() + ahead;
    body["t"] = json!(t);
    body["sign"] = json!(live_sign(&world.app().secrets.callback_key, t));
}

fn object(fields: &[Field]) -> Value {
    let required = fields.iter().filter(|f| f.required);
    let members = required.map(|f| (f.name.to_owned(), smallest(f.kind)));
    Value::Object(members.collect::<Map<_, _>>())
}

/// The smallest value of a kind.
pub fn smallest(kind: Kind) -> Value {
    match kind {
        Kind::Text { min, .. } => json!("x".repeat(min)),
        Kind::Integer { min, .. } => json!(min),
        Kind::Number => json!(0.5),
        Kind::Object(fields) => object(fields),
        Kind::List(_) => json!([]),
        Kind::Any => json!({}),
        Kind::Texts { .. } => json!([]),
        Kind::Boolean => json!(false),
        Kind::File { .. } => json!("data:;base64,eA=="),
    }
}

/// The code of an answer of document 001, in whichever of its three envelopes.
pub fn code(answer: &Value) -> i64 {
    let named = ["errorCode", "code", "ErrorCode"].iter().find_map(|name| answer.get(name));
    named.and_then(Value::as_i64).unwrap_or_else(|| panic!("no code in {answer}"))
}
