//! Looks into the conversations of running lessons each two seconds and hands on who applies.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Line;
use crate::domain::{Appliance, application};
use crate::http::listener::drained;
use crate::model::{Clock, Fault, Millis, RoomId};
use crate::wire::leancloud::rest::{HISTORY_SIZE, Said};

/// decisions.md: history is polled each 2 s.
const LOOK: Duration = Duration::from_secs(2);
/// While LeanCloud does not answer.
const LOOK_MAX: Duration = Duration::from_secs(60);
/// A message may appear so much later than another that is younger.
const LATE: Millis = Millis::seconds(5);
/// Pages of one look: a thousand messages within two seconds are no class.
const PAGES: usize = 10;

/// How far one conversation was heard.
#[derive(Default)]
struct Heard {
    /// By LeanCloud's clock.
    until: Millis,
    /// Messages about that time, so that none is taken twice.
    seen: HashMap<String, Millis>,
    /// Looked at since the start of the box.
    is_followed: bool,
}

/// Runs until `drain` turns true.
pub async fn run(app: Arc<Appliance>, clock: Clock, mut drain: watch::Receiver<bool>) {
    let Some(line) = Line::of(&app) else { return };
    let mut heard: HashMap<RoomId, Heard> = HashMap::new();
    let mut wait = LOOK;
    loop {
        tokio::select! {
            () = drained(&mut drain) => return,
            () = tokio::time::sleep(wait) => {}
        }
        let was_well = wait == LOOK;
        match round(&app, &line, &clock, &mut heard).await {
            Ok(()) if was_well => {}
            Ok(()) => {
                tracing::info!("LeanCloud answers again");
                wait = LOOK;
            }
            Err(why) => {
                if was_well {
                    tracing::warn!(why, "LeanCloud does not answer: nobody outside can apply");
                }
                wait = (wait * 2).min(LOOK_MAX);
            }
        }
    }
}

async fn round(
    app: &Appliance,
    line: &Line,
    clock: &Clock,
    heard: &mut HashMap<RoomId, Heard>,
) -> Result<(), String> {
    let live = app.presence.live_rooms();
    if heard.len() != live.len() || live.iter().any(|room| !heard.contains_key(room)) {
        heard.retain(|room, _| live.contains(room));
        line.keep(&live);
        let kept = application::heard_until(app).await.map_err(|e| format!("{e:?}"))?;
        for room in &live {
            heard.entry(*room).or_insert_with(|| Heard {
                until: kept.get(room).copied().unwrap_or_default(),
                ..Heard::default()
            });
        }
    }
    let before: Vec<Millis> = live.iter().filter_map(|r| heard.get(r)).map(|h| h.until).collect();
    let mut trouble = Ok(());
    for room in &live {
        let Some(heard) = heard.get_mut(room) else { continue };
        if let Err(why) = follow(app, line, clock, *room, heard).await {
            trouble = Err(why);
        }
    }
    let after: Vec<Millis> = live.iter().filter_map(|r| heard.get(r)).map(|h| h.until).collect();
    if before != after {
        let until = live.iter().filter_map(|r| heard.get(r).map(|h| (*r, h.until))).collect();
        application::note_heard_until(app, until).await.map_err(|e| format!("{e:?}"))?;
    }
    trouble
}

async fn follow(
    app: &Appliance,
    line: &Line,
    clock: &Clock,
    room: RoomId,
    heard: &mut Heard,
) -> Result<(), String> {
    for said in fresh(line, clock, room, heard).await?.into_iter().rev() {
        if said.from != line.box_name {
            let now = clock.moment();
            match application::heard_outside(app, room, &said.message, now).await {
                Err(Fault::Internal(why)) => return Err(why),
                Err(fault) => tracing::info!(%room, ?fault, "an application is not taken"),
                Ok(()) => {}
            }
        }
        heard.until = heard.until.max(said.at);
        heard.seen.insert(said.id, said.at);
    }
    heard.is_followed = true;
    let edge = heard.until - LATE;
    heard.seen.retain(|_, at| *at >= edge);
    Ok(())
}

/// What is new, newest first.
async fn fresh(
    line: &Line,
    clock: &Clock,
    room: RoomId,
    heard: &mut Heard,
) -> Result<Vec<Said>, String> {
    // What was heard before the start is known by its time alone.
    let edge = if heard.is_followed { heard.until - LATE } else { heard.until + Millis(1) };
    let mut all: Vec<Said> = Vec::new();
    for _ in 0..PAGES {
        let page = line.history(room, all.last(), clock.moment()).await?;
        let is_last = page.len() < HISTORY_SIZE || page.iter().any(|said| said.at < edge);
        let is_new = |said: &Said| said.at >= edge && !heard.seen.contains_key(&said.id);
        all.extend(page.into_iter().filter(is_new));
        if is_last {
            break;
        }
    }
    Ok(all)
}
