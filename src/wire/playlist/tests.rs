//! What `playlist` promises.

use super::*;

fn take(number: u32, gaps: &[bool]) -> Take {
    let segments = gaps.iter().enumerate().map(|(n, gap)| Segment {
        offset: 1000 + n as u64 * 500,
        len: 500,
        start_us: n as u64 * 2_000_000,
        span_us: 2_000_000 + n as u64,
        key: true,
        gap: *gap,
        at: Millis(1_795_248_000_000 + i64::try_from(n).unwrap() * 2000),
        pictures: 60,
    });
    let codecs = "avc1.64001f,mp4a.40.2".into();
    let (name, segments) = (format!("{number}.mp4"), segments.collect());
    Take {
        number,
        name,
        init_len: 1000,
        codecs,
        width: 1280,
        height: 720,
        segments,
        ..Take::default()
    }
}

#[test]
fn a_finished_lesson_with_a_gap_and_two_takes() {
    let takes = [take(1, &[true, true]), take(2, &[true])];
    let text = media(&takes, |take| format!("file/{}", take.name));
    let want = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:0\n\
        #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n\
        #EXT-X-MAP:URI=\"file/1.mp4\",BYTERANGE=\"1000@0\"\n\
        #EXT-X-PROGRAM-DATE-TIME:2026-11-21T08:00:00.000Z\n\
        #EXTINF:2.000000,\n#EXT-X-BYTERANGE:500@1000\nfile/1.mp4\n\
        #EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-11-21T08:00:02.000Z\n\
        #EXTINF:2.000001,\n#EXT-X-BYTERANGE:500@1500\nfile/1.mp4\n\
        #EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"file/2.mp4\",BYTERANGE=\"1000@0\"\n\
        #EXT-X-PROGRAM-DATE-TIME:2026-11-21T08:00:00.000Z\n\
        #EXTINF:2.000000,\n#EXT-X-BYTERANGE:500@1000\nfile/2.mp4\n#EXT-X-ENDLIST\n";
    assert_eq!(text, want);
}

#[test]
fn the_target_duration_covers_an_overlong_segment() {
    let mut long = take(1, &[true]);
    long.segments[0].span_us = 5_600_000;
    assert!(media(&[long], |_| "x".into()).contains("TARGETDURATION:6\n"));
}

#[test]
fn dates_know_leap_years() {
    assert_eq!(date(Millis(951_782_400_123)), "2000-02-29T00:00:00.123Z");
    assert_eq!(date(Millis(-1)), "1969-12-31T23:59:59.999Z");
}
