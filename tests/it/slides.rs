//! Lessons with two pictures: the teacher's with the sound, and the slides. One recording, two tracks, and no fault of one
//! reaches the other.

mod ends;
mod late;
mod page;

use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::Method;
use rustix::process::Pid;
use serde_json::{Value, json};

use crate::process::{Person, Service, encoders_of, poll, program, said, say};
use crate::ptz::rig::{Machine, School};
use crate::socket::{Client, Got};

const SOON: Duration = Duration::from_secs(60);

/// One classroom with both.
pub const CLASSROOM: &str =
    "[[classroom]]\nname = \"room 1\"\ninput = \"sim\"\nslides = \"slides\"\n";

/// The configuration as a file beside the data.
fn config(dir: &Path) -> PathBuf {
    let file = dir.join("box.toml");
    std::fs::write(&file, CLASSROOM).unwrap();
    file
}

fn start(dir: &Path) -> Service {
    Service::start(&dir.join("data"), &["--config", config(dir).to_str().unwrap()])
}

/// Until both pictures of the running lesson can be watched.
async fn both(ann: &Person, room: i64) -> Value {
    poll("two pictures", SOON, async || {
        let lesson = ann.lesson(room).await;
        let there = [&lesson, &lesson["slides"]];
        there
            .iter()
            .all(|it| it["playlist"].is_string() && it["live"].is_string())
            .then_some(lesson)
    })
    .await
}

/// A replay of both: what the index names is there, byte for byte, and decodes.
async fn replays(ann: &Person, room: i64) -> Value {
    ann.wait_for_state(room, 3, SOON).await;
    let (index, lesson) = (ann.index(room).await, ann.lesson(room).await);
    for track in [&index, &index["slides"]] {
        assert_eq!(track["videos"].as_array().map(Vec::len), Some(1), "{index}");
        for name in [&track["playlist"], &track["videos"][0]["file"]] {
            let got = ann.get(&format!("/media/{room}/{}", name.as_str().unwrap())).await.unwrap();
            assert_eq!(got.status, 200, "{name}");
            if name.as_str().unwrap().contains(".mp4") {
                let hash = ring::digest::digest(&ring::digest::SHA256, &got.body);
                let hash = arctos_box::model::hex(hash.as_ref());
                assert_eq!(track["videos"][0]["sha256"], hash.as_str(), "{name}");
            }
        }
    }
    for way in ["playlist", "progressive"] {
        for track in [&lesson, &lesson["slides"]] {
            assert_eq!(
                ann.get(track[way].as_str().unwrap()).await.unwrap().status,
                200,
                "{lesson}"
            );
        }
    }
    index
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_with_slides_is_one_recording_with_two_tracks() {
    let dir = tempfile::tempdir().unwrap();
    let service = start(dir.path());
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    let lesson = both(&ann, room).await;
    assert_eq!(encoders_of(service.pid()).len(), 2);
    let mut viewer = Client::open(service.http, lesson["slides"]["live"].as_str().unwrap()).await;
    let Got::Text(told) = viewer.next().await else { panic!("nothing is said of the film") };
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["mime"], "video/mp4; codecs=\"avc1.64000c\"", "no sound");
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    let index = replays(&ann, room).await;
    let begin = |track: &Value| track["videos"][0]["start_ms"].as_i64().unwrap();
    let apart = (begin(&index) - begin(&index["slides"])).abs();
    println!("the pictures begin {apart} ms apart");
    let seconds = |track: &Value| track["videos"][0]["duration"].as_f64().unwrap();
    let ends =
        |track: &Value| seconds(track) + f64::from(i32::try_from(begin(track)).unwrap()) / 1e3;
    assert!((ends(&index) - ends(&index["slides"])).abs() < 2.0, "{index}");
    let quality = &index["slides"]["quality"];
    assert_eq!(quality["without_sound"], quality["without_picture"], "there is none by design");
    let videos = ann.ok("live/roomlist", json!({"index": 0, "size": 1, "roomnum": room})).await;
    let told = videos["rooms"][0].to_string();
    assert!(!told.contains("/slides/"), "callbacks tell of the teacher's picture: {told}");
    for name in ["slides/index.json", "slides/2.mp4", "slides/lesson.json", "slides/slides/1.mp4"] {
        assert_eq!(ann.get(&format!("/media/{room}/{name}")).await.unwrap().status, 404, "{name}");
    }
    drop(service);
    let service = start(dir.path());
    replays(&ann.at(&service.base()), room).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classroom_that_is_switched_off_closes_both() {
    let school = School::open(&Machine::new(), CLASSROOM).await;
    let ann = school.teacher("ann").await;
    let room = ann.teach().await;
    let pid = school.service.pid();
    // Two of them, and none of those before.
    let others = async |what: &str, before: &[Pid]| {
        poll(what, SOON, async || {
            let now = encoders_of(pid);
            (now.len() == 2 && !now.iter().any(|one| before.contains(one))).then_some(now)
        })
        .await
    };
    let told = async || {
        let told = school.ask(Method::GET, "classrooms", &ann.token, Value::Null).await.json();
        told["classrooms"][0].clone()
    };
    let cameras = others("both are open", &[]).await;
    assert_eq!(told().await["slides"], "slides");
    let off = school.tell_as(&ann.token, "classrooms/1", json!({"camera": false})).await;
    assert_eq!(off.0, 200);
    let slates = others("slates in their places", &cameras).await;
    assert_eq!(told().await["open"], false);
    let on = school.tell_as(&ann.token, "classrooms/1", json!({"camera": true})).await;
    assert_eq!(on.0, 200);
    others("both are open again", &slates).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    let address = format!("lessons/{room}");
    poll("the end of both", SOON, async || {
        let seen = school.ask(Method::GET, &address, &school.root, Value::Null).await.json();
        let both = [&seen["recording"], &seen["slides"]["recording"]];
        both.iter().all(|state| **state == "ended").then_some(())
    })
    .await;
}

#[test]
fn a_wrong_input_for_slides_is_said_at_the_start() {
    let check = |slides: &str| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("box.toml");
        std::fs::write(&file, CLASSROOM.replace("\"slides\"", &format!("{slides:?}"))).unwrap();
        let args = ["--board", "sim", "--config", file.to_str().unwrap(), "config", "--check"];
        let said = say(&dir.path().join("data"), &args);
        (said.code, said.err)
    };
    assert_eq!(check("slides").0, Some(0), "{:?}", check("slides"));
    let dir = tempfile::tempdir().unwrap();
    let file = config(dir.path());
    let mut command = program();
    command.args(["--board", "sim", "--config", file.to_str().unwrap(), "inputs"]);
    let inputs = said(command.current_dir(dir.path())).out;
    assert!(inputs.contains("slides of a classroom: the picture alone"), "{inputs}");
    for (slides, why) in
        [("none", "there is no input none"), ("sim", "is the input of a classroom")]
    {
        let (code, said) = check(slides);
        assert_eq!(code, Some(78), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn slides_are_of_one_room_and_the_check_says_whose() {
    let check = |other: &str| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("box.toml");
        let usb = |port: u32| format!("usb-0000:01:00.0-1.{port}");
        let room = |name: &str, input: &str| {
            format!("[[classroom]]\nname = {name:?}\ninput = {input:?}\nslides = \"{}\"\n", usb(1))
        };
        std::fs::write(&file, room("maths", &usb(2)) + &room("arts", other)).unwrap();
        let args = ["--board", "generic-usb", "--config", file.to_str().unwrap()];
        let said = say(&dir.path().join("data"), &[&args[..], &["config", "--check"]].concat());
        (said.code, said.err)
    };
    let (code, said) = check("usb-0000:01:00.0-1.3");
    assert_eq!(code, Some(78), "{said}");
    let why = "classroom]] maths: slides: usb-0000:01:00.0-1.1 is what arts is shown";
    assert!(said.contains(why), "{said}");
    // One room under two names.
    let (code, said) = check("usb-0000:01:00.0-1.2");
    assert_eq!(code, Some(0), "{said}");
}
