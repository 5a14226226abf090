//! Everything at once: two recordings, 60 viewers of the live lesson, 500 heartbeating, 60 log-ins, chat. What a
//! heartbeat takes beside a quiet box, and whether a recording lost a picture over it.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::classroom::turn;
use super::login;
use super::stage::Stage;
use crate::chat::{self, Seat};
use crate::client::Wire;
use crate::open::{Crowd, Latencies};
use crate::people;
use crate::report::{Line, median};
use crate::scene::Scene;
use crate::seed::Seed;
use crate::{Done, Plan, viewer};

const VIEWERS: u32 = 60;
const LISTENERS: u32 = 60;
const SPEAKERS: u32 = 10;
const ARRIVING: u32 = 60;
/// How much worse the heartbeat may get.
const WORSE: f64 = 1.5;

/// One turn of all of them.
struct Turn {
    beats: Latencies,
    playlists: Latencies,
    chat: Latencies,
    /// Seconds until the last log-in was answered.
    entered: f64,
}

pub async fn mixed(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let calls = scene.heartbeats(seed, people::CLIENTS).await?;
    let mut quiet = Vec::new();
    for _ in 0..plan.rounds {
        quiet.push(Crowd::connect(scene.house.http, &calls).await?.beat(turn(plan)).await?);
    }
    drop(scene);
    let mut stage = Stage::open(plan, seed).await?;
    let mut turns = Vec::new();
    for _ in 0..plan.rounds {
        turns.push(everything(plan, &stage).await?);
    }
    let film = stage.end().await?;
    let mut lines = beats(&quiet, &turns);
    let p99 = |of: fn(&Turn) -> &Latencies| median(turns.iter().map(|t| of(t).p99()).collect());
    let figure =
        |what: &str, value: f64| Line::new(format!("mixed run: {what}"), format!("{value:.2}"));
    lines.push(figure("live playlist p99, ms", p99(|t| &t.playlists)));
    lines.push(figure("chat, said to heard, p99, ms", p99(|t| &t.chat)));
    let entered = median(turns.iter().map(|t| t.entered).collect());
    lines.push(figure("60 log-ins are in after, s", entered));
    let found = format!("{} in, {} out, {} gaps", film.encoded, film.kept, film.gaps);
    let whole = film.encoded == film.kept && film.gaps == 0;
    lines.push(Line::new("mixed run: pictures of two recordings", found).limit("in = out", whole));
    Ok(lines)
}

fn beats(quiet: &[Latencies], turns: &[Turn]) -> Vec<Line> {
    let line = |(name, part): (&str, f64)| {
        let ratios = quiet.iter().zip(turns).map(|(q, t)| t.beats.at(part) / q.at(part));
        let ratio = median(ratios.collect());
        let found = median(turns.iter().map(|t| t.beats.at(part)).collect());
        let before = median(quiet.iter().map(|q| q.at(part)).collect());
        let what = format!("mixed run: heartbeat {name}, ms (floor: quiet)");
        Line::new(what, format!("{found:.2} = {ratio:.2} ×"))
            .floor(format!("{before:.2}"))
            .at_most(ratio, Some(WORSE))
    };
    [("p50", 0.5), ("p99", 0.99), ("slowest", 1.0)].map(line).into()
}

async fn everything(plan: &Plan, stage: &Stage) -> Done<Turn> {
    let (http, length) = (stage.http(), turn(plan));
    let crowd = Crowd::connect(http, &stage.calls).await?;
    let (began, mut watching) = (Instant::now(), JoinSet::new());
    let end = began + length;
    for n in 0..VIEWERS {
        let first = began + Duration::from_secs(2) * n / VIEWERS;
        watching.spawn_local(viewer::watch(http, stage.room_of(n), first, end));
    }
    let mut talking = JoinSet::new();
    for n in 0..LISTENERS {
        // Those with even numbers sit in the first room.
        let token = people::token(60 + 2 * n);
        let seat = Seat { addr: http, room: stage.room_of(0), token, speaks: n < SPEAKERS };
        talking.spawn_local(chat::sit(seat, began, end));
    }
    let mut entering = JoinSet::new();
    for n in 0..ARRIVING {
        let mut wire = Wire::open(http).await?;
        entering.spawn_local(async move {
            login::enters(&mut wire, n).await?;
            Done::Ok(vec![began.elapsed()])
        });
    }
    let (beats, playlists, chat, entered) =
        tokio::join!(crowd.beat(length), all(watching), all(talking), all(entering));
    let entered = entered?.into_iter().max().unwrap_or_default().as_secs_f64();
    let (playlists, chat) = (Latencies::new(playlists?), Latencies::new(chat?));
    Ok(Turn { beats: beats?, playlists, chat, entered })
}

async fn all(mut tasks: JoinSet<Done<Vec<Duration>>>) -> Done<Vec<Duration>> {
    let mut taken = Vec::new();
    while let Some(done) = tasks.join_next().await {
        taken.extend(done??);
    }
    Ok(taken)
}
