//! HLS playlists (RFC 8216, version 7) over a recording's own files: byte ranges, nothing is copied or cut up.
//! Knows no address: the caller says under which URI a take is served.

use std::fmt::Write as _;

use crate::model::Millis;
use crate::model::recording::{Segment, Take};

/// Segments are cut at the first key frame after 2 s and key frames come each second; the figure may not change
/// while a playlist is live, so it is said before it is reached.
const TARGET_S: u64 = 3;

/// The media playlist of a recording, all its takes in one. `ended`: nothing will be added.
pub fn media(takes: &[Take], ended: bool, uri: impl Fn(&Take) -> String) -> String {
    let spans = takes.iter().flat_map(|take| &take.segments).map(|segment| segment.span_us);
    let target = spans.map(|us| (us + 500_000) / 1_000_000).max().unwrap_or(0).max(TARGET_S);
    let kind = if ended { "VOD" } else { "EVENT" };
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-PLAYLIST-TYPE:{kind}\n#EXT-X-INDEPENDENT-SEGMENTS\n"
    );
    let mut first = true;
    for take in takes.iter().filter(|take| !take.segments.is_empty()) {
        let uri = uri(take);
        for (index, segment) in take.segments.iter().enumerate() {
            let broken = (index == 0 || segment.gap) && !first;
            if broken {
                text.push_str("#EXT-X-DISCONTINUITY\n");
            }
            if index == 0 {
                line(
                    &mut text,
                    format_args!("#EXT-X-MAP:URI=\"{uri}\",BYTERANGE=\"{}@0\"", take.init_len),
                );
            }
            if first || broken {
                // In between, players count on from here; each date given again would jitter.
                line(&mut text, format_args!("#EXT-X-PROGRAM-DATE-TIME:{}", date(segment.at)));
            }
            entry(&mut text, segment, &uri);
            first = false;
        }
    }
    if ended {
        text.push_str("#EXT-X-ENDLIST\n");
    }
    text
}

fn entry(text: &mut String, segment: &Segment, uri: &str) {
    let Segment { len, offset, span_us, .. } = segment;
    let (s, us) = (span_us / 1_000_000, span_us % 1_000_000);
    line(text, format_args!("#EXTINF:{s}.{us:06},"));
    line(text, format_args!("#EXT-X-BYTERANGE:{len}@{offset}\n{uri}"));
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("a String takes whatever is written to it");
}

/// `2026-11-21T08:00:00.000Z`. Civil date from a day number, after Howard Hinnant's `civil_from_days`.
fn date(at: Millis) -> String {
    let (days, ms) = (at.0.div_euclid(86_400_000), at.0.rem_euclid(86_400_000));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months count from March, so that the leap day comes last.
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
    let (second, ms) = (ms / 1000 % 60, ms % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

#[cfg(test)]
mod tests;
