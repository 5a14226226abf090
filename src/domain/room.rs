//! Lessons as things: made, listed, furnished with files. Their life is in `lesson`.

use super::Appliance;
use crate::model::lesson::{
    Binding, Export, LogLine, Member, Page, RecordingState, Room, RoomFilter, RoomState,
};
use crate::model::user::{Actor, Role};
use crate::model::{Conflict, Fault, Millis, Moment, RoomId, Thing};
use crate::store::{lessons, rooms};

/// Makes a lesson in state 0. The maker is its host, not yet a member.
///
/// # Errors
/// `Denied` for all but teachers, `Busy` for who has added more than anybody does.
pub async fn create(
    app: &Appliance,
    actor: &Actor,
    title: String,
    cover: String,
    now: Moment,
) -> Result<RoomId, Fault> {
    if actor.role != Role::Teacher {
        return Err(Fault::denied("only a teacher can create a course"));
    }
    app.allowances.row(actor.id, now.steady)?;
    let room = Room {
        id: RoomId(0),
        host: actor.id,
        host_handle: String::new(),
        title,
        cover,
        state: RoomState::Created,
        created_at: now.wall,
        begin_at: Millis(0),
        begin_seq: 0,
        end_at: Millis(0),
        end_seq: 0,
        index_url: String::new(),
        watch_key: app.entropy.hex::<16>(),
        classroom: None,
        recording: RecordingState::None,
        recording_note: String::new(),
        export: Export::None,
        deleted_at: Millis(0),
        members: 0,
    };
    let id = app.db.write(move |conn| Ok(rooms::insert(conn, &room)?)).await?;
    app.presence.created(id);
    Ok(id)
}

pub async fn get(app: &Appliance, id: RoomId) -> Result<Room, Fault> {
    let found = app.db.read(move |conn| Ok(rooms::by_id(conn, id)?)).await?;
    found.ok_or(Fault::Missing(Thing::Room))
}

/// The lesson, if the caller is the teacher who hosts it.
pub(super) async fn hosted(app: &Appliance, id: RoomId, actor: &Actor) -> Result<Room, Fault> {
    let room = get(app, id).await?;
    if room.host != actor.id || actor.role != Role::Teacher {
        return Err(Fault::denied("only this course's teacher may do that"));
    }
    Ok(room)
}

/// What happened in a lesson, oldest first.
pub async fn log(app: &Appliance, id: RoomId) -> Result<Vec<LogLine>, Fault> {
    app.db.read(move |conn| Ok(lessons::log_of(conn, id)?)).await
}

/// One page of lessons, newest first, and the number of all that match: from the store, and for
/// `Appliance::catalogue` to show from now on.
pub async fn list(
    app: &Appliance,
    filter: RoomFilter,
    page: Page,
) -> Result<(i64, Vec<Room>), Fault> {
    let catalogue = app.catalogue.clone();
    app.db
        .read(move |conn| {
            catalogue.read(conn)?;
            let heard = catalogue.heard_of();
            let found = rooms::list(conn, &filter, page)?;
            catalogue.offer(&found.1, heard);
            Ok(found)
        })
        .await
}

/// Seats taken now, in order of registration: in the same way.
pub async fn members(
    app: &Appliance,
    room: RoomId,
    page: Page,
) -> Result<(i64, Vec<Member>), Fault> {
    let catalogue = app.catalogue.clone();
    app.db
        .read(move |conn| {
            catalogue.read(conn)?;
            Ok(rooms::members(conn, room, page)?)
        })
        .await
}

/// Ties a file to a lesson that is not over.
pub async fn bind(
    app: &Appliance,
    room: RoomId,
    actor: &Actor,
    binding: Binding,
    now: Moment,
) -> Result<(), Fault> {
    let user = furnishing(app, room, actor).await?;
    app.allowances.row(user, now.steady)?;
    let bound =
        app.db.write(move |conn| Ok(rooms::bind(conn, room, user, &binding, now.wall)?)).await?;
    if bound { Ok(()) } else { Err(Fault::Conflict(Conflict::AlreadyBound)) }
}

pub async fn unbind(
    app: &Appliance,
    room: RoomId,
    actor: &Actor,
    url: String,
) -> Result<(), Fault> {
    furnishing(app, room, actor).await?;
    let gone = app.db.write(move |conn| Ok(rooms::unbind(conn, room, &url)?)).await?;
    if gone { Ok(()) } else { Err(Fault::Conflict(Conflict::NotBound)) }
}

async fn furnishing(
    app: &Appliance,
    room: RoomId,
    actor: &Actor,
) -> Result<crate::model::UserId, Fault> {
    match hosted(app, room, actor).await?.state {
        RoomState::Created | RoomState::Live => Ok(actor.id),
        RoomState::Over | RoomState::Replay => Err(Fault::Conflict(Conflict::Over)),
    }
}

/// Files of a lesson, for its host and whoever is or was in it; anybody else sees none.
pub async fn bindings(
    app: &Appliance,
    room: RoomId,
    actor: &Actor,
    page: Page,
) -> Result<(i64, Vec<Binding>), Fault> {
    if !app.presence.exists(room) {
        return Err(Fault::Missing(Thing::Room));
    }
    let user = actor.id;
    app.db
        .read(move |conn| {
            if rooms::knows(conn, room, user)? {
                Ok(rooms::bindings(conn, room, page)?)
            } else {
                Ok((0, Vec::new()))
            }
        })
        .await
}
