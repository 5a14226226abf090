//! Classrooms and the switch for their devices. Switched off, no camera and no microphone of a classroom is opened, whoever
//! teaches there and however often the box starts, until somebody switches it on again.

use std::net::IpAddr;

use tokio::sync::Mutex;

use super::devices::Standing;
use super::policy::Classroom;
use super::{Appliance, audit, camera};
use crate::model::audit::Event;
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Millis, Moment, RoomId, Thing};
use crate::store::{classrooms, lessons};

/// One at a time: the later one is what counts.
#[derive(Default)]
pub struct Switches(Mutex<()>);

/// A classroom as it stands.
pub struct View<'a> {
    pub classroom: &'a Classroom,
    pub lesson: Option<RoomId>,
    /// Its devices are open now.
    pub is_open: bool,
    /// Who switched them off, and when.
    pub off: Option<(String, Millis)>,
}

/// All of them, in the order of the configuration.
///
/// # Errors
/// The store's.
pub async fn list(app: &Appliance) -> Result<Vec<View<'_>>, Fault> {
    let off = app.db.read(|conn| Ok(classrooms::off(conn)?)).await?;
    let view = |classroom: &'_ Classroom| {
        let off = off.iter().find(|(name, ..)| *name == classroom.name);
        (is_open(&app.devices.now(), classroom), off.map(|(_, by, at)| (by.clone(), *at)))
    };
    let all = app.policy.classrooms.iter().map(|classroom| {
        let (is_open, off) = view(classroom);
        let lesson = app.presence.lesson_in(&classroom.name).map(|(room, _)| room);
        View { classroom, lesson, is_open, off }
    });
    Ok(all.collect())
}

/// Switches the devices of a classroom, counted from 1, on or off. What is open is closed at once, also when that cannot be
/// stored: then they stay shut until the box starts again or somebody switches them on.
///
/// # Errors
/// `Missing(Page)`; for teachers `Conflict(NotLive)` where no lesson runs, and `Denied` where another's does.
pub async fn switch(
    app: &Appliance,
    number: i64,
    is_on: bool,
    (actor, from): (&Actor, IpAddr),
    now: Moment,
) -> Result<(), Fault> {
    let at = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    let classroom = at.and_then(|at| app.policy.classrooms.get(at));
    let classroom = classroom.ok_or(Fault::Missing(Thing::Page))?;
    let lesson = app.presence.lesson_in(&classroom.name);
    if !is_in_charge(app, &classroom.name, actor) {
        lesson.ok_or(Fault::Conflict(Conflict::NotLive))?;
        return Err(Fault::denied("this is for staff and the teacher whose lesson runs there"));
    }
    let word = if is_on { "on" } else { "off" };
    let entry = audit::by(actor, from, Event::CameraSwitched, &classroom.name).with(word);
    let (name, by) = (classroom.name.clone(), actor.handle.as_str().to_owned());
    let room = lesson.map(|(room, _)| room);
    // Before anything that may wait: a disk that is full or hangs keeps no camera open.
    if !is_on {
        classroom.inputs().for_each(|input| app.devices.switch(input, false));
    }
    let turn = app.switches.0.lock().await;
    // Whoever had the turn may have switched it on.
    if !is_on {
        classroom.inputs().for_each(|input| app.devices.switch(input, false));
    }
    let stored = app
        .db
        .write(move |conn| {
            let is_news = match is_on {
                true => classrooms::switch_on(conn, &name)?,
                false => classrooms::switch_off(conn, &name, &by, now.wall)?,
            };
            if !is_news {
                return Ok(());
            }
            if let Some(room) = room {
                lessons::log(conn, room, now.wall, "camera and microphone", word)?;
            }
            audit::note(conn, entry, now.wall)
        })
        .await;
    for input in classroom.inputs().filter(|_| is_on && stored.is_ok()) {
        if !wanted_shut(app, input).await? {
            app.devices.switch(input, true);
        }
    }
    drop(turn);
    tracing::info!(
        classroom = classroom.name,
        word,
        is_stored = stored.is_ok(),
        "camera and microphone"
    );
    camera::settle(app, &classroom.name).await;
    stored
}

/// Whether a classroom with this input is switched off in the store.
async fn wanted_shut(app: &Appliance, input: &str) -> Result<bool, Fault> {
    let off = app.db.read(|conn| Ok(classrooms::off(conn)?)).await?;
    let mut same = app.policy.classrooms.iter().filter(|classroom| classroom.has(input));
    Ok(same.any(|classroom| off.iter().any(|(name, ..)| *name == classroom.name)))
}

/// Shuts what is switched off in the store.
pub(super) async fn restore(app: &Appliance) -> Result<(), Fault> {
    let off = app.db.read(|conn| Ok(classrooms::off(conn)?)).await?;
    let is_known = |name: &str| app.policy.classrooms.iter().any(|known| known.name == name);
    for (classroom, ..) in off.iter().filter(|(name, ..)| !is_known(name)) {
        tracing::warn!(classroom, "switched off, and not in the configuration: renamed, it is on");
    }
    let is_off = |classroom: &&Classroom| off.iter().any(|(name, ..)| *name == classroom.name);
    let shut = app.policy.classrooms.iter().filter(is_off);
    app.devices.shut(shut.flat_map(Classroom::inputs).cloned().collect());
    Ok(())
}

/// Who has a say in a classroom: staff always; a teacher while his own lesson runs there. Whose classroom it is usually does
/// not matter: who was given it for his lesson (`Presence::reserve`) is filmed there.
pub fn is_in_charge(app: &Appliance, name: &str, actor: &Actor) -> bool {
    actor.role.is_of_the_box() || app.presence.host_in(name) == Some(actor.id)
}

/// Whether its devices are to stay shut; also because another classroom has the same and is switched off.
pub fn is_off(app: &Appliance, name: &str) -> bool {
    let mut named = app.policy.classrooms.iter().filter(|classroom| classroom.name == name);
    named.any(|room| room.inputs().any(|input| app.devices.now().is_shut(input)))
}

fn is_open(standing: &Standing, classroom: &Classroom) -> bool {
    classroom.inputs().any(|input| standing.is_open(input))
}

/// Where a camera or microphone is open now.
pub fn open(app: &Appliance) -> Vec<&str> {
    let standing = app.devices.now();
    let open = app.policy.classrooms.iter().filter(|c| is_open(&standing, c));
    open.map(|classroom| classroom.name.as_str()).collect()
}
