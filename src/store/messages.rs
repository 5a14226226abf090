//! Rows of `message`: one gap-free sequence per group.

use rusqlite::{Connection, Row, params};

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

/// The last number of a group's sequence; 0 when nothing was ever said.
pub fn newest(conn: &Connection, group: &str) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT COALESCE(MAX(seq), 0) FROM message WHERE group_id = ?1")?
        .query_row([group], |row| row.get(0))
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
    let messages = found.query_map(params![group, since, limit], read)?;
    messages.collect()
}

/// Messages from number `from` on, oldest first, until their bodies come to `bytes_max`, and how many more there
/// are.
pub fn bounded(
    conn: &Connection,
    group: &str,
    from: i64,
    bytes_max: usize,
) -> rusqlite::Result<(Vec<Message>, i64)> {
    let mut found = conn.prepare_cached(
        "SELECT seq, at, sender, type, body FROM message
         WHERE group_id = ?1 AND seq >= ?2 ORDER BY seq",
    )?;
    let mut taken = Vec::new();
    let mut bytes = 0;
    for message in found.query_map(params![group, from], read)? {
        let message = message?;
        bytes += message.body.len();
        if bytes > bytes_max {
            return Ok((taken, newest(conn, group)? - message.seq + 1));
        }
        taken.push(message);
    }
    Ok((taken, 0))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        seq: row.get(0)?,
        at: Millis(row.get(1)?),
        sender: row.get(2)?,
        kind: row.get(3)?,
        body: row.get(4)?,
    })
}
