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
use super::{Appliance, classroom, durable, room};
use crate::model::crash::{self, Point};
use crate::model::lesson::{Page, RecordingState, Room, RoomState, Video};
use crate::model::quality::Flaw;
use crate::model::recording::{Finished, GapWhy, Job, Note, Order, RefusedWhy, Segment, Take};
use crate::model::{Fault, Millis, Moment, RoomId};
use crate::store::recordings::TakeRow;
use crate::store::{lessons, messages, recordings, rooms};
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

/// What a lesson says in a classroom that is switched off.
const SHUT: &str = "camera and microphone of this classroom are switched off";

/// What viewers of unfinished recordings are shown.
#[derive(Default)]
pub struct Tapes {
    open: Mutex<HashMap<RoomId, Vec<Take>>>,
    /// Why there was no picture lately; gone with the next segment.
    troubles: Mutex<HashMap<RoomId, String>>,
    /// What is wrong with picture and sound now.
    flaws: Mutex<HashMap<RoomId, BTreeSet<Flaw>>>,
    /// Lessons that want a technician: no picture, or something is wrong with what is recorded.
    alarms: watch::Sender<Vec<RoomId>>,
    /// Whose turn it is to read a ledger.
    ledgers: Arc<tokio::sync::Mutex<()>>,
}

impl Tapes {
    fn open(&self) -> MutexGuard<'_, HashMap<RoomId, Vec<Take>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a recording that is not finished, under the lock.
    pub fn with<T>(&self, room: RoomId, render: impl FnOnce(&[Take]) -> T) -> Option<T> {
        self.open().get(&room).map(|takes| render(takes))
    }

    /// Recordings that are not finished.
    pub fn count(&self) -> usize {
        self.open().len()
    }

    /// Why a lesson that is being recorded had no picture a moment ago.
    pub fn trouble(&self, room: RoomId) -> Option<String> {
        let gap = self.troubles().get(&room).cloned();
        gap.or_else(|| {
            let words: Vec<_> = self.flaws().get(&room)?.iter().map(|flaw| flaw.words()).collect();
            (!words.is_empty()).then(|| words.join("; "))
        })
    }

    /// Lessons that want a technician, as they come and go.
    pub fn alarms(&self) -> watch::Receiver<Vec<RoomId>> {
        self.alarms.subscribe()
    }

    fn ring(&self, room: RoomId, is_wrong: bool) {
        self.alarms.send_if_modified(|rooms| {
            let known = rooms.iter().position(|known| *known == room);
            match (known, is_wrong) {
                (None, true) => rooms.push(room),
                (Some(at), false) => drop(rooms.swap_remove(at)),
                (None, false) | (Some(_), true) => return false,
            }
            true
        });
    }

    /// Whether something is wrong with picture or sound.
    fn is_flawed(&self, room: RoomId) -> bool {
        self.flaws().get(&room).is_some_and(|flaws| !flaws.is_empty())
    }

    /// `false` when that was known.
    fn flaw(&self, room: RoomId, flaw: Flaw, is_there: bool) -> bool {
        let mut flaws = self.flaws();
        let all = flaws.entry(room).or_default();
        if is_there { all.insert(flaw) } else { all.remove(&flaw) }
    }

    fn flaws(&self) -> MutexGuard<'_, HashMap<RoomId, BTreeSet<Flaw>>> {
        self.flaws.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn troubles(&self) -> MutexGuard<'_, HashMap<RoomId, String>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn close(&self, room: RoomId) {
        self.open().remove(&room);
        self.troubles().remove(&room);
        self.flaws().remove(&room);
        self.ring(room, false);
    }

    pub(super) fn put_take(&self, room: RoomId, take: Take) {
        let mut open = self.open();
        let takes = open.entry(room).or_default();
        match takes.iter_mut().find(|t| t.number == take.number) {
            Some(known) => *known = take,
            None => takes.push(take),
        }
    }

    fn put_segment(&self, room: RoomId, number: u32, segment: Segment) {
        let mut open = self.open();
        let takes = open.entry(room).or_default();
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

fn job(app: &Appliance, room: RoomId, source: String, zero: Millis) -> Job {
    Job { room, dir: folder(app, room), zero, source }
}

/// Asks the recorder to record a lesson that has just begun.
pub(super) fn begin(app: &Appliance, room: RoomId, source: String, now: Millis) {
    app.order(Order::Start(job(app, room, source, now)));
}

/// Goes on recording a lesson that ran when the box went down.
pub(super) fn resume(app: &Appliance, room: &Room) {
    let named = |c: &&super::policy::Classroom| Some(&c.name) == room.classroom.as_ref();
    match (room.recording, app.policy.classrooms.iter().find(named)) {
        (RecordingState::None | RecordingState::Ended, _) => {}
        (RecordingState::On | RecordingState::Refused, Some(classroom)) => {
            app.order(Order::Resume(job(app, room.id, classroom.input.clone(), room.begin_at)));
        }
        (RecordingState::On | RecordingState::Refused, None) => {
            tracing::warn!(room = %room.id, "its classroom is gone from the configuration");
        }
    }
}

/// Closes what was recorded of a lesson that is over, whether or not its recorder still runs.
pub(super) fn close(app: &Appliance, room: RoomId, begin_at: Millis) {
    app.order(Order::Finish(job(app, room, String::new(), begin_at)));
}

/// Asks again for what should have been finished: a full disk or a read error may have passed. Each minute.
pub async fn retry(app: &Appliance) -> Result<(), Fault> {
    let unfinished = app.db.read(|conn| Ok(rooms::unfinished(conn)?)).await?;
    for room in unfinished {
        tracing::warn!(room = %room.id, "its recording is not finished yet; asked for again");
        close(app, room.id, room.begin_at);
    }
    Ok(())
}

/// The index of a lesson that nobody recorded.
pub(super) async fn publish_without_film(app: &Appliance, room: RoomId) -> Result<(), Fault> {
    publish(app, room, &[]).await
}

/// Takes in one note of the recorder.
pub async fn heard(app: &Appliance, id: RoomId, note: Note, now: Moment) -> Result<(), Fault> {
    match note {
        Note::TakeOpened(take) => {
            let detail = format!("{} {}x{} {}", take.name, take.width, take.height, take.codecs);
            app.tapes.put_take(id, take);
            app.db
                .write(move |conn| {
                    lessons::records(conn, id)?;
                    Ok(lessons::log(conn, id, now.wall, "recording", &detail)?)
                })
                .await
        }
        Note::SegmentClosed { take, segment } => {
            app.tapes.put_segment(id, take, segment);
            app.tapes.troubles().remove(&id);
            app.tapes.ring(id, app.tapes.is_flawed(id));
            Ok(())
        }
        Note::Gap { why, from, until } => {
            let ms = (until - from).0;
            let detail = format!("{} ms without a picture: {}", ms, gap_text(&why));
            tracing::warn!(room = %id, detail, "gap in the recording");
            app.tapes.troubles().insert(id, detail.clone());
            app.tapes.ring(id, !why.is_shut());
            app.db.write(move |conn| Ok(lessons::log_span(conn, id, from, "gap", &detail)?)).await
        }
        Note::Flaw { flaw, from, is_over } => {
            let (event, what) = (if is_over { "alarm over" } else { "alarm" }, flaw.words());
            // A switch that is off is no trouble.
            let room = app.presence.classroom_of(id).filter(|_| !is_over);
            let is_off = room.is_some_and(|name| classroom::is_off(app, &name));
            if is_off || !app.tapes.flaw(id, flaw, !is_over) {
                return Ok(());
            }
            tracing::warn!(room = %id, event, what, "the recording");
            app.tapes.ring(id, app.tapes.is_flawed(id));
            let at = if is_over { now.wall } else { from };
            app.db.write(move |conn| Ok(lessons::log(conn, id, at, event, what)?)).await
        }
        Note::Refused { why } => {
            let detail = refusal_text(&why);
            tracing::error!(room = %id, detail, "not recorded");
            app.tapes.ring(id, why != RefusedWhy::Shut);
            set(app, id, RecordingState::Refused, detail, "not recorded", now).await
        }
        Note::Lost(why) => {
            tracing::error!(room = %id, why, "recording broke off");
            set(app, id, RecordingState::On, why, "recording broke off", now).await
        }
        Note::Ended { takes } => finish(app, id, takes, now).await,
    }
}

async fn set(
    app: &Appliance,
    id: RoomId,
    state: RecordingState,
    note: String,
    event: &'static str,
    now: Moment,
) -> Result<(), Fault> {
    app.db
        .write(move |conn| {
            // What is tried again each minute and fails for the same reason is one line of the log.
            let same = |room: Room| room.recording == state && room.recording_note == note;
            let told = rooms::by_id(conn, id)?.is_some_and(same);
            lessons::set_recording(conn, id, state, &note)?;
            if !told {
                lessons::log(conn, id, now.wall, event, &note)?;
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
            Ok(replay.map(|room| Ok((room, recordings::of(conn, id)?))))
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
    id: RoomId,
    takes: Vec<Finished>,
    now: Moment,
) -> Result<(), Fault> {
    let room = room::get(app, id).await?;
    let rows: Vec<TakeRow> = takes.iter().map(row).collect();
    app.db
        .write(move |conn| {
            rows.iter().try_for_each(|row| recordings::put(conn, id, row))?;
            Ok(())
        })
        .await?;
    crash::point(Point::TakesStored);
    for finished in &takes {
        let video = video(&room, finished);
        callback::recording_ended(app, id, None, video, Teller::Box, now).await?;
    }
    crash::point(Point::FilmTold);
    publish(app, id, &takes).await?;
    crash::point(Point::IndexWritten);
    if takes.is_empty() {
        let note = match room.recording_note.as_str() {
            "" => "no picture was recorded".to_owned(),
            note => note.to_owned(),
        };
        set(app, id, RecordingState::Ended, note, "no replay", now).await?;
    } else {
        let url = format!("/media/{id}/{INDEX}?k={}", room.watch_key);
        callback::index_ready(app, id, Index::At(url), Teller::Box, now).await?;
    }
    app.tapes.close(id);
    app.live.close(id);
    tracing::info!(room = %id, files = takes.len(), "recording finished");
    Ok(())
}

/// What the ledger of a lesson says, running or over; `None` when there is none, or it cannot be read in time: the lesson
/// is a lesson without it.
pub async fn quality(app: &Appliance, room: &Room) -> Option<Summary> {
    let path = folder(app, room.id).join(quality::FILE);
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

/// Writes playlist and index beside the takes; both carry the lesson's key in their references.
async fn publish(app: &Appliance, id: RoomId, takes: &[Finished]) -> Result<(), Fault> {
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
    let files: Vec<Take> = takes.iter().map(|f| f.take.clone()).collect();
    let text = playlist::media(&files, |take| format!("{}?k={key}", take.name));
    // A film whose ledger cannot be read is a film.
    let summary = quality(app, &material.room).await;
    let index =
        index::render(&material, takes, summary.as_ref(), (&format!("{PLAYLIST}?k={key}"), &key));
    let folder = folder(app, id);
    let write = move || {
        std::fs::create_dir_all(&folder)?;
        durable::write(&folder.join(PLAYLIST), text.as_bytes())?;
        crash::point(Point::PlaylistWritten);
        durable::write(&folder.join(INDEX), index.as_bytes())
    };
    durable::aside(write).await.map_err(|e| Fault::internal("writing the index", e))
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
        GapWhy::Shut => SHUT.into(),
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
        RefusedWhy::Shut => SHUT.into(),
    }
}
