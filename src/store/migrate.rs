//! Numbered migrations. They only expand: the release before must be able to write what the newer one made.

use std::path::Path;

use rusqlite::Connection;

use super::OpenError;
use crate::model::crash::{self, Point};

/// Every migration, oldest first; its number is its place from 1. Never edit or reorder an old one.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_lesson.sql"),
    include_str!("migrations/0002_directory.sql"),
    include_str!("migrations/0003_policy.sql"),
    include_str!("migrations/0004_slides.sql"),
    include_str!("migrations/0005_switch.sql"),
];

/// Whether the file is older than this release.
///
/// # Errors
/// `TooNew`. Decision 13: a newer release may have expanded the schema once; its file stays usable.
pub fn is_due(conn: &Connection) -> Result<bool, OpenError> {
    let file: u32 = conn.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    let program = newest();
    if file > program + 1 {
        return Err(OpenError::TooNew { file, program });
    }
    Ok(file < program)
}

fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("a handful of migrations")
}

/// Brings the file up to date; before it changes a file that has data, a copy goes to `box.db.before-N`.
pub fn run(conn: &mut Connection, folder: &Path) -> Result<(), OpenError> {
    if !is_due(conn)? {
        return Ok(());
    }
    let file: u32 = conn.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    let program = newest();
    if file > 0 {
        let copy = folder.join(format!("box.db.before-{program}"));
        let _ = std::fs::remove_file(&copy);
        conn.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
        crash::point(Point::MigrationCopied);
    }
    for (number, sql) in (1..).zip(MIGRATIONS).skip(file as usize) {
        let tx = conn.transaction()?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", number)?;
        crash::point(Point::InMigration);
        tx.commit()?;
    }
    Ok(())
}
