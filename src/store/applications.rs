//! Rows of `application`: who asked to join which lesson, and what was answered.

use rusqlite::{Connection, Row, params};

use super::optional;
use super::users::unreadable;
use crate::model::application::{Application, ApplicationState};
use crate::model::{Millis, RoomId, UserId};

/// Adds a waiting application.
pub fn insert(conn: &Connection, room: RoomId, user: UserId, now: Millis) -> rusqlite::Result<i64> {
    conn.prepare_cached(
        "INSERT INTO application (room_id, user_id, applied_at, state)
         VALUES (?1, ?2, ?3, 'waiting')",
    )?
    .execute(params![room.0, user.0, now.0])?;
    Ok(conn.last_insert_rowid())
}

/// Ends a wait; `false` when it has ended already.
pub fn settle(
    conn: &Connection,
    id: i64,
    state: ApplicationState,
    by: Option<UserId>,
    now: Millis,
) -> rusqlite::Result<bool> {
    let settled = conn
        .prepare_cached(
            "UPDATE application SET state = ?2, answered_by = ?3, answered_at = ?4
             WHERE id = ?1 AND state = 'waiting'",
        )?
        .execute(params![id, state.word(), by.map(|u| u.0), now.0])?;
    Ok(settled > 0)
}

/// How often a person has applied to a lesson.
pub fn count(conn: &Connection, room: RoomId, user: UserId) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT COUNT(*) FROM application WHERE room_id = ?1 AND user_id = ?2")?
        .query_row(params![room.0, user.0], |r| r.get(0))
}

/// A person's newest application to a lesson.
pub fn newest(
    conn: &Connection,
    room: RoomId,
    user: UserId,
) -> rusqlite::Result<Option<Application>> {
    let mut found = conn.prepare_cached(&format!(
        "{COLUMNS} WHERE a.room_id = ?1 AND a.user_id = ?2 ORDER BY a.id DESC LIMIT 1"
    ))?;
    optional(found.query_row(params![room.0, user.0], read))
}

/// The newest applications to a lesson, newest first.
pub fn of_room(conn: &Connection, room: RoomId, limit: i64) -> rusqlite::Result<Vec<Application>> {
    let mut found = conn
        .prepare_cached(&format!("{COLUMNS} WHERE a.room_id = ?1 ORDER BY a.id DESC LIMIT ?2"))?;
    let applications = found.query_map(params![room.0, limit], read)?;
    applications.collect()
}

/// Everybody who still waits, in any lesson.
pub fn waiting(conn: &Connection) -> rusqlite::Result<Vec<Application>> {
    let mut found = conn.prepare_cached(&format!("{COLUMNS} WHERE a.state = 'waiting'"))?;
    let applications = found.query_map([], read)?;
    applications.collect()
}

const COLUMNS: &str = "SELECT a.id, a.room_id, a.user_id, u.handle, u.name, u.picture,
    a.applied_at, a.state, a.answered_at FROM application a JOIN user u ON u.id = a.user_id";

fn read(row: &Row<'_>) -> rusqlite::Result<Application> {
    let (handle, name): (String, String) = (row.get(3)?, row.get(4)?);
    let state: String = row.get(7)?;
    Ok(Application {
        id: row.get(0)?,
        room: RoomId(row.get(1)?),
        user: UserId(row.get(2)?),
        name: if name.is_empty() { handle } else { name },
        picture: row.get(5)?,
        applied_at: Millis(row.get(6)?),
        state: ApplicationState::from_word(&state).ok_or_else(|| unreadable(7, &state))?,
        answered_at: row.get::<_, Option<i64>>(8)?.map(Millis),
    })
}
