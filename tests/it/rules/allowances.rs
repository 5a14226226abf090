//! Who has added more rows than anybody does is told to wait, by every row that adds one, and nobody else is.

use std::net::IpAddr;

use arctos_box::dialect::{Row, groups};
use arctos_box::domain::user;
use arctos_box::model::{Handle, Millis, UserId};
use hyper::Method;
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::world::{APPID, PASSWORD, World};

/// Somebody who has nothing left to add.
async fn spent(world: &World, id: &str, role: i64) -> String {
    let token = world.user(id, role).await;
    let user = by_handle(world, id).await;
    while world.app().allowances.row(user, world.clock.steady()).is_ok() {}
    token
}

async fn by_handle(world: &World, id: &str) -> UserId {
    let handle = Handle::new(id).unwrap();
    user::by_handle(world.app(), handle).await.unwrap().unwrap().id
}

#[tokio::test]
async fn courses_bindings_and_signatures_wait_as_10111_and_then_go_on() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.room(&ann).await;
    let user = by_handle(&world, "ann").await;
    while world.app().allowances.row(user, world.clock.steady()).is_ok() {}
    let file = json!({"type": 0, "file_name": "a", "url": "/a"});
    let asks = [
        ("live/create", json!({"token": ann, "title": "one more"})),
        (
            "live/reportbind",
            json!({"token": ann, "roomnum": room, "operate": 0, "bind_file": file}),
        ),
        ("cos/get_sign", json!({"token": ann, "type": 0})),
    ];
    for (command, body) in asks {
        let answer = world.edu(command, body.clone()).await;
        assert_eq!(answer["errorCode"], 10111, "{command}: {answer}");
        assert!(answer["errorInfo"].as_str().unwrap().contains("try again in 5 s"), "{answer}");
        world.hand.advance(Millis::seconds(5));
        world.ok(command, body).await;
    }
    // What adds nothing is not held up, nor is anybody else.
    world.ok("live/startcourse", json!({"token": ann, "roomnum": room})).await;
    world.ok("live/heartbeat", json!({"token": ann, "roomnum": room})).await;
    let bob = world.teacher("bob").await;
    world.room(&bob).await;
}

#[tokio::test]
async fn groups_of_003_wait_as_429() {
    let world = World::new().await;
    let token = spent(&world, "ann", 0).await;
    let makes = |row: &&Row| row.address == "api/im/group" && row.takes(&Method::POST);
    let row = groups::DIALECT.rows.iter().find(makes).unwrap();
    let ask = Ask::new().token(&format!("Token {token}")).json(json!({"name": "a group"}));
    assert_eq!(ask.send(&world, &groups::DIALECT, row).await.status, 429);
}

#[tokio::test]
async fn an_address_that_has_registered_a_school_waits_and_the_next_one_does_not() {
    let world = World::new().await;
    let crowded: IpAddr = [10, 0, 0, 9].into();
    while world.app().allowances.account(crowded, world.clock.steady()).is_ok() {}
    let regist = async |last: u8, id: &str| -> Value {
        let body = json!({"id": id, "pwd": PASSWORD, "role": 0, "appid": APPID, "timeStamp": 1});
        let edu = &arctos_box::dialect::edu::DIALECT;
        let row = edu.rows.iter().find(|row| row.address == "account/regist").unwrap();
        let ask = Ask::new().json(body).from([10, 0, 0, last]);
        ask.send(&world, edu, row).await.json()["errorCode"].clone()
    };
    assert_eq!(regist(9, "cleo").await, 10111);
    assert_eq!(regist(8, "cleo").await, 0);
    assert_eq!(regist(9, "cleo").await, 10004, "who is known already costs nothing");
    world.hand.advance(Millis::seconds(2));
    assert_eq!(regist(9, "dora").await, 0);
}
