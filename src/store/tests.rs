//! What `store` promises.

use super::*;

#[test]
fn a_sqlite_with_the_wal_reset_bug_is_refused() {
    assert!(refuse_old_sqlite(3_051_002).is_err());
    assert!(refuse_old_sqlite(3_051_003).is_ok());
    assert!(refuse_old_sqlite(rusqlite::version_number()).is_ok());
}
