//! How lessons with slides end: killed in the middle, at each step of the end, and with slides that cannot be read.

use arctos_box::domain::{recording, retention};
use arctos_box::model::Millis;
use arctos_box::model::RoomId;
use arctos_box::model::quality::{Flaw, Second};
use arctos_box::model::recording::{
    Finished, GapWhy, Note, RefusedWhy, Segment, Take, Track, View,
};
use arctos_box::wire::quality;
use serde_json::{Value, json};

use super::{CLASSROOM, SOON, both, config, replays, start};
use crate::process::{Person, Service, poll, serve};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_is_killed_in_mid_lesson_has_both_replays_in_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let service = start(dir.path());
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    both(&ann, room).await;
    service.kill();
    let service = start(dir.path());
    let ann = ann.at(&service.base());
    both(&ann, room).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    let index = replays(&ann, room).await;
    let log = index["log"].to_string();
    assert!(log.contains("slides: 1.mp4") && log.contains("slides: "), "{log}");
}

/// Each picture's rows are stored by itself; the rest is done once for both.
#[cfg(debug_assertions)] // the places are in a debug build alone
#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_is_killed_at_any_step_of_the_end_has_both_replays() {
    let places = ["TakesStored:1", "TakesStored:2", "FilmTold", "PlaylistWritten", "IndexWritten"];
    for place in places {
        let dir = tempfile::tempdir().unwrap();
        let file = config(dir.path());
        let mut command = serve(&dir.path().join("data"), &["--config", file.to_str().unwrap()]);
        command.env("ARCTOS_BOX_DIES_AT", place);
        let mut service = Service::run(command, "https");
        let ann = Person::arrive(&service.base(), "ann", 1).await;
        let room = ann.teach().await;
        both(&ann, room).await;
        ann.ok("live/exitroom", json!({"roomnum": room})).await;
        poll(place, SOON, async || service.ended()).await;
        let service = start(dir.path());
        replays(&ann.at(&service.base()), room).await;
    }
}

/// A film of two seconds.
fn finished() -> Finished {
    let segment = Segment {
        offset: 900,
        len: 100,
        start_us: 300_000,
        span_us: 2_000_000,
        key: true,
        gap: true,
        at: Millis(0),
        pictures: 30,
    };
    let take = Take {
        number: 1,
        name: "1.mp4".into(),
        init_len: 900,
        segments: vec![segment],
        bytes: 1000,
        span_us: 2_300_000,
        pictures: 30,
        ..Take::default()
    };
    Finished { take, sha256: "00".repeat(32), bytes: 1000 }
}

fn ended() -> Note {
    Note::Ended { takes: vec![finished()] }
}

struct Lesson {
    world: World,
    ann: String,
    room: i64,
}

impl Lesson {
    /// It is over, and nothing of it is closed.
    async fn over() -> Self {
        let world = World::configured(CLASSROOM).await;
        let ann = world.teacher("ann").await;
        let room = world.live_room(&ann).await;
        world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
        Self { world, ann, room }
    }

    async fn teacher(&self, note: Note) {
        self.world.recorder_says(self.room, note).await;
    }

    async fn slides(&self, note: Note) {
        self.world.recorder_says_of(Track::slides(RoomId(self.room)), note).await;
    }

    async fn state(&self) -> i64 {
        self.world.row(&self.ann, self.room).await["state"].as_i64().unwrap()
    }

    async fn seen(&self) -> Value {
        self.world.get(&format!("/media/{}/lesson.json", self.room)).await.json()
    }
}

#[tokio::test]
async fn a_replay_waits_for_its_slides_and_not_for_slides_that_cannot_be_read() {
    let lesson = Lesson::over().await;
    lesson.teacher(ended()).await;
    assert_eq!(lesson.state().await, 2, "the slides are being closed");
    lesson.slides(ended()).await;
    assert_eq!(lesson.state().await, 3);
    assert!(lesson.seen().await["slides"]["playlist"].is_string());

    let lesson = Lesson::over().await;
    lesson.slides(Note::Lost("it cannot be read".into())).await;
    assert_eq!(lesson.state().await, 2);
    lesson.teacher(ended()).await;
    assert_eq!(lesson.state().await, 3, "there is a replay without them");
    assert!(lesson.seen().await["slides"].is_null());
    // A minute later they can be read.
    lesson.slides(ended()).await;
    assert!(lesson.seen().await["slides"]["playlist"].is_string());
    lesson.teacher(ended()).await;
    let index = lesson.world.get(&format!("/media/{}/index.json", lesson.room)).await.json();
    assert_eq!(
        index["slides"]["videos"][0]["file"].as_str().unwrap().split('?').next(),
        Some("slides/1.mp4")
    );
}

#[tokio::test]
async fn what_is_closed_is_not_read_again_while_the_other_cannot_be_read() {
    let mut lesson = Lesson::over().await;
    lesson.slides(ended()).await;
    lesson.teacher(Note::Lost("it cannot be read".into())).await;
    while lesson.world.orders.try_recv().is_ok() {}
    let asked = async |lesson: &mut Lesson| {
        recording::retry(lesson.world.app()).await.unwrap();
        std::iter::from_fn(|| lesson.world.orders.try_recv().ok())
            .map(|order| order.job().view)
            .collect::<Vec<_>>()
    };
    assert_eq!(asked(&mut lesson).await, [View::Teacher]);
    lesson.teacher(ended()).await;
    assert_eq!(lesson.state().await, 3);
    assert_eq!(asked(&mut lesson).await, []);
    // One that was still on its way changes nothing, and is not kept.
    lesson.teacher(ended()).await;
    lesson.slides(Note::Ended { takes: Vec::new() }).await;
    assert_eq!(lesson.world.orders.try_recv().unwrap().job().view, View::Teacher);
}

#[tokio::test]
async fn late_slides_do_not_take_a_teacher_out_of_the_index_whose_files_are_gone() {
    let lesson = Lesson::over().await;
    lesson.slides(Note::Lost("it cannot be read".into())).await;
    lesson.teacher(ended()).await;
    lesson.slides(ended()).await;
    lesson.teacher(Note::Ended { takes: Vec::new() }).await;
    let seen = lesson.seen().await;
    let lists = [&seen["playlist"], &seen["slides"]["playlist"]];
    for list in lists {
        let text = lesson.world.get(list.as_str().unwrap()).await.text();
        assert!(text.contains("1.mp4"), "{text}");
    }
    let index = lesson.world.get(&format!("/media/{}/index.json", lesson.room)).await.json();
    assert_eq!(index["videos"].as_array().unwrap().len(), 1);
    recording::retry(lesson.world.app()).await.unwrap();
    assert_eq!(lesson.state().await, 3);
}

#[tokio::test]
async fn slides_are_a_replay_also_when_nothing_was_recorded_of_the_teacher() {
    let lesson = Lesson::over().await;
    lesson.teacher(Note::Ended { takes: Vec::new() }).await;
    lesson.slides(ended()).await;
    assert_eq!(lesson.state().await, 3);
    let seen = lesson.seen().await;
    assert!(seen["playlist"].is_null() && seen["slides"]["playlist"].is_string(), "{seen}");

    let lesson = Lesson::over().await;
    lesson.teacher(ended()).await;
    lesson.slides(Note::Ended { takes: Vec::new() }).await;
    assert_eq!(lesson.state().await, 3);
    assert!(lesson.seen().await["slides"].is_null(), "what never had a picture is not there");

    let lesson = Lesson::over().await;
    lesson.teacher(Note::Ended { takes: Vec::new() }).await;
    lesson.slides(Note::Ended { takes: Vec::new() }).await;
    assert_eq!(lesson.state().await, 2);
}

async fn slides_note(world: &World, room: i64) -> String {
    let of =
        move |conn: &rusqlite::Connection| Ok(arctos_box::store::slides::of(conn, RoomId(room))?);
    world.app().db.read(move |conn| of(conn)).await.unwrap().unwrap().1
}

/// The lesson's first seconds as its slides' ledger has them.
fn ledger(lesson: &Lesson, seconds: [Second; 3]) {
    let rows = (0..).zip(seconds).map(|(at, second)| quality::row(&Second { at, ..second }));
    let folder = lesson.world.app().folders.recordings.join(format!("{}/slides", lesson.room));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(quality::FILE), rows.collect::<String>()).unwrap();
}

#[tokio::test]
async fn where_nothing_was_plugged_in_for_slides_there_are_none() {
    let shown = Second { kept: 15, unheard: true, ..Second::default() };
    let slate = Second { slate: true, ..shown };
    let broken = Second { broken: true, ..slate };
    let (off, recalled) = (Second { off: true, ..shown }, Second { recalled: true, ..shown });
    let nothing = Some("nothing was plugged in, or it gave no signal");
    for (seconds, why) in [
        ([slate; 3], nothing),
        ([slate, shown, slate], None),
        ([slate, off, slate], nothing),
        ([off; 3], Some(Flaw::Off.words())),
        ([slate, recalled, Second::default()], nothing),
        ([recalled; 3], None),
        ([slate, broken, broken], Some(Flaw::Broken.words())),
    ] {
        let lesson = Lesson::over().await;
        ledger(&lesson, seconds);
        lesson.teacher(ended()).await;
        lesson.slides(ended()).await;
        assert_eq!(lesson.state().await, 3);
        assert_eq!(lesson.seen().await["slides"].is_object(), why.is_none());
        assert_eq!(slides_note(&lesson.world, lesson.room).await, why.unwrap_or_default());
    }
}

#[tokio::test]
async fn slides_that_turn_out_to_be_none_when_they_are_closed_again_are_none() {
    let lesson = Lesson::over().await;
    lesson.slides(ended()).await;
    ledger(&lesson, [Second { kept: 15, slate: true, ..Second::default() }; 3]);
    lesson.slides(ended()).await;
    lesson.teacher(ended()).await;
    assert!(lesson.seen().await["slides"].is_null());
}

#[tokio::test]
async fn slides_that_are_not_there_now_are_not_shown_and_no_alarm() {
    let world = World::configured(CLASSROOM).await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let take = Take { segments: Vec::new(), ..finished().take };
    let slides = Track::slides(RoomId(room));
    let segment = finished().take.segments[0];
    for note in [Note::TakeOpened(take), Note::SegmentClosed { take: 1, segment }] {
        world.recorder_says_of(slides, note).await;
    }
    let seen =
        async || world.get(&format!("/media/{room}/lesson.json")).await.json()["slides"].clone();
    assert!(seen().await["playlist"].is_string());
    for is_over in [false, true] {
        let flaw = Note::Flaw { flaw: Flaw::Slate, from: world.clock.now(), is_over };
        world.recorder_says_of(slides, flaw).await;
        assert_eq!(seen().await.is_object(), is_over);
        assert!(world.app().tapes.alarms().borrow().is_empty());
    }
    // What is plugged in and gives nothing is one.
    for is_over in [false, true] {
        for flaw in [Flaw::Slate, Flaw::Broken] {
            let flaw = Note::Flaw { flaw, from: world.clock.now(), is_over };
            world.recorder_says_of(slides, flaw).await;
        }
        assert!(seen().await.is_object());
        assert_eq!(world.app().tapes.alarms().borrow().len(), usize::from(!is_over));
        let is_named = slides_note(&world, room).await == Flaw::Broken.words();
        assert_eq!(is_named, !is_over);
    }
    // So is an encoder that gives no picture.
    for is_over in [false, true] {
        let flaw = Note::Flaw { flaw: Flaw::NoPicture, from: world.clock.now(), is_over };
        world.recorder_says_of(slides, flaw).await;
        assert_eq!(world.app().tapes.alarms().borrow().len(), usize::from(!is_over));
    }
    // Switching off, which ends the alarm, does not bring them back.
    for is_on in [false, true] {
        world.app().devices.switch("slides", is_on);
        assert_eq!(seen().await.is_object(), is_on);
    }
    let frozen = Note::Refused { why: RefusedWhy::NoEncoder(String::new()) };
    world.recorder_says_of(slides, frozen).await;
    assert_eq!(*world.app().tapes.alarms().borrow(), [slides]);
}

#[tokio::test]
async fn gaps_of_both_pictures_that_began_at_once_are_both_in_the_log() {
    let lesson = Lesson::over().await;
    let from = lesson.world.clock.now();
    for seconds in [60, 120] {
        let until = from + Millis::seconds(seconds);
        let gap = Note::Gap { why: GapWhy::Stalled, from, until };
        lesson.teacher(gap.clone()).await;
        lesson.slides(gap).await;
    }
    lesson.teacher(ended()).await;
    lesson.slides(ended()).await;
    let index = lesson.world.get(&format!("/media/{}/index.json", lesson.room)).await.json();
    let gaps = index["log"].as_array().unwrap().iter().filter_map(|line| {
        let gap = line["event"].as_str().filter(|event| event.contains("gap"))?;
        Some(format!("{gap}: {}", line["detail"].as_str()?.split(" without").next()?))
    });
    let told = ["gap: 120000 ms", "slides gap: slides: 120000 ms"];
    assert_eq!(gaps.collect::<Vec<_>>(), told);
}

#[tokio::test]
async fn slides_grow_old_and_go_with_their_lesson() {
    let lesson = Lesson::over().await;
    lesson.teacher(ended()).await;
    lesson.slides(ended()).await;
    let folder = lesson.world.app().folders.recordings.join(lesson.room.to_string());
    assert!(folder.join("slides/lesson.m3u8").is_file());
    let now = || lesson.world.clock.moment();
    let kept = lesson
        .world
        .app()
        .db
        .read(move |conn| Ok(arctos_box::store::retention::kept(conn, Millis(i64::MAX / 2))?))
        .await
        .unwrap();
    assert_eq!(kept[0].bytes, 2000, "both take room");
    retention::step(lesson.world.app(), now()).await.unwrap();
    lesson.world.hand.advance(Millis::days(91));
    retention::step(lesson.world.app(), now()).await.unwrap();
    assert!(!folder.exists());
    assert!(lesson.seen().await["slides"].is_null());
    let gone = lesson.world.get(&format!("/media/{}/slides/1.mp4", lesson.room)).await;
    assert_eq!(gone.status, 410);
}

/// A box whose last release knew no slides, with a replay of that time.
#[tokio::test]
async fn a_replay_from_before_there_were_slides_is_one_without_them() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let conn = rusqlite::Connection::open(data.join("box.db")).unwrap();
    for text in [
        include_str!("../../../src/store/migrations/0001_lesson.sql"),
        include_str!("../../../src/store/migrations/0002_directory.sql"),
        include_str!("../../../src/store/migrations/0003_policy.sql"),
    ] {
        conn.execute_batch(text).unwrap();
    }
    conn.execute_batch(
        "PRAGMA user_version = 3; PRAGMA journal_mode = WAL;
         INSERT INTO user (handle, handle_key, dialect, role, created_at)
         VALUES ('old', 'old', 'edu', 'teacher', 1);
         INSERT INTO room (host_id, title, cover, state, created_at, begin_at, end_at, index_url, watch_key, recording)
         VALUES (10001, 'old', '', 3, 1, 2, 3, '/media/x', 'k', 'ended');
         INSERT INTO take SELECT MAX(id), 1, '1.mp4', 9, '', 1, 1, 2, 2, '' FROM room;",
    )
    .unwrap();
    drop(conn);
    let folder = data.join("recordings/10001");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("1.mp4"), "old film!").unwrap();
    let service = start(dir.path());
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let lesson = poll("the old replay", SOON, async || {
        let lesson = ann.lesson(10001).await;
        lesson["playlist"].is_string().then_some(lesson)
    });
    assert!(lesson.await["slides"].is_null());
    let names = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names = names.map(|name| name.into_string().unwrap());
    assert!(
        names.any(|name| name.starts_with("box.db.before-")),
        "a copy of the old store is kept"
    );
    // And the next lesson has both.
    let room = ann.teach().await;
    both(&ann, room).await;
}
