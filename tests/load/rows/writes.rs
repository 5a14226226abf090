//! Power-safe writes: each answer means that the disk has it. Many clients share a sync, one client waits for its own.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::client::Wire;
use crate::closed::{Loop, Work};
use crate::people::{self, WRITERS, token};
use crate::report::{Line, median};
use crate::scene::{Call, Expects, Scene};
use crate::seed::Seed;
use crate::{Done, Plan, slow_disk};

const SYNCS: u32 = 200;
/// Clients that write at once, as many as `people::WRITERS` but for one.
const TOGETHER: u32 = 64;

/// The smallest write of the API: a course without a title. One account may make 10,000 at once.
pub fn calls() -> Vec<Call> {
    let make = |teacher| Call {
        request: people::edu("live/create", &token(teacher), json!({"title": ""})),
        expects: Expects::Begins(br#"{"errorCode":0"#),
    };
    WRITERS.map(make).collect()
}

/// The number of the newest course.
pub async fn newest(addr: SocketAddr) -> Done<i64> {
    let ask = json!({"index": 0, "size": 1});
    let ask = people::edu("live/roomlist", &token(WRITERS.start), ask);
    let answer: Value = serde_json::from_slice(Wire::open(addr).await?.ask(&ask).await?.body)?;
    let found = answer["data"]["rooms"][0]["roomnum"].as_i64();
    found.ok_or_else(|| format!("no newest course: {answer}").into())
}

pub async fn writes(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let mut lines = on(plan, &scene, &file_system(scene.data())?).await?;
    let what = "one sync of a page of that disk alone, written in place, ms";
    lines.push(Line::new(what, format!("{:.2}", sync(&scene)?)));
    drop(scene);
    lines.push(straight(plan, seed)?);
    let disk = format!("a disk whose sync takes {} ms longer", slow_disk::MS);
    lines.extend(on(plan, &Scene::on_slow_disk(seed)?, &disk).await?);
    Ok(lines)
}

async fn on(plan: &Plan, scene: &Scene, disk: &str) -> Done<Vec<Line>> {
    let (http, pid, calls) = (scene.house.http, scene.house.pid(), calls());
    let together = Loop::open(http, pid, &calls[1..]).await?;
    let mut pairs: Vec<(Work, Work)> = Vec::new();
    let before = newest(http).await?;
    for round in 0..plan.rounds {
        // Somebody else each time: nobody may make as many courses as all these turns do.
        let one = &calls[round as usize % calls.len()..][..1];
        let one = Loop::open(http, pid, one).await?.run(plan.turn()).await?;
        pairs.push((one, together.run(plan.turn()).await?));
    }
    let said: f64 = pairs.iter().map(|(one, many)| one.answers + many.answers).sum();
    let made = (newest(http).await? - before) as f64;
    if made != said {
        return Err(format!("{said} courses were acknowledged, {made} are there").into());
    }
    let of = |value: fn(&(Work, Work)) -> f64| median(pairs.iter().map(value).collect());
    let ratio = of(|(one, many)| many.rate() / one.rate());
    let ours = format!("{:.0} = {ratio:.1} ×", of(|(_, many)| many.rate()));
    let what = format!("power-safe writes a second, 64 clients (floor: 1 client), on {disk}");
    let line = Line::new(what, ours).floor(format!("{:.0}", of(|(one, _)| one.rate())));
    let cpu = Line::new("CPU µs of such a write", format!("{:.1}", of(|(_, many)| many.cpu_us())));
    let cpu = cpu.floor(format!("{:.1}", of(|(one, _)| one.cpu_us())));
    Ok(vec![line.at_least(ratio, Some(30.0)), cpu])
}

/// What this disk gives at best, in the same minute: SQLite alone, in this process, with as many courses a commit.
fn straight(plan: &Plan, seed: &Seed) -> Done<Line> {
    let folder = seed.copy()?;
    let conn = Connection::open(folder.path().join("box.db"))?;
    conn.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")?;
    let host: i64 = conn.query_row("SELECT host_id FROM room LIMIT 1", [], |row| row.get(0))?;
    let mut pairs = Vec::new();
    for _ in 0..plan.rounds {
        pairs.push((commits(plan, &conn, host, 1)?, commits(plan, &conn, host, TOGETHER)?));
    }
    let of = |value: fn(&(f64, f64)) -> f64| median(pairs.iter().map(value).collect());
    let (one, many) = (of(|(one, _)| *one), of(|(_, many)| *many));
    let what = "the same courses straight into SQLite, 64 a commit (floor: 1 a commit)";
    let ratio = of(|(one, many)| many / one);
    Ok(Line::new(what, format!("{many:.0} = {ratio:.1} ×")).floor(format!("{one:.0}")))
}

/// Rows a second.
fn commits(plan: &Plan, conn: &Connection, host: i64, rows: u32) -> Done<f64> {
    let (began, mut made) = (Instant::now(), 0);
    while began.elapsed() < plan.turn() {
        let commit = conn.unchecked_transaction()?;
        for _ in 0..rows {
            let row = "INSERT INTO room (host_id, title, cover, state, created_at, watch_key)
                VALUES (?1, '', '', 0, 0, '0123456789abcdef0123456789abcdef')";
            conn.prepare_cached(row)?.execute([host])?;
        }
        commit.commit()?;
        made += rows;
    }
    Ok(f64::from(made) / began.elapsed().as_secs_f64())
}

/// What a client alone waits for at least: the quicker the disk, the less is there to share.
fn sync(scene: &Scene) -> Done<f64> {
    let mut file = File::create(scene.data().join("sync"))?;
    file.write_all(&[0; 4096])?;
    file.sync_all()?;
    let began = Instant::now();
    for _ in 0..SYNCS {
        // As SQLite does it with its log, most of the time.
        file.write_all_at(&[1; 4096], 0)?;
        file.sync_data()?;
    }
    Ok(began.elapsed().as_secs_f64() * 1e3 / f64::from(SYNCS))
}

/// A memory disk would make every sync free.
fn file_system(folder: &std::path::Path) -> Done<String> {
    let mounts = std::fs::read_to_string("/proc/self/mounts")?;
    let folder = folder.canonicalize()?;
    let mounted = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (at, kind) = (words.next()?, words.next()?);
        folder.starts_with(at).then(|| (at.len(), kind.to_owned()))
    });
    Ok(mounted.max().map_or_else(|| "an unknown file system".to_owned(), |(_, kind)| kind))
}
