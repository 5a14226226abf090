//! A soak: the real program under an ordinary day's work, for as long as is asked. Each minute it prints what the box
//! holds; at the end memory, descriptors, threads and tasks must lie where they lay after the first quarter, and the
//! bytes written a day are told. In `cargo test` it lasts ten seconds.
//!
//! One hour: `ARCTOS_SOAK_S=3600 cargo test --release --locked --test it soak -- --nocapture`; three days: 259200.

mod work;

use std::time::{Duration, Instant};

use crate::hostile::Figures;
use crate::process::{Person, Service, serve};
use work::Work;

/// What a box may hold more in the last quarter than in the second: the store's page caches fill for a while, and each
/// lesson leaves a few words in memory. The rest may not grow but for what happens to be under way.
const KIB_MORE: u64 = 6 * 1024;
const DESCRIPTORS_MORE: u64 = 16;
const THREADS_MORE: u64 = 8;
const TASKS_MORE: u64 = 24;
/// Shorter than this nothing has settled yet: it is printed, and not judged.
const SETTLED: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_lessons_leaves_the_box_as_it_was() {
    let span = std::env::var("ARCTOS_SOAK_S").map_or(10, |text| text.parse().expect("seconds"));
    let span = Duration::from_secs(span);
    let dir = tempfile::tempdir().unwrap();
    let service = Service::run(serve(dir.path(), &["--set", "log.level=error"]), "https");
    let mut work = Work::begin(&service, span).await;
    let observer = Person::new(&service.base());
    let began = (Instant::now(), written(service.pid()));
    // Sixty looks at least, one a minute at most.
    let pace = (span / 60).clamp(Duration::from_millis(500), Duration::from_secs(60));
    let mut looks = Vec::new();
    println!("     s  RSS KiB  descriptors  threads  tasks    MB written  answers");
    while began.0.elapsed() < span {
        tokio::time::sleep(pace).await;
        work.is_well();
        let look = Look::at(&service, &observer).await;
        let (seconds, mb) = (began.0.elapsed().as_secs(), look.written / 1_000_000);
        let (rss, fds) = (look.rss_kib, look.descriptors);
        let (threads, tasks, answers) = (look.threads, look.tasks, work.answers());
        println!("{seconds:>6} {rss:>8} {fds:>12} {threads:>8} {tasks:>6} {mb:>13} {answers:>8}");
        looks.push(look);
    }
    let done = work.end().await;
    let share = 86_400.0 / began.0.elapsed().as_secs_f64();
    let all = (written(service.pid()) - began.1) as f64 * share / 1e9;
    let films = bytes_under(&dir.path().join("recordings")) as f64 * share / 1e9;
    println!("{done}; written a day: {all:.2} GB, of which the films are {films:.2} GB");
    if span >= SETTLED {
        judge(&looks);
    }
}

/// What the box holds at one moment.
struct Look {
    rss_kib: u64,
    descriptors: u64,
    threads: u64,
    tasks: u64,
    written: u64,
}

impl Look {
    async fn at(service: &Service, observer: &Person) -> Self {
        let metrics = observer.get("/metrics").await.unwrap();
        let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
        let tasks = metrics.lines().find_map(|line| line.strip_prefix("arctos_tasks "));
        let figures = Figures::of(service.pid());
        Self {
            rss_kib: figures.rss_kib,
            descriptors: figures.descriptors as u64,
            threads: figures.threads,
            tasks: tasks.expect("a metric tells it").parse().unwrap(),
            written: written(service.pid()),
        }
    }
}

/// The last quarter against the second, by what is held at least: what lies under that is never given back.
fn judge(looks: &[Look]) {
    let quarter = looks.len() / 4;
    let (second, last) = (&looks[quarter..2 * quarter], &looks[3 * quarter..]);
    type Held = (&'static str, fn(&Look) -> u64, u64);
    let held: [Held; 4] = [
        ("KiB of memory", |look| look.rss_kib, KIB_MORE),
        ("descriptors", |look| look.descriptors, DESCRIPTORS_MORE),
        ("threads", |look| look.threads, THREADS_MORE),
        ("tasks", |look| look.tasks, TASKS_MORE),
    ];
    for (what, of, more) in held {
        let least = |looks: &[Look]| looks.iter().map(of).min().expect("there are sixty looks");
        let (before, after) = (least(second), least(last));
        println!("{what}: {before}, then {after}");
        assert!(after <= before + more, "{what} grew from {before} to {after}, more than {more}");
    }
}

/// Bytes that a process has had written to the disk.
fn written(pid: u32) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap();
    line.parse().unwrap()
}

fn bytes_under(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => bytes_under(&entry.path()),
        Ok(_) | Err(_) => entry.metadata().map_or(0, |meta| meta.len()),
    });
    sizes.sum()
}
