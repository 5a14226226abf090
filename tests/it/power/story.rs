//! What a box goes through while its files are watched: a lesson with everything that is written in one, a kill in
//! the middle of another, a recovery, a clean end, one more start.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::facts::Fact;
use super::log::Record;
use super::watched::Watched;
use crate::licence::command::Desk;
use crate::process::{Person, Service, poll, recording, say, serve};

const PATIENCE: Duration = Duration::from_secs(20);
/// Clients that write at once, so that they share transactions.
const WRITERS: usize = 4;
/// What each of them writes: some megabytes of WAL in all, so that it is checkpointed under way.
const WRITES: usize = 60;

pub struct Story {
    pub desk: Desk,
    pub watched: Watched,
    /// A file that names a webhook.
    pub config: String,
}

impl Story {
    /// `webhook`: where its calls go.
    pub fn new(webhook: &str) -> Arc<Self> {
        let mut desk = Desk::new();
        let root = desk.dir.path().canonicalize().unwrap().join("root");
        std::fs::create_dir(&root).unwrap();
        desk.data = root.join("d");
        let config = root.with_file_name("box.toml");
        let webhook = format!("[[webhook]]\nname = \"school\"\nurl = \"http://{webhook}/\"\n");
        std::fs::write(&config, webhook + "secret = \"a secret between two\"\n").unwrap();
        let config = config.display().to_string();
        Arc::new(Self { desk, watched: Watched::new(root), config })
    }

    pub fn data(&self) -> PathBuf {
        self.desk.data.clone()
    }

    pub fn note(&self, fact: Fact) {
        self.watched.note(fact);
    }

    /// A service whose changes are logged, with what `more` sets in its environment.
    pub fn serve(&self, more: &[(&str, &str)]) -> Service {
        let set =
            ["--set", &self.desk.trusted, "--set", "log.level=error", "--config", &self.config];
        let mut command = self.watched.on(serve(&self.data(), &set));
        command.envs(more.iter().copied());
        let service = Service::run(command, "https");
        for name in ["keys/secrets.toml", "keys/ca.key.pem"] {
            self.note(Fact::Same(name, std::fs::read(self.data().join(name)).unwrap()));
        }
        service
    }

    /// All of it; answers what was logged.
    pub async fn play(self: &Arc<Self>, more: &[(&str, &str)]) -> Vec<Record> {
        let service = self.serve(more);
        let mut ann = Person::arrive(&service.base(), "ann", 1).await;
        self.note(Fact::Account("ann".into()));
        self.note(Fact::Token(ann.token.clone()));
        let first = self.teach(&ann).await;
        self.write(&ann, first).await;
        self.license();
        self.back_up();
        ann.wait_for_picture(first).await;
        self.end(&ann, first).await;

        let second = self.teach(&ann).await;
        ann.wait_for_picture(second).await;
        service.kill();
        let service = self.serve(more);
        ann = ann.at(&service.base());
        let film = recording(&self.data(), second);
        let before = std::fs::metadata(&film).unwrap().len();
        let grows = async || (std::fs::metadata(&film).unwrap().len() > before).then_some(());
        poll("the film goes on", PATIENCE, grows).await;
        self.end(&ann, second).await;
        assert_eq!(service.terminate().0, Some(0));
        let service = self.serve(more);
        self.watched.write(&ann.at(&service.base()), second, 0, "last").await.unwrap();
        service.kill();
        self.watched.log()
    }

    pub async fn teach(&self, ann: &Person) -> i64 {
        let room = ann.ok("live/create", json!({"title": "math"})).await["roomnum"].clone();
        let number = room.as_i64().unwrap();
        self.note(Fact::Lesson(number, 0));
        ann.ok("live/startcourse", json!({"roomnum": room})).await;
        self.note(Fact::Lesson(number, 1));
        number
    }

    async fn end(&self, ann: &Person, room: i64) {
        ann.ok("live/exitroom", json!({"roomnum": room})).await;
        self.note(Fact::Lesson(room, 2));
        ann.wait_for_state(room, 3, PATIENCE).await;
        self.note(Fact::Lesson(room, 3));
        self.note(Fact::Told(room, 2));
    }

    fn license(&self) {
        let licence = self.desk.issue(&["--forever"]);
        let done = self.desk.license(&["install", &licence]);
        assert_eq!(done.code, Some(0), "{done:?}");
        self.note(Fact::Licence);
    }

    fn back_up(&self) {
        let file = self.watched.root.join("b.tar");
        let done = say(&self.data(), &["backup", file.to_str().unwrap()]);
        assert_eq!(done.code, Some(0), "{done:?}");
        self.note(Fact::Same("../b.tar", std::fs::read(file).unwrap()));
    }

    /// Many clients at once.
    async fn write(self: &Arc<Self>, ann: &Person, room: i64) {
        let (next, mut writers) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
        for _ in 0..WRITERS {
            let (next, who, story) = (next.clone(), ann.at(&ann.base), self.clone());
            writers.spawn(async move {
                for _ in 0..WRITES {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    story.watched.write(&who, room, n, &format!("n{n}")).await.unwrap();
                }
            });
        }
        writers.join_all().await;
    }
}
