//! Rows of `room` and `member`: the lists clients ask for.

use rusqlite::{Connection, Row, named_params, params};

use super::users::unreadable;
use super::{optional, users};
use crate::model::lesson::{
    Binding, BriefRoom, Export, Member, Page, RecordingState, Room, RoomFilter, RoomState,
};
use crate::model::user::User;
use crate::model::{Millis, RoomId, UserId};

const COLUMNS: &str = "SELECT r.id, r.host_id, u.handle, r.title, r.cover, r.state, r.created_at,
    r.begin_at, r.begin_seq, r.end_at, r.end_seq, r.index_url, r.watch_key, r.classroom,
    r.recording, r.recording_note, r.export, r.deleted_at,
    (SELECT COUNT(*) FROM member m WHERE m.room_id = r.id AND (r.state > 1 OR m.active = 1))
    FROM room r JOIN user u ON u.id = r.host_id";

/// Adds a lesson in state 0.
pub fn insert(conn: &Connection, room: &Room) -> rusqlite::Result<RoomId> {
    conn.prepare_cached(
        "INSERT INTO room (host_id, title, cover, state, created_at, watch_key)
         VALUES (?1, ?2, ?3, 0, ?4, ?5)",
    )?
    .execute(params![
        room.host.0,
        room.title,
        room.cover,
        room.created_at.0,
        room.watch_key
    ])?;
    Ok(RoomId(conn.last_insert_rowid()))
}

pub fn by_id(conn: &Connection, id: RoomId) -> rusqlite::Result<Option<Room>> {
    let mut found = conn.prepare_cached(&format!("{COLUMNS} WHERE r.id = ?1"))?;
    optional(found.query_row([id.0], read))
}

pub fn in_state(conn: &Connection, state: RoomState) -> rusqlite::Result<Vec<Room>> {
    let mut found = conn.prepare_cached(&format!("{COLUMNS} WHERE r.state = ?1 ORDER BY r.id"))?;
    let rooms = found.query_map([state.number()], read)?;
    rooms.collect()
}

/// Lessons that are over while their recording was never closed: the box died in between.
pub fn unfinished(conn: &Connection) -> rusqlite::Result<Vec<Room>> {
    let mut found = conn.prepare_cached(&format!(
        "{COLUMNS} WHERE r.state IN (2, 3) AND (r.recording IN ('on', 'refused')
             OR r.id IN (SELECT room_id FROM slides WHERE state <> 'ended')) ORDER BY r.id"
    ))?;
    let rooms = found.query_map([], read)?;
    rooms.collect()
}

/// The highest number given out; numbers have no gaps, so every number from 10001 up to it exists.
pub fn newest(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("SELECT COALESCE(MAX(id), 10000) FROM room", [], |r| r.get(0))
}

const FILTER: &str = "WHERE (:appid IS NULL OR u.appid IS NULL OR u.appid = :appid)
    AND (:room IS NULL OR r.id = :room)
    AND (:host IS NULL OR r.host_id = :host)
    AND (:state IS NULL OR r.state = :state)
    AND (:from IS NULL OR r.begin_at > :from OR r.created_at > :from)
    AND (:to IS NULL OR r.created_at <= :to)"; // no lesson begins before it is made

const NEWEST_FIRST: &str = "ORDER BY MAX(r.created_at, r.begin_at) DESC, r.id DESC";

/// One page of lessons, newest first, and how many there are in all.
pub fn list(
    conn: &Connection,
    filter: &RoomFilter,
    page: Page,
) -> rusqlite::Result<(i64, Vec<Room>)> {
    let (room, host) = (filter.room.map(|r| r.0), filter.host.map(|h| h.0));
    let (from, to) = (filter.from.map(|m| m.0), filter.to.map(|m| m.0));
    let state = filter.state.map(RoomState::number);
    let mut count = conn.prepare_cached(&format!(
        "SELECT COUNT(*) FROM room r JOIN user u ON u.id = r.host_id {FILTER}"
    ))?;
    let total = count.query_row(
        named_params! {
            ":appid": filter.appid, ":room": room, ":host": host, ":state": state,
            ":from": from, ":to": to
        },
        |r| r.get(0),
    )?;
    // The page's numbers first: members are counted for its rows alone, not for all that are sorted.
    let mut found = conn.prepare_cached(&format!(
        "{COLUMNS} WHERE r.id IN (
             SELECT r.id FROM room r JOIN user u ON u.id = r.host_id {FILTER} {NEWEST_FIRST}
             LIMIT :size OFFSET :index)
         {NEWEST_FIRST}"
    ))?;
    let rooms = found.query_map(
        named_params! {
            ":appid": filter.appid, ":room": room, ":host": host, ":state": state,
            ":from": from, ":to": to, ":size": page.size, ":index": page.index
        },
        read,
    )?;
    Ok((total, rooms.collect::<Result<_, _>>()?))
}

/// Seats taken now, in order of registration.
pub fn members(
    conn: &Connection,
    room: RoomId,
    page: Page,
) -> rusqlite::Result<(i64, Vec<Member>)> {
    let total = conn
        .prepare_cached("SELECT COUNT(*) FROM member WHERE room_id = ?1 AND active = 1")?
        .query_row([room.0], |r| r.get(0))?;
    let mut found = conn.prepare_cached(
        "SELECT u.handle, u.role = 'teacher' FROM member m JOIN user u ON u.id = m.user_id
         WHERE m.room_id = ?1 AND m.active = 1 ORDER BY m.user_id LIMIT ?2 OFFSET ?3",
    )?;
    let members = found.query_map(params![room.0, page.size, page.index], |row| {
        Ok(Member { handle: row.get(0)?, is_teacher: row.get(1)? })
    })?;
    Ok((total, members.collect::<Result<_, _>>()?))
}

/// Whether somebody sits in a lesson now, and as what.
pub fn member(conn: &Connection, room: RoomId, user: UserId) -> rusqlite::Result<Option<Member>> {
    let mut found = conn.prepare_cached(
        "SELECT u.handle, u.role = 'teacher' FROM member m JOIN user u ON u.id = m.user_id
         WHERE m.room_id = ?1 AND m.user_id = ?2 AND m.active = 1",
    )?;
    optional(found.query_row([room.0, user.0], |row| {
        Ok(Member { handle: row.get(0)?, is_teacher: row.get(1)? })
    }))
}

/// Who sits in which of the live lessons.
pub fn all_seated(conn: &Connection) -> rusqlite::Result<Vec<(RoomId, UserId, Member)>> {
    let mut found = conn.prepare_cached(
        "SELECT m.room_id, m.user_id, u.handle, u.role = 'teacher'
         FROM room r JOIN member m ON m.room_id = r.id JOIN user u ON u.id = m.user_id
         WHERE r.state = 1 AND m.active = 1 ORDER BY m.room_id, m.user_id",
    )?;
    let seats = found.query_map([], |row| {
        let member = Member { handle: row.get(2)?, is_teacher: row.get(3)? };
        Ok((RoomId(row.get(0)?), UserId(row.get(1)?), member))
    })?;
    seats.collect()
}

/// Every lesson in the order of the numbers.
pub fn brief(conn: &Connection) -> rusqlite::Result<Vec<BriefRoom>> {
    let mut found = conn
        .prepare_cached("SELECT id, host_id, state, created_at, begin_at FROM room ORDER BY id")?;
    let rooms = found.query_map([], read_brief)?;
    rooms.collect()
}

/// The same of one.
pub fn brief_of(conn: &Connection, id: RoomId) -> rusqlite::Result<Option<BriefRoom>> {
    let mut found = conn.prepare_cached(
        "SELECT id, host_id, state, created_at, begin_at FROM room WHERE id = ?1",
    )?;
    optional(found.query_row([id.0], read_brief))
}

fn read_brief(row: &Row<'_>) -> rusqlite::Result<BriefRoom> {
    let state: i64 = row.get(2)?;
    Ok(BriefRoom {
        id: RoomId(row.get(0)?),
        host: UserId(row.get(1)?),
        state: RoomState::from_number(state).ok_or_else(|| unreadable(2, &state.to_string()))?,
        created_at: Millis(row.get(3)?),
        begin_at: Millis(row.get(4)?),
    })
}

/// Everybody who hosts a lesson.
pub fn hosts(conn: &Connection) -> rusqlite::Result<Vec<User>> {
    let columns = users::COLUMNS;
    let mut found =
        conn.prepare_cached(&format!("{columns} WHERE id IN (SELECT host_id FROM room)"))?;
    let hosts = found.query_map([], users::read)?;
    hosts.collect()
}

/// Everybody seated in a live lesson: how presence is rebuilt after a restart.
pub fn seated(conn: &Connection, room: RoomId) -> rusqlite::Result<Vec<UserId>> {
    let mut found =
        conn.prepare_cached("SELECT user_id FROM member WHERE room_id = ?1 AND active = 1")?;
    let users = found.query_map([room.0], |r| r.get(0).map(UserId))?;
    users.collect()
}

/// Whether this person is the host or is or was in the lesson.
pub fn knows(conn: &Connection, room: RoomId, user: UserId) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM room WHERE id = ?1 AND host_id = ?2)
             OR EXISTS (SELECT 1 FROM member WHERE room_id = ?1 AND user_id = ?2)",
    )?
    .query_row(params![room.0, user.0], |r| r.get(0))
}

/// Binds a file; `false` when its address is bound already.
pub fn bind(
    conn: &Connection,
    room: RoomId,
    user: UserId,
    binding: &Binding,
    now: Millis,
) -> rusqlite::Result<bool> {
    let added = conn
        .prepare_cached(
            "INSERT INTO binding (room_id, user_id, kind, file_name, url, bound_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room_id, url) DO NOTHING",
        )?
        .execute(params![room.0, user.0, binding.kind, binding.file_name, binding.url, now.0])?;
    Ok(added > 0)
}

/// Unbinds a file; `false` when its address was not bound.
pub fn unbind(conn: &Connection, room: RoomId, url: &str) -> rusqlite::Result<bool> {
    let gone = conn
        .prepare_cached("DELETE FROM binding WHERE room_id = ?1 AND url = ?2")?
        .execute(params![room.0, url])?;
    Ok(gone > 0)
}

/// Bound files, newest first.
pub fn bindings(
    conn: &Connection,
    room: RoomId,
    page: Page,
) -> rusqlite::Result<(i64, Vec<Binding>)> {
    let total = conn
        .prepare_cached("SELECT COUNT(*) FROM binding WHERE room_id = ?1")?
        .query_row([room.0], |r| r.get(0))?;
    let mut found = conn.prepare_cached(
        "SELECT kind, file_name, url FROM binding WHERE room_id = ?1
         ORDER BY id DESC LIMIT ?2 OFFSET ?3",
    )?;
    let files = found.query_map(params![room.0, page.size, page.index], |row| {
        Ok(Binding { kind: row.get(0)?, file_name: row.get(1)?, url: row.get(2)? })
    })?;
    Ok((total, files.collect::<Result<_, _>>()?))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Room> {
    let state: i64 = row.get(5)?;
    let recording: String = row.get(14)?;
    let export: String = row.get(16)?;
    Ok(Room {
        id: RoomId(row.get(0)?),
        host: UserId(row.get(1)?),
        host_handle: row.get(2)?,
        title: row.get(3)?,
        cover: row.get(4)?,
        state: RoomState::from_number(state).ok_or_else(|| unreadable(5, &state.to_string()))?,
        created_at: Millis(row.get(6)?),
        begin_at: Millis(row.get(7)?),
        begin_seq: row.get(8)?,
        end_at: Millis(row.get(9)?),
        end_seq: row.get(10)?,
        index_url: row.get(11)?,
        watch_key: row.get(12)?,
        classroom: row.get(13)?,
        recording: RecordingState::from_word(&recording)
            .ok_or_else(|| unreadable(14, &recording))?,
        recording_note: row.get(15)?,
        export: Export::from_word(&export).ok_or_else(|| unreadable(16, &export))?,
        deleted_at: Millis(row.get(17)?),
        members: row.get(18)?,
    })
}
