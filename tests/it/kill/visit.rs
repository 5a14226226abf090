//! One visit: the program runs until it dies at the place, and then everything is looked at.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use arctos_box::model::crash::Point;
use rusqlite::Connection;
use serde_json::json;

use super::places::{Way, way};
use super::seed::Seed;
use crate::power::disk::{Disk, Luck};
use crate::power::facts::{self, Fact};
use crate::power::random::Random;
use crate::power::watched::{Watched, copied};
use crate::power::{comeback, films};
use crate::process::{Person, Service, command, poll, recording, say, serve};

const PATIENCE: Duration = Duration::from_secs(20);
const LUCK: [Luck; 5] = [Luck::Nothing, Luck::Zeros, Luck::Some, Luck::Some, Luck::Some];
/// Two, for the place is reached with the first of them; and an upload that never became whole.
const STRAYS: [&str; 3] = ["stray", "another", "left.part"];
/// More writes than any place needs.
const WRITES: usize = 100;

/// Visits the place and comes back; answers on how many disks after a cut. `more` is in the environment of the
/// program that comes back.
///
/// # Panics
/// When something was lost, or is not as it should be.
pub fn pay(seed: &Seed, point: Point, more: &[(&str, &str)]) -> usize {
    let (way, time) = way(point);
    let dir = tempfile::tempdir().unwrap();
    let visit = Visit::prepare(seed, way, dir.path());
    copied(&visit.watched.root, &dir.path().join("before"));
    let place = format!("{point:?}:{time}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let status = runtime.block_on(visit.run(("ARCTOS_BOX_DIES_AT", place.as_str())));
    assert_eq!(status.signal(), Some(9), "{point:?} was not reached on its way: {status:?}");

    let facts = visit.watched.book.until(u64::MAX);
    let mut disk = Disk::with(&visit.watched.root, &dir.path().join("before"));
    visit.watched.log().iter().for_each(|record| disk.take(record));
    for (at, luck) in LUCK.into_iter().enumerate() {
        let left = dir.path().join(format!("left{at}"));
        disk.cut_power(luck, &mut Random(at as u64), &left);
        visit.settle(&left.join("d"));
        visit.restores(&left.join("b.tar"));
        let films = if way == Way::Torn { Ok(()) } else { films::check(&disk, &left) };
        let well = films.and_then(|()| facts::check(&left.join("d"), &facts));
        assert_eq!(well, Ok(()), "{point:?}, a power cut, {luck:?}, {at}");
    }
    let data = visit.watched.data();
    visit.settle(&data);
    visit.restores(&visit.watched.root.join("b.tar"));
    runtime.block_on(comeback::check(&data, &facts, more));
    visit.look(&data);
    LUCK.len()
}

struct Visit<'a> {
    seed: &'a Seed,
    way: Way,
    watched: Watched,
}

impl<'a> Visit<'a> {
    fn prepare(seed: &'a Seed, way: Way, dir: &Path) -> Self {
        let root = dir.canonicalize().unwrap().join("root");
        std::fs::create_dir(&root).unwrap();
        let watched = Watched::new(root);
        let data = watched.data();
        let facts = match way {
            Way::Start => return Self { seed, way, watched },
            Way::Upgrade => {
                copied(&seed.old, &data);
                &seed.old_facts
            }
            _ => {
                copied(&seed.story.data(), &data);
                &seed.facts
            }
        };
        facts.iter().for_each(|fact| watched.book.note(0, fact.clone()));
        let append = |path: &Path, bytes: &[u8]| {
            let file = std::fs::File::options().append(true).create(true).open(path);
            std::io::Write::write_all(&mut file.unwrap(), bytes).unwrap();
        };
        match way {
            Way::Torn => append(&recording(&data, seed.room), &b"\0\0\x10\0moof torn".repeat(300)),
            Way::Stray => STRAYS.iter().for_each(|name| {
                append(&data.join("files").join(name), b"nobody knows it");
            }),
            Way::Retain => seed.overdue(&data),
            _ => {}
        }
        Self { seed, way, watched }
    }

    async fn run(&self, environment: (&str, &str)) -> ExitStatus {
        let data = self.watched.data();
        let file = |name: &str| self.watched.root.join(name).display().to_string();
        let beside = |arguments: &[&str]| {
            let mut command = self.watched.on(command(&data));
            command.args(arguments).env(environment.0, environment.1);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().unwrap()
        };
        match self.way {
            Way::Backup => return beside(&["backup", &file("b.tar")]),
            Way::Restore => return beside(&["restore", self.seed.backup.to_str().unwrap()]),
            _ => {}
        }
        let ffmpeg = if self.way == Way::Film {
            "recorder.stall_ms=4000"
        } else {
            "recorder.ffmpeg=/bin/false"
        };
        let set =
            ["--set", ffmpeg, "--set", &self.seed.story.desk.trusted, "--set", "log.level=error"];
        let mut command =
            serve(&data, &[&set[..], &["--config", &self.seed.story.config]].concat());
        command.env(environment.0, environment.1).stderr(Stdio::null());
        let mut service = match Service::try_run(self.watched.on(command), "https") {
            Err(status) => return status,
            Ok(service) => service,
        };
        // Until nobody answers any more.
        let _ = self.act(&self.seed.ann.at(&service.base())).await;
        poll("the end of the process", PATIENCE, async || service.ended()).await
    }

    async fn act(&self, ann: &Person) -> Result<(), String> {
        let course = json!({"roomnum": self.seed.room});
        match self.way {
            Way::Start | Way::Upgrade | Way::Torn | Way::Stray | Way::Backup | Way::Restore => {}
            Way::Retain => {}
            Way::Write => {
                for n in 0..WRITES {
                    self.watched.write(ann, self.seed.room, n, &format!("n{n}")).await?;
                }
            }
            Way::Copy => {
                ann.upload("one", b"bytes").await?;
                self.watched.note(Fact::Stored("one".into(), b"bytes".into()));
                ann.store("one", &[("op", b"copy"), ("dest_fileid", b"/1400000000/box/two")])
                    .await?;
            }
            Way::Lesson | Way::Film => {
                ann.call("live/exitroom", course).await?;
                self.watched.note(Fact::Lesson(self.seed.room, 2));
                let made = ann.call("live/create", json!({"title": "next"})).await?;
                let next = made["data"]["roomnum"].clone();
                ann.call("live/startcourse", json!({"roomnum": next})).await?;
                self.watched.note(Fact::Lesson(next.as_i64().unwrap(), 1));
            }
            Way::License => {
                let mut command: Command = command(&self.watched.data());
                command.args(["--set", &self.seed.story.desk.trusted, "license", "install"]);
                let done = command.arg(&self.seed.licence).output().unwrap();
                if done.status.success() {
                    self.watched.note(Fact::Licence);
                }
            }
        }
        Ok(())
    }

    /// A restore that was interrupted is run again, as the box demands.
    fn settle(&self, data: &Path) {
        if data.join("restore.journal").exists() {
            let done = say(data, &["restore", self.seed.backup.to_str().unwrap()]);
            assert_eq!(done.code, Some(0), "{done:?}");
        }
    }

    /// A backup that has its name is whole.
    fn restores(&self, backup: &Path) {
        if backup.exists() {
            let elsewhere = backup.with_file_name("elsewhere");
            let done = say(&elsewhere, &["restore", backup.to_str().unwrap()]);
            assert_eq!(done.code, Some(0), "{done:?}");
            assert_eq!(facts::check(&elsewhere, &self.seed.lasting()), Ok(()), "restored");
        }
    }

    /// What only this way leaves to look at, once the box came back.
    fn look(&self, data: &Path) {
        match self.way {
            Way::Torn => {
                let film = std::fs::read(recording(data, self.seed.room)).unwrap();
                assert_eq!(films::usable(&film), film.len(), "the torn tail is cut");
            }
            Way::Retain => {
                let conn = Connection::open(data.join("box.db")).unwrap();
                let gone = "SELECT id FROM room WHERE state = 2 AND deleted_at > 0";
                let room: i64 = conn.query_row(gone, [], |row| row.get(0)).unwrap();
                assert!(!data.join("recordings").join(room.to_string()).exists());
            }
            Way::Stray => {
                for name in STRAYS {
                    let left = data.join("files").join(name).exists();
                    let kept = data.join("files/lost").join(name).exists();
                    let as_it_should = !left && kept != name.ends_with(".part");
                    assert!(as_it_should, "what uploads left is cleared away: {name}");
                }
            }
            _ => {}
        }
    }
}
