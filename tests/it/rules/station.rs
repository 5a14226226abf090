//! The box's own log-in: who becomes what, what ends when, and that nothing but a password of the box opens it.

mod cookies;
mod entering;
mod people;

use arctos_box::http::Peer;
use arctos_box::model::Millis;
use arctos_box::model::user::{Origin, Role};
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use crate::access::person;
use crate::world::{Answer, PASSWORD, World};

/// A token of the box's own log-in for a new person.
async fn staff(world: &World, name: &str, role: Role) -> String {
    let user = person(world, name, Origin::Box, role).await;
    world.token(&user, Origin::Box).await
}

async fn login(world: &World, handle: &str, password: &str) -> Answer {
    let body = json!({"handle": handle, "password": password});
    world.staff("POST", "login", "", body).await
}

/// `error.code`, or nothing for a success.
fn code(answer: &Answer) -> String {
    answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

async fn id_of(world: &World, token: &str, handle: &str) -> i64 {
    let answer = world.staff("GET", &format!("users?text={handle}"), token, Value::Null).await;
    answer.json()["users"][0]["id"].as_i64().unwrap_or_else(|| panic!("{}", answer.text()))
}

async fn change(world: &World, token: &str, id: i64, body: Value) -> Answer {
    world.staff("POST", &format!("users/{id}"), token, body).await
}

#[tokio::test]
async fn the_metrics_are_for_the_box_itself_and_for_administrators() {
    let world = World::new().await;
    let root = world.administer().await;
    let tech = staff(&world, "tech", Role::Technician).await;
    let ask = async |token: &str, last: u8| {
        let mut request = Request::get("/metrics");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let peer = Peer { addr: [10, 0, 0, last].into(), secure: false };
        world.request_from(request.body(Full::default()).unwrap(), peer).await.status
    };
    assert_eq!(world.get("/metrics").await.status, 200, "from the box itself");
    assert_eq!((ask("", 1).await, ask(&tech, 1).await, ask(&root, 1).await), (403, 403, 200));
}

#[tokio::test]
async fn staff_watch_every_lesson() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let root = world.administer().await;
    let tech = staff(&world, "tech", Role::Technician).await;
    let viewer = staff(&world, "vic", Role::Viewer).await;
    for (token, status) in [(root, 200), (tech, 200), (viewer, 403)] {
        let state = format!("/media/{room}/lesson.json?token={token}");
        assert_eq!(world.get(&state).await.status, status);
    }
}

#[tokio::test]
async fn staff_are_told_that_lessons_are_not_for_them_and_not_to_log_in_again() {
    let world = World::new().await;
    let root = world.administer().await;
    let tech = staff(&world, "tech", Role::Technician).await;
    for token in [root, tech] {
        let told = world.edu("live/create", json!({"token": token, "title": "x"})).await;
        let why = "this account is of the staff: lessons are for teachers and pupils";
        assert_eq!((&told["errorCode"], &told["errorInfo"]), (&json!(10009), &json!(why)));
    }
}

#[tokio::test]
async fn a_lesson_ended_by_staff_is_over_for_everybody_and_it_is_written_down_who_did_it() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let root = world.administer().await;
    let tech = staff(&world, "tech", Role::Technician).await;
    let end = format!("lessons/{room}/end");
    assert_eq!(world.staff("POST", &end, &tech, Value::Null).await.status, 200);
    assert_eq!(world.row(&ann, room).await["state"], 2);
    let beat = world.edu("live/heartbeat", json!({"token": ann, "roomnum": room})).await;
    assert_eq!(beat["errorCode"], 20001);
    let lesson = world.staff("GET", &format!("lessons/{room}"), &tech, Value::Null).await.json();
    let log = lesson["log"].as_array().unwrap();
    assert!(log.iter().any(|l| l["event"] == "ended" && l["detail"] == "staff"), "{lesson}");
    let audit = world.staff("GET", "audit?event=lesson%20ended", &root, Value::Null).await.json();
    assert_eq!(audit["lines"][0]["actor"], "tech");
    assert_eq!(audit["lines"][0]["subject"], room.to_string());
}

#[tokio::test]
async fn the_audit_says_who_began_a_lesson_and_who_ended_it_or_that_nobody_did() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let root = world.administer().await;
    let (one, two) = (world.live_room(&ann).await, world.live_room(&ann).await);
    world.edu("live/startcourse", json!({"token": ann, "roomnum": one})).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": one})).await;
    world.advance(Millis::seconds(301)).await;
    let audit = world.staff("GET", "audit?size=4", &root, Value::Null).await.json();
    let told = |line: &Value| {
        let names = ["event", "subject", "actor", "dialect", "address", "detail"];
        names.map(|name| line[name].as_str().unwrap().to_owned()).join("|")
    };
    let told: Vec<_> = audit["lines"].as_array().unwrap().iter().map(told).collect();
    let expected = [
        format!("lesson over|{two}||||silence"),
        format!("lesson over|{one}|ann|edu|127.0.0.1|host"),
        format!("lesson started|{two}|ann|edu|127.0.0.1|"),
        format!("lesson started|{one}|ann|edu|127.0.0.1|"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_audit_names_whoever_looked_at_the_secrets_and_forgets_no_refused_log_in() {
    let mut world = World::new().await;
    let root = world.administer().await;
    world.staff("GET", "secrets", &root, Value::Null).await;
    for _ in 0..3 {
        login(&world, "root", "guess").await;
    }
    let wrong = json!({"id": "root", "pwd": "guess"});
    world.edu("account/login", wrong).await;
    let lines = async |world: &World| {
        let audit = world.staff("GET", "audit", &root, Value::Null).await.json();
        let lines = audit["lines"].as_array().unwrap().clone();
        lines.into_iter().map(|l| (l["event"].clone(), l["detail"].clone())).collect::<Vec<_>>()
    };
    let told = lines(&world).await;
    assert!(told.contains(&(json!("log-in refused"), json!("4 tries"))), "{told:?}");
    assert!(told.contains(&(json!("secrets shown"), json!(""))), "{told:?}");
    world.restart().await;
    assert_eq!(lines(&world).await, told);
    assert_eq!(login(&world, "root", PASSWORD).await.status, 200);
}
