//! A lesson's takes while they grow: puts each part on the lesson's timeline, seals it, hands it to its tape and
//! tells of segments. Knows no encoder; asks for no time: the arrival of a part is an argument.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use tokio::sync::watch;
use tracing::warn;

use crate::hw::recorder::ledger::Pen;
use crate::hw::recorder::recover::{self, Old, Shelf};
use crate::hw::recorder::tape::{Care, From, Tape};
use crate::model::live::{Film, Part as Shot, Shown};
use crate::model::recording::{Finished, GapWhy, Note, Segment, Take};
use crate::model::{Millis, Moment};
use crate::wire::fmp4::Fmp4Error;
use crate::wire::fmp4::cut::{Cutter, Piece};
use crate::wire::fmp4::fragment::{self, Fragment};
use crate::wire::fmp4::init::Init;
use crate::wire::fmp4::split::Part;
use crate::wire::fmp4::trailer;

/// A box without a battery may believe in another year after a crash: such a run follows the one before at once.
const LESSON_MAX: Millis = Millis::seconds(24 * 3600);
/// What a device held back while its encoder started comes in a burst. A run that is further ahead of the steady clock was given
/// its times by a wall clock that somebody set.
const AHEAD_MAX: Millis = Millis::seconds(10);
/// More than the ledger keeps back before it writes.
const RECALLED_US: u64 = 30_000_000;

/// All takes of one lesson.
pub struct Reel {
    dir: PathBuf,
    zero: Millis,
    anchor: Anchor,
    care: Care,
    pen: Pen,
    /// Takes to which nothing is added any more, with their hash when known.
    shelved: Vec<(Take, Option<String>)>,
    open: Option<OpenTake>,
    last_number: u32,
    run: Option<Run>,
    /// Nothing may be placed before this on the timeline.
    until_us: u64,
    /// Wall time at which the last picture ended.
    seen: Option<Millis>,
    interrupted: Option<Since>,
    /// Old takes, told of when a new one is.
    untold: Vec<Take>,
    /// Width and height of what is gone on with.
    pub resumed: Option<(u32, u32)>,
}

/// At this steady time the lesson had lasted so long. It places runs: a wall clock that is set may not tear the timeline. A
/// lesson has one for all its pictures.
pub type Anchor = (Millis, Millis);

/// Why there is no picture, and since when.
pub type Since = (GapWhy, Millis);

/// What a part held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    pub picture: bool,
    pub sound: bool,
}

/// What came before a reel is opened.
pub enum Before {
    /// The box was down, or the lesson was refused until now.
    Away(Option<Since>),
    /// A file could not be written: nothing more is added to those there are, and nothing is told before a new
    /// one holds.
    Broke(Option<Since>),
}

#[derive(Debug)]
struct OpenTake {
    take: Take,
    film: Arc<Film>,
    init_bytes: Vec<u8>,
    tape: Tape,
    cutter: Cutter,
    sequence: u32,
}

/// One life of the encoder.
#[derive(Debug)]
struct Run {
    init: Init,
    init_bytes: Vec<u8>,
    /// Known from its first fragment on.
    placed: Option<Placed>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug)]
struct Placed {
    offset_us: u64,
    /// Of its first fragment, in its own time.
    start_us: u64,
    /// When that came.
    at: Millis,
}

impl Placed {
    /// How much more has been recorded than time has passed.
    fn ahead(&self, fragment: &Fragment, now: Millis) -> Millis {
        let us = fragment.end_us().saturating_sub(self.start_us);
        Millis(i64::try_from(us / 1000).unwrap_or(i64::MAX)) - (now - self.at)
    }
}

/// Why a part could not be taken.
#[derive(Debug)]
pub enum Trouble {
    /// The encoder's fault: another run may do better.
    Part(Fmp4Error),
    /// The disk's fault.
    File(String),
}

impl Reel {
    /// Goes on with what is on the shelf. Tells of every take there is.
    pub async fn open(
        dir: PathBuf,
        (zero, anchor): (Millis, Anchor),
        (care, pen): (Care, Pen),
        shelf: Shelf,
        before: Before,
    ) -> Result<Self, String> {
        let (broke, since) = match before {
            Before::Away(since) => (false, since),
            Before::Broke(since) => (true, since),
        };
        let mut reel = Self {
            dir,
            zero,
            anchor,
            care,
            pen,
            shelved: Vec::new(),
            open: None,
            last_number: shelf.last_number,
            run: None,
            until_us: 0,
            seen: None,
            interrupted: None,
            untold: Vec::new(),
            resumed: None,
        };
        let count = shelf.files.len();
        for (index, old) in shelf.files.into_iter().enumerate() {
            if broke {
                reel.untold.push(old.take.clone());
            } else {
                reel.care.outbox.tell(Note::TakeOpened(old.take.clone()));
            }
            reel.place(&old);
            if !broke {
                reel.recall(&old);
            }
            if !broke && old.open && index + 1 == count && old.take.number == shelf.last_number {
                reel.resumed = Some((old.take.width, old.take.height));
                reel.open = Some(reel.resume(old)?);
            } else {
                reel.shelved.push((old.take, None));
            }
        }
        if count > 0 && !broke {
            reel.interrupt(GapWhy::BoxDown);
        }
        reel.interrupted = reel.interrupted.or(since);
        Ok(reel)
    }

    /// The picture stopped; told when it comes back. The first reason stands, but a switch that is off and trouble do not
    /// stand for each other: then the one before ends here and is told.
    pub fn interrupt(&mut self, why: GapWhy) {
        self.run = None;
        let is_other = |known: &mut Since| known.0.is_shut() != why.is_shut();
        let mut from = self.seen.unwrap_or(self.zero);
        if let Some((why, since)) = self.interrupted.take_if(is_other) {
            let until = self.care.clock.now();
            self.care.outbox.tell(Note::Gap { why, from: since, until });
            from = until;
        }
        self.interrupted.get_or_insert((why, from));
    }

    /// Whether anything was recorded before.
    pub fn holds(&self) -> bool {
        self.open.is_some() || !self.shelved.is_empty()
    }

    /// The gap that is still open, for the reel that follows.
    pub fn into_gap(self) -> Option<Since> {
        self.interrupted
    }

    /// Tells of a gap that is still open. A lesson that was refused from its beginning to its end has none.
    pub fn tell_gap(&self, until: Millis) {
        let refused = |why: &GapWhy| matches!(why, GapWhy::Refused(_)) && !self.holds();
        if let Some((why, from)) = self.interrupted.as_ref().filter(|(why, _)| !refused(why)) {
            self.care.outbox.tell(Note::Gap { why: why.clone(), from: *from, until });
        }
    }

    /// Takes a part that arrived at `now`; says what was in it.
    ///
    /// # Errors
    /// When the part makes no sense, or no file can be begun.
    pub async fn take(&mut self, part: Part, now: Moment) -> Result<Came, Trouble> {
        match part {
            Part::Init(bytes) => {
                let init = Init::parse(&bytes).map_err(Trouble::Part)?;
                self.run = Some(Run { init, init_bytes: bytes, placed: None });
                Ok(Came::default())
            }
            Part::Fragment(bytes) => self.fragment(bytes, now).await,
        }
    }

    async fn fragment(&mut self, mut bytes: Vec<u8>, now: Moment) -> Result<Came, Trouble> {
        let run = self.run.as_mut().ok_or(Trouble::Part(Fmp4Error::Missing(*b"moov")))?;
        let raw = Fragment::parse(&bytes, &run.init).map_err(Trouble::Part)?;
        let (span, first) = (span(&raw), run.placed.is_none());
        let since_zero = self.anchor.1 + (now.steady - self.anchor.0) - span;
        let at = now.wall - span;
        let placed = *run.placed.get_or_insert_with(|| {
            let offset_us = offset(&raw, since_zero, self.until_us);
            Placed { offset_us, start_us: raw.start_us(), at: now.steady }
        });
        if placed.ahead(&raw, now.steady) > AHEAD_MAX {
            return Err(Trouble::Part(Fmp4Error::Value(*b"tfdt")));
        }
        if first {
            self.ready_take().await?;
        }
        let (Some(run), Some(open)) = (&self.run, &mut self.open) else {
            return Err(Trouble::File("no file is open".into()));
        };
        open.sequence = open.sequence.wrapping_add(1);
        fragment::shift(&mut bytes, &run.init, placed.offset_us, open.sequence)
            .map_err(Trouble::Part)?;
        let moved = Fragment::parse(&bytes, &run.init).map_err(Trouble::Part)?;
        trailer::seal(&mut bytes, at, first);
        let piece = Piece::of(&moved, open.take.bytes, bytes.len() as u64, at, first);
        let bytes = Bytes::from(bytes);
        // Before anything that waits for the disk: who watches does not.
        let closed = open.show(&piece, &bytes, &self.care);
        if piece.pictures > 0 {
            self.seen = Some(now.wall);
            if let Some((why, from)) = self.interrupted.take() {
                open.tape.tell(Note::Gap { why, from, until: at }).await;
            }
        }
        self.until_us = self.until_us.max(piece.until_us);
        if first {
            self.pen.align(piece.end_us, now.steady);
        }
        self.pen.keep(&piece, apart_us(&moved));
        open.add(&piece, bytes, closed, &self.care).await;
        Ok(Came { picture: piece.pictures > 0, sound: moved.runs.iter().any(|run| !run.video) })
    }

    /// Changes when the open file cannot be written any more.
    pub fn trouble(&self) -> Option<watch::Receiver<Option<String>>> {
        self.open.as_ref().map(|open| open.tape.trouble())
    }

    /// Closes the last segment and every file; nothing is lost if it is never asked what they were.
    ///
    /// # Errors
    /// When the last bytes could not be written.
    pub async fn close(&mut self) -> Result<(), String> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        open.close_segment(&self.care).await;
        let (take, closed) = (open.take, open.tape.close().await);
        let hash = closed.as_ref().ok().and_then(|closed| closed.sha256.clone());
        self.shelved.push((take, hash));
        closed.map(drop)
    }

    /// The finished files; reads those of which no hash is known. `None` when told to stop.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn finished(self, stop: &Arc<AtomicBool>) -> Result<Option<Vec<Finished>>, String> {
        let dir = self.dir;
        let mut takes = Vec::new();
        for (take, hash) in self.shelved {
            if take.segments.is_empty() {
                continue;
            }
            if let Some(sha256) = hash {
                takes.push(Finished { bytes: take.bytes, sha256, take });
                continue;
            }
            let path = dir.join(&take.name);
            let stop = stop.clone();
            let read = tokio::task::spawn_blocking(move || recover::hashed(&path, take, &stop));
            match read.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())? {
                Some(finished) => takes.push(finished),
                None => return Ok(None),
            }
        }
        Ok(Some(takes))
    }

    /// Makes sure that a file is open whose init part is this run's.
    async fn ready_take(&mut self) -> Result<(), Trouble> {
        let Some(run) = &self.run else { return Ok(()) };
        if self.open.as_ref().is_some_and(|open| open.init_bytes == run.init_bytes) {
            return Ok(());
        }
        let (init, init_bytes) = (run.init.clone(), run.init_bytes.clone());
        self.close().await.map_err(Trouble::File)?;
        self.last_number += 1;
        let name = format!("{}.mp4", self.last_number);
        let tape = Tape::start(self.dir.join(&name), From::New, self.care.clone());
        let tape = tape.map_err(|e| Trouble::File(e.to_string()))?;
        let mut bytes = init_bytes.clone();
        trailer::seal(&mut bytes, self.zero, false);
        let (width, height) = init.size();
        let take = Take {
            number: self.last_number,
            name,
            init_len: bytes.len() as u64,
            bytes: bytes.len() as u64,
            codecs: init.codecs(),
            width,
            height,
            ..Take::default()
        };
        let film = film(&take, init_bytes.clone().into(), self.care.part_us);
        tape.append(bytes.into()).await;
        for old in self.untold.drain(..) {
            tape.tell(Note::TakeOpened(old)).await;
        }
        tape.tell(Note::TakeOpened(take.clone())).await;
        self.open =
            Some(OpenTake { take, film, init_bytes, tape, cutter: Cutter::default(), sequence: 0 });
        Ok(())
    }

    /// A power cut took the last rows of the ledger, and not the film that they told of.
    fn recall(&self, old: &Old) {
        let near_us = old.take.span_us.saturating_sub(RECALLED_US);
        let pieces = old.found.pieces.iter();
        pieces.filter(|piece| piece.end_us > near_us).for_each(|piece| self.pen.recall(piece));
    }

    /// The timeline goes on behind what an old file holds.
    fn place(&mut self, old: &Old) {
        self.until_us = self.until_us.max(old.found.until_us());
        if let Some(last) = old.found.pieces.iter().rfind(|piece| piece.pictures > 0) {
            let span_ms = last.end_us.saturating_sub(last.start_us) / 1000;
            self.seen = Some(last.at + Millis(i64::try_from(span_ms).unwrap_or(0)));
        }
    }

    fn resume(&self, old: Old) -> Result<OpenTake, String> {
        let from = From::Resumed(old.take.bytes);
        let tape = Tape::start(old.path, from, self.care.clone()).map_err(|e| e.to_string())?;
        let sequence = u32::try_from(old.found.pieces.len()).unwrap_or(u32::MAX);
        let (init_bytes, cutter) = (old.found.init_bytes, Cutter::default());
        let film = film(&old.take, init_bytes.clone().into(), self.care.part_us);
        Ok(OpenTake { take: old.take, film, init_bytes, tape, cutter, sequence })
    }
}

impl OpenTake {
    /// Shows a piece to those who watch; gives back the segment that it closes.
    fn show(&mut self, piece: &Piece, bytes: &Bytes, care: &Care) -> Option<Segment> {
        let closed = self.cutter.push(piece);
        if let Some(segment) = closed {
            care.screen.show(Shown::Cut { take: self.take.number, segment });
        }
        care.screen.show(Shown::Part(Shot {
            film: self.film.clone(),
            offset: piece.offset,
            bytes: bytes.clone(),
            start_us: piece.start_us,
            end_us: piece.end_us,
            key: piece.key,
            gap: piece.gap,
            pictures: piece.pictures,
            at: piece.at,
        }));
        closed
    }

    async fn add(&mut self, piece: &Piece, bytes: Bytes, closed: Option<Segment>, care: &Care) {
        // Every byte of a closed segment was appended before, so the note follows them.
        if let Some(segment) = closed {
            self.tell_segment(segment, care).await;
        }
        self.take.bytes += piece.len;
        self.take.span_us = self.take.span_us.max(piece.end_us);
        self.take.pictures += u64::from(piece.pictures);
        self.tape.append(bytes).await;
    }

    async fn close_segment(&mut self, care: &Care) {
        if let Some(segment) = self.cutter.close() {
            care.screen.show(Shown::Cut { take: self.take.number, segment });
            self.tell_segment(segment, care).await;
        }
    }

    async fn tell_segment(&mut self, segment: Segment, care: &Care) {
        self.take.segments.push(segment);
        if care.outbox.missed() {
            warn!(take = self.take.number, "telling the whole take again");
            return self.tape.tell(Note::TakeOpened(self.take.clone())).await;
        }
        self.tape.tell(Note::SegmentClosed { take: self.take.number, segment }).await;
    }
}

/// How long its picture lasts: a fragment arrives when its last picture was encoded, the first was taken that
/// much earlier.
fn span(fragment: &Fragment) -> Millis {
    let (start, end) = fragment
        .video()
        .map_or((fragment.start_us(), fragment.end_us()), |run| (run.start_us(), run.end_us()));
    Millis(i64::try_from(end.saturating_sub(start) / 1000).unwrap_or(0))
}

/// How much longer its sound lasts than its picture; `None` when it has only one of them.
fn apart_us(fragment: &Fragment) -> Option<i64> {
    let end = |video| fragment.runs.iter().find(|run| run.video == video).map(|run| run.end_us());
    let signed = |us: u64| i64::try_from(us).unwrap_or(i64::MAX);
    end(false).zip(end(true)).map(|(sound, picture)| signed(sound) - signed(picture))
}

/// Where on the timeline something is that came so long after its 0, by a clock that may be wrong.
pub(super) fn placed(since_zero: Millis) -> Millis {
    if since_zero < LESSON_MAX { since_zero.max(Millis(0)) } else { Millis(0) }
}

/// How far a run is moved so that its first picture stands at `since_zero`, and nothing of it before `until_us`.
fn offset(first: &Fragment, since_zero: Millis, until_us: u64) -> u64 {
    let target_us = placed(since_zero).0.unsigned_abs() * 1000;
    let picture_us = first.video().map_or(first.start_us(), fragment::Run::start_us);
    let wanted = target_us.saturating_sub(picture_us);
    wanted.max(until_us.saturating_sub(first.start_us()))
}

fn film(take: &Take, init: Bytes, part_us: u64) -> Arc<Film> {
    let Take { number, init_len, width, height, .. } = *take;
    let codecs = take.codecs.clone();
    Arc::new(Film { take: number, init, init_len, codecs, width, height, part_us })
}

#[cfg(test)]
mod tests;
