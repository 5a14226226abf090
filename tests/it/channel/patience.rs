//! What takes seconds or longer, with the runtime's clock moved by hand and the box's real limits.

use std::time::Duration;

use arctos_box::model::Millis;
use serde_json::json;
use tokio::time::Instant;

use super::Hall;
use crate::socket::{Client, Got};

/// So much time passes at once for every timer, and for the box.
async fn pass(hall: &Hall, span: Duration) {
    tokio::time::pause();
    tokio::time::advance(span).await;
    tokio::time::resume();
    hall.hand.advance(Millis(i64::try_from(span.as_millis()).unwrap()));
}

#[tokio::test]
async fn who_connects_and_says_nothing_is_sent_away_after_five_seconds() {
    let hall = Hall::new().await;
    let mut client = Client::open(hall.addr, "/box/v1/channel?group=10001").await;
    // The box has begun to wait.
    tokio::time::sleep(Duration::from_millis(50)).await;
    pass(&hall, Duration::from_millis(5001)).await;
    let why = "no first frame within five seconds".into();
    assert_eq!(client.next().await, Got::Close(4000, why));
}

#[tokio::test]
async fn who_logs_out_hears_no_more_within_ten_seconds() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.live_room(&ann).await;
    let mut ear = hall.join(room, &ann, 1).await;
    hall.ok("account/logout", json!({"token": ann})).await;
    pass(&hall, Duration::from_secs(10)).await;
    assert_eq!(ear.client.next().await, Got::Close(4001, "log in again".into()));
}

#[tokio::test]
async fn the_hosts_open_channel_keeps_his_lesson_and_a_cut_cable_ends_that_in_25_seconds() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.live_room(&ann).await;
    let mut ear = hall.join(room, &ann, 1).await;
    let mut said = 0;
    // Twenty minutes, four times as long as a host may be silent.
    for _ in 0..120 {
        pass(&hall, Duration::from_secs(10)).await;
        hall.advance(Millis(0)).await;
        said += 1;
        assert_eq!(ear.say(1, json!("still here")).await, 1 + said);
    }
    assert_eq!(hall.row(&ann, room).await["state"], 1);
    // The client stops reading: it answers no ping.
    let began = Instant::now();
    while hall.app().talk.count() > 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "noticed within 30 seconds");
        pass(&hall, Duration::from_secs(1)).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(20));
    pass(&hall, Duration::from_secs(300)).await;
    hall.advance(Millis(0)).await;
    assert_eq!(hall.row(&ann, room).await["state"], 2);
    drop(ear);
}
