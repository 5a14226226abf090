//! lessons: what runs and what ran, of all teachers.

pub(super) use super::people::Which;
use crate::dialect::Input;
use crate::dialect::fields::{Digits, Nothing, Text};
use crate::domain::{lesson, recording, retention, room};
use crate::model::lesson::{Export, LogLine, Page as Span, Room, RoomFilter, RoomState};
use crate::model::quality::Flaw;
use crate::model::{Fault, Millis, RoomId};
use crate::wire::quality::Summary;
use crate::{domain, input, output};

/// The states of a lesson, in the words of this API.
const STATES: [(&str, RoomState); 4] = [
    ("created", RoomState::Created),
    ("live", RoomState::Live),
    ("over", RoomState::Over),
    ("replay", RoomState::Replay),
];

output! {
    /// A lesson. Times are absent until they are known.
    pub struct Lesson {
        /// Its number, the same in every dialect.
        pub id: i64,
        /// What it is called.
        pub title: String,
        /// Handle of its teacher.
        pub host: String,
        /// created, live, over or replay.
        pub state: String,
        /// When it was made.
        pub created_ms: i64,
        /// When it started.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub begin_ms: Option<i64>,
        /// When it ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub end_ms: Option<i64>,
        /// Members now while live, distinct members ever once over.
        pub members: i64,
        /// Where it is recorded.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub classroom: Option<String>,
        /// none, on, refused or ended.
        pub recording: String,
        /// What is wrong with the recording; empty for nothing.
        pub recording_note: String,
        /// none, wanted (its recording is kept until it was exported) or done.
        pub export: String,
        /// Until when its replay is kept; absent where there is none, or no end.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub kept_until_ms: Option<i64>,
        /// When its recording was deleted.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub deleted_ms: Option<i64>,
        /// Where to watch it, with the lesson's key: whoever has this address may.
        pub watch: String,
        /// What happened, oldest first; of one lesson, not in lists.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub log: Option<Vec<Line>>,
        /// Whether what was recorded can be seen and heard; of one lesson, not in lists. Absent when there is nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub quality: Option<Quality>,
        /// Its second picture; of one lesson, not in lists. Absent where its classroom has no slides.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub slides: Option<Slides>,
    }
}

output! {
    /// What became of a lesson's slides.
    pub struct Slides {
        /// on, refused or ended.
        pub recording: String,
        /// What is wrong with their recording; empty for nothing.
        pub recording_note: String,
        /// Whether they can be seen; absent when there is nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub quality: Option<Quality>,
    }
}

output! {
    /// A lesson's recording as the box saw and heard it, second by second.
    pub struct Quality {
        /// good, partly, or spoilt: most of it cannot be seen or heard.
        pub verdict: String,
        /// So many seconds were looked at.
        pub seconds: i64,
        /// Seconds without a picture, or with a black one.
        pub without_picture: i64,
        /// Seconds in which nothing is to be heard.
        pub without_sound: i64,
        /// Pictures that were taken and are not in the recording.
        pub lost_pictures: i64,
        /// What is wrong where.
        pub flaws: Vec<Stretch>,
        /// So many more flaws are not listed.
        pub more: i64,
    }
}

output! {
    /// Seconds of a lesson with the same flaw.
    pub struct Stretch {
        /// Which.
        pub what: String,
        /// The lesson's second with which it begins.
        pub from: i64,
        /// The first one without it.
        pub until: i64,
    }
}

output! {
    /// A line of a lesson's log.
    pub struct Line {
        /// When.
        pub at_ms: i64,
        /// What.
        pub event: String,
        /// More.
        pub detail: String,
    }
}

input! {
    /// What is to become of a recording.
    pub struct Mark {
        /// The lesson.
        pub id: Digits<1, { i64::MAX }>,
        /// wanted: it is kept until it was exported. done: it was. none: nobody wants it.
        pub export: Text<1, 8>,
    }
}

input! {
    /// Which lessons; all conditions hold.
    pub struct Wanted {
        /// created, live, over or replay.
        pub state: Option<Text<1, 32>>,
        /// Skips so many.
        pub index: Option<Digits<0, { i64::MAX }>>,
        /// At most so many; 50 when absent.
        pub size: Option<Digits<1, 200>>,
    }
}

output! {
    /// A page of lessons.
    pub struct Page {
        /// How many match in all.
        pub total: i64,
        /// Newest first.
        pub lessons: Vec<Lesson>,
    }
}

pub async fn list(input: Input<Wanted>) -> Result<Page, Fault> {
    let Input { app, value, .. } = input;
    let filter = RoomFilter {
        state: value.state.map(|Text(word)| state(&word)).transpose()?,
        ..RoomFilter::default()
    };
    let span = Span { index: value.index.map_or(0, |d| d.0), size: value.size.map_or(50, |d| d.0) };
    let (total, rooms) = room::list(&app, filter, span).await?;
    Ok(Page { total, lessons: rooms.into_iter().map(|room| shown(&app, room, None)).collect() })
}

pub async fn one(input: Input<Which>) -> Result<Lesson, Fault> {
    let Input { app, value, .. } = input;
    let id = RoomId(value.id.0);
    let found = room::get(&app, id).await?;
    let judged = recording::quality(&app, &found).await.map(quality);
    let slides = recording::slides(&app, &found).await?.map(|(state, note, summary)| Slides {
        recording: state.word().to_owned(),
        recording_note: note,
        quality: summary.map(quality),
    });
    Ok(Lesson { quality: judged, slides, ..shown(&app, found, Some(room::log(&app, id).await?)) })
}

pub async fn end(input: Input<Which>) -> Result<Nothing, Fault> {
    let Input { app, actor, caller, value } = input;
    lesson::dismiss(&app, RoomId(value.id.0), &actor, caller.addr, caller.now).await?;
    Ok(Nothing)
}

pub async fn export(input: Input<Mark>) -> Result<Nothing, Fault> {
    let Input { app, actor, caller, value } = input;
    let why = "must be none, wanted or done";
    let export = Export::from_word(&value.export.0).ok_or_else(|| Fault::invalid("export", why))?;
    let by = (&*actor, caller.addr);
    retention::mark(&app, RoomId(value.id.0), export, by, caller.now).await?;
    Ok(Nothing)
}

fn shown(app: &domain::Appliance, room: Room, log: Option<Vec<LogLine>>) -> Lesson {
    let known = |at: Millis| (at.0 > 0).then_some(at.0);
    let state = STATES.iter().find(|(_, state)| *state == room.state).map_or("", |(word, _)| word);
    let line = |l: LogLine| Line { at_ms: l.at.0, event: l.event, detail: l.detail };
    Lesson {
        id: room.id.0,
        export: room.export.word().to_owned(),
        kept_until_ms: retention::kept_until(app, &room).map(|at| at.0),
        deleted_ms: known(room.deleted_at),
        watch: format!("/watch/{}?k={}", room.id, room.watch_key),
        title: room.title,
        host: room.host_handle,
        state: state.to_owned(),
        created_ms: room.created_at.0,
        begin_ms: known(room.begin_at),
        end_ms: known(room.end_at),
        members: room.members,
        classroom: room.classroom,
        recording: room.recording.word().to_owned(),
        recording_note: room.recording_note,
        log: log.map(|lines| lines.into_iter().map(line).collect()),
        quality: None,
        slides: None,
    }
}

fn quality(summary: Summary) -> Quality {
    let stretch = |(flaw, seconds): (Flaw, std::ops::Range<u32>)| Stretch {
        what: flaw.words().to_owned(),
        from: seconds.start.into(),
        until: seconds.end.into(),
    };
    Quality {
        verdict: summary.verdict.word().to_owned(),
        seconds: summary.seconds.into(),
        without_picture: summary.without_picture.into(),
        without_sound: summary.without_sound.into(),
        lost_pictures: i64::try_from(summary.lost_pictures).unwrap_or(i64::MAX),
        flaws: summary.stretches.into_iter().map(stretch).collect(),
        more: summary.more.into(),
    }
}

fn state(word: &str) -> Result<RoomState, Fault> {
    let found = STATES.iter().find(|(known, _)| *known == word).map(|(_, state)| *state);
    found.ok_or_else(|| Fault::invalid("state", "must be created, live, over or replay"))
}
