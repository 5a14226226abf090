//! Parts of the page `/box/api`: HTML that needs nothing but itself, no script, no font, no picture.

use super::words::{caller, kind};
use super::{about, answer, flat, title, verbs};
use crate::dialect::fields::Field;
use crate::dialect::{Access, Dialect, Row};

/// A dialect and its commands.
pub fn section(out: &mut String, dialect: &Dialect) {
    let name = escape(dialect.name);
    out.push_str(&format!("<section aria-labelledby=\"{name}\">\n"));
    out.push_str(&format!("<h2 id=\"{name}\">{}</h2>\n", escape(dialect.title)));
    out.push_str(&format!("<p>{}</p>\n", prose(dialect.doc)));
    for access in Access::ALL {
        let common = (dialect.shape.common)(access);
        if !dialect.rows.iter().any(|row| row.access == access) {
            continue;
        }
        let title = format!("Commands for {} take", caller(access));
        table(out, &title, common);
        for header in (dialect.shape.headers)(access) {
            let line = format!("{}: {}", header.name, header.form);
            let about = format!("For {}: ", caller(access)) + header.doc;
            out.push_str(&format!(
                "<p>Header <code>{}</code>. {}</p>\n",
                escape(&line),
                prose(&about)
            ));
        }
    }
    codes(out, dialect);
    for row in dialect.rows {
        command(out, dialect, row);
    }
    out.push_str("</section>\n");
}

fn codes(out: &mut String, dialect: &Dialect) {
    out.push_str("<h4>Codes</h4>\n<table>\n<tbody>\n");
    for (code, meaning) in dialect.codes {
        let meaning = escape(meaning);
        out.push_str(&format!("<tr><th scope=\"row\">{code}</th><td>{meaning}</td></tr>\n"));
    }
    out.push_str("</tbody>\n</table>\n");
}

fn command(out: &mut String, dialect: &Dialect, row: &Row) {
    let id = id(dialect, row);
    out.push_str(&format!("<article aria-labelledby=\"{id}\">\n"));
    out.push_str(&format!("<h3 id=\"{id}\">{}</h3>\n", escape(&title(dialect, row))));
    out.push_str(&format!("<p>{}</p>\n", prose(row.doc)));
    let url = (dialect.shape.link)(row.address).url();
    out.push_str(&format!("<p><code>{} {}</code></p>\n", verbs(row), escape(&url)));
    let also = match row.aliases {
        [] => String::new(),
        names => format!(" Also as {}.", escape(&names.join(", "))),
    };
    out.push_str(&format!("<p class=\"about\">For {}.{also}</p>\n", about(row)));
    let common = (dialect.shape.common)(row.access);
    table(out, if common.is_empty() { "Takes" } else { "Takes also" }, row.input);
    out.push_str(&format!(
        "<h4>Answers</h4>\n<p><code>{}</code></p>\n",
        escape(&answer(dialect, row))
    ));
    table(out, "Answer\u{2019}s fields", row.output);
    out.push_str("</article>\n");
}

/// Nothing at all for no fields.
fn table(out: &mut String, title: &str, fields: &[Field]) {
    if fields.is_empty() {
        return;
    }
    out.push_str(&format!("<h4>{title}</h4>\n"));
    out.push_str(&format!(
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{title}\">\n"
    ));
    out.push_str("<table>\n<thead><tr><th scope=\"col\">Field</th><th scope=\"col\">Type</th>");
    out.push_str("<th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n");
    for f in flat(fields) {
        let optional = if f.field.required { "" } else { ", optional" };
        out.push_str(&format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}{optional}</td><td>{}</td></tr>\n",
            escape(&f.name),
            kind(f.field.kind),
            prose(f.field.doc),
        ));
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

/// A command's anchor: `edu-live-heartbeat`.
pub fn id(dialect: &Dialect, row: &Row) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("{}-{}", dialect.name, title(dialect, row)).chars().map(plain).collect()
}

/// Text of a doc comment: what stands between backticks is code.
fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    for (n, part) in text.trim().split('`').enumerate() {
        let part = escape(part);
        out.push_str(&if n % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    out
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
