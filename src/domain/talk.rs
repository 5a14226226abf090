//! The room channel: what is said in a group, kept in one gap-free sequence and heard live by whoever listens.
//! It knows who may listen and speak; frames and sockets are others' business.
//!
//! How nobody misses or repeats a number, whoever posts it (a member, a lesson's start inside its own
//! transaction): the store tells of each message after its commit, in order (`store::posted`); the hub hands it to
//! every listener; a listener takes only the successor of the last number it has, and reads the store whenever it
//! finds a gap, because it has just come, was slow, or was not told. So replay, live delivery and catching up are
//! one and the same.

mod admit;
mod ear;
mod hub;

use std::sync::Arc;

use rusqlite::Connection;

use super::{Appliance, application};
use crate::model::lesson::RoomState;
use crate::model::talk::{self, Utterance, Where};
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Handle, Moment, Thing, UserId};
use crate::store::{group_members, hands, messages, rooms, users};
use crate::wire;
pub use admit::{May, Standing};
pub use ear::Ear;
pub use hub::Hub;

/// Messages of one lesson: an index carries them. A group of 003 lives for years.
const LESSON_MESSAGES_MAX: i64 = super::message::PAGE_MAX;
const GROUP_MESSAGES_MAX: i64 = 1_000_000;

/// Who wants to listen, and from where on.
pub struct Wish {
    /// A lesson's number, or a group of 003.
    pub group: String,
    pub actor: Arc<Actor>,
    /// The lesson's key, for those who are no members.
    pub key: Option<String>,
    /// The last number the listener has; 0 for everything.
    pub since: i64,
}

/// Begins to listen. The answer gives the frames one by one: who is there, what was said after `since`, then live.
///
/// # Errors
/// `Missing(Group)`, `Denied`, `Busy` when too many listen already.
pub async fn join(app: &Arc<Appliance>, wish: Wish, now: Moment) -> Result<Ear, Fault> {
    let standing = admit::admit(app, &wish).await?;
    Ear::open(app.clone(), wish, standing, now)
}

/// Says something and answers its number in the sequence, once it survives a power cut; 0 for a hand that was
/// already where it should be.
///
/// # Errors
/// `Denied`, `Conflict(Over)` when the lesson is, `Busy` for whoever speaks too fast.
pub async fn say(ear: &mut Ear, utterance: Utterance, now: Moment) -> Result<i64, Fault> {
    let standing = ear.standing().clone();
    if standing.may == May::Look {
        return Err(Fault::denied("you may listen, not speak"));
    }
    ear.pace(now.steady)?;
    let (app, actor) = (ear.app().clone(), ear.actor().clone());
    // A lesson has a bound of its own; a group goes on for years.
    if let Where::Group(_) = standing.place {
        app.allowances.message(actor.id, now.steady)?;
    }
    if let (Where::Lesson(id), Utterance::LeanCloud(body)) = (standing.place, &utterance) {
        let message = wire::leancloud::unbody(body).unwrap_or_default();
        if let Some(seq) = application::heard(&app, id, &actor, &message, now).await? {
            return Ok(seq);
        }
        if wire::leancloud::pretends(&message) {
            return Err(Fault::invalid("body", "is a malformed message of the join conversation"));
        }
    }
    app.db.write(move |conn| kept(conn, &standing, &actor, utterance, now)).await
}

/// One utterance inside a writer's job, which also asks anew what may have changed since the listener came.
fn kept(
    conn: &Connection,
    standing: &Standing,
    actor: &Actor,
    utterance: Utterance,
    now: Moment,
) -> Result<i64, Fault> {
    let group = &standing.id;
    let most = match standing.place {
        Where::Lesson(room) => {
            let room = rooms::by_id(conn, room)?.ok_or(Fault::Missing(Thing::Group))?;
            match room.state {
                RoomState::Created | RoomState::Live => LESSON_MESSAGES_MAX,
                RoomState::Over | RoomState::Replay => return Err(Fault::Conflict(Conflict::Over)),
            }
        }
        Where::Group(id) => {
            if !group_members::contains(conn, id, actor.id)? {
                return Err(Fault::Missing(Thing::Group));
            }
            GROUP_MESSAGES_MAX
        }
    };
    let post = |kind, body: &str| {
        let seq = messages::post(conn, group, kind, actor.handle.as_str(), body, now.wall)?;
        if seq > most { Err(Fault::denied("this group holds no more messages")) } else { Ok(seq) }
    };
    match utterance {
        Utterance::Text(body) => post(talk::TEXT, &body),
        Utterance::LeanCloud(body) => post(talk::LEANCLOUD, &body),
        Utterance::HandUp => {
            if hands::is_up(conn, group, actor.id)? {
                return Ok(0);
            }
            let seq = post(talk::HAND_UP, &wire::talk::hand(actor.handle.as_str()))?;
            hands::raise(conn, group, actor.id, seq)?;
            Ok(seq)
        }
        Utterance::HandDown(whose) => {
            let (user, handle) = whose_hand(conn, standing, actor, whose)?;
            if !hands::lower(conn, group, user)? {
                return Ok(0);
            }
            post(talk::HAND_DOWN, &wire::talk::hand(handle.as_str()))
        }
    }
}

/// The speaker's own hand, or for who leads the one that is named.
fn whose_hand(
    conn: &Connection,
    standing: &Standing,
    actor: &Actor,
    whose: Option<Handle>,
) -> Result<(UserId, Handle), Fault> {
    let Some(handle) = whose.filter(|handle| handle.key() != actor.handle.key()) else {
        return Ok((actor.id, actor.handle.clone()));
    };
    if !standing.leads {
        return Err(Fault::denied("only who leads lowers another's hand"));
    }
    let user = users::by_handle(conn, &handle)?.ok_or(Fault::Missing(Thing::User))?;
    Ok((user.id, user.handle))
}

/// Sends somebody out who is no member any more; `None`: everybody, for the group is closed.
pub fn expel(app: &Appliance, group: &str, user: Option<UserId>) {
    app.talk.expel(group, user);
}
