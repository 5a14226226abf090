//! `doctor`: what this machine has, what the box would use, and what is wrong, in a technician's words.

use std::path::Path;
use std::time::Duration;

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::folder::Folder;
use super::licence::Stands;
use super::socket;
use crate::app::health;
use crate::domain::Space;
use crate::hw::encoder::Finder;
use crate::hw::inputs::{self, Head, Inputs};
use crate::hw::recorder::Setup;

/// A service that looks for an encoder meanwhile takes a while to answer.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Serialize)]
pub struct Report {
    pub well: bool,
    pub findings: Vec<Finding>,
}

#[derive(Serialize)]
pub struct Finding {
    pub subject: &'static str,
    pub ok: bool,
    pub detail: String,
    /// What to do about it; empty when nothing needs doing.
    pub advice: String,
    /// Why it is so, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

fn fine(subject: &'static str, detail: String) -> Finding {
    Finding { subject, ok: true, detail, advice: String::new(), reasons: Vec::new() }
}

fn bad(subject: &'static str, detail: String, advice: &str) -> Finding {
    Finding { subject, ok: false, detail, advice: advice.into(), reasons: Vec::new() }
}

/// What is looked at.
pub struct Asked<'a> {
    /// What `serve` would work with and complain of, or why it would refuse.
    pub setup: Result<(Setup, Space, Option<String>), String>,
    /// Whether the configuration names an ffmpeg.
    pub own_ffmpeg: bool,
    /// How the licence stands, where that can be told.
    pub licence: Option<Stands>,
    /// Whether there is a box in `data`, or why not.
    pub there: Result<(), String>,
    pub data: &'a Path,
}

/// Looks at machine, configuration, encoder, disk and service.
pub async fn examine(asked: Asked<'_>) -> Report {
    let Asked { setup, own_ffmpeg, licence, there, data } = asked;
    let mut findings = vec![machine()];
    match &setup {
        Ok((setup, _, wrong)) => {
            findings.extend(wrong.as_deref().map(misconfigured));
            let board = &setup.inputs.board;
            let found = fine("board", format!("{}: {}", board.name, board.about));
            findings.push(Finding { reasons: board.parts(&setup.inputs.root), ..found });
            // An encoder that does not keep up with a camera gives way to another one.
            let inputs = inputs(&setup.inputs, data).await;
            findings.push(encoder(&setup.inputs.finder, own_ffmpeg).await);
            findings.extend(inputs);
        }
        Err(why) => findings.push(misconfigured(why)),
    }
    findings.extend(licence.map(licensed));
    findings.push(store());
    findings.push(data_folder(data, there));
    if let Ok((_, space, _)) = &setup {
        findings.push(disk(space));
    }
    findings.push(service(data).await);
    Report { well: findings.iter().all(|f| f.ok), findings }
}

fn misconfigured(why: &str) -> Finding {
    bad("config", why.into(), "correct the configuration")
}

fn licensed(stands: Stands) -> Finding {
    match stands.ok {
        true => fine("licence", stands.detail),
        false => bad("licence", stands.detail, "`arctos-box license explain` shows each fact"),
    }
}

/// What will encode. `own_ffmpeg`: the configuration names the ffmpeg that is tried.
pub async fn encoder(finder: &Finder, own_ffmpeg: bool) -> Finding {
    match finder.find().await {
        Ok(found) => {
            let (name, at) = (&found.encoder.name, found.ffmpeg.display());
            let detail = format!("{name} of ffmpeg {} at {at}", found.version);
            Finding {
                reasons: found.why.iter().map(calm(name)).collect(),
                ..fine("encoder", detail)
            }
        }
        Err(e) => {
            let advice = match (own_ffmpeg, e.part) {
                (true, "ffmpeg") => "correct recorder.ffmpeg",
                (_, "ffmpeg") => "install ffmpeg (apt-get install ffmpeg)",
                (_, _) => "install an ffmpeg with an encoder of this board, or correct board",
            };
            bad("encoder", e.to_string(), advice)
        }
    }
}

/// What failed in the trial of an encoder before the one called `chosen` is nothing to be mended.
fn calm(chosen: &str) -> impl Fn(&String) -> String {
    move |why| match why.split_once(": ") {
        Some((name, said)) if name != chosen => format!("{name}: passed over: {said}"),
        Some(_) | None => why.clone(),
    }
}

/// What would be recorded of each input. A running service holds the devices and is asked; its own report has more.
async fn inputs(inputs: &Inputs, data: &Path) -> Vec<Finding> {
    let sock = Folder::socket(data);
    let report = match tokio::time::timeout(PATIENCE, socket::inputs(&sock)).await {
        Ok(Ok(report)) => report,
        Ok(Err(_)) | Err(_) => inputs.report(|_| false).await,
    };
    let said = |state: &inputs::State| match (&state.chosen, state.why.first()) {
        (Some(c), _) => format!("{}: {}x{} with {}", state.name, c.width, c.height, c.encoder),
        (None, why) => format!("{}: {}", state.name, why.map_or("not there", String::as_str)),
    };
    let detail = report.inputs.iter().map(said).collect::<Vec<_>>().join("\n");
    let reasons = report.inputs.iter().flat_map(|state| {
        state.why.iter().map(|why| format!("{}: {why}", state.name)).collect::<Vec<_>>()
    });
    // A board names more places than a school has cameras.
    let found = match report.inputs.iter().any(|state| state.ok || state.off) {
        true => fine("inputs", detail),
        false => bad("inputs", detail, "plug a camera in; `arctos-box inputs` shows what is there"),
    };
    let found = Finding { reasons: reasons.collect(), ..found };
    [found].into_iter().chain(cameras(&report.heads)).collect()
}

/// PTZ heads, of which a service knows.
fn cameras(heads: &[Head]) -> Option<Finding> {
    let said: Vec<String> = heads.iter().map(|h| format!("{}: {}", h.name, h.detail)).collect();
    let detail = said.join("\n");
    if heads.iter().all(|head| head.ok) {
        return (!heads.is_empty()).then(|| fine("cameras", detail));
    }
    Some(bad("cameras", detail, "look after its power, its cable, its number and its baud"))
}

/// Why this user cannot look into the folder.
pub fn unreadable(data: &Path, e: &std::io::Error) -> String {
    let at = data.display();
    if e.kind() == std::io::ErrorKind::PermissionDenied {
        return format!("{at} cannot be read by this user: run it as the service's user or root");
    }
    format!("{at}: {e}")
}

fn data_folder(data: &Path, there: Result<(), String>) -> Finding {
    if let Err(why) = there {
        return bad("folder", why, "");
    }
    let at = data.display();
    match rustix::fs::access(data, rustix::fs::Access::WRITE_OK) {
        Ok(()) => fine("folder", at.to_string()),
        Err(e) => {
            let advice = "make it writable for the service's user";
            bad("folder", format!("{at} cannot be written: {e}"), advice)
        }
    }
}

/// What `/readyz` says.
#[derive(Deserialize)]
struct Readiness {
    ready: bool,
    parts: Vec<PartState>,
}

#[derive(Deserialize)]
struct PartState {
    part: String,
    ok: bool,
    detail: String,
}

async fn service(data: &Path) -> Finding {
    let sock = Folder::socket(data);
    match socket::is_up(&sock).await {
        Ok(true) => {}
        Ok(false) => return fine("service", "not running on this data folder".into()),
        Err(e) => return bad("service", unreadable(data, &e), ""),
    }
    let asked = tokio::time::timeout(PATIENCE, socket::ask(&sock, Method::GET, "/readyz")).await;
    match asked.unwrap_or_else(|_| Err("no answer in time".into())) {
        Ok(report) => readiness(&report),
        Err(why) => bad("service", format!("running, does not answer: {why}"), "restart it"),
    }
}

fn readiness(report: &str) -> Finding {
    let said: Readiness = match serde_json::from_str(report) {
        Ok(said) => said,
        Err(e) => return bad("service", format!("running, not understood: {e}"), "restart it"),
    };
    let head = if said.ready { "running, ready" } else { "running, not ready" };
    let mut detail = String::from(head);
    for part in said.parts.iter().filter(|p| !p.ok) {
        detail += &format!("\n{}: {}", part.part, part.detail);
    }
    if said.ready { fine("service", detail) } else { bad("service", detail, "") }
}

fn machine() -> Finding {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let kernel = sysinfo::System::kernel_version().unwrap_or_else(|| "unknown".into());
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let megabytes = system.total_memory() / 1_000_000;
    fine("machine", format!("Linux {kernel}, {processors} processors, {megabytes} MB memory"))
}

fn store() -> Finding {
    let detail = format!("SQLite {}", rusqlite::version());
    if rusqlite::version_number() >= crate::store::SQLITE_MIN {
        fine("store", detail)
    } else {
        bad("store", detail, "this build must not run: it needs SQLite 3.51.3 or newer")
    }
}

/// As `/readyz` says it.
fn disk(space: &Space) -> Finding {
    let found = health::disk(space);
    match found.ok {
        true => fine("disk", found.detail),
        false => {
            bad("disk", found.detail, "delete old recordings, or lessons will not be recorded")
        }
    }
}

/// Where a detail goes on in its next line.
const LINE: &str = "\n              ";

/// For a terminal.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    for f in &report.findings {
        let mark = if f.ok { "ok " } else { "BAD" };
        text += &format!("{mark}  {:<8} {}", f.subject, f.detail.replace('\n', LINE));
        // The first reason of an input that is not there is its detail.
        let more = f.reasons.iter().filter(|reason| !f.detail.lines().any(|line| line == *reason));
        more.for_each(|reason| text += &format!("{LINE}- {reason}"));
        text.push('\n');
        if !f.advice.is_empty() {
            text += &format!("              -> {}\n", f.advice);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_is_not_ready_is_bad_with_a_line_for_each_part() {
        let report = r#"{"ready":false,"parts":[{"part":"store","ok":true,"detail":"fine"},
            {"part":"recorder","ok":false,"detail":"no ffmpeg"},
            {"part":"disk","ok":false,"detail":"full"}]}"#;
        let found = readiness(report);
        assert!(!found.ok);
        assert_eq!(found.detail, "running, not ready\nrecorder: no ffmpeg\ndisk: full");
        let shown = text(&Report { well: false, findings: vec![found] });
        assert!(shown.contains("\n              recorder: no ffmpeg\n"), "{shown}");
        let reasons = vec!["sim: generated".into(), "sim: libx264: encodes here".into()];
        let inputs = Finding { reasons, ..bad("inputs", "sim: generated\nb".into(), "look") };
        let shown = text(&Report { well: false, findings: vec![inputs] });
        let indent = " ".repeat(14);
        assert_eq!(
            shown,
            format!(
                "BAD  inputs   sim: generated\n{indent}b\n{indent}- sim: libx264: encodes here\n\
                 {indent}-> look\n"
            )
        );
        let [passed, taken] = ["a: cannot open b: x".to_owned(), "b: encodes here".to_owned()];
        assert_eq!(calm("b")(&passed), "a: passed over: cannot open b: x");
        assert_eq!(calm("b")(&taken), taken);
        let good = readiness(r#"{"ready":true,"parts":[]}"#);
        assert!(good.ok);
        assert_eq!(good.detail, "running, ready");
        assert!(!readiness("{}").ok);
    }
}
