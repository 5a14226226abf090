//! What clients were told is done, and since when; and whether a box that comes back after a cut still knows it.

use std::path::Path;
use std::sync::Mutex;

use arctos_box::model::{Entropy, hex, sha256};
use arctos_box::ops::secrets;
use arctos_box::store::Db;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rusqlite::{Connection, params};

/// Something that was acknowledged.
#[derive(Clone, Debug)]
pub enum Fact {
    Account(String),
    Token(String),
    /// A lesson's number, and the least state that it has by now.
    Lesson(i64, i64),
    Bound(i64, String),
    /// A file of the class's store: end of its path, and its bytes.
    Stored(String, Vec<u8>),
    Licence,
    /// A lesson's calls to others, sent or waiting.
    Told(i64, i64),
    /// A file below the data folder that must not change any more.
    Same(&'static str, Vec<u8>),
}

/// Facts, each with the length that the log had when its answer was in.
#[derive(Default)]
pub struct Book(Mutex<Vec<(u64, Fact)>>);

impl Book {
    pub fn note(&self, position: u64, fact: Fact) {
        self.0.lock().unwrap().push((position, fact));
    }

    /// What was acknowledged when the log was this long.
    pub fn until(&self, position: u64) -> Vec<Fact> {
        let facts = self.0.lock().unwrap();
        facts.iter().filter(|(at, _)| *at <= position).map(|(_, fact)| fact.clone()).collect()
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// Brings the store in `data` up as the box does, and looks for every fact.
///
/// # Errors
/// What is lost or broken, in one sentence.
pub fn check(data: &Path, facts: &[Fact]) -> Result<(), String> {
    if !data.join("box.db").exists() {
        return if facts.is_empty() { Ok(()) } else { Err("there is no store".into()) };
    }
    Db::make_sound(data).map_err(|e| format!("the box does not start: {e}"))?;
    if data.join("keys").exists() {
        secrets::load_or_make(data, &Entropy::counter())
            .map_err(|e| format!("the box does not start: {e}"))?;
    }
    let conn = Connection::open(data.join("box.db")).map_err(|e| e.to_string())?;
    whole(&conn).map_err(|e| e.to_string())??;
    stored_files(&conn, &data.join("files")).map_err(|e| e.to_string())??;
    for fact in facts {
        if !knows(&conn, data, fact).map_err(|e| format!("{fact:?}: {e}"))? {
            return Err(format!("lost: {}", short(fact)));
        }
    }
    Ok(())
}

fn short(fact: &Fact) -> String {
    match fact {
        Fact::Stored(name, _) => format!("the file {name}"),
        Fact::Same(path, _) => format!("{path} as it was"),
        other => format!("{other:?}"),
    }
}

type Checked = rusqlite::Result<Result<(), String>>;

/// What holds of every store, whatever was acknowledged.
fn whole(conn: &Connection) -> Checked {
    let said: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if said != "ok" {
        return Ok(Err(format!("integrity_check: {said}")));
    }
    for (what, sql) in [
        ("a row points nowhere", "SELECT COUNT(*) FROM pragma_foreign_key_check"),
        (
            "a lease without a lesson, or the reverse",
            "SELECT COUNT(*) FROM (SELECT room_id FROM lease EXCEPT SELECT id FROM room WHERE state = 1
             UNION ALL SELECT id FROM room WHERE state = 1 EXCEPT SELECT room_id FROM lease)",
        ),
        (
            "a group's sequence has a gap",
            "SELECT COUNT(*) FROM (SELECT 1 FROM message GROUP BY group_id HAVING COUNT(*) <> MAX(seq))",
        ),
        ("the numbers of lessons have a gap", "SELECT MAX(id) - 10000 - COUNT(*) FROM room"),
    ] {
        let wrong: Option<i64> = conn.query_row(sql, [], |row| row.get(0))?;
        if wrong.unwrap_or(0) != 0 {
            return Ok(Err(what.into()));
        }
    }
    Ok(Ok(()))
}

/// Every row of the class's store has its bytes.
fn stored_files(conn: &Connection, folder: &Path) -> Checked {
    let mut rows = conn.prepare("SELECT path, name, sha1 FROM file WHERE name <> ''")?;
    let rows = rows.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    for row in rows {
        let (path, name, sha1): (String, String, String) = row?;
        let is = match std::fs::read(folder.join(name)) {
            Ok(bytes) => hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes).as_ref()),
            Err(e) => e.to_string(),
        };
        if is != sha1 {
            return Ok(Err(format!("the bytes of {path} are not there: {is}")));
        }
    }
    Ok(Ok(()))
}

fn knows(conn: &Connection, data: &Path, fact: &Fact) -> rusqlite::Result<bool> {
    let one = |sql: &str, values: &[&dyn rusqlite::ToSql]| conn.prepare(sql)?.exists(values);
    match fact {
        Fact::Account(id) => one("SELECT 1 FROM user WHERE handle = ?1", &[id]),
        Fact::Token(token) => {
            one("SELECT 1 FROM token WHERE hash = ?1", &[&sha256(token.as_bytes())])
        }
        Fact::Lesson(room, state) => {
            let there = one("SELECT 1 FROM room WHERE id = ?1 AND state >= ?2", &[room, state])?;
            Ok(there && (*state < 3 || replays(conn, data, *room)?))
        }
        Fact::Bound(room, name) => {
            one("SELECT 1 FROM binding WHERE room_id = ?1 AND file_name = ?2", &[room, name])
        }
        Fact::Stored(path, bytes) => {
            let sql = "SELECT name FROM file WHERE path LIKE '%/' || ?1";
            let name: String = conn.query_row(sql, [path], |row| row.get(0))?;
            Ok(std::fs::read(data.join("files").join(name)).is_ok_and(|there| there == *bytes))
        }
        // Both the licence, and that there ever was one: the demonstration does not come back.
        Fact::Licence => {
            let read = |name: &str| std::fs::read_to_string(data.join("license").join(name));
            let paper = read("box.license").is_ok_and(|text| text.contains("END ARCTOS LICEN"));
            let installed = |text: &str| text.split(' ').nth(3) == Some("1");
            let memo = "SELECT value FROM memo WHERE key = 'newest_seen'";
            let memo = conn.query_row(memo, [], |row| row.get::<_, String>(0));
            Ok(paper
                && (read("seen").is_ok_and(|t| installed(&t)) || memo.is_ok_and(|t| installed(&t))))
        }
        Fact::Told(room, calls) => {
            let sql = "SELECT COUNT(*) FROM outbox WHERE room_id = ?1";
            conn.query_row(sql, [room], |row| row.get::<_, i64>(0)).map(|there| there >= *calls)
        }
        Fact::Same(path, bytes) => {
            Ok(std::fs::read(data.join(path)).is_ok_and(|there| there == *bytes))
        }
    }
}

/// Film, playlist and index of a finished lesson are what its rows say.
fn replays(conn: &Connection, data: &Path, room: i64) -> rusqlite::Result<bool> {
    let folder = data.join("recordings").join(room.to_string());
    let mut takes = conn.prepare("SELECT name, sha256 FROM take WHERE room_id = ?1")?;
    let takes = takes.query_map(params![room], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let takes: Vec<(String, String)> = takes.collect::<Result<_, _>>()?;
    let film = |(name, sha): &(String, String)| {
        std::fs::read(folder.join(name)).is_ok_and(|film| hex(&sha256(&film)) == *sha)
    };
    let ends = |name: &str, with: &str| {
        std::fs::read_to_string(folder.join(name)).is_ok_and(|text| text.trim_end().ends_with(with))
    };
    let written = ends("lesson.m3u8", "#EXT-X-ENDLIST") && ends("index.json", "}");
    Ok(!takes.is_empty() && takes.iter().all(film) && written)
}
