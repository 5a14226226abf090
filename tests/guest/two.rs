//! Two cameras of one classroom: looked at before a lesson, recorded in it; something comes and goes by USB, and the cable of
//! one is pulled.

use std::path::Path;

use serde_json::Value;

use crate::appliance::{Appliance, Course, PATIENCE};
use crate::process::{Person, decode, poll};
use crate::recording::{length, watched};
use crate::trace;

const CLASSROOM: &str = "input = \"camera\"\nslides = \"slides\"\nteachers = [\"ann\"]\n";
/// Where the machine's USB port is.
const PORT: &str = "usb-0000:00:10.0-1";
/// Of film, before and after.
const WHILE_S: f64 = 5.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_was_looked_at_is_free_for_its_lesson_and_the_cable_of_slides_is_theirs_alone()
 {
    let mut guest = Appliance::start(CLASSROOM, Course::Told).await;
    let ann = Person::arrive(&guest.base, "ann", 1).await;
    for input in ["camera", "slides"] {
        seen(&mut guest, input).await;
    }
    // Each driver lets only one read: whoever looks must be gone.
    let room = ann.teach().await;
    watched(&ann, room, WHILE_S).await;
    shown(&ann, room, WHILE_S).await;
    trace::start(&mut guest);
    heard(&mut guest, "device_add usb-audio,id=card,audiodev=none", "came").await;
    heard(&mut guest, "device_del card", "went").await;
    guest.ok("v4l2-ctl -d /dev/video1 -c disconnect=1");
    let before = length(&ann, &ann.lesson(room).await["slides"]["playlist"]).await;
    shown(&ann, room, before + WHILE_S).await;
    let had = length(&ann, &ann.lesson(room).await["playlist"]).await;
    watched(&ann, room, had + WHILE_S).await;
    let runs: Vec<u32> = trace::taken(&mut guest, 0).iter().map(|picture| picture.by).collect();
    guest.end(&ann, room).await;
    let log = guest.log();
    assert!(runs.windows(2).all(|pair| pair[0] == pair[1]), "the other camera: {runs:?}\n{log}");
    assert!(!log.contains("resource busy"), "{log}");
    assert!(log.contains("No such device"), "{log}");
    let dir = tempfile::tempdir().unwrap();
    guest.film(&ann, room, &dir.path().join("1.mp4")).await;
    let index = ann.index(room).await;
    let slides = &index["slides"]["videos"];
    assert_eq!(slides.as_array().map(Vec::len), Some(1), "{index:#}");
    let address = format!("/media/{room}/{}", slides[0]["file"].as_str().unwrap());
    let film = ann.get(&address).await.unwrap().body;
    std::fs::write(dir.path().join("slides.mp4"), film).unwrap();
    for film in ["1.mp4", "slides.mp4"].map(|name| dir.path().join(name)) {
        is_whole(&film);
    }
}

/// Until a picture of an input comes, which the box opens for that. By the box's own address, from the machine itself.
async fn seen(guest: &mut Appliance, input: &str) {
    const WGET: &str = "wget -q -O /tmp/seen --header";
    const BOX: &str = "http://127.0.0.1:8080/box/v1";
    let known = r#"{"handle":"ann","password":"pw"}"#;
    let login =
        format!("{WGET} 'content-type: application/json' --post-data '{known}' {BOX}/login");
    guest.ok(&login);
    let known: Value = serde_json::from_str(&guest.ok("cat /tmp/seen")).unwrap();
    let token = known["token"].as_str().unwrap();
    let get = format!("{WGET} 'authorization: Bearer {token}' {BOX}/inputs/{input}/preview.jpg");
    poll(input, PATIENCE, async || (guest.run(&get).0 == 0).then_some(())).await;
    let told = guest.ok("ffprobe -v error -show_entries stream=codec_name -of csv=p=0 /tmp/seen");
    assert_eq!(told.trim(), "mjpeg");
}

/// A sound card is plugged in or pulled out: the box hears of it, and where it was.
async fn heard(guest: &mut Appliance, order: &str, how: &str) {
    guest.monitor(order);
    let tells = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let is_it = line["message"] == "something was plugged in or pulled out";
        Some(is_it && line[how].as_str()?.contains(PORT))
    };
    poll(order, PATIENCE, async || {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        guest.log().lines().filter_map(tells).any(|is_it| is_it).then_some(())
    })
    .await;
}

/// Waits until so many seconds of the running lesson's slides can be watched.
async fn shown(watcher: &Person, room: i64, least: f64) {
    poll("the slides grow", PATIENCE, async || {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let lesson = watcher.lesson(room).await;
        (length(watcher, &lesson["slides"]["playlist"]).await >= least).then_some(())
    })
    .await;
}

fn is_whole(film: &Path) {
    assert_eq!(decode(film.to_str().unwrap()), "");
}
