//! A folder with so many accounts and lessons, made once; each row works on a copy. The rows of a store go in through
//! the box's own store in one transaction; lessons are started and entered over the API, as people do it.

use std::path::Path;

use arctos_box::domain::password::Hasher;
use arctos_box::model::lesson::{Export, RecordingState, Room, RoomState};
use arctos_box::model::user::{Origin, Role, StoredToken, User};
use arctos_box::model::{Clock, Entropy, Fault, Handle, Millis, RoomId, UserId, sha256};
use arctos_box::store::{Db, rooms, tokens, users};
use rusqlite::Connection;
use serde_json::Value;

use crate::people::{self, CLASSES, PASSWORD};
use crate::process::{ANY, Process, say};
use crate::talk::Talk;
use crate::{Done, Plan};

/// What the driver knows of the folder besides its people.
pub struct Seed {
    folder: tempfile::TempDir,
    pub users: u32,
    pub lessons: u32,
    /// Numbers of the running lessons, by class.
    pub classes: Vec<i64>,
    /// Tokens of document 004 and of the box's own log-in.
    pub arctos: String,
    pub own: String,
    /// The secret of document 002.
    pub openim: String,
    pub pinned: bool,
}

/// No title and no cover of a real course is much shorter: 50 rows are 16 KB.
const TITLE: &str = "Mathematics, third year: fractions and decimals, part two";
const COVER: &str = "http://127.0.0.1/files/v2/1400000000/box/covers/mathematics-three-large.jpg";

impl Seed {
    pub async fn make(plan: &Plan) -> Done<Self> {
        Self::sized(plan, plan.users, plan.lessons).await
    }

    pub async fn sized(plan: &Plan, people: u32, lessons: u32) -> Done<Self> {
        let folder = tempfile::Builder::new().prefix("load-").tempdir_in(&plan.folder)?;
        let data = folder.path().join("seed");
        // Makes keys, certificates and an empty store.
        Process::house(&data, ANY, RECORDS_NOTHING, false)?.stop()?;
        let now = Clock::system().now();
        let db = Db::open(&data)?;
        let password = Hasher::start().hash(PASSWORD, &Entropy::system()).await.map_err(said)?;
        db.write(move |conn| fill(conn, people, lessons, &password, now)).await.map_err(said)?;
        db.close().await;
        drop(db);
        let secrets: Value = serde_json::from_str(&say(&data, &["secrets", "--json"])?)?;
        let openim = secrets["openim_secret"].as_str().ok_or("no secret of 002")?.to_owned();
        let server = Process::house(&data, ANY, RECORDS_NOTHING, false)?;
        let mut talk = Talk::open(server.http).await?;
        let classes = talk.classes(TITLE, COVER).await?;
        let arctos = talk.arctos(&secrets).await?;
        let own = talk.own().await?;
        server.stop()?;
        let pinned = !plan.smoke;
        Ok(Self { folder, users: people, lessons, classes, arctos, own, openim, pinned })
    }

    /// A fresh copy.
    pub fn copy(&self) -> Done<tempfile::TempDir> {
        let copy = tempfile::Builder::new().prefix("box-").tempdir_in(self.folder.path())?;
        copy_folder(&self.folder.path().join("seed"), copy.path())?;
        Ok(copy)
    }

    /// Requests of the first so many who have a seat.
    pub fn heartbeats(&self, clients: u32) -> Vec<Vec<u8>> {
        let beat = |p| people::heartbeat(&people::token(p), self.classes[people::class_of(p)]);
        (0..clients.min(people::CLIENTS)).map(beat).collect()
    }

    /// The teachers' last requests: each ends the own lesson.
    pub fn farewells(&self) -> Vec<Vec<u8>> {
        let teacher = |class| people::token(people::first_of(class));
        let classes = self.classes.iter().enumerate();
        classes.map(|(class, room)| people::farewell(&teacher(class), *room)).collect()
    }
}

/// Lessons run; their recording is another row's business.
pub const RECORDS_NOTHING: &[&str] = &["--set=recorder.ffmpeg=/bin/false"];

fn said(fault: Fault) -> String {
    format!("{fault:?}")
}

fn fill(
    conn: &Connection,
    people: u32,
    lessons: u32,
    hash: &str,
    now: Millis,
) -> Result<(), Fault> {
    let mut teachers = Vec::new();
    for person in 0..people {
        let teaches = people::is_teacher(person);
        let role = if teaches { Role::Teacher } else { Role::Pupil };
        let handle =
            Handle::new(&people::handle(person)).ok_or_else(|| Fault::invalid("handle", "bad"))?;
        let mut user = User::fresh(handle, Origin::Edu, role);
        user.appid = Some(people::APPID);
        user.password = Some(hash.to_owned());
        let id = users::insert(conn, &user, now)?;
        if teaches {
            teachers.push(id);
        }
        let hash = sha256(people::token(person).as_bytes());
        let issuer = "127.0.0.1".to_owned();
        tokens::insert(
            conn,
            &StoredToken { hash, user: id, origin: Origin::Edu, issuer, issued_at: now },
        )?;
    }
    // The classes will be the newest.
    for _ in CLASSES.len()..lessons as usize {
        rooms::insert(conn, &lesson(teachers[0], now))?;
    }
    Ok(())
}

fn lesson(host: UserId, now: Millis) -> Room {
    Room {
        id: RoomId(0),
        host,
        host_handle: String::new(),
        title: TITLE.to_owned(),
        cover: COVER.to_owned(),
        state: RoomState::Created,
        created_at: now,
        begin_at: Millis(0),
        begin_seq: 0,
        end_at: Millis(0),
        end_seq: 0,
        index_url: String::new(),
        watch_key: "0".repeat(32),
        classroom: None,
        recording: RecordingState::None,
        recording_note: String::new(),
        export: Export::None,
        deleted_at: Millis(0),
        members: 0,
    }
}

fn copy_folder(from: &Path, to: &Path) -> Done<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let to = to.join(entry.file_name());
        if kind.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
