//! The book of who did what: written in the same transaction as the act, so that neither stands without
//! the other; bounded, so that nobody can fill the disk with it or crowd the acts of staff out of it.

mod refused;

use std::net::IpAddr;

use rusqlite::Connection;

use super::Appliance;
use crate::model::audit::{Entry, Event, Filter, Noted};
use crate::model::user::Actor;
use crate::model::{Fault, Millis, Moment};
use crate::store::audit;

pub use refused::Refused;

/// Lines that anybody can cause: log-ins, and such. A school of 500 fills them in two months.
const ROUTINE_MAX: i64 = 60_000;
/// Acts of staff: years of them.
const REST_MAX: i64 = 40_000;
/// The bounds are looked at each time so many lines were written.
const TRIM_EACH: i64 = 1024;
/// decisions.md says nothing; data protection wants an end: 400 days are a school year and its holidays.
const AGE_MAX: Millis = Millis::seconds(400 * 24 * 3600);
/// A clock set forward by years must not empty the book.
const KEPT: i64 = 1000;
/// Longest text of one column, in characters.
const TEXT_MAX: usize = 512;

/// Notes an act inside the writer's job that does it.
pub fn note(conn: &Connection, mut entry: Entry, at: Millis) -> Result<(), Fault> {
    for text in [&mut entry.actor, &mut entry.address, &mut entry.subject, &mut entry.detail] {
        if let Some((end, _)) = text.char_indices().nth(TEXT_MAX) {
            text.truncate(end);
        }
    }
    if audit::insert(conn, &entry, at)? % TRIM_EACH == 0 {
        audit::trim(conn, ROUTINE_MAX, REST_MAX)?;
    }
    Ok(())
}

/// Something that somebody logged in does, from this address.
pub fn by(actor: &Actor, from: IpAddr, event: Event, subject: impl Into<String>) -> Entry {
    Entry {
        actor: actor.handle.as_str().to_owned(),
        origin: Some(actor.origin),
        address: from.to_string(),
        ..Entry::of(event, subject)
    }
}

/// Notes an act that changes nothing in the store.
pub async fn write(app: &Appliance, entry: Entry, now: Moment) -> Result<(), Fault> {
    app.db.write(move |conn| note(conn, entry, now.wall)).await
}

/// Lines, newest first; with them, and before them, what was refused since the last look.
pub async fn list(
    app: &Appliance,
    filter: Filter,
    size: i64,
    now: Moment,
) -> Result<Vec<Noted>, Fault> {
    settle(app, now).await?;
    app.db.read(move |conn| Ok(audit::list(conn, &filter, size)?)).await
}

/// Writes down the log-ins that were refused meanwhile: each minute, before each reading, at the end.
pub async fn settle(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let refused = app.guesses.refused.take(now);
    if refused.is_empty() {
        return Ok(());
    }
    app.db
        .write(move |conn| refused.into_iter().try_for_each(|(at, entry)| note(conn, entry, at)))
        .await
}

/// Forgets what is old; asked for once an hour.
pub async fn sweep(app: &Appliance, now: Moment) -> Result<(), Fault> {
    app.db
        .write(move |conn| {
            audit::trim(conn, ROUTINE_MAX, REST_MAX)?;
            audit::forget(conn, now.wall - AGE_MAX, KEPT)?;
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests;
