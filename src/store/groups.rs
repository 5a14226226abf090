//! Rows of `im_group`. A closed group keeps its row, so that its number never names another one.

use rusqlite::{Connection, Row, params};

use super::optional;
use crate::model::group::{Group, GroupId};
use crate::model::lesson::Page;
use crate::model::{Millis, UserId};

/// Makes a group; its number is the store's to give.
pub fn insert(conn: &Connection, group: &Group) -> rusqlite::Result<GroupId> {
    conn.prepare_cached(
        "INSERT INTO im_group (name, code, cover, owner_id, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        group.name,
        group.code,
        group.cover,
        group.owner.0,
        group.created_at.0
    ])?;
    Ok(GroupId(conn.last_insert_rowid()))
}

/// The group, while it is open.
pub fn open(conn: &Connection, id: GroupId) -> rusqlite::Result<Option<Group>> {
    let mut found =
        conn.prepare_cached(&format!("{COLUMNS} WHERE g.id = ?1 AND g.closed_at IS NULL"))?;
    optional(found.query_row([id.0], read))
}

/// One page of the groups that a person is in, in the order of coming, and the number of all.
pub fn of(conn: &Connection, user: UserId, page: Page) -> rusqlite::Result<(i64, Vec<Group>)> {
    let mut found = conn.prepare_cached(&format!(
        "{COLUMNS} JOIN group_member m ON m.group_id = g.id
         WHERE m.user_id = ?1 ORDER BY m.id LIMIT ?2 OFFSET ?3"
    ))?;
    let groups = found.query_map(params![user.0, page.size, page.index], read)?;
    let groups: rusqlite::Result<Vec<Group>> = groups.collect();
    Ok((count_of(conn, user)?, groups?))
}

/// How many groups a person is in.
pub fn count_of(conn: &Connection, user: UserId) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT COUNT(*) FROM group_member WHERE user_id = ?1")?
        .query_row([user.0], |r| r.get(0))
}

pub fn set_owner(conn: &Connection, id: GroupId, owner: UserId) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE im_group SET owner_id = ?2 WHERE id = ?1")?
        .execute(params![id.0, owner.0])?;
    Ok(())
}

/// Nobody is in a closed group.
pub fn close(conn: &Connection, id: GroupId, now: Millis) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM group_member WHERE group_id = ?1")?.execute([id.0])?;
    conn.prepare_cached("UPDATE im_group SET closed_at = ?2 WHERE id = ?1")?
        .execute(params![id.0, now.0])?;
    Ok(())
}

/// Every group that is open, oldest first.
pub fn all_open(conn: &Connection) -> rusqlite::Result<Vec<Group>> {
    let mut found =
        conn.prepare_cached(&format!("{COLUMNS} WHERE g.closed_at IS NULL ORDER BY g.id"))?;
    let groups = found.query_map([], read)?;
    groups.collect()
}

const COLUMNS: &str =
    "SELECT g.id, g.name, g.code, g.cover, g.owner_id, g.created_at FROM im_group g";

fn read(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        id: GroupId(row.get(0)?),
        name: row.get(1)?,
        code: row.get(2)?,
        cover: row.get(3)?,
        owner: UserId(row.get(4)?),
        created_at: Millis(row.get(5)?),
    })
}
