//! Rows of `shut_classroom`: whose devices stay shut.

use rusqlite::{Connection, params};

use crate::model::Millis;

/// Name, who switched it off, and when.
pub fn off(conn: &Connection) -> rusqlite::Result<Vec<(String, String, Millis)>> {
    let mut found = conn.prepare_cached("SELECT name, by, at FROM shut_classroom ORDER BY name")?;
    let off = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?, Millis(row.get(2)?))))?;
    off.collect()
}

/// `false` when it was off already.
pub fn switch_off(conn: &Connection, name: &str, by: &str, now: Millis) -> rusqlite::Result<bool> {
    let put = "INSERT OR IGNORE INTO shut_classroom (name, by, at) VALUES (?1, ?2, ?3)";
    Ok(conn.prepare_cached(put)?.execute(params![name, by, now.0])? > 0)
}

/// `false` when it was on already.
pub fn switch_on(conn: &Connection, name: &str) -> rusqlite::Result<bool> {
    let gone =
        conn.prepare_cached("DELETE FROM shut_classroom WHERE name = ?1")?.execute([name])?;
    Ok(gone > 0)
}
