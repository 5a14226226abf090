//! `kill -9` of the box in the middle of a lesson, again and again: what was acknowledged is there, the lesson
//! goes on, and little picture is lost. The page cache survives a kill; `power.rs` cuts the power.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::process::{Person, Service, decode, disguise, pictures, poll, recording};

const KILLS: usize = 20;
/// Printed with the results; another value gives other moments.
const SEED: u64 = 0x5eed_2026_1121;
const RATE: f64 = 15.0;
/// Runs of the encoder lie further apart than this, pictures of one run nearer.
const BETWEEN_RUNS_S: f64 = 0.2;
/// What the requirement says, and what one start may take on a machine that builds something else meanwhile.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);
const ANSWERS_AT_WORST: Duration = Duration::from_secs(3);

/// Notes in a file of its own for each run which pictures went into the encoder, as they do.
const COUNTING: &str = r#"
n=$#
run=$(date +%s%N)
while [ "$n" -gt 0 ]; do
  a=$1; shift; n=$((n-1))
  case "$a" in *,split\[v\]*)
    a="${a%%,split*},metadata=mode=add:key=n:value=1,metadata=mode=print:file=FRAMES/$run:direct=1,split${a#*,split}";;
  esac
  set -- "$@" "$a"
done
exec "$REAL" "$@""#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_in_one_lesson_lose_nothing_acknowledged_and_at_most_a_second_of_picture_each()
{
    let dir = tempfile::tempdir().unwrap();
    let (data, log, frames) = (dir.path().join("d"), dir.path().join("log"), dir.path().join("f"));
    std::fs::create_dir(&frames).unwrap();
    let script = COUNTING.replace("FRAMES", &frames.display().to_string());
    let ffmpeg = disguise(&dir.path().join("ffmpeg"), &script);
    let more = ["--set", ffmpeg.as_str(), "--set", "log.level=info"];

    let mut service = Service::start_logged(&data, &log, &more);
    let mut ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    let book = Arc::new(Book::default());
    let mut random = SEED;
    let mut starts = Vec::new();
    for kill in 0..KILLS {
        poll("the next run's pictures", Duration::from_secs(20), async || {
            (handed(&frames).len() > kill && handed(&frames)[kill] > 0).then_some(())
        })
        .await;
        let clients = Clients::start(&ann, room, &book);
        tokio::time::sleep(moment(&mut random)).await;
        service.kill();
        clients.join().await;

        let spawned = Instant::now();
        service = Service::start_logged(&data, &log, &more);
        ann = ann.at(&service.base());
        assert_eq!(ann.get("/healthz").await.unwrap().status, 200);
        let row = row(&ann, room).await;
        starts.push(spawned.elapsed());
        assert_eq!((&row["state"], &row["memsize"]), (&json!(1), &json!(1)), "kill {kill}: {row}");
        assert_eq!(ann.lesson(room).await["recording"], true, "kill {kill}");
        book.check(&ann, room, Since::Last).await;
    }
    poll("the last run's pictures", Duration::from_secs(20), async || {
        handed(&frames).get(KILLS).copied().filter(|n| *n > 15)
    })
    .await;
    book.check(&ann, room, Since::Ever).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, Duration::from_secs(20)).await;

    let film = recording(&data, room);
    assert_eq!(decode(&film.display().to_string()), "");
    let losses = compare(&handed(&frames), &kept(&film));
    report(&book, &mut starts, &losses);
    assert!(losses.iter().all(|loss| *loss <= 1.0), "{losses:?}");
    assert!(starts[KILLS / 2] < ANSWERS_WITHIN, "median {:?}", starts[KILLS / 2]);
    assert!(starts[KILLS - 1] < ANSWERS_AT_WORST, "worst {:?}", starts[KILLS - 1]);
    let index = ann.index(room).await;
    let gaps = index["log"].as_array().unwrap().iter().filter(|line| line["event"] == "gap");
    assert_eq!(gaps.count(), KILLS, "each is in the lesson's log: {}", index["log"]);
}

/// From 0.7 to 2.5 s, by a small generator (splitmix64).
fn moment(state: &mut u64) -> Duration {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Duration::from_millis(700 + (z ^ (z >> 31)) % 1800)
}

async fn row(who: &Person, room: i64) -> Value {
    let ask = json!({"index": 0, "size": 1, "roomnum": room});
    who.ok("live/roomlist", ask).await["rooms"][0].clone()
}

/// Pictures that each run handed to its encoder, in order of the runs.
fn handed(frames: &Path) -> Vec<usize> {
    let mut runs: Vec<PathBuf> =
        std::fs::read_dir(frames).unwrap().map(|e| e.unwrap().path()).collect();
    runs.sort();
    let count = |run: &PathBuf| {
        let text = std::fs::read_to_string(run).unwrap();
        text.lines().filter(|line| line.starts_with("frame:")).count()
    };
    runs.iter().map(count).collect()
}

/// Pictures of each run that are in the film: gaps part them.
fn kept(film: &Path) -> Vec<usize> {
    let shown = pictures(film);
    let runs = shown.chunk_by(|before, after| after - before < BETWEEN_RUNS_S);
    runs.map(<[f64]>::len).collect()
}

/// Seconds of picture that each kill cost. The encoder goes on for up to a fragment after its reader is dead,
/// which counts against us.
fn compare(handed: &[usize], kept: &[usize]) -> Vec<f64> {
    println!("kill  handed  kept  lost");
    assert_eq!(handed.len(), kept.len(), "each run is in the film: {handed:?} {kept:?}");
    let mut losses = Vec::new();
    for (kill, (handed, kept)) in handed.iter().zip(kept).take(KILLS).enumerate() {
        assert!(kept <= handed, "kill {kill}: more kept than handed over");
        let lost = u32::try_from(handed - kept).unwrap();
        losses.push(f64::from(lost) / RATE);
        println!("{:>4}  {handed:>6}  {kept:>4}  {:.2} s", kill + 1, losses[kill]);
    }
    losses
}

fn report(book: &Book, starts: &mut [Duration], losses: &[f64]) {
    let each: Vec<u128> = starts.iter().map(Duration::as_millis).collect();
    starts.sort_unstable();
    let (low, median, high) = (starts[0], starts[starts.len() / 2], starts[starts.len() - 1]);
    let worst = losses.iter().copied().fold(0.0, f64::max);
    println!("seed {SEED:#x}; spawn to first command, ms: {each:?}");
    println!("start min {low:?}, median {median:?}, max {high:?}; worst loss {worst:.2} s");
    let (accounts, rooms, files) = book.counts();
    println!("acknowledged and there: {accounts} accounts, {rooms} rooms, {files} bindings");
}

/// What clients were told is done.
#[derive(Default)]
struct Book {
    accounts: Mutex<Vec<String>>,
    rooms: Mutex<Vec<i64>>,
    files: Mutex<Vec<String>>,
    checked: AtomicUsize,
    next: AtomicUsize,
}

#[derive(PartialEq)]
enum Since {
    Last,
    Ever,
}

impl Book {
    fn counts(&self) -> (usize, usize, usize) {
        let (accounts, rooms) = (self.accounts.lock().unwrap(), self.rooms.lock().unwrap());
        (accounts.len(), rooms.len(), self.files.lock().unwrap().len())
    }

    fn name(&self, what: &str) -> String {
        format!("{what}{}", self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Everything that was acknowledged is there. Accounts cost a request each, so those that were found after
    /// an earlier kill are looked for again at the very end only.
    async fn check(&self, who: &Person, room: i64, since: Since) {
        let accounts = self.accounts.lock().unwrap().clone();
        let checked = self.checked.swap(accounts.len(), Ordering::Relaxed);
        let from = if since == Since::Ever { 0 } else { checked };
        for id in &accounts[from..] {
            let again = json!({"id": id, "pwd": "pw", "role": 0});
            let answer = who.call("account/regist", again).await.unwrap();
            assert_eq!(answer["errorCode"], 10004, "{id} was registered: {answer}");
        }
        let rooms: Vec<Value> = pages(who, "live/roomlist", json!({}), "rooms").await;
        let rooms: Vec<i64> = rooms.iter().map(|r| r["roomnum"].as_i64().unwrap()).collect();
        for number in self.rooms.lock().unwrap().iter() {
            assert!(rooms.contains(number), "room {number} was created: {rooms:?}");
        }
        let files = pages(who, "live/querybind", json!({"roomnum": room}), "bind_files").await;
        let files: Vec<&str> = files.iter().map(|f| f["file_name"].as_str().unwrap()).collect();
        for name in self.files.lock().unwrap().iter() {
            assert!(files.contains(&name.as_str()), "{name} was bound: {files:?}");
        }
    }
}

/// All rows of a list, fifty at a time.
async fn pages(who: &Person, command: &str, ask: Value, rows: &str) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let mut ask = ask.clone();
        ask["index"] = all.len().into();
        ask["size"] = 50.into();
        let page = who.ok(command, ask).await;
        let page = page[rows].as_array().unwrap().clone();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Three clients that write until the box is gone.
struct Clients {
    tasks: JoinSet<()>,
    over: Arc<AtomicBool>,
}

impl Clients {
    fn start(ann: &Person, room: i64, book: &Arc<Book>) -> Self {
        let (mut tasks, over) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
        for kind in 0..3 {
            let (who, book, over) = (ann.at(&ann.base), book.clone(), over.clone());
            tasks.spawn(async move {
                while !over.load(Ordering::Relaxed) && write(&who, room, kind, &book).await {
                    tokio::time::sleep(Duration::from_millis(25)).await;
                }
            });
        }
        Self { tasks, over }
    }

    async fn join(mut self) {
        self.over.store(true, Ordering::Relaxed);
        while let Some(done) = self.tasks.join_next().await {
            done.unwrap();
        }
    }
}

/// One write, noted once it is acknowledged; false when nobody answered.
async fn write(who: &Person, room: i64, kind: usize, book: &Book) -> bool {
    let (command, name, body) = match kind {
        0 => {
            let id = book.name("user");
            ("account/regist", id.clone(), json!({"id": id, "pwd": "pw", "role": 0}))
        }
        1 => ("live/create", String::new(), json!({"title": "another"})),
        _ => {
            let name = book.name("file");
            let file = json!({"type": 0, "file_name": name, "url": format!("/files/{name}")});
            let bind = json!({"roomnum": room, "operate": 0, "bind_file": file});
            ("live/reportbind", name, bind)
        }
    };
    let Ok(answer) = who.call(command, body).await else { return false };
    assert_eq!(answer["errorCode"], 0, "{command}: {answer}");
    match kind {
        0 => book.accounts.lock().unwrap().push(name),
        1 => book.rooms.lock().unwrap().push(answer["data"]["roomnum"].as_i64().unwrap()),
        _ => book.files.lock().unwrap().push(name),
    }
    true
}
