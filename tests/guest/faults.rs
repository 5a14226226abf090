//! A camera that goes away in mid-lesson and comes back, that breaks off, that does not start, that drops pictures, that has no
//! signal or another one: a slate stands in the film for as long as it lasts, the picture comes back by itself, and nothing is
//! left behind. The faults are vivid's own, ordered over V4L2; times are the guest's monotonic clock.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use crate::appliance::{Appliance, Course, PATIENCE};
use crate::machine::Delay;
use crate::process::{Person, decode, pictures, poll, probe};
use crate::recording::{seconds, watched};
use crate::trace::{self, Taken};

/// How often the cable is pulled.
const PULLS: usize = 10;
/// A run of ffmpeg that took so many pictures records; one that only looks takes fewer.
const FLOWS: usize = 30;
/// So much film is waited for while a slate is shown.
const SLATE_S: f64 = 5.0;
/// After a fault the picture is back within this, and what this machine let the guest wait for a processor until then.
const BACK_S: f64 = 3.0;
/// The ledger spreads the pictures of a fragment evenly over it: so many may be counted to the second beside theirs.
const BESIDE: u64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_each_fault_of_a_camera_its_picture_is_back_and_nothing_is_left_behind() {
    let mut guest = Appliance::start("input = \"slides\"\n", Course::Rough).await;
    trace::start(&mut guest);
    let teacher = Person::arrive(&guest.base, "ann", 1).await;
    let began = guest.now();
    let room = teacher.teach().await;
    let mut runs = vec![flows(&mut guest, &[], 0.0).await.first.by];
    let before = poll("one encoder runs", PATIENCE, async || {
        let (held, open) = held(&mut guest);
        (held.contains("encoders: 1") && !held.contains("stuck")).then_some((held, open))
    })
    .await;
    for pull in 1..=PULLS {
        // vivid plugs itself in again when nobody holds it any more.
        let fault = Fault::control(&mut guest, "disconnect=1");
        let run = flows(&mut guest, &runs, fault.at).await;
        runs.push(run.first.by);
        let cable = plugged_in(&mut guest, fault.at).await;
        fault.over(&format!("cable pulled, {pull}"), cable, &run);
    }
    let broken = "inject_fatal_streaming_error=1";
    let not_started = "inject_vidioc_streamon_error=1,inject_fatal_streaming_error=1";
    for (name, controls) in [("stream broken", broken), ("and not started again", not_started)] {
        let fault = Fault::control(&mut guest, controls);
        back(&mut guest, name, fault, &mut runs).await;
    }
    drops(&mut guest, &runs).await;
    away(&mut guest, &teacher, room, &mut runs).await;
    // What only just ends may end.
    let open = poll("nothing is left behind", PATIENCE, async || {
        let (held, open) = held(&mut guest);
        (held == before.0).then_some(open)
    })
    .await;
    println!("open files before {}, after {open}", before.1);
    assert!(open < before.1 + PULLS, "{} files were open, and now {open}", before.1);
    let ended = guest.now();
    let (index, shown) = film(&mut guest, &teacher, room, ended - began).await;
    let ledger = guest.ok(&format!("cat /data/recordings/{room}/quality.jsonl"));
    named(&index, &ledger, &shown, PULLS + 3);
    signals(&mut guest, &teacher, &mut runs).await;
}

/// Ends the lesson, which must be one film that plays; its index, and when each picture is shown.
async fn film(
    guest: &mut Appliance,
    teacher: &Person,
    room: i64,
    lasted: f64,
) -> (Value, Vec<f64>) {
    guest.end(teacher, room).await;
    let dir = tempfile::tempdir().unwrap();
    let film = dir.path().join("1.mp4");
    guest.film(teacher, room, &film).await;
    assert_eq!(decode(film.to_str().unwrap()), "");
    // Neither lost nor made longer by what came while there was no picture.
    let length = probe(film.to_str().unwrap()).1;
    println!("{length} s of film in a lesson of {lasted} s");
    assert!(length <= lasted + 5.0, "the film is longer than the lesson: {length} s");
    (teacher.index(room).await, pictures(&film))
}

/// The cable is pulled and stays out until a slate is in the film.
async fn away(guest: &mut Appliance, teacher: &Person, room: i64, runs: &mut Vec<u32>) {
    // vivid does not plug itself in again while somebody holds it.
    guest.ok("sleep 100000 </dev/video1 >/dev/null 2>&1 & echo $! >/tmp/holder");
    guest.ok("v4l2-ctl -d /dev/video1 -c disconnect=1");
    slate(guest, teacher, room, "no camera").await;
    let fault = Fault::order(guest, "kill $(cat /tmp/holder)");
    let cable = plugged_in(guest, fault.at).await;
    let run = flows(guest, runs, fault.at).await;
    runs.push(run.first.by);
    fault.over("cable plugged in again under a slate", cable, &run);
}

/// A lesson of a digital input at which nothing comes in at first, then something, then something else, then nothing usable.
async fn signals(guest: &mut Appliance, teacher: &Person, runs: &mut Vec<u32>) {
    // Each input of vivid's has its own signal: first the input is chosen.
    guest.ok("v4l2-ctl -d /dev/video1 -i 3");
    let menu = guest.ok("v4l2-ctl -d /dev/video1 -c dv_timings_signal_mode=1 -L");
    let number = |name: &str| {
        let line = menu.lines().find_map(|line| line.trim().strip_suffix(name));
        line.unwrap_or_else(|| panic!("{name} is not in {menu}"))
            .trim_end_matches([':', ' '])
            .to_owned()
    };
    let began = guest.now();
    let room = teacher.teach().await;
    slate(guest, teacher, room, "no signal").await;
    let set = |controls: String| format!("v4l2-ctl -d /dev/video1 -c {controls}");
    for (what, timings) in [("a signal", "1280x720p24"), ("another signal", "1920x1080p24")] {
        let order = set(format!("dv_timings={},dv_timings_signal_mode=4", number(timings)));
        let fault = Fault::order(guest, &order);
        back(guest, what, fault, runs).await;
    }
    guest.ok(&set("dv_timings_signal_mode=2".into()));
    slate(guest, teacher, room, "no signal").await;
    let fault = Fault::order(guest, &set("dv_timings_signal_mode=4".into()));
    back(guest, "the same signal after one that cannot be used", fault, runs).await;
    let ended = guest.now();
    let (index, _) = film(guest, teacher, room, ended - began).await;
    let flaws = index["quality"]["flaws"].as_array().unwrap();
    assert!(flaws.iter().filter(is_slate).count() >= 2, "{flaws:#?}");
}

/// Waits until a slate of this kind is shown, and a few seconds of film are there that hold it.
async fn slate(guest: &mut Appliance, teacher: &Person, room: i64, kind: &str) {
    let words = format!("{kind}: a slate instead");
    let shown = |log: String| {
        log.lines().rfind(|line| line.contains("\"the input\"")).map(|line| line.contains(&words))
    };
    poll(&words, PATIENCE, async || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        shown(guest.log()).filter(|is| *is)
    })
    .await;
    let had = seconds(teacher, room).await;
    watched(teacher, room, had + SLATE_S).await;
}

fn second(at: f64) -> u64 {
    Duration::from_secs_f64(at).as_secs()
}

fn seconds_of(ms: i64) -> f64 {
    Duration::from_millis(ms.max(0).unsigned_abs()).as_secs_f64()
}

/// Whether a flaw lasts over this second of the film.
fn has(flaw: &Value, second: u64) -> bool {
    flaw["from"].as_u64() <= Some(second) && Some(second) < flaw["until"].as_u64()
}

fn is_slate(flaw: &&Value) -> bool {
    flaw["what"].as_str().is_some_and(|what| what.starts_with("a slate"))
}

/// Each fault is told as a gap. In its seconds the ledger has no more pictures than the film, and it names those in which
/// there is none. (A gap of the log is by the clock. In the film it is shorter when the run before it had begun late.)
fn named(index: &Value, ledger: &str, shown: &[f64], faults: usize) {
    let log = index["log"].as_array().unwrap();
    let time = |entry: &Value| entry["time"].as_i64().unwrap();
    let zero = log.iter().find(|entry| entry["event"] == "started").map(time).unwrap();
    let gaps: Vec<&Value> = log.iter().filter(|entry| entry["event"] == "gap").collect();
    assert!(gaps.len() >= faults, "{log:#?}");
    let flaws = index["quality"]["flaws"].as_array().unwrap();
    let is_named = |second: u64| flaws.iter().any(|flaw| has(flaw, second));
    let kept = kept(ledger);
    let mut empty = 0;
    for gap in &gaps {
        let lasted = gap["detail"].as_str().unwrap().split(' ').next().unwrap();
        let over = seconds_of(time(gap) + lasted.parse::<i64>().unwrap() - zero);
        let (before, after) = shown.split_at(shown.partition_point(|at| *at < over));
        let (Some(last), Some(first)) = (before.last(), after.first()) else { continue };
        let (last, first) = (second(*last), second(*first));
        for second in last + 1..first {
            assert!(is_named(second), "{second} of {gap} is not in {flaws:#?}");
            empty += 1;
        }
        let in_film = shown.iter().filter(|at| (last..=first).contains(&second(**at))).count();
        let in_ledger: u64 = (last..=first).filter_map(|second| kept.get(&second)).sum();
        assert!(in_ledger <= in_film as u64 + BESIDE, "{gap}: {in_film} pictures in\n{ledger}");
    }
    println!("{} gaps, {empty} whole seconds of them without a picture, all named", gaps.len());
    assert!(flaws.iter().any(|flaw| is_slate(&flaw)), "{flaws:#?}");
}

/// By the ledger, how many pictures each second of the film has.
fn kept(ledger: &str) -> HashMap<u64, u64> {
    let rows = ledger.lines().filter(|line| !line.is_empty());
    let rows = rows.map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| (row["at"].as_u64().unwrap(), row["kept"].as_u64().unwrap())).collect()
}

/// A fault that was ordered.
struct Fault {
    at: f64,
    before: Delay,
}

impl Fault {
    fn control(guest: &mut Appliance, controls: &str) -> Self {
        Self::order(guest, &format!("v4l2-ctl -d /dev/video1 -c {controls}"))
    }

    fn order(guest: &mut Appliance, order: &str) -> Self {
        let fault = Self { before: guest.delay(), at: guest.now() };
        guest.ok(order);
        fault
    }

    /// Says how long it took, which must not be too long. `cable`: from then on there was a picture to be had.
    fn over(self, what: &str, cable: f64, back: &Back) {
        let delay = back.delay.since(self.before);
        let (let_go, back) = (cable - self.at, back.first.at - cable);
        println!("{what}: let go after {let_go:.2} s, back {back:.2} s after that; {delay}");
        // By the guest's own clock, which goes on while this machine is busy with others.
        let most = BACK_S + delay.in_all().as_secs_f64();
        assert!(
            back <= most,
            "{what}: the picture was back after {back:.2} s, not within {most:.2}"
        );
    }
}

/// A camera's picture that came back.
struct Back {
    first: Taken,
    /// When it was seen that it is back.
    delay: Delay,
}

/// Waits for the picture after what ends a fault.
async fn back(guest: &mut Appliance, what: &str, fault: Fault, runs: &mut Vec<u32>) {
    let run = flows(guest, runs, fault.at).await;
    runs.push(run.first.by);
    let at = fault.at;
    fault.over(what, at, &run);
}

/// Waits until a run of ffmpeg records that is none of these and began after `since`; the first picture that it took.
async fn flows(guest: &mut Appliance, runs: &[u32], since: f64) -> Back {
    let until = guest.now() + PATIENCE.as_secs_f64();
    let mut seen: Option<Back> = None;
    loop {
        let taken = trace::taken(guest, 1);
        let last = taken.last().map_or(0, |last| last.by);
        let mut own = taken.iter().filter(|picture| picture.by == last && !runs.contains(&last));
        if let Some(first) = own.next().filter(|first| first.at > since) {
            let back = seen.take().filter(|back| back.first.by == first.by);
            let back = back.unwrap_or_else(|| Back { first: *first, delay: guest.delay() });
            if own.nth(FLOWS).is_some() {
                trace::forget(guest);
                return back;
            }
            seen = Some(back);
        }
        assert!(guest.now() < until, "no picture came back\n{}", guest.log());
        // Whoever looks takes the time of those that are looked at.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// While the driver drops half of its pictures the others are taken, by the run that recorded before. A camera is read anew
/// when nothing came from it for `stall`, which is forty drops in a row and more: then the guest must have waited for a
/// processor for as long.
async fn drops(guest: &mut Appliance, runs: &[u32]) {
    trace::forget(guest);
    let before = guest.delay();
    guest.ok("v4l2-ctl -d /dev/video1 -c percentage_of_dropped_buffers=50");
    let taken = poll("pictures between those that are dropped", PATIENCE, async || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let taken = trace::taken(guest, 1);
        (taken.len() > FLOWS && trace::dropped(&taken) > 0).then_some(taken)
    })
    .await;
    guest.ok("v4l2-ctl -d /dev/video1 -c percentage_of_dropped_buffers=0");
    let delay = guest.delay().since(before);
    let same = taken.iter().all(|picture| runs.last() == Some(&picture.by));
    let (count, dropped) = (taken.len(), trace::dropped(&taken));
    println!(
        "{count} pictures taken, {dropped} dropped by the driver, by one run: {same}; {delay}"
    );
    assert!(same || delay.in_all() >= guest.stall, "the camera was read anew: {taken:?}");
}

/// When the driver came back, by the kernel's log.
async fn plugged_in(guest: &mut Appliance, since: f64) -> f64 {
    poll("it is plugged in again", PATIENCE, async || {
        let said = guest.ok("dmesg | grep 'vivid-001: reconnect' || true");
        let at =
            |line: &str| line.trim_start_matches(['[', ' ']).split(']').next()?.trim().parse().ok();
        said.lines().filter_map(at).find(|at: &f64| *at > since)
    })
    .await
}

/// What the box holds of cameras and films, its encoders, and what is stuck; and how many files are open in all.
fn held(guest: &mut Appliance) -> (String, usize) {
    let files = guest.ok("for fd in /proc/$(pidof arctos-box)/fd/*; do readlink $fd; done | sort");
    let own = ["/dev/", "/data/recordings/", "pipe:"];
    let own = |file: &&str| own.iter().any(|start| file.starts_with(start));
    let kind = |file: &str| file.split(":[").next().unwrap_or_default().to_owned();
    let mut held: Vec<String> = files.lines().filter(own).map(kind).collect();
    let stuck = r"cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*(\(.*\)) \(.\) \([0-9]*\).*/\1 \2 \3/' | awk '$3 != 2 && $2 ~ /[DZ]/'";
    held.extend(guest.ok("pidof ffmpeg7 | wc -w").lines().map(|n| format!("encoders: {n}")));
    held.extend(guest.ok(stuck).lines().map(|line| format!("stuck: {line}")));
    (held.join("\n"), files.lines().count())
}
