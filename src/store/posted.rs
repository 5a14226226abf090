//! What a transaction posted into groups, told once the transaction stands. A trigger of the writer's own
//! connection notes each new message, whoever posts it; what is rolled back is forgotten with its savepoint.

use rusqlite::Connection;

use crate::model::Millis;
use crate::model::lesson::Message;

/// Hears of messages on the writer's thread, in the order of their numbers, after the commit and before the
/// callers that wait for it. It must not wait.
pub type Listener = Box<dyn Fn(&[(String, Message)]) + Send + Sync>;

pub fn prepare(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "CREATE TEMP TABLE posted (group_id TEXT NOT NULL, seq INTEGER NOT NULL) STRICT;
         CREATE TEMP TRIGGER message_posted AFTER INSERT ON main.message
         BEGIN
             INSERT INTO posted VALUES (new.group_id, new.seq);
         END;",
    )
}

/// What was posted since the last time.
pub fn take(conn: &Connection) -> rusqlite::Result<Vec<(String, Message)>> {
    let mut found = conn.prepare_cached(
        "SELECT m.group_id, m.seq, m.at, m.sender, m.type, m.body
         FROM temp.posted p JOIN main.message m ON m.group_id = p.group_id AND m.seq = p.seq
         ORDER BY p.rowid",
    )?;
    let rows = found.query_map([], |row| {
        let message = Message {
            seq: row.get(1)?,
            at: Millis(row.get(2)?),
            sender: row.get(3)?,
            kind: row.get(4)?,
            body: row.get(5)?,
        };
        Ok((row.get(0)?, message))
    })?;
    let posted = rows.collect::<Result<Vec<_>, _>>()?;
    if !posted.is_empty() {
        conn.prepare_cached("DELETE FROM temp.posted")?.execute([])?;
    }
    Ok(posted)
}
