//! The running lesson as it is watched: how late a real chromium shows it and how soon to who comes late, and sixty who
//! follow it beside one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::{JoinSet, spawn_blocking};

use crate::browser::Browser;
use crate::client::{Wire, request};
use crate::counters::Cpu;
use crate::eye::{Eye, Saw, Way};
use crate::follower::{self, Followed};
use crate::open::Latencies;
use crate::people::first_of;
use crate::report::Line;
use crate::scene::Scene;
use crate::seed::Seed;
use crate::talk::Talk;
use crate::{Done, Plan};

const WAYS: [Way; 2] = [Way::Socket, Way::Playlist];
const VIEWERS: u32 = 60;
const MBITS: f64 = 4.0;
/// As `MBITS` says, of as many pixels as one core encodes beside the rest.
const HEAVY: &[&str] = &["--set=recorder.kbits=4000"];
/// Somebody who comes late finds a lesson that has been going on for so long, and comes so often.
const ON_AIR: Duration = Duration::from_secs(30);
const COMES: u32 = 7;
const PATIENCE: Duration = Duration::from_secs(60);

/// A lesson of the simulated camera, and a browser.
struct Show {
    scene: Scene,
    room: i64,
    browser: Arc<Browser>,
}

pub async fn latency(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let show = Show::begin(seed, &[]).await?;
    let (on_air, length) = match plan.smoke {
        true => (Duration::ZERO, Duration::from_secs(3)),
        false => (ON_AIR, Duration::from_secs(20).max(plan.turn())),
    };
    tokio::time::sleep(on_air).await;
    let mut first = Vec::new();
    for _ in 0..if plan.smoke { 1 } else { COMES } {
        first.push(show.open(Way::Socket).await?.first);
    }
    let (first, slow) = (Latencies::new(first), Duration::from_secs(1));
    let soon = first.at(0.5) < slow.as_secs_f64() * 1e3;
    let found = format!("{:.0}; {:.0}", first.at(0.5), first.max());
    let what = "address to first picture in chromium, p50; slowest, ms";
    let mut lines = vec![Line::new(what, found).limit("1000", soon)];
    for way in WAYS {
        let eye = show.open(way).await?;
        lines.push(late(way, "", &spawn_blocking(move || eye.look(length)).await??));
    }
    Ok(lines)
}

pub async fn viewers(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let show = Show::begin(seed, HEAVY).await?;
    let length = Duration::from_secs(if plan.smoke { 3 } else { 25 }).max(plan.turn());
    let mut lines = Vec::new();
    for way in WAYS {
        let eye = show.open(way).await?;
        let looking = spawn_blocking(move || eye.look(length));
        let (http, room, end) = (show.scene.house.http, show.room, Instant::now() + length);
        let (began, before) = (Instant::now(), Cpu::of(show.scene.house.pid())?);
        let mut following = JoinSet::new();
        for _ in 0..VIEWERS {
            following.spawn_local(async move {
                match way {
                    Way::Socket => follower::by_socket(http, room, end).await,
                    Way::Playlist => follower::by_playlist(http, room, end).await,
                }
            });
        }
        let mut followed = Vec::new();
        while let Some(done) = following.join_next().await {
            followed.push(done??);
        }
        let (used, took) = (Cpu::of(show.scene.house.pid())?.since(&before), began.elapsed());
        lines.extend(crowd(way, &followed, used.div_duration_f64(took), took));
        lines.push(late(way, " beside the sixty", &looking.await??));
    }
    Ok(lines)
}

impl Show {
    async fn begin(seed: &Seed, more: &[&str]) -> Done<Self> {
        let scene = Scene::with(seed, more)?;
        let mut talk = Talk::open(scene.house.http).await?;
        for (class, room) in seed.classes.iter().enumerate() {
            talk.edu("live/exitroom", first_of(class), json!({"roomnum": room})).await?;
        }
        let made = talk.edu("live/create", first_of(0), json!({"title": "Mathematics"})).await?;
        let room = made["roomnum"].as_i64().ok_or("no roomnum")?;
        talk.edu("live/startcourse", first_of(0), json!({"roomnum": room})).await?;
        wait_for_picture(scene.house.http, room).await?;
        let browser = Arc::new(spawn_blocking(Browser::start).await?);
        Ok(Self { scene, room, browser })
    }

    async fn open(&self, way: Way) -> Done<Eye> {
        let url = format!("http://{}/watch/{}", self.scene.house.http, self.room);
        let browser = self.browser.clone();
        Ok(spawn_blocking(move || Eye::open(&browser, &url, way)).await?)
    }
}

fn name(way: Way) -> &'static str {
    match way {
        Way::Socket => "live by WebSocket",
        Way::Playlist => "live by LL-HLS",
    }
}

fn late(way: Way, beside: &str, saw: &Saw) -> Line {
    let most = if way == Way::Socket { 700.0 } else { 2500.0 };
    let what = format!("{}{beside}: late in chromium, p50; p95, ms; waits; looks", name(way));
    let (p50, p95) = (saw.late.at(0.5), saw.late.at(0.95));
    let Saw { waits, looks, blurred, .. } = saw;
    let found = format!("{p50:.0}; {p95:.0}; {waits}; {looks}, {blurred} in vain");
    Line::new(what, found).limit(format!("{most:.0}"), p50 < most)
}

/// `busy`: of one core, without the encoder.
fn crowd(way: Way, followed: &[Followed], busy: f64, took: Duration) -> [Line; 3] {
    let line = |what: &str, found| Line::new(format!("{}, {VIEWERS}: {what}", name(way)), found);
    let stalls: u64 = followed.iter().map(|f| f.stalls).sum();
    let longest = followed.iter().map(|f| f.longest).max().unwrap_or_default().as_millis();
    let bytes: u64 = followed.iter().map(|f| f.bytes).sum();
    let each = (bytes * 8) as f64 / f64::from(VIEWERS) / took.as_secs_f64() / 1e6;
    let least = MBITS * 0.95;
    [
        line("of one core", format!("{:.1} %", busy * 100.0)).limit("50 %", busy < 0.5),
        line("Mbit/s each", format!("{each:.1}")).limit(format!("≥ {least}"), each >= least),
        line("stalls; longest without a byte, ms", format!("{stalls}; {longest}"))
            .limit("0", stalls == 0),
    ]
}

async fn wait_for_picture(http: SocketAddr, room: i64) -> Done<()> {
    let ask = request("GET", &format!("/media/{room}/lesson.json"), "", "");
    let until = Instant::now() + PATIENCE;
    let mut wire = Wire::open(http).await?;
    while Instant::now() < until {
        let lesson: Value = serde_json::from_slice(wire.ask(&ask).await?.body)?;
        if !lesson["playlist"].is_null() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(format!("lesson {room} has no picture").into())
}
