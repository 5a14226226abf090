//! HLS playlists (RFC 8216, version 7) over a recording's own files: byte ranges, nothing is copied or cut up.
//! Knows no address: the caller says under which URI a take is served.

pub mod running;

use std::fmt::Write as _;

use crate::model::live::Row;
use crate::model::recording::{Segment, Take};
use crate::model::{Date, Millis};

/// Segments are cut at the first key frame after 2 s and key frames come each second; the figure may not change
/// while a playlist is live, so it is said before it is reached.
const TARGET_S: u64 = 3;

/// The media playlist of a finished recording, all its takes in one.
pub fn media(takes: &[Take], uri: impl Fn(&Take) -> String) -> String {
    let segments = || takes.iter().flat_map(|take| &take.segments);
    let (target, zero) = (target_s(segments()), zero(segments().next()));
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n"
    );
    let mut before = None;
    for take in takes {
        let (uri, init_len) = (uri(take), take.init_len);
        for segment in &take.segments {
            let step = Step { take: take.number, init_len, segment, parts: &[] };
            begin(&mut text, (step, zero), before, false, &uri);
            entry(&mut text, segment, &uri);
            before = Some(step);
        }
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// The wall time of the lesson's start, as its first segment knows it.
fn zero(first: Option<&Segment>) -> Millis {
    let since = |first: &Segment| Millis(i64::try_from(first.start_us / 1000).unwrap_or(0));
    first.map_or(Millis(0), |first| first.at - since(first))
}

/// The longest segment in whole seconds, and what is said before it is known.
fn target_s<'a>(segments: impl Iterator<Item = &'a Segment>) -> u64 {
    let rounded = segments.map(|segment| segment.span_us.saturating_add(500_000) / 1_000_000);
    rounded.max().unwrap_or(0).max(TARGET_S)
}

/// A segment in its place.
#[derive(Clone, Copy)]
struct Step<'a> {
    take: u32,
    init_len: u64,
    segment: &'a Segment,
    parts: &'a [Row],
}

/// What stands before a segment that does not simply follow the one before it; `zero` is the wall time of the lesson's start.
/// `first`: of this text.
fn begin(
    text: &mut String,
    (step, zero): (Step<'_>, Millis),
    before: Option<Step<'_>>,
    first: bool,
    uri: &str,
) {
    let anew = before.is_none_or(|before| before.take != step.take);
    let broken = before.is_some() && (anew || step.segment.gap);
    if broken {
        text.push_str("#EXT-X-DISCONTINUITY\n");
    }
    if anew || first {
        let len = step.init_len;
        line(text, format_args!("#EXT-X-MAP:URI=\"{uri}\",BYTERANGE=\"{len}@0\""));
    }
    if before.is_none() || broken {
        // In between, players count on from here; each date given again would jitter. A clock that was set in mid-lesson
        // does not show: the dates of both pictures of a lesson tell what belongs together.
        let since = Millis(i64::try_from(step.segment.start_us / 1000).unwrap_or(i64::MAX));
        line(text, format_args!("#EXT-X-PROGRAM-DATE-TIME:{}", date(zero + since)));
    }
}

/// One segment, when its time has come.
fn entry(text: &mut String, segment: &Segment, uri: &str) {
    let Segment { len, offset, span_us, .. } = segment;
    let (s, us) = (span_us / 1_000_000, span_us % 1_000_000);
    line(text, format_args!("#EXTINF:{s}.{us:06},"));
    line(text, format_args!("#EXT-X-BYTERANGE:{len}@{offset}\n{uri}"));
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("a String takes whatever is written to it");
}

/// `2026-11-21T08:00:00.000Z`.
fn date(at: Millis) -> String {
    let (date, ms) = (Date::of(at), at.0.rem_euclid(86_400_000));
    let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
    let (second, ms) = (ms / 1000 % 60, ms % 1000);
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

#[cfg(test)]
mod tests;
