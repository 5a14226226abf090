//! The box in the guest: built for it, started there with a licence for that machine, asked over the forwarded port.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::machine::{Machine, beside};
use crate::process::{Person, poll, say};
use crate::timing;

/// A small picture. ffmpeg notes what it does. On a slow machine the teacher says nothing for long.
const SERVE: &str = "FFREPORT=file=/data/ffmpeg-%t.log:level=40 setsid /box/arctos-box --config /data/box.toml --data /data --set recorder.size=320x180 --set recorder.rate=10 \
                     --set recorder.kbits=300 --set recorder.reserve_mib=64 --set edu.host_silence_s=36000";

/// A machine that is slow and shared.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// What goes wrong in a test.
pub enum Course {
    /// Nothing: a picture is not missed for a minute. Debian's ffmpeg records.
    Smooth,
    /// What the driver says at once: a picture is not missed for a minute. The newer ffmpeg records, which starts in no time.
    Told,
    /// Much: a picture is missed as soon as this machine, busy as it is, should have given one. The newer ffmpeg records.
    Rough,
}

/// A machine on which the box runs, and may hold lessons.
pub struct Appliance {
    machine: Machine,
    /// So long without a picture, and the camera is read anew.
    pub stall: Duration,
    _timed: timing::Timed,
}

impl Appliance {
    /// Its classroom is configured like this.
    pub async fn start(classroom: &str, course: Course) -> Self {
        let timed = timing::test();
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest");
        let mut machine = Machine::start(&[program(), here.join("init")]);
        let longest = Duration::from_secs(60);
        let (ffmpeg, stall) = match course {
            Course::Smooth => ("/usr/bin/ffmpeg", longest),
            Course::Told => ("/usr/bin/ffmpeg7", longest),
            Course::Rough => {
                let slow = start_of_ffmpeg(&mut machine) * 2;
                ("/usr/bin/ffmpeg7", slow.clamp(Duration::from_secs(4), longest))
            }
        };
        let stall_ms = stall.as_millis();
        println!("a picture is missed after {stall_ms} ms");
        let classroom = format!("[[classroom]]\nname = \"room\"\n{classroom}");
        machine.ok("mkdir -p /data");
        machine.write("/data/box.toml", &classroom);
        machine.ok(&format!(
            "{{ {SERVE} --set recorder.ffmpeg={ffmpeg} --set recorder.stall_ms={stall_ms} serve >/data/log 2>&1 & }}"
        ));
        let anybody = Person::new(&machine.base);
        poll("the box in the guest", PATIENCE, async || anybody.get("/healthz").await.ok()).await;
        license(&mut machine, &here.join("licence.key"));
        Self { machine, stall, _timed: timed }
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

/// Debian's, which has 215 libraries to put together: two seconds here, when it is quiet.
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
