//! A camera that goes away in mid-lesson and comes back, that breaks off, that does not start, that drops pictures: the picture
//! comes back by itself, and nothing is left behind. The faults are vivid's own, ordered over V4L2; times are the guest's
//! monotonic clock.

use std::time::Duration;

use serde_json::Value;

use crate::appliance::{Appliance, PATIENCE, Stall};
use crate::machine::Delay;
use crate::process::{Person, decode, poll, probe};
use crate::trace::{self, Taken};

/// How often the cable is pulled.
const PULLS: usize = 10;
/// A run of ffmpeg that took so many pictures records; one that only looks takes fewer.
const FLOWS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_each_fault_of_a_camera_its_picture_is_back_and_nothing_is_left_behind() {
    let mut guest = Appliance::start("slides", Stall::Short).await;
    trace::start(&mut guest);
    let teacher = Person::arrive(&guest.base, "ann", 1).await;
    let began = guest.now();
    let room = teacher.teach().await;
    let mut run = flows(&mut guest, &[], 0.0).await;
    let mut runs = vec![run.by];
    let before = poll("one encoder runs", PATIENCE, async || {
        let (held, open) = held(&mut guest);
        (held.contains("encoders: 1") && !held.contains("stuck")).then_some((held, open))
    })
    .await;
    for pull in 1..=PULLS {
        // vivid plugs itself in again when nobody holds it any more.
        let fault = Fault::order(&mut guest, "disconnect=1");
        run = flows(&mut guest, &runs, fault.at).await;
        runs.push(run.by);
        let cable = plugged_in(&mut guest, fault.at).await;
        fault.over(&mut guest, &format!("cable pulled, {pull}"), cable, run);
    }
    let broken = "inject_fatal_streaming_error=1";
    let not_started = "inject_vidioc_streamon_error=1,inject_fatal_streaming_error=1";
    for (name, controls) in [("stream broken", broken), ("and not started again", not_started)] {
        let fault = Fault::order(&mut guest, controls);
        run = flows(&mut guest, &runs, fault.at).await;
        runs.push(run.by);
        let at = fault.at;
        fault.over(&mut guest, name, at, run);
    }
    drops(&mut guest, run).await;
    // What only just ends may end.
    let open = poll("nothing is left behind", PATIENCE, async || {
        let (held, open) = held(&mut guest);
        (held == before.0).then_some(open)
    })
    .await;
    println!("open files before {}, after {open}", before.1);
    assert!(open < before.1 + PULLS, "{} files were open, and now {open}", before.1);
    let ended = guest.now();
    guest.end(&teacher, room).await;
    let dir = tempfile::tempdir().unwrap();
    let film = dir.path().join("1.mp4");
    guest.film(&teacher, room, &film).await;
    assert_eq!(decode(film.to_str().unwrap()), "");
    // Neither lost nor made longer by what came while there was no picture.
    let length = probe(film.to_str().unwrap()).1;
    println!("{length} s of film in a lesson of {} s", ended - began);
    assert!(length <= ended - began + 5.0, "the film is longer than the lesson: {length} s");
    named(&teacher.index(room).await, PULLS + 2);
}

/// Each fault is told as a gap, and the ledger names the seconds of those that lasted three and more.
fn named(index: &Value, faults: usize) {
    let log = index["log"].as_array().unwrap();
    let time = |entry: &Value| entry["time"].as_i64().unwrap();
    let zero = log.iter().find(|entry| entry["event"] == "started").map(time).unwrap();
    let gaps: Vec<&Value> = log.iter().filter(|entry| entry["event"] == "gap").collect();
    assert!(gaps.len() >= faults, "{log:#?}");
    for gap in gaps {
        let lasted = gap["detail"].as_str().unwrap().split(' ').next().unwrap();
        let second = (time(gap) - zero) / 1000 + 1;
        let flaws = index["quality"]["flaws"].as_array().unwrap();
        let has = |flaw: &Value| {
            flaw["from"].as_i64() <= Some(second) && Some(second) < flaw["until"].as_i64()
        };
        let is_long = lasted.parse::<u64>().unwrap() >= 3000;
        assert!(!is_long || flaws.iter().any(has), "{gap} is not in {flaws:#?}");
    }
}

/// A fault that was ordered.
struct Fault {
    at: f64,
    before: Delay,
}

impl Fault {
    fn order(guest: &mut Appliance, controls: &str) -> Self {
        let fault = Self { before: guest.delay(), at: guest.now() };
        guest.ok(&format!("v4l2-ctl -d /dev/video1 -c {controls}"));
        fault
    }

    /// Says how long it took. `cable`: from then on there was a picture to be had.
    fn over(self, guest: &mut Appliance, what: &str, cable: f64, back: Taken) {
        let delay = guest.delay().since(self.before);
        let (let_go, back) = (cable - self.at, back.at - cable);
        println!("{what}: let go after {let_go:.2} s, back {back:.2} s after that; {delay}");
    }
}

/// Waits until a run of ffmpeg records that is none of these and began after `since`; the first picture that it took.
async fn flows(guest: &mut Appliance, runs: &[u32], since: f64) -> Taken {
    let until = guest.now() + PATIENCE.as_secs_f64();
    loop {
        let taken = trace::taken(guest, 1);
        let last = taken.last().map_or(0, |last| last.by);
        let mut own = taken.iter().filter(|picture| picture.by == last && !runs.contains(&last));
        if let (Some(first), Some(_)) = (own.next(), own.nth(FLOWS))
            && first.at > since
        {
            trace::forget(guest);
            return *first;
        }
        assert!(guest.now() < until, "no picture came back\n{}", guest.log());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// While the driver drops half of its pictures the others are taken.
async fn drops(guest: &mut Appliance, run: Taken) {
    trace::forget(guest);
    guest.ok("v4l2-ctl -d /dev/video1 -c percentage_of_dropped_buffers=50");
    let taken = poll("pictures between those that are dropped", PATIENCE, async || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let taken = trace::taken(guest, 1);
        (taken.len() > 3 * FLOWS && trace::dropped(&taken) > 0).then_some(taken)
    })
    .await;
    guest.ok("v4l2-ctl -d /dev/video1 -c percentage_of_dropped_buffers=0");
    // On a slow machine so few pictures may look like none.
    let same = taken.iter().all(|picture| picture.by == run.by);
    let (taken, dropped) = (taken.len(), trace::dropped(&taken));
    println!("{taken} pictures taken, {dropped} dropped by the driver, by one run: {same}");
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
    held.extend(guest.ok("pidof ffmpeg | wc -w").lines().map(|n| format!("encoders: {n}")));
    held.extend(guest.ok(stuck).lines().map(|line| format!("stuck: {line}")));
    (held.join("\n"), files.lines().count())
}
