//! What a backup holds, and what a restore leaves after every way it can break off.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::domain::durable::witness;
use crate::model::Millis;
use crate::store::files::{self, FileRow};

/// A data folder with a store, keys and the named stored files; the store stays open.
async fn data(names: &[&str]) -> (TempDir, Db) {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["keys", "license", "files", "recordings"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    fs::write(dir.path().join("keys/secrets.toml"), names.concat()).unwrap();
    let db = Db::open(dir.path()).unwrap();
    for name in names {
        fs::write(dir.path().join("files").join(name), name).unwrap();
        let row = FileRow {
            path: format!("1/box/{name}"),
            owner: None,
            name: (*name).to_owned(),
            bytes: 1,
            sha1: String::new(),
            content_type: String::new(),
            stored_at: Millis(1),
        };
        db.write(move |conn| Ok(files::put(conn, &row)?)).await.unwrap();
    }
    (dir, db)
}

fn stored(data: &Path) -> Vec<String> {
    let conn = rusqlite::Connection::open(data.join(STORE)).unwrap();
    files::names(&conn).unwrap()
}

/// A backup of a box that stores the file `old`, and the folder of one that stores `new`.
async fn backup_and_box() -> (TempDir, TempDir, PathBuf) {
    let (dir, db) = data(&["old"]).await;
    let file = dir.path().join("backup.tar");
    write(&db, dir.path(), &file).await.unwrap();
    let (here, db) = data(&["new"]).await;
    db.close().await;
    (dir, here, file)
}

#[tokio::test]
async fn a_backup_holds_the_files_that_have_rows_and_no_others() {
    let (dir, db) = data(&["kept", "gone"]).await;
    fs::remove_file(dir.path().join("files/gone")).unwrap();
    fs::write(dir.path().join("files/0123.part"), b"half").unwrap();
    fs::create_dir(dir.path().join("files/lost")).unwrap();
    let file = dir.path().join("backup.tar");
    write(&db, dir.path(), &file).await.unwrap();
    let names = unpacked_names(&file).unwrap();
    let names = names.iter().map(|name| name.to_str().unwrap().trim_end_matches('/'));
    let names = names.collect::<Vec<_>>();
    let expected = ["box.db", "keys", "keys/secrets.toml", "license", "files", "files/kept"];
    assert_eq!(names, expected);
}

fn parts(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|end| end == "part")).count()
}

#[tokio::test]
async fn a_backup_follows_no_link_writes_into_no_file_and_leaves_nothing_of_one_that_failed() {
    let (dir, db) = data(&["kept"]).await;
    let (own, out) = (dir.path().join("own"), tempfile::tempdir().unwrap());
    let file = out.path().join("b.tar");
    fs::write(&own, "his").unwrap();
    for name in ["b.part", "b.tar.part", "b.tar.1.part"] {
        std::os::unix::fs::symlink(&own, out.path().join(name)).unwrap();
    }
    // A backup that was killed.
    fs::write(out.path().join("b.tar.2.part"), "half").unwrap();
    write(&db, dir.path(), &file).await.unwrap();
    assert!(unpacked_names(&file).unwrap().len() > 1);
    assert_eq!(fs::read_to_string(&own).unwrap(), "his");
    assert_eq!(fs::read_to_string(out.path().join("b.tar.2.part")).unwrap(), "half");
    assert_eq!(parts(out.path()), 4);
    // What no backup can hold.
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("keys/socket")).unwrap();
    let next = out.path().join("next.tar");
    assert!(write(&db, dir.path(), &next).await.is_err());
    assert_eq!((parts(out.path()), next.exists()), (4, false));
}

#[test]
fn a_name_that_was_taken_meanwhile_stays_whose_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (part, target) = (dir.path().join("b.tar.1.part"), dir.path().join("b.tar"));
    fs::write(&part, "ours").unwrap();
    fs::write(&target, "his").unwrap();
    assert!(place(&part, &target).is_err());
    assert_eq!(fs::read_to_string(&target).unwrap(), "his");
}

#[tokio::test]
async fn a_second_restore_keeps_what_the_first_set_aside() {
    let (_from, here, file) = backup_and_box().await;
    let data = here.path();
    for name in ["before-restore", "before-restore-2", "before-restore-3"] {
        let restored = restore(&file, data).unwrap();
        assert_eq!(restored, Restored { before: data.join(name), lost: Vec::new() });
        assert!(restored.to_string().contains(&format!("in {name}/\n")));
        assert_eq!(stored(data), ["old"]);
        assert!(!interrupted(data) && data.join("files/old").is_file());
        assert!(witness::syncs(&data.join("restore.new/files")) > 0, "contents are synced");
    }
    assert_eq!(stored(&data.join("before-restore")), ["new"]);
    assert!(data.join("before-restore/files/new").is_file());
}

/// Breaks a restore off after each of its renames in turn by repeating them, and runs it again.
#[tokio::test]
async fn a_restore_that_broke_off_is_completed_by_the_next() {
    for steps in 0..8 {
        let (_from, here, file) = backup_and_box().await;
        let data = here.path();
        fs::write(data.join("restore.journal"), "before-restore").unwrap();
        let before = data.join("before-restore");
        fs::create_dir(&before).unwrap();
        for name in [STORE, "keys", "license", "files"].into_iter().take(steps) {
            fs::rename(data.join(name), before.join(name)).unwrap();
        }
        if steps > 4 {
            // Some of the new state is there too, or what an impatient command made.
            fs::write(data.join(STORE), b"another").unwrap();
            fs::write(data.join("box.db-wal"), b"another").unwrap();
            fs::create_dir(data.join("files")).unwrap();
        }
        assert!(interrupted(data), "{steps}");
        restore(&file, data).unwrap();
        assert!(!interrupted(data), "{steps}");
        assert_eq!((stored(data), stored(&before)), (vec!["old".into()], vec!["new".into()]));
        assert_eq!(fs::read_to_string(before.join("keys/secrets.toml")).unwrap(), "new");
        assert_eq!(fs::read_to_string(data.join("keys/secrets.toml")).unwrap(), "old");
        assert!(before.join("files/new").is_file() && data.join("files/old").is_file());
        assert!(!before.join("box.db-wal").exists() && !data.join("before-restore-2").exists());
    }
}

#[tokio::test]
async fn a_backup_that_is_not_whole_changes_nothing() {
    let (_from, here, file) = backup_and_box().await;
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 3]).unwrap();
    assert!(restore(&file, here.path()).is_err());
    assert!(!interrupted(here.path()) && !here.path().join("before-restore").exists());
    assert!(!here.path().join("restore.new").exists());
    assert_eq!(stored(here.path()), ["new"]);
}

#[tokio::test]
async fn recordings_of_lessons_newer_than_the_backup_are_renamed_and_named() {
    let (_from, here, file) = backup_and_box().await;
    let recordings = here.path().join("recordings");
    for name in ["10001", "10002", "notes", "lost-10003-5"] {
        fs::create_dir(recordings.join(name)).unwrap();
        fs::write(recordings.join(name).join("1.mp4"), name).unwrap();
    }
    let restored = restore(&file, here.path()).unwrap();
    let kept: Vec<_> =
        restored.lost.iter().map(|path| fs::read_to_string(path.join("1.mp4")).unwrap()).collect();
    assert_eq!(kept, ["10001", "10002"]);
    let first = restored.lost[0].file_name().unwrap().to_str().unwrap();
    assert!(first.starts_with("lost-10001-") && restored.to_string().contains(first));
    assert!(recordings.join("notes").is_dir() && recordings.join("lost-10003-5").is_dir());
    assert!(!recordings.join("10001").exists());
}
