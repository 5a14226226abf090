//! Rows of `file`: the object store that stands in for COS, and who was given which signature.

use rusqlite::{Connection, params};

use super::optional;
use crate::model::{Millis, UserId};

/// A stored object.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// `<appid>/<bucket>/<path>`
    pub path: String,
    pub owner: Option<UserId>,
    /// File name under `files/`.
    pub name: String,
    pub bytes: i64,
    pub sha1: String,
    pub content_type: String,
    pub stored_at: Millis,
}

/// Stores or replaces an object; answers the name of the file it replaced.
pub fn put(conn: &Connection, file: &FileRow) -> rusqlite::Result<Option<String>> {
    let before = by_path(conn, &file.path)?.map(|f| f.name);
    conn.prepare_cached(
        "INSERT OR REPLACE INTO file (path, owner_id, name, bytes, sha1, content_type, stored_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        file.path,
        file.owner.map(|u| u.0),
        file.name,
        file.bytes,
        file.sha1,
        file.content_type,
        file.stored_at.0
    ])?;
    Ok(before.filter(|name| *name != file.name))
}

pub fn by_path(conn: &Connection, path: &str) -> rusqlite::Result<Option<FileRow>> {
    let mut found = conn.prepare_cached(
        "SELECT path, owner_id, name, bytes, sha1, content_type, stored_at FROM file
         WHERE path = ?1",
    )?;
    optional(found.query_row([path], |row| {
        Ok(FileRow {
            path: row.get(0)?,
            owner: row.get::<_, Option<i64>>(1)?.map(UserId),
            name: row.get(2)?,
            bytes: row.get(3)?,
            sha1: row.get(4)?,
            content_type: row.get(5)?,
            stored_at: Millis(row.get(6)?),
        })
    }))
}

pub fn delete(conn: &Connection, path: &str) -> rusqlite::Result<Option<String>> {
    let name = by_path(conn, path)?.map(|f| f.name);
    conn.prepare_cached("DELETE FROM file WHERE path = ?1")?.execute([path])?;
    Ok(name)
}

/// Every file name the store knows: what start-up reconciles the folder with, and a backup holds. A folder's
/// is empty.
pub fn names(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = conn.prepare_cached("SELECT name FROM file")?;
    let names = found.query_map([], |r| r.get(0))?;
    names.collect()
}

/// Bytes that a file of `bytes` takes at least: an empty one has its name, its row and its block all the same.
pub fn weight(bytes: i64) -> i64 {
    bytes.max(4096)
}

/// Bytes that the files of one account take.
pub fn used_by(conn: &Connection, owner: UserId) -> rusqlite::Result<i64> {
    let sum = "SELECT COALESCE(SUM(MAX(bytes, ?2)), 0) FROM file WHERE owner_id = ?1";
    conn.prepare_cached(sum)?.query_row([owner.0, weight(0)], |r| r.get(0))
}

/// Remembers to whom a signature was given, so that the upload counts for that account.
pub fn give_signature(
    conn: &Connection,
    random: i64,
    issued_s: i64,
    user: UserId,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO signature_given (random, issued_s, user_id) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![random, issued_s, user.0])?;
    Ok(())
}

pub fn signature_owner(
    conn: &Connection,
    random: i64,
    issued_s: i64,
) -> rusqlite::Result<Option<UserId>> {
    optional(
        conn.prepare_cached(
            "SELECT user_id FROM signature_given WHERE random = ?1 AND issued_s = ?2",
        )?
        .query_row(params![random, issued_s], |r| r.get(0).map(UserId)),
    )
}

/// Marks a single-use signature; `false` when it was used before.
pub fn use_once(conn: &Connection, hash: [u8; 32], now: Millis) -> rusqlite::Result<bool> {
    let first = conn
        .prepare_cached(
            "INSERT INTO signature_used (hash, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![hash, now.0])?;
    Ok(first > 0)
}

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
        Some(path) if path.starts_with(prefix) => by_path(conn, &path),
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

/// Says that a stored object is wanted now; `false` when it is not there.
pub fn touch(conn: &Connection, path: &str, now: Millis) -> rusqlite::Result<bool> {
    let found = conn
        .prepare_cached("UPDATE file SET stored_at = ?2 WHERE path = ?1")?
        .execute(params![path, now.0])?;
    Ok(found > 0)
}

/// Forgets objects under `prefix`, stored before `before`, whose address under `folder` no open group and no
/// person has; answers the names of their files, at most a thousand at once.
pub fn delete_unused(
    conn: &Connection,
    prefix: &str,
    folder: &str,
    before: Millis,
) -> rusqlite::Result<Vec<String>> {
    conn.prepare_cached(
        "DELETE FROM file WHERE path IN (
             SELECT path FROM file
             WHERE path > ?1 AND path < ?1 || '~' AND stored_at < ?3
             AND ?2 || substr(path, length(?1) + 1) NOT IN (
                 SELECT cover FROM im_group WHERE closed_at IS NULL
                 UNION ALL SELECT picture FROM user)
             LIMIT 1000)
         RETURNING name",
    )?
    .query_map(params![prefix, folder, before.0], |row| row.get(0))?
    .collect()
}
