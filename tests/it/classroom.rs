//! The switch of a classroom on the real program: what it closes, and that it stays off.

use arctos_box::domain::classroom;
use arctos_box::model::user::{Origin, Role};
use hyper::Method;
use serde_json::{Value, json};

use crate::access::person;
use crate::process::{Person, poll, say};
use crate::ptz::rig::{Machine, PATIENCE, School};
use crate::world::World;

/// The disk takes no classroom that is off.
const REFUSE: &str = "CREATE TRIGGER refuse BEFORE INSERT ON shut_classroom
    BEGIN SELECT RAISE(ABORT, 'refused'); END;";

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
    assert!(look.text().contains("switched off\""), "{}", look.text());
    let inputs = say(&school.folder(), &["inputs"]).out;
    assert!(inputs.contains("off  sim: ") && inputs.contains("-       switched off"), "{inputs}");
    let doctor = say(&school.folder(), &["doctor", "--json"]).out;
    let doctor: Value = serde_json::from_str(&doctor).unwrap();
    let about = |finding: &&Value| finding["subject"] == "inputs";
    let found = doctor["findings"].as_array().unwrap().iter().find(about).unwrap();
    let detail = found["detail"].as_str().unwrap();
    assert!(detail.starts_with("sim: switched off\n") && found["ok"] == true, "{found}");
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

#[tokio::test]
async fn room_and_input_are_a_teachers_while_his_lesson_runs_there_and_looking_is_told_apart() {
    let own = "[[classroom]]\nname = \"one\"\ninput = \"sim\"\nteachers = [\"ann\"]\n";
    let world = World::configured(own).await;
    let teacher = async |name: &str| {
        let who = person(&world, name, Origin::Box, Role::Teacher).await;
        world.token(&who, Origin::Box).await
    };
    let (ann, eve) = (teacher("ann").await, teacher("eve").await);
    let seen = async |token: &str| {
        let ask = async |list: &'static str| {
            world.staff("GET", list, token, Value::Null).await.json()[list][0].clone()
        };
        let (room, input) = (ask("classrooms").await, ask("inputs").await);
        let told = [&room["yours"], &input["yours"], &room["may_switch"], &input["may_look"]];
        told.map(|flag| flag.as_bool().unwrap())
    };
    assert_eq!(seen(&ann).await, [false, false, false, true]);
    assert_eq!(seen(&eve).await, [false; 4]);
    world.live_room(&eve).await;
    assert_eq!(seen(&ann).await, [false; 4]);
    assert_eq!(seen(&eve).await, [true; 4]);
}

#[tokio::test]
async fn what_staff_switched_off_only_they_switch_on_and_a_teacher_lifts_what_a_teacher_did() {
    let mut world = World::new().await;
    let root = world.administer().await;
    let ann = person(&world, "ann", Origin::Box, Role::Teacher).await;
    let ann = world.token(&ann, Origin::Box).await;
    world.live_room(&ann).await;
    let flip = async |world: &World, token: &str, is_on: bool| {
        world.staff("POST", "classrooms/1", token, json!({"camera": is_on})).await
    };
    for (by, is_on, status) in [(&ann, false, 200), (&ann, true, 200), (&root, false, 200)] {
        assert_eq!(flip(&world, by, is_on).await.status, status);
    }
    let refused = flip(&world, &ann, true).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("staff switched it off"), "{}", refused.text());
    assert_eq!(flip(&world, &root, true).await.status, 200);
    // Staff have said so, too, before the teacher thinks better of it; also over a restart.
    assert_eq!(flip(&world, &ann, false).await.status, 200);
    assert_eq!(flip(&world, &root, false).await.status, 200);
    world.restart().await;
    let seen = world.staff("GET", "classrooms", &ann, Value::Null).await.json();
    let seen = &seen["classrooms"][0];
    let told = ["yours", "may_switch", "camera"].map(|name| &seen[name]);
    assert_eq!(told, [&json!(true), &json!(false), &json!(false)], "{seen}");
    assert_eq!(flip(&world, &ann, true).await.status, 403);
    assert_eq!(flip(&world, &root, true).await.status, 200);
}

#[tokio::test]
async fn an_off_that_cannot_be_stored_is_off_at_once_and_stored_as_soon_as_it_can_be() {
    let mut world = World::new().await;
    let root = world.administer().await;
    let is_off = |world: &World| world.app().devices.now().is_shut("sim");
    let tell = async |world: &World, sql: &'static str| {
        world.app().db.write(move |conn| Ok(conn.execute_batch(sql)?)).await.unwrap();
    };
    tell(&world, REFUSE).await;
    let off = world.staff("POST", "classrooms/1", &root, json!({"camera": false})).await;
    assert!(off.status >= 500 && is_off(&world), "{}", off.text());
    assert!(classroom::retry(world.app()).await.is_err());
    tell(&world, "DROP TRIGGER refuse").await;
    classroom::retry(world.app()).await.unwrap();
    world.restart().await;
    assert!(is_off(&world));
}

#[tokio::test]
async fn staffs_off_that_waits_for_the_disk_is_theirs_whatever_a_teacher_says_after_it() {
    let mut world = World::new().await;
    let root = world.administer().await;
    let ann = person(&world, "ann", Origin::Box, Role::Teacher).await;
    let ann = world.token(&ann, Origin::Box).await;
    world.live_room(&ann).await;
    let flip = async |world: &World, token: &str, is_on: bool| {
        world.staff("POST", "classrooms/1", token, json!({"camera": is_on})).await.status
    };
    let seen = async |world: &World| {
        let seen = world.staff("GET", "classrooms", &ann, Value::Null).await.json();
        let seen = &seen["classrooms"][0];
        (seen["may_switch"].clone(), seen["by"].clone())
    };
    let tell = async |world: &World, sql: &'static str| {
        world.app().db.write(move |conn| Ok(conn.execute_batch(sql)?)).await.unwrap();
    };
    tell(&world, REFUSE).await;
    assert!(flip(&world, &ann, false).await >= 500 && flip(&world, &root, false).await >= 500);
    assert_eq!(seen(&world).await, (json!(false), json!("root")));
    assert_eq!(flip(&world, &ann, true).await, 403);
    assert!(flip(&world, &ann, false).await >= 500);
    assert_eq!(flip(&world, &ann, true).await, 403);
    tell(&world, "DROP TRIGGER refuse").await;
    assert_eq!(flip(&world, &ann, false).await, 200);
    assert_eq!(flip(&world, &ann, true).await, 403);
    world.restart().await;
    assert_eq!(seen(&world).await, (json!(false), json!("root")));
    assert_eq!((flip(&world, &ann, true).await, flip(&world, &root, true).await), (403, 200));
    let book = world.staff("GET", "audit?who=classroom", &root, Value::Null).await.json();
    let line = |line: &Value| {
        format!("{} {} {}", line["actor"], line["event"], line["detail"]).replace('"', "")
    };
    let lines: Vec<String> = book["lines"].as_array().unwrap().iter().map(line).collect();
    let told = ["root camera switched on", "root camera switched off"];
    assert_eq!(lines, [told[0], told[1], "ann camera switched by a teacher off"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_off_that_waits_for_the_disk_is_stored_when_the_box_ends() {
    let school = School::open(&Machine::new(), "").await;
    let store = rusqlite::Connection::open(school.folder().join("box.db")).unwrap();
    store.execute_batch(REFUSE).unwrap();
    let off = school.tell("classrooms/1", json!({"camera": false})).await;
    assert!(off.0 >= 500, "{off:?}");
    store.execute_batch("DROP TRIGGER refuse").unwrap();
    let school = school.ended();
    assert_eq!(told(&school, &school.root).await["by"], "root");
}

#[tokio::test]
async fn a_classroom_that_is_called_something_else_stays_off_and_is_switched_on_by_its_new_name() {
    let school = School::open(&Machine::new(), "[[classroom]]\nname = \"one\"\n").await;
    switch(&school, &school.root, false).await;
    let file = school.data.path().join("box.toml");
    std::fs::write(&file, "[[classroom]]\nname = \"two\"\n").unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let school = school.again_with(&config);
    let seen = told(&school, &school.root).await;
    assert_eq!((&seen["camera"], &seen["by"]), (&json!(false), &json!("root")), "{seen}");
    switch(&school, &school.root, true).await;
    let school = school.again_with(&config);
    assert_eq!(told(&school, &school.root).await["camera"], true);
}
