//! Recordings: what is being recorded now, and how a closed recording becomes a replay.
//! The bytes belong to the recorder; this module only knows where they lie.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::callback::{self, Index, Teller};
use super::policy::Classroom;
use super::{Appliance, classroom, durable, room};
use crate::model::crash::{self, Point};
use crate::model::lesson::{Page, RecordingState, Room, RoomState, Video};
use crate::model::quality::Flaw;
use crate::model::recording::{
    Finished, GapWhy, Job, Note, Order, RefusedWhy, SLIDES, Segment, Take, Track, View,
};
use crate::model::{Fault, Millis, Moment, RoomId};
use crate::store::recordings::TakeRow;
use crate::store::{lessons, messages, recordings, rooms, slides};
use crate::wire::quality::{self, Summary};
use crate::wire::{index, playlist};

/// File names beside the takes.
pub const PLAYLIST: &str = "lesson.m3u8";
pub const INDEX: &str = "index.json";

/// Bodies of messages in one index: a page that plays it back reads it whole.
const INDEX_MESSAGES_BYTES_MAX: usize = 8 << 20;

/// A day of seconds; a ledger that is longer is heard so far.
const LEDGER_BYTES_MAX: u64 = 16 << 20;
/// Reading it takes milliseconds.
const LEDGER_LIMIT: Duration = Duration::from_secs(1);

/// What a lesson says whose files somebody took away.
pub(super) const FILES_MISSING: &str = "the recording's files are missing";

/// What is said of slides that never were.
const NOT_THERE: &str = "nothing was plugged in, or it gave no signal";

/// What a lesson says in a classroom that is switched off.
pub(super) const SHUT: &str = "camera and microphone of this classroom are switched off";

/// What viewers of unfinished recordings are shown.
#[derive(Default)]
pub struct Tapes {
    open: Mutex<HashMap<Track, Vec<Take>>>,
    /// What is closed of lessons that are over, until all their pictures are and there is a replay. `None`: the slides cannot be
    /// read for now.
    closed: Mutex<HashMap<Track, Option<Vec<Finished>>>>,
    /// Why there was no picture lately; gone with the next segment.
    troubles: Mutex<HashMap<Track, String>>,
    /// What is wrong with picture and sound now.
    flaws: Mutex<HashMap<Track, BTreeSet<Flaw>>>,
    /// What wants a technician: no picture, or something is wrong with what is recorded.
    alarms: watch::Sender<Vec<Track>>,
    /// Whose turn it is to read a ledger.
    ledgers: Arc<tokio::sync::Mutex<()>>,
}

impl Tapes {
    fn open(&self) -> MutexGuard<'_, HashMap<Track, Vec<Take>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a recording that is not finished, under the lock.
    pub fn with<T>(&self, track: Track, render: impl FnOnce(&[Take]) -> T) -> Option<T> {
        self.open().get(&track).map(|takes| render(takes))
    }

    /// Recordings that are not finished.
    pub fn count(&self) -> usize {
        self.open().len()
    }

    /// Why a lesson that is being recorded had no picture a moment ago.
    pub fn trouble(&self, track: Track) -> Option<String> {
        let gap = self.troubles().get(&track).cloned();
        gap.or_else(|| {
            let words: Vec<_> = self.flaws().get(&track)?.iter().map(|flaw| flaw.words()).collect();
            (!words.is_empty()).then(|| words.join("; "))
        })
    }

    /// Lessons that want a technician, as they come and go.
    pub fn alarms(&self) -> watch::Receiver<Vec<Track>> {
        self.alarms.subscribe()
    }

    fn ring(&self, track: Track, is_wrong: bool) {
        self.alarms.send_if_modified(|tracks| {
            let known = tracks.iter().position(|known| *known == track);
            match (known, is_wrong) {
                (None, true) => tracks.push(track),
                (Some(at), false) => drop(tracks.swap_remove(at)),
                (None, false) | (Some(_), true) => return false,
            }
            true
        });
    }

    /// Whether something is wrong with picture or sound. That the class is shown nothing is no trouble; that nothing is
    /// recorded is.
    fn is_flawed(&self, track: Track) -> bool {
        let counts =
            |flaw: &Flaw| track.view == View::Teacher || !matches!(flaw, Flaw::Slate | Flaw::Black);
        self.flaws().get(&track).is_some_and(|flaws| flaws.iter().any(counts))
    }

    /// Whether nothing but a slate is shown of it now, and that is no trouble.
    pub fn is_slate(&self, track: Track) -> bool {
        let is_slate =
            |all: &BTreeSet<Flaw>| all.contains(&Flaw::Slate) && !all.contains(&Flaw::Broken);
        self.flaws().get(&track).is_some_and(is_slate)
    }

    /// `false` when that was known.
    fn flaw(&self, track: Track, flaw: Flaw, is_there: bool) -> bool {
        let mut flaws = self.flaws();
        let all = flaws.entry(track).or_default();
        if is_there { all.insert(flaw) } else { all.remove(&flaw) }
    }

    fn flaws(&self) -> MutexGuard<'_, HashMap<Track, BTreeSet<Flaw>>> {
        self.flaws.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn troubles(&self) -> MutexGuard<'_, HashMap<Track, String>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self) -> MutexGuard<'_, HashMap<Track, Option<Vec<Finished>>>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn close(&self, track: Track) {
        self.closed().remove(&track);
        self.open().remove(&track);
        self.troubles().remove(&track);
        self.flaws().remove(&track);
        self.ring(track, false);
    }

    pub(super) fn put_take(&self, track: Track, take: Take) {
        let mut open = self.open();
        let takes = open.entry(track).or_default();
        match takes.iter_mut().find(|t| t.number == take.number) {
            Some(known) => *known = take,
            None => takes.push(take),
        }
    }

    fn put_segment(&self, track: Track, number: u32, segment: Segment) {
        let mut open = self.open();
        let takes = open.entry(track).or_default();
        if let Some(take) = takes.iter_mut().find(|t| t.number == number) {
            take.bytes = segment.offset + segment.len;
            take.span_us = segment.start_us + segment.span_us;
            take.pictures += u64::from(segment.pictures);
            take.segments.push(segment);
        }
    }
}

/// The recording's own folder.
pub fn folder(app: &Appliance, room: RoomId) -> PathBuf {
    app.folders.recordings.join(room.to_string())
}

/// Where the files of one of its pictures lie.
pub fn folder_of(app: &Appliance, track: Track) -> PathBuf {
    job(app, track, String::new(), Millis(0)).dir()
}

fn job(app: &Appliance, track: Track, source: String, zero: Millis) -> Job {
    let Track { room, view } = track;
    Job { room, view, folder: folder(app, room), zero, source }
}

/// Asks the recorder to record a lesson that has just begun.
pub(super) fn begin(app: &Appliance, room: RoomId, classroom: &Classroom, now: Millis) {
    app.order(Order::Start(job(app, Track::teacher(room), classroom.input.clone(), now)));
    if let Some(input) = classroom.slides.clone() {
        app.order(Order::Start(job(app, Track::slides(room), input, now)));
    }
}

/// Goes on recording a lesson that ran when the box went down; its slides, too, when it `has_slides`.
pub(super) fn resume(app: &Appliance, room: &Room, has_slides: bool) {
    let named = |c: &&Classroom| Some(&c.name) == room.classroom.as_ref();
    match (room.recording, app.policy.classrooms.iter().find(named)) {
        (RecordingState::None | RecordingState::Ended, _) => {}
        (RecordingState::On | RecordingState::Refused, Some(classroom)) => {
            let job = |track, input: &String| job(app, track, input.clone(), room.begin_at);
            app.order(Order::Resume(job(Track::teacher(room.id), &classroom.input)));
            if let Some(input) = classroom.slides.as_ref().filter(|_| has_slides) {
                app.order(Order::Resume(job(Track::slides(room.id), input)));
            }
        }
        (RecordingState::On | RecordingState::Refused, None) => {
            tracing::warn!(room = %room.id, "its classroom is gone from the configuration");
        }
    }
}

/// Closes what was recorded of a lesson that is over, whether or not its recorder still runs.
pub(super) fn close(app: &Appliance, room: RoomId, begin_at: Millis, has_slides: bool) {
    tracks(room, has_slides).for_each(|track| close_one(app, track, begin_at));
}

fn tracks(room: RoomId, has_slides: bool) -> impl Iterator<Item = Track> {
    [Some(Track::teacher(room)), has_slides.then_some(Track::slides(room))].into_iter().flatten()
}

fn close_one(app: &Appliance, track: Track, begin_at: Millis) {
    app.order(Order::Finish(job(app, track, String::new(), begin_at)));
}

/// Closes what a lesson left open when the box died, or could not close: all of it, unless the replay is there and only its
/// slides are missing. What is closed waits for the rest, and is not read again; where all is, making the replay failed.
pub(super) fn close_again(app: &Appliance, room: &Room, has_slides: bool) {
    match room.recording {
        RecordingState::On | RecordingState::Refused => {
            let is_open = |track: &Track| !matches!(app.tapes.closed().get(track), Some(Some(_)));
            let all = !tracks(room.id, has_slides).any(|track| is_open(&track));
            let again = tracks(room.id, has_slides).filter(|track| all || is_open(track));
            again.for_each(|track| close_one(app, track, room.begin_at));
        }
        RecordingState::None | RecordingState::Ended => {
            close_one(app, Track::slides(room.id), room.begin_at);
        }
    }
}

/// Asks again for what should have been finished: a full disk or a read error may have passed. Each minute.
pub async fn retry(app: &Appliance) -> Result<(), Fault> {
    let unfinished = app.db.read(|conn| Ok(slides::unfinished(conn)?)).await?;
    for (room, has_slides) in unfinished {
        tracing::warn!(room = %room.id, "its recording is not finished yet; asked for again");
        close_again(app, &room, has_slides);
    }
    Ok(())
}

/// The index of a lesson that nobody recorded.
pub(super) async fn publish_without_film(app: &Appliance, room: RoomId) -> Result<(), Fault> {
    publish(app, room, Some(&[]), None).await
}

/// Takes in one note of the recorder.
pub async fn heard(app: &Appliance, track: Track, note: Note, now: Moment) -> Result<(), Fault> {
    let id = track.room;
    match note {
        Note::TakeOpened(take) => {
            let detail = format!("{} {}x{} {}", take.name, take.width, take.height, take.codecs);
            let detail = said(track, &detail);
            app.tapes.put_take(track, take);
            app.db
                .write(move |conn| {
                    match track.view {
                        View::Teacher => lessons::records(conn, id)?,
                        View::Slides => slides::records(conn, id)?,
                    }
                    Ok(lessons::log(conn, id, now.wall, "recording", &detail)?)
                })
                .await
        }
        Note::SegmentClosed { take, segment } => {
            app.tapes.put_segment(track, take, segment);
            app.tapes.troubles().remove(&track);
            app.tapes.ring(track, app.tapes.is_flawed(track));
            Ok(())
        }
        Note::Gap { why, from, until } => {
            let ms = (until - from).0;
            let detail = format!("{} ms without a picture: {}", ms, gap_text(&why));
            tracing::warn!(room = %track, detail, "gap in the recording");
            let line = said(track, &detail);
            app.tapes.troubles().insert(track, detail);
            app.tapes.ring(track, !why.is_shut());
            // Each picture has its own: of one event, a line takes the place of another that began with it.
            let event = match track.view {
                View::Teacher => "gap",
                View::Slides => "slides gap",
            };
            app.db.write(move |conn| Ok(lessons::log_span(conn, id, from, event, &line)?)).await
        }
        Note::Flaw { flaw, from, is_over } => {
            let (event, what) = (if is_over { "alarm over" } else { "alarm" }, flaw.words());
            // A switch that is off is no trouble.
            let room = app.presence.classroom_of(id).filter(|_| !is_over);
            let is_off = room.is_some_and(|name| classroom::is_off(app, &name));
            if is_off || !app.tapes.flaw(track, flaw, !is_over) {
                return Ok(());
            }
            tracing::warn!(room = %track, event, what, "the recording");
            app.tapes.ring(track, app.tapes.is_flawed(track));
            let (at, line) = (if is_over { now.wall } else { from }, said(track, what));
            app.db
                .write(move |conn| {
                    if flaw == Flaw::Broken && track.view == View::Slides {
                        slides::note(conn, id, if is_over { "" } else { what })?;
                    }
                    Ok(lessons::log(conn, id, at, event, &line)?)
                })
                .await
        }
        Note::Refused { why } => {
            let detail = refusal_text(&why);
            tracing::error!(room = %track, detail, "not recorded");
            app.tapes.ring(track, true);
            set(app, track, RecordingState::Refused, detail, "not recorded", now).await
        }
        Note::Lost(why) => {
            tracing::error!(room = %track, why, "recording broke off");
            set(app, track, RecordingState::On, why, "recording broke off", now).await?;
            if track.view == View::Slides && !app.presence.is_live(id) {
                // The replay does not wait for them; they are asked for again.
                app.tapes.closed().insert(track, None);
                conclude(app, id, now).await?;
            }
            Ok(())
        }
        Note::Ended { takes } => finish(app, track, takes, now).await,
    }
}

/// A line of the lesson's log about one of its pictures.
fn said(track: Track, what: &str) -> String {
    match track.view {
        View::Teacher => what.to_owned(),
        View::Slides => format!("slides: {what}"),
    }
}

async fn set(
    app: &Appliance,
    track: Track,
    state: RecordingState,
    note: String,
    event: &'static str,
    now: Moment,
) -> Result<(), Fault> {
    let (id, line) = (track.room, said(track, &note));
    if track.view == View::Slides && state == RecordingState::Refused {
        app.tapes.troubles().insert(track, note.clone());
    }
    app.db
        .write(move |conn| {
            // What is tried again each minute and fails for the same reason is one line of the log.
            let known = match track.view {
                View::Teacher => rooms::by_id(conn, id)?.map(|r| (r.recording, r.recording_note)),
                View::Slides => slides::of(conn, id)?,
            };
            let told = known.is_some_and(|(known, why)| known == state && why == note);
            match track.view {
                View::Teacher => lessons::set_recording(conn, id, state, &note)?,
                View::Slides => slides::set(conn, id, state, &note)?,
            }
            if !told {
                lessons::log(conn, id, now.wall, event, &line)?;
            }
            Ok(())
        })
        .await
}

/// Compares folders and rows, once after the start. A folder that belongs to no lesson is named in the log and
/// left alone; a replay whose files are gone says so (and stops saying so when they are back).
pub async fn reconcile(app: &Appliance) -> Result<(), Fault> {
    let everything = |conn: &rusqlite::Connection| {
        let rooms = recordings::rooms(conn, 0, i64::MAX)?.1.into_iter();
        let kept = |id: RoomId| {
            let room = rooms::by_id(conn, id)?;
            let replay = room.filter(|room| room.state == RoomState::Replay);
            Ok(replay.map(|room| Ok((room, recordings::of(conn, Track::teacher(id))?))))
        };
        rooms.filter_map(|id| kept(id).and_then(Option::transpose).transpose()).collect()
    };
    let known: Vec<(Room, Vec<TakeRow>)> = app.db.read(move |conn| everything(conn)).await?;
    let root = app.folders.recordings.clone();
    let look = move || {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&root)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        let whole = |room: &Room, takes: &[TakeRow]| {
            let folder = root.join(room.id.to_string());
            takes.iter().all(|take| folder.join(&take.name).is_file())
        };
        let wholeness = known.into_iter().map(|(room, takes)| (whole(&room, &takes), room));
        Ok((names, wholeness.collect::<Vec<_>>()))
    };
    let looked = durable::aside(look).await;
    let (names, rooms) = looked.map_err(|e| Fault::internal("looking at the recordings", e))?;
    for name in names {
        let room = name.parse().ok().filter(|n: &i64| n.to_string() == name).map(RoomId);
        if !room.is_some_and(|room| app.presence.exists(room)) {
            tracing::warn!(folder = name, "belongs to no lesson; left alone");
        }
    }
    for (is_whole, room) in rooms {
        let note = if is_whole { "" } else { FILES_MISSING };
        if is_whole == (room.recording_note != FILES_MISSING) {
            continue;
        }
        tracing::warn!(room = %room.id, is_whole, "files of a replay went or came back");
        app.db
            .write(move |conn| Ok(lessons::set_recording(conn, room.id, room.recording, note)?))
            .await?;
    }
    Ok(())
}

/// A closed recording becomes a replay: rows, callback, index, callback. Every step may be repeated, and
/// is, when the box dies in between.
async fn finish(
    app: &Appliance,
    track: Track,
    takes: Vec<Finished>,
    now: Moment,
) -> Result<(), Fault> {
    // Nothing was plugged in all the time: there were no slides. The files stay until the lesson's folder goes.
    let none = match track.view {
        View::Teacher => None,
        View::Slides => nothing_shown(app, track.room, &takes).await?,
    };
    let takes = if none.is_some() { Vec::new() } else { takes };
    let rows: Vec<TakeRow> = takes.iter().map(row).collect();
    app.db
        .write(move |conn| {
            if let Some(why) = none {
                // Who asked before may have been told otherwise: the ledger is not always read in time.
                recordings::forget(conn, track)?;
                slides::note(conn, track.room, why)?;
            }
            rows.iter().try_for_each(|row| recordings::put(conn, track, row))?;
            Ok(())
        })
        .await?;
    crash::point(Point::TakesStored);
    app.tapes.closed().insert(track, Some(takes));
    conclude(app, track.room, now).await
}

/// Why nothing but a slate was shown from beginning to end; `None` where something was.
async fn nothing_shown(
    app: &Appliance,
    id: RoomId,
    slides: &[Finished],
) -> Result<Option<&'static str>, Fault> {
    let segments = slides.iter().flat_map(|finished| &finished.take.segments);
    let film_us = segments.map(|segment| segment.span_us).sum();
    let room = room::get(app, id).await?;
    let summary = judged(app, &room, View::Slides).await;
    let slates = summary.filter(|summary| summary.is_slate(film_us));
    Ok(slates.map(|summary| match () {
        () if summary.has(Flaw::Broken) => Flaw::Broken.words(),
        () if summary.has(Flaw::Slate) => NOT_THERE,
        () => Flaw::Off.words(),
    }))
}

/// Makes the replay once all pictures of the lesson are closed. Slides that cannot be read are not waited for: they come into it
/// when they can.
async fn conclude(app: &Appliance, id: RoomId, now: Moment) -> Result<(), Fault> {
    let (teacher, slides) = (Track::teacher(id), Track::slides(id));
    let room = room::get(app, id).await?;
    if room.deleted_at > Millis(0) {
        let_go(app, slides);
        return Ok(());
    }
    let known = app.db.read(move |conn| Ok(slides::of(conn, id)?)).await?;
    let closed = |track| app.tapes.closed().get(&track).cloned();
    let is_over = matches!(room.recording, RecordingState::None | RecordingState::Ended);
    let shown = match (known, closed(slides)) {
        (None, _) => None,
        (Some((RecordingState::Ended, _)), None) if is_over => {
            // Closed once more: the replay has it all.
            let_go(app, teacher);
            return Ok(());
        }
        (Some(_), None) => return Ok(()),
        (Some((_, note)), Some(shown)) => shown.map(|takes| Shown { takes, note }),
    };
    let Some(takes) = closed(teacher).flatten() else {
        if is_over {
            match shown {
                // The replay is made anew, with them.
                Some(_) => close_one(app, teacher, room.begin_at),
                None => let_go(app, slides),
            }
        }
        return Ok(());
    };
    // Somebody took the teacher's files away since there is a replay: what is written of them stays, and the slides are put
    // beside it.
    let kept = app.db.read(move |conn| Ok(recordings::of(conn, teacher)?.len())).await?;
    let is_gone = is_over && takes.is_empty() && kept > 0;
    // What the callbacks tell of is the teacher's picture alone: who hears of them plays or copies every video of a lesson one after
    // the other, and would take the slides for its second half. The index, which they fetch next, has both.
    for finished in &takes {
        let video = video(&room, finished);
        callback::recording_ended(app, id, None, video, Teller::Box, now).await?;
    }
    crash::point(Point::FilmTold);
    publish(app, id, (!is_gone).then_some(&takes), shown.as_ref()).await?;
    crash::point(Point::IndexWritten);
    let has_slides = shown.as_ref().is_some_and(|shown| !shown.takes.is_empty());
    if let Some(Shown { note, .. }) = shown {
        let end = move |conn: &rusqlite::Connection| {
            Ok(slides::set(conn, id, RecordingState::Ended, &note)?)
        };
        app.db.write(end).await?;
    }
    if is_gone {
        tracing::warn!(room = %id, "the teacher's files are gone: the slides are not in the index");
    } else if takes.is_empty() && !has_slides {
        let note = match room.recording_note.as_str() {
            "" => "no picture was recorded".to_owned(),
            note => note.to_owned(),
        };
        set(app, teacher, RecordingState::Ended, note, "no replay", now).await?;
    } else {
        let url = format!("/media/{id}/{INDEX}?k={}", room.watch_key);
        callback::index_ready(app, id, Index::At(url), Teller::Box, now).await?;
    }
    [teacher, slides].into_iter().for_each(|track| let_go(app, track));
    tracing::info!(room = %id, files = takes.len(), has_slides, "recording finished");
    Ok(())
}

/// Nothing of it is running or to be closed any more.
fn let_go(app: &Appliance, track: Track) {
    app.tapes.close(track);
    app.live.close(track);
}

/// What the ledger of a lesson says, running or over; `None` when there is none, or it cannot be read in time: the lesson
/// is a lesson without it.
pub async fn quality(app: &Appliance, room: &Room) -> Option<Summary> {
    judged(app, room, View::Teacher).await
}

/// How the slides of a lesson stand, why, and what their ledger says; `None` where it has none.
pub async fn slides(
    app: &Appliance,
    room: &Room,
) -> Result<Option<(RecordingState, String, Option<Summary>)>, Fault> {
    let id = room.id;
    let Some((state, note)) = app.db.read(move |conn| Ok(slides::of(conn, id)?)).await? else {
        return Ok(None);
    };
    Ok(Some((state, note, judged(app, room, View::Slides).await)))
}

async fn judged(app: &Appliance, room: &Room, view: View) -> Option<Summary> {
    let path = folder_of(app, Track { room: room.id, view }).join(quality::FILE);
    let length = (room.end_at > room.begin_at).then(|| (room.end_at - room.begin_at).as_seconds());
    let length = length.and_then(|seconds| u32::try_from(seconds).ok());
    // One at a time: a disk that hangs may hold one thread, and not those of the recorder.
    let read = async {
        let turn = app.tapes.ledgers.clone().lock_owned().await;
        let read = durable::aside(move || {
            let (mut ledger, _turn) = (Vec::new(), turn);
            File::open(path)?.take(LEDGER_BYTES_MAX).read_to_end(&mut ledger)?;
            Ok(Summary::of(&ledger, length))
        });
        match read.await {
            Ok(summary) => summary,
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(room = %room.id, %error, "a lesson's ledger cannot be read");
                None
            }
        }
    };
    tokio::time::timeout(LEDGER_LIMIT, read).await.ok().flatten()
}

/// Writes playlist and index beside the takes; both carry the lesson's key in their references. Without `takes`, the slides'
/// playlist alone.
async fn publish(
    app: &Appliance,
    id: RoomId,
    takes: Option<&[Finished]>,
    shown: Option<&Shown>,
) -> Result<(), Fault> {
    let all = Page { index: 0, size: i64::MAX };
    let material = app
        .db
        .read(move |conn| {
            let room = rooms::by_id(conn, id)?;
            let room = room.ok_or(Fault::Missing(crate::model::Thing::Room))?;
            let (messages, messages_left_out) =
                messages::bounded(conn, &room.group(), room.begin_seq, INDEX_MESSAGES_BYTES_MAX)?;
            Ok(index::Material {
                attendance: lessons::attendance(conn, id)?,
                messages,
                messages_left_out,
                bindings: rooms::bindings(conn, id, all)?.1,
                log: lessons::log_of(conn, id)?,
                room,
            })
        })
        .await?;
    let key = material.room.watch_key.clone();
    let list = |takes: &[Finished]| {
        let files: Vec<Take> = takes.iter().map(|f| f.take.clone()).collect();
        playlist::media(&files, |take| format!("{}?k={key}", take.name))
    };
    let shown = shown.filter(|shown| !shown.takes.is_empty());
    let (is_all, takes) = (takes.is_some(), takes.unwrap_or_default());
    let (text, slides_text) = (list(takes), shown.map(|shown| list(&shown.takes)));
    // A film whose ledger cannot be read is a film.
    let mut summaries = [judged(app, &material.room, View::Teacher).await, None];
    if shown.is_some() {
        summaries[1] = judged(app, &material.room, View::Slides).await;
    }
    let both = index::Films {
        takes,
        quality: summaries[0].as_ref(),
        slides: shown.map(|shown| (&*shown.takes, summaries[1].as_ref(), &*shown.note)),
    };
    let index = index::render(&material, both, PLAYLIST, &key);
    let folder = folder(app, id);
    let write = move || {
        std::fs::create_dir_all(&folder)?;
        if let Some(text) = slides_text {
            let slides = folder.join(SLIDES);
            std::fs::create_dir_all(&slides)?;
            durable::write(&slides.join(PLAYLIST), text.as_bytes())?;
        }
        if !is_all {
            return Ok(());
        }
        durable::write(&folder.join(PLAYLIST), text.as_bytes())?;
        crash::point(Point::PlaylistWritten);
        durable::write(&folder.join(INDEX), index.as_bytes())
    };
    durable::aside(write).await.map_err(|e| Fault::internal("writing the index", e))
}

/// The slides of a lesson that is over, and what is to be said of them.
struct Shown {
    takes: Vec<Finished>,
    note: String,
}

fn row(finished: &Finished) -> TakeRow {
    let take = &finished.take;
    TakeRow {
        number: take.number,
        name: take.name.clone(),
        bytes: signed(finished.bytes),
        sha256: finished.sha256.clone(),
        span_us: signed(take.span_us),
        pictures: signed(take.pictures),
        width: take.width,
        height: take.height,
        codecs: take.codecs.clone(),
    }
}

/// What the recording callback says of a file of ours.
fn video(room: &Room, finished: &Finished) -> Video {
    let take = &finished.take;
    let first = take.segments.first();
    let (start_us, at) = first.map_or((0, room.begin_at), |s| (s.start_us, s.at));
    let length = Millis(signed(take.span_us.saturating_sub(start_us) / 1000));
    Video {
        video_id: format!("box-{}-{}", room.id, take.number),
        video_url: format!("/media/{}/{}?k={}", room.id, take.name, room.watch_key),
        stream_id: format!("box_{}", room.id),
        start_time: at.as_seconds(),
        end_time: (at + length).as_seconds(),
        media_start: signed(start_us / 1000),
        file_size: signed(finished.bytes),
        duration: (length + Millis(500)).as_seconds(),
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn gap_text(why: &GapWhy) -> String {
    match why {
        GapWhy::EncoderDied(words) => format!("the encoder died: {words}"),
        GapWhy::Stalled => "the encoder gave no picture and was restarted".into(),
        GapWhy::Garbage(what) => format!("the encoder wrote no valid stream: {what}"),
        GapWhy::Input(what) => what.clone(),
        GapWhy::BoxDown => "the box was down".into(),
        GapWhy::Refused(why) => refusal_text(why),
        GapWhy::Lost(why) => format!("the file could not be written: {why}"),
        GapWhy::Shut => "camera and microphone were switched off, or on again".into(),
    }
}

fn refusal_text(why: &RefusedWhy) -> String {
    match why {
        RefusedWhy::DiskReserve { free, needed } => format!(
            "the disk is too full: {} MB free, {} MB needed; delete old recordings",
            free / 1_000_000,
            needed / 1_000_000
        ),
        RefusedWhy::NoEncoder(why) => format!("no video encoder: {why}"),
        RefusedWhy::NoInput(why) => format!("no capture input: {why}"),
        RefusedWhy::Folder(why) => format!("the recording's folder cannot be used: {why}"),
    }
}
