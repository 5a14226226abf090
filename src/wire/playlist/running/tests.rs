//! What the playlist of a running lesson promises. The texts follow draft-pantos-hls-rfc8216bis-16, section by section.

use super::*;
use crate::model::Millis;
use crate::model::live::Row;

const ZERO: i64 = 1_795_248_000_000;

fn segment(n: u64, gap: bool) -> Segment {
    Segment {
        offset: 1000 + n * 1000,
        len: 1000,
        start_us: n * 2_000_000,
        span_us: 2_000_000,
        key: true,
        gap,
        at: Millis(ZERO + i64::try_from(n).unwrap() * 2000),
        pictures: 60,
    }
}

fn take(number: u32, segments: impl IntoIterator<Item = Segment>) -> Take {
    let segments = segments.into_iter().collect();
    Take { number, name: format!("{number}.mp4"), init_len: 900, segments, ..Take::default() }
}

fn listed(take: u32, segment: Segment, parts: u64) -> Listed {
    let row =
        |n| Row { offset: segment.offset + n * 100, len: 100, span_us: 200_000, key: n % 5 == 0 };
    Listed { take, init_len: 900, segment, parts: (0..parts).map(row).collect() }
}

fn uri(take: u32, part: Option<u64>) -> String {
    part.map_or(format!("{take}.mp4"), |offset| format!("{take}-{offset}.mp4"))
}

fn show(takes: &[Take], shown: &[Listed], open: Option<&Listed>, skip: bool) -> String {
    let film = Running { takes, shown: shown.iter().collect(), open, part_us: 220_000 };
    text(&film, skip, &uri)
}

const HEAD: &str = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:3\n\
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.000,CAN-SKIP-UNTIL=18.000\n\
    #EXT-X-PART-INF:PART-TARGET=0.220\n#EXT-X-MEDIA-SEQUENCE:0\n\
    #EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEPENDENT-SEGMENTS\n";

#[test]
fn a_lesson_that_has_just_begun_names_its_parts_and_the_one_to_come() {
    let mut open = listed(1, segment(0, true), 2);
    open.segment.len = 200;
    let want = "#EXT-X-MAP:URI=\"1.mp4\",BYTERANGE=\"900@0\"\n\
        #EXT-X-PROGRAM-DATE-TIME:2026-11-21T08:00:00.000Z\n\
        #EXT-X-PART:DURATION=0.200000,URI=\"1-1000.mp4\",INDEPENDENT=YES\n\
        #EXT-X-PART:DURATION=0.200000,URI=\"1-1100.mp4\"\n\
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1-1200.mp4\"\n";
    assert_eq!(show(&[], &[], Some(&open), false), format!("{HEAD}{want}"));
    assert_eq!(show(&[], &[], None, false), HEAD);
}

#[test]
fn a_segment_is_named_once_whether_the_list_knows_it_or_not() {
    let (first, second) = (segment(0, true), segment(1, false));
    let shown = [listed(1, first, 10), listed(1, second, 10)];
    let all = show(&[take(1, [first, second])], &shown, None, false);
    assert_eq!(show(&[take(1, [first])], &shown, None, false), all);
    assert_eq!(show(&[], &shown, None, false), all);
    assert_eq!(all.matches("#EXTINF:2.000000,\n#EXT-X-BYTERANGE:1000@2000\n1.mp4\n").count(), 1);
    assert_eq!((all.matches("#EXTINF").count(), all.matches("#EXT-X-PART:").count()), (2, 20));
    let last = all.rfind("#EXT-X-PART:").unwrap();
    assert!(last < all.find("BYTERANGE:1000@2000").unwrap(), "a segment's parts stand before it");
}

#[test]
fn old_segments_have_no_parts_and_a_delta_update_leaves_them_out() {
    let segments: Vec<Segment> = (0..30).map(|n| segment(n, n == 0)).collect();
    let shown: Vec<Listed> = segments.iter().map(|segment| listed(1, *segment, 10)).collect();
    let takes = [take(1, segments)];
    let mut open = listed(1, segment(30, false), 3);
    open.segment.span_us = 600_000;
    let whole = show(&takes, &shown, Some(&open), false);
    // Nine seconds before the end are four segments and the one that grows.
    assert_eq!(whole.matches("#EXT-X-PART:").count(), 43);
    assert_eq!(whole.matches("#EXTINF").count(), 30);
    let delta = show(&takes, &shown, Some(&open), true);
    // Eighteen seconds are eight segments and the one that grows; 22 are left out.
    assert!(delta.starts_with(&format!("{HEAD}#EXT-X-SKIP:SKIPPED-SEGMENTS=22\n#EXT-X-MAP")));
    assert_eq!((delta.matches("#EXTINF").count(), delta.matches("DATE-TIME").count()), (8, 0));
    let tail = delta.find("#EXT-X-PART:").unwrap();
    assert!(whole.ends_with(&delta[tail..]));
    let early = show(&[take(1, [segment(0, true)])], &shown[..1], Some(&open), true);
    assert!(!early.contains("SKIP:"), "nothing is old enough");
}

#[test]
fn a_gap_and_a_new_film_are_discontinuities_also_before_they_are_whole() {
    let takes = [take(1, [segment(0, true), segment(1, false)])];
    let same = show(&takes, &[], Some(&listed(1, segment(2, true), 1)), false);
    let after = "1.mp4\n#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-11-21T08:00:04.000Z\n#EXT-X-PART";
    assert!(same.contains(after), "{same}");
    let other = show(&takes, &[], Some(&listed(2, segment(0, true), 1)), false);
    let after =
        "1.mp4\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"2.mp4\",BYTERANGE=\"900@0\"\n#EXT-X-PROGRAM";
    assert!(other.contains(after), "{other}");
}

#[test]
fn what_is_told_of_segments_only_ever_grows() {
    let takes = [take(1, (0..12).map(|n| segment(n, n % 5 == 0)))];
    let plain = |takes: &[Take]| {
        let text = show(takes, &[], None, false);
        text.lines().filter(|line| !line.starts_with("#EXT-X-PART:")).collect::<Vec<_>>().join("\n")
    };
    let early = [take(1, takes[0].segments[..7].to_vec())];
    assert!(plain(&takes).starts_with(&plain(&early)));
}
