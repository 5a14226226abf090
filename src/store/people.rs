//! Lists over rows of `user`, for staff.

use rusqlite::{Connection, named_params};

use super::users;
use crate::model::user::{PeopleFilter, Person};
use crate::model::{Millis, UserId};

const FILTER: &str = "WHERE (:role IS NULL OR role = :role)
    AND (:dialect IS NULL OR dialect = :dialect)
    AND (:disabled IS NULL OR disabled = :disabled)
    AND (:text IS NULL OR instr(handle_key, :text) > 0 OR instr(name, :raw) > 0)";

/// People that match, in order of registration, and how many there are in all.
pub fn list(
    conn: &Connection,
    filter: &PeopleFilter,
    after: UserId,
    size: i64,
) -> rusqlite::Result<(i64, Vec<Person>)> {
    let (role, dialect) = (filter.role.map(|r| r.word()), filter.origin.map(|o| o.word()));
    let key = filter.text.as_ref().map(|text| text.key());
    let raw = filter.text.as_ref().map(|text| text.as_str());
    let total = conn.prepare_cached(&format!("SELECT COUNT(*) FROM user {FILTER}"))?.query_row(
        named_params! {
            ":role": role, ":dialect": dialect, ":disabled": filter.disabled, ":text": key, ":raw": raw
        },
        |row| row.get(0),
    )?;
    let columns = users::COLUMNS.replacen(" FROM user", ", created_at FROM user", 1);
    let mut found = conn
        .prepare_cached(&format!("{columns} {FILTER} AND id > :after ORDER BY id LIMIT :size"))?;
    let people = found.query_map(
        named_params! {
            ":role": role, ":dialect": dialect, ":disabled": filter.disabled, ":text": key, ":raw": raw,
            ":after": after.0, ":size": size
        },
        |row| Ok(Person { user: users::read(row)?, created_at: Millis(row.get("created_at")?) }),
    )?;
    Ok((total, people.collect::<Result<_, _>>()?))
}
