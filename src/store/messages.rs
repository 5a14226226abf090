//! Rows of `message`: one gap-free sequence per group.

use rusqlite::{Connection, params};

use crate::model::Millis;
use crate::model::lesson::Message;

/// Appends a message and answers its sequence number. Gap-free because only the writer thread calls it.
pub fn post(
    conn: &Connection,
    group: &str,
    kind: i64,
    sender: &str,
    body: &str,
    now: Millis,
) -> rusqlite::Result<i64> {
    conn.prepare_cached(
        "INSERT INTO message (group_id, seq, at, sender, type, body)
         SELECT ?1, COALESCE(MAX(seq), 0) + 1, ?2, ?3, ?4, ?5 FROM message WHERE group_id = ?1
         RETURNING seq",
    )?
    .query_row(params![group, now.0, sender, kind, body], |r| r.get(0))
}

/// Messages after `since`, oldest first, at most `limit`.
pub fn after(
    conn: &Connection,
    group: &str,
    since: i64,
    limit: i64,
) -> rusqlite::Result<Vec<Message>> {
    let mut found = conn.prepare_cached(
        "SELECT seq, at, sender, type, body FROM message
         WHERE group_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?;
    let messages = found.query_map(params![group, since, limit], |row| {
        Ok(Message {
            seq: row.get(0)?,
            at: Millis(row.get(1)?),
            sender: row.get(2)?,
            kind: row.get(3)?,
            body: row.get(4)?,
        })
    })?;
    messages.collect()
}
