//! The playlist of a lesson that runs: low-latency HLS as draft-pantos-hls-rfc8216bis has it. Nothing ever leaves it, so
//! viewers can go back to the start; who knows the beginning already is told only what came since.
//! Knows no address and no waiting.

use crate::model::live::Listed;
use crate::model::recording::{Segment, Take};

use super::{Step, TARGET_S, begin, entry, line};

/// Parts are named that begin within three target durations of the end (4.4.4.9).
const PARTS_TARGETS: u64 = 3;
/// What a delta update leaves out is at least six target durations old (4.4.3.8).
const SKIP_TARGETS: u64 = 6;
/// The draft wants three parts at least. A wireless network that stutters wants a second.
const HOLD_BACK_US: u64 = 1_000_000;

/// What is known of the lesson.
pub struct Running<'a> {
    /// The recording's list.
    pub takes: &'a [Take],
    /// Segments that were shown, of which the list may not know yet.
    pub shown: Vec<&'a Listed>,
    pub open: Option<&'a Listed>,
    /// No part is longer, as far as the encoder obeys.
    pub part_us: u64,
}

/// Every segment there is, with its take, in order: those of the list, then those that were shown since.
pub fn each<'a>(
    takes: &'a [Take],
    shown: impl Iterator<Item = &'a Listed>,
    mut look: impl FnMut(u32, &'a Segment),
) {
    let mut last = None;
    for take in takes {
        for segment in &take.segments {
            last = Some((take.number, segment.offset));
            look(take.number, segment);
        }
    }
    let since = shown.filter(|listed| Some((listed.take, listed.segment.offset)) > last);
    since.for_each(|listed| look(listed.take, &listed.segment));
}

/// The playlist's text; with `skip`, of what is old only how much it is. `uri` names a take, or its part at an offset.
pub fn text(film: &Running<'_>, skip: bool, uri: &dyn Fn(u32, Option<u64>) -> String) -> String {
    let steps = film.steps();
    let target_us = TARGET_S * 1_000_000;
    let [with_parts, skipped] =
        [PARTS_TARGETS, SKIP_TARGETS].map(|n| film.older(&steps, n * target_us));
    let mut text = film.head(&steps);
    let first = steps.first().map(|step| step.segment);
    let zero = super::zero(first.or(film.open.map(|open| &open.segment)));
    let skipped = if skip { skipped } else { 0 };
    if skipped > 0 {
        line(&mut text, format_args!("#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}"));
    }
    for (index, step) in steps.iter().enumerate().skip(skipped) {
        let before = index.checked_sub(1).map(|n| steps[n]);
        let whole = uri(step.take, None);
        begin(&mut text, (*step, zero), before, index == skipped, &whole);
        if index >= with_parts {
            parts(&mut text, step, uri);
        }
        entry(&mut text, step.segment, &whole);
    }
    if let Some(open) = film.open {
        let step = Step::of(open);
        let (before, first) = (steps.last().copied(), steps.len() == skipped);
        begin(&mut text, (step, zero), before, first, &uri(open.take, None));
        parts(&mut text, &step, uri);
        let next = uri(open.take, Some(open.segment.offset + open.segment.len));
        line(&mut text, format_args!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{next}\""));
    }
    text
}

impl<'a> Running<'a> {
    fn steps(&self) -> Vec<Step<'a>> {
        let mut steps = Vec::with_capacity(self.takes.iter().map(|t| t.segments.len()).sum());
        // Parts and init parts are looked up among the few that were shown lately.
        each(self.takes, self.shown.iter().copied(), |take, segment| {
            let at = (take, segment.offset);
            let shown = self.shown.iter().rfind(|s| (s.take, s.segment.offset) == at);
            let known = self.takes.iter().find(|t| t.number == take).map(|t| t.init_len);
            let init_len = known.or(shown.map(|s| s.init_len)).unwrap_or_default();
            let parts = shown.map_or(&[][..], |s| &s.parts);
            steps.push(Step { take, init_len, segment, parts });
        });
        steps
    }

    /// How many segments begin earlier than this before the end.
    fn older(&self, steps: &[Step<'_>], than_us: u64) -> usize {
        let mut left = self.open.map_or(0, |open| open.segment.span_us);
        let newer = |step: &&Step<'_>| {
            left += step.segment.span_us;
            left <= than_us
        };
        steps.len() - steps.iter().rev().take_while(newer).count()
    }

    fn head(&self, steps: &[Step<'_>]) -> String {
        let target = super::target_s(steps.iter().map(|step| step.segment));
        let seconds = |us: u64| format!("{}.{:03}", us / 1_000_000, us % 1_000_000 / 1000);
        let (part, skip) = (seconds(self.part_us), seconds(SKIP_TARGETS * TARGET_S * 1_000_000));
        let hold = seconds(HOLD_BACK_US.max(3 * self.part_us));
        format!(
            "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:{target}\n\
             #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold},CAN-SKIP-UNTIL={skip}\n\
             #EXT-X-PART-INF:PART-TARGET={part}\n#EXT-X-MEDIA-SEQUENCE:0\n\
             #EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        )
    }
}

impl<'a> Step<'a> {
    fn of(listed: &'a Listed) -> Self {
        let Listed { take, init_len, segment, parts } = listed;
        Self { take: *take, init_len: *init_len, segment, parts }
    }
}

fn parts(text: &mut String, step: &Step<'_>, uri: &dyn Fn(u32, Option<u64>) -> String) {
    for row in step.parts {
        let (s, us) = (row.span_us / 1_000_000, row.span_us % 1_000_000);
        let (uri, key) =
            (uri(step.take, Some(row.offset)), if row.key { ",INDEPENDENT=YES" } else { "" });
        line(text, format_args!("#EXT-X-PART:DURATION={s}.{us:06},URI=\"{uri}\"{key}"));
    }
}

#[cfg(test)]
mod tests;
