//! A full disk, on a small file system in a mount name space of the box's own, and one that takes no writes any more.
//! What is to be kept is answered by the documented failure (001: 90000), reads and heartbeats go on, and when space or
//! the right to write comes back, so do writes, without a restart. The recorder's side is in `hw/recorder` and
//! `recorder.rs`.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{PATIENCE, Scene};
use crate::process::{Service, poll, said, serve};

/// All that the box may fill.
const MIB: u64 = 16;

/// The box behind its own mount of `small`, with its data in it.
fn confined(dir: &Path) -> Command {
    let small = dir.join("small");
    std::fs::create_dir(&small).unwrap();
    let whole = serve(&small.join("data"), &["--set", "recorder.reserve_mib=1"]);
    let mut command = Command::new("unshare");
    command.env_clear().env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    let script = "mount -t tmpfs -o size=$1 none $2 && shift 2 && exec \"$@\"";
    command.args(["--mount", "sh", "-c", script, "sh", &format!("{MIB}m")]).arg(&small);
    command.arg(whole.get_program()).args(whole.get_args());
    command
}

/// Whether this machine lets us mount; a container often does not.
fn may_mount() -> bool {
    let trial = ["--mount", "sh", "-c", "mount -t tmpfs none /mnt"];
    let may = Command::new("unshare").args(trial).output().is_ok_and(|done| done.status.success());
    if !may {
        println!("NOT TESTED: this machine lets nobody mount, so no disk can be full");
    }
    may
}

async fn code(scene: &Scene, command: &str, body: serde_json::Value) -> i64 {
    scene.school.ann.call(command, body).await.unwrap()["errorCode"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_what_is_to_be_kept_and_nothing_else() {
    if !may_mount() {
        return;
    }
    let scene = Scene::with(confined).await;
    // The same folder as the box sees it.
    let inside = format!("/proc/{}/root{}/small", scene.service.pid(), scene.dir.path().display());
    let ballast = Path::new(&inside).join("ballast");
    let filled = std::fs::write(&ballast, vec![0; usize::try_from(MIB).unwrap() << 20]);
    assert!(filled.is_err(), "the disk is full");
    // What there still was in the last page of the log may be used up; then nothing is kept.
    poll("a write is refused", PATIENCE, async || {
        (code(&scene, "live/create", json!({"title": "t".repeat(100)})).await == 90000)
            .then_some(())
    })
    .await;
    assert_eq!(
        code(&scene, "account/regist", json!({"id": "new", "pwd": "pw", "role": 0})).await,
        90000
    );
    let room = json!({"roomnum": scene.school.room});
    assert_eq!(code(&scene, "live/heartbeat", room.clone()).await, 0);
    assert_eq!(code(&scene, "live/roomlist", json!({"index": 0, "size": 5})).await, 0);
    assert!(!store_is_well(&scene).await);
    std::fs::remove_file(&ballast).unwrap();
    let made = code(&scene, "live/create", json!({"title": "there is room again"})).await;
    assert_eq!(made, 0);
    assert_eq!(
        code(&scene, "account/regist", json!({"id": "new", "pwd": "pw", "role": 0})).await,
        0
    );
    assert!(store_is_well(&scene).await);
    scene.end("a full disk", 16).await;
}

/// What `/readyz` says of the store; the encoder is missing in these tests.
async fn store_is_well(scene: &Scene) -> bool {
    let report: Value =
        serde_json::from_slice(&scene.school.ann.get("/readyz").await.unwrap().body).unwrap();
    let parts = report["parts"].as_array().unwrap();
    parts.iter().find(|part| part["part"] == "store").unwrap()["ok"] == true
}

/// A kernel that has turned a failing card read-only answers each write of an open file with an error; so does one
/// that lets files grow no further.
fn deaf_to_its_limit(dir: &Path) -> Command {
    let whole = serve(&dir.join("data"), &[]);
    let mut command = Command::new("sh");
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(whole.get_program());
    command.args(whole.get_args());
    command
}

fn may_write(scene: &Scene, bytes: &str) {
    let (pid, limit) = (scene.service.pid().to_string(), format!("--fsize={bytes}:unlimited"));
    let done = Command::new("prlimit").args(["--pid", &pid, &limit]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_no_more_writes_refuses_what_is_to_be_kept_and_nothing_else() {
    let scene = Scene::with(deaf_to_its_limit).await;
    may_write(&scene, "0");
    for n in 0..20 {
        let id = format!("new{n}");
        assert_eq!(code(&scene, "live/create", json!({"title": "t"})).await, 90000);
        assert_eq!(
            code(&scene, "account/regist", json!({"id": id, "pwd": "pw", "role": 0})).await,
            90000
        );
        let seat = json!({"roomnum": scene.school.room, "operate": 0});
        assert_eq!(code(&scene, "live/heartbeat", seat).await, 0);
    }
    assert!(!store_is_well(&scene).await);
    may_write(&scene, "unlimited");
    assert_eq!(code(&scene, "live/create", json!({"title": "again"})).await, 0);
    assert!(store_is_well(&scene).await);
    scene.end("a disk that takes nothing", 16).await;
}

#[test]
fn a_start_on_a_read_only_disk_says_so_and_ends() {
    if !may_mount() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    drop(Service::start(&data, &[]));
    let whole = serve(&data, &[]);
    let mut command = Command::new("unshare");
    let script = "mount --bind $1 $1 && mount -o remount,bind,ro $1 && shift && exec \"$@\"";
    command.args(["--mount", "sh", "-c", script, "sh"]).arg(dir.path());
    let said = said(command.arg(whole.get_program()).args(whole.get_args()));
    assert_eq!(said.code, Some(70), "{said:?}");
    assert!(said.err.to_lowercase().contains("read-only"), "{said:?}");
}
