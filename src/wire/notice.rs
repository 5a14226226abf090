//! Bodies of the messages that the server of document 001 posts into a lesson's group.
//! Shape: facts.md, "IM group messages the server itself sends".

use serde::Serialize;

use crate::model::lesson::Video;

#[derive(Serialize)]
struct Notice<V> {
    r#type: i64,
    seq: u32,
    timestamp: i64,
    value: V,
}

#[derive(Serialize)]
struct Plain<'a> {
    uid: &'a str,
}

#[derive(Serialize)]
struct Recorded<'a> {
    uid: &'a str,
    start_time: i64,
    end_time: i64,
    media_start_time: i64,
    file_size: i64,
    duration: i64,
    video_id: &'a str,
    video_url: &'a str,
}

/// 1001, 1002 and 1003: `{"type","seq","timestamp","value":{"uid"}}`.
pub fn plain(kind: i64, tag: u32, timestamp: i64, uid: &str) -> String {
    text(&Notice { r#type: kind, seq: tag, timestamp, value: Plain { uid } })
}

/// 1004, with what was recorded.
pub fn recorded(tag: u32, timestamp: i64, uid: &str, video: &Video) -> String {
    let value = Recorded {
        uid,
        start_time: video.start_time,
        end_time: video.end_time,
        media_start_time: video.media_start,
        file_size: video.file_size,
        duration: video.duration,
        video_id: &video.video_id,
        video_url: &video.video_url,
    };
    text(&Notice { r#type: 1004, seq: tag, timestamp, value })
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and text always become JSON")
}
