//! `doctor`: what this machine has, what the box would use, and what is wrong, in a technician's words.

use serde::Serialize;

use super::folder;
use crate::hw::board::Board;
use crate::hw::encoder::Finder;

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
}

fn fine(subject: &'static str, detail: String) -> Finding {
    Finding { subject, ok: true, detail, advice: String::new() }
}

fn bad(subject: &'static str, detail: String, advice: &str) -> Finding {
    Finding { subject, ok: false, detail, advice: advice.into() }
}

/// Looks at machine, board, encoder and disk. `service`: what a running service says of itself.
pub async fn examine(
    board: &Board,
    finder: &Finder,
    data: &std::path::Path,
    reserve: u64,
    service: Option<String>,
) -> Report {
    let mut findings = vec![machine(), fine("board", format!("{}: {}", board.name, board.about))];
    findings.push(match finder.find().await {
        Ok(found) => fine(
            "encoder",
            format!(
                "{} of ffmpeg {} at {} ({})",
                found.encoder.name,
                found.version,
                found.ffmpeg.display(),
                found.why.join("; ")
            ),
        ),
        Err(e) => bad("encoder", e.to_string(), "install ffmpeg (apt-get install ffmpeg)"),
    });
    findings.push(store());
    findings.push(disk(data, reserve));
    findings.push(match service {
        Some(report) => fine("service", format!("running: {report}")),
        None => fine("service", "not running on this data folder".into()),
    });
    Report { well: findings.iter().all(|f| f.ok), findings }
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

fn disk(data: &std::path::Path, reserve: u64) -> Finding {
    let there = data.ancestors().find(|p| p.exists()).unwrap_or(std::path::Path::new("/"));
    match folder::free_bytes(there) {
        Some(free) => {
            let detail = format!(
                "{} MB free at {}, {} MB kept for a lesson",
                free / 1_000_000,
                data.display(),
                reserve / 1_000_000
            );
            if free >= reserve {
                fine("disk", detail)
            } else {
                bad("disk", detail, "delete old recordings, or lessons will not be recorded")
            }
        }
        None => bad("disk", "free space is not known".into(), "check the data folder's disk"),
    }
}

/// For a terminal.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    for f in &report.findings {
        let mark = if f.ok { "ok " } else { "BAD" };
        text += &format!("{mark}  {:<8} {}\n", f.subject, f.detail);
        if !f.advice.is_empty() {
            text += &format!("              -> {}\n", f.advice);
        }
    }
    text
}
