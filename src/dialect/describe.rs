//! The API in words, for people: `arctos-box api` and the page `/box/api`. Both are read from the route
//! tables alone; nothing here knows a command by name.

mod html;
pub mod shape;
mod words;

use super::{Access, Dialect, Envelope, Row};
use crate::dialect::fields::{Field, Kind};
use shape::{Member, Slot};
use words::{caller, cost, kind};

/// The terminal of a technician's serial console.
const COLUMNS: usize = 80;

/// A dialect as plain text of 80 columns.
pub fn text(dialect: &Dialect) -> String {
    let title = format!("{} ({})", dialect.title, dialect.name);
    let mut out = format!("{title}\n{}\n\n", "=".repeat(title.chars().count()));
    wrap(&mut out, 0, dialect.doc);
    for access in Access::ALL {
        let common = (dialect.shape.common)(access);
        let used = dialect.rows.iter().any(|row| row.access == access);
        let headers = if used { (dialect.shape.headers)(access) } else { &[] };
        if used && !(common.is_empty() && headers.is_empty()) {
            out.push('\n');
            wrap(&mut out, 0, &format!("Commands for {} take", caller(access)));
            for header in headers {
                wrap(&mut out, 4, &format!("header {}: {}", header.name, header.form));
                wrap(&mut out, 8, header.doc);
            }
            fields(&mut out, common);
        }
    }
    out.push_str("\nCodes\n");
    for (code, meaning) in dialect.codes {
        wrap(&mut out, 2, &format!("{code}  {meaning}"));
    }
    for row in dialect.rows {
        command(&mut out, dialect, row);
    }
    out
}

/// All dialects on one page, which loads and runs nothing.
pub fn page(dialects: &[&Dialect]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>API of the Arctos box</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n\
         <h1>API of the Arctos box</h1>\n\
         <p>Version {}. For programs: <a href=\"/box/openapi.json\">OpenAPI 3.1</a>. \
         On a terminal: <code>arctos-box api</code>.</p>\n",
        include_str!("describe/page.css"),
        env!("CARGO_PKG_VERSION"),
    );
    out.push_str("<nav aria-label=\"Commands\">\n");
    for dialect in dialects {
        out.push_str(&format!("<p>{}</p>\n<ul>\n", html::escape(dialect.title)));
        for row in dialect.rows {
            let (id, address) = (html::id(dialect, row), html::escape(&title(dialect, row)));
            out.push_str(&format!("<li><a href=\"#{id}\">{address}</a></li>\n"));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</nav>\n");
    for dialect in dialects {
        html::section(&mut out, dialect);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// A row's address, with its verb where other rows have the same address.
pub fn title(dialect: &Dialect, row: &Row) -> String {
    match dialect.rows.iter().filter(|other| other.address == row.address).count() {
        1 => row.address.to_owned(),
        _ => format!("{} {}", verbs(row), row.address),
    }
}

fn command(out: &mut String, dialect: &Dialect, row: &Row) {
    let title = title(dialect, row);
    out.push_str(&format!("\n\n{title}\n{}\n", "-".repeat(title.chars().count())));
    wrap(out, 0, row.doc);
    out.push('\n');
    wrap(out, 2, &format!("{} {}", verbs(row), (dialect.shape.link)(row.address).url()));
    if !row.aliases.is_empty() {
        wrap(out, 2, &format!("also as {}", row.aliases.join(", ")));
    }
    wrap(out, 2, &format!("for {}", about(row)));
    let common = (dialect.shape.common)(row.access);
    if !row.input.is_empty() {
        out.push_str(if common.is_empty() { "\n  takes\n" } else { "\n  takes also\n" });
        fields(out, row.input);
    }
    out.push('\n');
    wrap(out, 2, &format!("answers {}", answer(dialect, row)));
    fields(out, row.output);
}

fn fields(out: &mut String, fields: &[Field]) {
    for Flat { name, field } in flat(fields) {
        let optional = if field.required { "" } else { ", optional" };
        wrap(out, 4, &format!("{name}: {}{optional}", kind(field.kind)));
        wrap(out, 8, field.doc);
    }
}

/// Appends `text` as lines that begin with `indent` blanks and end before the last column.
fn wrap(out: &mut String, indent: usize, text: &str) {
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > COLUMNS {
            out.push('\n');
            width = 0;
        }
        if width == 0 {
            out.push_str(&" ".repeat(indent));
            width = indent;
        } else {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    if width > 0 {
        out.push('\n');
    }
}

/// `GET or POST`
fn verbs(row: &Row) -> String {
    let names: Vec<&str> = row.methods.iter().map(|verb| verb.as_str()).collect();
    names.join(" or ")
}

/// A row's answer as JSON in short: `{"errorCode":0,"errorInfo":"","data":{…}}`.
fn answer(dialect: &Dialect, row: &Row) -> String {
    match row.envelope {
        Envelope::Page => return "a page, or a redirect".into(),
        Envelope::Picture => return "a JPEG".into(),
        Envelope::Plain | Envelope::RecordingCallback | Envelope::IndexCallback => {}
    }
    members((dialect.shape.answer)(row.envelope), row)
}

fn members(members: &[Member], row: &Row) -> String {
    let mut all = Vec::new();
    for Member { name, slot } in members {
        match slot {
            Slot::Code(good) => all.push(format!("\"{name}\":{}", good.first().unwrap_or(&0))),
            Slot::Info => all.push(format!("\"{name}\":\"\"")),
            Slot::Word(word) => all.push(format!("\"{name}\":\"{word}\"")),
            Slot::Object(inner) => all.push(format!("\"{name}\":{}", self::members(inner, row))),
            Slot::Output if row.output.is_empty() => {}
            Slot::Output => all.push(format!("\"{name}\":{{…}}")),
            Slot::Spread => all.extend(row.output.iter().map(|f| format!("\"{}\":…", f.name))),
            Slot::Maybe(_) => {}
        }
    }
    format!("{{{}}}", all.join(", "))
}

/// Who may call, what it costs, how long its body may be.
fn about(row: &Row) -> String {
    let kib = row.body_max / 1024;
    format!("{}; {}; body up to {kib} KiB", caller(row.access), cost(row.class))
}

/// A field at the end of its path: `bind_file.url`, `rooms[].title`.
struct Flat {
    name: String,
    field: Field,
}

fn flat(fields: &[Field]) -> Vec<Flat> {
    let mut all = Vec::new();
    for field in fields {
        all.push(Flat { name: field.name.into(), field: *field });
        let (inner, mark) = match field.kind {
            Kind::Object(inner) => (inner, ""),
            Kind::List(inner) => (inner, "[]"),
            Kind::Text { .. } | Kind::Texts { .. } | Kind::File { .. } | Kind::Boolean => continue,
            Kind::Integer { .. } | Kind::Number | Kind::Any => continue,
        };
        all.extend(
            flat(inner)
                .into_iter()
                .map(|f| Flat { name: format!("{}{mark}.{}", field.name, f.name), field: f.field }),
        );
    }
    all
}
