//! A lesson recorded from a real driver: every picture that the driver gave is in the recording, at its time.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::appliance::{Appliance, Course, PATIENCE};
use crate::process::{Person, decode, pictures, poll, probe};
use crate::trace::{self, Taken};

/// Of film.
const LESSON_S: f64 = 60.0;
/// Pictures a second.
const RATE: f64 = 10.0;
/// What is in ffmpeg's hands when it is told to end, if it was behind: the queue of its reader (`-thread_queue_size`), and in
/// each of its two threads a picture that came out of it or waits for a place in it, and the one after that. If it is killed
/// because it ends too slowly, a part of three pictures that was not written.
const IN_HAND: usize = 64 + 2 * 2 + 3;
/// A tone, played to the microphone in mid-lesson. Not for longer: on this machine sound costs more to encode than the picture
/// does, and silence costs nothing.
const TONE: &str = "ffmpeg -nostdin -v error -f lavfi -i sine=frequency=440:sample_rate=48000:duration=4 -ac 2 -f alsa hw:Loopback,0,0";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_picture_of_a_real_driver_is_in_the_recording() {
    let mut guest = Appliance::start("input = \"camera\"\n", Course::Smooth).await;
    names(&mut guest).await;
    trace::start(&mut guest);
    let teacher = Person::arrive(&guest.base, "ann", 1).await;
    let before = guest.delay();
    let room = teacher.teach().await;
    watched(&teacher, room, 1.0).await;
    guest.ok(&format!("{TONE} &"));
    watched(&teacher, room, LESSON_S).await;
    let ended = guest.now();
    guest.end(&teacher, room).await;
    let taken = trace::taken(&mut guest, 0);
    let delay = guest.delay().since(before);
    let dir = tempfile::tempdir().unwrap();
    let film = dir.path().join("1.mp4");
    guest.film(&teacher, room, &film).await;
    let shown = pictures(&film);
    let fate = Fate::of(&taken, &shown);
    println!("{fate}; {delay}; behind by {:.2} s at the end", ended - fate.last.at);
    account(&mut guest, shown.len());
    assert!(shown.last().unwrap() - shown[0] >= LESSON_S, "{shown:?}");
    check(&film);
}

/// Waits until so many seconds of the running lesson can be watched.
pub async fn watched(watcher: &Person, room: i64, least: f64) {
    poll("the lesson grows", PATIENCE, async || {
        tokio::time::sleep(Duration::from_secs(1)).await;
        (seconds(watcher, room).await >= least).then_some(())
    })
    .await;
}

/// How much of it can be watched.
pub async fn seconds(watcher: &Person, room: i64) -> f64 {
    length(watcher, &watcher.lesson(room).await["playlist"]).await
}

/// How long what a playlist lists is; nothing, when there is none.
pub async fn length(watcher: &Person, playlist: &Value) -> f64 {
    let Some(playlist) = playlist.as_str() else { return 0.0 };
    let text = String::from_utf8(watcher.get(playlist).await.unwrap().body.to_vec()).unwrap();
    let lengths = text.lines().filter_map(|line| line.strip_prefix("#EXTINF:"));
    lengths.map(|rest| rest.trim_end_matches(',').parse::<f64>().unwrap()).sum()
}

/// The cameras are known by where they are plugged in, and how they would be recorded is said.
async fn names(guest: &mut Appliance) {
    // A slow machine may need more than one look until ffmpeg has said in time what it can do.
    let report = poll("a camera that can be recorded", PATIENCE, async || {
        let report = guest.ok("/box/arctos-box --data /data inputs --json");
        let report: Value = serde_json::from_str(&report).unwrap();
        (report["inputs"][0]["ok"] == true).then_some(report)
    })
    .await;
    assert_eq!(report["board"], "qemu-virt");
    let [camera, slides] = [0, 1].map(|n| report["inputs"][n].clone());
    assert_eq!(camera["camera"]["bus"], "platform:vivid-000");
    assert_eq!(camera["card"]["id"], "Loopback");
    assert_eq!(camera["chosen"]["width"], 320, "{camera:#}");
    assert_eq!(slides["camera"]["bus"], "platform:vivid-001");
}

/// What became of the pictures that were taken from the driver.
struct Fate {
    taken: usize,
    /// By ffmpeg, to see what it gets, before it began to record.
    looked_at: usize,
    recorded: usize,
    /// In ffmpeg's hands when the lesson ended.
    in_hand: usize,
    dropped: u64,
    last: Taken,
}

impl Fate {
    /// The first picture that ffmpeg's reader took is the first of the recording; from then on each has its own, at its time.
    fn of(taken: &[Taken], shown: &[f64]) -> Self {
        let reader = taken.last().expect("pictures were taken").by;
        let looked_at = taken.iter().take_while(|picture| picture.by != reader).count();
        let read = &taken[looked_at..];
        assert!(read.iter().all(|picture| picture.by == reader), "two runs: {taken:?}");
        assert!(shown.len() <= read.len(), "more was recorded than there was");
        let in_hand = read.len() - shown.len();
        assert!(in_hand <= IN_HAND, "{in_hand} pictures at the end were not recorded");
        // ffmpeg rounds to a tenth of a second, and one that comes early stays behind the one before it.
        for (picture, time) in read.iter().zip(shown) {
            let moved = (picture.at - read[0].at) - (time - shown[0]);
            assert!(moved.abs() * RATE < 2.5, "{picture:?} is shown at {time}, {moved} s off");
        }
        let (dropped, last) = (trace::dropped(taken), read[shown.len() - 1]);
        let (taken, recorded) = (taken.len(), shown.len());
        Self { taken, looked_at, recorded, in_hand, dropped, last }
    }
}

impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { taken, looked_at, recorded, in_hand, dropped, .. } = self;
        write!(
            f,
            "{taken} pictures taken from the driver = {looked_at} looked at before the encoder began + {recorded} \
             recorded + {in_hand} in its hands at the end; {dropped} more dropped by the driver itself"
        )
    }
}

/// By ffmpeg's own account, as many pictures were read, decoded, encoded and written as there are in the film. One that had to
/// be killed at the end, on a slow machine, gives no account.
fn account(guest: &mut Appliance, recorded: usize) {
    let said =
        guest.ok("grep -h 'put stream #0:0 (video): ' $(grep -l 'pipe:1$' /data/ffmpeg-*.log)");
    if said.is_empty() {
        return println!("ffmpeg was killed before it gave its account");
    }
    let number = |words: &str| {
        let before = said.split(words).next().and_then(|text| text.split_whitespace().last());
        before.and_then(|count| count.parse().ok()).unwrap_or(usize::MAX)
    };
    for what in [" packets read", " frames decoded", " frames encoded", " packets muxed"] {
        assert_eq!(number(what), recorded, "{what}: {said}");
    }
}

/// It plays, has picture and sound, and the tone is heard that was played.
fn check(film: &Path) {
    let film = film.to_str().unwrap();
    assert_eq!(decode(film), "");
    assert_eq!(probe(film).0, ["h264", "aac"]);
    let tone = "bandpass=frequency=440:width_type=h:width=40,volumedetect";
    let heard = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-i", film, "-af", tone, "-vn", "-f", "null", "-"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&heard.stderr).into_owned();
    let level = text.split("max_volume: ").nth(1).and_then(|rest| rest.split(' ').next());
    let level = level.and_then(|db| db.parse::<f64>().ok());
    assert!(level.is_some_and(|db| db > -40.0), "the tone is not heard: {text}");
}
