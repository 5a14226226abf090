//! The join conversation beyond the box: applications that come by LeanCloud, answers that leave for it. Only
//! with its keys; whoever carries them is `ops`.

use std::collections::HashMap;

use rusqlite::Connection;

use super::hear;
use crate::domain::Appliance;
use crate::domain::policy::Policy;
use crate::model::application::ApplicationState;
use crate::model::user::{Actor, Origin};
use crate::model::{Fault, Millis, Moment, RoomId};
use crate::store::{memo, outbox, users};
use crate::wire::leancloud::{self, Status};

/// The outbox's name for LeanCloud; no webhook can have it.
pub const SERVICE: &str = "leancloud";
/// Key of the memo: `lesson:milliseconds`, with blanks between.
const HEARD: &str = "leancloud heard";

/// Puts an answer into the outbox, in the transaction that gives it.
pub(super) fn owe(
    conn: &Connection,
    room: RoomId,
    (application, state): (i64, ApplicationState),
    message: &str,
    now: Moment,
) -> Result<(), Fault> {
    let event_id = format!("{SERVICE}-{application}");
    outbox::put(conn, SERVICE, room, (state.word(), &event_id, message), now.wall)?;
    Ok(())
}

pub(super) fn is_configured(policy: &Policy) -> bool {
    policy.channel.leancloud.is_some()
}

/// Takes what was said in a lesson's conversation outside. Whoever has the application's keys there may speak for
/// anybody, so it counts for people of the channel alone, and only what applies.
///
/// # Errors
/// As of [`hear::heard`]; what is nobody's application is passed over.
pub async fn heard_outside(
    app: &Appliance,
    room: RoomId,
    message: &str,
    now: Moment,
) -> Result<(), Fault> {
    let Some(joining) = leancloud::read(message).filter(|j| j.status == Status::Apply) else {
        return Ok(());
    };
    let found = app.db.read(move |conn| Ok(users::by_id(conn, joining.user)?)).await?;
    let is_sent = |user: &crate::model::user::User| {
        user.origin == Origin::Channel && !user.disabled && !user.role.is_of_the_box()
    };
    let Some(user) = found.filter(is_sent) else { return Ok(()) };
    let actor = Actor {
        id: user.id,
        handle: user.handle,
        role: user.role,
        appid: user.appid,
        origin: Origin::Channel,
    };
    hear::heard(app, room, &actor, message, now).await.map(drop)
}

/// Up to where each running lesson's conversation was heard, by LeanCloud's clock.
pub async fn heard_until(app: &Appliance) -> Result<HashMap<RoomId, Millis>, Fault> {
    let text = app.db.read(|conn| Ok(memo::get(conn, HEARD)?)).await?.unwrap_or_default();
    let pair = |pair: &str| {
        let (room, at) = pair.split_once(':')?;
        Some((RoomId(room.parse().ok()?), Millis(at.parse().ok()?)))
    };
    Ok(text.split(' ').filter_map(pair).collect())
}

/// Keeps that, in place of what was kept before.
pub async fn note_heard_until(app: &Appliance, until: Vec<(RoomId, Millis)>) -> Result<(), Fault> {
    let pairs: Vec<String> = until.iter().map(|(room, at)| format!("{room}:{}", at.0)).collect();
    app.db.write(move |conn| Ok(memo::put(conn, HEARD, &pairs.join(" "))?)).await
}
