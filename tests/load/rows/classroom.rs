//! A school at work: 500 clients, each with a heartbeat every three seconds, in an open loop. How late answers come,
//! what the box holds in memory meanwhile and a minute later, and what it writes.

use std::time::Duration;

use crate::open::{Crowd, Latencies, PERIOD};
use crate::process::Process;
use crate::report::{Line, median};
use crate::scene::{Call, Scene};
use crate::seed::Seed;
use crate::{Done, Plan, counters, people};

/// A start is over by then, and what it needed given back: its threads end after ten seconds.
const SETTLED: Duration = Duration::from_secs(15);
const BACK_TO_IDLE: Duration = Duration::from_secs(60);
const DAY_S: f64 = 86_400.0;
const MEMORY_MB: f64 = 14.0;
const IDLE_MB: f64 = 5.0;
/// Nothing over this, in milliseconds.
const WORST_MS: f64 = 50.0;
/// Written a day, in GB.
const DISK_GB: f64 = 0.5;

/// What one turn of the crowd showed.
struct Seen {
    latencies: Latencies,
    pss_mb: f64,
}

/// Several periods, so that each turn has enough answers for a p99.
pub fn turn(plan: &Plan) -> Duration {
    if plan.smoke { PERIOD } else { PERIOD * 3 }
}

pub async fn classroom(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    tokio::time::sleep(SETTLED).await;
    let idle = at_rest(&scene).await?;
    let calls = scene.heartbeats(seed, people::CLIENTS).await?;
    let length = calls[0].expects.length();
    let bare = Process::floor(length, seed.pinned)?;
    let to_floor: Vec<Call> = calls.iter().map(|call| call.to_floor(length)).collect();
    let (mut floors, mut ours, mut bytes) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..plan.rounds {
        floors.push(crowd(&bare, &to_floor, turn(plan)).await?);
        let before = counters::written(scene.house.pid())?;
        ours.push(crowd(&scene.house, &calls, turn(plan)).await?);
        bytes += counters::written(scene.house.pid())? - before;
    }
    let seconds = turn(plan).as_secs_f64() * f64::from(plan.rounds);
    let mut lines = latencies("500 clients, a heartbeat each 3 s", &floors, &ours);
    lines.extend(memory(plan, (seed, &scene), idle, &floors, &ours).await?);
    let day = bytes / seconds * DAY_S / 1e9;
    let disk = Line::new("disk written by those heartbeats, GB a day", format!("{day:.3}"));
    lines.push(disk.floor("0").limit(format!("{DISK_GB}"), day <= DISK_GB));
    Ok(lines)
}

async fn crowd(server: &Process, calls: &[Call], length: Duration) -> Done<Seen> {
    let crowd = Crowd::connect(server.http, calls).await?;
    let late = async {
        tokio::time::sleep(length * 9 / 10).await;
        counters::pss_mb(server.pid())
    };
    let (latencies, pss_mb) = tokio::join!(crowd.beat(length), late);
    Ok(Seen { latencies: latencies?, pss_mb: pss_mb? })
}

/// What a box holds that does nothing, in MB: the middle of five seconds, for each second's look around costs some pages.
async fn at_rest(scene: &Scene) -> Done<f64> {
    let mut seen = Vec::new();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        seen.push(counters::pss_mb(scene.house.pid())?);
    }
    Ok(median(seen))
}

fn latencies(what: &str, floors: &[Seen], ours: &[Seen]) -> Vec<Line> {
    let of = |seen: &[Seen], part| median(seen.iter().map(|s| s.latencies.at(part)).collect());
    let worst = |seen: &[Seen]| seen.iter().map(|s| s.latencies.max()).fold(0.0, f64::max);
    let pairs = floors.iter().zip(ours);
    let ratio = median(pairs.map(|(f, o)| o.latencies.p99() / f.latencies.p99()).collect());
    let (p50, p99) = (format!("{what}: p50, ms"), format!("{what}: p99, ms"));
    let max = format!("{what}: slowest of all, ms");
    vec![
        Line::new(p50, format!("{:.2}", of(ours, 0.5))).floor(format!("{:.2}", of(floors, 0.5))),
        Line::new(p99, format!("{:.2} = {ratio:.2} ×", of(ours, 0.99)))
            .floor(format!("{:.2}", of(floors, 0.99)))
            .at_most(ratio, Some(1.25)),
        Line::new(max, format!("{:.1}", worst(ours)))
            .floor(format!("{:.1}", worst(floors)))
            .limit(format!("{WORST_MS}"), worst(ours) <= WORST_MS),
    ]
}

async fn memory(
    plan: &Plan,
    (seed, scene): (&Seed, &Scene),
    idle: f64,
    floors: &[Seen],
    ours: &[Seen],
) -> Done<Vec<Line>> {
    let of = |seen: &[Seen]| median(seen.iter().map(|s| s.pss_mb).collect());
    scene.end_lessons(seed).await?;
    if !plan.smoke {
        tokio::time::sleep(BACK_TO_IDLE).await;
    }
    let after = at_rest(scene).await?;
    let then = of(ours);
    Ok(vec![
        Line::new("memory then (PSS), MB", format!("{then:.1}"))
            .floor(format!("{:.1}", of(floors)))
            .limit(format!("{MEMORY_MB}"), then <= MEMORY_MB),
        Line::new("memory before, idle, MB", format!("{idle:.1}"))
            .limit(format!("{IDLE_MB}"), idle <= IDLE_MB),
        Line::new("memory a minute after, MB", format!("{after:.1}"))
            .limit(format!("{IDLE_MB}"), after <= IDLE_MB),
    ])
}
