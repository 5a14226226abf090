//! Which rows a transaction changed that memory keeps a copy of, told once the transaction stands. Triggers of the
//! writer's own connection note them, whoever writes; what is rolled back is forgotten with its savepoint.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;

use crate::model::{RoomId, UserId};

/// Hears on the writer's thread, in the order of the commits and before the callers that wait for them, so that
/// whoever writes and then reads finds what was written. It may read what it needs; `None`: anything may have changed.
pub type Listener = Box<dyn Fn(&Connection, Option<&Changed>) + Send + Sync>;

/// Each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Lessons of which anything changed, their number of members too.
    pub rooms: Vec<RoomId>,
    /// Seats that were taken or given up.
    pub seats: Vec<(RoomId, UserId)>,
    /// People who are shown or may come in otherwise than before.
    pub people: Vec<UserId>,
    /// People who came into a group or left one, and those of a group that has changed.
    pub grouped: Vec<UserId>,
}

const ROOM: i64 = 0;
const SEAT: i64 = 1;
const PERSON: i64 = 2;
const GROUPED: i64 = 3;

pub fn prepare(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(&format!(
        "CREATE TEMP TABLE changed (kind INTEGER NOT NULL, id INTEGER NOT NULL, user_id INTEGER NOT NULL) STRICT;
         CREATE TEMP TRIGGER room_made AFTER INSERT ON main.room
         BEGIN INSERT INTO changed VALUES ({ROOM}, new.id, 0); END;
         CREATE TEMP TRIGGER room_changed AFTER UPDATE ON main.room
         BEGIN INSERT INTO changed VALUES ({ROOM}, new.id, 0); END;
         CREATE TEMP TRIGGER seat_made AFTER INSERT ON main.member
         BEGIN INSERT INTO changed VALUES ({SEAT}, new.room_id, new.user_id); END;
         CREATE TEMP TRIGGER seat_changed AFTER UPDATE ON main.member
         BEGIN INSERT INTO changed VALUES ({SEAT}, new.room_id, new.user_id); END;
         CREATE TEMP TRIGGER person_changed AFTER UPDATE ON main.user
         BEGIN INSERT INTO changed VALUES ({PERSON}, new.id, 0); END;
         CREATE TEMP TRIGGER group_entered AFTER INSERT ON main.group_member
         BEGIN INSERT INTO changed VALUES ({GROUPED}, new.user_id, 0); END;
         CREATE TEMP TRIGGER group_left AFTER DELETE ON main.group_member
         BEGIN INSERT INTO changed VALUES ({GROUPED}, old.user_id, 0); END;
         CREATE TEMP TRIGGER group_changed AFTER UPDATE ON main.im_group
         BEGIN INSERT INTO changed SELECT {GROUPED}, user_id, 0 FROM main.group_member WHERE group_id = new.id; END;"
    ))
}

/// Tells `listener` what has changed since the last time.
pub fn tell(conn: &Connection, listener: Option<&Listener>) {
    let changed = take(conn);
    let Some(listener) = listener else { return };
    if let Err(e) = &changed {
        tracing::warn!(error = %e, "what has changed cannot be told");
    }
    if changed.as_ref().is_ok_and(|changed| *changed == Changed::default()) {
        return;
    }
    // One look at the store for all that is read now; each alone would take its lock and give it back.
    let look = conn.unchecked_transaction();
    let told = catch_unwind(AssertUnwindSafe(|| listener(conn, changed.as_ref().ok())));
    drop(look);
    if told.is_err() {
        tracing::error!("who keeps copies of rows panicked");
    }
}

fn take(conn: &Connection) -> rusqlite::Result<Changed> {
    let mut changed = Changed::default();
    let mut found = conn.prepare_cached("SELECT DISTINCT kind, id, user_id FROM temp.changed")?;
    let mut rows = found.query([])?;
    let mut any = false;
    while let Some(row) = rows.next()? {
        any = true;
        let (kind, id, user): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        match kind {
            ROOM => changed.rooms.push(RoomId(id)),
            SEAT => changed.seats.push((RoomId(id), UserId(user))),
            PERSON => changed.people.push(UserId(id)),
            _ => changed.grouped.push(UserId(id)),
        }
    }
    if any {
        conn.prepare_cached("DELETE FROM temp.changed")?.execute([])?;
    }
    // A seat is a member more or less.
    changed.rooms.extend(changed.seats.iter().map(|(room, _)| *room));
    changed.rooms.sort_unstable();
    changed.rooms.dedup();
    Ok(changed)
}
