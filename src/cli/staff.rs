//! `setup` and `audit`, and the set-up code on the terminal of `serve`.

use std::path::Path;
use std::sync::Arc;

use hyper::Method;
use serde_json::Value;

use super::{Failed, SOFTWARE, ask, print, table};
use crate::domain::{Appliance, setup};
use crate::http::url::percent;
use crate::model::{Date, Millis};

/// Prints the code that is good now, and each that takes its place, until there is an administrator.
/// For a terminal only: what a service manager keeps must never hold it.
pub async fn show_codes(app: Arc<Appliance>) {
    let mut code = setup::code(&app);
    while let Some(shown) = code {
        let told = "makes the first administrator, by POST to /box/v1/setup";
        if print(&format!("set-up code {shown}: {told}\n")).is_err() {
            return;
        }
        code = setup::another(&app, &shown).await;
    }
}

pub async fn show_code(data: &Path) -> Result<(), Failed> {
    let code = ask(data, Method::GET, "/setup").await?;
    print(&format!("{code}\n"))
}

pub async fn new_password(data: &Path, handle: &str) -> Result<(), Failed> {
    let path = format!("/setup?handle={}", percent::encode_component(handle));
    let password = ask(data, Method::POST, &path).await?;
    print(&format!("{password}\n"))
}

pub async fn audit(data: &Path, lines: u32, who: Option<&str>, json: bool) -> Result<(), Failed> {
    let mut path = format!("/audit?size={lines}");
    if let Some(who) = who {
        path += &format!("&who={}", percent::encode_component(who));
    }
    let text = ask(data, Method::GET, &path).await?;
    if json {
        return print(&(text + "\n"));
    }
    let rows: Vec<Value> =
        serde_json::from_str(&text).map_err(|e| Failed(SOFTWARE, e.to_string()))?;
    print(&book(&rows))
}

/// Oldest first, as a log is read.
fn book(rows: &[Value]) -> String {
    const HEAD: [&str; 7] = ["when", "who", "by", "from", "what", "about", "more"];
    let cells = |row: &Value| {
        let word = |name: &str| row[name].as_str().unwrap_or("").to_owned();
        let at = Millis(row["at_ms"].as_i64().unwrap_or(0));
        let [who, by, from] = ["actor", "dialect", "address"].map(word);
        let [what, about, more] = ["event", "subject", "detail"].map(word);
        [when(at), who, by, from, what, about, more]
    };
    if rows.is_empty() {
        return "nothing\n".into();
    }
    table::aligned(HEAD, rows.iter().rev().map(cells).collect())
}

/// `2026-11-21 08:00:00`, UTC.
fn when(at: Millis) -> String {
    let second = at.as_seconds().rem_euclid(24 * 3600);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{} {hour:02}:{minute:02}:{:02}", Date::of(at), second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_is_read_downwards() {
        let line = |at: i64, event: &str, who: &str| {
            serde_json::json!({
                "id": 1, "at_ms": at, "actor": who, "dialect": "box", "address": "10.0.0.9",
                "event": event, "subject": "", "detail": "",
            })
        };
        let rows = [line(1_795_248_061_500, "secrets shown", "root"), line(0, "set up", "root")];
        assert_eq!(
            book(&rows),
            "when                 who   by   from      what           about  more\n\
             1970-01-01 00:00:00  root  box  10.0.0.9  set up\n\
             2026-11-21 08:01:01  root  box  10.0.0.9  secrets shown\n"
        );
    }
}
