//! What `presence` promises.

use super::*;

const MAX: Ages = Ages {
    lesson: Millis::seconds(6 * 3600),
    host: Millis::seconds(300),
    member: Millis::seconds(120),
};

fn presence() -> Presence {
    let presence = Presence::new(10_001);
    let host = (UserId(1), "ann");
    presence.reserve(RoomId(10_001), host, &[], Millis(0)).unwrap();
    presence
}

#[test]
fn a_member_has_left_after_two_minutes_of_silence_and_a_beat_prevents_it() {
    let presence = presence();
    presence.seat(RoomId(10_001), UserId(2), Millis(0));
    presence.seat(RoomId(10_001), UserId(3), Millis(0));
    presence.beat(RoomId(10_001), UserId(3), Millis::seconds(60)).unwrap();
    assert_eq!(presence.aged(MAX, Millis(119_999)), []);
    assert_eq!(presence.aged(MAX, Millis::seconds(120)), [Aged::Member(RoomId(10_001), UserId(2))]);
}

#[test]
fn a_lesson_ends_when_its_host_is_silent_for_five_minutes() {
    let presence = presence();
    assert_eq!(presence.aged(MAX, Millis(299_999)), []);
    assert_eq!(presence.aged(MAX, Millis(300_000)), [Aged::Host(RoomId(10_001))]);
}

#[test]
fn a_lesson_that_nobody_ends_is_too_long_after_six_hours_whoever_is_there() {
    let presence = presence();
    let end = Millis::seconds(6 * 3600);
    presence.seat(RoomId(10_001), UserId(1), Millis(0));
    presence.beat(RoomId(10_001), UserId(1), end - Millis(1)).unwrap();
    assert_eq!(presence.aged(MAX, end - Millis(1)), []);
    assert_eq!(presence.aged(MAX, end), [Aged::Lesson(RoomId(10_001), Millis(0))]);
}

#[test]
fn a_classroom_that_comes_free_is_not_given_to_a_lesson_whose_time_is_over() {
    let hall =
        [Classroom { name: "hall".into(), input: "sim".into(), slides: None, teachers: vec![] }];
    let presence = Presence::new(10_002);
    let begin = |room, at| presence.reserve(RoomId(room), (UserId(room), "ann"), &[], Millis(at));
    begin(10_001, 0).unwrap();
    assert!(presence.assign(&hall, Millis(0)).is_none());
    begin(10_002, 1).unwrap();
    let given = presence.assign(&hall, Millis(0));
    assert_eq!(given.map(|(room, _)| room), Some(RoomId(10_002)));
}

#[test]
fn an_unknown_lesson_is_told_from_one_that_is_not_live() {
    let presence = Presence::new(10_001);
    let beat = |room| presence.beat(RoomId(room), UserId(1), Millis(0));
    assert!(matches!(beat(10_001), Err(Fault::Conflict(Conflict::NotInRoom))));
    assert!(matches!(beat(10_002), Err(Fault::Missing(Thing::Room))));
    assert!(matches!(beat(-1), Err(Fault::Missing(Thing::Room))));
}

#[test]
fn a_lesson_takes_the_teachers_own_classroom_then_the_first_free_one() {
    let room = |name: &str, teachers: &[&str]| Classroom {
        name: name.into(),
        input: "sim".into(),
        slides: None,
        teachers: teachers.iter().map(ToString::to_string).collect(),
    };
    let classrooms = [room("hall", &[]), room("lab", &["ann"])];
    let presence = Presence::new(10_009);
    let take = |n, who| {
        let host = (UserId(n), who);
        let got = presence.reserve(RoomId(10_000 + n), host, &classrooms, Millis(0));
        got.unwrap().map(|c| c.name)
    };
    assert_eq!(take(1, "ann").as_deref(), Some("lab"));
    assert_eq!(take(2, "ann").as_deref(), Some("hall"));
    assert_eq!(take(3, "bob"), None);
}
