//! Rows of `shut_classroom`: whose devices stay shut.

use rusqlite::{Connection, params};

use crate::model::Millis;

/// A classroom that is switched off.
#[derive(Clone, Debug)]
pub struct Off {
    pub name: String,
    /// What its input was called then; empty in rows of the release before.
    pub input: String,
    pub by: String,
    /// Of the box: an administrator or a technician.
    pub by_staff: bool,
    pub at: Millis,
}

pub fn off(conn: &Connection) -> rusqlite::Result<Vec<Off>> {
    let all = "SELECT name, input, by, by_staff, at FROM shut_classroom ORDER BY name";
    let mut found = conn.prepare_cached(all)?;
    let off = found.query_map([], |row| {
        Ok(Off {
            name: row.get(0)?,
            input: row.get(1)?,
            by: row.get(2)?,
            by_staff: row.get(3)?,
            at: Millis(row.get(4)?),
        })
    })?;
    off.collect()
}

/// `false` when it was off already. What a teacher has switched off is staff's once they have said so, too.
pub fn switch_off(conn: &Connection, off: &Off) -> rusqlite::Result<bool> {
    let put =
        "INSERT INTO shut_classroom (name, input, by, by_staff, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (name) DO UPDATE
         SET input = excluded.input, by = excluded.by, by_staff = 1, at = excluded.at
         WHERE excluded.by_staff > shut_classroom.by_staff";
    let Off { name, input, by, by_staff, at } = off;
    Ok(conn.prepare_cached(put)?.execute(params![name, input, by, by_staff, at.0])? > 0)
}

pub fn switch_on(conn: &Connection, name: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM shut_classroom WHERE name = ?1")?.execute([name])?;
    Ok(())
}
