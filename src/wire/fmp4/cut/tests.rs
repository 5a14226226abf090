//! What `cut` promises.

use super::*;

/// A piece of 200 ms, 100 bytes long; a key frame in each fifth.
fn piece(n: u64, gap: bool) -> Piece {
    let start_us = n * 200_000;
    let end_us = start_us + 200_000;
    let at = Millis(i64::try_from(n).unwrap() * 200);
    let (offset, key) = (1000 + n * 100, n.is_multiple_of(5));
    Piece { offset, len: 100, start_us, end_us, until_us: end_us, key, pictures: 3, gap, at }
}

#[test]
fn segments_are_cut_at_the_first_key_frame_after_two_seconds_and_touch() {
    let mut cutter = Cutter::default();
    let mut segments: Vec<Segment> =
        (0..25).filter_map(|n| cutter.push(&piece(n, false))).collect();
    segments.extend(cutter.close());
    let spans: Vec<u64> = segments.iter().map(|s| s.span_us).collect();
    assert_eq!(spans, [2_000_000, 2_000_000, 1_000_000]);
    assert!(segments.iter().all(|s| s.key && !s.gap));
    assert!(segments.windows(2).all(|w| w[0].offset + w[0].len == w[1].offset));
}

#[test]
fn an_interruption_closes_the_segment_where_its_picture_ended() {
    let mut cutter = Cutter::default();
    (0..7).for_each(|n| assert_eq!(cutter.push(&piece(n, false)), None));
    let before = cutter.push(&piece(20, true)).unwrap();
    assert_eq!((before.span_us, before.pictures), (1_400_000, 21));
    let after = cutter.close().unwrap();
    assert!(after.gap);
    assert_eq!(after.start_us, 4_000_000);
}

#[test]
fn a_missing_key_frame_does_not_hold_a_segment_open_for_ever() {
    let mut cutter = Cutter::default();
    let keyless = |n| Piece { key: n == 0, ..piece(n, false) };
    let segments: Vec<Segment> = (0..40).filter_map(|n| cutter.push(&keyless(n))).collect();
    assert_eq!(segments.len(), 1);
    assert_eq!(segments[0].span_us, SEGMENT_US_MAX);
}

#[test]
fn a_fragment_that_plays_at_the_end_of_all_time_is_cut_like_any_other() {
    let mut cutter = Cutter::default();
    cutter.push(&piece(0, false));
    let late = Piece { start_us: u64::MAX, end_us: u64::MAX, key: true, ..piece(1, false) };
    let before = cutter.push(&late).unwrap();
    assert_eq!((before.offset, before.len), (1000, 100));
}
