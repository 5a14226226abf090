//! The whole program on a disk after a cut: it starts, knows its people, serves what they stored, ends the lessons
//! that ran, and their films decode.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::facts::Fact;
use super::films;
use crate::process::{APPID, Person, Service, poll, serve};

const PATIENCE: Duration = Duration::from_secs(20);

/// What is wrong with the box that comes up on `data`.
///
/// # Panics
/// When something is.
pub async fn check(data: &Path, facts: &[Fact], environment: &[(&str, &str)]) {
    // A lesson that goes on needs no new picture here.
    let mut command = serve(data, &["--set", "recorder.ffmpeg=/bin/false"]);
    command.envs(environment.iter().copied()).stderr(Stdio::null());
    let service = Service::run(command, "https");
    poll("the folders of deleted recordings go", PATIENCE, async || {
        let conn = Connection::open(data.join("box.db")).unwrap();
        let left = conn.query_row("SELECT COUNT(*) FROM removal", [], |row| row.get::<_, i64>(0));
        (left == Ok(0)).then_some(())
    })
    .await;
    let mut who = Person::new(&service.base());
    for fact in facts {
        match fact {
            Fact::Token(token) => who.token.clone_from(token),
            Fact::Stored(name, bytes) => {
                let got = who.get(&format!("/files/v2/{APPID}/box/{name}")).await.unwrap();
                assert!(got.status == 200 && got.body == *bytes, "{name}: {}", got.status);
            }
            _ => {}
        }
    }
    if who.token.is_empty() {
        return;
    }
    let ask = json!({"index": 0, "size": 50});
    let rooms = who.ok("live/roomlist", ask).await["rooms"].clone();
    for room in rooms.as_array().unwrap() {
        let number = room["roomnum"].as_i64().unwrap();
        if room["state"] == 1 {
            who.ok("live/exitroom", json!({"roomnum": number})).await;
        }
        if room["state"] != 0 {
            over(&who, data, number).await;
        }
    }
}

/// The lesson's recording came to an end: with a picture it is a replay, without one its index says why.
async fn over(who: &Person, data: &Path, room: i64) {
    let film = data.join("recordings").join(room.to_string()).join("1.mp4");
    let shows = film.exists() && films::shows(&std::fs::read(&film).unwrap());
    if shows {
        who.wait_for_state(room, 3, PATIENCE).await;
        assert_eq!(films::decode(&film), "", "{}", film.display());
    }
    poll("the lesson's index", PATIENCE, async || {
        let got = who.get(&format!("/media/{room}/index.json")).await.unwrap();
        let index: Value = serde_json::from_slice(&got.body).ok()?;
        (got.status == 200).then_some(index)
    })
    .await;
}
