//! Rows of `group_member`: who is in which group, in the order of coming.

use rusqlite::{Connection, Row, params};

use super::optional;
use super::users::unreadable;
use crate::model::group::{GroupId, Member};
use crate::model::lesson::Page;
use crate::model::{Handle, Millis, UserId};

/// Puts a person into a group; `false` when he is in it already.
pub fn insert(
    conn: &Connection,
    group: GroupId,
    user: UserId,
    now: Millis,
) -> rusqlite::Result<bool> {
    let added = conn
        .prepare_cached(
            "INSERT INTO group_member (group_id, user_id, joined_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (group_id, user_id) DO NOTHING",
        )?
        .execute(params![group.0, user.0, now.0])?;
    Ok(added > 0)
}

/// Takes a person out of a group; `false` when he is not in it.
pub fn delete(conn: &Connection, group: GroupId, user: UserId) -> rusqlite::Result<bool> {
    let gone = conn
        .prepare_cached("DELETE FROM group_member WHERE group_id = ?1 AND user_id = ?2")?
        .execute(params![group.0, user.0])?;
    Ok(gone > 0)
}

pub fn contains(conn: &Connection, group: GroupId, user: UserId) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM group_member WHERE group_id = ?1 AND user_id = ?2)",
    )?
    .query_row(params![group.0, user.0], |r| r.get(0))
}

/// Who has been in it longest.
pub fn oldest(conn: &Connection, group: GroupId) -> rusqlite::Result<Option<UserId>> {
    let mut found = conn.prepare_cached(
        "SELECT user_id FROM group_member WHERE group_id = ?1 ORDER BY id LIMIT 1",
    )?;
    optional(found.query_row([group.0], |r| r.get(0).map(UserId)))
}

pub fn count(conn: &Connection, group: GroupId) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT COUNT(*) FROM group_member WHERE group_id = ?1")?
        .query_row([group.0], |r| r.get(0))
}

/// One page of the members, in the order of coming, and the number of all.
pub fn page(conn: &Connection, group: GroupId, page: Page) -> rusqlite::Result<(i64, Vec<Member>)> {
    let mut found = conn.prepare_cached(
        "SELECT u.id, u.handle, u.name, u.picture
         FROM group_member m JOIN user u ON u.id = m.user_id
         WHERE m.group_id = ?1 ORDER BY m.id LIMIT ?2 OFFSET ?3",
    )?;
    let members = found.query_map(params![group.0, page.size, page.index], read)?;
    let members: rusqlite::Result<Vec<Member>> = members.collect();
    Ok((count(conn, group)?, members?))
}

/// Every member's number, in the order of coming.
pub fn ids(conn: &Connection, group: GroupId) -> rusqlite::Result<Vec<UserId>> {
    let mut found =
        conn.prepare_cached("SELECT user_id FROM group_member WHERE group_id = ?1 ORDER BY id")?;
    let ids = found.query_map([group.0], |r| r.get(0).map(UserId))?;
    ids.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Member> {
    let handle: String = row.get(1)?;
    Ok(Member {
        id: UserId(row.get(0)?),
        handle: Handle::new(&handle).ok_or_else(|| unreadable(1, &handle))?,
        name: row.get(2)?,
        picture: row.get(3)?,
    })
}
