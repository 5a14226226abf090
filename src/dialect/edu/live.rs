//! Courses: made, started, beaten for, listed, furnished, ended.

mod pages;

use std::sync::Arc;

use crate::dialect::fields::{Int, Nothing, RoomNumber, Text};
use crate::dialect::{Base, Caller, Input, Json, Made, Work, serve};
use crate::domain::catalogue::{Host, Slip};
use crate::domain::{Appliance, lesson, room, user};
use crate::model::lesson::{Binding, Member, Page, Room, RoomFilter, RoomState};
use crate::model::user::Actor;
use crate::model::{Fault, Handle, Millis, Thing, UserId};
use crate::{input, output};

type Index = Int<0, { i64::MAX }>;
type Size = Int<0, 50>;

input! {
    /// A new course.
    pub struct Create {
        /// Title; may be empty.
        pub title: Text<0, 128>,
        /// Address of a cover picture.
        pub cover: Option<Text<0, 1024>>,
    }
}

output! {
    /// The course's names.
    pub struct Created {
        /// Room number, from 10001.
        pub roomnum: i64,
        /// IM group of the course: the room number as text.
        pub groupid: String,
    }
}

pub async fn create(input: Input<Create>) -> Result<Created, Fault> {
    let Input { app, actor, caller, value } = input;
    let cover = value.cover.map_or_else(String::new, |c| c.0);
    let id = room::create(&app, &actor, value.title.0, cover, caller.now).await?;
    Ok(Created { roomnum: id.0, groupid: id.to_string() })
}

input! {
    /// Names a course.
    pub struct Course {
        /// Room number.
        pub roomnum: RoomNumber,
    }
}

pub async fn startcourse(input: Input<Course>) -> Result<Nothing, Fault> {
    let Input { app, actor, caller, value } = input;
    let by = (&*actor, caller.addr);
    lesson::start(&app, value.roomnum.0, by, caller.timestamp, caller.now).await?;
    Ok(Nothing)
}

pub async fn exitroom(input: Input<Course>) -> Result<Nothing, Fault> {
    let Input { app, actor, caller, value } = input;
    let by = (&*actor, caller.addr);
    lesson::exit(&app, value.roomnum.0, by, caller.timestamp, caller.now).await?;
    Ok(Nothing)
}

/// A plain function: the route table has no way to let it wait.
pub fn heartbeat(
    app: &Arc<Appliance>,
    actor: &Actor,
    caller: &Caller,
    value: Course,
) -> Result<Nothing, Fault> {
    app.presence.beat(value.roomnum.0, actor.id, caller.now.steady)?;
    Ok(Nothing)
}

input! {
    /// Which courses, which page.
    pub struct RoomList {
        /// First row, from 0.
        pub index: Index,
        /// Rows, at most 50.
        pub size: Size,
        /// Only this course.
        pub roomnum: Option<RoomNumber>,
        /// Created or begun after this second since 1970.
        pub from_time: Option<Index>,
        /// Created or begun up to this second since 1970.
        pub to_time: Option<Index>,
        /// Only courses of this teacher.
        pub host_uid: Option<Text<1, 64>>,
        /// 0 created, 1 running, 2 over, 3 replay ready.
        pub state: Option<Int<0, 3>>,
    }
}

output! {
    /// A page of courses.
    pub struct Rooms {
        /// Courses that match, on all pages.
        pub total: i64,
        /// This page.
        pub rooms: Vec<RoomRow>,
    }
}

output! {
    /// A course.
    pub struct RoomRow {
        /// Its teacher.
        pub host_uid: String,
        /// Title.
        pub title: String,
        /// 0 created, 1 running, 2 over, 3 replay ready.
        pub state: i64,
        /// Room number.
        pub roomnum: i64,
        /// IM group.
        pub groupid: String,
        /// Cover picture, or empty.
        pub cover: String,
        /// Members now while running, distinct members ever once over.
        pub memsize: i64,
        /// The replay's index file, or empty.
        pub playback_idx_url: String,
        /// Second since 1970 at which it began, or 0.
        pub begin_time: i64,
        /// Sequence of the group message that marks the beginning, or 0.
        pub begin_imseq: i64,
        /// Second since 1970 at which it ended, or 0.
        pub end_time: i64,
        /// Sequence of the group message that marks the end, or 0.
        pub end_imseq: i64,
    }
}

pub fn roomlist(input: Input<RoomList>) -> Work<'static> {
    let Input { app, caller, value, .. } = input;
    let page = Page { index: value.index.0, size: value.size.0 };
    let (mut filter, teacher) = match filter(&caller, &value) {
        Ok(asked) => asked,
        Err(fault) => return Work::Done(Err(fault)),
    };
    match in_memory(&app, &caller, filter.clone(), teacher.as_ref(), page) {
        Ok(Some(json)) => return Work::Done(Ok(Made::Json(json))),
        Ok(None) => {}
        Err(fault) => return Work::Done(Err(fault)),
    }
    serve::later(async move {
        if let Some(teacher) = teacher {
            let host = user::by_handle(&app, teacher).await?;
            let host = host.map(|u| Host { id: u.id, appid: u.appid, role: u.role });
            filter.host = Some(judged(&caller, host)?);
        }
        let (total, found) = room::list(&app, filter, page).await?;
        let rooms = found.into_iter().map(|room| shown(&app, &caller.base, room)).collect();
        Ok(Rooms { total, rooms })
    })
}

/// The page, where memory knows the teacher or none is named.
fn in_memory(
    app: &Appliance,
    caller: &Caller,
    mut filter: RoomFilter,
    teacher: Option<&Handle>,
    page: Page,
) -> Result<Option<Json>, Fault> {
    if let Some(teacher) = teacher {
        let Some(host) = app.catalogue.host(teacher) else { return Ok(None) };
        filter.host = Some(judged(caller, Some(host))?);
    }
    let paste = |total, slips: &[&Slip]| pages::rooms(app, &caller.base, total, slips);
    Ok(app.catalogue.rooms(&filter, page, pages::room, paste))
}

/// All but the number of the teacher, who is named beside it.
fn filter(caller: &Caller, value: &RoomList) -> Result<(RoomFilter, Option<Handle>), Fault> {
    let seconds = |t: Option<Index>| t.filter(|t| t.0 > 0).map(|t| t.0);
    let (from, to) = (seconds(value.from_time), seconds(value.to_time));
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(Fault::invalid("from_time", "must not be later than to_time"));
    }
    let handle = |uid: &Text<1, 64>| Handle::new(&uid.0).ok_or(Fault::Missing(Thing::User));
    let filter = RoomFilter {
        appid: Some(caller.appid),
        room: value.roomnum.map(|r| r.0),
        from: from.map(|s| Millis(s.saturating_mul(1000))),
        // Up to and with the last millisecond of that second.
        to: to.map(|s| Millis(s.saturating_mul(1000).saturating_add(999))),
        host: None,
        state: value.state.and_then(|s| RoomState::from_number(s.0)),
    };
    Ok((filter, value.host_uid.as_ref().map(handle).transpose()?))
}

/// Whether courses of this teacher may be asked for.
fn judged(caller: &Caller, host: Option<Host>) -> Result<UserId, Fault> {
    // Administrators and technicians are unknown to the five dialects.
    let host = host.filter(|host| !host.role.is_of_the_box());
    let host = host.ok_or(Fault::Missing(Thing::User))?;
    if host.appid.is_some_and(|appid| appid != caller.appid) {
        return Err(Fault::invalid("host_uid", "belongs to another appid"));
    }
    Ok(host.id)
}

fn shown(app: &Appliance, base: &Base, room: Room) -> RoomRow {
    let (cover, playback_idx_url) =
        (base.absolute(app, &room.cover), base.absolute(app, &room.index_url));
    RoomRow { cover, playback_idx_url, ..row(room) }
}

/// With addresses as they are stored.
fn row(room: Room) -> RoomRow {
    RoomRow {
        groupid: room.group(),
        cover: room.cover,
        playback_idx_url: room.index_url,
        host_uid: room.host_handle,
        title: room.title,
        state: room.state.number(),
        roomnum: room.id.0,
        memsize: room.members,
        begin_time: room.begin_at.as_seconds(),
        begin_imseq: room.begin_seq,
        end_time: room.end_at.as_seconds(),
        end_imseq: room.end_seq,
    }
}

input! {
    /// Coming or going.
    pub struct Report {
        /// Room number.
        pub roomnum: RoomNumber,
        /// 0 enters, 1 leaves.
        pub operate: Int<0, 1>,
    }
}

pub async fn reportmemid(input: Input<Report>) -> Result<Nothing, Fault> {
    let Input { app, actor, caller, value } = input;
    let id = value.roomnum.0;
    if value.operate.0 == 0 {
        lesson::enter(&app, id, &actor, caller.timestamp, caller.now).await?;
    } else {
        lesson::leave(&app, id, &actor, caller.now).await?;
    }
    Ok(Nothing)
}

input! {
    /// Which course, which page.
    pub struct Members {
        /// Room number.
        pub roomnum: RoomNumber,
        /// First row, from 0.
        pub index: Index,
        /// Rows, at most 50.
        pub size: Size,
    }
}

output! {
    /// A page of members.
    pub struct MemberList {
        /// Members in the room now.
        pub total: i64,
        /// This page, in order of registration.
        pub idlist: Vec<MemberRow>,
    }
}

output! {
    /// Somebody in the room.
    pub struct MemberRow {
        /// User id.
        pub id: String,
        /// 1 teacher, 0 pupil.
        pub role: i64,
    }
}

pub fn roomidlist(input: Input<Members>) -> Work<'static> {
    let Input { app, value, .. } = input;
    let (room, page) = (value.roomnum.0, Page { index: value.index.0, size: value.size.0 });
    if !app.presence.exists(room) {
        return Work::Done(Err(Fault::Missing(Thing::Room)));
    }
    if let Some(json) = app.catalogue.members(room, page, pages::member, pages::members) {
        return Work::Done(Ok(Made::Json(json)));
    }
    serve::later(async move {
        let (total, found) = room::members(&app, room, page).await?;
        Ok(MemberList { total, idlist: found.into_iter().map(seat).collect() })
    })
}

fn seat(member: Member) -> MemberRow {
    MemberRow { id: member.handle, role: i64::from(member.is_teacher) }
}

input! {
    /// A file of a course.
    pub struct BindFile {
        /// 0 courseware, 1 film.
        pub r#type: Int<0, 1>,
        /// File name.
        pub file_name: Text<1, 256>,
        /// Its address; names the binding.
        pub url: Text<1, 1024>,
    }
}

input! {
    /// Tying and untying.
    pub struct Bind {
        /// Room number.
        pub roomnum: RoomNumber,
        /// 0 binds, 1 unbinds.
        pub operate: Int<0, 1>,
        /// The file.
        pub bind_file: BindFile,
    }
}

pub async fn reportbind(input: Input<Bind>) -> Result<Nothing, Fault> {
    let Input { app, actor, caller, value } = input;
    let (id, file) = (value.roomnum.0, value.bind_file);
    if value.operate.0 == 0 {
        let binding = Binding { kind: file.r#type.0, file_name: file.file_name.0, url: file.url.0 };
        room::bind(&app, id, &actor, binding, caller.now).await?;
    } else {
        room::unbind(&app, id, &actor, file.url.0).await?;
    }
    Ok(Nothing)
}

output! {
    /// A bound file.
    pub struct BoundFile {
        /// 0 courseware, 1 film.
        pub r#type: i64,
        /// File name.
        pub file_name: String,
        /// Its address.
        pub url: String,
    }
}

output! {
    /// A page of files.
    pub struct Bound {
        /// Files of the course.
        pub total: i64,
        /// This page, newest first.
        pub bind_files: Vec<BoundFile>,
    }
}

pub async fn querybind(input: Input<Members>) -> Result<Bound, Fault> {
    let Input { app, actor, caller, value } = input;
    let page = Page { index: value.index.0, size: value.size.0 };
    let (total, found) = room::bindings(&app, value.roomnum.0, &actor, page).await?;
    let row = |b: Binding| BoundFile {
        r#type: b.kind,
        file_name: b.file_name,
        url: caller.base.absolute(&app, &b.url),
    };
    Ok(Bound { total, bind_files: found.into_iter().map(row).collect() })
}
