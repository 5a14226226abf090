//! Rows of `token`: hashes of what was handed out.

use rusqlite::{Connection, params};

use super::users::{self, unreadable};
use crate::model::user::{Origin, StoredToken, User};
use crate::model::{Millis, UserId};

pub fn insert(conn: &Connection, token: &StoredToken) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO token (hash, user_id, dialect, issuer, issued_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        token.hash,
        token.user.0,
        token.origin.word(),
        token.issuer,
        token.issued_at.0
    ])?;
    Ok(())
}

pub fn delete(conn: &Connection, hash: &[u8; 32]) -> rusqlite::Result<bool> {
    Ok(conn.prepare_cached("DELETE FROM token WHERE hash = ?1")?.execute([hash])? > 0)
}

/// Ends the oldest tokens of one person and dialect beyond the newest `keep`; answers which.
pub fn delete_beyond(
    conn: &Connection,
    user: UserId,
    origin: Origin,
    keep: i64,
) -> rusqlite::Result<Vec<[u8; 32]>> {
    conn.prepare_cached(
        "DELETE FROM token WHERE hash IN (
             SELECT hash FROM token WHERE user_id = ?1 AND dialect = ?2
             ORDER BY issued_at DESC, hash LIMIT -1 OFFSET ?3)
         RETURNING hash",
    )?
    .query_map(params![user.0, origin.word(), keep], |r| r.get(0))?
    .collect()
}

/// Ends every token of one person.
pub fn delete_all_of(conn: &Connection, user: UserId) -> rusqlite::Result<usize> {
    conn.prepare_cached("DELETE FROM token WHERE user_id = ?1")?.execute([user.0])
}

/// Ends every token of one person that one dialect issued.
pub fn delete_of(conn: &Connection, user: UserId, origin: Origin) -> rusqlite::Result<usize> {
    conn.prepare_cached("DELETE FROM token WHERE user_id = ?1 AND dialect = ?2")?
        .execute(params![user.0, origin.word()])
}

/// Whether a person holds a token of one dialect that was issued at `since` or later.
pub fn any_since(
    conn: &Connection,
    user: UserId,
    origin: Origin,
    since: Millis,
) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM token WHERE user_id = ?1 AND dialect = ?2 AND issued_at >= ?3)",
    )?
    .query_row(params![user.0, origin.word(), since.0], |r| r.get(0))
}

/// Every token with whom it was given to, in one statement: a start waits for it.
pub fn all(conn: &Connection) -> rusqlite::Result<Vec<(StoredToken, User)>> {
    let mut rows = conn.prepare(&format!(
        "SELECT u.*, t.hash, t.dialect, t.issuer, t.issued_at
         FROM ({}) u JOIN token t ON t.user_id = u.id",
        users::COLUMNS
    ))?;
    let tokens = rows.query_map([], |row| {
        let user = users::read(row)?;
        let origin: String = row.get(10)?;
        let token = StoredToken {
            hash: row.get(9)?,
            user: user.id,
            origin: Origin::from_word(&origin).ok_or_else(|| unreadable(10, &origin))?,
            issuer: row.get(11)?,
            issued_at: Millis(row.get(12)?),
        };
        Ok((token, user))
    })?;
    tokens.collect()
}
