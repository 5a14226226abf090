//! The writes that move a lesson along: start, seats, end, recording, replay. Each is called inside a job
//! of the writer, so the steps of one call stand or fall together.

use rusqlite::{Connection, params};

use crate::model::lesson::{Attendance, AttendanceEvent, LogLine, RecordingState};
use crate::model::{Millis, RoomId, UserId};
use crate::store::users::unreadable;
use crate::store::{hands, optional};

/// 0 → 1; `false` when the lesson is not in state 0 any more.
pub fn begin(
    conn: &Connection,
    room: RoomId,
    begin_seq: i64,
    classroom: Option<&str>,
    now: Millis,
) -> rusqlite::Result<bool> {
    let moved = conn
        .prepare_cached(
            "UPDATE room SET state = 1, begin_at = ?2, begin_seq = ?3, classroom = ?4
             WHERE id = ?1 AND state = 0",
        )?
        .execute(params![room.0, now.0, begin_seq, classroom])?;
    Ok(moved > 0)
}

/// 1 → 2, everybody out. Answers how far the recording was and when the lesson began; `None` when it is
/// not live any more.
pub fn end(
    conn: &Connection,
    room: RoomId,
    end_seq: i64,
    why: &str,
    now: Millis,
) -> rusqlite::Result<Option<(RecordingState, Millis)>> {
    let mut moved = conn.prepare_cached(
        "UPDATE room SET state = 2, end_at = ?2, end_seq = ?3, ended_why = ?4
         WHERE id = ?1 AND state = 1 RETURNING recording, begin_at",
    )?;
    let ended = optional(moved.query_row(params![room.0, now.0, end_seq, why], |row| {
        let word: String = row.get(0)?;
        let state = RecordingState::from_word(&word).ok_or_else(|| unreadable(0, &word))?;
        Ok((state, Millis(row.get(1)?)))
    }))?;
    if ended.is_none() {
        return Ok(None);
    }
    conn.prepare_cached(
        "INSERT INTO attendance (room_id, user_id, at, event)
         SELECT room_id, user_id, ?2, 'out' FROM member WHERE room_id = ?1 AND active = 1",
    )?
    .execute(params![room.0, now.0])?;
    // Those who left before are not touched: each that is, is looked at again for the lists.
    conn.prepare_cached("UPDATE member SET active = 0 WHERE room_id = ?1 AND active = 1")?
        .execute([room.0])?;
    hands::lower_all(conn, &room.to_string())?;
    Ok(ended)
}

/// 2 → 3 (or the address of a replay renewed); `false` when the lesson is not over.
pub fn set_replay(conn: &Connection, room: RoomId, url: &str) -> rusqlite::Result<bool> {
    let moved = conn
        .prepare_cached(
            "UPDATE room SET state = 3, index_url = ?2 WHERE id = ?1 AND state IN (2, 3)",
        )?
        .execute(params![room.0, url])?;
    Ok(moved > 0)
}

/// Seats somebody; `false` when they were seated already.
pub fn enter(conn: &Connection, room: RoomId, user: UserId, now: Millis) -> rusqlite::Result<bool> {
    let seated = conn
        .prepare_cached(
            "INSERT INTO member (room_id, user_id, active) VALUES (?1, ?2, 1)
             ON CONFLICT (room_id, user_id) DO UPDATE SET active = 1 WHERE active = 0",
        )?
        .execute(params![room.0, user.0])?;
    if seated > 0 {
        attend(conn, room, user, AttendanceEvent::In, now)?;
    }
    Ok(seated > 0)
}

/// Frees a seat; `false` when it was not taken.
pub fn leave(
    conn: &Connection,
    room: RoomId,
    user: UserId,
    event: AttendanceEvent,
    now: Millis,
) -> rusqlite::Result<bool> {
    let freed = conn
        .prepare_cached(
            "UPDATE member SET active = 0 WHERE room_id = ?1 AND user_id = ?2 AND active = 1",
        )?
        .execute(params![room.0, user.0])?;
    if freed > 0 {
        attend(conn, room, user, event, now)?;
    }
    Ok(freed > 0)
}

/// How often somebody came and went in a lesson.
pub fn comings(conn: &Connection, room: RoomId, user: UserId) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT COUNT(*) FROM attendance WHERE room_id = ?1 AND user_id = ?2")?
        .query_row(params![room.0, user.0], |r| r.get(0))
}

fn attend(
    conn: &Connection,
    room: RoomId,
    user: UserId,
    event: AttendanceEvent,
    now: Millis,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO attendance (room_id, user_id, at, event) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![room.0, user.0, now.0, event.word()])?;
    Ok(())
}

pub fn attendance(conn: &Connection, room: RoomId) -> rusqlite::Result<Vec<Attendance>> {
    let mut found = conn.prepare_cached(
        "SELECT u.handle, u.role = 'teacher', a.at, a.event
         FROM attendance a JOIN user u ON u.id = a.user_id WHERE a.room_id = ?1 ORDER BY a.id",
    )?;
    let rows = found.query_map([room.0], |row| {
        let event: String = row.get(3)?;
        Ok(Attendance {
            handle: row.get(0)?,
            is_teacher: row.get(1)?,
            at: Millis(row.get(2)?),
            event: AttendanceEvent::from_word(&event).ok_or_else(|| unreadable(3, &event))?,
        })
    })?;
    rows.collect()
}

pub fn set_recording(
    conn: &Connection,
    room: RoomId,
    state: RecordingState,
    note: &str,
) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE room SET recording = ?2, recording_note = ?3 WHERE id = ?1")?
        .execute(params![room.0, state.word(), note])?;
    Ok(())
}

/// A running lesson without a classroom gets one; answers when it began, `None` when it does not run.
pub fn take_classroom(
    conn: &Connection,
    room: RoomId,
    name: &str,
) -> rusqlite::Result<Option<Millis>> {
    let mut given = conn.prepare_cached(
        "UPDATE room SET classroom = ?2, recording = 'on', recording_note = ''
         WHERE id = ?1 AND state = 1 AND recording = 'none' RETURNING begin_at",
    )?;
    optional(given.query_row(params![room.0, name], |row| row.get(0).map(Millis)))
}

/// A recording that was refused, or broke off, goes (on) after all.
pub fn records(conn: &Connection, room: RoomId) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "UPDATE room SET recording = 'on', recording_note = ''
         WHERE id = ?1 AND recording IN ('on', 'refused')",
    )?
    .execute([room.0])?;
    Ok(())
}

pub fn log(
    conn: &Connection,
    room: RoomId,
    now: Millis,
    event: &str,
    detail: &str,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO lesson_log (room_id, at, event, detail) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![room.0, now.0, event, detail])?;
    Ok(())
}

/// A line that begins at `from` and is told again while it lasts: the newest words stand.
pub fn log_span(
    conn: &Connection,
    room: RoomId,
    from: Millis,
    event: &str,
    detail: &str,
) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM lesson_log WHERE room_id = ?1 AND at = ?2 AND event = ?3")?
        .execute(params![room.0, from.0, event])?;
    log(conn, room, from, event, detail)
}

pub fn log_of(conn: &Connection, room: RoomId) -> rusqlite::Result<Vec<LogLine>> {
    let mut found = conn.prepare_cached(
        "SELECT at, event, detail FROM lesson_log WHERE room_id = ?1 ORDER BY id",
    )?;
    let lines = found.query_map([room.0], |row| {
        Ok(LogLine { at: Millis(row.get(0)?), event: row.get(1)?, detail: row.get(2)? })
    })?;
    lines.collect()
}
