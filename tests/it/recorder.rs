//! What goes wrong around the recorder of the real program: encoders that die, hang or never start, a full disk,
//! torn files, folders and rows that do not match. The lesson goes on; what was recorded stays.

use std::io::{Seek, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use arctos_box::model::recording::{Note, Order, RefusedWhy};
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::process::{Person, Service, decode, disguise, encoder_of, pictures, poll, recording};
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_encoder_that_is_killed_or_hangs_is_a_short_gap_and_a_line_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &["--set", "log.level=error"]);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    ann.wait_for_picture(room).await;

    let first = encoder_of(service.pid()).unwrap();
    kill_process(first, Signal::KILL).unwrap();
    let second = next_encoder(&service, first).await;
    let bytes = || std::fs::metadata(recording(dir.path(), room)).unwrap().len();
    let before = bytes();
    poll("it records again", PATIENCE, async || (bytes() > before + 20_000).then_some(())).await;

    kill_process(second, Signal::STOP).unwrap();
    let third = next_encoder(&service, second).await;
    assert_ne!(third, first);
    let before = bytes();
    poll("it records again", PATIENCE, async || (bytes() > before + 20_000).then_some(())).await;

    let seen = ann.lesson(room).await;
    assert_eq!((&seen["state"], &seen["recording"]), (&json!(1), &json!(true)));
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, PATIENCE).await;
    let gaps = log_lines(&ann.index(room).await, "gap");
    println!("{gaps:?}");
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    let ms = |line: &str| line.split(' ').next().unwrap().parse::<u64>().unwrap();
    assert!(ms(&gaps[0]) <= 3000 && gaps[0].contains("signal: 9"), "{gaps:?}");
    assert!(ms(&gaps[1]) <= 7000 && gaps[1].contains("gave no picture"), "{gaps:?}");
    let film = recording(dir.path(), room);
    assert_eq!(decode(&film.display().to_string()), "");
    let shown = pictures(&film);
    let holes: Vec<f64> =
        shown.windows(2).map(|w| w[1] - w[0]).filter(|hole| *hole > 0.2).collect();
    println!("holes in the film, s: {holes:?}");
    // A new encoder may be so quick that its gap is hardly one.
    assert_eq!(holes.iter().filter(|hole| **hole > 3.0).count(), 1, "{holes:?}");
    assert!(holes.iter().all(|hole| *hole <= 7.0), "{holes:?}");
}

async fn next_encoder(service: &Service, last: rustix::process::Pid) -> rustix::process::Pid {
    let other = async || encoder_of(service.pid()).filter(|pid| *pid != last);
    poll("another encoder", PATIENCE, other).await
}

/// The details of one kind of line in the lesson's log.
fn log_lines(index: &Value, event: &str) -> Vec<String> {
    let lines = index["log"].as_array().unwrap().iter().filter(|line| line["event"] == event);
    lines.map(|line| line["detail"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_lesson_goes_on_without_an_encoder_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let ffmpeg = disguise(&dir.path().join("ffmpeg"), "echo 'no such camera' >&2; exit 1");
    let set = ["--set", ffmpeg.as_str(), "--set", "log.level=error"];
    let service = Service::start_logged(&dir.path().join("d"), &dir.path().join("log"), &set);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    let seen = reason(&ann, room).await;
    assert!(seen.contains("no video encoder") && seen.contains("no such camera"), "{seen}");
    goes_on_unrecorded(&ann, room).await;
    let index = ann.index(room).await;
    assert!(index["recording"]["note"].as_str().unwrap().contains("no such camera"), "{index}");
}

#[tokio::test]
async fn an_encoder_that_starts_and_dies_each_time_leaves_the_lesson_alone_and_is_spoken_of() {
    let dir = tempfile::tempdir().unwrap();
    let script = r#"case "$*" in *-filter_complex*) echo 'device busy' >&2; exit 1;; esac; exec "$REAL" "$@""#;
    let ffmpeg = disguise(&dir.path().join("ffmpeg"), script);
    let set = ["--set", ffmpeg.as_str(), "--set", "log.level=error"];
    let service = Service::start(&dir.path().join("d"), &set);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    let seen = reason(&ann, room).await;
    assert!(seen.contains("device busy"), "{seen}");
    goes_on_unrecorded(&ann, room).await;
    let gaps = log_lines(&ann.index(room).await, "gap");
    assert!(gaps.len() == 1 && gaps[0].contains("device busy"), "{gaps:?}");
}

/// Why nothing is recorded, once the lesson's page says so.
async fn reason(who: &Person, room: i64) -> String {
    poll("a reason", PATIENCE, async || {
        who.lesson(room).await["reason"].as_str().filter(|r| !r.is_empty()).map(str::to_owned)
    })
    .await
}

/// The lesson is alive, and its end is an end without a replay.
async fn goes_on_unrecorded(who: &Person, room: i64) {
    let course = json!({"roomnum": room});
    who.ok("live/heartbeat", course.clone()).await;
    assert_eq!(who.lesson(room).await["state"], 1);
    who.ok("live/exitroom", course).await;
    poll("the end of the recording", PATIENCE, async || {
        let got = who.get(&format!("/media/{room}/index.json")).await.unwrap();
        (got.status == 200).then_some(())
    })
    .await;
    let row = who.wait_for_state(room, 2, PATIENCE).await;
    assert_eq!(row["playback_idx_url"], "");
}

#[tokio::test]
async fn a_disk_below_its_reserve_refuses_a_recording_and_harms_no_earlier_one() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log) = (dir.path().join("d"), dir.path().join("log"));
    let service = Service::start(&data, &[]);
    let mut ann = Person::arrive(&service.base(), "ann", 1).await;
    let first = ann.teach().await;
    ann.wait_for_picture(first).await;
    ann.ok("live/exitroom", json!({"roomnum": first})).await;
    ann.wait_for_state(first, 3, PATIENCE).await;
    service.terminate();
    let before = fingerprint(&data.join("recordings"));
    assert!(before.len() >= 3, "{before:?}");

    let full = ["--set", "recorder.reserve_mib=1000000000", "--set", "log.level=error"];
    let service = Service::start_logged(&data, &log, &full);
    ann = ann.at(&service.base());
    let second = ann.teach().await;
    let why = reason(&ann, second).await;
    assert!(why.contains("the disk is too full"), "{why}");
    goes_on_unrecorded(&ann, second).await;
    assert_eq!(ann.wait_for_state(first, 3, PATIENCE).await["state"], 3);
    let after = fingerprint(&data.join("recordings"));
    for file in &before {
        assert!(after.contains(file), "{file:?} is byte-identical: {after:?}");
    }
}

/// Name and hash of every file below a folder.
fn fingerprint(folder: &Path) -> Vec<(String, String)> {
    let script = "find . -type f -exec sha256sum {} + | sort -k2";
    let out = Command::new("sh").args(["-c", script]).current_dir(folder).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let pair = |line: &str| line.split_once("  ").map(|(hash, name)| (name.into(), hash.into()));
    text.lines().filter_map(pair).collect()
}

#[tokio::test]
async fn a_refused_recording_is_closed_once_also_when_the_box_dies_before() {
    let mut world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let why = RefusedWhy::DiskReserve { free: 1, needed: 2 };
    world.recorder_says(room, Note::Refused { why }).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    // What was recorded before the disk filled up may be a replay: the end is owed still.
    world.restart().await;
    assert!(matches!(world.orders.try_recv(), Ok(Order::Finish(job)) if job.room.0 == room));
    world.recorder_says(room, Note::Ended { takes: Vec::new() }).await;
    world.restart().await;
    assert!(world.orders.try_recv().is_err(), "nothing is owed any more");
    let seen = world.get(&format!("/media/{room}/lesson.json")).await.json();
    assert!(seen["reason"].as_str().unwrap().contains("too full"), "{seen}");
}

#[tokio::test]
async fn a_torn_tail_is_cut_and_the_replay_appears() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let service = Service::start(&data, &[]);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    ann.wait_for_picture(room).await;
    service.kill();
    let film = recording(&data, room);
    let len = std::fs::metadata(&film).unwrap().len();
    let shown = pictures(&film);
    let (whole, last) = (shown.len(), shown[shown.len() - 1]);
    // How the file ends, and how much less picture than before may be left.
    let third = usize::try_from(len / 3).unwrap();
    let tails: [(&str, i64, Vec<u8>, usize); 6] = [
        ("garbage", 0, b"\x00\x00\x10\x00moofnot at all".repeat(50), 3),
        ("zeros", 0, vec![0; 65_536], 3),
        ("a byte less", -1, Vec::new(), 6),
        ("cut in a fragment", -4321, Vec::new(), 12),
        ("a third less, zero-filled", -i64::try_from(third).unwrap(), vec![0; third], whole / 2),
        ("all but a beginning", 3333 - i64::try_from(len).unwrap(), vec![0; 999], whole),
    ];
    for (what, by, tail, less) in tails {
        let copy = dir.path().join(what);
        let copied = Command::new("cp").arg("-a").arg(&data).arg(&copy).status().unwrap();
        assert!(copied.success());
        let film = recording(&copy, room);
        let mut file = std::fs::File::options().write(true).open(&film).unwrap();
        file.set_len(len.checked_add_signed(by).unwrap()).unwrap();
        file.seek(std::io::SeekFrom::End(0)).unwrap();
        file.write_all(&tail).unwrap();
        drop(file);
        let log = dir.path().join("log");
        let service = Service::start_logged(&copy, &log, &["--set", "log.level=error"]);
        let ann = ann.at(&service.base());
        poll("it goes on in the same file", PATIENCE, async || {
            pictures(&film).last().filter(|at| **at > last + 0.3).map(drop)
        })
        .await;
        ann.ok("live/exitroom", json!({"roomnum": room})).await;
        ann.wait_for_state(room, 3, PATIENCE).await;
        assert_eq!(decode(&film.display().to_string()), "", "{what}");
        let shown = pictures(&film);
        let old = shown.iter().filter(|at| **at <= last).count();
        println!("{what}: {old} of {whole} pictures kept, {} in all", shown.len());
        assert!(old + less >= whole, "{what}: {old} of {whole}");
        let hash = &ann.index(room).await["videos"][0]["sha256"];
        let films = fingerprint(&copy.join("recordings"));
        assert!(films.iter().any(|(_, h)| hash == h.as_str()), "{what}: {hash} {films:?}");
    }
}

#[tokio::test]
async fn folders_without_a_lesson_are_kept_and_named_and_lessons_without_files_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log) = (dir.path().join("d"), dir.path().join("log"));
    let service = Service::start(&data, &[]);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let (done, torn) = (ann.teach().await, ann.ok("live/create", json!({"title": ""})).await);
    ann.wait_for_picture(done).await;
    ann.ok("live/exitroom", json!({"roomnum": done})).await;
    ann.wait_for_state(done, 3, PATIENCE).await;
    let torn = torn["roomnum"].as_i64().unwrap();
    ann.ok("live/startcourse", json!({"roomnum": torn})).await;
    ann.wait_for_picture(torn).await;
    service.kill();

    let recordings = data.join("recordings");
    for room in [done, torn] {
        std::fs::remove_dir_all(recordings.join(room.to_string())).unwrap();
    }
    for orphan in ["99999", "from the old box"] {
        std::fs::create_dir(recordings.join(orphan)).unwrap();
        std::fs::write(recordings.join(orphan).join("1.mp4"), b"somebody's lesson").unwrap();
    }
    let before = fingerprint(&recordings);
    let more = ["--set", "recorder.ffmpeg=/bin/false", "--set", "log.level=warn"];
    let service = Service::start_logged(&data, &log, &more);
    let ann = ann.at(&service.base());
    poll("the log names what does not match", PATIENCE, async || {
        let text = std::fs::read_to_string(&log).unwrap();
        let all = ["99999", "from the old box", &done.to_string()];
        all.iter().all(|name| text.contains(name)).then_some(())
    })
    .await;
    assert_eq!(reason(&ann, done).await, "the recording's files are missing");
    ann.ok("live/exitroom", json!({"roomnum": torn})).await;
    let note = poll("the torn lesson's end", PATIENCE, async || {
        let got = ann.get(&format!("/media/{torn}/index.json")).await.unwrap();
        let index: Value = serde_json::from_slice(&got.body).ok()?;
        index["recording"]["note"].as_str().map(str::to_owned)
    })
    .await;
    println!("the torn lesson: {note}");
    assert_eq!(ann.wait_for_state(torn, 2, PATIENCE).await["playback_idx_url"], "");
    assert!(!ann.lesson(torn).await["reason"].as_str().unwrap().is_empty());
    let after = fingerprint(&recordings);
    assert!(before.iter().all(|file| after.contains(file)), "{before:?} {after:?}");
}
