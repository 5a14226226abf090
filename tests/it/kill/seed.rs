//! Where visits begin: a box that was killed in a lesson, its backup, and the store of an older release.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use crate::power::facts::Fact;
use crate::power::story::Story;
use crate::power::watched::copied;
use crate::process::{Person, say};

pub struct Seed {
    pub story: Arc<Story>,
    /// The teacher, and the number of the lesson that runs.
    pub ann: Person,
    pub room: i64,
    pub facts: Vec<Fact>,
    /// Files of a licence and of a backup.
    pub licence: String,
    pub backup: PathBuf,
    /// Data folder of the older release, and what is known of it.
    pub old: PathBuf,
    pub old_facts: Vec<Fact>,
}

impl Seed {
    pub fn make() -> Self {
        let story = Story::new(&listener());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (ann, room) = runtime.block_on(lesson(&story));
        let licence = story.desk.issue(&["--forever"]);
        let beside = |name: &str| story.desk.dir.path().join(name);
        let (backup, copy, old) = (beside("backup.tar"), beside("copy"), beside("old"));
        copied(&story.data(), &copy);
        let done = say(&copy, &["backup", backup.to_str().unwrap()]);
        assert_eq!(done.code, Some(0), "{done:?}");
        let old_facts = older(&old);
        let facts = story.watched.book.until(u64::MAX);
        Self { ann, room, facts, licence, backup, old, old_facts, story }
    }
}

impl Seed {
    /// A recording of last year, of somebody whom the others do not know.
    pub fn overdue(&self, data: &Path) {
        let conn = Connection::open(data.join("box.db")).unwrap();
        conn.execute_batch(
            "INSERT INTO user (handle, handle_key, dialect, appid, role, created_at)
             VALUES ('away', 'away', 'edu', 1, 'teacher', 1);
             INSERT INTO room (host_id, title, cover, state, created_at, begin_at, end_at, index_url, watch_key, recording)
             SELECT id, 'old', '', 3, 1, 2, 3, '/media/x', 'k', 'ended' FROM user WHERE handle = 'away';
             INSERT INTO take SELECT MAX(id), 1, '1.mp4', 9, '', 1, 1, 2, 2, '' FROM room;
             INSERT OR REPLACE INTO memo SELECT 'retention_now', MAX(begin_at) FROM room;",
        )
        .unwrap();
        let newest = conn.query_row("SELECT MAX(id) FROM room", [], |row| row.get::<_, i64>(0));
        let folder = data.join("recordings").join(newest.unwrap().to_string());
        std::fs::create_dir(&folder).unwrap();
        for name in ["lesson.m3u8", "index.json"] {
            std::fs::write(folder.join(name), "old").unwrap();
        }
    }

    /// What a backup holds: no film, and no state that one is needed for.
    pub fn lasting(&self) -> Vec<Fact> {
        let kept = |fact: &&Fact| !matches!(fact, Fact::Lesson(_, 3));
        self.facts.iter().filter(kept).cloned().collect()
    }
}

/// Some of everything is stored, a film has begun; then it is killed.
async fn lesson(story: &Story) -> (Person, i64) {
    let service = story.serve(&[]);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    story.note(Fact::Account("ann".into()));
    story.note(Fact::Token(ann.token.clone()));
    let room = story.teach(&ann).await;
    for n in [0, 1, 6, 10, 12] {
        story.watched.write(&ann, room, n, &format!("seed{n}")).await.unwrap();
    }
    ann.wait_for_picture(room).await;
    service.kill();
    (ann, room)
}

/// A webhook that takes every call.
fn listener() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut call = [0; 16 << 10];
            // Its head at least, which is enough for an answer.
            if stream.read(&mut call).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            }
        }
    });
    addr
}

fn older(data: &Path) -> Vec<Fact> {
    std::fs::create_dir(data).unwrap();
    let conn = Connection::open(data.join("box.db")).unwrap();
    let first = include_str!("../../../src/store/migrations/0001_lesson.sql");
    conn.execute_batch(first).unwrap();
    conn.execute_batch(
        "PRAGMA user_version = 1; PRAGMA journal_mode = WAL;
         INSERT INTO user (handle, handle_key, dialect, role, created_at)
         VALUES ('old', 'old', 'edu', 'teacher', 1);
         INSERT INTO room (host_id, title, cover, state, created_at, watch_key)
         VALUES (10001, 'old', '', 0, 1, 'k');",
    )
    .unwrap();
    vec![Fact::Account("old".into()), Fact::Lesson(10001, 0)]
}
