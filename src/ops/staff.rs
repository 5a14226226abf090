//! What a technician with a shell on the box may ask over `box.sock`: the set-up code, the secrets, the audit,
//! another password for an administrator.

use crate::domain::{Appliance, audit, setup};
use crate::http::url::query;
use crate::model::audit::{Entry, Event, Filter};
use crate::model::{Conflict, Fault, Handle, Moment, Secret};

use super::secrets;

/// Lines of the audit when nobody says how many.
const LINES: i64 = 100;
const LINES_MAX: i64 = 10_000;

/// The one-time code.
///
/// # Errors
/// `Conflict(SetUp)` when the box has its administrator.
pub async fn setup(app: &Appliance, now: Moment) -> Result<String, Fault> {
    let code = setup::code(app).ok_or(Fault::Conflict(Conflict::SetUp))?;
    note(app, Event::SetUpCodeShown, now).await;
    Ok(code)
}

/// Another password for the administrator who is asked for.
///
/// # Errors
/// `Invalid("handle")`.
pub async fn again(app: &Appliance, asked: &str, now: Moment) -> Result<Secret, Fault> {
    let handle = query::first(asked, "handle").and_then(|handle| Handle::new(&handle));
    let handle = handle.ok_or_else(|| Fault::invalid("handle", "is none that anybody can have"))?;
    setup::again(app, handle, now).await
}

/// As `secrets --json` prints them.
pub async fn secrets(app: &Appliance, now: Moment) -> String {
    note(app, Event::SecretsShown, now).await;
    secrets::json(&app.secrets)
}

/// Whoever has a shell here could read the files themselves: a full disk does not keep them out.
async fn note(app: &Appliance, event: Event, now: Moment) {
    let entry = Entry { address: "shell".into(), ..Entry::of(event, "") };
    if let Err(e) = audit::write(app, entry, now).await {
        tracing::warn!(event = event.word(), error = ?e, "not in the audit");
    }
}

/// The newest lines as JSON, newest first.
pub async fn audit(app: &Appliance, asked: &str, now: Moment) -> Result<String, Fault> {
    let text = |name| query::first(asked, name).map(|value| value.into_owned());
    let filter = Filter { before: None, who: text("who"), event: text("event") };
    let size = text("size").and_then(|size| size.parse().ok()).unwrap_or(LINES);
    let lines = audit::list(app, filter, size.clamp(1, LINES_MAX), now).await?;
    let lines = lines.into_iter().map(|line| {
        serde_json::json!({
            "id": line.id, "at_ms": line.at.0, "actor": line.actor, "dialect": line.dialect,
            "address": line.address, "event": line.event, "subject": line.subject,
            "detail": line.detail,
        })
    });
    Ok(serde_json::Value::Array(lines.collect()).to_string())
}
