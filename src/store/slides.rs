//! Rows of `slides`: how the second picture of a lesson stands. A lesson without a row has none.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::rooms;
use crate::model::RoomId;
use crate::model::lesson::{RecordingState, Room};

/// They are to be recorded.
pub fn begin(conn: &Connection, room: RoomId) -> rusqlite::Result<()> {
    let put = "INSERT OR IGNORE INTO slides (room_id, state, note) VALUES (?1, 'on', '')";
    conn.prepare_cached(put)?.execute([room.0])?;
    Ok(())
}

/// Their state, and why it is that.
pub fn of(conn: &Connection, room: RoomId) -> rusqlite::Result<Option<(RecordingState, String)>> {
    let mut found = conn.prepare_cached("SELECT state, note FROM slides WHERE room_id = ?1")?;
    let state = |word: String| RecordingState::from_word(&word).unwrap_or(RecordingState::Ended);
    let read = |row: &rusqlite::Row| Ok((state(row.get(0)?), row.get(1)?));
    found.query_row([room.0], read).optional()
}

pub fn set(
    conn: &Connection,
    room: RoomId,
    state: RecordingState,
    note: &str,
) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE slides SET state = ?2, note = ?3 WHERE room_id = ?1")?
        .execute(params![room.0, state.word(), note])?;
    Ok(())
}

/// What is wrong with them.
pub fn note(conn: &Connection, room: RoomId, note: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE slides SET note = ?2 WHERE room_id = ?1")?
        .execute(params![room.0, note])?;
    Ok(())
}

/// A picture came: what was wrong is over.
pub fn records(conn: &Connection, room: RoomId) -> rusqlite::Result<()> {
    let put = "UPDATE slides SET state = 'on', note = ''
               WHERE room_id = ?1 AND state IN ('on', 'refused')";
    conn.prepare_cached(put)?.execute([room.0])?;
    Ok(())
}

/// Lessons that are over while a recording of theirs was never closed, and whether they have slides: the box died in between.
pub fn unfinished(conn: &Connection) -> rusqlite::Result<Vec<(Room, bool)>> {
    let with = |room: Room| Ok((of(conn, room.id)?.is_some(), room)).map(|(has, room)| (room, has));
    rooms::unfinished(conn)?.into_iter().map(with).collect()
}
