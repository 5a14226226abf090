//! Who is there, whose hand is up, and how much of it one may do.

use std::time::Duration;

use arctos_box::http::websocket::Limits;
use arctos_box::model::Millis;
use arctos_box::store::messages;
use serde_json::{Value, json};

use super::Hall;
use crate::socket::Got;
use crate::world::World;

#[tokio::test]
async fn all_see_who_comes_and_goes_and_nobody_is_counted_twice() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let bob = hall.pupil("bob").await;
    let room = hall.room(&ann).await;
    let mut at_ann = hall.join(room, &ann, 0).await;
    assert_eq!(at_ann.greeting["body"], json!({"online": ["ann"], "hands": [], "newest": 0}));
    let phone = hall.join(room, &bob, 0).await;
    let laptop = hall.join(room, &bob, 0).await;
    assert_eq!(laptop.greeting["body"]["online"], json!(["ann", "bob"]));
    assert_eq!(at_ann.passing(11).await["from"], "bob");
    phone.leave().await;
    laptop.leave().await;
    // Only the second leaving is one, and the second coming was none.
    let next = at_ann.client.json().await;
    assert_eq!((&next["type"], &next["from"]), (&json!(12), &json!("bob")));
}

#[tokio::test]
async fn a_hand_goes_up_once_and_down_by_its_owner_the_host_or_the_end() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let (bob, cid) = (hall.pupil("bob").await, hall.pupil("cid").await);
    let room = hall.live_room(&ann).await;
    let mut at_ann = hall.join(room, &ann, 1).await;
    let (mut at_bob, mut at_cid) = (hall.join(room, &bob, 1).await, hall.join(room, &cid, 1).await);
    assert_eq!(at_cid.say(2, Value::Null).await, 2);
    assert_eq!(at_bob.say(2, Value::Null).await, 3);
    assert_eq!(at_bob.say(2, Value::Null).await, 0, "it is up already");
    assert_eq!(at_ann.kept().await["body"], json!({"uid": "cid"}));
    let hands = hall.join(room, &ann, 3).await.greeting["body"]["hands"].clone();
    assert_eq!(hands, json!(["cid", "bob"]), "the longest raised first");
    let other = json!({"type": 3, "body": {"uid": "cid"}});
    assert_eq!(at_bob.refusal(&other).await, "only who leads lowers another's hand");
    assert_eq!(at_ann.say(3, json!({"uid": "CID"})).await, 4);
    assert_eq!(at_cid.hear(3).await[2], (4, json!({"uid": "cid"})));
    assert_eq!(at_cid.say(3, Value::Null).await, 0, "it is down already");
    hall.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    let hands = hall.join(room, &ann, 5).await.greeting["body"]["hands"].clone();
    assert_eq!(hands, json!([]));
}

#[tokio::test]
async fn who_speaks_too_fast_is_told_how_long_to_wait() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.live_room(&ann).await;
    let mut speaker = hall.join(room, &ann, 1).await;
    for n in 2..22 {
        assert_eq!(speaker.say(1, json!("quick")).await, n);
    }
    let frame = json!({"type": 1, "body": "quick"});
    assert_eq!(speaker.refusal(&frame).await, "too much at once: try again in 100 ms");
    hall.hand.advance(Millis(100));
    assert_eq!(speaker.say(1, json!("later")).await, 22);
    // A client that does not listen to that is sent away.
    for _ in 0..101 {
        speaker.client.send(&frame).await;
    }
    assert_eq!(speaker.client.end().await, (1008, "too much that cannot be taken".into()));
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_with_the_clients_own_reference() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.room(&ann).await;
    let mut guest = hall.join(room, &ann, 0).await;
    guest.client.send(&json!({"type": 1001, "body": {}, "ref": "x"})).await;
    let frame = guest.passing(400).await;
    assert_eq!(frame["body"], json!({"error": "a client's type is 1, 2, 3 or -1", "ref": "x"}));
    let long = json!({"type": 1, "body": "x".repeat(4095)});
    assert_eq!(guest.refusal(&long).await, "the body is longer than 4,096 bytes");
    guest.client.say("x".repeat(9000)).await;
    assert!(matches!(guest.client.next().await, Got::Close(1009, _)));
}

#[tokio::test]
async fn one_person_listens_eight_times_in_a_group_and_not_more() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.room(&ann).await;
    let mut ears = Vec::new();
    for _ in 0..8 {
        ears.push(hall.join(room, &ann, 0).await);
    }
    assert_eq!(hall.refused(room, &ann).await.0, 1013);
    ears.pop().unwrap().leave().await;
    crate::process::poll("the place is free", Duration::from_secs(5), async || {
        (hall.app().talk.count() == 7).then_some(())
    })
    .await;
    hall.join(room, &ann, 0).await;
}

/// Ten megabytes, which no socket's buffers hold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_closed_and_the_others_hear_everything() {
    const MESSAGES: i64 = 2500;
    let limits = Limits { stall: Duration::from_millis(300), ..Limits::usual(8192) };
    let hall = Hall::around(World::new().await, limits).await;
    let ann = hall.teacher("ann").await;
    let room = hall.live_room(&ann).await;
    let stopped = hall.join(room, &ann, 0).await;
    let mut reads = hall.join(room, &ann, 0).await;
    let body = json!("x".repeat(4000)).to_string();
    let flood = move |conn: &rusqlite::Connection| {
        for _ in 0..MESSAGES {
            messages::post(conn, &room.to_string(), 1, "ann", &body, crate::world::START)?;
        }
        Ok(())
    };
    hall.app().db.write(flood).await.unwrap();
    for n in 1..=MESSAGES + 1 {
        assert_eq!(reads.kept().await["seq"], n);
    }
    crate::process::poll("only the reader is left", Duration::from_secs(10), async || {
        (hall.app().talk.count() == 1).then_some(())
    })
    .await;
    let mut stopped = stopped;
    assert_eq!(reads.say(1, json!("still here")).await, MESSAGES + 2);
    // What it had not read by then is there, and then the end.
    let mut last = 0;
    while let Got::Text(text) = stopped.client.next().await {
        let frame: Value = serde_json::from_str(&text).unwrap();
        let seq = frame["seq"].as_i64().unwrap();
        assert!(seq == 0 || seq == last + 1, "{seq} after {last}");
        last = last.max(seq);
    }
    assert!(last < MESSAGES);
}

#[tokio::test]
async fn an_open_channel_of_the_host_keeps_his_lesson() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.live_room(&ann).await;
    hall.hand.advance(Millis::seconds(299));
    // The first beat is the coming itself.
    let _ear = hall.join(room, &ann, 0).await;
    hall.advance(Millis::seconds(299)).await;
    assert_eq!(hall.row(&ann, room).await["state"], 1);
    hall.advance(Millis::seconds(1)).await;
    assert_eq!(hall.row(&ann, room).await["state"], 2);
}
