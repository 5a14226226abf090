//! What the box says of its own API covers the route tables: text, page and OpenAPI.

use std::collections::BTreeSet;

use arctos_box::dialect::describe::shape::Slot;
use arctos_box::dialect::fields::{Field, Kind};
use arctos_box::dialect::{DIALECTS, Dialect, Row, describe, openapi};
use serde_json::{Map, Value};

#[test]
fn the_text_names_every_command_and_every_field() {
    for dialect in DIALECTS {
        let text = describe::text(dialect);
        for row in dialect.rows {
            let title = describe::title(dialect, row);
            let start = text.find(&format!("\n{title}\n---")).expect(&title);
            let rest = &text[start + 1..];
            let part = rest.find("\n\n\n").map_or(rest, |end| &rest[..end]);
            for alias in row.aliases {
                assert!(part.contains(alias), "{}: {alias}", row.address);
            }
            for name in names(row.input).into_iter().chain(names(row.output)) {
                assert!(part.contains(&format!("{name}: ")), "{}: {name}", row.address);
            }
        }
    }
}

#[test]
fn the_text_fits_a_terminal_of_80_columns() {
    for dialect in DIALECTS {
        for line in describe::text(dialect).lines() {
            let alone = !line.trim().contains(' ');
            assert!(alone || line.chars().count() <= 80, "{line}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn the_page_names_every_command_and_every_field() {
    let page = describe::page(DIALECTS);
    for dialect in DIALECTS {
        for row in dialect.rows {
            let title = describe::title(dialect, row);
            let start = page.find(&format!(">{title}</h3>")).expect(&title);
            let end = page[start..].find("</article>").expect("each command is an article");
            let part = &page[start..start + end];
            for alias in row.aliases {
                assert!(part.contains(alias), "{}: {alias}", row.address);
            }
            for name in names(row.input).into_iter().chain(names(row.output)) {
                assert!(part.contains(&format!("<code>{name}</code>")), "{}: {name}", row.address);
            }
        }
    }
}

#[test]
fn the_page_loads_and_runs_nothing() {
    let page = describe::page(DIALECTS);
    for word in ["<script", "<link", "<img", "src=", "url(", "@import", "http://", "https://"] {
        assert!(!page.contains(word), "{word}");
    }
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|p| p.split('"').next()).collect();
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), distinct.len(), "an id stands twice");
    for link in page.split("href=\"#").skip(1).filter_map(|p| p.split('"').next()) {
        assert!(distinct.contains(link), "{link} leads nowhere");
    }
}

#[test]
fn the_openapi_has_every_command_under_each_of_its_names_with_every_field() {
    let document = openapi::document(DIALECTS);
    let document: Value = serde_json::from_str(&document).expect("the document is JSON");
    let paths = document["paths"].as_object().expect("paths is an object");
    let mut operations = paths.values().flat_map(|item| item.as_object().unwrap()).count();
    for dialect in DIALECTS {
        for row in dialect.rows {
            for address in std::iter::once(&row.address).chain(row.aliases) {
                for verb in row.methods {
                    operations -= 1;
                    let operation = operation(paths, verb.as_str(), address);
                    takes(operation, row, address);
                    answers(operation, dialect, row, address);
                }
            }
        }
    }
    assert_eq!(operations, 0, "as many operations as names");
}

fn operation<'a>(paths: &'a Map<String, Value>, verb: &str, address: &str) -> &'a Value {
    let named = |item: &&'a Value| item["summary"] == address;
    let of_verb = paths.values().filter_map(|item| item.get(verb.to_ascii_lowercase()));
    of_verb.into_iter().find(named).unwrap_or_else(|| panic!("{verb} {address} is missing"))
}

/// Each field stands in the path, the query or the body, where its row's method and address put it.
fn takes(operation: &Value, row: &Row, address: &str) {
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let parameters = operation["parameters"].as_array().unwrap();
    for field in row.input {
        let named = parameters.iter().find(|p| p["name"] == field.name);
        match named.filter(|_| body.is_null() || address.contains(&format!("{{{}}}", field.name))) {
            Some(parameter) => assert!(parameter["schema"].is_object(), "{address} {}", field.name),
            None => covers(body, std::slice::from_ref(field), address),
        }
    }
}

fn answers(operation: &Value, dialect: &Dialect, row: &Row, address: &str) {
    let answer = &operation["responses"][row.success.to_string()]["content"];
    let schema = &answer["application/json"]["schema"]["anyOf"][0];
    for member in (dialect.shape.answer)(row.envelope) {
        match member.slot {
            Slot::Output => covers(&schema["properties"][member.name], row.output, address),
            Slot::Spread => covers(schema, row.output, address),
            Slot::Code(_) | Slot::Info | Slot::Word(_) | Slot::Maybe(_) | Slot::Object(_) => {}
        }
    }
}

#[test]
fn the_openapi_comes_out_the_same_each_time() {
    assert_eq!(openapi::document(DIALECTS), openapi::document(DIALECTS));
}

/// Each field is there, at its depth, with its limits, and required when it is.
fn covers(schema: &Value, fields: &[Field], address: &str) {
    for field in fields {
        let at = format!("{address} {}", field.name);
        let property = &schema["properties"][field.name];
        assert!(property.is_object(), "{at} is missing");
        let required = schema["required"].as_array().expect("required is a list");
        assert_eq!(required.contains(&field.name.into()), field.required, "{at} required");
        match field.kind {
            Kind::Object(inner) => covers(property, inner, &at),
            Kind::List(inner) => covers(&property["items"], inner, &at),
            Kind::Text { min, max } => {
                assert_eq!(property["minLength"].as_u64().unwrap_or(0), min as u64, "{at}");
                let most = property["maxLength"].as_u64().unwrap_or(usize::MAX as u64);
                assert_eq!(most, max as u64, "{at}");
            }
            Kind::Integer { min, max } => {
                assert_eq!(property["minimum"].as_i64().unwrap_or(i64::MIN), min, "{at}");
                assert_eq!(property["maximum"].as_i64().unwrap_or(i64::MAX), max, "{at}");
            }
            Kind::Texts { .. } => assert_eq!(property["items"]["type"], "string", "{at}"),
            Kind::Number | Kind::Any | Kind::Boolean | Kind::File { .. } => {}
        }
    }
}

/// Names as the page and the text write them: `bind_file.url`, `rooms[].title`.
fn names(fields: &[Field]) -> Vec<String> {
    let mut all = Vec::new();
    for field in fields {
        all.push(field.name.to_owned());
        let (inner, mark) = match field.kind {
            Kind::Object(inner) => (inner, ""),
            Kind::List(inner) => (inner, "[]"),
            Kind::Text { .. } | Kind::Texts { .. } | Kind::File { .. } | Kind::Boolean => continue,
            Kind::Integer { .. } | Kind::Number | Kind::Any => continue,
        };
        all.extend(names(inner).into_iter().map(|n| format!("{}{mark}.{n}", field.name)));
    }
    all
}
