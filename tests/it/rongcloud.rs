//! Document 003 with RongCloud's keys: the real program, a stand-in for RongCloud on loopback, and RongCloud's own
//! packages for Python, which call the stand-in with the same data and must put the same bytes on the wire.

mod packages;
mod stand_in;

use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::{Value, json};

use crate::process::{Person, Service, Wire, poll, say};
use packages::Package;
use stand_in::{KEY, RongCloud, SECRET};

const PATIENCE: Duration = Duration::from_secs(20);

/// A box that knows this RongCloud by these keys.
fn start(data: &std::path::Path, cloud: &str, secret: &str) -> Service {
    let set = [
        format!("groups.rongcloud_key={KEY}"),
        format!("groups.rongcloud_secret={secret}"),
        format!("groups.rongcloud_endpoint={cloud}"),
        "recorder.ffmpeg=/bin/false".into(),
        "log.level=error".into(),
    ];
    let more: Vec<&str> = set.iter().flat_map(|pair| ["--set", pair]).collect();
    Service::start(data, &more)
}

/// Somebody who calls document 003.
struct Member {
    token: String,
}

impl Member {
    async fn arrive(service: &Service, id: &str) -> Self {
        let person = Person::arrive(&service.base(), id, 1).await;
        Self { token: format!("Token {}", person.token) }
    }

    async fn ask(&self, service: &Service, path: &str, body: Value) -> (u16, Value) {
        let headers =
            [("authorization", self.token.as_str()), ("content-type", "application/json")];
        let method = if body.is_null() { Method::GET } else { Method::POST };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut wire = Wire::open(service.http).await;
        let answer = wire.ask(method, &format!("/api/im/{path}"), &headers, body.into()).await;
        (answer.status, answer.json())
    }

    async fn group(&self, service: &Service, name: &str) -> i64 {
        let (status, made) = self.ask(service, "group/", json!({"name": name})).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_i64().unwrap()
    }
}

/// Document 003's changes, as they are made; answers the calls that they must become.
async fn lessons_morning(service: &Service, ann: &Member, bob: &Member) -> Vec<Value> {
    let kept = ann.group(service, "class 3 A&B~*").await;
    assert_eq!(
        ann.ask(service, &format!("group/{kept}/join/"), json!({"userid": 10002})).await.0,
        200
    );
    let gone = bob.group(service, "三班 ①").await;
    assert_eq!(
        bob.ask(service, &format!("group/{gone}/join/"), json!({"userid": "10001"})).await.0,
        200
    );
    assert_eq!(ann.ask(service, &format!("group/{gone}/quit/"), Value::Null).await.0, 200);
    assert_eq!(bob.ask(service, &format!("group/{gone}/dismiss/"), Value::Null).await.0, 200);
    let (kept, gone) = (kept.to_string(), gone.to_string());
    vec![
        json!(["create", "10001", kept, "class 3 A&B~*"]),
        json!(["join", "10002", kept, "class 3 A&B~*"]),
        json!(["create", "10002", gone, "三班 ①"]),
        json!(["join", "10001", gone, "三班 ①"]),
        json!(["quit", "10001", gone]),
        json!(["dismiss", "10002", gone]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_box_calls_as_rongclouds_own_packages_do_and_keeps_groups_in_step() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = RongCloud::start().await;
    let service = start(&dir.path().join("d"), &cloud.address(), SECRET);
    let (ann, bob) = (Member::arrive(&service, "ann").await, Member::arrive(&service, "bob").await);
    let (status, got) = ann.ask(&service, "token/", Value::Null).await;
    assert_eq!((status, got), (200, json!({"key": "token of 10001"})));
    let picture = "http://box.test/files/picture/person.png";
    let mut calls = vec![json!(["token", "10001", "ann", picture])];
    calls.extend(lessons_morning(&service, &ann, &bob).await);
    let ours = cloud.wait_for(calls.len(), PATIENCE).await;
    // Groups run side by side; what is one group's keeps its order.
    let of = |group: &str| {
        let mine = ours.iter().filter(|call| call.field("groupId").as_deref() == Some(group));
        mine.map(|call| call.path.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("1000000001"), ["/group/create.json", "/group/join.json"]);
    assert_eq!(
        of("1000000002"),
        ["/group/create.json", "/group/join.json", "/group/quit.json", "/group/dismiss.json"]
    );
    for (version, same_bytes) in [("2.0.1", true), ("3.2.0", false)] {
        let theirs = RongCloud::start().await;
        let mut package = Package::start(version, &theirs.address());
        for call in &calls {
            assert_eq!(package.call(call).await["code"], 200, "{version} {call}");
        }
        let theirs = theirs.heard();
        for their in &theirs {
            let our = ours.iter().find(|our| our.is_like(their, same_bytes));
            let our = our.unwrap_or_else(|| panic!("{version}: no call of ours is {their:?}"));
            assert_eq!(our.credentials(), their.credentials(), "{version}: the same four headers");
            assert_eq!(our.content_type, their.content_type, "{version}");
        }
        assert_eq!(theirs.len(), ours.len());
        // What the school's own server sees when it asks RongCloud after the box's groups.
        let mut package = Package::start(version, &cloud.address());
        let members = package.call(&json!(["query", "1000000001"])).await;
        assert_eq!(members["users"], json!([{"id": "10001"}, {"id": "10002"}]), "{version}");
        let members = package.call(&json!(["query", "1000000002"])).await;
        assert_eq!(members["users"], json!([]), "{version}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rongcloud_that_refuses_or_is_not_there_is_said_so_and_told_later() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let cloud = RongCloud::start().await;
    let service = start(&data, &cloud.address(), "another secret");
    let ann = Member::arrive(&service, "ann").await;
    let began = Instant::now();
    let (status, told) = ann.ask(&service, "token/", Value::Null).await;
    assert_eq!((status, &told["detail"]), (500, &json!("融云服务没有响应，请稍后再试。")));
    assert!(began.elapsed() < Duration::from_secs(9));
    let id = ann.group(&service, "n").await;
    assert_eq!(
        ann.ask(&service, &format!("group/{id}/join/"), json!({"userid": 10001})).await.0,
        200
    );
    let row = poll("a refused call", PATIENCE, async || {
        let said = say(&data, &["outbox", "--json"]);
        let rows: Value = serde_json::from_str(&said.out).unwrap();
        rows.as_array().unwrap().first().cloned().filter(|row| row["last_error"] != "")
    })
    .await;
    let error = row["last_error"].as_str().unwrap();
    assert!(error.contains("401") && error.contains("1004"), "{row}");
    assert_eq!((&row["webhook"], &row["event"]), (&json!("rongcloud"), &json!("group/create")));
    service.terminate();
    // With the right secret what waited is told, and the token is there.
    let service = start(&data, &cloud.address(), SECRET);
    poll("the group is told", PATIENCE, async || (!cloud.members(id).is_empty()).then_some(()))
        .await;
    assert_eq!(ann.ask(&service, "token/", Value::Null).await.1, json!({"key": "token of 10001"}));
    service.terminate();
    // Nobody listens: an honest failure, at once.
    drop(cloud);
    let service = start(&data, "http://127.0.0.1:9", SECRET);
    assert_eq!(ann.ask(&service, "token/", Value::Null).await.0, 500);
}
