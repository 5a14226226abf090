//! What the subcommand `license` asks of a running service over `box.sock`; it works alike where none runs.

use bytes::Bytes;
use hyper::Method;
use serde::{Deserialize, Serialize};

use crate::domain::licence::{Asked, Installed, Licensing, Standing};
use crate::domain::{Appliance, audit, licence};
use crate::model::audit::{Entry, Event};
use crate::model::{Fault, Moment, Thing};

/// Answers `what`, the path after `/license/`, in text for a terminal, or the request as JSON.
pub async fn answer(
    app: &Appliance,
    method: &Method,
    what: &str,
    body: &Bytes,
    now: Moment,
) -> Result<String, Fault> {
    match (method, what) {
        (&Method::GET, "request") => Ok(asked(&licence::request(app))),
        (&Method::GET, "standing") => Ok(stands(&licence::standing(app, now))),
        (&Method::GET, "explain") => Ok(licence::explain(app, now)),
        (&Method::POST, "inspect") => licence::inspect(app, body, now),
        (&Method::POST, "install") => {
            let done = licence::install(app, body, now).await;
            let entry = match &done {
                Ok(installed) => Entry::of(Event::LicenceInstalled, &installed.id),
                Err(Fault::Licence(why)) => {
                    Entry::of(Event::LicenceRefused, "").with(why.code().to_string())
                }
                Err(other) => Entry::of(Event::LicenceRefused, "").with(format!("{other:?}")),
            };
            audit::write(app, Entry { address: "shell".into(), ..entry }, now).await?;
            Ok(said(&done?))
        }
        (_, _) => Err(Fault::Missing(Thing::Command)),
    }
}

/// The same of a box whose service does not run, and whose folder the caller owns.
pub async fn answer_beside(
    licensing: &Licensing,
    name: &str,
    (what, text): (&str, &[u8]),
    now: Moment,
) -> Result<String, Fault> {
    match what {
        "request" => Ok(asked(&licensing.request(name))),
        "standing" => Ok(stands(&licensing.standing(0, now))),
        "explain" => Ok(licensing.explain(None, now)),
        "inspect" => licensing.inspect(text, now),
        "install" => Ok(said(&licensing.install(None, text, now).await?)),
        _ => Err(Fault::Missing(Thing::Command)),
    }
}

/// For `doctor`: whether lessons may start, and what there is to say.
#[derive(Serialize, Deserialize)]
pub struct Stands {
    pub ok: bool,
    pub detail: String,
}

fn stands(standing: &Standing) -> String {
    let Standing { rooms, live, sentence, .. } = standing;
    let detail = match (sentence.as_str(), standing.refusal()) {
        ("", _) => format!("{rooms} lessons at once, {live} live"),
        (sentence, Some(why)) => format!("{} {sentence}", why.code()),
        (sentence, None) => sentence.to_owned(),
    };
    let stands = Stands { ok: standing.refusal().is_none(), detail };
    serde_json::to_string(&stands).expect("text always becomes JSON")
}

fn asked(asked: &Asked) -> String {
    serde_json::json!({"text": asked.text, "line": asked.line}).to_string()
}

fn said(installed: &Installed) -> String {
    let Installed { id, customer, rooms, sentence } = installed;
    let mut text = format!("installed: {id} for {customer}, {rooms} lessons at once\n");
    if !sentence.is_empty() {
        text += &format!("{sentence}\n");
    }
    text
}
