//! Rows of `user`.

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::optional;
use crate::model::user::{Origin, Role, User};
use crate::model::{Conflict, Fault, Handle, Millis, UserId};

/// Adds a person. `Conflict(HandleTaken)` when the folded handle is in use.
pub fn insert(conn: &Connection, user: &User, now: Millis) -> Result<UserId, Fault> {
    let added = conn
        .prepare_cached(
            "INSERT INTO user (handle, handle_key, dialect, appid, role, password, created_at, name, picture)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (handle_key) DO NOTHING",
        )?
        .execute(params![
            user.handle.as_str(),
            user.handle.key(),
            user.origin.word(),
            user.appid,
            user.role.word(),
            user.password,
            now.0,
            user.name,
            user.picture
        ])?;
    if added == 0 {
        return Err(Fault::Conflict(Conflict::HandleTaken));
    }
    Ok(UserId(conn.last_insert_rowid()))
}

pub fn by_handle(conn: &Connection, handle: &Handle) -> rusqlite::Result<Option<User>> {
    let mut found = conn.prepare_cached(&format!("{COLUMNS} WHERE handle_key = ?1"))?;
    optional(found.query_row([handle.key()], read))
}

pub fn by_id(conn: &Connection, id: UserId) -> rusqlite::Result<Option<User>> {
    let mut found = conn.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
    optional(found.query_row([id.0], read))
}

/// Whether anybody administers this box yet.
pub fn administrator_exists(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("SELECT EXISTS (SELECT 1 FROM user WHERE role = 'administrator')", [], |r| {
        r.get(0)
    })
}

/// Who could administer the box besides this one: enabled, with a password.
pub fn other_administrators(conn: &Connection, but: UserId) -> rusqlite::Result<i64> {
    conn.prepare_cached(
        "SELECT COUNT(*) FROM user
         WHERE role = 'administrator' AND disabled = 0 AND password IS NOT NULL AND id <> ?1",
    )?
    .query_row([but.0], |r| r.get(0))
}

pub fn set_password(conn: &Connection, id: UserId, password: Option<&str>) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE user SET password = ?2 WHERE id = ?1")?
        .execute(params![id.0, password])?;
    Ok(())
}

/// Name, role, password and standing as `user` has them.
pub fn set_standing(conn: &Connection, user: &User) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "UPDATE user SET name = ?2, role = ?3, password = ?4, disabled = ?5 WHERE id = ?1",
    )?
    .execute(params![user.id.0, user.name, user.role.word(), user.password, user.disabled])?;
    Ok(())
}

/// How many people came by a dialect.
pub fn count_of(conn: &Connection, origin: Origin) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT COUNT(*) FROM user WHERE dialect = ?1")?
        .query_row([origin.word()], |r| r.get(0))
}

/// Another name or picture; an absent one stays.
pub fn set_shown(
    conn: &Connection,
    id: UserId,
    name: Option<&str>,
    picture: Option<&str>,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "UPDATE user SET name = COALESCE(?2, name), picture = COALESCE(?3, picture) WHERE id = ?1",
    )?
    .execute(params![id.0, name, picture])?;
    Ok(())
}

/// What 002 wants kept of a person, as JSON text.
pub fn set_profile(conn: &Connection, id: UserId, profile: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE user SET profile = ?2 WHERE id = ?1")?
        .execute(params![id.0, profile])?;
    Ok(())
}

pub(super) const COLUMNS: &str =
    "SELECT id, handle, dialect, appid, role, password, name, picture, disabled FROM user";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    let handle: String = row.get(1)?;
    let origin: String = row.get(2)?;
    let role: String = row.get(4)?;
    Ok(User {
        id: UserId(row.get(0)?),
        handle: Handle::new(&handle).ok_or_else(|| unreadable(1, &handle))?,
        origin: Origin::from_word(&origin).ok_or_else(|| unreadable(2, &origin))?,
        appid: row.get(3)?,
        role: Role::from_word(&role).ok_or_else(|| unreadable(4, &role))?,
        password: row.get(5)?,
        name: row.get(6)?,
        picture: row.get(7)?,
        disabled: row.get(8)?,
    })
}

/// A text column that a CHECK or a parser should have kept out.
pub(super) fn unreadable(column: usize, text: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        Type::Text,
        format!("unexpected value {text:?}").into(),
    )
}
