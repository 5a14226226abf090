//! What `store` promises.

use super::*;
use crate::model::Handle;
use crate::model::user::{Held, Origin, Role, StoredToken, User};

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

#[tokio::test]
async fn the_writer_gives_back_its_own_part_of_the_heap_and_goes_on() {
    static SHRUNK: std::sync::Mutex<Option<String>> = std::sync::Mutex::new(None);
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    db.rest(|| *SHRUNK.lock().unwrap() = std::thread::current().name().map(Into::into));
    db.write(|_| Ok(())).await.unwrap();
    assert_eq!(SHRUNK.lock().unwrap().as_deref(), Some("store-writer"));
}

#[tokio::test]
async fn what_is_posted_is_told_once_it_stands_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    db.on_posted(Box::new(move |posted| {
        let short = |(group, m): &(String, crate::model::lesson::Message)| {
            tell.send((group.clone(), m.seq, m.body.clone())).unwrap();
        };
        posted.iter().for_each(short);
    }));
    let post = async |group: &'static str, body: &'static str, fails: bool| {
        let job = move |conn: &Connection| {
            let seq = messages::post(conn, group, 1, "ann", body, Millis(0))?;
            if fails { Err(Fault::Missing(crate::model::Thing::Room)) } else { Ok(seq) }
        };
        db.write(job).await
    };
    // Together, so that they share transactions with each other and with what fails.
    let (a, failed, b, c) = tokio::join!(
        post("1", "\"a\"", false),
        post("1", "\"never\"", true),
        post("2", "\"b\"", false),
        post("1", "\"c\"", false),
    );
    assert!(failed.is_err());
    assert_eq!((a.unwrap(), b.unwrap(), c.unwrap()), (1, 1, 2));
    // The listener is told before the caller is answered.
    let all: Vec<_> = told.try_iter().collect();
    let expected = [("1", 1, "\"a\""), ("2", 1, "\"b\""), ("1", 2, "\"c\"")];
    assert_eq!(all, expected.map(|(group, seq, body)| (group.to_owned(), seq, body.to_owned())));
    db.close().await;
}

#[tokio::test]
async fn an_unchecked_store_is_read_at_once_and_written_after_its_check() {
    let dir = tempfile::tempdir().unwrap();
    Db::open(dir.path()).unwrap().close().await;
    let db = Db::open_unchecked(dir.path()).unwrap();
    assert!(!db.is_checked());
    assert_eq!(db.read(|conn| Ok(rooms::newest(conn)?)).await.unwrap(), 10_000);
    let note = |conn: &Connection| Ok(memo::put(conn, "k", "v")?);
    let mut written = std::pin::pin!(db.write(note));
    tokio::select! {
        biased;
        _ = &mut written => panic!("it is not checked"),
        () = std::future::ready(()) => {}
    }
    let there = db.read(|conn| Ok(memo::get(conn, "k")?)).await.unwrap();
    assert_eq!(there, None);
    db.check().await.unwrap();
    written.await.unwrap();
    assert!(db.is_checked());
    let there = db.read(|conn| Ok(memo::get(conn, "k")?)).await.unwrap();
    assert_eq!(there.as_deref(), Some("v"));
    db.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_while_a_check_lasts_never_happens_and_what_a_start_writes_waits_on() {
    let dir = tempfile::tempdir().unwrap();
    Db::open(dir.path()).unwrap().close().await;
    let db = Db::open_unchecked(dir.path()).unwrap();
    let put = |key: &'static str| move |conn: &Connection| Ok(memo::put(conn, key, "v")?);
    let mut first = std::pin::pin!(db.write_first(put("first")));
    let an_hour = std::time::Duration::from_secs(3600);
    tokio::select! {
        biased;
        _ = &mut first => panic!("it is not checked"),
        refused = tokio::time::timeout(an_hour, db.write(put("refused"))) => {
            assert!(matches!(refused, Ok(Err(Fault::Busy { .. }))), "{refused:?}");
        }
    }
    db.check().await.unwrap();
    first.await.unwrap();
    db.write(put("later")).await.unwrap();
    let there = |conn: &Connection| {
        let keys = ["first", "refused", "later"].map(|key| memo::get(conn, key).unwrap());
        Ok(keys.map(|value| value.is_some()))
    };
    assert_eq!(db.read(there).await.unwrap(), [true, false, true]);
    db.close().await;
}

#[tokio::test]
async fn a_store_that_takes_nothing_says_so_until_it_takes_something() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let may_grow_to = |pages: u32| {
        move |conn: &Connection| Ok(conn.pragma_update(None, "max_page_count", pages)?)
    };
    let put = |conn: &Connection| Ok(memo::put(conn, "k", &"v".repeat(100_000))?);
    let put_nothing = |_: &Connection| Ok(());
    // Not below what it has.
    db.write(may_grow_to(1)).await.unwrap();
    assert!(!db.is_ailing());
    let (full, beside) = tokio::join!(db.write(put), db.write(put_nothing));
    assert!(matches!(full, Err(Fault::Offline(_))), "{full:?}");
    assert!(matches!(beside, Ok(()) | Err(Fault::Offline(_))), "{beside:?}");
    assert!(db.is_ailing());
    db.write(put_nothing).await.unwrap();
    assert!(db.is_ailing(), "nobody asked the disk");
    db.write(may_grow_to(1 << 30)).await.unwrap();
    db.write(put).await.unwrap();
    assert!(!db.is_ailing());
    db.close().await;
}

#[tokio::test]
async fn a_store_of_an_older_release_is_brought_up_to_date_and_written_after_its_check_too() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open_unchecked(dir.path()).unwrap();
    assert!(!db.is_checked());
    assert_eq!(db.read(|conn| Ok(rooms::newest(conn)?)).await.unwrap(), 10_000);
    let (put, found) = tokio::join!(db.write(|conn| Ok(memo::put(conn, "k", "v")?)), db.check());
    assert!(put.is_ok() && found.is_ok() && db.is_checked());
    db.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_his_turn_waits_for_the_check_first() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open_unchecked(dir.path()).unwrap();
    let since = tokio::time::Instant::now();
    assert!(matches!(db.ready().await, Err(Fault::Busy { .. })));
    assert!((5..8).contains(&since.elapsed().as_secs()));
    db.check().await.unwrap();
    db.ready().await.unwrap();
    db.close().await;
}

/// A file whose damage nobody meets who reads a little of it.
#[tokio::test]
async fn a_damaged_store_is_never_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("box.db");
    let db = Db::open(dir.path()).unwrap();
    let fill = |conn: &Connection| {
        for n in 0..2000 {
            memo::put(conn, &format!("{n:04}"), &"v".repeat(100))?;
        }
        Ok(())
    };
    db.write(fill).await.unwrap();
    db.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(4).rposition(|found| found == b"1000").unwrap();
    bytes[at / 4096 * 4096..][..4096].fill(0xff);
    std::fs::write(&path, &bytes).unwrap();
    let db = Db::open_unchecked(dir.path()).unwrap();
    assert!(db.read(|conn| Ok(rooms::newest(conn)?)).await.is_ok());
    let (put, found) = tokio::join!(db.write(|conn| Ok(memo::put(conn, "k", "v")?)), db.check());
    assert!(put.is_err());
    assert!(matches!(found, Err(OpenError::Damaged(_))), "{found:?}");
    assert!(!db.is_checked());
    assert!(db.write(|conn| Ok(memo::put(conn, "k", "v")?)).await.is_err());
    drop(db);
    assert!(std::fs::read(&path).unwrap() == bytes);
}

#[tokio::test]
async fn an_unchecked_store_that_nobody_checks_leaves_its_wal_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    Db::make_sound(dir.path()).unwrap();
    let (path, wal) = (dir.path().join("box.db"), dir.path().join("box.db-wal"));
    let other = Connection::open(&path).unwrap();
    other.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    memo::put(&other, "k", "v").unwrap();
    drop(other);
    let before = (std::fs::read(&path).unwrap(), std::fs::read(&wal).unwrap());
    Db::open_unchecked(dir.path()).unwrap().close().await;
    assert!(before == (std::fs::read(&path).unwrap(), std::fs::read(&wal).unwrap()));
}

#[tokio::test]
async fn every_token_is_held_with_whose_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let fill = |conn: &Connection| {
        for (n, (handle, role)) in
            [("Zo\u{e9}", Role::Teacher), ("nobody", Role::Pupil), ("ann", Role::Pupil)]
                .into_iter()
                .enumerate()
        {
            let mut user = User::fresh(Handle::new(handle).unwrap(), Origin::Edu, role);
            user.appid = Some(1_400_000_000);
            let id = users::insert(conn, &user, Millis(0))?;
            for (at, origin) in [Origin::Edu, Origin::Arctos].into_iter().enumerate() {
                let hash = [u8::try_from(n * 2 + at).unwrap(); 32];
                let issuer = String::new();
                let issued_at = Millis(i64::try_from(at).unwrap());
                if handle != "nobody" {
                    tokens::insert(
                        conn,
                        &StoredToken { hash, user: id, origin, issuer, issued_at },
                    )?;
                }
            }
        }
        tokens::held(conn).map_err(Fault::from)
    };
    let held = db.write(fill).await.unwrap();
    let short = |h: &Held| {
        let actor = &h.actor;
        (
            h.hash[0],
            actor.id.0,
            actor.handle.as_str().to_owned(),
            actor.role,
            actor.origin,
            h.issued_at.0,
        )
    };
    let mut all: Vec<_> = held.iter().map(short).collect();
    all.sort_unstable_by_key(|(hash, ..)| *hash);
    let expected =
        |hash, id, handle: &str, role, origin, at| (hash, id, handle.to_owned(), role, origin, at);
    assert_eq!(
        all,
        [
            expected(0, 10_001, "Zo\u{e9}", Role::Teacher, Origin::Edu, 0),
            expected(1, 10_001, "Zo\u{e9}", Role::Teacher, Origin::Arctos, 1),
            expected(4, 10_003, "ann", Role::Pupil, Origin::Edu, 0),
            expected(5, 10_003, "ann", Role::Pupil, Origin::Arctos, 1),
        ]
    );
    assert!(held.iter().all(|h| h.actor.appid == Some(1_400_000_000) && !h.disabled));
    db.close().await;
}

#[tokio::test]
async fn what_has_changed_is_told_once_it_stands_before_its_writer_is_answered() {
    use crate::model::user::{Origin, Role, User};
    use crate::model::{Handle, RoomId, UserId};

    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    db.on_changed(Box::new(move |conn, changed| {
        let changed = changed.unwrap();
        // It may look at what stands now.
        let live = changed.rooms.iter().map(|id| rooms::by_id(conn, *id).unwrap().unwrap().state);
        let seats = changed.seats.clone();
        tell.send((live.map(|s| s.number()).collect::<Vec<_>>(), seats, changed.people.clone()))
            .unwrap();
    }));
    let ann = User::fresh(Handle::new("ann").unwrap(), Origin::Edu, Role::Teacher);
    let ann = db.write(move |conn| users::insert(conn, &ann, Millis(0))).await.unwrap();
    assert!(told.try_recv().is_err(), "nobody shows who has only just come");
    let add = move |conn: &Connection| {
        let sql = "INSERT INTO room (host_id, title, cover, state, created_at, watch_key)
                   VALUES (?1, '', '', 0, 0, '')";
        conn.execute(sql, [ann.0])?;
        Ok(RoomId(conn.last_insert_rowid()))
    };
    let room = db.write(add).await.unwrap();
    assert_eq!(told.try_recv().unwrap(), (vec![0], vec![], vec![]));
    let job = move |fails: bool| {
        let db = db.clone();
        async move {
            db.write(move |conn| {
                lessons::begin(conn, room, 1, None, Millis(1))?;
                lessons::enter(conn, room, ann, Millis(1))?;
                lessons::enter(conn, room, ann, Millis(2))?;
                users::set_shown(conn, ann, Some("Ann"), None)?;
                if fails { Err(Fault::Missing(crate::model::Thing::Room)) } else { Ok(()) }
            })
            .await
        }
    };
    assert!(job(true).await.is_err());
    assert!(told.try_recv().is_err(), "what was rolled back has changed nothing");
    job(false).await.unwrap();
    assert_eq!(told.try_recv().unwrap(), (vec![1], vec![(room, ann)], vec![ann]));
    assert!(told.try_recv().is_err());
    assert_eq!(UserId(10_001), ann);
}
