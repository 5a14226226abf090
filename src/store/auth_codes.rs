//! Rows of `auth_code`: codes of document 004 that were given out and not used yet.

use rusqlite::{Connection, params};

use super::optional;
use super::users::unreadable;
use crate::model::pass::Claim;
use crate::model::{Millis, UserId};

/// A code that waits to be used; only its hash is kept.
#[derive(Clone, Debug)]
pub struct CodeRow {
    pub hash: [u8; 32],
    pub user: UserId,
    pub claim: Claim,
    pub issued_at: Millis,
}

pub fn insert(conn: &Connection, code: &CodeRow) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO auth_code (hash, user_id, claim, issued_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![code.hash, code.user.0, code.claim.word(), code.issued_at.0])?;
    Ok(())
}

pub fn by_hash(conn: &Connection, hash: [u8; 32]) -> rusqlite::Result<Option<CodeRow>> {
    let mut found =
        conn.prepare_cached("SELECT user_id, claim, issued_at FROM auth_code WHERE hash = ?1")?;
    optional(found.query_row([hash], |row| {
        let claim: String = row.get(1)?;
        Ok(CodeRow {
            hash,
            user: UserId(row.get(0)?),
            claim: Claim::from_word(&claim).ok_or_else(|| unreadable(1, &claim))?,
            issued_at: Millis(row.get(2)?),
        })
    }))
}

pub fn delete(conn: &Connection, hash: [u8; 32]) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM auth_code WHERE hash = ?1")?.execute([hash])?;
    Ok(())
}

/// Forgets codes issued before `young` or, by a clock that was set back since, after `now`.
pub fn forget(conn: &Connection, young: Millis, now: Millis) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM auth_code WHERE issued_at < ?1 OR issued_at > ?2")?
        .execute(params![young.0, now.0])?;
    Ok(())
}

pub fn count(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT COUNT(*) FROM auth_code")?.query_row([], |r| r.get(0))
}
