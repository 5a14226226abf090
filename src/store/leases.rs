//! Rows of `lease`: one a live lesson, written in the transaction that begins it and deleted in the one that
//! ends it. So no crash can leak one, and the writer's queue is the one place where they are counted.

use rusqlite::{Connection, params};

use crate::model::{Millis, RoomId};

/// Opens a lease unless `rooms` others are open; `false` then.
pub fn open(
    conn: &Connection,
    room: RoomId,
    (licence, rooms, rule): (&str, u32, &str),
    now: Millis,
) -> rusqlite::Result<bool> {
    let opened = conn
        .prepare_cached(
            "INSERT INTO lease (room_id, licence, rule, opened_at)
             SELECT ?1, ?2, ?3, ?4 WHERE (SELECT COUNT(*) FROM lease WHERE room_id <> ?1) < ?5
             ON CONFLICT (room_id) DO NOTHING",
        )?
        .execute(params![room.0, licence, rule, now.0, rooms])?;
    Ok(opened > 0)
}

pub fn close(conn: &Connection, room: RoomId) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM lease WHERE room_id = ?1")?.execute([room.0])?;
    Ok(())
}

/// After a release without leases, or a restored store: live lessons have one, no other has.
pub fn reconcile(conn: &Connection, now: Millis) -> rusqlite::Result<()> {
    conn.execute(
        "DELETE FROM lease WHERE room_id NOT IN (SELECT id FROM room WHERE state = 1)",
        [],
    )?;
    conn.execute(
        "INSERT OR IGNORE INTO lease (room_id, licence, rule, opened_at)
         SELECT id, '', 'was running at the start of the box', ?1 FROM room WHERE state = 1",
        [now.0],
    )?;
    Ok(())
}
