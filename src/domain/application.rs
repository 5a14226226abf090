//! Applications to join a lesson in picture and sound (document 000): 9 applies, 13 accepts, 14 refuses, and
//! what nobody answers within a minute is unhandled. The messages stand in the lesson's group, unchanged.
//! Waiting runs on monotonic time; the store has who waits, so a restart forgets nobody.

mod hear;
mod relay;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Appliance, callback, room};
use crate::model::application::{Application, ApplicationState};
use crate::model::user::{Actor, User};
use crate::model::{Fault, Millis, Moment, RoomId, UserId};
use crate::store::{applications, users};
use crate::wire::leancloud::{self, Joining, Status};

pub use hear::heard;
pub use relay::{SERVICE, heard_outside, heard_until, note_heard_until};

/// Source: document 000, "1 分钟后还未收到".
pub const WAIT: Millis = Millis::seconds(60);
/// Lines that a moderator is shown.
const SHOWN_MAX: i64 = 100;
/// The picture of somebody who has none.
const NO_PICTURE: &str = "/watch/assets/icon.svg";

/// Who waits for an answer, in any lesson.
#[derive(Default)]
pub struct Applications {
    waiting: Mutex<HashMap<(RoomId, UserId), Waiting>>,
}

#[derive(Clone, Copy)]
struct Waiting {
    id: i64,
    /// On the monotonic clock.
    since: Millis,
}

impl Waiting {
    fn is_late(self, steady: Millis) -> bool {
        steady - self.since >= WAIT
    }
}

impl Applications {
    /// Nobody waits for an answer.
    pub fn is_still(&self) -> bool {
        self.waiting().is_empty()
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(RoomId, UserId), Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller asks to join, in the document's words.
///
/// # Errors
/// As of [`heard`].
pub async fn apply(app: &Appliance, id: RoomId, actor: &Actor, now: Moment) -> Result<i64, Fault> {
    let message = message(app, Status::Apply, actor.id, now).await?;
    Ok(heard(app, id, actor, &message, now).await?.unwrap_or(0))
}

/// The lesson's teacher answers, in the document's words.
///
/// # Errors
/// As of [`heard`].
pub async fn answer(
    app: &Appliance,
    id: RoomId,
    actor: &Actor,
    (applicant, status): (UserId, Status),
    now: Moment,
) -> Result<i64, Fault> {
    let message = message(app, status, applicant, now).await?;
    Ok(heard(app, id, actor, &message, now).await?.unwrap_or(0))
}

async fn message(
    app: &Appliance,
    status: Status,
    user: UserId,
    now: Moment,
) -> Result<String, Fault> {
    let found = app.db.read(move |conn| Ok(users::by_id(conn, user)?)).await?;
    let missing = Fault::Missing(crate::model::Thing::Application);
    let user: User = found.ok_or(missing)?;
    let picture = if user.picture.is_empty() { NO_PICTURE } else { &user.picture };
    Ok(leancloud::write(&Joining {
        user: user.id,
        status,
        name: user.shown_name().to_owned(),
        at: now.wall,
        avatar: callback::absolute(app, picture),
    }))
}

/// The caller's newest application to a lesson.
pub async fn mine(
    app: &Appliance,
    id: RoomId,
    actor: &Actor,
) -> Result<Option<Application>, Fault> {
    let user = actor.id;
    app.db.read(move |conn| Ok(applications::newest(conn, id, user)?)).await
}

/// The newest applications to a lesson, newest first, for its teacher.
///
/// # Errors
/// `Missing(Room)`, `Denied`.
pub async fn list(app: &Appliance, id: RoomId, actor: &Actor) -> Result<Vec<Application>, Fault> {
    room::hosted(app, id, actor).await?;
    app.db.read(move |conn| Ok(applications::of_room(conn, id, SHOWN_MAX)?)).await
}

/// Looks for those whom nobody answered in time; called as often as the box keeps house.
pub async fn age(app: &Appliance, now: Moment) {
    let late: Vec<((RoomId, UserId), Waiting)> = {
        let waiting = app.applications.waiting();
        waiting.iter().filter(|(_, w)| w.is_late(now.steady)).map(|(k, w)| (*k, *w)).collect()
    };
    for ((room, user), Waiting { id, .. }) in late {
        let unhandled = ApplicationState::Unhandled;
        let settled = app
            .db
            .write(move |conn| Ok(applications::settle(conn, id, unhandled, None, now.wall)?));
        match settled.await {
            Ok(was_waiting) => {
                app.applications.waiting().remove(&(room, user));
                if was_waiting {
                    tracing::info!(%room, %user, "nobody answered an application");
                }
            }
            // The next second tries again; an answer is refused as late meanwhile.
            Err(fault) => tracing::warn!(%room, ?fault, "a late application was not noted"),
        }
    }
}

/// After a restart those who waited wait on. The applicant's minute ran while the box was down.
pub(super) async fn restore(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let found = app.db.read(|conn| Ok(applications::waiting(conn)?)).await?;
    let mut waiting = app.applications.waiting();
    for application in found {
        let age = Millis((now.wall - application.applied_at).0.max(0));
        let since = now.steady - age;
        waiting.insert((application.room, application.user), Waiting { id: application.id, since });
    }
    Ok(())
}
