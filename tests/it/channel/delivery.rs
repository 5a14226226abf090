//! What is said reaches everybody, once and in order, whenever they come.

use std::path::Path;

use arctos_box::domain::callback::{self, Teller};
use arctos_box::model::RoomId;
use arctos_box::model::lesson::Video;
use arctos_box::model::recording::Note;
use arctos_box::store::messages;
use serde_json::{Value, json};

use super::Hall;

#[tokio::test]
async fn what_one_says_all_hear_with_its_number_and_its_sender_learns_that_it_is_kept() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let bob = hall.pupil("bob").await;
    let room = hall.live_room(&ann).await;
    let mut at_ann = hall.join(room, &ann, 0).await;
    let mut at_bob = hall.join(room, &bob, 0).await;
    assert_eq!(at_bob.kept().await["type"], 1001);
    assert_eq!(at_ann.kept().await["type"], 1001);
    let said = json!({"text": "你好", "n": [1, 2.50]});
    assert_eq!(at_bob.say(1, said.clone()).await, 2);
    let frame = at_ann.kept().await;
    let expected =
        json!({"seq": 2, "time": crate::world::START.0, "from": "bob", "type": 1, "body": said});
    assert_eq!(frame, expected);
}

#[tokio::test]
async fn who_was_away_gets_what_was_said_meanwhile_and_nothing_twice() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.live_room(&ann).await;
    let mut speaker = hall.join(room, &ann, 1).await;
    let bob = hall.pupil("bob").await;
    let mut first = hall.join(room, &bob, 1).await;
    speaker.say(1, json!("one")).await;
    assert_eq!(first.hear(1).await, [(2, json!("one"))]);
    drop(first);
    speaker.say(1, json!("two")).await;
    speaker.say(1, json!("three")).await;
    let mut again = hall.join(room, &bob, 2).await;
    speaker.say(1, json!("four")).await;
    let all = [(3, json!("two")), (4, json!("three")), (5, json!("four"))];
    assert_eq!(again.hear(3).await, all);
    assert_eq!(again.greeting["body"]["newest"], 4);
}

#[tokio::test]
async fn a_restart_of_the_box_loses_nothing_and_the_numbers_go_on() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.live_room(&ann).await;
    let mut before = hall.join(room, &ann, 1).await;
    assert_eq!(before.say(1, json!("before")).await, 2);
    let hall = hall.restart().await;
    assert_eq!(before.client.end().await.0, 1001);
    let mut after = hall.join(room, &ann, 1).await;
    assert_eq!(after.hear(1).await, [(2, json!("before"))]);
    assert_eq!(after.say(1, json!("after")).await, 3);
}

#[tokio::test]
async fn a_lessons_events_are_heard_live_with_the_numbers_that_bound_it() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let bob = hall.pupil("bob").await;
    let room = hall.room(&ann).await;
    let mut speaker = hall.join(room, &ann, 0).await;
    assert_eq!(speaker.say(1, json!("before the bell")).await, 1);
    let mut ear = hall.join(room, &ann, 1).await;
    hall.ok("live/startcourse", json!({"token": ann, "roomnum": room})).await;
    hall.ok("live/reportmemid", json!({"operate": 0, "token": bob, "roomnum": room})).await;
    hall.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    let types = async |ear: &mut super::Guest, n: usize| {
        let mut types = Vec::new();
        for _ in 0..n {
            let frame = ear.kept().await;
            types.push((frame["seq"].as_i64().unwrap(), frame["type"].as_i64().unwrap()));
        }
        types
    };
    assert_eq!(types(&mut ear, 3).await, [(2, 1001), (3, 1003), (4, 1002)]);
    let row = hall.row(&ann, room).await;
    assert_eq!((&row["begin_imseq"], &row["end_imseq"]), (&json!(2), &json!(4)));
    let why = ear.refusal(&json!({"type": 1, "body": "too late"})).await;
    assert_eq!(why, "the lesson is over");
    let video = Video {
        video_id: "v".into(),
        video_url: "/v.mp4".into(),
        stream_id: "s".into(),
        start_time: 1,
        end_time: 2,
        media_start: 0,
        file_size: 3,
        duration: 1,
    };
    let (id, now) = (RoomId(room), hall.clock.moment());
    callback::recording_ended(hall.app(), id, None, video, Teller::Box, now).await.unwrap();
    assert_eq!(types(&mut ear, 1).await, [(5, 1004)]);
}

#[tokio::test]
async fn the_index_carries_what_was_said_in_the_lesson_as_it_was_sent() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.room(&ann).await;
    let mut ear = hall.join(room, &ann, 0).await;
    ear.say(1, json!("before")).await;
    hall.ok("live/startcourse", json!({"token": ann, "roomnum": room})).await;
    // Chat of LeanCloud's kind, a string as its client sends it; the join conversation has rules of its own.
    let chat = r#"{"_lctext":"{\"text\":\"大家好\"}","_lcattrs":{"avatar":"a.png"},"_lctype":-1}"#;
    ear.say(-1, json!(chat)).await;
    ear.say(1, json!({"a": [1.50, "\u{1}"]})).await;
    hall.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    hall.recorder_says(room, Note::Ended { takes: Vec::new() }).await;
    let file = hall.dir.path().join("recordings").join(room.to_string()).join("index.json");
    let index = read(&file);
    let said: Vec<_> = index["messages"].as_array().unwrap().iter().collect();
    let types: Vec<_> = said.iter().map(|m| m["type"].as_i64().unwrap()).collect();
    assert_eq!(types, [1001, -1, 1, 1002]);
    assert_eq!((&said[1]["from"], &said[1]["body"]), (&json!("ann"), &json!(chat)));
    assert_eq!(said[2]["body"], json!({"a": [1.50, "\u{1}"]}));
    assert_eq!(index["messages_left_out"], 0);
    assert_eq!(index["lesson"]["begin_imseq"], said[0]["seq"]);
    assert_eq!(index["lesson"]["end_imseq"], said[3]["seq"]);
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// More than the shared ring holds, in one go: every listener is told late, and catches up from the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_leaves_no_gap_for_anybody() {
    const MESSAGES: usize = 1000;
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.live_room(&ann).await;
    let mut ears = Vec::new();
    for _ in 0..5 {
        ears.push(hall.join(room, &ann, 0).await);
    }
    for part in 0..10 {
        let flood = move |conn: &rusqlite::Connection| {
            for n in 0..MESSAGES / 10 {
                let body = (part * MESSAGES / 10 + n).to_string();
                messages::post(conn, &room.to_string(), 1, "ann", &body, crate::world::START)?;
            }
            Ok(())
        };
        hall.app().db.write(flood).await.unwrap();
    }
    for ear in &mut ears {
        assert_eq!(ear.kept().await["type"], 1001);
        for n in 0..MESSAGES {
            let frame = ear.kept().await;
            assert_eq!((&frame["seq"], &frame["body"]), (&json!(n + 2), &json!(n)));
        }
    }
}
