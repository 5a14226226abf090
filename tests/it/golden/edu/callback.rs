//! recendcall under its three names, idxfileendcall.

use arctos_box::wire::callback::live_sign;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Script, replay};
use crate::world::{START, World};

/// Signed so that it is good for `ahead` seconds from the start of the world. A signature belongs to one
/// body, so every case takes another.
fn signed(world: &World, ahead: i64, mut body: Value) -> Value {
    let t = START.as_seconds() + ahead;
    body["t"] = json!(t);
    body["sign"] = json!(live_sign(&world.app().secrets.callback_key, t));
    body
}

fn recording(room: i64) -> Value {
    let uid = STANDARD.encode("ann");
    json!({
        "event_type": 100, "appid": 1, "channel_id": "1_a", "stream_id": "1_a",
        "stream_param": format!("groupid={room}&userid={uid}"),
        "start_time": 1_795_248_000, "end_time": 1_795_248_060, "duration": 60,
        "media_start_time": 40, "file_id": "9", "record_file_id": "9", "file_format": "mp4",
        "file_size": 1_000_000, "task_id": "7", "video_id": "9_abc",
        "video_url": "http://vod.test/9.mp4",
    })
}

#[tokio::test]
async fn recendcall_answers_as_written() {
    let mut script = Script::of("live/recendcall");
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let good = signed(&world, 300, recording(room));
    for field in ["t", "sign"] {
        let body = super::without(&good, field);
        script.case(&world, &format!("unsigned: no {field}"), body).await;
    }
    let mut forged = good.clone();
    forged["sign"] = json!(live_sign("another key", START.as_seconds() + 300));
    script.case(&world, "signed with another key", forged).await;
    let far = signed(&world, 601, recording(room));
    script.case(&world, "signed for more than ten minutes", far).await;
    let late = signed(&world, -1, recording(room));
    script.case(&world, "the signature has expired", late).await;
    script.case(&world, "a file was recorded", good.clone()).await;
    script.case(&world, "the same call again", good.clone()).await;
    let mut another = good.clone();
    another["file_size"] = json!(2);
    script.case(&world, "another body under the same signature", another).await;
    for (n, alias) in super::row("live/recendcall").aliases.iter().enumerate() {
        let body = signed(&world, 310 + i64::try_from(n).unwrap(), recording(room));
        script.case_as(&world, alias, &format!("by the name {alias}"), body).await;
    }
    for (event, what) in [(0, "the stream was cut"), (1, "a stream began"), (200, "a screenshot")] {
        let body = json!({"event_type": event, "stream_id": "1_a"});
        script.case(&world, what, signed(&world, 320 + event, body)).await;
    }
    let unknown = signed(&world, 330, recording(99_999));
    script.case(&world, "there is no such course", unknown).await;
    let mut lost = signed(&world, 331, recording(room));
    lost["stream_param"] = json!("userid=YW5u");
    script.case(&world, "it does not say which course", lost).await;
    for (n, field) in ["video_id", "file_size"].into_iter().enumerate() {
        let body = super::without(&recording(room), field);
        let body = signed(&world, 340 + i64::try_from(n).unwrap(), body);
        script.case(&world, &format!("a file without {field}"), body).await;
    }
    script.common(&world, &signed(&world, 400, recording(room))).await;
    script.close();
}

fn index(room: i64, code: i64) -> Value {
    let mut inner = json!({"GroupId": room.to_string(), "ErrorCode": code, "ErrorInfo": "no"});
    if code == 0 {
        inner["ReplayIndex"] = json!({"FileUrl": "http://idx.test/1", "CreateTime": 1});
    }
    json!({"SrcRequest": inner.to_string()})
}

fn flat(room: i64) -> Value {
    json!({"roomnum": room, "playback_idx_url": "http://idx.test/2"})
}

#[tokio::test]
async fn idxfileendcall_answers_as_written() {
    let mut script = Script::of("live/idxfileendcall");
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let running = signed(&world, 300, flat(room));
    script.case(&world, "the course still runs", running).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    let forged = json!({"t": START.as_seconds() + 300, "sign": "0".repeat(32)});
    script.case(&world, "signed with no key of ours", forged).await;
    let failed = signed(&world, 301, index(room, 70_001));
    script.case(&world, "the index could not be made", failed).await;
    let row = world.row(&ann, room).await;
    assert_eq!((&row["state"], &row["playback_idx_url"]), (&json!(2), &json!("")));
    let good = signed(&world, 302, index(room, 0));
    script.case(&world, "the index is ready", good.clone()).await;
    script.case(&world, "the same call again", good).await;
    let row = world.row(&ann, room).await;
    let url = json!("http://idx.test/1");
    assert_eq!((&row["state"], &row["playback_idx_url"]), (&json!(3), &url));
    let body = signed(&world, 303, flat(room));
    script.case(&world, "the flat form, by number", body).await;
    let by_group = json!({"groupid": room.to_string(), "playback_idx_url": "http://idx.test/3"});
    script.case(&world, "the flat form, by group", signed(&world, 304, by_group)).await;
    assert_eq!(world.row(&ann, room).await["playback_idx_url"], "http://idx.test/3");
    let reused = signed(&world, 304, flat(room));
    script.case(&world, "another body under the same signature", reused).await;

    let unknown = signed(&world, 310, flat(99_999));
    script.case(&world, "there is no such course", unknown).await;
    let unknown = signed(&world, 311, index(99_999, 0));
    script.case(&world, "there is no such group", unknown).await;
    let text = signed(&world, 312, json!({"SrcRequest": "{}x"}));
    script.case(&world, "SrcRequest is not JSON", text).await;
    let inner = json!({"GroupId": room.to_string(), "ErrorCode": 0}).to_string();
    let bare = signed(&world, 313, json!({"SrcRequest": inner}));
    script.case(&world, "SrcRequest has no address", bare).await;
    let body = signed(&world, 314, json!({"playback_idx_url": "http://idx.test/2"}));
    script.case(&world, "it does not say which course", body).await;
    let body = signed(&world, 315, json!({"roomnum": room}));
    script.case(&world, "it has no address", body).await;

    let ours = replay(&world, &ann).await;
    let before = world.row(&ann, ours).await;
    let body = signed(&world, 320, flat(ours));
    script.case(&world, "the box recorded this course itself: nothing changes", body).await;
    assert_eq!(world.row(&ann, ours).await, before);
    script.common(&world, &signed(&world, 400, flat(room))).await;
    script.close();
}
