//! Rows of `audit`: the book of who did what. It only grows at its end and is cut at its beginning.

use rusqlite::{Connection, named_params, params};

use crate::model::Millis;
use crate::model::audit::{Entry, Event, Filter, Noted};

/// Writes a line; answers its number.
pub fn insert(conn: &Connection, entry: &Entry, at: Millis) -> rusqlite::Result<i64> {
    conn.prepare_cached(
        "INSERT INTO audit (at, actor, dialect, address, event, subject, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        at.0,
        entry.actor,
        entry.origin.map_or("", |o| o.word()),
        entry.address,
        entry.event.word(),
        entry.subject,
        entry.detail
    ])?;
    Ok(conn.last_insert_rowid())
}

/// Lines that match, newest first.
pub fn list(conn: &Connection, filter: &Filter, size: i64) -> rusqlite::Result<Vec<Noted>> {
    let mut found = conn.prepare_cached(
        "SELECT id, at, actor, dialect, address, event, subject, detail FROM audit
         WHERE (:before IS NULL OR id < :before)
           AND (:event IS NULL OR event = :event)
           AND (:who IS NULL OR actor = :who OR subject = :who)
         ORDER BY id DESC LIMIT :size",
    )?;
    let lines = found.query_map(
        named_params! {
            ":before": filter.before, ":event": filter.event, ":who": filter.who, ":size": size
        },
        |row| {
            Ok(Noted {
                id: row.get(0)?,
                at: Millis(row.get(1)?),
                actor: row.get(2)?,
                dialect: row.get(3)?,
                address: row.get(4)?,
                event: row.get(5)?,
                subject: row.get(6)?,
                detail: row.get(7)?,
            })
        },
    )?;
    lines.collect()
}

/// Forgets routine lines but the newest `routine`, and others but the newest `rest`.
pub fn trim(conn: &Connection, routine: i64, rest: i64) -> rusqlite::Result<()> {
    let words = Event::ROUTINE.map(|event| format!("'{}'", event.word()));
    let words = words.join(", ");
    for (is, keep) in [("IN", routine), ("NOT IN", rest)] {
        // The words are ours, in the program text: nothing of a caller's gets in.
        conn.execute(
            &format!(
                "DELETE FROM audit WHERE event {is} ({words}) AND id <= (
                     SELECT id FROM audit WHERE event {is} ({words})
                     ORDER BY id DESC LIMIT 1 OFFSET ?1)"
            ),
            [keep],
        )?;
    }
    Ok(())
}

/// Forgets lines from before `since`, but for the newest `keep`.
pub fn forget(conn: &Connection, since: Millis, keep: i64) -> rusqlite::Result<usize> {
    conn.execute(
        "DELETE FROM audit WHERE at < ?1
         AND id <= (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        params![since.0, keep],
    )
}
