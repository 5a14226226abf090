//! Bodies of the calls that webhooks get: the shapes of document 001's own two callbacks, so that a server
//! written for the cloud understands the box. Source: facts.md, "Callbacks".

use serde::Serialize;

use crate::model::Millis;
use crate::model::lesson::{Room, Video};

#[derive(Serialize)]
struct RecordingEnded<'a> {
    event_type: i64,
    appid: i64,
    stream_id: &'a str,
    channel_id: &'a str,
    stream_param: String,
    roomnum: i64,
    groupid: String,
    start_time: i64,
    end_time: i64,
    duration: i64,
    media_start_time: i64,
    file_id: &'a str,
    file_format: &'a str,
    file_size: i64,
    video_id: &'a str,
    video_url: &'a str,
    time: i64,
}

/// Event 100, "a file was recorded". Times in seconds, `media_start_time` in milliseconds, size in bytes.
pub fn recording_ended(room: &Room, video: &Video, now: Millis) -> String {
    let body = RecordingEnded {
        event_type: 100,
        appid: 0,
        stream_id: &video.stream_id,
        channel_id: &video.stream_id,
        stream_param: format!("groupid={}", room.group()),
        roomnum: room.id.0,
        groupid: room.group(),
        start_time: video.start_time,
        end_time: video.end_time,
        duration: video.duration,
        media_start_time: video.media_start,
        file_id: &video.video_id,
        file_format: if video.video_url.contains(".m3u8") { "hls" } else { "mp4" },
        file_size: video.file_size,
        video_id: &video.video_id,
        video_url: &video.video_url,
        time: now.as_seconds(),
    };
    text(&body)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct IndexReady {
    src_request: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SrcRequest<'a> {
    group_id: String,
    error_code: i64,
    error_info: &'a str,
    replay_index: ReplayIndex<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReplayIndex<'a> {
    file_url: &'a str,
    create_time: i64,
}

/// `{"SrcRequest": "<JSON text>"}`: JSON within JSON, as the cloud's index service sends it.
pub fn index_ready(room: &Room, url: &str, now: Millis) -> String {
    let inner = SrcRequest {
        group_id: room.group(),
        error_code: 0,
        error_info: "",
        replay_index: ReplayIndex { file_url: url, create_time: now.as_seconds() },
    };
    text(&IndexReady { src_request: text(&inner) })
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and text always become JSON")
}
