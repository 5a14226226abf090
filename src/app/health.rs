//! `/readyz`: each part of the box with its reason, gathered where the facts are.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::domain::{Appliance, Space, licence, outbox};
use crate::hw::encoder::Finder;
use crate::model::Moment;

/// What cannot be asked of the domain.
pub struct Health {
    pub finder: Arc<Finder>,
    warnings: Mutex<Vec<(&'static str, String)>>,
}

#[derive(Serialize)]
struct Report<'a> {
    ready: bool,
    parts: Vec<PartReport<'a>>,
}

#[derive(Serialize)]
pub struct PartReport<'a> {
    part: &'a str,
    pub ok: bool,
    pub detail: String,
}

impl Health {
    pub fn new(finder: Arc<Finder>) -> Self {
        Self { finder, warnings: Mutex::default() }
    }

    /// Something optional is missing: shown in the report, which stays "ready".
    pub fn warn(&self, part: &'static str, detail: String) {
        tracing::warn!(part, detail, "a part of the box is missing");
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push((part, detail));
    }

    /// Whether the box can do its main job, and the report as JSON.
    pub async fn report(&self, app: &Appliance, now: Moment) -> (bool, Vec<u8>) {
        let store = match outbox::waiting(app).await {
            Ok(_) if app.db.is_ailing() => {
                let detail = "the last write failed; see the log".to_owned();
                PartReport { part: "store", ok: false, detail }
            }
            Ok(_) if !app.db.is_checked() => {
                let detail = "it is being checked".to_owned();
                PartReport { part: "store", ok: false, detail }
            }
            Ok(n) => PartReport { part: "store", ok: true, detail: format!("{n} calls waiting") },
            Err(e) => PartReport { part: "store", ok: false, detail: format!("{e:?}") },
        };
        let recorder = match self.finder.find().await {
            Ok(found) => PartReport {
                part: "recorder",
                ok: true,
                detail: format!("{} with {}", found.encoder.name, found.version),
            },
            Err(e) => PartReport { part: "recorder", ok: false, detail: e.to_string() },
        };
        let disk = disk(&app.space);
        let mut parts = vec![store, recorder, disk];
        let ready = parts.iter().all(|p| p.ok);
        // A warning: without a licence the box still serves everything but the start of a lesson.
        parts.extend(licensed(app, now));
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        parts.extend(warnings.iter().map(|(part, detail)| PartReport {
            part,
            ok: false,
            detail: detail.clone(),
        }));
        let report = Report { ready, parts };
        (ready, serde_json::to_vec(&report).expect("text always becomes JSON"))
    }
}

/// Only when there is something to do about it.
fn licensed(app: &Appliance, now: Moment) -> Option<PartReport<'static>> {
    let standing = licence::standing(app, now);
    let ok = standing.refusal().is_none();
    let detail = standing.sentence;
    (!detail.is_empty()).then_some(PartReport { part: "licence", ok, detail })
}

/// What is too little for slides alone is a sentence, for lessons are recorded.
pub fn disk(space: &Space) -> PartReport<'static> {
    let Space { ref free, reserve, least } = *space;
    let mb = |bytes: u64| bytes / 1_000_000;
    match free() {
        Some(free) => PartReport {
            part: "disk",
            ok: free >= least,
            detail: format!(
                "{} MB free, {} MB kept for lessons{}",
                mb(free),
                mb(reserve),
                if (least..reserve).contains(&free) { ": no slides are recorded" } else { "" }
            ),
        },
        None => PartReport { part: "disk", ok: false, detail: "free space is not known".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_too_full_for_slides_alone_is_ready_and_says_so() {
        for (free, ok, is_named) in [(3, false, false), (5, true, true), (8, true, false)] {
            let free = Arc::new(move || Some(free));
            let told = disk(&Space { free, reserve: 8, least: 4 });
            assert_eq!((told.ok, told.detail.contains("no slides")), (ok, is_named));
        }
    }
}
