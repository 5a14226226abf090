//! The life of a lesson: start, seats, silence, end. Disk first, memory after: what presence shows is true.

use std::net::IpAddr;

use super::message::{self, Notice, Stamp};
use super::policy::Classroom;
use super::presence::{Aged, Ages, LiveRoom};
use super::{Appliance, audit, camera, licence, recording, room};
use crate::model::audit::{Entry, Event};
use crate::model::crash::{self, Point};
use crate::model::lesson::{AttendanceEvent, RecordingState, Room, RoomState};
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, LicenceWhy, Millis, Moment, RoomId, Thing, UserId};
use crate::store::{leases, lessons, rooms, slides};

mod lasting;

pub use lasting::Lasting;
use lasting::Noted;

/// Comings and goings of one person in one lesson: a broken Wi-Fi all morning is far below it.
const COMINGS_MAX: i64 = 500;

/// Starts a lesson: 0 → 1, message 1001, the host seated, the recording begun when a classroom is free. The audit has who did it:
/// a lesson starts and ends once, and nobody makes more of them than `allowance::ROWS`.
///
/// # Errors
/// `Missing(Room)`, `Denied` for anybody but its host, `Conflict` (`NotStartable`, `Over`), `Licence`.
pub async fn start(
    app: &Appliance,
    id: RoomId,
    (actor, from): (&Actor, IpAddr),
    timestamp: i64,
    now: Moment,
) -> Result<(), Fault> {
    let room = room::hosted(app, id, actor).await?;
    match room.state {
        RoomState::Created => {}
        RoomState::Live => return Err(Fault::Conflict(Conflict::NotStartable)),
        RoomState::Over | RoomState::Replay => return Err(Fault::Conflict(Conflict::Over)),
    }
    let host = (actor.id, actor.handle.as_str());
    let permit = licence::permit(app, now).map_err(Fault::Licence)?;
    let chosen = app.presence.reserve(id, host, &app.policy.classrooms, now.steady)?;
    app.lesson_bell.notify_one();
    let stamp = message::stamp(app, timestamp, now.wall);
    let (user, uid) = (actor.id, actor.handle.as_str().to_owned());
    let name = chosen.as_ref().map(|c| c.name.clone());
    let has_slides = chosen.as_ref().is_some_and(|c| c.slides.is_some());
    let entry = audit::by(actor, from, Event::LessonStarted, id.to_string());
    let begun = app
        .db
        .write(move |conn| {
            let seq = message::post(conn, id, &Notice::Started { uid: &uid }, stamp)?;
            if !lessons::begin(conn, id, seq, name.as_deref(), now.wall)? {
                return Err(Fault::Conflict(Conflict::NotStartable));
            }
            let terms = (permit.licence.as_str(), permit.rooms, permit.rule);
            if !leases::open(conn, id, terms, now.wall)? {
                return Err(Fault::Licence(LicenceWhy::RoomsUsedUp));
            }
            lessons::enter(conn, id, user, now.wall)?;
            lessons::log(conn, id, now.wall, "started", name.as_deref().unwrap_or(""))?;
            audit::note(conn, entry, now.wall)?;
            let state = match name {
                Some(_) => RecordingState::On,
                None => RecordingState::None,
            };
            let note = if name.is_none() { "no classroom was free" } else { "" };
            lessons::set_recording(conn, id, state, note)?;
            if has_slides {
                slides::begin(conn, id)?;
            }
            if name.is_none() {
                lessons::log(conn, id, now.wall, "not recorded", note)?;
            }
            Ok(())
        })
        .await;
    if let Err(fault) = begun {
        app.presence.close(id);
        return Err(fault);
    }
    crash::point(Point::LessonBegun);
    match &chosen {
        Some(c) => tracing::info!(room = %id, classroom = c.name, "lesson started"),
        None => tracing::warn!(room = %id, "lesson started without a classroom: not recorded"),
    }
    if let Some(classroom) = chosen {
        record(app, id, &classroom, now.wall).await;
    }
    Ok(())
}

/// Ends a lesson by its host: 1 → 2, message 1002, everybody out, the recording closed.
///
/// # Errors
/// `Missing(Room)`, `Denied`, `Conflict(NotLive)`.
pub async fn exit(
    app: &Appliance,
    id: RoomId,
    (actor, from): (&Actor, IpAddr),
    timestamp: i64,
    now: Moment,
) -> Result<(), Fault> {
    let room = room::hosted(app, id, actor).await?;
    let stamp = message::stamp(app, timestamp, now.wall);
    let entry = audit::by(actor, from, Event::LessonOver, id.to_string());
    end(app, &room, Ending { why: "host", at: now.wall, stamp, entry }, now).await
}

/// Ends a lesson by somebody of the staff, who need not be in it. Who did it is noted.
///
/// # Errors
/// `Missing(Room)`, `Conflict(NotLive)`.
pub async fn dismiss(
    app: &Appliance,
    id: RoomId,
    by: &Actor,
    from: IpAddr,
    now: Moment,
) -> Result<(), Fault> {
    let room = room::get(app, id).await?;
    let stamp = message::stamp(app, now.wall.0 & 0xffff_ffff, now.wall);
    let entry = audit::by(by, from, Event::LessonEnded, id.to_string());
    end(app, &room, Ending { why: "staff", at: now.wall, stamp, entry }, now).await
}

struct Ending {
    why: &'static str,
    /// When it was over: earlier than now where nobody was there to end it.
    at: Millis,
    stamp: Stamp,
    /// For the audit.
    entry: Entry,
}

async fn end(app: &Appliance, room: &Room, ending: Ending, now: Moment) -> Result<(), Fault> {
    let Ending { why, at, stamp, entry } = ending;
    let (id, uid) = (room.id, room.host_handle.clone());
    // What is known of the recording is read where the lesson ends: it may have begun since `room` was read.
    let (recording, begin_at, has_slides) = app
        .db
        .write(move |conn| {
            let seq = message::post(conn, id, &Notice::Ended { uid: &uid }, stamp)?;
            let ended = lessons::end(conn, id, seq, why, at)?;
            lessons::log(conn, id, stamp.now, "ended", why)?;
            leases::close(conn, id)?;
            let ended = ended.ok_or(Fault::Conflict(Conflict::NotLive))?;
            audit::note(conn, entry.with(why), stamp.now)?;
            Ok((ended.0, ended.1, slides::of(conn, id)?.is_some()))
        })
        .await?;
    let closed = app.presence.close(id);
    crash::point(Point::LessonEnded);
    tracing::info!(room = %id, why, "lesson ended");
    match recording {
        RecordingState::On | RecordingState::Refused => {
            recording::close(app, id, begin_at, has_slides);
        }
        RecordingState::None | RecordingState::Ended => {
            if let Err(e) = recording::publish_without_film(app, id).await {
                tracing::warn!(room = %id, error = ?e, "no index was written");
            }
        }
    }
    if let Some(classroom) = closed.and_then(|lesson| lesson.classroom) {
        camera::settle(app, &classroom).await;
    }
    hand_on(app, now).await;
    Ok(())
}

/// A classroom came free: a lesson that started without one is recorded from now on.
async fn hand_on(app: &Appliance, now: Moment) {
    let since = now.steady - app.policy.lesson_max;
    let Some((id, classroom)) = app.presence.assign(&app.policy.classrooms, since) else { return };
    let (name, has_slides) = (classroom.name.clone(), classroom.slides.is_some());
    let given = app
        .db
        .write(move |conn| {
            let begin_at = lessons::take_classroom(conn, id, &name)?;
            if begin_at.is_some() {
                lessons::log(conn, id, now.wall, "classroom", &name)?;
                if has_slides {
                    slides::begin(conn, id)?;
                }
            }
            Ok(begin_at)
        })
        .await;
    match given {
        Ok(Some(begin_at)) => {
            tracing::info!(room = %id, classroom = classroom.name, "recorded from now on");
            record(app, id, &classroom, begin_at).await;
        }
        // It ended, or is only being started: nobody records there, so the classroom stays free.
        Ok(None) => app.presence.unassign(id),
        Err(e) => {
            app.presence.unassign(id);
            tracing::warn!(room = %id, error = ?e, "it stays without a classroom");
        }
    }
}

async fn record(app: &Appliance, id: RoomId, classroom: &Classroom, begin_at: Millis) {
    recording::begin(app, id, classroom, begin_at);
    // Ended meanwhile: the order to finish may have come before the order to start.
    if !app.presence.is_live(id) {
        recording::close(app, id, begin_at, classroom.slides.is_some());
    }
    camera::settle(app, &classroom.name).await;
}

/// Takes a seat in a live lesson; sitting down twice is only a beat.
///
/// # Errors
/// `Missing(Room)`, `Conflict(NotLive)`.
pub async fn enter(
    app: &Appliance,
    id: RoomId,
    actor: &Actor,
    timestamp: i64,
    now: Moment,
) -> Result<(), Fault> {
    if !app.presence.exists(id) {
        return Err(Fault::Missing(Thing::Room));
    }
    if !app.presence.is_live(id) {
        return Err(Fault::Conflict(Conflict::NotLive));
    }
    let stamp = message::stamp(app, timestamp, now.wall);
    let (user, uid) = (actor.id, actor.handle.as_str().to_owned());
    app.db
        .write(move |conn| {
            let live = rooms::by_id(conn, id)?.is_some_and(|r| r.state == RoomState::Live);
            if !live {
                return Err(Fault::Conflict(Conflict::NotLive));
            }
            if lessons::comings(conn, id, user)? >= COMINGS_MAX {
                return Err(Fault::Busy { retry: Millis::seconds(60) });
            }
            if lessons::enter(conn, id, user, now.wall)? {
                message::post(conn, id, &Notice::Entered { uid: &uid }, stamp)?;
            }
            Ok(())
        })
        .await?;
    app.presence.seat(id, actor.id, now.steady);
    Ok(())
}

/// Gives a seat up.
///
/// # Errors
/// `Missing(Room)`, `Conflict(NotInRoom)`.
pub async fn leave(app: &Appliance, id: RoomId, actor: &Actor, now: Moment) -> Result<(), Fault> {
    if !app.presence.exists(id) {
        return Err(Fault::Missing(Thing::Room));
    }
    if !app.presence.is_seated(id, actor.id) {
        return Err(Fault::Conflict(Conflict::NotInRoom));
    }
    unseat(app, id, actor.id, AttendanceEvent::Out, now.wall).await
}

async fn unseat(
    app: &Appliance,
    id: RoomId,
    user: UserId,
    event: AttendanceEvent,
    now: Millis,
) -> Result<(), Fault> {
    app.db.write(move |conn| Ok(lessons::leave(conn, id, user, event, now)?)).await?;
    app.presence.unseat(id, user);
    Ok(())
}

/// Looks for those who fell silent; called as often as the box keeps house.
pub async fn age(app: &Appliance, now: Moment) {
    let policy = &app.policy;
    let (lesson, host, member) = (policy.lesson_max, policy.host_silence, policy.member_silence);
    for aged in app.presence.aged(Ages { lesson, host, member }, now.steady) {
        let done = match aged {
            Aged::Member(id, user) => {
                unseat(app, id, user, AttendanceEvent::Silent, now.wall).await
            }
            Aged::Host(id) => end_by_itself(app, id, ("silence", Millis(0)), now).await,
            Aged::Lesson(id, over) => end_by_itself(app, id, ("too long", over), now).await,
        };
        // One lesson's trouble is no reason to keep the others waiting; the next second tries again.
        if let Err(e) = done {
            tracing::warn!(?aged, error = ?e, "silence could not be acted upon");
        }
    }
    if let Err(e) = lasting::note(app, now).await {
        tracing::warn!(error = ?e, "how long lessons have lasted was not noted");
    }
}

async fn end_by_itself(
    app: &Appliance,
    id: RoomId,
    (why, over): (&'static str, Millis),
    now: Moment,
) -> Result<(), Fault> {
    let room = room::get(app, id).await?;
    let stamp = message::stamp(app, now.wall.0 & 0xffff_ffff, now.wall);
    // A lesson is not over before it began, whatever the clock says.
    let at = (now.wall - over).max(room.begin_at.min(now.wall));
    let entry = Entry::of(Event::LessonOver, id.to_string());
    match end(app, &room, Ending { why, at, stamp, entry }, now).await {
        Err(Fault::Conflict(Conflict::NotLive)) => {
            app.presence.close(id);
            Ok(())
        }
        done => done,
    }
}

/// After a restart each running lesson has its lease, and no other has one.
pub(super) async fn settle(app: &Appliance, now: Moment) -> Result<(), Fault> {
    app.db.write_first(move |conn| Ok(leases::reconcile(conn, now.wall)?)).await
}

/// After a restart running lessons run on: seats are warm, recordings resume, half-closed ones are closed.
pub(super) async fn restore(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let (live, unfinished, noted) = app
        .db
        .read(|conn| {
            let mut live = Vec::new();
            for room in rooms::in_state(conn, RoomState::Live)? {
                let seated = rooms::seated(conn, room.id)?;
                let has_slides = slides::of(conn, room.id)?.is_some();
                live.push((room, seated, has_slides));
            }
            Ok((live, slides::unfinished(conn)?, Noted::read(conn)?))
        })
        .await?;
    let is_right = app.licence.trusts_clock(now);
    for (room, seated, has_slides) in live {
        let lasted = noted.lasted(room.id, now.wall, is_right);
        let lesson = LiveRoom {
            host: room.host,
            begun: now.steady - lasted,
            host_beat: now.steady,
            classroom: room.classroom.clone(),
            seats: seated.into_iter().map(|user| (user, now.steady)).collect(),
        };
        app.presence.restore(room.id, lesson);
        // One that should have ended meanwhile does so in a moment, and opens no camera for it.
        if lasted < app.policy.lesson_max {
            recording::resume(app, &room, has_slides);
        }
    }
    unfinished.iter().for_each(|(room, has)| recording::close_again(app, room, *has));
    Ok(())
}
