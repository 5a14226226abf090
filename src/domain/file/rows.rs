//! Questions to `file` and the signature tables that `store::files` does not have yet.
//! To move there: SQL belongs to `store`.

use rusqlite::{Connection, params};

use crate::model::Millis;
use crate::store::files::{self, FileRow};

/// The first object at or after `start`, when its path begins with `prefix`.
pub fn next_under(
    conn: &Connection,
    prefix: &str,
    start: &str,
) -> rusqlite::Result<Option<FileRow>> {
    let mut found =
        conn.prepare_cached("SELECT path FROM file WHERE path >= ?1 ORDER BY path LIMIT 1")?;
    let mut paths = found.query_map([start], |row| row.get::<_, String>(0))?;
    match paths.next().transpose()? {
        Some(path) if path.starts_with(prefix) => files::by_path(conn, &path),
        Some(_) | None => Ok(None),
    }
}

/// Whether a single-use signature was used.
pub fn is_used(conn: &Connection, hash: [u8; 32]) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM signature_used WHERE hash = ?1)")?
        .query_row([hash], |row| row.get(0))
}

/// Forgets signatures used or given before a time at which all of them had ended.
pub fn forget_signatures(conn: &Connection, before: Millis) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM signature_used WHERE at < ?1", params![before.0])?;
    conn.execute("DELETE FROM signature_given WHERE issued_s < ?1", params![before.as_seconds()])?;
    Ok(())
}
