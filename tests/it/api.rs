//! What the box says of its own API covers the route tables: text, page and OpenAPI.

use std::collections::BTreeSet;

use arctos_box::dialect::fields::{Field, Kind};
use arctos_box::dialect::{DIALECTS, describe, openapi};
use serde_json::Value;

#[test]
fn the_text_names_every_command_and_every_field() {
    for dialect in DIALECTS {
        let text = describe::text(dialect);
        for row in dialect.rows {
            let start = text.find(&format!("\n{}\n---", row.address)).expect(row.address);
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
            let start = page.find(&format!(">{}</h3>", row.address)).expect(row.address);
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
    let operation = |address: &str| {
        let item = paths.values().flat_map(|item| item.as_object().into_iter().flatten());
        let mut named = item.filter(|(_, o)| o["summary"] == address);
        named.next().unwrap_or_else(|| panic!("{address} is missing")).1
    };
    let mut commands = 0;
    for dialect in DIALECTS {
        for row in dialect.rows {
            for address in std::iter::once(&row.address).chain(row.aliases) {
                commands += 1;
                let operation = operation(address);
                let input = &operation["requestBody"]["content"]["application/json"]["schema"];
                covers(input, row.input, address);
                let output =
                    &operation["responses"]["200"]["content"]["application/json"]["schema"];
                covers(&output["oneOf"][0]["properties"]["data"], row.output, address);
            }
        }
    }
    assert_eq!(paths.len(), commands, "as many paths as names");
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
            Kind::Number | Kind::Any => {}
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
            Kind::Text { .. } | Kind::Integer { .. } | Kind::Number | Kind::Any => continue,
        };
        all.extend(names(inner).into_iter().map(|n| format!("{}{mark}.{n}", field.name)));
    }
    all
}
