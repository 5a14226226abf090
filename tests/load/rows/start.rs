//! How soon the box is there: after a start, and after a `kill -9` in the middle of writing.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::writes;
use crate::client::{Wire, shown};
use crate::closed::Loop;
use crate::process::{self, Process};
use crate::report::{Line, median};
use crate::scene::{Call, Expects};
use crate::seed::{RECORDS_NOTHING, Seed};
use crate::{Done, Plan};

/// Starts of one round.
const STARTS: u32 = 4;
/// Time after which a start has failed.
const PATIENCE: Duration = Duration::from_secs(20);
const ACCEPTED_MS: f64 = 10.0;
const ANSWERED_MS: f64 = 25.0;
/// A WAL that has grown so far is about to be folded into the store: 1000 pages.
const WAL_BYTES: u64 = 3_900_000;

/// Milliseconds until a connection was accepted, and until an answer was right.
struct Start {
    accepted: f64,
    answered: f64,
}

pub async fn start(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let data = seed.copy()?;
    let call = beat(seed);
    let length = call.expects.length();
    let to_floor = call.to_floor(length);
    let (mut floors, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds * STARTS {
        let addr = free()?;
        let bare = process::floor_at(&addr.to_string(), length)?;
        let (took, process) = first_answer(bare, addr, &to_floor, seed, Instant::now()).await?;
        floors.push(took);
        process.stop()?;
        let addr = free()?;
        let house = process::house_at(data.path(), &addr.to_string(), RECORDS_NOTHING)?;
        let (took, process) = first_answer(house, addr, &call, seed, Instant::now()).await?;
        ours.push(took);
        process.stop()?;
    }
    let of = |starts: &[Start], part: fn(&Start) -> f64| median(starts.iter().map(part).collect());
    let line = |what: &str, part: fn(&Start) -> f64, most: f64| {
        let found = of(&ours, part);
        Line::new(format!("start to first {what}, ms"), format!("{found:.1}"))
            .floor(format!("{:.1}", of(&floors, part)))
            .limit(format!("{most}"), found <= most)
    };
    Ok(vec![
        line("accepted connection", |s| s.accepted, ACCEPTED_MS),
        line("right answer", |s| s.answered, ANSWERED_MS),
    ])
}

/// Milliseconds from a start on `data` to the first right answer.
pub async fn once(seed: &Seed, data: &Path) -> Done<f64> {
    let addr = free()?;
    let house = process::house_at(data, &addr.to_string(), RECORDS_NOTHING)?;
    let (took, process) = first_answer(house, addr, &beat(seed), seed, Instant::now()).await?;
    process.stop()?;
    Ok(took.answered)
}

pub async fn kill(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let data = seed.copy()?;
    let (mut times, mut wals) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let addr = free()?.to_string();
        let house = Process::house(data.path(), &addr, RECORDS_NOTHING, seed.pinned)?;
        let load = Loop::open(house.http, house.pid(), &writes::calls()).await?;
        let until = Instant::now() + PATIENCE;
        let wal = loop {
            load.run(Duration::from_millis(50)).await?;
            let size = size_of_wal(data.path());
            if size >= WAL_BYTES || Instant::now() > until || plan.smoke {
                break size;
            }
        };
        // Dies with writes under way: the gate is open and nobody waits for the answers.
        load.leave_open().await;
        let newest = writes::newest(house.http).await?;
        let began = Instant::now();
        house.kill()?;
        drop(load);
        let addr = free()?;
        let house = process::house_at(data.path(), &addr.to_string(), RECORDS_NOTHING)?;
        let (took, house) = first_answer(house, addr, &beat(seed), seed, began).await?;
        if writes::newest(house.http).await? < newest {
            return Err("a course that was acknowledged is gone".into());
        }
        times.push(took.answered);
        wals.push(wal as f64 / 1e6);
        house.stop()?;
    }
    let (took, wal) = (median(times), median(wals));
    let what = format!("kill -9 under load to first right answer, WAL {wal:.1} MB, ms");
    let line = Line::new(what, format!("{took:.1}"));
    Ok(vec![line.limit(format!("{ANSWERED_MS}"), took <= ANSWERED_MS)])
}

fn beat(seed: &Seed) -> Call {
    let request = seed.heartbeats(1).swap_remove(0);
    Call { request, expects: Expects::Body(br#"{"errorCode":0,"errorInfo":""}"#.to_vec()) }
}

/// An address that nobody has; for a moment nobody else will.
fn free() -> Done<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn size_of_wal(data: &Path) -> u64 {
    std::fs::metadata(data.join("box.db-wal")).map_or(0, |file| file.len())
}

/// Starts a server and asks until it answers; times are from `began`.
async fn first_answer(
    command: Command,
    addr: SocketAddr,
    call: &Call,
    seed: &Seed,
    began: Instant,
) -> Done<(Start, Process)> {
    let mut process = Process::begin(command, seed.pinned)?;
    process.http = addr;
    let stream = loop {
        match TcpStream::connect(addr) {
            Ok(stream) => break stream,
            Err(e) if began.elapsed() > PATIENCE => return Err(format!("{addr}: {e}").into()),
            // tokio's timer knows milliseconds only.
            Err(_) => std::thread::sleep(Duration::from_micros(200)),
        }
    };
    let accepted = began.elapsed().as_secs_f64() * 1e3;
    let mut wire = Wire::over(stream)?;
    let answer = wire.ask(&call.request).await?;
    let answered = began.elapsed().as_secs_f64() * 1e3;
    if !call.expects.is_met(answer.body) {
        return Err(format!("the first answer is {}", shown(answer.body)).into());
    }
    Ok((Start { accepted, answered }, process))
}
