//! Rows of `memo`: single values that the box must not forget.

use rusqlite::{Connection, params};

use super::optional;

pub fn get(conn: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    let mut found = conn.prepare_cached("SELECT value FROM memo WHERE key = ?1")?;
    optional(found.query_row([key], |r| r.get(0)))
}

pub fn put(conn: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO memo (key, value) VALUES (?1, ?2)")?
        .execute(params![key, value])?;
    Ok(())
}
