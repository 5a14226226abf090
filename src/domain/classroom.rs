//! Classrooms and the switch for their devices. Switched off, no camera and no microphone of a classroom is opened, whoever
//! teaches there and however often the box starts, until somebody switches it on again.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::devices::Standing;
use super::policy::Classroom;
use super::{Appliance, audit, camera};
use crate::model::audit::{Entry, Event};
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Moment, RoomId, Thing};
use crate::store::classrooms::{self, Off};
use crate::store::lessons;

/// One at a time: the later one is what counts.
#[derive(Default)]
pub struct Switches {
    turn: tokio::sync::Mutex<()>,
    /// What is off and not stored yet, in the order in which it was said: of each classroom a teacher's word at most, and then
    /// staff's. Whose turn it is changes it.
    waiting: Mutex<Vec<Switched>>,
}

/// A switch, and what is written down of it.
#[derive(Clone)]
struct Switched {
    off: Off,
    entry: Entry,
    lesson: Option<RoomId>,
}

/// A classroom as it stands.
pub struct View<'a> {
    pub classroom: &'a Classroom,
    pub lesson: Option<RoomId>,
    /// Its devices are open now.
    pub is_open: bool,
    /// Who switched them off, and when; staff, if they have said so, too.
    pub off: Option<Off>,
}

/// All of them, in the order of the configuration.
///
/// # Errors
/// The store's.
pub async fn list(app: &Appliance) -> Result<Vec<View<'_>>, Fault> {
    let off = all_off(app).await?;
    let all = app.policy.classrooms.iter().map(|classroom| View {
        classroom,
        lesson: app.presence.lesson_in(&classroom.name).map(|(room, _)| room),
        is_open: is_open(&app.devices.now(), classroom),
        off: meant(app, &off, classroom).min_by_key(|off| !off.by_staff).cloned(),
    });
    Ok(all.collect())
}

/// Switches the devices of a classroom, counted from 1, on or off. What is open is closed at once, also when that cannot be
/// stored: then it is an error, and is stored as soon as it can be (`retry`).
///
/// # Errors
/// `Missing(Classroom)`; for teachers `Conflict(NotLive)` where no lesson runs, and `Denied` where another's does, or where staff
/// switched them off.
pub async fn switch(
    app: &Appliance,
    number: i64,
    is_on: bool,
    (actor, from): (&Actor, IpAddr),
    now: Moment,
) -> Result<(), Fault> {
    let at = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    let classroom = at.and_then(|at| app.policy.classrooms.get(at));
    let classroom = classroom.ok_or(Fault::Missing(Thing::Classroom))?;
    let lesson = app.presence.lesson_in(&classroom.name);
    if !is_in_charge(app, &classroom.name, actor) {
        lesson.ok_or(Fault::Conflict(Conflict::NotLive))?;
        return Err(Fault::denied("this is for staff and the teacher whose lesson runs there"));
    }
    let word = if is_on { "on" } else { "off" };
    let off = Off {
        name: classroom.name.clone(),
        input: classroom.input.clone(),
        by: actor.handle.as_str().to_owned(),
        by_staff: actor.role.is_of_the_box(),
        at: now.wall,
    };
    let event = if off.by_staff { Event::CameraSwitched } else { Event::OwnCameraSwitched };
    let entry = audit::by(actor, from, event, &classroom.name).with(word);
    let switched = Switched { off, entry, lesson: lesson.map(|(room, _)| room) };
    // Before anything that may wait: a disk that is full or hangs keeps no camera open.
    let shut = || classroom.inputs().for_each(|input| app.devices.switch(input, false));
    if !is_on {
        shut();
    }
    let turn = app.switches.turn.lock().await;
    let stored = if is_on {
        switch_on(app, classroom, switched).await
    } else {
        // Whoever had the turn may have switched it on.
        shut();
        app.switches.put(switched);
        store(app).await
    };
    drop(turn);
    let is_stored = stored.is_ok();
    tracing::info!(classroom = classroom.name, word, is_stored, "camera and microphone");
    camera::settle(app, &classroom.name).await;
    stored
}

/// Everything that shuts a classroom goes, if that may be; its devices stay shut while they are another's, too, whose are off.
async fn switch_on(
    app: &Appliance,
    classroom: &Classroom,
    switched: Switched,
) -> Result<(), Fault> {
    let mut off = all_off(app).await?;
    let names: Vec<String> = meant(app, &off, classroom).map(|off| off.name.clone()).collect();
    let is_staffs = meant(app, &off, classroom).any(|off| off.by_staff);
    if is_staffs && !switched.off.by_staff {
        return Err(Fault::denied("staff switched it off: only they may switch it on"));
    }
    // The book has the one before the other.
    store(app).await?;
    off.retain(|off| !names.contains(&off.name));
    if !names.is_empty() {
        let write = app.db.write(move |conn| {
            names.iter().try_for_each(|name| classrooms::switch_on(conn, name))?;
            switched.note(conn)
        });
        write.await?;
    }
    let is_off = |other: &&Classroom| meant(app, &off, other).next().is_some();
    let others: Vec<&Classroom> = app.policy.classrooms.iter().filter(is_off).collect();
    for input in classroom.inputs().filter(|input| !others.iter().any(|other| other.has(input))) {
        app.devices.switch(input, true);
    }
    Ok(())
}

/// Stores what waits, in its order. For whose turn it is.
async fn store(app: &Appliance) -> Result<(), Fault> {
    loop {
        let next = app.switches.waiting().first().cloned();
        let Some(switched) = next else { return Ok(()) };
        let write = app.db.write(move |conn| match classrooms::switch_off(conn, &switched.off)? {
            true => switched.note(conn),
            false => Ok(()),
        });
        write.await?;
        app.switches.waiting().remove(0);
    }
}

/// Stores what was switched off and could not be stored then. Each minute, and when the box ends.
///
/// # Errors
/// The store's: it is still so.
pub async fn retry(app: &Appliance) -> Result<(), Fault> {
    let _turn = app.switches.turn.lock().await;
    store(app).await
}

impl Switches {
    /// Nothing that waits is taken back by it: what staff said stays theirs.
    fn put(&self, switched: Switched) {
        let mut waiting = self.waiting();
        let mut said = waiting.iter().filter(|other| other.off.name == switched.off.name);
        if !said.any(|other| other.off.by_staff >= switched.off.by_staff) {
            waiting.push(switched);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Switched>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Switched {
    /// In the lesson's log and in the book.
    fn note(self, conn: &Connection) -> Result<(), Fault> {
        if let Some(room) = self.lesson {
            lessons::log(conn, room, self.off.at, "camera and microphone", &self.entry.detail)?;
        }
        audit::note(conn, self.entry, self.off.at)
    }
}

/// What is switched off in the store, and what waits for it.
async fn all_off(app: &Appliance) -> Result<Vec<Off>, Fault> {
    let mut off = app.db.read(|conn| Ok(classrooms::off(conn)?)).await?;
    off.extend(app.switches.waiting().iter().map(|switched| switched.off.clone()));
    Ok(off)
}

/// What of it means this classroom: by its name, or by its input if it has another name now.
fn meant<'a>(
    app: &'a Appliance,
    off: &'a [Off],
    classroom: &'a Classroom,
) -> impl Iterator<Item = &'a Off> {
    let is_known = |name: &str| app.policy.classrooms.iter().any(|known| known.name == name);
    off.iter().filter(move |off| {
        off.name == classroom.name || classroom.has(&off.input) && !is_known(&off.name)
    })
}

/// Shuts what is switched off in the store.
pub(super) async fn restore(app: &Appliance) -> Result<(), Fault> {
    let off = all_off(app).await?;
    let (mut shut, mut lost): (Vec<String>, Vec<&Off>) = (Vec::new(), off.iter().collect());
    for classroom in &app.policy.classrooms {
        let meant: Vec<&Off> = meant(app, &off, classroom).collect();
        shut.extend(classroom.inputs().filter(|_| !meant.is_empty()).cloned());
        lost.retain(|off| !meant.iter().any(|meant| meant.name == off.name));
    }
    for Off { name, input, .. } in lost {
        tracing::warn!(classroom = name, input, "switched off, and not in the configuration");
    }
    app.devices.shut(shut);
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
