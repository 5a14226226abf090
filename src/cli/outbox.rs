//! `outbox`: the calls to webhooks as a table, and one of them sent again.

use std::path::Path;

use hyper::Method;
use serde_json::Value;

use super::{Failed, SOFTWARE, ask, print, table};
use crate::model::{Clock, Millis};

const HEAD: [&str; 8] =
    ["id", "event", "lesson", "webhook", "state", "tries", "next try in s", "last error"];

pub async fn run(data: &Path, replay: Option<i64>, json: bool) -> Result<(), Failed> {
    let Some(id) = replay else {
        let text = ask(data, Method::GET, "/outbox").await?;
        if json {
            return print(&(text + "\n"));
        }
        let rows: Vec<Value> =
            serde_json::from_str(&text).map_err(|e| Failed(SOFTWARE, e.to_string()))?;
        return print(&listed(&rows, Clock::system().moment().wall));
    };
    ask(data, Method::POST, &format!("/outbox/replay?id={id}")).await?;
    print(&format!("call {id} will be sent again\n"))
}

/// Aligned columns, a call a line, in the order given.
fn listed(calls: &[Value], now: Millis) -> String {
    if calls.is_empty() {
        return "no calls\n".into();
    }
    table::aligned(HEAD, calls.iter().map(|call| cells(call, now)).collect())
}

fn cells(call: &Value, now: Millis) -> [String; 8] {
    let word = |name: &str| match &call[name] {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    let wait = match call["next_at"].as_i64() {
        Some(at) if call["state"] == "waiting" => ((at - now.0).max(0) / 1000).to_string(),
        Some(_) | None => "-".into(),
    };
    let [id, event, lesson, webhook] = ["id", "event", "roomnum", "webhook"].map(word);
    [id, event, lesson, webhook, word("state"), word("tries"), wait, word("last_error")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_aligned_and_only_waiting_calls_have_a_next_try() {
        let call = |id: i64, state: &str, error: &str| {
            serde_json::json!({
                "id": id, "webhook": "school", "roomnum": 7, "event": "index.ready",
                "state": state, "tries": 2, "next_at": 15_500, "last_error": error,
            })
        };
        let calls = [call(10, "waiting", "HTTP 500\nno"), call(9, "sent", "")];
        let text = listed(&calls, Millis(3_000));
        assert_eq!(
            text,
            "id  event        lesson  webhook  state    tries  next try in s  last error\n\
             10  index.ready  7       school   waiting  2      12             HTTP 500 no\n\
             9   index.ready  7       school   sent     2      -\n"
        );
        assert_eq!(listed(&[], Millis(0)), "no calls\n");
    }
}
