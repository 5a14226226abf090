//! The course of a lesson: seats, messages, classrooms, and what callbacks may do to it.

use std::collections::BTreeMap;

use arctos_box::model::Millis;
use arctos_box::model::recording::Order;
use serde_json::{Value, json};

use super::{messages, stored};
use crate::golden::{recorded, replay};
use crate::plausible::{code, sign};
use crate::world::{START, World};

#[tokio::test]
async fn memsize_is_who_is_there_while_it_runs_and_who_ever_was_once_it_is_over() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let (bob, eve) = (world.pupil("bob").await, world.pupil("eve").await);
    let room = world.room(&ann).await;
    let memsize = || async { world.row(&ann, room).await["memsize"].as_i64().unwrap() };
    let report = |token: &str, operate: i64| {
        let body = json!({"token": token, "roomnum": room, "operate": operate});
        world.ok("live/reportmemid", body)
    };
    assert_eq!(memsize().await, 0, "its maker is not yet a member");
    world.ok("live/startcourse", json!({"token": ann, "roomnum": room})).await;
    assert_eq!(memsize().await, 1);
    for (token, operate, expected) in
        [(&bob, 0, 2), (&bob, 0, 2), (&eve, 0, 3), (&bob, 1, 2), (&bob, 0, 3), (&eve, 1, 2)]
    {
        report(token, operate).await;
        assert_eq!(memsize().await, expected);
    }
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    assert_eq!(memsize().await, 3, "ann, bob and eve");
}

#[tokio::test]
async fn a_heartbeat_is_answered_while_the_disk_is_not() {
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    world.app().db.close().await;
    for (token, number, expected) in [(&ann, room, 0), (&bob, room, 0), (&bob, 99_999, 10010)] {
        let beat = json!({"token": token, "roomnum": number});
        assert_eq!(world.edu("live/heartbeat", beat).await["errorCode"], expected);
    }
}

#[tokio::test]
async fn of_two_who_ask_at_once_for_the_same_one_gets_it() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let regist = || world.edu("account/regist", json!({"id": "bob", "pwd": "x", "role": 0}));
    let room = world.room(&ann).await;
    let start = || world.edu("live/startcourse", json!({"token": ann, "roomnum": room}));
    let end = || world.edu("live/exitroom", json!({"token": ann, "roomnum": room}));
    let codes = |a: Value, b: Value| {
        let mut codes = [code(&a), code(&b)];
        codes.sort_unstable();
        codes
    };
    let (a, b) = tokio::join!(regist(), regist());
    assert_eq!(codes(a, b), [0, 10004]);
    let (a, b) = tokio::join!(start(), start());
    assert_eq!(codes(a, b), [0, 10102]);
    let (a, b) = tokio::join!(end(), end());
    assert_eq!(codes(a, b), [0, 20002]);
    let kinds: Vec<i64> = messages(&world, room).await.iter().map(|m| m.kind).collect();
    assert_eq!(kinds, [1001, 1002]);
}

#[tokio::test]
async fn a_silent_member_has_left_and_comes_back_by_entering() {
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    let enter = json!({"token": bob, "roomnum": room, "operate": 0});
    world.ok("live/reportmemid", enter.clone()).await;
    world.advance(Millis::seconds(119)).await;
    assert_eq!(world.row(&ann, room).await["memsize"], 2);
    world.advance(Millis::seconds(1)).await;
    assert_eq!(world.row(&ann, room).await["memsize"], 1, "the teacher has longer");
    world.ok("live/reportmemid", enter).await;
    assert_eq!(world.row(&ann, room).await["memsize"], 2);
}

#[tokio::test]
async fn members_who_beat_do_not_keep_a_lesson_whose_host_is_silent() {
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    for _ in 0..3 {
        world.advance(Millis::seconds(99)).await;
        world.ok("live/heartbeat", json!({"token": bob, "roomnum": room})).await;
    }
    assert_eq!(world.row(&bob, room).await["state"], 1);
    world.advance(Millis::seconds(3)).await;
    let row = world.row(&bob, room).await;
    assert_eq!((&row["state"], &row["end_imseq"]), (&json!(2), &json!(3)), "{row}");
    world.recorder_says(room, recorded()).await;
    assert_eq!(world.row(&bob, room).await["state"], 3, "it keeps its replay");
}

#[tokio::test]
async fn the_open_lesson_page_of_its_host_is_a_beat_and_nobody_elses_is() {
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    for (token, state) in [(&ann, 1), (&ann, 1), (&ann, 1), (&bob, 2)] {
        world.get(&format!("/media/{room}/lesson.json?token={token}")).await;
        world.advance(Millis::seconds(150)).await;
        assert_eq!(world.row(&ann, room).await["state"], state);
    }
}

#[tokio::test]
async fn the_boxs_messages_have_no_gaps_and_bound_the_lesson() {
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    let ends = json!({"token": ann, "roomnum": room});
    // Refused calls leave no trace in the sequence.
    world.edu("live/startcourse", ends.clone()).await;
    for operate in [0, 0, 1, 1, 0] {
        let report = json!({"token": bob, "roomnum": room, "operate": operate, "timeStamp": 99});
        world.edu("live/reportmemid", report).await;
    }
    let enter = json!({"token": ann, "roomnum": room, "operate": 0});
    world.ok("live/reportmemid", enter).await;
    world.hand.advance(Millis::seconds(4));
    world.ok("live/exitroom", ends.clone()).await;
    world.edu("live/exitroom", ends.clone()).await;
    let again = world.edu("live/startcourse", ends).await;
    assert_eq!(again["errorInfo"], "the course is over");
    world.recorder_says(room, recorded()).await;
    world.recorder_says(room, recorded()).await;

    let index = world.get(&format!("/media/{room}/index.json")).await.json();
    let told = index["messages"].as_array().unwrap();
    let kinds: Vec<(i64, i64)> =
        told.iter().map(|m| (m["seq"].as_i64().unwrap(), m["type"].as_i64().unwrap())).collect();
    assert_eq!(kinds, [(1, 1001), (2, 1003), (3, 1003), (4, 1002), (5, 1004)], "{index}");
    let row = world.row(&ann, room).await;
    assert_eq!((&row["begin_imseq"], &row["end_imseq"]), (&json!(1), &json!(4)));
    assert_eq!(told[1]["body"]["value"], json!({"uid": "bob"}));
    assert_eq!(told[1]["body"]["timestamp"], 99);
    for message in told {
        let body = &message["body"];
        assert_eq!(body["type"], message["type"]);
        let tag = body["seq"].as_i64().unwrap();
        assert!((10_000..100_000_000).contains(&tag), "{body}");
    }
    let value = &told[4]["body"]["value"];
    assert_eq!(value["video_id"], format!("box-{room}-1"));
    assert_eq!((&value["duration"], &value["file_size"]), (&json!(4), &json!(501_000)));
    let again = world.live_room(&ann).await;
    assert_eq!(messages(&world, again).await[0].seq, 1, "each lesson counts for itself");
}

const TWO: &str = r#"
[[classroom]]
name = "hall"
[[classroom]]
name = "lab"
teachers = ["ANN"]
"#;

#[tokio::test]
async fn a_lesson_takes_its_teachers_own_classroom_else_a_free_one_else_none() {
    let mut world = World::configured(TWO).await;
    let (ann, eve) = (world.teacher("Ann").await, world.teacher("eve").await);
    let first = world.live_room(&ann).await;
    assert_eq!(stored(&world, first).await.classroom.as_deref(), Some("lab"));
    let second = world.live_room(&eve).await;
    assert_eq!(stored(&world, second).await.classroom.as_deref(), Some("hall"));
    let third = world.live_room(&eve).await;
    assert_eq!(stored(&world, third).await.classroom, None);
    let mut started = Vec::new();
    while let Ok(order) = world.orders.try_recv() {
        let Order::Start(job) = order else { panic!("{order:?}") };
        started.push(job.room.0);
    }
    assert_eq!(started, [first, second], "who has no classroom is not recorded");
    world.ok("live/exitroom", json!({"token": eve, "roomnum": second})).await;
    assert_eq!(
        stored(&world, third).await.classroom.as_deref(),
        Some("hall"),
        "who waited is recorded from now on"
    );
    world.ok("live/exitroom", json!({"token": eve, "roomnum": third})).await;
    let fourth = world.live_room(&eve).await;
    assert_eq!(stored(&world, fourth).await.classroom.as_deref(), Some("hall"), "free again");
}

async fn call(world: &World, cmd: &str, ahead: i64, mut body: Value) -> i64 {
    sign(world, &mut body, ahead);
    code(&world.post("live", cmd, body.to_string()).await.json())
}

fn film(room: i64, id: &str) -> Value {
    json!({"event_type": 100, "stream_id": "s", "stream_param": format!("groupid={room}"),
        "start_time": 1, "end_time": 2, "media_start_time": 0, "file_size": 3, "duration": 1,
        "video_id": id, "video_url": "http://vod.test/1.mp4"})
}

#[tokio::test]
async fn a_recording_callback_is_told_once_in_the_group_and_changes_no_state() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    for (ahead, id) in [(1, "a"), (1, "a"), (2, "a"), (3, "b")] {
        assert_eq!(call(&world, "recendcall", ahead, film(room, id)).await, 0);
    }
    assert_eq!(call(&world, "recendcall", 3, film(room, "c")).await, 10003, "a second body");
    for event in [0, 1, 200, -7] {
        let body = json!({"event_type": event, "stream_id": "s"});
        assert_eq!(call(&world, "reccall", 20 + event, body).await, 0);
    }
    let kinds: Vec<i64> = messages(&world, room).await.iter().map(|m| m.kind).collect();
    assert_eq!(kinds, [1001, 1004, 1004]);
    let row = world.row(&ann, room).await;
    assert_eq!((&row["state"], &row["playback_idx_url"]), (&json!(1), &json!("")));
}

#[tokio::test]
async fn a_callback_never_replaces_the_replay_of_a_lesson_that_the_box_recorded() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = replay(&world, &ann).await;
    let before = world.row(&ann, room).await;
    assert_eq!(before["state"], 3);
    let index = json!({"roomnum": room, "playback_idx_url": "http://elsewhere.test"});
    assert_eq!(call(&world, "idxfileendcall", 9, index).await, 0);
    assert_eq!(call(&world, "recendcall", 10, film(room, &format!("box-{room}-1"))).await, 0);
    assert_eq!(world.row(&ann, room).await, before);
    let films = json!({"token": ann, "method": "GET", "host": "vod.api.qcloud.com",
        "path": "/v2/index.php", "params": {"Action": "DescribeVodInfo"}});
    let data = world.ok("vod/cmd_proxy", films).await;
    assert_eq!(data["totalCount"], 1);
    assert!(data["fileSet"][0]["playSet"][0]["url"].as_str().unwrap().contains("box.test"));
}

#[tokio::test]
async fn a_signature_is_good_from_now_until_it_expires_and_at_most_ten_minutes_ahead() {
    let world = World::new().await;
    let body = || json!({"event_type": 1, "stream_id": "s"});
    for (ahead, expected) in [(0, 0), (600, 0), (-1, 10003), (601, 10003)] {
        assert_eq!(call(&world, "recendcall", ahead, body()).await, expected, "{ahead}");
    }
    world.hand.advance(Millis::seconds(600));
    assert_eq!(call(&world, "recendcall", 600, body()).await, 0, "its last second");
    world.hand.advance(Millis::seconds(1));
    assert_eq!(call(&world, "recendcall", 600, body()).await, 10003);
}

#[tokio::test]
async fn webhooks_hear_of_a_recording_and_its_index_once_each() {
    let text = r#"
[[webhook]]
name = "school"
url = "http://school.test/hook"
secret = "sixteen characters"
"#;
    let world = World::configured(text).await;
    let ann = world.teacher("ann").await;
    let room = replay(&world, &ann).await;
    world.recorder_says(room, recorded()).await;
    let rows = world.app().db.read(|conn| {
        let mut found = conn.prepare("SELECT event, COUNT(*) FROM outbox GROUP BY event")?;
        let rows = found.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?)))?;
        Ok(rows.collect::<Result<BTreeMap<_, _>, _>>()?)
    });
    let expected = [("recendcall", 1), ("idxfileendcall", 1)].map(|(e, n)| (e.to_owned(), n));
    assert_eq!(rows.await.unwrap(), BTreeMap::from(expected));
    assert_eq!(world.row(&ann, room).await["begin_time"], START.as_seconds());
}
