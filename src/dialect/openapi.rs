//! The route tables as OpenAPI 3.1, for tools: client generators, fuzzers, contract checks. Read from the
//! tables alone; nothing here knows a command by name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::describe::shape::{Member, Slot};
use super::fields::{Field, Kind};
use super::{Access, Class, Dialect, Envelope, Row};

/// All dialects as one document; members stand in the order of their names.
pub fn document(dialects: &[&Dialect]) -> String {
    let tags: Vec<Value> = dialects.iter().map(|d| tag(d)).collect();
    let mut paths = Map::new();
    for dialect in dialects {
        for row in dialect.rows {
            for name in std::iter::once(&row.address).chain(row.aliases) {
                let method = row.method.as_str().to_ascii_lowercase();
                let item = json!({ method: operation(dialect, row, name) });
                paths.insert(path(dialect, name), item);
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
fn path(dialect: &Dialect, address: &'static str) -> String {
    let link = (dialect.shape.link)(address);
    if link.query.is_empty() { link.path.into() } else { format!("/{address}{}", link.path) }
}

fn operation(dialect: &Dialect, row: &Row, address: &'static str) -> Value {
    let link = (dialect.shape.link)(address);
    let constant = |(name, value): &(&str, &str)| json!({ "name": name, "in": "query", "required": true, "schema": only(value) });
    let fields: Vec<Field> =
        (dialect.shape.common)(row.access).iter().chain(row.input).copied().collect();
    let description = match address == row.address {
        true => row.doc.to_owned(),
        false => format!("Another name of {}. {}", row.address, row.doc),
    };
    let id = format!("{}_{}", dialect.name, address).replace(|c: char| !c.is_alphanumeric(), "_");
    json!({
        "operationId": id,
        "tags": [dialect.name],
        "summary": address,
        "description": description,
        "parameters": link.query.iter().map(constant).collect::<Vec<_>>(),
        "requestBody": {
            "required": fields.iter().any(|f| f.required),
            "content": { "application/json": { "schema": object(&fields) } },
        },
        "responses": { "200": {
            "description": "Done, or what went wrong.",
            "content": { "application/json": { "schema": answer(dialect, row) } },
        } },
        "x-access": access(row.access),
        "x-class": class(row.class),
        "x-body-max": row.body_max,
    })
}

fn answer(dialect: &Dialect, row: &Row) -> Value {
    let members = |envelope| (dialect.shape.answer)(envelope);
    let mut all = vec![success(members(row.envelope), row.output), failure(members(row.envelope))];
    if row.envelope != Envelope::Plain {
        // A request that addresses no row gets the dialect's plain words.
        all.push(failure(members(Envelope::Plain)));
    }
    json!({ "oneOf": all })
}

fn success(members: &[Member], output: &[Field]) -> Value {
    let schema = |slot| match slot {
        Slot::Code => Some(json!({ "const": 0 })),
        Slot::Info => Some(text()),
        Slot::Word(word) => Some(only(word)),
        Slot::Output => (!output.is_empty()).then(|| object(output)),
    };
    envelope("Success", members.iter().filter_map(|m| Some((m.name, schema(m.slot)?))).collect())
}

fn failure(members: &[Member]) -> Value {
    let schema = |slot| match slot {
        Slot::Code => Some(json!({ "type": "integer", "not": { "const": 0 } })),
        Slot::Info => Some(text()),
        Slot::Word(word) => Some(only(word)),
        Slot::Output => None,
    };
    envelope("Failure", members.iter().filter_map(|m| Some((m.name, schema(m.slot)?))).collect())
}

/// All its members are there, and no others.
fn envelope(title: &str, members: BTreeMap<&str, Value>) -> Value {
    let required: Vec<&str> = members.keys().copied().collect();
    json!({
        "title": title,
        "type": "object",
        "required": required,
        "properties": members,
        "additionalProperties": false,
    })
}

fn object(fields: &[Field]) -> Value {
    let required: Vec<&str> = fields.iter().filter(|f| f.required).map(|f| f.name).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|f| (f.name.to_owned(), property(f))).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn property(field: &Field) -> Value {
    let mut schema = schema(field.kind);
    schema["description"] = field.doc.trim().into();
    if !field.required {
        // What may be left out may also be null.
        schema["type"] = json!([schema["type"], "null"]);
    }
    schema
}

fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Text { min, max } => {
            let mut schema = text();
            if min > 0 {
                schema["minLength"] = min.into();
            }
            if max < usize::MAX {
                schema["maxLength"] = max.into();
            }
            schema
        }
        Kind::Integer { min, max } => {
            let mut schema = json!({ "type": "integer", "format": "int64" });
            if min > i64::MIN {
                schema["minimum"] = min.into();
            }
            if max < i64::MAX {
                schema["maximum"] = max.into();
            }
            schema
        }
        Kind::Number => json!({ "type": "number" }),
        Kind::Object(fields) => object(fields),
        Kind::List(fields) => json!({ "type": "array", "items": object(fields) }),
        Kind::Any => json!({ "type": "object" }),
    }
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn only(word: &str) -> Value {
    json!({ "type": "string", "enum": [word] })
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Anybody => "anybody",
        Access::User => "user",
        Access::Signed => "signed",
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
