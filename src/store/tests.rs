//! What `store` promises.

use super::*;

#[test]
fn a_sqlite_with_the_wal_reset_bug_is_refused() {
    assert!(refuse_old_sqlite(3_051_002).is_err());
    assert!(refuse_old_sqlite(3_051_003).is_ok());
    assert!(refuse_old_sqlite(rusqlite::version_number()).is_ok());
}

/// A backup in many steps began anew with each commit; this one ends while the box writes on and on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_taken_while_the_box_writes_without_a_pause() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let fill = |conn: &Connection| {
        let rows = "INSERT INTO signature_used (hash, at)
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
                    SELECT CAST(printf('%032d', i) AS BLOB), i FROM n";
        Ok(conn.execute(rows, [])?)
    };
    db.write(fill).await.unwrap();
    let writer = db.clone();
    let writing = tokio::spawn(async move {
        for at in 0.. {
            let touch = move |conn: &Connection| {
                let sql = "UPDATE signature_used SET at = ?1 WHERE hash = ?2";
                Ok(conn.execute(sql, rusqlite::params![at, b"00000000000000000000000000000001"])?)
            };
            writer.write(touch).await.unwrap();
        }
    });
    let target = dir.path().join("copy.db");
    let copied = db.snapshot(target.clone());
    let copied = tokio::time::timeout(std::time::Duration::from_secs(30), copied).await;
    let went_on = !writing.is_finished();
    writing.abort();
    assert_eq!((copied.unwrap().unwrap().len(), went_on), (0, true));
    let copy = Connection::open(target).unwrap();
    let count = "SELECT COUNT(*) FROM signature_used";
    assert_eq!(copy.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 300_000);
}

#[test]
fn a_store_made_sound_is_one_closed_file() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Db::make_sound(dir.path()).unwrap(), 0);
    let names = std::fs::read_dir(dir.path()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["box.db"]);
    std::fs::write(dir.path().join("box.db"), [7; 9000]).unwrap();
    assert!(Db::make_sound(dir.path()).is_err());
}
