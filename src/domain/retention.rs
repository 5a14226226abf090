//! How long recordings are kept: so many days, and the oldest give way when the disk gets full. What is wanted elsewhere
//! and not there yet is never deleted. A recording ends in the store first, then its files do: a crash in between is
//! made up for at the next look.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Appliance, audit, durable, recording, room};
use crate::model::audit::{Entry, Event};
use crate::model::crash::{self, Point};
use crate::model::lesson::{Export, RecordingState, Room};
use crate::model::user::{Actor, Role};
use crate::model::{Fault, Millis, Moment, RoomId, Thing};
use crate::store::{lessons, memo, retention};
use retention::Kept;

/// Deleting is work for the disk, beside lessons that are being recorded.
const EACH_TIME_MAX: usize = 16;
/// A clock that was set forward by years must not delete everything at once, and a summer without power is made up for in
/// a morning: what counts as now runs after the clock this many times as fast as time does.
const CATCH_UP: i64 = 168;
/// How far what counts as now may be ahead of what is stored of it.
const STORED_EACH: Millis = Millis::seconds(3600);
const MEMO: &str = "retention_now";

/// What counts as now where recordings grow old.
#[derive(Default)]
pub struct Calendar {
    page: Mutex<Option<Page>>,
    /// That deleting makes no room was said.
    is_vain: AtomicBool,
    /// The last look deleted something: a film that somebody still reads takes its room until it is closed.
    has_deleted: AtomicBool,
}

#[derive(Clone, Copy)]
struct Page {
    now: Millis,
    /// When it was looked at, on the monotonic clock.
    steady: Millis,
    stored: Millis,
}

impl Calendar {
    fn page(&self) -> MutexGuard<'_, Option<Page>> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until when a replay of the box's own is there at least; `None` without an end, or where there is nothing.
pub fn kept_until(app: &Appliance, room: &Room) -> Option<Millis> {
    let is_kept = room.recording == RecordingState::Ended && room.index_url.starts_with("/media/");
    let days = app.policy.keep.filter(|_| is_kept && room.export != Export::Wanted)?;
    Some(room.end_at + days)
}

/// Marks a recording for export, or says that it was exported, or that nobody wants it after all.
///
/// # Errors
/// `Missing(Room)`, `Missing(Deleted)`, `Denied` for all but staff and the lesson's teacher.
pub async fn mark(
    app: &Appliance,
    id: RoomId,
    export: Export,
    (actor, from): (&Actor, IpAddr),
    now: Moment,
) -> Result<(), Fault> {
    let room = room::get(app, id).await?;
    let is_host = room.host == actor.id && actor.role == Role::Teacher;
    if !is_host && !actor.role.is_of_the_box() {
        return Err(Fault::denied("this is for staff and the lesson's teacher"));
    }
    let entry = audit::by(actor, from, Event::ExportMarked, id.to_string()).with(export.word());
    app.db
        .write(move |conn| {
            if !retention::mark(conn, id, export.word())? {
                return Err(Fault::Missing(Thing::Deleted));
            }
            audit::note(conn, entry, now.wall)
        })
        .await
}

/// Deletes what is due; asked for each minute. None goes for space while folders of earlier ones may still be there, and
/// none by age on a clock that nobody told the time.
pub async fn step(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let cleared = clear(app).await;
    let before = match app.policy.keep.filter(|_| app.licence.trusts_clock(now)) {
        Some(keep) => Some(today(app, now).await? - keep),
        None => None,
    };
    let read = move |conn: &rusqlite::Connection| {
        Ok((retention::kept(conn, now.wall)?, retention::removals(conn)?.is_empty()))
    };
    let (kept, is_clear) = app.db.read(read).await?;
    let is_settled = !app.calendar.has_deleted.swap(false, Ordering::Relaxed) && is_clear;
    let short = if is_settled { short(app) } else { 0 };
    let (due, is_vain) = due(&kept, before, short);
    if !app.calendar.is_vain.swap(is_vain, Ordering::Relaxed) && is_vain {
        tracing::warn!(short, "the disk is too full, and deleting recordings would not help");
    }
    if due.is_empty() {
        return cleared;
    }
    app.calendar.has_deleted.store(true, Ordering::Relaxed);
    for (room, why) in due {
        delete(app, room, why, now).await?;
    }
    clear(app).await
}

/// How many bytes less are free than should be.
fn short(app: &Appliance) -> u64 {
    let wanted = app.policy.keep_free.unwrap_or(app.space.reserve);
    (app.space.free)().map_or(0, |free| wanted.saturating_sub(free))
}

/// Which recordings go and why, the oldest first; and whether space is short and all of them would not make enough.
fn due(kept: &[Kept], before: Option<Millis>, short: u64) -> (Vec<(RoomId, &'static str)>, bool) {
    let size = |kept: &Kept| u64::try_from(kept.bytes).unwrap_or(0);
    let is_old = |kept: &Kept| before.is_some_and(|before| kept.end_at <= before);
    let may_go = |kept: &&Kept| kept.may_yield || is_old(kept);
    let is_vain = kept.iter().filter(may_go).map(size).sum::<u64>() < short;
    let mut missing = if is_vain { 0 } else { short };
    let mut due = Vec::new();
    for one in kept.iter().filter(may_go) {
        let why = match is_old(one) {
            true => "the recording was deleted when its time was over",
            false if missing > 0 => "the recording was deleted to make room for new ones",
            false => break,
        };
        missing = missing.saturating_sub(size(one));
        due.push((one.room, why));
    }
    due.truncate(EACH_TIME_MAX);
    (due, is_vain)
}

async fn delete(app: &Appliance, id: RoomId, why: &'static str, now: Moment) -> Result<(), Fault> {
    let entry = Entry::of(Event::RecordingDeleted, id.to_string()).with(why);
    let is_gone = app
        .db
        .write(move |conn| {
            let is_gone = retention::forget(conn, id, why, now.wall)?;
            if is_gone {
                lessons::log(conn, id, now.wall, "recording deleted", why)?;
                audit::note(conn, entry, now.wall)?;
            }
            Ok(is_gone)
        })
        .await?;
    if is_gone {
        tracing::info!(room = %id, why);
    }
    Ok(())
}

/// Removes the folders of what was deleted; also what a crash left of it.
///
/// # Errors
/// The first folder that cannot be removed, after all the others; it is tried again the next time.
pub async fn clear(app: &Appliance) -> Result<(), Fault> {
    let mut done = Ok(());
    for id in app.db.read(|conn| Ok(retention::removals(conn)?)).await? {
        done = done.and(remove(app, id).await);
    }
    done
}

async fn remove(app: &Appliance, id: RoomId) -> Result<(), Fault> {
    crash::point(Point::RecordingForgotten);
    let folder = recording::folder(app, id);
    let remove = move || {
        match std::fs::remove_dir_all(&folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            Ok(()) | Err(_) => {}
        }
        durable::sync_folder(&folder)
    };
    durable::aside(remove).await.map_err(|e| Fault::internal("removing a recording", e))?;
    crash::point(Point::RecordingRemoved);
    app.db.write(move |conn| Ok(retention::removed(conn, id)?)).await
}

/// What counts as now: never ahead of the clock, and never much nearer to it than time has passed.
async fn today(app: &Appliance, now: Moment) -> Result<Millis, Fault> {
    let known = *app.calendar.page();
    let page = match known {
        Some(page) => page,
        None => {
            let read = |conn: &rusqlite::Connection| {
                let stored = memo::get(conn, MEMO)?.and_then(|text| text.parse().ok()).map(Millis);
                Ok(stored.map_or_else(|| retention::newest_end(conn), |at| Ok(Some(at)))?)
            };
            let stored = app.db.read(read).await?.unwrap_or(now.wall);
            Page { now: stored, steady: now.steady, stored }
        }
    };
    let passed = Millis((now.steady - page.steady).0.saturating_mul(CATCH_UP));
    let today = now.wall.min(page.now + passed);
    let mut next = Page { now: today, steady: now.steady, ..page };
    if today < page.stored || today - page.stored >= STORED_EACH {
        let text = today.0.to_string();
        app.db.write(move |conn| Ok(memo::put(conn, MEMO, &text)?)).await?;
        next.stored = today;
    }
    *app.calendar.page() = Some(next);
    Ok(today)
}

#[cfg(test)]
mod tests;
