//! Rows of `token`: hashes of what was handed out.

use rusqlite::{Connection, Row, params};

use super::optional;
use super::users::unreadable;
use crate::model::user::{Actor, Held, Origin, Role, StoredToken};
use crate::model::{Handle, Millis, UserId};

pub fn insert(conn: &Connection, token: &StoredToken) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO token (hash, user_id, dialect, issuer, issued_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        token.hash,
        token.user.0,
        token.origin.word(),
        token.issuer,
        token.issued_at.0
    ])?;
    Ok(())
}

pub fn delete(conn: &Connection, hash: &[u8; 32]) -> rusqlite::Result<bool> {
    Ok(conn.prepare_cached("DELETE FROM token WHERE hash = ?1")?.execute([hash])? > 0)
}

/// Ends the oldest tokens of one person and dialect beyond the newest `keep`; answers which.
pub fn delete_beyond(
    conn: &Connection,
    user: UserId,
    origin: Origin,
    keep: i64,
) -> rusqlite::Result<Vec<[u8; 32]>> {
    conn.prepare_cached(
        "DELETE FROM token WHERE hash IN (
             SELECT hash FROM token WHERE user_id = ?1 AND dialect = ?2
             ORDER BY issued_at DESC, hash LIMIT -1 OFFSET ?3)
         RETURNING hash",
    )?
    .query_map(params![user.0, origin.word(), keep], |r| r.get(0))?
    .collect()
}

/// Ends every token of one person.
pub fn delete_all_of(conn: &Connection, user: UserId) -> rusqlite::Result<usize> {
    conn.prepare_cached("DELETE FROM token WHERE user_id = ?1")?.execute([user.0])
}

/// Ends every token of one person that one dialect issued; answers which.
pub fn delete_of(
    conn: &Connection,
    user: UserId,
    origin: Origin,
) -> rusqlite::Result<Vec<[u8; 32]>> {
    conn.prepare_cached("DELETE FROM token WHERE user_id = ?1 AND dialect = ?2 RETURNING hash")?
        .query_map(params![user.0, origin.word()], |r| r.get(0))?
        .collect()
}

/// Whether a person holds a token of one dialect that was issued at `since` or later.
pub fn any_since(
    conn: &Connection,
    user: UserId,
    origin: Origin,
    since: Millis,
) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM token WHERE user_id = ?1 AND dialect = ?2 AND issued_at >= ?3)",
    )?
    .query_row(params![user.0, origin.word(), since.0], |r| r.get(0))
}

/// Every token with whom it was given to, by person. Two walks along the tables cost a
/// third of one look-up a token, and what a token does not need is not read.
pub fn held(conn: &Connection) -> rusqlite::Result<Vec<Held>> {
    let mut found = conn.prepare("SELECT user_id, hash, dialect, issued_at FROM token")?;
    let mut tokens = found
        .query_map([], |row| {
            let issued = Issued {
                hash: row.get(1)?,
                origin: word(row, 2, Origin::from_word)?,
                at: Millis(row.get(3)?),
            };
            Ok((row.get(0)?, issued))
        })?
        .collect::<Result<Vec<(i64, Issued)>, _>>()?;
    tokens.sort_unstable_by_key(|(user, _)| *user);
    let mut people = conn.prepare(
        "SELECT id, handle, appid, role, disabled FROM user
         WHERE id IN (SELECT user_id FROM token) ORDER BY id",
    )?;
    let (mut people, mut held) = (people.query([])?, Vec::with_capacity(tokens.len()));
    let mut tokens = tokens.into_iter().peekable();
    while let Some(row) = people.next()? {
        let id: i64 = row.get(0)?;
        // Nobody's: a foreign key keeps such tokens out.
        while tokens.next_if(|(user, _)| *user < id).is_some() {}
        while let Some((_, token)) = tokens.next_if(|(user, _)| *user == id) {
            held.push(one(row, token)?);
        }
    }
    Ok(held)
}

/// One token with whom it was given to.
pub fn by_hash(conn: &Connection, hash: &[u8; 32]) -> rusqlite::Result<Option<Held>> {
    let mut found = conn.prepare_cached(
        "SELECT u.id, u.handle, u.appid, u.role, u.disabled, t.dialect, t.issued_at
         FROM token t JOIN user u ON u.id = t.user_id WHERE t.hash = ?1",
    )?;
    optional(found.query_row([hash], |row| {
        let origin = word(row, 5, Origin::from_word)?;
        one(row, Issued { hash: *hash, origin, at: Millis(row.get(6)?) })
    }))
}

struct Issued {
    hash: [u8; 32],
    origin: Origin,
    at: Millis,
}

fn one(person: &Row<'_>, token: Issued) -> rusqlite::Result<Held> {
    let actor = Actor {
        id: UserId(person.get(0)?),
        handle: word(person, 1, Handle::new)?,
        role: word(person, 3, Role::from_word)?,
        appid: person.get(2)?,
        origin: token.origin,
    };
    Ok(Held { hash: token.hash, actor, issued_at: token.at, disabled: person.get(4)? })
}

/// A column's text, read where it lies.
fn word<T>(row: &Row<'_>, at: usize, read: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text = row.get_ref(at)?.as_str()?;
    read(text).ok_or_else(|| unreadable(at, text))
}
