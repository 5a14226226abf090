//! Log-ins: what one costs beside the hash alone, and what 500 at once do to everybody else.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::classroom::turn;
use crate::client::{self, Wire};
use crate::counters::{self, Cpu};
use crate::open::Crowd;
use crate::people::{self, ARRIVING, PASSWORD, handle};
use crate::process::{self, OWN_CORE, SERVER_CORE};
use crate::report::{Line, median};
use crate::scene::{Call, Expects, Scene};
use crate::seed::Seed;
use crate::{Done, Plan};

/// Hashes, and log-ins, of one turn.
const EACH: u32 = 10;
/// The box's parameters: see `domain::password`.
const PARAMS: (u32, u32, u32) = (19 * 1024, 2, 1);
/// As many as there are clients; the box lets 512 wait.
const AT_ONCE: u32 = 500;
/// On one core, beside the heartbeats, a hash takes some 20 ms.
const STORM_MAX: Duration = Duration::from_secs(60);
const GROWTH_MB: f64 = 24.0;

/// The log-in of somebody without a seat: a new token ends the old.
fn enter(n: u32) -> Vec<u8> {
    let people = ARRIVING.end - ARRIVING.start;
    let who = handle(ARRIVING.start + n % people);
    people::edu("account/login", "", json!({"id": who, "pwd": PASSWORD}))
}

/// Some log in again and again.
pub fn calls() -> Vec<Call> {
    let expects = Expects::Begins(br#"{"errorCode":0"#);
    (0..2).map(|n| Call { request: enter(n), expects: expects.clone() }).collect()
}

pub async fn enters(wire: &mut Wire, n: u32) -> Done<()> {
    let answer = wire.ask(&enter(n)).await?;
    let value: Value = serde_json::from_slice(answer.body)?;
    if value["errorCode"] != 0 || value["data"]["token"].as_str().is_none() {
        return Err(format!("a log-in is answered {}", client::shown(answer.body)).into());
    }
    Ok(())
}

pub async fn one(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let mut wire = Wire::open(scene.house.http).await?;
    let mut memory = Vec::new();
    enters(&mut wire, 0).await?;
    hash(&mut memory)?;
    let (mut hashes, mut entries) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        hashes.push(alone(seed, &mut memory)?);
        let before = Cpu::of(scene.house.pid())?;
        for n in 0..EACH {
            enters(&mut wire, round * EACH + n).await?;
        }
        entries.push(Cpu::of(scene.house.pid())?.since(&before).as_secs_f64());
    }
    let ratio = median(hashes.iter().zip(&entries).map(|(h, e)| e / h).collect());
    let ms = |seconds: Vec<f64>| median(seconds) * 1e3 / f64::from(EACH);
    let ours = format!("{:.1} = {ratio:.3} ×", ms(entries));
    let line = Line::new("log-in, argon2id 19 MiB t=2 p=1, CPU ms (floor: the hash alone)", ours);
    Ok(vec![line.floor(format!("{:.1}", ms(hashes))).at_most(ratio, Some(1.05))])
}

/// The hashes alone, in this process, on the server's core.
fn alone(seed: &Seed, memory: &mut Vec<Block>) -> Done<f64> {
    if seed.pinned {
        process::pin(SERVER_CORE)?;
    }
    let own = std::process::id();
    let before = Cpu::of(own)?;
    (0..EACH).try_for_each(|_| hash(memory))?;
    // Gives the processor away, so that the kernel counts.
    std::thread::sleep(Duration::from_millis(1));
    let used = Cpu::of(own)?.since(&before).as_secs_f64();
    if seed.pinned {
        process::pin(OWN_CORE)?;
    }
    Ok(used)
}

fn hash(memory: &mut Vec<Block>) -> Done<()> {
    let (kib, passes, lanes) = PARAMS;
    let params = Params::new(kib, passes, lanes, Some(32)).map_err(|e| e.to_string())?;
    memory.resize(params.block_count(), Block::default());
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut out = [0; 32];
    let done =
        argon.hash_password_into_with_memory(PASSWORD.as_bytes(), &[7; 16], &mut out, memory);
    Ok(done.map_err(|e| e.to_string())?)
}

pub async fn storm(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let calls = scene.heartbeats(seed, people::CLIENTS).await?;
    let http = scene.house.http;
    let (mut quiet, mut loud, mut grown, mut took) = (vec![], vec![], vec![], vec![]);
    for _ in 0..plan.rounds {
        quiet.push(Crowd::connect(http, &calls).await?.beat(turn(plan)).await?.p99());
        let before = counters::rss_mb(scene.house.pid())?;
        let mut entering = JoinSet::new();
        for n in 0..AT_ONCE {
            let mut wire = Wire::open(http).await?;
            entering.spawn_local(async move { enters(&mut wire, n).await });
        }
        let (began, mut most) = (std::time::Instant::now(), before);
        let crowd = Crowd::connect(http, &calls).await?;
        let everybody = async {
            while let Some(done) = entering.join_next().await {
                done??;
                most = most.max(counters::rss_mb(scene.house.pid())?);
            }
            Done::Ok(began.elapsed().as_secs_f64())
        };
        let everybody = tokio::time::timeout(STORM_MAX, everybody);
        let (beats, entered) = tokio::join!(crowd.beat(turn(plan)), everybody);
        loud.push(beats?.p99());
        took.push(entered??);
        grown.push(most - before);
    }
    let ratio = median(quiet.iter().zip(&loud).map(|(q, l)| l / q).collect());
    let grown = grown.into_iter().fold(0.0, f64::max);
    let what = "500 log-ins at once while 500 clients heartbeat";
    let p99 = format!("{:.2} = {ratio:.2} ×", median(loud));
    Ok(vec![
        Line::new(format!("{what}: heartbeat p99, ms (floor: quiet)"), p99)
            .floor(format!("{:.2}", median(quiet)))
            .at_most(ratio, Some(2.0)),
        Line::new(format!("{what}: memory grows by (RSS), MB"), format!("{grown:.1}"))
            .limit(format!("{GROWTH_MB}"), grown <= GROWTH_MB),
        Line::new(format!("{what}: all are in after, s"), format!("{:.1}", median(took))),
    ])
}
