//! The index file of a finished lesson: documented JSON, everything a replay needs, with references that
//! are relative to the index itself, so that it works under every address of the box.
//!
//! ```json
//! { "version": 1,
//!   "lesson":   { "roomnum": 10001, "groupid": "10001", "title": "…", "cover": "", "host_uid": "ann",
//!                 "begin_time": 1760000000, "end_time": 1760000045, "begin_imseq": 1, "end_imseq": 9,
//!                 "memsize": 4, "classroom": "classroom" },
//!   "recording": { "note": "" },
//!   "quality":  { "verdict": "good", "seconds": 45, "without_picture": 0, "without_sound": 0, "lost_pictures": 0,
//!                 "flaws": [ { "what": "the picture is black", "from": 12, "until": 15 } ], "more": 0 },
//!   "playlist": "lesson.m3u8?k=…",
//!   "videos":   [ { "file": "1.mp4?k=…", "start_ms": 300, "duration": 44.9, "size": 1234, "sha256": "…",
//!                   "width": 1280, "height": 720, "codecs": "avc1…,mp4a…", "pictures": 1347 } ],
//!   "slides":   { "note": "", "quality": { }, "playlist": "slides/lesson.m3u8?k=…", "videos": [ { "file": "slides/1.mp4?k=…" } ] },
//!   "members":  [ { "time": 1760000000123, "id": "bob", "role": 0, "event": "in" } ],
//!   "messages": [ { "seq": 1, "time": 1760000000123, "from": "", "type": 1001, "body": { } } ],
//!   "messages_left_out": 0,
//!   "files":    [ { "type": 0, "file_name": "…", "url": "…" } ],
//!   "log":      [ { "time": 1760000000123, "event": "gap", "detail": "…" } ] }
//! ```
//! `begin_time` and `end_time` are seconds as in document 001; every `time` is milliseconds since 1970;
//! `quality` is the ledger in short (`wire::quality`), its seconds the lesson's;
//! `start_ms` is where a file begins on the lesson's time line, `duration` is in seconds.
//! `slides`, where the lesson has them, is its second picture, a track of the same recording: the same members as those of the
//! teacher's picture, on the same time line (what has the same lesson's time belongs together; either may begin later, have gaps of
//! its own or end earlier), and no sound.

use serde::Serialize;

use super::quality::Summary;
use super::talk::Kept;
use crate::model::lesson::{Attendance, Binding, LogLine, Message, Room};
use crate::model::recording::{Finished, SLIDES};

/// What an index is made of, beside the recording.
pub struct Material {
    pub room: Room,
    pub attendance: Vec<Attendance>,
    /// From begin_imseq on.
    pub messages: Vec<Message>,
    /// So many later ones were too much for one file; the room channel has them.
    pub messages_left_out: i64,
    pub bindings: Vec<Binding>,
    pub log: Vec<LogLine>,
}

/// The pictures of a lesson.
pub struct Films<'a> {
    pub takes: &'a [Finished],
    pub quality: Option<&'a Summary>,
    /// Files, ledger and note of its slides.
    pub slides: Option<(&'a [Finished], Option<&'a Summary>, &'a str)>,
}

/// The index as JSON text. `playlist` is the name of each picture's playlist, `key` the lesson's key.
pub fn render(material: &Material, films: Films<'_>, playlist: &str, key: &str) -> String {
    let (room, Films { takes, quality, slides }) = (&material.room, films);
    let list = format!("{playlist}?k={key}");
    let index = Index {
        version: 1,
        lesson: lesson(room),
        recording: Recording { note: &room.recording_note },
        quality,
        playlist: (!takes.is_empty()).then_some(list.as_str()),
        videos: takes.iter().map(|take| video(take, "", key)).collect(),
        slides: slides.map(|(takes, quality, note)| Slides {
            note,
            quality,
            playlist: format!("{SLIDES}/{list}"),
            videos: takes.iter().map(|take| video(take, "slides/", key)).collect(),
        }),
        members: material.attendance.iter().map(coming).collect(),
        messages: material.messages.iter().map(Kept::of).collect(),
        messages_left_out: material.messages_left_out,
        files: material
            .bindings
            .iter()
            .map(|b| File { r#type: b.kind, file_name: &b.file_name, url: &b.url })
            .collect(),
        log: material
            .log
            .iter()
            .map(|l| Line { time: l.at.0, event: &l.event, detail: &l.detail })
            .collect(),
    };
    serde_json::to_string_pretty(&index).expect("numbers and text always become JSON")
}

#[derive(Serialize)]
struct Index<'a> {
    version: u32,
    lesson: Lesson<'a>,
    recording: Recording<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<&'a Summary>,
    playlist: Option<&'a str>,
    videos: Vec<Video<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slides: Option<Slides<'a>>,
    members: Vec<Coming<'a>>,
    messages: Vec<Kept<'a>>,
    messages_left_out: i64,
    files: Vec<File<'a>>,
    log: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Lesson<'a> {
    roomnum: i64,
    groupid: String,
    title: &'a str,
    cover: &'a str,
    host_uid: &'a str,
    begin_time: i64,
    end_time: i64,
    begin_imseq: i64,
    end_imseq: i64,
    memsize: i64,
    classroom: Option<&'a str>,
}

#[derive(Serialize)]
struct Recording<'a> {
    note: &'a str,
}

#[derive(Serialize)]
struct Video<'a> {
    file: String,
    start_ms: u64,
    duration: f64,
    size: u64,
    sha256: &'a str,
    width: u32,
    height: u32,
    codecs: &'a str,
    pictures: u64,
}

#[derive(Serialize)]
struct Slides<'a> {
    note: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<&'a Summary>,
    playlist: String,
    videos: Vec<Video<'a>>,
}

#[derive(Serialize)]
struct Coming<'a> {
    time: i64,
    id: &'a str,
    role: i64,
    event: &'static str,
}

#[derive(Serialize)]
struct File<'a> {
    r#type: i64,
    file_name: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    time: i64,
    event: &'a str,
    detail: &'a str,
}

fn lesson(room: &Room) -> Lesson<'_> {
    Lesson {
        roomnum: room.id.0,
        groupid: room.group(),
        title: &room.title,
        cover: &room.cover,
        host_uid: &room.host_handle,
        begin_time: room.begin_at.as_seconds(),
        end_time: room.end_at.as_seconds(),
        begin_imseq: room.begin_seq,
        end_imseq: room.end_seq,
        memsize: room.members,
        classroom: room.classroom.as_deref(),
    }
}

fn video<'a>(finished: &'a Finished, folder: &str, key: &str) -> Video<'a> {
    let take = &finished.take;
    let start_us = take.segments.first().map_or(0, |s| s.start_us);
    let span = std::time::Duration::from_micros(take.span_us.saturating_sub(start_us));
    Video {
        file: format!("{folder}{}?k={key}", take.name),
        start_ms: start_us / 1000,
        duration: span.as_secs_f64(),
        size: finished.bytes,
        sha256: &finished.sha256,
        width: take.width,
        height: take.height,
        codecs: &take.codecs,
        pictures: take.pictures,
    }
}

fn coming(a: &Attendance) -> Coming<'_> {
    Coming { time: a.at.0, id: &a.handle, role: i64::from(a.is_teacher), event: a.event.word() }
}
