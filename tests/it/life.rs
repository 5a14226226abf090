//! The life of a lesson with a clock in the test's hand: silence, restarts, the recorder's notes.

use arctos_box::model::Millis;
use arctos_box::model::quality::Flaw;
use arctos_box::model::recording::{GapWhy, Note, Order, RefusedWhy, Segment};
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
async fn a_lesson_that_nobody_ends_is_ended_on_time_also_after_a_power_cut() {
    let mut world = World::with(&["edu.host_silence_s=86400", "edu.lesson_hours=2"]).await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let hour = Millis::seconds(3600);
    world.advance(hour).await;
    world.restart().await;
    assert!(matches!(world.orders.try_recv(), Ok(Order::Resume(job)) if job.room.0 == room));
    world.advance(hour - Millis(1)).await;
    assert_eq!(world.row(&ann, room).await["state"], 1);
    world.advance(Millis(1)).await;
    assert_eq!(world.row(&ann, room).await["state"], 2);
    assert!(matches!(world.orders.try_recv(), Ok(Order::Finish(job)) if job.room.0 == room));
}

#[tokio::test]
async fn a_lesson_whose_time_went_by_while_the_box_was_down_is_over_and_not_recorded_any_more() {
    let mut world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    world.advance(Millis::seconds(1)).await;
    world.hand.advance(Millis::seconds(14 * 3600));
    world.restart().await;
    assert!(world.orders.try_recv().is_err(), "no camera is opened");
    world.advance(Millis(0)).await;
    let row = world.row(&ann, room).await;
    assert_eq!(row["state"], 2);
    let lasted = row["end_time"].as_i64().unwrap() - row["begin_time"].as_i64().unwrap();
    assert_eq!(lasted, 6 * 3600, "the hours without power are no lesson");
    assert!(matches!(world.orders.try_recv(), Ok(Order::Finish(job)) if job.room.0 == room));
}

#[tokio::test]
async fn a_clock_that_is_set_between_a_lessons_start_and_a_restart_ends_no_lesson() {
    for was_noted in [false, true] {
        let mut world = World::with(&["edu.host_silence_s=86400"]).await;
        let ann = world.teacher("ann").await;
        let room = world.live_room(&ann).await;
        let hour = Millis::seconds(3600);
        if was_noted {
            world.advance(hour).await;
        }
        world.hand.set_wall(Millis::seconds(15 * 3600));
        if was_noted {
            world.advance(Millis(0)).await;
        }
        world.restart().await;
        assert!(matches!(world.orders.try_recv(), Ok(Order::Resume(job)) if job.room.0 == room));
        let left = Millis::seconds(3600 * if was_noted { 5 } else { 6 });
        world.advance(left - Millis(1)).await;
        assert_eq!(world.row(&ann, room).await["state"], 1);
        world.advance(Millis(1)).await;
        assert_eq!(world.row(&ann, room).await["state"], 2);
    }
}

#[tokio::test]
async fn a_restart_keeps_tokens_and_seats_and_resumes_the_recording() {
    let mut world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    world.restart().await;
    assert!(matches!(world.orders.try_recv(), Ok(Order::Resume(job)) if job.room.0 == room));
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
async fn a_lesson_in_trouble_asks_for_a_technician_until_it_is_well_and_one_that_is_switched_off_does_not()
 {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let flaw = |is_over| Note::Flaw { flaw: Flaw::Black, from: Millis(0), is_over };
    let gap = |why| Note::Gap { why, from: Millis(0), until: Millis(4000) };
    let segment = Segment {
        offset: 0,
        len: 1,
        start_us: 0,
        span_us: 1,
        key: true,
        gap: false,
        at: Millis(0),
        pictures: 1,
    };
    for (note, asks) in [
        (flaw(false), true),
        (gap(GapWhy::Stalled), true),
        (Note::SegmentClosed { take: 1, segment }, true),
        (flaw(true), false),
        (gap(GapWhy::Stalled), true),
        (Note::SegmentClosed { take: 1, segment }, false),
        (Note::Refused { why: RefusedWhy::NoInput(String::new()) }, true),
        (gap(GapWhy::Shut), false),
        (gap(GapWhy::BoxDown), true),
        (Note::Ended { takes: Vec::new() }, false),
    ] {
        world.recorder_says(room, note.clone()).await;
        let alarms = world.app().tapes.alarms();
        assert_eq!(!alarms.borrow().is_empty(), asks, "{note:?}");
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_end_that_races_with_the_start_never_leaves_the_recorder_running() {
    let mut world = World::new().await;
    let ann = world.teacher("ann").await;
    for _ in 0..60 {
        let room = world.room(&ann).await;
        let course = json!({"token": ann, "roomnum": room});
        let (started, ended) = tokio::join!(
            world.edu("live/startcourse", course.clone()),
            world.edu("live/exitroom", course.clone()),
        );
        assert_eq!(started["errorCode"], 0);
        if ended["errorCode"] != 0 {
            world.ok("live/exitroom", course).await;
        }
        let mut last = None;
        while let Ok(order) = world.orders.try_recv() {
            last = Some(order);
        }
        assert!(matches!(last, Some(Order::Finish(job)) if job.room.0 == room));
    }
}

#[tokio::test]
async fn a_lesson_that_nobody_recorded_has_an_index() {
    let world = World::new().await;
    let (ann, eve) = (world.teacher("ann").await, world.teacher("eve").await);
    world.live_room(&ann).await;
    let second = world.live_room(&eve).await;
    world.ok("live/exitroom", json!({"token": eve, "roomnum": second})).await;
    let seen = world.get(&format!("/media/{second}/lesson.json")).await.json();
    let index = world.get(seen["index"].as_str().unwrap()).await.json();
    assert_eq!(index["lesson"]["end_imseq"], 2);
    assert_eq!(index["videos"], json!([]));
}

#[tokio::test]
async fn a_recording_that_was_not_finished_is_asked_for_again() {
    let mut world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    while world.orders.try_recv().is_ok() {}
    arctos_box::domain::recording::retry(world.app()).await.unwrap();
    assert!(matches!(world.orders.try_recv(), Ok(Order::Finish(job)) if job.room.0 == room));
    world.recorder_says(room, Note::Ended { takes: Vec::new() }).await;
    arctos_box::domain::recording::retry(world.app()).await.unwrap();
    assert!(world.orders.try_recv().is_err(), "a finished one is not");
}

#[tokio::test]
async fn an_index_from_outside_does_not_hide_the_recording_that_is_still_to_be_finished() {
    let mut world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    let t = world.clock.now().as_seconds() + 60;
    let sign = arctos_box::wire::callback::live_sign(&world.app().secrets.callback_key, t);
    let told = json!({"t": t, "sign": sign, "roomnum": room, "playback_idx_url": "http://x/y"});
    let answer = world.post("live", "idxfileendcall", told.to_string()).await.json();
    assert_eq!(answer["ErrorCode"], 0);
    assert_eq!(world.row(&ann, room).await["state"], 3);
    while world.orders.try_recv().is_ok() {}
    world.restart().await;
    assert!(matches!(world.orders.try_recv(), Ok(Order::Finish(job)) if job.room.0 == room));
}

#[tokio::test]
async fn coming_and_going_without_end_is_refused() {
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    let report = |operate| json!({"token": bob, "roomnum": room, "operate": operate});
    for _ in 0..250 {
        world.ok("live/reportmemid", report(0)).await;
        world.ok("live/reportmemid", report(1)).await;
    }
    assert_eq!(world.edu("live/reportmemid", report(0)).await["errorCode"], 10111);
    world.ok("live/heartbeat", json!({"token": ann, "roomnum": room})).await;
}

#[tokio::test]
async fn a_lesson_that_waits_for_a_classroom_is_recorded_once_one_is_free() {
    let mut world = World::new().await;
    let (ann, eve) = (world.teacher("ann").await, world.teacher("eve").await);
    let first = world.live_room(&ann).await;
    let second = world.live_room(&eve).await;
    while world.orders.try_recv().is_ok() {}
    world.ok("live/exitroom", json!({"token": ann, "roomnum": first})).await;
    let mut orders = Vec::new();
    while let Ok(order) = world.orders.try_recv() {
        orders.push(order);
    }
    let starts = |o: &Order| matches!(o, Order::Start(job) if job.room.0 == second);
    assert!(orders.iter().any(starts), "{orders:?}");
    let seen = world.get(&format!("/media/{second}/lesson.json")).await.json();
    assert_eq!((&seen["recording"], &seen["reason"]), (&json!(true), &json!(null)));
}

#[tokio::test]
async fn a_camera_is_switched_off_at_once_when_the_disk_hangs_and_stays_so_when_it_fails() {
    let world = World::new().await;
    let root = world.administer().await;
    let (devices, db) = (&world.app().devices, &world.app().db);
    let input = &*world.app().policy.classrooms[0].input;
    let switch = async |is_on: bool| {
        world.staff("POST", "classrooms/1", &root, json!({"camera": is_on})).await.status
    };
    let (go, goes) = std::sync::mpsc::channel::<()>();
    let hangs = db.write(move |_| {
        // Until the other end is dropped.
        let _ = goes.recv();
        Ok(())
    });
    let off = async {
        devices.until(input, true).await;
        drop(go);
    };
    let (hung, status, ()) = tokio::join!(biased; hangs, switch(false), off);
    hung.unwrap();
    assert_eq!(status, 200);
    assert_eq!(switch(true).await, 200);
    assert!(!devices.now().is_shut(input));
    db.write(|conn| Ok(conn.execute_batch("PRAGMA query_only = true")?)).await.unwrap();
    assert_eq!(switch(false).await, 503);
    assert!(devices.now().is_shut(input));
}
