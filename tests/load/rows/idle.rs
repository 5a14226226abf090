//! A box that is left alone: ten thousand connections on which nothing is said, and nobody at all.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use super::classroom::turn;
use crate::client::Wire;
use crate::open::Crowd;
use crate::people;
use crate::process::Process;
use crate::report::{Line, median};
use crate::scene::{Call, Scene};
use crate::seed::Seed;
use crate::talk::Talk;
use crate::{Done, Plan, counters};

const CONNECTIONS: usize = 10_000;
/// So many are being opened at once.
const AT_ONCE: usize = 20;
const MEMORY_MB: f64 = 120.0;
/// They are idle once nothing was said on them for so long.
const SILENCE: Duration = Duration::from_secs(2);
/// How long the box is left alone, and watched.
const ALONE: Duration = Duration::from_secs(20);
const WAKES: f64 = 2.0;

pub async fn connections(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let calls = scene.heartbeats(seed, people::CLIENTS).await?;
    let (http, pid) = (scene.house.http, scene.house.pid());
    let (mut quiet, mut beside, mut pss) = (vec![], vec![], vec![]);
    let (mut opened_in, mut open) = (vec![], (0, 0));
    for _ in 0..plan.rounds {
        quiet.push(Crowd::connect(http, &calls).await?.beat(turn(plan)).await?.p99());
        let began = Instant::now();
        let idle = open_all(http, &calls).await?;
        opened_in.push((began.elapsed() - SILENCE).as_secs_f64());
        pss.push(counters::pss_mb(pid)?);
        let still = || idle.iter().filter(|wire| wire.is_open()).count();
        let first = still();
        let crowd = Crowd::connect(http, &calls).await?;
        beside.push(crowd.beat(turn(plan)).await?.p99());
        open = (first, still());
    }
    let ratio = median(quiet.iter().zip(&beside).map(|(q, b)| b / q).collect());
    let pss = median(pss);
    let bare = bare(seed, &calls).await?;
    let p99 = format!("{:.2} = {ratio:.2} ×", median(beside));
    Ok(vec![
        Line::new("10,000 idle keep-alive connections: memory (PSS), MB", format!("{pss:.1}"))
            .floor(format!("{bare:.1}"))
            .limit(format!("{MEMORY_MB}"), pss <= MEMORY_MB),
        Line::new("10,000 idle keep-alive connections: heartbeat p99, ms (floor: without)", p99)
            .floor(format!("{:.2}", median(quiet)))
            .at_most(ratio, Some(1.5)),
        Line::new(
            format!(
                "10,000 idle keep-alive connections: open when measured, and {:?} later",
                turn(plan)
            ),
            format!("{} and {}, opened in {:.1} s", open.0, open.1, median(opened_in)),
        ),
    ])
}

/// What as many cost bare hyper.
async fn bare(seed: &Seed, calls: &[Call]) -> Done<f64> {
    let floor = Process::floor(calls[0].expects.length(), seed.pinned)?;
    let _idle = open_all(floor.http, calls).await?;
    counters::pss_mb(floor.pid())
}

/// Each has asked once: a connection that was never used is none of a client's.
async fn open_all(http: SocketAddr, calls: &[Call]) -> Done<Vec<Wire>> {
    let mut opening = JoinSet::new();
    for call in calls.iter().take(AT_ONCE).cloned() {
        opening.spawn_local(async move {
            let mut idle = Vec::new();
            for _ in 0..CONNECTIONS / AT_ONCE {
                let mut wire = Wire::open(http).await?;
                wire.ask(&call.request).await?;
                idle.push(wire);
            }
            Done::Ok(idle)
        });
    }
    let mut idle = Vec::new();
    while let Some(opened) = opening.join_next().await {
        idle.extend(opened??);
    }
    tokio::time::sleep(SILENCE).await;
    Ok(idle)
}

/// With its real encoder, for which nobody asks.
pub async fn wakes(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::with(seed, &[])?;
    let mut talk = Talk::open(scene.house.http).await?;
    for (class, room) in seed.classes.iter().enumerate() {
        let teacher = people::first_of(class);
        talk.edu("live/exitroom", teacher, json!({"roomnum": room})).await?;
    }
    drop(talk);
    // The ends of those lessons are written down, the start is over, the certificates are made.
    let (settle, alone) = match plan.smoke {
        true => (Duration::from_secs(1), Duration::from_secs(1)),
        false => (Duration::from_secs(15), ALONE),
    };
    tokio::time::sleep(settle).await;
    let before = counters::switches(scene.house.pid())?;
    tokio::time::sleep(alone).await;
    let wakes = (counters::switches(scene.house.pid())? - before) / alone.as_secs_f64();
    Ok(vec![
        Line::new("wake-ups a second with nobody connected", format!("{wakes:.1}"))
            .floor("0")
            .limit(format!("{WAKES}"), wakes <= WAKES),
    ])
}
