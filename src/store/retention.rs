//! Which recordings may be deleted, and which are being deleted: rows go first, then the folder.

use rusqlite::{Connection, params};

use crate::model::{Millis, RoomId};

/// More than a box holds in years; what is beyond is looked at once the oldest are gone.
const KEPT_MAX: i64 = 10_000;

/// One that ended less long ago does not give way to others: its class has hardly seen it.
const FRESH: Millis = Millis::seconds(3600);

/// A recording that nobody has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    pub room: RoomId,
    pub end_at: Millis,
    pub bytes: i64,
    /// It may go before its time is over: it is not fresh, and whoever is to hear of it has.
    pub may_yield: bool,
}

/// Finished recordings that are not wanted elsewhere, oldest first.
pub fn kept(conn: &Connection, now: Millis) -> rusqlite::Result<Vec<Kept>> {
    let mut found = conn.prepare_cached(
        "SELECT r.id, r.end_at, SUM(t.bytes), ABS(r.end_at - ?2) >= ?3 AND r.id NOT IN (
             SELECT room_id FROM outbox WHERE state = 'waiting')
         FROM (SELECT room_id, bytes FROM take UNION ALL SELECT room_id, bytes FROM slides_take) t
         JOIN room r ON r.id = t.room_id
         WHERE r.recording = 'ended' AND r.export <> 'wanted'
         GROUP BY r.id ORDER BY r.end_at, r.id LIMIT ?1",
    )?;
    let kept = found.query_map([KEPT_MAX, now.0, FRESH.0], |row| {
        Ok(Kept {
            room: RoomId(row.get(0)?),
            end_at: Millis(row.get(1)?),
            bytes: row.get(2)?,
            may_yield: row.get(3)?,
        })
    })?;
    kept.collect()
}

/// A recording is none any more, and its folder is to be removed; `false` when somebody wants it by now. A replay from
/// elsewhere stays one.
pub fn forget(conn: &Connection, room: RoomId, why: &str, now: Millis) -> rusqlite::Result<bool> {
    let gone = conn
        .prepare_cached(
            "UPDATE room SET deleted_at = ?2, recording_note = ?3,
                 state = CASE WHEN index_url LIKE '/media/%' THEN 2 ELSE state END,
                 index_url = CASE WHEN index_url LIKE '/media/%' THEN '' ELSE index_url END
             WHERE id = ?1 AND recording = 'ended' AND export <> 'wanted'",
        )?
        .execute(params![room.0, now.0, why])?;
    if gone == 0 {
        return Ok(false);
    }
    conn.prepare_cached("DELETE FROM take WHERE room_id = ?1")?.execute([room.0])?;
    conn.prepare_cached("DELETE FROM slides_take WHERE room_id = ?1")?.execute([room.0])?;
    conn.prepare_cached("UPDATE slides SET state = 'ended' WHERE room_id = ?1")?
        .execute([room.0])?;
    conn.prepare_cached("DELETE FROM video WHERE room_id = ?1 AND source = 'box'")?
        .execute([room.0])?;
    conn.prepare_cached("INSERT OR IGNORE INTO removal (room_id) VALUES (?1)")?
        .execute([room.0])?;
    Ok(true)
}

/// Folders that may still be there.
pub fn removals(conn: &Connection) -> rusqlite::Result<Vec<RoomId>> {
    let mut found = conn.prepare_cached("SELECT room_id FROM removal ORDER BY room_id")?;
    let rooms = found.query_map([], |row| row.get(0).map(RoomId))?;
    rooms.collect()
}

/// A folder is gone for good.
pub fn removed(conn: &Connection, room: RoomId) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM removal WHERE room_id = ?1")?.execute([room.0])?;
    Ok(())
}

/// When the newest lesson ended, if one has.
pub fn newest_end(conn: &Connection) -> rusqlite::Result<Option<Millis>> {
    let newest = "SELECT MAX(end_at) FROM room WHERE end_at > 0";
    conn.query_row(newest, [], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Millis)))
}

/// Marks a recording; `false` when there is none any more.
pub fn mark(conn: &Connection, room: RoomId, word: &str) -> rusqlite::Result<bool> {
    let marked = conn
        .prepare_cached("UPDATE room SET export = ?2 WHERE id = ?1 AND deleted_at = 0")?
        .execute(params![room.0, word])?;
    Ok(marked > 0)
}
