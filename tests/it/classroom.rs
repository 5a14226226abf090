//! The switch of a classroom on the real program: what it closes, and that it stays off.

use hyper::Method;
use serde_json::{Value, json};

use crate::process::{Person, poll};
use crate::ptz::rig::{Machine, PATIENCE, School};

async fn switch(school: &School, token: &str, is_on: bool) {
    let answer = school.tell_as(token, "classrooms/1", json!({"camera": is_on})).await;
    assert_eq!(answer.0, 200);
}

/// The classroom, as the teacher is told of it.
async fn told(school: &School, token: &str) -> Value {
    let told = school.ask(Method::GET, "classrooms", token, Value::Null).await.json();
    told["classrooms"][0].clone()
}

async fn until_open(school: &School, token: &str, is_open: bool) {
    poll("it is open, or closed", PATIENCE, async || {
        (told(school, token).await["open"] == is_open).then_some(())
    })
    .await;
}

/// Something of a lesson's, as its teacher sees it.
async fn seen(who: &Person, room: i64, name: &str) -> Value {
    let got = who.get(&format!("/media/{room}/{name}?token={}", who.token)).await.unwrap();
    serde_json::from_slice(&got.body).unwrap()
}

async fn until_picture(who: &Person, room: i64) {
    poll("a picture", PATIENCE, async || {
        (!seen(who, room, "lesson.json").await["playlist"].is_null()).then_some(())
    })
    .await;
}

async fn reason(who: &Person, room: i64, word: &str) {
    poll(word, PATIENCE, async || {
        let reason = seen(who, room, "lesson.json").await["reason"].as_str().map(str::to_owned);
        reason.is_some_and(|reason| reason.contains(word)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teacher_switches_the_camera_off_in_mid_lesson_and_it_stays_off_for_the_next_one() {
    let school = School::open(&Machine::new(), "").await;
    let ann = school.teacher("ann").await;
    let on = async || {
        let seen = ann.get("/watch/cameras.json").await.unwrap();
        serde_json::from_slice::<Value>(&seen.body).unwrap()["on"].clone()
    };
    let room = ann.teach().await;
    until_picture(&ann, room).await;
    assert_eq!(on().await, json!(["classroom"]));
    switch(&school, &ann.token, false).await;
    until_open(&school, &ann.token, false).await;
    reason(&ann, room, "switched off").await;
    let look = school.ask(Method::GET, "inputs/sim/preview.jpg", &ann.token, Value::Null).await;
    assert_eq!(look.status, 409, "what was seen last is not shown either");
    poll("no mark", PATIENCE, async || (on().await == json!([])).then_some(())).await;
    switch(&school, &ann.token, true).await;
    until_open(&school, &ann.token, true).await;
    switch(&school, &ann.token, false).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    poll("the replay", PATIENCE, async || {
        (seen(&ann, room, "lesson.json").await["state"] == 3).then_some(())
    })
    .await;
    let log = seen(&ann, room, "index.json").await["log"].to_string();
    assert!(log.contains("camera and microphone") && log.contains("switched off"), "{log}");

    let school = school.again();
    let ann = ann.at(&school.service.base());
    let next = ann.teach().await;
    reason(&ann, next, "switched off").await;
    // It begins with the slate.
    until_picture(&ann, next).await;
    let told = told(&school, &ann.token).await;
    assert_eq!(
        [&told["camera"], &told["open"], &told["by"]],
        [&json!(false), &json!(false), &json!("ann")]
    );
    switch(&school, &ann.token, true).await;
    until_open(&school, &ann.token, true).await;
}
