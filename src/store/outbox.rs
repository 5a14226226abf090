//! Rows of `outbox`. Rows of one webhook and one lesson leave in the order in which they were put.

use rusqlite::{Connection, Row, params};

use super::optional;
use super::users::unreadable;
use crate::model::outbox::{Parcel, ParcelState};
use crate::model::{Millis, RoomId};

/// Rows that may wait; beyond it the oldest waiting row gives way.
pub const WAITING_MAX: i64 = 10_000;

/// Puts a call; a repeat of the same event for the same webhook changes nothing.
pub fn put(
    conn: &Connection,
    webhook: &str,
    room: RoomId,
    (event, event_id, body): (&str, &str, &str),
    now: Millis,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO outbox (webhook, room_id, event, event_id, body, created_at, next_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 'waiting')
         ON CONFLICT (webhook, event_id) DO NOTHING",
    )?
    .execute(params![webhook, room.0, event, event_id, body, now.0])?;
    conn.prepare_cached(
        "UPDATE outbox SET state = 'given-up', last_error = 'too many calls waiting'
         WHERE state = 'waiting' AND id <= (
             SELECT id FROM outbox WHERE state = 'waiting' ORDER BY id DESC LIMIT 1 OFFSET ?1)",
    )?
    .execute([WAITING_MAX])?;
    Ok(())
}

/// The head of each webhook-and-lesson line that is due at `now`, or only after `far`, oldest first.
pub fn due(
    conn: &Connection,
    now: Millis,
    far: Millis,
    limit: i64,
) -> rusqlite::Result<Vec<Parcel>> {
    let mut found = conn.prepare_cached(&format!(
        "{COLUMNS} WHERE o.state = 'waiting' AND (o.next_at <= ?1 OR o.next_at > ?2)
         AND NOT EXISTS (
             SELECT 1 FROM outbox e WHERE e.webhook = o.webhook AND e.room_id = o.room_id
             AND e.state = 'waiting' AND e.id < o.id)
         ORDER BY o.id LIMIT ?3"
    ))?;
    let parcels = found.query_map(params![now.0, far.0, limit], read)?;
    parcels.collect()
}

/// When the next line's head falls due that is not due yet, up to `far`. Rows behind a head wait for it, not for their time.
pub fn next_due(conn: &Connection, now: Millis, far: Millis) -> rusqlite::Result<Option<Millis>> {
    let mut found = conn.prepare_cached(
        "SELECT MIN(o.next_at) FROM outbox o
         WHERE o.state = 'waiting' AND o.next_at BETWEEN ?1 + 1 AND ?2 AND NOT EXISTS (
             SELECT 1 FROM outbox e WHERE e.webhook = o.webhook AND e.room_id = o.room_id
             AND e.state = 'waiting' AND e.id < o.id)",
    )?;
    let at: Option<i64> = found.query_row([now.0, far.0], |r| r.get(0))?;
    Ok(at.map(Millis))
}

pub fn sent(conn: &Connection, id: i64) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "UPDATE outbox SET state = 'sent', tries = tries + 1, last_error = '' WHERE id = ?1",
    )?
    .execute([id])?;
    Ok(())
}

pub fn failed(
    conn: &Connection,
    id: i64,
    error: &str,
    next_at: Option<Millis>,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "UPDATE outbox SET tries = tries + 1, last_error = ?2, next_at = COALESCE(?3, next_at),
             state = CASE WHEN ?3 IS NULL THEN 'given-up' ELSE 'waiting' END
         WHERE id = ?1",
    )?
    .execute(params![id, error, next_at.map(|m| m.0)])?;
    Ok(())
}

/// Sends a row again from the start; `false` when there is no such row.
pub fn replay(conn: &Connection, id: i64, now: Millis) -> rusqlite::Result<bool> {
    let found = conn.execute(
        "UPDATE outbox SET state = 'waiting', tries = 0, next_at = ?2, created_at = ?2
         WHERE id = ?1",
        params![id, now.0],
    )?;
    Ok(found > 0)
}

/// The newest rows, newest first.
pub fn newest(conn: &Connection, limit: i64) -> rusqlite::Result<Vec<Parcel>> {
    let mut found = conn.prepare_cached(&format!("{COLUMNS} ORDER BY o.id DESC LIMIT ?1"))?;
    let parcels = found.query_map([limit], read)?;
    parcels.collect()
}

pub fn by_id(conn: &Connection, id: i64) -> rusqlite::Result<Option<Parcel>> {
    let mut found = conn.prepare_cached(&format!("{COLUMNS} WHERE o.id = ?1"))?;
    optional(found.query_row([id], read))
}

pub fn waiting(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("SELECT COUNT(*) FROM outbox WHERE state = 'waiting'", [], |r| r.get(0))
}

/// Drops rows that were sent or given up before `before`.
pub fn forget(conn: &Connection, before: Millis) -> rusqlite::Result<usize> {
    conn.execute("DELETE FROM outbox WHERE state <> 'waiting' AND created_at < ?1", [before.0])
}

const COLUMNS: &str = "SELECT o.id, o.webhook, o.room_id, o.event, o.event_id, o.body,
    o.created_at, o.tries, o.next_at, o.state, o.last_error FROM outbox o";

fn read(row: &Row<'_>) -> rusqlite::Result<Parcel> {
    let state: String = row.get(9)?;
    Ok(Parcel {
        id: row.get(0)?,
        webhook: row.get(1)?,
        room: RoomId(row.get(2)?),
        event: row.get(3)?,
        event_id: row.get(4)?,
        body: row.get(5)?,
        created_at: Millis(row.get(6)?),
        tries: row.get(7)?,
        next_at: Millis(row.get(8)?),
        state: ParcelState::from_word(&state).ok_or_else(|| unreadable(9, &state))?,
        last_error: row.get(10)?,
    })
}
