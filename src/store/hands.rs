//! Rows of `hand`: whose is up in which group.

use rusqlite::{Connection, params};

use crate::model::UserId;

pub fn is_up(conn: &Connection, group: &str, user: UserId) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM hand WHERE group_id = ?1 AND user_id = ?2)")?
        .query_row(params![group, user.0], |row| row.get(0))
}

/// Raises a hand that is down, by the message `seq`.
pub fn raise(conn: &Connection, group: &str, user: UserId, seq: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT INTO hand (group_id, user_id, seq) VALUES (?1, ?2, ?3)")?
        .execute(params![group, user.0, seq])?;
    Ok(())
}

/// `false` when it was down already.
pub fn lower(conn: &Connection, group: &str, user: UserId) -> rusqlite::Result<bool> {
    let lowered = conn
        .prepare_cached("DELETE FROM hand WHERE group_id = ?1 AND user_id = ?2")?
        .execute(params![group, user.0])?;
    Ok(lowered > 0)
}

/// The lesson is over: nobody asks any more.
pub fn lower_all(conn: &Connection, group: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM hand WHERE group_id = ?1")?.execute([group])?;
    Ok(())
}

/// Handles, the longest raised first.
pub fn raised(conn: &Connection, group: &str) -> rusqlite::Result<Vec<String>> {
    let mut found = conn.prepare_cached(
        "SELECT u.handle FROM hand h JOIN user u ON u.id = h.user_id
         WHERE h.group_id = ?1 ORDER BY h.seq",
    )?;
    let handles = found.query_map([group], |row| row.get(0))?;
    handles.collect()
}
