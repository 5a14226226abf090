//! Hostile clients of the real program. In each scene a few honest clients heartbeat and list at a fixed pace, whatever
//! happens, and take nothing but right answers; meanwhile somebody attacks. Every test names the limit that holds,
//! sees the documented answer or end, and looks at the box's memory and descriptors from outside.
//!
//! The honest clients' times are always printed, and judged with `ARCTOS_LOAD=1`, on a machine that does nothing else:
//! `ARCTOS_LOAD=1 cargo test --release --test it hostile -- --nocapture --test-threads 1`

mod clock;
mod descriptors;
mod disk;
mod guessing;
mod h2;
mod honest;
mod places;
mod requests;
mod slow;
mod smuggling;
mod websocket;

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::process::{Person, Service, poll, serve};
use honest::{Honest, School};

/// An attacked end speaks or hangs up within this time.
const PATIENCE: Duration = Duration::from_secs(20);
/// Who waits behind an attack waits less than this.
const P99: Duration = Duration::from_millis(50);

const LOG: &str = "log";

/// A box with an honest class in it.
pub struct Scene {
    pub service: Service,
    pub school: School,
    honest: Honest,
    quiet: Figures,
    peak: Peak,
    pub dir: TempDir,
}

impl Scene {
    pub async fn new() -> Self {
        Self::with(|dir| serve(dir, &[])).await
    }

    /// The box as `command` starts it.
    pub async fn with(command: impl Fn(&Path) -> Command) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = command(dir.path());
        command.args(["--set", "recorder.ffmpeg=/bin/false", "--set", "log.level=error"]);
        command.stderr(File::create(dir.path().join(LOG)).unwrap());
        let service = Service::run(command, "https");
        let school = School::open(&service.base()).await;
        let honest = Honest::begin(service.http, &school);
        // Each has been answered: what the box opens for its everyday work is open.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let quiet = Figures::of(service.pid());
        let peak = Peak::watch(service.pid());
        Self { service, school, honest, quiet, peak, dir }
    }

    /// The attack is over: its descriptors come back, memory stayed within `mib` of the quiet box, and whoever was
    /// honest noticed nothing.
    pub async fn end(self, attack: &str, mib: u64) -> Service {
        let pid = self.service.pid();
        poll("the descriptors come back", PATIENCE, async || {
            (Figures::of(pid).descriptors <= self.quiet.descriptors).then_some(())
        })
        .await;
        let times = self.honest.end();
        let log = std::fs::read_to_string(self.dir.path().join(LOG)).unwrap();
        let faults: Vec<_> = log.lines().filter(|l| is_ours(l)).collect();
        assert!(faults.is_empty(), "{attack}: {faults:#?}");
        let grown = self.peak.end().saturating_sub(self.quiet.rss_kib) / 1024;
        println!("{attack}: {times}; memory {} MiB +{grown} MiB", self.quiet.rss_kib / 1024);
        assert!(grown <= mib, "{attack}: {grown} MiB more than in peace, at most {mib}");
        if std::env::var("ARCTOS_LOAD").is_ok() {
            assert!(times.p99 < P99, "{attack}: {times}");
        }
        self.service
    }

    pub async fn newcomer(&self, id: &str) -> Person {
        Person::arrive(&self.service.base(), id, 0).await
    }
}

/// A fault of the box's own, whoever made it happen.
fn is_ours(line: &str) -> bool {
    ["our fault", "panicked", "internal error"].iter().any(|word| line.contains(word))
}

/// What the system says of a process.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    pub rss_kib: u64,
    pub threads: u64,
    pub descriptors: usize,
}

impl Figures {
    pub fn of(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_end_matches("kB").trim().parse().unwrap()
        };
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
        Self { rss_kib: field("VmRSS:"), threads: field("Threads:"), descriptors }
    }
}

/// The most memory that was seen.
struct Peak(JoinHandle<()>, Arc<AtomicU64>);

impl Peak {
    fn watch(pid: u32) -> Self {
        let most = Arc::<AtomicU64>::default();
        let seen = most.clone();
        let watching = tokio::spawn(async move {
            loop {
                seen.fetch_max(Figures::of(pid).rss_kib, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Self(watching, most)
    }

    fn end(self) -> u64 {
        self.0.abort();
        self.1.load(Ordering::Relaxed)
    }
}

/// A connection, and what comes on it until it ends; `None` when it does not end in time.
pub async fn exchange(addr: SocketAddr, bytes: &[u8]) -> Option<String> {
    let mut tcp = TcpStream::connect(addr).await.unwrap();
    // It may hang up before it has read all.
    let _ = tcp.write_all(bytes).await;
    to_the_end(tcp).await
}

pub async fn to_the_end(mut tcp: impl AsyncReadExt + Unpin) -> Option<String> {
    let mut all = Vec::new();
    tokio::time::timeout(PATIENCE, tcp.read_to_end(&mut all)).await.ok().map(drop)?;
    Some(String::from_utf8_lossy(&all).into_owned())
}
