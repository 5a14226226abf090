//! Looking at an input of the real program, and listening to it.

use std::process::{Command, Stdio};

use hyper::Method;
use serde_json::{Value, json};

use crate::process::poll;
use crate::ptz::rig::{Machine, PATIENCE, School};

const PREVIEW: &str = "inputs/sim/preview.jpg";
const LEVEL: &str = "inputs/sim/level";
const DENIED: u16 = 403;

/// Asks until it is answered.
async fn seen(school: &School, token: &str, path: &str) -> Vec<u8> {
    let got = async || {
        let answer = school.ask(Method::GET, path, token, Value::Null).await;
        (answer.status == 200).then_some(answer.body)
    };
    poll(path, PATIENCE, got).await
}

async fn status(school: &School, token: &str, path: &str) -> u16 {
    school.ask(Method::GET, path, token, Value::Null).await.status
}

/// A picture of the simulator: a test card has every brightness.
fn is_picture(school: &School, jpeg: &[u8]) {
    let file = school.folder().join("seen.jpg");
    std::fs::write(&file, jpeg).unwrap();
    let said = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(["-v", "error", "-i"]).arg(&file).args(args).stdin(Stdio::null());
        let done = command.output().unwrap();
        assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    };
    let entries = "stream=codec_name,width,height";
    let told = said("ffprobe", &["-show_entries", entries, "-of", "csv=p=0"]);
    assert_eq!(String::from_utf8(told).unwrap().trim(), "mjpeg,320,180");
    let grey = said("ffmpeg", &["-f", "rawvideo", "-pix_fmt", "gray", "-"]);
    assert_eq!(grey.len(), 320 * 180);
    let (least, most) = (grey.iter().min().unwrap(), grey.iter().max().unwrap());
    assert!(most - least > 150, "from {least} to {most}");
}

/// The simulator's tone has an eighth of full scale.
async fn is_tone(school: &School, token: &str) {
    let heard: Value = serde_json::from_slice(&seen(school, token, LEVEL).await).unwrap();
    let near = |name: &str, truth: f64| (heard[name].as_f64().unwrap() - truth).abs() < 1.0;
    assert!(near("peak_dbfs", -18.06) && near("rms_dbfs", -21.07), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_is_looked_at_and_listened_to_by_its_teacher_and_the_film_has_no_gap() {
    let school = School::open(&Machine::new(), "").await;
    let (ann, bob) = (school.teacher("ann").await, school.teacher("bob").await);
    for path in [PREVIEW, LEVEL] {
        assert_eq!(status(&school, &ann.token, path).await, DENIED);
    }
    let room = ann.teach().await;
    for token in [&ann.token, &school.root] {
        is_picture(&school, &seen(&school, token, PREVIEW).await);
        is_tone(&school, token).await;
    }
    for path in [PREVIEW, LEVEL] {
        assert_eq!(status(&school, &bob.token, path).await, DENIED);
        assert_eq!(status(&school, &school.root, &path.replace("sim", "attic")).await, 404);
    }
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, PATIENCE).await;
    for path in [PREVIEW, LEVEL] {
        assert_eq!(status(&school, &ann.token, path).await, DENIED);
    }
    let lesson =
        school.ask(Method::GET, &format!("lessons/{room}"), &school.root, Value::Null).await;
    let lesson = lesson.json();
    let gaps = lesson["log"].as_array().unwrap().iter().filter(|line| line["event"] == "gap");
    assert_eq!(gaps.count(), 0, "{lesson}");
}
