//! The route tables as OpenAPI 3.1, for tools: client generators, fuzzers, contract checks. Read from the
//! tables alone; nothing here knows a command by name.

mod schema;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::describe::shape::Header;
use super::fields::Field;
use super::{Access, Class, Dialect, Envelope, Rank, Row, Verb, path};
use schema::{object, only};

/// All dialects as one document; members stand in the order of their names.
pub fn document(dialects: &[&Dialect]) -> String {
    let tags: Vec<Value> = dialects.iter().map(|d| tag(d)).collect();
    let mut paths: Map<String, Value> = Map::new();
    for dialect in dialects {
        for row in dialect.rows {
            for name in std::iter::once(&row.address).chain(row.aliases) {
                let item = paths.entry(place(dialect, name)).or_insert_with(|| json!({}));
                for verb in row.methods {
                    let method = verb.as_str().to_ascii_lowercase();
                    item[method] = operation(dialect, row, *verb, name);
                }
            }
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Arctos box",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Read from the box's own route tables.",
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
    });
    format!("{document:#}")
}

fn tag(dialect: &Dialect) -> Value {
    json!({ "name": dialect.name, "description": format!("{}. {}", dialect.title, dialect.doc) })
}

/// OpenAPI tells operations apart by path alone. Where a dialect does so by query, the address goes in front
/// of the path: such a dialect serves its path under any prefix.
fn place(dialect: &Dialect, address: &'static str) -> String {
    let link = (dialect.shape.link)(address);
    if link.query.is_empty() { link.path } else { format!("/{address}{}", link.path) }
}

fn operation(dialect: &Dialect, row: &Row, verb: Verb, address: &'static str) -> Value {
    let description = match address == row.address {
        true => row.doc.to_owned(),
        false => format!("Another name of {}. {}", row.address, row.doc),
    };
    let id = format!("{}_{}_{}", dialect.name, verb.as_str().to_ascii_lowercase(), address)
        .replace(|c: char| !c.is_alphanumeric(), "_");
    let mut operation = json!({
        "operationId": id,
        "tags": [dialect.name],
        "summary": address,
        "description": description,
        "parameters": parameters(dialect, row, verb, address),
        "responses": responses(dialect, row),
        "x-access": access(row.access),
        "x-class": class(row.class),
        "x-body-max": row.body_max,
    });
    let fields: Vec<Field> = (dialect.shape.common)(row.access)
        .iter()
        .chain(row.input)
        .filter(|f| !path::params(address).any(|name| name == f.name))
        .copied()
        .collect();
    if has_body(verb) {
        let mut content = json!({ "application/json": { "schema": object(&fields) } });
        if row.forms {
            content["multipart/form-data"] = json!({ "schema": object(&fields) });
        }
        let required = fields.iter().any(|f| f.required);
        operation["requestBody"] = json!({ "required": required, "content": content });
    }
    operation
}

fn has_body(verb: Verb) -> bool {
    match verb {
        Verb::Post | Verb::Put => true,
        Verb::Get | Verb::Delete => false,
    }
}

fn parameters(dialect: &Dialect, row: &Row, verb: Verb, address: &'static str) -> Vec<Value> {
    let link = (dialect.shape.link)(address);
    let mut all: Vec<Value> = Vec::new();
    for (name, value) in &link.query {
        all.push(json!({ "name": name, "in": "query", "required": true, "schema": only(value) }));
    }
    for Header { name, form, doc } in (dialect.shape.headers)(row.access) {
        let description = format!("`{form}`. {doc}");
        all.push(json!({ "name": name, "in": "header", "required": true,
            "description": description, "schema": { "type": "string" } }));
    }
    for field in row.input {
        let in_path = path::params(address).any(|name| name == field.name);
        if in_path || !has_body(verb) {
            let place = if in_path { "path" } else { "query" };
            all.push(
                json!({ "name": field.name, "in": place, "required": in_path || field.required,
                "description": field.doc.trim(), "schema": schema::of(field.kind) }),
            );
        }
    }
    all
}

/// By HTTP status: the success, and every form of failure.
fn responses(dialect: &Dialect, row: &Row) -> Value {
    let members = (dialect.shape.answer)(row.envelope);
    let mut by_status: BTreeMap<u16, Vec<Value>> = BTreeMap::new();
    by_status.entry(row.success).or_default().push(schema::success(members, row.output));
    for failure in (dialect.shape.failures)(row) {
        for status in failure.statuses {
            by_status.entry(*status).or_default().push(schema::failure(failure.members));
        }
    }
    let mut responses = Map::new();
    for (status, schemas) in by_status {
        let good = status < 400;
        let description = if good { "Done, or what went wrong." } else { "What went wrong." };
        let content = match row.envelope {
            Envelope::Page => json!({ "text/html": { "schema": { "type": "string" } } }),
            Envelope::Picture if good => json!({ "image/jpeg": {} }),
            Envelope::Plain
            | Envelope::Picture
            | Envelope::RecordingCallback
            | Envelope::IndexCallback => {
                json!({ "application/json": { "schema": { "anyOf": schemas } } })
            }
        };
        let response = json!({
            "description": description,
            "headers": headers(dialect),
            "content": content,
        });
        responses.insert(status.to_string(), response);
    }
    Value::Object(responses)
}

/// What every answer carries.
fn headers(dialect: &Dialect) -> Value {
    let always = |word| json!({ "required": true, "schema": only(word) });
    let mut headers = json!({ "Cache-Control": always("no-store") });
    if dialect.cors {
        headers["Access-Control-Allow-Origin"] = always("*");
    }
    headers
}

/// Who may call, in a word: `x-access`.
pub fn access(access: Access) -> &'static str {
    match access {
        Access::Anybody => "anybody",
        Access::User => "user",
        Access::Signed => "signed",
        Access::Secret => "secret",
        Access::Server => "server",
        Access::Staff(Rank::Person) => "person",
        Access::Staff(Rank::Teacher) => "teacher",
        Access::Staff(Rank::Technician) => "technician",
        Access::Staff(Rank::Administrator) => "administrator",
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Beat => "beat",
        Class::Read => "read",
        Class::Write => "write",
        Class::Credential => "credential",
    }
}
