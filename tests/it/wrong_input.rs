//! Wrong input to every row of every dialect: named in the answer, in the dialect's own envelope and status, never a
//! crash, never our fault. Built from the route tables, so that a new row is covered by being there. What an answer
//! must be is asked of the dialect's own table of failures, which `failures.rs` holds against decisions.md.

mod bodies;
mod chaos;
mod edu;
mod places;

use arctos_box::dialect::fields::{Field, Kind};
use arctos_box::dialect::{Access, DIALECTS, Dialect, Row, path};
use arctos_box::model::Fault;
use serde_json::{Value, json};

use crate::ask::{Ask, Sent, has_body};
use crate::golden::{Exchange, named};
use crate::keys::Keys;
use crate::plausible::{self, is_credential, smallest};
use crate::world::{Answer, World};

/// Sends good and wrong requests to one row after the other, with credentials that are good.
struct Sender {
    world: World,
    keys: Keys,
    sent: i64,
}

impl Sender {
    async fn new() -> Self {
        let world = World::new().await;
        let keys = Keys::cut(&world).await;
        Self { world, keys, sent: 0 }
    }

    /// A request that the row takes. Each signed one has a signature of its own.
    fn good(&mut self, dialect: &Dialect, row: &Row) -> Ask {
        self.sent += 1;
        let ask = plausible::ask(dialect, row);
        self.keys.open(&self.world, dialect, row, ask, self.sent)
    }

    async fn send(&self, dialect: &'static Dialect, row: &'static Row, ask: &Ask) -> Answer {
        ask.send(&self.world, dialect, row).await
    }

    /// The answer must be what the dialect says to a wrong field, and name this one.
    async fn refused(&self, dialect: &'static Dialect, row: &'static Row, ask: &Ask, name: &str) {
        let answer = self.send(dialect, row, ask).await;
        let wanted = told(dialect, row, &Fault::invalid(name, "is wrong"));
        let shown: String = ask.shown(dialect, row).chars().take(400).collect();
        let at = format!("{} {} {name}\n{shown}\n{}", dialect.name, row.address, answer.text());
        assert_eq!(call(dialect, row, &answer), wanted, "{at}");
        // `{"code":n}` has no words; what is wrong in a path is a thing that does not exist.
        let in_path = path::params(row.address).any(|param| param == name);
        assert!(in_path || answer.text().contains(name) || answer.body.len() < 20, "{at}");
    }
}

/// All rows, with their dialects.
fn rows() -> impl Iterator<Item = (&'static Dialect, &'static Row)> {
    DIALECTS.iter().flat_map(|d| d.rows.iter().map(|row| (*d, row)))
}

/// What the dialect calls this failure of a row.
fn told(dialect: &Dialect, row: &Row, fault: &Fault) -> String {
    let sealed = (dialect.fault)(Some(row), fault, crate::failures::REQUEST);
    let body = serde_json::from_slice(&sealed.body).unwrap_or_default();
    let status = sealed.status.as_u16();
    named(dialect, &Exchange { line: row.address.into(), status, body })
}

/// What the dialect calls an answer; it is in one of the dialect's envelopes.
fn call(dialect: &Dialect, row: &Row, answer: &Answer) -> String {
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    named(dialect, &Exchange { line: row.address.into(), status: answer.status, body })
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let mut sender = Sender::new().await;
    for (dialect, row) in rows() {
        for path in paths(&plausible::required(dialect, row)) {
            let name = path[path.len() - 1].name;
            let in_path = path::params(row.address).any(|param| param == name);
            if in_path || !path.iter().all(|f| f.required) || is_key(row, name) {
                continue;
            }
            let good = sender.good(dialect, row);
            let ask = match path.len() {
                1 => good.without(name),
                _ => change(good, row, &path, |object| drop(object.remove(name))),
            };
            sender.refused(dialect, row, &ask, name).await;
        }
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named() {
    let mut sender = Sender::new().await;
    for (dialect, row) in rows() {
        for path in paths(&fields(dialect, row)) {
            let field = path[path.len() - 1];
            let as_text = !has_body(row) || path::params(row.address).any(|p| p == field.name);
            for wrong in of_wrong_type(&field, as_text) {
                let good = sender.good(dialect, row);
                let ask = put(good, row, &path, wrong);
                sender.refused(dialect, row, &ask, field.name).await;
            }
        }
    }
}

#[tokio::test]
async fn a_field_out_of_its_limits_is_named_and_one_on_its_limit_is_not() {
    let mut sender = Sender::new().await;
    for (dialect, row) in rows() {
        for path in paths(&fields(dialect, row)) {
            let field = path[path.len() - 1];
            if path::params(row.address).any(|p| p == field.name && at_most_ten(&field)) {
                continue;
            }
            let mut refusals = Vec::new();
            for (value, fits) in at_the_limits(field.kind) {
                let good = sender.good(dialect, row);
                let ask = put(good, row, &path, value);
                if !fits {
                    sender.refused(dialect, row, &ask, field.name).await;
                    refusals.push(sender.send(dialect, row, &ask).await.text());
                }
            }
            // A number in a path that fits may name nothing, too.
            let in_path = path::params(row.address).any(|param| param == field.name);
            let fitting = at_the_limits(field.kind).into_iter().filter(|(_, fits)| *fits);
            for (value, _) in fitting.filter(|_| !in_path) {
                let good = sender.good(dialect, row);
                let ask = put(good, row, &path, value);
                let said = sender.send(dialect, row, &ask).await.text();
                let at = format!("{} {} {}", dialect.name, row.address, field.name);
                assert!(said.len() < 20 || !refusals.contains(&said), "{at}: {said}");
            }
        }
    }
}

/// A path has no room for anything that is not a number of ten digits or so.
fn at_most_ten(field: &Field) -> bool {
    !matches!(field.kind, Kind::Integer { .. })
}

/// Its own fields and the common ones that are not credentials.
fn fields(dialect: &Dialect, row: &Row) -> Vec<Field> {
    let common = (dialect.shape.common)(row.access).iter();
    let all = common.chain(row.input).copied();
    all.filter(|f| !is_key(row, f.name)).collect()
}

/// A member that is judged as a credential and not as a field.
fn is_key(row: &Row, name: &str) -> bool {
    is_credential(name) && row.access != Access::Anybody
}

/// The good request with another value at the end of the path.
fn put(good: Ask, row: &Row, path: &[Field], value: Value) -> Ask {
    let name = path[path.len() - 1].name;
    match path.len() {
        1 => good.field(row, name, value),
        _ => change(good, row, path, |object| drop(object.insert(name.into(), value))),
    }
}

/// The good request after a change to the object that the last field of the path stands in, which is made where it
/// is optional.
fn change(
    mut good: Ask,
    row: &Row,
    path: &[Field],
    change: impl FnOnce(&mut serde_json::Map<String, Value>),
) -> Ask {
    let Sent::Json(body) = &mut good.body else { panic!("{}: objects are JSON", row.address) };
    let mut at = body;
    for field in &path[..path.len() - 1] {
        if at.get(field.name).is_none() {
            at[field.name] = smallest(field.kind);
        }
        at = &mut at[field.name];
    }
    change(at.as_object_mut().unwrap());
    good
}

/// Every field of an input with the objects it stands in.
fn paths(fields: &[Field]) -> Vec<Vec<Field>> {
    let mut all = Vec::new();
    for field in fields {
        all.push(vec![*field]);
        if let Kind::Object(members) = field.kind {
            all.extend(paths(members).into_iter().map(|path| [vec![*field], path].concat()));
        }
    }
    all
}

fn of_wrong_type(field: &Field, as_text: bool) -> Vec<Value> {
    if as_text {
        // There everything is text.
        return match field.kind {
            Kind::Integer { .. } => vec![json!("x"), json!("1.5"), json!("0x1")],
            Kind::Number | Kind::Boolean => vec![json!("x")],
            Kind::Text { .. } | Kind::Texts { .. } | Kind::File { .. } => vec![],
            Kind::Object(_) | Kind::List(_) | Kind::Any => vec![json!("x")],
        };
    }
    let mut wrong = match field.kind {
        Kind::Text { .. } => vec![json!(1), json!({}), json!([]), json!(["x"]), json!(true)],
        Kind::Integer { .. } => {
            vec![json!("x"), json!(""), json!(1.5), json!({}), json!([1]), json!(true)]
        }
        Kind::Number => vec![json!("x"), json!({}), json!([])],
        Kind::Object(_) | Kind::Any => {
            vec![json!("{}"), json!(1), json!([]), json!([{}]), json!(true)]
        }
        Kind::List(_) => vec![json!("[]"), json!(1), json!({})],
        Kind::Texts { .. } => vec![json!("[]"), json!(1), json!({}), json!([1]), json!([null])],
        Kind::Boolean => vec![json!("x"), json!(1), json!({}), json!([])],
        Kind::File { .. } => vec![json!("x"), json!(1), json!({}), json!("data:,x")],
    };
    // For a field that may be absent, null says that it is.
    if field.required {
        wrong.push(Value::Null);
    }
    wrong
}

/// Values just inside (true) and just outside the limits.
fn at_the_limits(kind: Kind) -> Vec<(Value, bool)> {
    let mut values = Vec::new();
    match kind {
        Kind::Text { min, max } => {
            values.push((json!("x".repeat(max)), true));
            values.push((json!("x".repeat(max + 1)), false));
            if min > 0 {
                values.push((json!("x".repeat(min - 1)), false));
            }
        }
        Kind::Integer { min, max } => {
            values.extend([(json!(min), true), (json!(max), true)]);
            if let Some(below) = min.checked_sub(1) {
                values.push((json!(below), false));
            }
            match max.checked_add(1) {
                Some(above) => values.push((json!(above), false)),
                None => values.push((json!(u64::MAX), false)),
            }
        }
        Kind::Texts { items, max } => {
            values.push((json!(vec!["x"; items]), true));
            values.push((json!(vec!["x"; items + 1]), false));
            values.push((json!(["x".repeat(max + 1)]), false));
        }
        Kind::Number | Kind::Boolean | Kind::File { .. } => {}
        Kind::Object(_) | Kind::List(_) | Kind::Any => {}
    }
    values
}
