//! What `live` promises.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;

use super::*;
use crate::domain::recording::Tapes;
use crate::model::live::{Film, Part};
use crate::model::recording::{Segment, Take};
use crate::model::{Fault, Millis, RoomId};

const ROOM: Track = Track::teacher(RoomId(7));
/// A key frame each second.
const KEY_EACH: u64 = 5;
const SIZE: u64 = 1000;

/// A lesson that plays: the recorder's side and the viewers'.
struct Play {
    live: Arc<Live>,
    tapes: Tapes,
    film: Arc<Film>,
    shown: u64,
}

impl Play {
    fn new() -> Self {
        let init = Bytes::from_static(b"init");
        let codecs = "avc1.64001f,mp4a.40.2".to_owned();
        let film =
            Film { take: 1, init, init_len: 40, codecs, width: 320, height: 180, part_us: 220_000 };
        let (live, tapes) = (Arc::new(Live::default()), Tapes::default());
        let take = Take { number: 1, name: "1.mp4".into(), init_len: 40, ..Take::default() };
        tapes.put_take(ROOM, take);
        Self { live, tapes, film: Arc::new(film), shown: 0 }
    }

    /// Shows so many parts more, with a cut each two seconds.
    fn show(&mut self, parts: u64) {
        let screen = self.live.show().of(ROOM);
        for _ in 0..parts {
            let n = self.shown;
            if n > 0 && n.is_multiple_of(2 * KEY_EACH) {
                screen.show(Shown::Cut { take: 1, segment: segment(n / (2 * KEY_EACH) - 1) });
            }
            screen.show(Shown::Part(self.part(n, n == 0)));
            self.shown += 1;
        }
    }

    fn part(&self, n: u64, gap: bool) -> Part {
        Part {
            film: self.film.clone(),
            offset: 40 + n * SIZE,
            bytes: vec![u8::try_from(n % 256).unwrap(); 1000].into(),
            start_us: n * 200_000,
            end_us: (n + 1) * 200_000,
            key: n.is_multiple_of(KEY_EACH),
            gap,
            pictures: 6,
            at: Millis(0),
        }
    }

    fn viewer(&self) -> Viewer {
        Viewer::enter(&self.live, &self.live.screen(ROOM).unwrap()).map_err(|_| ()).unwrap()
    }

    async fn playlist(&self, segment: u64, part: u64) -> Result<Option<Bytes>, Fault> {
        let reload = Reload { segment: Some(segment), part: Some(part), skip: false };
        playlist(&self.live, &self.tapes, ROOM, "key", reload).await
    }
}

fn segment(n: u64) -> Segment {
    Segment {
        offset: 40 + n * 2 * KEY_EACH * SIZE,
        len: 2 * KEY_EACH * SIZE,
        start_us: n * 2_000_000,
        span_us: 2_000_000,
        key: true,
        gap: n == 0,
        at: Millis(0),
        pictures: 60,
    }
}

/// The first byte of each part, and what else was seen as words.
fn words(seen: Option<Vec<Seen>>) -> Vec<String> {
    let word = |seen| match seen {
        Seen::Film(film) => format!("film {}", film.take),
        Seen::Skipped(ms) => format!("skipped {}", ms.0),
        Seen::Part(bytes) => bytes[0].to_string(),
    };
    seen.into_iter().flatten().map(word).collect()
}

/// Whether it is not done yet.
async fn waits_for<F: Future>(mut work: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx).is_pending())).await
}

#[tokio::test]
async fn a_viewer_begins_at_the_newest_key_frame_and_then_sees_each_part() {
    let mut play = Play::new();
    play.show(7);
    let mut viewer = play.viewer();
    assert_eq!(words(viewer.next().await), ["film 1", "5", "6"]);
    play.show(2);
    assert_eq!(words(viewer.next().await), ["7", "8"]);
    let screen = play.live.screen(ROOM).unwrap();
    play.live.close(ROOM);
    assert!(viewer.next().await.is_none());
    assert!(play.live.screen(ROOM).is_none() && screen.with(Strip::is_ended));
}

#[tokio::test]
async fn all_see_the_same_bytes_and_not_a_copy() {
    let mut play = Play::new();
    play.show(1);
    let (mut one, mut other) = (play.viewer(), play.viewer());
    let place = |seen: Option<Vec<Seen>>| match seen.unwrap().pop() {
        Some(Seen::Part(bytes)) => bytes.as_ptr(),
        _ => panic!("no part"),
    };
    assert_eq!(place(one.next().await), place(other.next().await));
}

#[tokio::test]
async fn who_falls_behind_is_told_and_goes_on_at_the_newest_key_frame() {
    let mut play = Play::new();
    play.show(1);
    let mut slow = play.viewer();
    slow.next().await;
    play.show(9);
    assert_eq!(words(slow.next().await).len(), 9, "two seconds are borne");
    play.show(12);
    // Parts 10 to 21 wait; the newest key frame begins part 20.
    assert_eq!(words(slow.next().await), ["skipped 2000", "20", "21"]);
    play.show(200);
    // What he was to see next is not even in memory any more.
    let seen = words(slow.next().await);
    assert!(seen[0].starts_with("skipped") && seen[1..] == ["220", "221"], "{seen:?}");
}

#[tokio::test]
async fn a_gap_is_told_as_a_new_beginning() {
    let mut play = Play::new();
    play.show(2);
    let mut viewer = play.viewer();
    viewer.next().await;
    play.live.show().of(ROOM).show(Shown::Part(play.part(5, true)));
    assert_eq!(words(viewer.next().await), ["film 1", "5"]);
}

#[tokio::test]
async fn nobody_waits_for_a_first_key_frame_in_vain() {
    let mut play = Play::new();
    play.shown = 1;
    play.show(2);
    let mut viewer = play.viewer();
    let mut next = std::pin::pin!(viewer.next());
    assert!(waits_for(next.as_mut()).await);
    play.show(4);
    assert_eq!(words(next.await), ["film 1", "5", "6"]);
}

#[test]
fn places_are_limited_and_come_back() {
    let mut play = Play::new();
    play.show(1);
    let mut viewers: Vec<Viewer> = (0..VIEWERS_OF_ONE).map(|_| play.viewer()).collect();
    let screen = play.live.screen(ROOM).unwrap();
    assert!(matches!(Viewer::enter(&play.live, &screen), Err(Fault::Busy { .. })));
    assert_eq!(play.live.viewers(), VIEWERS_OF_ONE);
    viewers.pop();
    viewers.push(play.viewer());
    drop(viewers);
    assert_eq!(play.live.viewers(), 0);
}

#[test]
fn memory_is_bounded_whatever_the_encoder_does() {
    let play = Play::new();
    let screen = play.live.show().of(ROOM);
    for n in 0..100 {
        let bytes = Bytes::from(vec![0; 1 << 20]);
        screen.show(Shown::Part(Part { bytes, ..play.part(n, n == 0) }));
    }
    let held = |strip: &Strip| strip.since(0).map(|part| part.bytes.len()).sum::<usize>();
    assert_eq!(play.live.screen(ROOM).unwrap().with(held), 8 << 20);
}

#[tokio::test(start_paused = true)]
async fn a_player_that_names_a_part_to_come_is_answered_when_it_is_there() {
    let mut play = Play::new();
    play.show(13);
    let text = play.playlist(1, 2).await.unwrap().unwrap();
    assert!(text.ends_with(b"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1-13040.mp4?k=key\"\n"));
    let same = play.playlist(1, 0).await.unwrap().unwrap();
    assert_eq!(text.as_ptr(), same.as_ptr(), "made once for all");
    let (live, tapes) = (play.live.clone(), std::mem::take(&mut play.tapes));
    let reload = Reload { segment: Some(1), part: Some(3), skip: false };
    let mut waits = std::pin::pin!(playlist(&live, &tapes, ROOM, "key", reload));
    assert!(waits_for(waits.as_mut()).await);
    play.show(1);
    assert!(waits.await.unwrap().unwrap().ends_with(b"1-14040.mp4?k=key\"\n"));
    // A part behind the end of a segment is the first of the next one.
    let reload = Reload { segment: Some(1), part: Some(10), skip: false };
    let mut waits = std::pin::pin!(playlist(&live, &tapes, ROOM, "key", reload));
    assert!(waits_for(waits.as_mut()).await);
    play.show(7);
    assert!(waits.await.unwrap().is_some());
    let hinted = part(&live, ROOM, 1, 40 + 21 * SIZE);
    let mut hinted = std::pin::pin!(hinted);
    assert!(waits_for(hinted.as_mut()).await);
    play.show(1);
    assert_eq!(hinted.await.unwrap()[0], 21);
    assert!(matches!(part(&live, ROOM, 1, 41).await, Err(Fault::Missing(_))));
    assert!(matches!(part(&live, ROOM, 2, 40).await, Err(Fault::Missing(_))));
}

#[tokio::test(start_paused = true)]
async fn a_wait_has_an_end_and_so_has_the_crowd_that_waits() {
    let mut play = Play::new();
    play.show(3);
    assert!(matches!(play.playlist(0, 3).await, Err(Fault::Offline(_))));
    assert!(matches!(play.playlist(2, 0).await, Err(Fault::Invalid { .. })));
    let reload = Reload { segment: None, part: Some(1), skip: false };
    let asked = playlist(&play.live, &play.tapes, ROOM, "key", reload).await;
    assert!(matches!(asked, Err(Fault::Invalid { .. })));
    let all = play.live.waiting.acquire_many(u32::try_from(WAITING).unwrap()).await;
    assert!(matches!(play.playlist(0, 3).await, Err(Fault::Busy { .. })));
    drop(all);
    // The end of the lesson is an answer, too.
    let mut waits = std::pin::pin!(play.playlist(0, 3));
    assert!(waits_for(waits.as_mut()).await);
    play.tapes.close(ROOM);
    play.live.close(ROOM);
    assert_eq!(waits.await.unwrap(), None);
}
