//! The life of a lesson with a clock in the test's hand: silence, restarts, the recorder's notes.

use arctos_box::model::Millis;
use arctos_box::model::recording::{GapWhy, Note, Order, RefusedWhy};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_lesson_goes_from_created_to_over_and_orders_its_recording() {
    let mut world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.room(&ann).await;
    assert_eq!(world.row(&ann, room).await["state"], 0);
    world.ok("live/startcourse", json!({"token": ann, "roomnum": room})).await;
    assert!(matches!(world.orders.try_recv(), Ok(Order::Start(job)) if job.room.0 == room));
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    let row = world.row(&bob, room).await;
    assert_eq!(
        (&row["state"], &row["memsize"], &row["begin_imseq"]),
        (&json!(1), &json!(2), &json!(1))
    );
    world.hand.advance(Millis::seconds(45));
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    assert!(matches!(world.orders.try_recv(), Ok(Order::Finish(job)) if job.room.0 == room));
    let row = world.row(&bob, room).await;
    assert_eq!(
        (&row["state"], &row["memsize"], &row["end_imseq"]),
        (&json!(2), &json!(2), &json!(3))
    );
    assert_eq!(row["end_time"].as_i64().unwrap() - row["begin_time"].as_i64().unwrap(), 45);
}

#[tokio::test]
async fn a_silent_host_ends_the_lesson_and_a_restart_is_no_silence() {
    let mut world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    world.advance(Millis::seconds(299)).await;
    assert_eq!(world.row(&ann, room).await["state"], 1);
    world.restart().await;
    world.advance(Millis::seconds(299)).await;
    assert_eq!(world.row(&ann, room).await["state"], 1, "the box was down, not the host");
    world.advance(Millis::seconds(1)).await;
    assert_eq!(world.row(&ann, room).await["state"], 2);
}

#[tokio::test]
async fn a_restart_keeps_tokens_and_seats_and_resumes_the_recording() {
    let mut world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    world.restart().await;
    assert!(matches!(world.orders.try_recv(), Ok(Order::Start(job)) if job.room.0 == room));
    world.ok("live/heartbeat", json!({"token": bob, "roomnum": room})).await;
    world.ok("live/heartbeat", json!({"token": ann, "roomnum": room})).await;
}

#[tokio::test]
async fn a_refused_recording_does_not_stop_the_lesson_and_says_why() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let why = RefusedWhy::DiskReserve { free: 1_000_000, needed: 2_000_000_000 };
    world.recorder_says(room, Note::Refused { why }).await;
    assert_eq!(world.row(&ann, room).await["state"], 1);
    let seen = world.get(&format!("/media/{room}/lesson.json")).await.json();
    assert_eq!(seen["recording"], false);
    assert!(seen["reason"].as_str().unwrap().contains("too full"), "{seen}");
}

#[tokio::test]
async fn a_lesson_without_a_picture_stays_in_state_2_and_its_index_can_be_read() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let gap = Note::Gap { why: GapWhy::Stalled, from: Millis(0), until: Millis(4000) };
    world.recorder_says(room, gap).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    world.recorder_says(room, Note::Ended { takes: Vec::new() }).await;
    let row = world.row(&ann, room).await;
    assert_eq!((&row["state"], &row["playback_idx_url"]), (&json!(2), &json!("")));
    let index = world.get(&format!("/media/{room}/index.json")).await.json();
    assert_eq!(index["lesson"]["roomnum"], room);
    let log = index["log"].as_array().unwrap();
    assert!(
        log.iter()
            .any(|l| l["event"] == "gap" && l["detail"].as_str().unwrap().contains("4000 ms"))
    );
}

#[tokio::test]
async fn a_second_lesson_without_a_free_classroom_goes_ahead_unrecorded() {
    let world = World::new().await;
    let (ann, eve) = (world.teacher("ann").await, world.teacher("eve").await);
    world.live_room(&ann).await;
    let second = world.live_room(&eve).await;
    assert_eq!(world.row(&eve, second).await["state"], 1);
    let seen = world.get(&format!("/media/{second}/lesson.json")).await.json();
    assert_eq!(seen["reason"], "no classroom was free");
}
