//! The playlist of a lesson that runs, for players that ask piecewise: whoever names the part to come is answered when
//! it is there (draft-pantos-hls-rfc8216bis, 6.2.5). What a segment is, the recording's list and the strip know together.

use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::{Live, Screen};
use crate::domain::recording::Tapes;
use crate::model::recording::{Take, Track};
use crate::model::{Fault, Millis, Part, Thing};
use crate::wire::playlist::running::{self, Running};

/// The draft lets a server give up after three target durations. The encoder's watch-dog needs four seconds, and a box
/// that goes down has four for those who wait.
const WAIT: Duration = Duration::from_secs(4);
/// A crowd waits already.
const CROWDED: Millis = Millis::seconds(1);
/// Of a lesson of which nothing was shown since the box came up.
const PART_US: u64 = 220_000;

/// What a player asks of a playlist, by the draft's directives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reload {
    /// `_HLS_msn`: not before the playlist has this segment ...
    pub segment: Option<u64>,
    /// `_HLS_part`: ... or this part of it.
    pub part: Option<u64>,
    /// `_HLS_skip=YES`: without what the player knows already.
    pub skip: bool,
}

/// The newest text of either form.
#[derive(Default)]
pub struct Kept {
    turn: u64,
    key: String,
    forms: [Option<Bytes>; 2],
}

/// The playlist of a lesson whose recording is not finished; `None` when there is no such.
///
/// # Errors
/// `Invalid` for a segment that is too far ahead, `Offline` when it did not come in time, `Busy` when too many wait.
pub async fn playlist(
    live: &Live,
    tapes: &Tapes,
    track: Track,
    key: &str,
    reload: Reload,
) -> Result<Option<Bytes>, Fault> {
    if reload.part.is_some() && reload.segment.is_none() {
        return Err(Fault::invalid("_HLS_part", "says nothing without _HLS_msn"));
    }
    let screen = live.screen(track);
    if let (Some(segment), Some(screen)) = (reload.segment, &screen) {
        let there = || has(tapes, track, screen, segment, reload.part);
        match there() {
            Some(Ahead::There) | None => {}
            Some(Ahead::TooFar) => {
                return Err(Fault::invalid("_HLS_msn", "is too far ahead"));
            }
            Some(Ahead::Soon) => {
                wait(live, screen, || !matches!(there(), Some(Ahead::Soon))).await?;
            }
        }
    }
    let text = match &screen {
        Some(screen) => tapes.with(track, |takes| kept(screen, takes, key, reload.skip)),
        None => tapes.with(track, |takes| {
            let film = Running { takes, shown: Vec::new(), open: None, part_us: PART_US };
            running::text(&film, reload.skip, &|take, part| uri(take, part, key)).into()
        }),
    };
    Ok(text)
}

/// A take's file, or one part of it, beside the playlist.
fn uri(take: u32, part: Option<u64>, key: &str) -> String {
    match part {
        Some(offset) => format!("{take}-{offset}.mp4?k={key}"),
        None => format!("{take}.mp4?k={key}"),
    }
}

/// A part by its place; one that is the next to come is waited for.
///
/// # Errors
/// `Missing` for any other, `Offline` and `Busy` as for the playlist.
pub async fn part(live: &Live, track: Track, take: u32, offset: u64) -> Result<Bytes, Fault> {
    let missing = || Fault::Missing(Thing::Recording);
    let screen = live.screen(track).ok_or_else(missing)?;
    let found = || screen.with(|strip| strip.part(take, offset).map(|part| part.bytes.clone()));
    if let Some(bytes) = found() {
        return Ok(bytes);
    }
    let comes = || screen.with(|strip| strip.end(take) == Some(offset) && !strip.is_ended());
    if comes() {
        wait(live, &screen, || !comes()).await?;
    }
    found().ok_or_else(missing)
}

async fn wait(live: &Live, screen: &Screen, done: impl Fn() -> bool) -> Result<(), Fault> {
    let crowded = |_| Fault::Busy { retry: CROWDED };
    let _place = live.waiting.try_acquire().map_err(crowded)?;
    let mut turns = screen.turns();
    let came = timeout(WAIT, async { while !done() && turns.changed().await.is_ok() {} });
    came.await.map_err(|_| Fault::Offline(Part::Recorder))
}

/// Where something asked for stands.
enum Ahead {
    There,
    Soon,
    TooFar,
}

/// `None` when the recording is finished.
fn has(
    tapes: &Tapes,
    track: Track,
    screen: &Screen,
    segment: u64,
    part: Option<u64>,
) -> Option<Ahead> {
    tapes.with(track, |takes| {
        screen.with(|strip| {
            let mut count = 0;
            running::each(takes, strip.segments(), |_, _| count += 1);
            let parts = strip.open().map_or(0, |open| open.parts.len() as u64);
            if segment < count || segment == count && part.is_some_and(|part| part < parts) {
                Ahead::There
            } else if segment > count + 1 {
                Ahead::TooFar
            } else {
                Ahead::Soon
            }
        })
    })
}

/// Made once for everybody who asks between two parts.
fn kept(screen: &Screen, takes: &[Take], key: &str, skip: bool) -> Bytes {
    let mut kept = screen.kept.lock().unwrap_or_else(PoisonError::into_inner);
    let turn = *screen.turn.borrow();
    if kept.turn != turn || kept.key != key {
        *kept = Kept { turn, key: key.to_owned(), forms: [None, None] };
    }
    let form = &mut kept.forms[usize::from(skip)];
    let make = || {
        screen.with(|strip| {
            let shown = strip.segments().collect();
            let part_us = strip.film().map_or(PART_US, |film| film.part_us);
            let film = Running { takes, shown, open: strip.open(), part_us };
            running::text(&film, skip, &|take, part| uri(take, part, key)).into()
        })
    };
    form.get_or_insert_with(make).clone()
}
