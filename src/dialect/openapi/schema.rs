//! JSON Schema of what a row takes and answers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::dialect::describe::shape::{Member, Slot};
use crate::dialect::fields::{Field, Kind};

pub fn success(members: &[Member], output: &[Field]) -> Value {
    let mut all = BTreeMap::new();
    let mut optional = Vec::new();
    for Member { name, slot } in members {
        let schema = match slot {
            Slot::Code(good) => json!({ "type": "integer", "enum": good }),
            Slot::Info => text(),
            Slot::Word(word) => only(word),
            Slot::Object(inner) => success(inner, output),
            Slot::Output if output.is_empty() => continue,
            Slot::Output => object(output),
            Slot::Spread => {
                for field in output {
                    all.insert(field.name, property(field));
                    optional.extend((!field.required).then_some(field.name));
                }
                continue;
            }
            Slot::Maybe(kind) => {
                optional.push(name);
                of(*kind)
            }
        };
        all.insert(name, schema);
    }
    envelope("Success", all, &optional)
}

pub fn failure(members: &[Member]) -> Value {
    let mut all = BTreeMap::new();
    let mut optional = Vec::new();
    for Member { name, slot } in members {
        let schema = match slot {
            Slot::Code(good) => json!({ "type": "integer", "not": { "enum": good } }),
            Slot::Info => text(),
            Slot::Word(word) => only(word),
            Slot::Object(inner) => failure(inner),
            Slot::Output | Slot::Spread => continue,
            Slot::Maybe(kind) => {
                optional.push(*name);
                of(*kind)
            }
        };
        all.insert(*name, schema);
    }
    envelope("Failure", all, &optional)
}

/// No other members than these, and all but the optional ones are there.
fn envelope(title: &str, members: BTreeMap<&str, Value>, optional: &[&str]) -> Value {
    let required: Vec<&&str> = members.keys().filter(|name| !optional.contains(name)).collect();
    json!({
        "title": title,
        "type": "object",
        "required": required,
        "properties": members,
        "additionalProperties": false,
    })
}

pub fn object(fields: &[Field]) -> Value {
    let required: Vec<&str> = fields.iter().filter(|f| f.required).map(|f| f.name).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|f| (f.name.to_owned(), property(f))).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

pub fn property(field: &Field) -> Value {
    let mut schema = of(field.kind);
    schema["description"] = field.doc.trim().into();
    if !field.required {
        // What may be left out may also be null.
        schema["type"] = json!([schema["type"], "null"]);
    }
    schema
}

/// The schema of one kind.
pub fn of(kind: Kind) -> Value {
    match kind {
        Kind::Text { min, max } => bounded_text(min, max),
        Kind::Texts { items, max } => {
            let mut schema = json!({ "type": "array", "items": bounded_text(0, max) });
            if items < usize::MAX {
                schema["maxItems"] = items.into();
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
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::File { .. } => json!({ "type": "string", "format": "binary" }),
        Kind::Object(fields) => object(fields),
        Kind::List(fields) => json!({ "type": "array", "items": object(fields) }),
        Kind::Any => json!({ "type": "object" }),
    }
}

fn bounded_text(min: usize, max: usize) -> Value {
    let mut schema = text();
    if min > 0 {
        schema["minLength"] = min.into();
    }
    if max < usize::MAX {
        schema["maxLength"] = max.into();
    }
    schema
}

fn text() -> Value {
    json!({ "type": "string" })
}

pub fn only(word: &str) -> Value {
    json!({ "type": "string", "enum": [word] })
}
