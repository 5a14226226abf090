//! PTZ cameras: who may steer which, and where they look when a lesson begins and when it is over. How a camera is
//! spoken to is not known here: its line takes wishes and answers them.

use tokio::sync::{mpsc, oneshot, watch};

use super::{Appliance, classroom};
use crate::model::camera::{Answer, Failure, Inquiry, PresetDo, Spot, Status, Told, Wish};
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Millis, Part, Thing};
use crate::wire::visca::Address;

/// Wishes that wait for a line: seven cameras, two hands each.
const WAITING: usize = 16;
/// A hand that holds a button down asks again by itself.
const RETRY: Millis = Millis(500);

pub struct Camera {
    pub name: String,
    pub classroom: String,
    /// As the configuration names it.
    pub model: &'static str,
    /// The preset in which it begins a lesson.
    pub start: Option<u8>,
    /// The preset in which it is while there is no lesson: it faces the wall.
    pub idle: Option<u8>,
    pub address: Address,
    pub lead: Lead,
    pub status: watch::Receiver<Status>,
}

/// The way to a line of cameras. Stops have their own, so that they wait for nobody.
#[derive(Clone)]
pub struct Lead {
    wishes: mpsc::Sender<Asked>,
    stops: mpsc::Sender<Asked>,
}

/// The other end of it.
pub struct Desk {
    pub wishes: mpsc::Receiver<Asked>,
    pub stops: mpsc::Receiver<Asked>,
}

/// A wish on its way.
pub struct Asked {
    pub to: Address,
    pub wish: Wish,
    pub told: oneshot::Sender<Result<Told, Failure>>,
}

pub fn lead() -> (Lead, Desk) {
    let ((wishes, waiting), (stops, urgent)) = (mpsc::channel(WAITING), mpsc::channel(WAITING));
    (Lead { wishes, stops }, Desk { wishes: waiting, stops: urgent })
}

/// Makes a camera do something, on behalf of somebody. Answers when it has begun with all of it.
///
/// # Errors
/// `Missing(Camera)`, `Denied`, `Offline(Camera)`, `Busy`, `Invalid` for what its model cannot do, `Conflict`.
pub async fn steer(
    app: &Appliance,
    number: i64,
    actor: &Actor,
    wishes: &[Wish],
) -> Result<(), Fault> {
    let camera = one(app, number)?;
    let stores = |wish: &Wish| {
        matches!(wish, Wish::Preset(PresetDo::Store | PresetDo::Forget, _))
            && !actor.role.is_of_the_box()
    };
    if !classroom::is_in_charge(app, &camera.classroom, actor) {
        return Err(Fault::denied("this camera is for the teacher whose lesson runs in its room"));
    }
    if wishes.iter().any(stores) {
        return Err(Fault::denied("presets are kept by technicians and administrators"));
    }
    if camera.is_silent() {
        // Its line looks whether it is back, and stops it then. Nobody waits for that.
        let stops = wishes.contains(&Wish::Stop);
        let wish = if stops { Wish::Stop } else { Wish::Ask(Inquiry::Power) };
        drop(camera.send(wish).await);
        return Err(Fault::Offline(Part::Camera));
    }
    let mut told = Vec::new();
    for wish in wishes {
        told.push(camera.send(*wish).await);
    }
    // Its lesson ended meanwhile: the camera may just have been turned to the wall.
    if !classroom::is_in_charge(app, &camera.classroom, actor) {
        settle(app, &camera.classroom).await;
    }
    for told in told {
        heard(told).await.map_err(fault)?;
    }
    Ok(())
}

/// What a camera says of itself now; what it does not say is absent.
///
/// # Errors
/// `Missing(Camera)`.
pub async fn look(app: &Appliance, number: i64) -> Result<Vec<Answer>, Fault> {
    let camera = one(app, number)?;
    if camera.is_silent() {
        drop(camera.send(Wish::Ask(Inquiry::Power)).await);
        return Ok(Vec::new());
    }
    let mut told = Vec::new();
    for inquiry in [Inquiry::Position, Inquiry::Zoom, Inquiry::Focus] {
        told.push(camera.send(Wish::Ask(inquiry)).await);
    }
    let mut answers = Vec::new();
    for told in told {
        if let Ok(Told::Answer(answer)) = heard(told).await {
            answers.push(answer);
        }
    }
    Ok(answers)
}

/// Cameras are numbered from 1, as they are configured.
///
/// # Errors
/// `Missing(Camera)`.
pub fn one(app: &Appliance, number: i64) -> Result<&Camera, Fault> {
    let at = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    at.and_then(|at| app.cameras.get(at)).ok_or(Fault::Missing(Thing::Camera))
}

/// Turns a classroom's cameras to where they belong: into the lesson that runs there, or to the wall. To be called after
/// each change; of two who call it at once, the later one knows better, so it looks again.
pub async fn settle(app: &Appliance, classroom: &str) {
    loop {
        // Switched off, it has no business in the lesson.
        let host =
            || app.presence.host_in(classroom).filter(|_| !classroom::is_off(app, classroom));
        let now = host();
        for camera in app.cameras.iter().filter(|camera| camera.classroom == classroom) {
            // Nobody is filmed by a camera that stands by: it is turned away when somebody switches it on.
            let wakes = now.is_some();
            let preset = if wakes { camera.start } else { camera.idle };
            // It is remembered there.
            let spot = preset.map(|preset| Spot { preset, wakes });
            drop(camera.send(Wish::Place(spot)).await);
        }
        if host() == now {
            return;
        }
    }
}

/// After a start: where a camera looks is not known, perhaps it has been without power.
pub async fn settle_all(app: &Appliance) {
    for classroom in &app.policy.classrooms {
        settle(app, &classroom.name).await;
    }
}

type Reply = Result<oneshot::Receiver<Result<Told, Failure>>, Failure>;

impl Camera {
    fn is_silent(&self) -> bool {
        self.status.borrow().answers == Some(false)
    }

    async fn send(&self, wish: Wish) -> Reply {
        let (told, hears) = oneshot::channel();
        let asked = Asked { to: self.address, wish, told };
        let Lead { wishes, stops } = &self.lead;
        let is_sent = match wish {
            Wish::Stop => stops.send(asked).await.is_ok(),
            // Its line takes what comes, open or not; and this one must not be lost.
            Wish::Place(_) => wishes.send(asked).await.is_ok(),
            _ => match wishes.try_send(asked) {
                Err(mpsc::error::TrySendError::Full(_)) => return Err(Failure::Busy),
                sent => sent.is_ok(),
            },
        };
        if is_sent { Ok(hears) } else { Err(Failure::Silent) }
    }
}

async fn heard(told: Reply) -> Result<Told, Failure> {
    told?.await.unwrap_or(Err(Failure::Silent))
}

fn fault(why: Failure) -> Fault {
    match why {
        Failure::Silent => Fault::Offline(Part::Camera),
        Failure::Busy => Fault::Busy { retry: RETRY },
        Failure::NotNow => Fault::Conflict(Conflict::NotNow),
        Failure::Unsupported => Fault::invalid("camera", "has no such thing, or not so much of it"),
        Failure::Overtaken => Fault::Conflict(Conflict::Overtaken),
    }
}
