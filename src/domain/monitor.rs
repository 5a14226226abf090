//! Looking at a capture input: a picture of now, and how loud it is. Who may, is decided here; how pictures are made and sound is
//! heard is not known here: the recorder and `hw::monitor` show them, of a lesson what is recorded, else what is opened for those
//! who look.

mod demand;
mod noted;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::timeout;

use self::demand::Demand;
pub use self::demand::{Taken, Watched};
use self::noted::Noted;
use super::policy::Classroom;
use super::{Appliance, classroom};
use crate::model::level::{Level, Meter};
use crate::model::recording::Track;
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Millis, Moment, Part, Thing};

/// Of one input, a picture is made at most so often, whoever looks.
const PICTURE: Millis = Millis::seconds(1);
/// What is older is no picture of now: the encoder hangs.
const STALE: Millis = Millis::seconds(10);
/// People who wait for a picture or a sound of one input.
const PLACES: usize = 8;
/// So long they wait: a camera may take three seconds to open.
const PATIENCE: Duration = Duration::from_secs(6);
const RETRY: Millis = Millis::seconds(1);

/// The board's inputs, in its order.
#[derive(Clone, Debug, Default)]
pub struct Monitors(Arc<[Arc<Input>]>);

#[derive(Debug)]
pub struct Input {
    pub name: String,
    /// As the board describes it.
    pub about: String,
    sight: watch::Sender<Sight>,
    meter: watch::Sender<Meter>,
    places: Semaphore,
    demand: Demand,
    noted: Noted,
}

#[derive(Debug, Default)]
struct Sight {
    /// What is to be made a picture of.
    film: Option<Film>,
    shot: Option<Shot>,
}

/// The newest key frame of a lesson.
#[derive(Clone, Debug)]
pub struct Film {
    pub init: Bytes,
    pub part: Bytes,
}

/// A JPEG, and when it was made, on the steady clock.
#[derive(Clone, Debug)]
pub struct Shot {
    pub jpeg: Bytes,
    pub at: Millis,
}

/// Before somebody looks or listens: an input that no lesson has is opened for him, if anything can, and the audit says so. To be
/// run to its end, also for who hangs up.
///
/// # Errors
/// `Missing(Input)`, `Denied`, `Conflict(SwitchedOff)` while it is switched off, `Busy` when too many look; what keeps the audit from
/// being written.
pub async fn ask(
    app: &Appliance,
    name: &str,
    (actor, from): (&Actor, IpAddr),
    now: Moment,
) -> Result<(), Fault> {
    let input = admit(app, name, actor)?;
    if lesson(app, name).is_some() || !input.demand.is_served() {
        return Ok(());
    }
    // Who is not let in has not looked.
    if input.demand.is_full(actor.id, now.steady) {
        return Err(Fault::Busy { retry: RETRY });
    }
    noted::note(app, input, (actor, from), now).await?;
    input.demand.look(actor.id, now.steady)
}

/// A picture of now, at most a second old, for who has asked.
///
/// # Errors
/// As with `ask`, for a disk that hangs may have kept him waiting; `Busy` also when too many wait or none has come yet, `Offline`.
pub async fn picture(
    app: &Appliance,
    name: &str,
    actor: &Actor,
    now: Moment,
) -> Result<Bytes, Fault> {
    let (input, lesson) = enter(app, name, actor, now)?;
    let mut sight = input.sight.subscribe();
    let fresh = |sight: &Sight| {
        sight.shot.as_ref().filter(|shot| now.steady - shot.at < PICTURE).map(|s| s.jpeg.clone())
    };
    if let Some(jpeg) = fresh(&sight.borrow()) {
        return Ok(jpeg);
    }
    let _place = input.place(lesson)?;
    if let Some(lesson) = lesson {
        let film = newest(app, lesson, now.wall)?;
        input.sight.send_modify(|sight| sight.film = Some(film));
    }
    let seen = timeout(PATIENCE, sight.wait_for(|sight| fresh(sight).is_some())).await;
    let seen = seen.ok().and_then(Result::ok).and_then(|sight| fresh(&sight));
    // Another's lesson may have begun meanwhile.
    admit(app, name, actor)?;
    seen.ok_or(Fault::Busy { retry: RETRY })
}

/// Before somebody listens.
///
/// # Errors
/// As with `ask`; `Invalid` of slides.
pub fn has_sound(app: &Appliance, name: &str, actor: &Actor) -> Result<(), Fault> {
    admit(app, name, actor)?;
    match app.policy.classrooms.iter().any(|room| room.slides.as_deref() == Some(name)) {
        true => Err(Fault::invalid("input", "slides are read without sound")),
        false => Ok(()),
    }
}

/// How loud it is now, for who has asked.
///
/// # Errors
/// As with `picture`.
pub async fn level(
    app: &Appliance,
    name: &str,
    actor: &Actor,
    now: Moment,
) -> Result<Level, Fault> {
    let (input, lesson) = enter(app, name, actor, now)?;
    let mut meter = input.meter.subscribe();
    if let Some(level) = meter.borrow().shows(now.steady) {
        return Ok(level);
    }
    let _place = input.place(lesson)?;
    let heard = meter.wait_for(|meter| meter.shows(now.steady).is_some());
    let heard = timeout(PATIENCE, heard).await.ok().and_then(Result::ok);
    admit(app, name, actor)?;
    heard.and_then(|meter| meter.shows(now.steady)).ok_or(Fault::Busy { retry: RETRY })
}

/// Staff, and who is in charge of a classroom that has the input. Before his lesson a teacher has none there, and would see
/// whether the camera stands right: he may where the configuration calls the room his own, while nobody's lesson runs there. In
/// other rooms he begins his lesson first: nobody in the staff room shall look into a room in which others are. Lamp, pages and
/// audit tell of everybody who does.
pub fn may_look(app: &Appliance, input: &Input, actor: &Actor) -> bool {
    let is_free = || lesson(app, &input.name).is_none();
    is_in_charge(app, input, actor)
        || rooms(app, &input.name).any(|room| room.is_own(&actor.handle)) && is_free()
}

/// Staff, and the teacher whose lesson runs in a classroom that has the input.
pub fn is_in_charge(app: &Appliance, input: &Input, actor: &Actor) -> bool {
    let mut rooms = rooms(app, &input.name);
    actor.role.is_of_the_box() || rooms.any(|r| classroom::is_in_charge(app, &r.name, actor))
}

/// The classrooms that have the input.
fn rooms<'a>(app: &'a Appliance, input: &str) -> impl Iterator<Item = &'a Classroom> {
    app.policy.classrooms.iter().filter(move |room| room.has(input))
}

/// The input, and the lesson that has it: without one he sees nothing before the audit names him.
fn enter<'a>(
    app: &'a Appliance,
    name: &str,
    actor: &Actor,
    now: Moment,
) -> Result<(&'a Input, Option<Track>), Fault> {
    let input = admit(app, name, actor)?;
    let lesson = lesson(app, name);
    let is_named = || !input.demand.is_served() || input.noted.has(actor.id, now.steady);
    match lesson.is_some() || is_named() {
        true => Ok((input, lesson)),
        false => Err(Fault::Busy { retry: RETRY }),
    }
}

/// The one gate before everything that is seen or heard of an input.
fn admit<'a>(app: &'a Appliance, name: &str, actor: &Actor) -> Result<&'a Arc<Input>, Fault> {
    let input = app.monitors.get(name).ok_or(Fault::Missing(Thing::Input))?;
    match may_look(app, input, actor) {
        true if app.devices.now().is_shut(name) => Err(Fault::Conflict(Conflict::SwitchedOff)),
        true => Ok(input),
        false => Err(Fault::denied("this input is for the teacher whose lesson or room it shows")),
    }
}

/// The lesson that has the input.
fn lesson(app: &Appliance, input: &str) -> Option<Track> {
    rooms(app, input).find_map(|room| {
        let (id, _) = app.presence.lesson_in(&room.name)?;
        Some(if room.input == input { Track::teacher(id) } else { Track::slides(id) })
    })
}

/// The newest key frame of a lesson, as it is shown to those who watch it.
fn newest(app: &Appliance, lesson: Track, now: Millis) -> Result<Film, Fault> {
    let newest = app.live.screen(lesson).and_then(|screen| screen.with(|s| s.key().cloned()));
    let part = newest.ok_or(Fault::Busy { retry: RETRY })?;
    if now - part.at >= STALE {
        return Err(Fault::Offline(Part::Recorder));
    }
    Ok(Film { init: part.film.init.clone(), part: part.bytes })
}

impl Monitors {
    /// Of inputs with these names and descriptions.
    pub fn of<'a>(inputs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(inputs.map(|(name, about)| Arc::new(Input::new(name, about))).collect())
    }

    pub fn all(&self) -> &[Arc<Input>] {
        &self.0
    }

    pub fn get(&self, name: &str) -> Option<&Arc<Input>> {
        self.0.iter().find(|input| input.name == name)
    }
}

impl Input {
    fn new(name: &str, about: &str) -> Self {
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
            sight: watch::Sender::default(),
            meter: watch::Sender::default(),
            places: Semaphore::new(PLACES),
            demand: Demand::default(),
            noted: Noted::default(),
        }
    }

    /// To wait for what a lesson shows, or whoever opens it.
    fn place(&self, lesson: Option<Track>) -> Result<SemaphorePermit<'_>, Fault> {
        let is_shown = lesson.is_some() || self.demand.is_served();
        let place = self.places.try_acquire().ok().filter(|_| is_shown);
        place.ok_or(Fault::Busy { retry: RETRY })
    }

    /// Waits until a picture of a lesson is wanted.
    pub async fn film(&self) -> Film {
        let mut sight = self.sight.subscribe();
        loop {
            // Its sender is here: it does not go.
            let _ = sight.wait_for(|sight| sight.film.is_some()).await;
            let mut film = None;
            self.sight.send_if_modified(|sight| {
                film = sight.film.take();
                false
            });
            if let Some(film) = film {
                return film;
            }
        }
    }

    pub fn show(&self, shot: Shot) {
        self.sight.send_modify(|sight| sight.shot = Some(shot));
    }

    /// Another tenth of a second of its sound.
    pub fn hear(&self, peak: f32, rms: f32, at: Moment) {
        self.meter.send_modify(|meter| meter.hear(peak, rms, at));
    }
}
