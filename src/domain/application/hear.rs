//! What a message of the join conversation comes to, whoever brought it: the room channel, a page, LeanCloud.
//! The row and the message stand in one transaction, or neither does.

use rusqlite::Connection;

use super::{Appliance, Waiting, relay};
use crate::domain::{audit, message, room};
use crate::model::application::{Application, ApplicationState};
use crate::model::audit::{Entry, Event};
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Millis, Moment, RoomId, Thing, UserId};
use crate::store::{applications, messages};
use crate::wire::leancloud::{self, Joining, Status};

/// Applications of one person to one lesson; some are refused, some time out, some try again.
const TRIES_MAX: i64 = 30;
/// Applicants of one lesson who wait at the same time: more than anybody can answer in a minute.
const WAITING_MAX: usize = 200;

/// Takes a LeanCloud message that somebody says in a lesson's group, posts it as it stands, and answers its
/// number. `None` for what is no part of the join conversation: that is chat, and not posted here.
///
/// Who applies again while waiting goes on waiting; the message stands all the same.
///
/// # Errors
/// `Denied` for speaking in somebody else's name, for the teacher's own application and for answers of anybody
/// but the teacher; `Missing(Room)`, `Missing(Application)`; `Conflict(NotLive)`; `Conflict(Answered)` for an
/// answer that is not the first or comes after a minute; `Busy` past the limits.
pub async fn heard(
    app: &Appliance,
    id: RoomId,
    actor: &Actor,
    message: &str,
    now: Moment,
) -> Result<Option<i64>, Fault> {
    let Some(joining) = leancloud::read(message) else { return Ok(None) };
    let post = Post::of(id, actor, message, now);
    let room = room::get(app, id).await?;
    if !app.presence.is_live(id) {
        return Err(Fault::Conflict(Conflict::NotLive));
    }
    let seq = match joining.status {
        Status::Apply if room.host == actor.id => {
            return Err(Fault::denied("the teacher is in the lesson already"));
        }
        Status::Apply => applied(app, id, actor, &joining, post, now).await?,
        Status::Accepted | Status::Refused => {
            room::hosted(app, id, actor).await?;
            answered(app, id, actor, (&joining, message), post, now).await?
        }
    };
    Ok(Some(seq))
}

async fn applied(
    app: &Appliance,
    id: RoomId,
    actor: &Actor,
    joining: &Joining,
    post: Post,
    now: Moment,
) -> Result<i64, Fault> {
    if joining.user != actor.id {
        return Err(Fault::denied("everybody applies for themselves"));
    }
    if actor.role.is_of_the_box() {
        return Err(Fault::denied("staff of the box do not apply"));
    }
    let user = actor.id;
    if app.applications.waiting().keys().filter(|(room, _)| *room == id).count() >= WAITING_MAX {
        return Err(Fault::Busy { retry: super::WAIT });
    }
    let write = app.db.write(move |conn| {
        let before = applications::newest(conn, id, user)?;
        let fresh = match before {
            Some(Application { state: ApplicationState::Waiting, .. }) => None,
            Some(_) if applications::count(conn, id, user)? >= TRIES_MAX => {
                return Err(Fault::Busy { retry: Millis::seconds(3600) });
            }
            Some(_) | None => Some(applications::insert(conn, id, user, now.wall)?),
        };
        Ok((fresh, post.into(conn)?))
    });
    let (fresh, seq) = write.await?;
    if let Some(application) = fresh {
        let waiting = Waiting { id: application, since: now.steady };
        app.applications.waiting().insert((id, user), waiting);
        tracing::info!(room = %id, %user, "somebody applies to join");
    }
    Ok(seq)
}

async fn answered(
    app: &Appliance,
    id: RoomId,
    actor: &Actor,
    (joining, message): (&Joining, &str),
    post: Post,
    now: Moment,
) -> Result<i64, Fault> {
    let (applicant, by) = (joining.user, actor.id);
    let waiting = app.applications.waiting().get(&(id, applicant)).copied();
    if waiting.is_some_and(|waiting| waiting.is_late(now.steady)) {
        return Err(Fault::Conflict(Conflict::Answered));
    }
    let state = match joining.status {
        Status::Refused => ApplicationState::Refused,
        Status::Accepted | Status::Apply => ApplicationState::Accepted,
    };
    let entry = noted(actor, id, applicant, state);
    let owed = relay::is_configured(&app.policy).then(|| message.to_owned());
    let write = app.db.write(move |conn| {
        let application = applications::newest(conn, id, applicant)?;
        let application = application.ok_or(Fault::Missing(Thing::Application))?;
        if !applications::settle(conn, application.id, state, Some(by), now.wall)? {
            return Err(Fault::Conflict(Conflict::Answered));
        }
        audit::note(conn, entry, now.wall)?;
        if let Some(message) = owed {
            relay::owe(conn, id, (application.id, state), &message, now)?;
        }
        post.into(conn)
    });
    let seq = write.await?;
    app.applications.waiting().remove(&(id, applicant));
    app.outbox_bell.notify_one();
    tracing::info!(room = %id, user = %applicant, answer = state.word(), "an application is answered");
    Ok(seq)
}

fn noted(actor: &Actor, room: RoomId, applicant: UserId, state: ApplicationState) -> Entry {
    let entry = Entry::from(actor.origin, "", Event::ApplicationAnswered, &applicant.to_string());
    Entry { actor: actor.handle.as_str().to_owned(), ..entry }
        .with(format!("{} in lesson {room}", state.word()))
}

/// A message on its way into a group's sequence.
struct Post {
    group: String,
    sender: String,
    body: String,
    at: Millis,
}

impl Post {
    fn of(room: RoomId, actor: &Actor, message: &str, now: Moment) -> Self {
        Self {
            group: room.to_string(),
            sender: actor.handle.as_str().to_owned(),
            body: leancloud::body(message),
            at: now.wall,
        }
    }

    fn into(self, conn: &Connection) -> Result<i64, Fault> {
        let kind = leancloud::KIND;
        let seq = messages::post(conn, &self.group, kind, &self.sender, &self.body, self.at)?;
        match seq > message::PAGE_MAX {
            true => Err(Fault::denied("this group holds no more messages")),
            false => Ok(seq),
        }
    }
}
