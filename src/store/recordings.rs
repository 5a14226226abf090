//! Rows of `take` and `slides_take`: the files of a finished recording.

use rusqlite::{Connection, params};

use crate::model::RoomId;
use crate::model::recording::{Track, View};

/// One file of a finished recording, as it lies on the disk.
#[derive(Clone, Debug)]
pub struct TakeRow {
    pub number: u32,
    pub name: String,
    pub bytes: i64,
    pub sha256: String,
    pub span_us: i64,
    pub pictures: i64,
    pub width: u32,
    pub height: u32,
    pub codecs: String,
}

fn table(view: View) -> &'static str {
    match view {
        View::Teacher => "take",
        View::Slides => "slides_take",
    }
}

pub fn put(conn: &Connection, track: Track, take: &TakeRow) -> rusqlite::Result<()> {
    conn.prepare_cached(&format!(
        "INSERT OR REPLACE INTO {}
             (room_id, number, name, bytes, sha256, span_us, pictures, width, height, codecs)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        table(track.view)
    ))?
    .execute(params![
        track.room.0,
        take.number,
        take.name,
        take.bytes,
        take.sha256,
        take.span_us,
        take.pictures,
        take.width,
        take.height,
        take.codecs
    ])?;
    Ok(())
}

/// There are none after all.
pub fn forget(conn: &Connection, track: Track) -> rusqlite::Result<()> {
    let delete = format!("DELETE FROM {} WHERE room_id = ?1", table(track.view));
    conn.prepare_cached(&delete)?.execute([track.room.0])?;
    Ok(())
}

pub fn of(conn: &Connection, track: Track) -> rusqlite::Result<Vec<TakeRow>> {
    let mut found = conn.prepare_cached(&format!(
        "SELECT number, name, bytes, sha256, span_us, pictures, width, height, codecs
         FROM {} WHERE room_id = ?1 ORDER BY number",
        table(track.view)
    ))?;
    let takes = found.query_map([track.room.0], |row| {
        Ok(TakeRow {
            number: row.get(0)?,
            name: row.get(1)?,
            bytes: row.get(2)?,
            sha256: row.get(3)?,
            span_us: row.get(4)?,
            pictures: row.get(5)?,
            width: row.get(6)?,
            height: row.get(7)?,
            codecs: row.get(8)?,
        })
    })?;
    takes.collect()
}

/// Lessons that have a finished recording, newest first, a page of them, and how many there are.
pub fn rooms(conn: &Connection, index: i64, size: i64) -> rusqlite::Result<(i64, Vec<RoomId>)> {
    let total = conn.query_row("SELECT COUNT(DISTINCT room_id) FROM take", [], |r| r.get(0))?;
    let mut found = conn.prepare_cached(
        "SELECT DISTINCT room_id FROM take ORDER BY room_id DESC LIMIT ?1 OFFSET ?2",
    )?;
    let rooms = found.query_map(params![size, index], |r| r.get(0).map(RoomId))?;
    Ok((total, rooms.collect::<Result<_, _>>()?))
}
