//! Watching: who may, what there is to see, and where the bytes lie.

use std::path::PathBuf;
use std::str::FromStr;

use bytes::Bytes;

use super::live::{self, Reload, Strip, Viewer};
use super::recording::{self, FILES_MISSING, INDEX, PLAYLIST, SHUT};
use super::{Appliance, classroom, room};
use crate::model::lesson::{RecordingState, Room, RoomState};
use crate::model::recording::{Segment, Take, Track};
use crate::model::user::{Actor, Origin, Role};
use crate::model::{Fault, Millis, Refusal, RoomId, Thing, secret};
use crate::store::{recordings, rooms};
use crate::wire::playlist::running;

/// Lets a viewer in: anybody until an administrator exists; afterwards the lesson's key, its host or
/// members, teachers, staff, and whom the channel of document 000 sends: it names a lesson by its number alone,
/// also before it begins.
pub async fn admit(
    app: &Appliance,
    id: RoomId,
    key: Option<&str>,
    actor: Option<&Actor>,
) -> Result<Room, Fault> {
    let room = room::get(app, id).await?;
    if !app.is_administered() {
        return Ok(room);
    }
    if key.is_some_and(|k| secret::same(k.as_bytes(), room.watch_key.as_bytes())) {
        return Ok(room);
    }
    let Some(actor) = actor else { return Err(Fault::Unauthenticated(Refusal::Absent)) };
    let user = actor.id;
    let knows = app.db.read(move |conn| Ok(rooms::knows(conn, id, user)?)).await?;
    let is_sent = actor.origin == Origin::Channel;
    if knows || is_sent || actor.role == Role::Teacher || actor.role.is_of_the_box() {
        return Ok(room);
    }
    Err(Fault::denied("this lesson is for its members"))
}

/// What a lesson's page shows.
pub struct View {
    pub room: Room,
    pub teacher: Sight,
    pub slides: Sight,
}

/// What there is of one of its pictures.
#[derive(Default)]
pub struct Sight {
    /// It can be played, live or as replay.
    pub playable: bool,
    /// File name of the progressive form, when the recording is finished and one file.
    pub progressive: Option<String>,
    pub duration_us: Option<i64>,
}

pub async fn view(app: &Appliance, room: Room) -> Result<View, Fault> {
    let teacher = sight(app, &room, Track::teacher(room.id)).await?;
    let slides = sight(app, &room, Track::slides(room.id)).await?;
    Ok(View { room, teacher, slides })
}

async fn sight(app: &Appliance, room: &Room, track: Track) -> Result<Sight, Fault> {
    let live = app.tapes.with(track, |takes| takes.iter().any(|t| !t.segments.is_empty()));
    if let Some(playable) = live {
        return Ok(Sight { playable, ..Sight::default() });
    }
    // Of a lesson that runs there is nothing in the store yet.
    if matches!(room.state, RoomState::Created | RoomState::Live) {
        return Ok(Sight::default());
    }
    let takes = app.db.read(move |conn| Ok(recordings::of(conn, track)?)).await?;
    let ready = room.state == RoomState::Replay && room.recording_note != FILES_MISSING;
    Ok(Sight {
        playable: ready && !takes.is_empty(),
        progressive: takes.first().filter(|_| ready).map(|t| t.name.clone()),
        duration_us: takes.last().map(|t| t.span_us),
    })
}

/// Why nothing is being recorded, or had no picture lately, as a sentence for the page; also that it is switched off.
pub fn trouble(app: &Appliance, room: &Room) -> Option<String> {
    let classroom = app.presence.classroom_of(room.id).filter(|_| room.state == RoomState::Live);
    if classroom.is_some_and(|name| classroom::is_off(app, &name)) {
        return Some(SHUT.into());
    }
    let note = (!room.recording_note.is_empty()).then(|| room.recording_note.clone());
    match room.recording {
        RecordingState::None if room.state == RoomState::Live => {
            Some("no classroom was free".into())
        }
        RecordingState::On => app.tapes.trouble(Track::teacher(room.id)).or(note),
        RecordingState::Refused | RecordingState::None | RecordingState::Ended => note,
    }
}

/// Whether the lesson's index was written: with the replay, or without one when nothing was recorded.
pub fn has_index(room: &Room) -> bool {
    match (room.state, room.recording) {
        _ if room.deleted_at > Millis(0) => false,
        (RoomState::Replay, _) => true,
        (RoomState::Over, RecordingState::None | RecordingState::Ended) => true,
        (RoomState::Over, RecordingState::On | RecordingState::Refused) => false,
        (RoomState::Created | RoomState::Live, _) => false,
    }
}

/// Whether somebody who comes now sees the running lesson at once. Not before its playlist is there, too: the recording's
/// list hears of a take a moment after its first picture is shown.
pub fn is_shown(app: &Appliance, track: Track) -> bool {
    let shown = app.live.screen(track).is_some_and(|screen| screen.with(Strip::has_picture));
    shown && app.tapes.with(track, |takes| !takes.is_empty()).unwrap_or(false)
}

/// A place before a picture that is shown.
///
/// # Errors
/// `Missing` when nothing is shown, `Busy` when too many watch.
pub fn follow(app: &Appliance, track: Track) -> Result<Viewer, Fault> {
    let screen = app.live.screen(track).ok_or(Fault::Missing(Thing::Recording))?;
    Viewer::enter(&app.live, &screen)
}

/// How far the film's own time runs ahead of the playlist's, in which there are no gaps.
pub fn ahead_us(app: &Appliance, track: Track) -> u64 {
    let Some(screen) = app.live.screen(track) else { return 0 };
    let sum = |takes: &[Take]| {
        screen.with(|strip| {
            let (mut before, mut last) = (0, None);
            running::each(takes, strip.segments(), |_, segment| {
                before += last.replace(*segment).map_or(0, |last: Segment| last.span_us);
            });
            match strip.open() {
                Some(open) => {
                    let before = before + last.map_or(0, |last| last.span_us);
                    open.segment.start_us.saturating_sub(before)
                }
                None => last.map_or(0, |last| last.start_us.saturating_sub(before)),
            }
        })
    };
    app.tapes.with(track, |takes| sum(takes)).unwrap_or_else(|| sum(&[]))
}

/// Something a lesson's folder serves.
pub enum Media {
    /// A playlist that still grows.
    Text(Bytes),
    /// A part of a take that still grows.
    Part(Bytes),
    File(MediaFile),
}

/// A file and how it is to be served.
pub struct MediaFile {
    pub path: PathBuf,
    pub content_type: &'static str,
    /// Bytes that may be shown of a file that still grows.
    pub len: Option<u64>,
    /// Strong entity tag without quotes; absent while the file grows.
    pub tag: Option<String>,
}

/// A number in its one form.
fn digits<T: FromStr + ToString>(text: &str) -> Result<T, Fault> {
    let number = text.parse::<T>().ok().filter(|n| n.to_string() == text);
    number.ok_or(Fault::Missing(Thing::Recording))
}

/// Finds `lesson.m3u8`, `index.json`, `<n>.mp4`, or `<n>-<offset>.mp4`, a part of a running lesson; the index with the teacher's
/// picture alone.
///
/// # Errors
/// `Missing(Recording)` for a name that is none of these, or when there is nothing (yet).
pub async fn media(
    app: &Appliance,
    (room, track): (&Room, Track),
    name: &str,
    reload: Reload,
) -> Result<Media, Fault> {
    if room.deleted_at > Millis(0) {
        return Err(Fault::Missing(Thing::Deleted));
    }
    let missing = Fault::Missing(Thing::Recording);
    match name {
        PLAYLIST => {
            match live::playlist(&app.live, &app.tapes, track, &room.watch_key, reload).await? {
                Some(text) => Ok(Media::Text(text)),
                None => Ok(whole(app, track, name, "application/vnd.apple.mpegurl")),
            }
        }
        INDEX if track == Track::teacher(room.id) => {
            Ok(whole(app, track, name, "application/json"))
        }
        _ => {
            let stem = name.strip_suffix(".mp4").ok_or(missing)?;
            match stem.split_once('-') {
                Some((number, offset)) => {
                    let (number, offset) = (digits(number)?, digits(offset)?);
                    Ok(Media::Part(live::part(&app.live, track, number, offset).await?))
                }
                None => take(app, track, digits(stem)?).await,
            }
        }
    }
}

fn whole(app: &Appliance, track: Track, name: &str, content_type: &'static str) -> Media {
    let path = recording::folder_of(app, track).join(name);
    Media::File(MediaFile { path, content_type, len: None, tag: None })
}

async fn take(app: &Appliance, track: Track, number: u32) -> Result<Media, Fault> {
    let path = recording::folder_of(app, track).join(format!("{number}.mp4"));
    let growing =
        app.tapes.with(track, |takes| takes.iter().find(|t| t.number == number).map(|t| t.bytes));
    if let Some(listed) = growing {
        // What is shown is in the file in a moment; the list may hear of it later.
        let shown = app.live.screen(track).and_then(|screen| screen.with(|s| s.cut_end(number)));
        let bytes = listed.max(shown).ok_or(Fault::Missing(Thing::Recording))?;
        let file = MediaFile { path, content_type: "video/mp4", len: Some(bytes), tag: None };
        return Ok(Media::File(file));
    }
    let takes = app.db.read(move |conn| Ok(recordings::of(conn, track)?)).await?;
    let take = takes.into_iter().find(|t| t.number == number);
    let take = take.ok_or(Fault::Missing(Thing::Recording))?;
    let tag = Some(take.sha256[..32].to_owned());
    Ok(Media::File(MediaFile { path, content_type: "video/mp4", len: None, tag }))
}
