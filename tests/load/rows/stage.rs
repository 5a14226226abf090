//! Two lessons that are recorded by a real ffmpeg from the simulated camera, with everybody in them; and what became
//! of their pictures.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Wire, request};
use crate::people::{self, CLIENTS, first_of};
use crate::scene::{Call, Expects, Scene};
use crate::seed::Seed;
use crate::talk::Talk;
use crate::{Done, Plan};

/// A recording has begun, or is closed and listed, by then.
const PATIENCE: Duration = Duration::from_secs(60);
/// A box has an encoder of its own kind; here it must not take the processor from what is measured.
const SMALL: [&str; 3] =
    ["--set=recorder.size=320x180", "--set=recorder.rate=15", "--set=recorder.kbits=300"];
const CLASSROOMS: &str = "[[classroom]]\nname = \"left\"\ninput = \"sim\"\n[[classroom]]\nname = \"right\"\ninput = \"sim\"\n";

pub struct Stage {
    scene: Scene,
    /// Where each encoder writes how many pictures it has encoded.
    notes: tempfile::TempDir,
    talk: Talk,
    rooms: [i64; 2],
    /// Everybody's heartbeat.
    pub calls: Vec<Call>,
}

/// Pictures of both recordings.
pub struct Film {
    pub encoded: u64,
    pub kept: u64,
    pub gaps: usize,
}

impl Stage {
    pub async fn open(plan: &Plan, seed: &Seed) -> Done<Self> {
        let notes = tempfile::Builder::new().prefix("notes-").tempdir_in(&plan.folder)?;
        let config = notes.path().join("box.toml");
        std::fs::write(&config, CLASSROOMS)?;
        let config = format!("--config={}", config.display());
        let ffmpeg = format!("--set=recorder.ffmpeg={}", counting(notes.path())?);
        let [size, rate, kbits] = SMALL;
        let scene = Scene::with(seed, &[&config, &ffmpeg, size, rate, kbits])?;
        let mut talk = Talk::open(scene.house.http).await?;
        // The licence allows four, and these four are the seed's.
        for (class, room) in seed.classes.iter().enumerate() {
            talk.edu("live/exitroom", first_of(class), json!({"roomnum": room})).await?;
        }
        let rooms = [start(&mut talk, first_of(0)).await?, start(&mut talk, first_of(1)).await?];
        let mut stage = Self { scene, notes, talk, rooms, calls: Vec::new() };
        stage.fill().await?;
        for room in rooms {
            stage.wait_for_picture(room).await?;
        }
        Ok(stage)
    }

    pub fn http(&self) -> SocketAddr {
        self.scene.house.http
    }

    /// Even numbers sit in the first room.
    pub fn room_of(&self, n: u32) -> i64 {
        self.rooms[usize::from(n % 2 == 1)]
    }

    /// Everybody takes a seat; the teachers have theirs.
    async fn fill(&mut self) -> Done<()> {
        for person in 0..CLIENTS {
            let hosts = [first_of(0), first_of(1)].iter().position(|host| *host == person);
            let room = hosts.map_or(self.room_of(person), |n| self.rooms[n]);
            if hosts.is_none() {
                let enters = json!({"roomnum": room, "operate": 0});
                self.talk.edu("live/reportmemid", person, enters).await?;
            }
            let request = people::heartbeat(&people::token(person), room);
            let expects = Expects::Body(br#"{"errorCode":0,"errorInfo":""}"#.to_vec());
            self.calls.push(Call { request, expects });
        }
        Ok(())
    }

    async fn wait_for_picture(&self, room: i64) -> Done<()> {
        let ask = request("GET", &format!("/media/{room}/lesson.m3u8"), "", "");
        let until = Instant::now() + PATIENCE;
        let mut wire = Wire::open(self.http()).await?;
        while Instant::now() < until {
            let playlist = wire.ask(&ask).await?.body;
            if playlist.windows(9).any(|part| part == b"BYTERANGE") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("lesson {room} has no picture").into())
    }

    /// Ends both lessons and counts what went in and what is there.
    pub async fn end(&mut self) -> Done<Film> {
        let mut film = Film { encoded: 0, kept: 0, gaps: 0 };
        for (host, room) in [first_of(0), first_of(1)].into_iter().zip(self.rooms) {
            self.talk.edu("live/exitroom", host, json!({"roomnum": room})).await?;
            let index = self.index(host, room).await?;
            let videos = index["videos"].as_array().into_iter().flatten();
            film.kept += videos.filter_map(|video| video["pictures"].as_u64()).sum::<u64>();
            let log = index["log"].as_array().into_iter().flatten();
            film.gaps += log.filter(|line| line["event"] == "gap").count();
        }
        film.encoded = encoded(self.notes.path())?;
        Ok(film)
    }

    async fn index(&mut self, host: u32, room: i64) -> Done<Value> {
        let until = Instant::now() + PATIENCE;
        let ask = json!({"index": 0, "size": 1, "roomnum": room});
        while Instant::now() < until {
            let found = self.talk.edu("live/roomlist", host, ask.clone()).await?;
            if found["rooms"][0]["state"] == 3 {
                let ask = request("GET", &format!("/media/{room}/index.json"), "", "");
                return self.talk.value(&ask).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("lesson {room} has no replay").into())
    }
}

async fn start(talk: &mut Talk, teacher: u32) -> Done<i64> {
    let made = talk.edu("live/create", teacher, json!({"title": "Mathematics"})).await?;
    let room = made["roomnum"].as_i64().ok_or("no roomnum")?;
    talk.edu("live/startcourse", teacher, json!({"roomnum": room})).await?;
    Ok(room)
}

/// An ffmpeg that notes how many pictures it has encoded when it records; it answers questions as ever.
fn counting(folder: &Path) -> Done<String> {
    let (path, notes) = (folder.join("ffmpeg"), folder.join("pictures"));
    let counts = format!("exec ffmpeg -vstats_file '{}'.$$ \"$@\"", notes.display());
    let script =
        format!("#!/bin/sh\ncase \"$*\" in *pipe:1) {counts};; esac\nexec ffmpeg \"$@\"\n");
    std::fs::write(&path, script)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path.display().to_string())
}

fn encoded(folder: &Path) -> Done<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_stem().is_none_or(|stem| stem != "pictures") {
            continue;
        }
        // A line for each picture. Those of an encoder that did not end by itself are not all there.
        sum += std::fs::read_to_string(&path)?.lines().count() as u64;
    }
    Ok(sum)
}
