//! The box in the guest: built for it, started there with a licence for that machine, asked over the forwarded port.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::machine::{Machine, beside};
use crate::process::{Person, poll, say};
use crate::timing;

/// A small picture; ffmpeg, which needs four seconds here before it gives one, may take its time. It notes what it does.
const SERVE: &str = "FFREPORT=file=/data/ffmpeg-%t.log:level=40 setsid /box/arctos-box --config /data/box.toml --data /data --set recorder.size=320x180 --set recorder.rate=10 \
                     --set recorder.kbits=300 --set recorder.reserve_mib=64";

/// A machine that is slow and shared.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// How soon a picture is missed.
pub enum Stall {
    Long,
    Short,
}

/// A machine on which the box runs, and may hold lessons.
pub struct Appliance {
    machine: Machine,
    _timed: timing::Timed,
}

impl Appliance {
    /// Its classroom has this input. A picture may be missing for so long before the encoder is started again: for a
    /// minute, where nothing goes wrong, and else for as long as this machine, busy as it is, needs for a first one.
    pub async fn start(input: &str, stall: Stall) -> Self {
        let timed = timing::test();
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest");
        let mut machine = Machine::start(&[program(), here.join("init")]);
        let stall_ms = match stall {
            Stall::Long => 60_000,
            Stall::Short => (start_of_ffmpeg(&mut machine) * 2).as_millis().clamp(4000, 60_000),
        };
        println!("a picture is missed after {stall_ms} ms");
        let classroom = format!("[[classroom]]\nname = \"room\"\ninput = \"{input}\"\n");
        machine.ok("mkdir -p /data");
        machine.write("/data/box.toml", &classroom);
        machine.ok(&format!(
            "{{ {SERVE} --set recorder.stall_ms={stall_ms} serve >/data/log 2>&1 & }}"
        ));
        let anybody = Person::new(&machine.base);
        poll("the box in the guest", PATIENCE, async || anybody.get("/healthz").await.ok()).await;
        license(&mut machine, &here.join("licence.key"));
        Self { machine, _timed: timed }
    }

    /// The teacher ends the lesson; returns when its recording is finished.
    pub async fn end(&self, teacher: &Person, room: i64) {
        teacher.ok("live/exitroom", json!({"roomnum": room})).await;
        teacher.wait_for_state(room, 3, PATIENCE).await;
    }

    /// Fetches the film of a lesson that has ended, of which there must be one.
    pub async fn film(&mut self, watcher: &Person, room: i64, to: &Path) {
        let index = watcher.index(room).await;
        assert_eq!(index["videos"].as_array().unwrap().len(), 1, "{index:#}\n{}", self.log());
        let address = format!("/media/{room}/{}", index["videos"][0]["file"].as_str().unwrap());
        std::fs::write(to, watcher.get(&address).await.unwrap().body).unwrap();
    }

    /// What it logged.
    pub fn log(&mut self) -> String {
        self.ok("cat /data/log")
    }
}

impl Deref for Appliance {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.machine
    }
}

impl DerefMut for Appliance {
    fn deref_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }
}

fn start_of_ffmpeg(machine: &mut Machine) -> Duration {
    let starts = (0..3).map(|_| {
        let since = Instant::now();
        machine.ok("ffmpeg -v quiet -version");
        since.elapsed()
    });
    starts.min().unwrap_or_default()
}

/// The program for the guest: it trusts the key that lies beside this file, which a release refuses to do.
fn program() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = beside("");
    let built = Command::new(root.join(".ci/cross"))
        .args(["--quiet", "--profile", "guest", "--features", "test-key", "--target-dir"])
        .arg(&target)
        .status();
    assert!(
        built.unwrap().success(),
        "the program does not build for the guest; was ./.ci/setup test run?"
    );
    target.join("aarch64-unknown-linux-musl/guest/arctos-box")
}

/// The vendor licenses the machine.
fn license(machine: &mut Machine, key: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let request = dir.path().join("request");
    std::fs::write(&request, machine.ok("/box/arctos-box --data /data license request --text"))
        .unwrap();
    let (key, request) = (key.to_str().unwrap(), request.to_str().unwrap());
    let order = [
        "license",
        "issue",
        "--key",
        key,
        "--customer",
        "guest",
        "--rooms",
        "4",
        "--forever",
        request,
    ];
    let issued = say(dir.path(), &order);
    assert_eq!(issued.code, Some(0), "{}", issued.err);
    machine.write("/data/licence", &issued.out);
    machine.ok("/box/arctos-box --data /data license install /data/licence");
}
