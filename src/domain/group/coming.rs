//! Who comes into a group, by whom, and who leaves it.

use std::net::IpAddr;

use rusqlite::Connection;

use super::relay::Relay;
use super::{MEMBERS_MAX, of_member, room_for};
use crate::domain::guess::Account;
use crate::domain::{Appliance, talk};
use crate::model::group::{Group, GroupId};
use crate::model::{Conflict, Fault, Moment, Refusal, Thing, UserId};
use crate::store::{group_members, groups, users};

/// A member brings somebody in. Who is in it already stays.
///
/// # Errors
/// `Missing(Group)` for whoever is not in it, `Missing(User)`, `Conflict(Full)`.
pub async fn join(
    app: &Appliance,
    id: GroupId,
    by: UserId,
    whom: UserId,
    now: Moment,
) -> Result<(), Fault> {
    let relay = Relay::of(app);
    let job = move |conn: &Connection| {
        let group = of_member(conn, id, by)?;
        // Administrators and technicians are unknown to the five dialects; a closed account comes nowhere.
        let known = users::by_id(conn, whom)?.filter(|u| !u.role.is_of_the_box() && !u.disabled);
        known.ok_or(Fault::Missing(Thing::User))?;
        put(conn, &group, whom, &relay, now)
    };
    if app.db.write(job).await? {
        tracing::info!(group = %id, user = %whom, %by, "brought into a group");
        app.outbox_bell.notify_one();
    }
    Ok(())
}

/// Somebody at a group's door who was told its code face to face.
#[derive(Clone, Debug)]
pub struct Knock {
    pub user: UserId,
    pub code: String,
    pub from: IpAddr,
}

/// Wrong codes a minute of one person at one group.
const TRIES: usize = 5;

/// Lets somebody in who knows the code.
///
/// # Errors
/// `Missing(Group)`; `Unauthenticated(Code)` for a wrong code, also where the group has none; `Busy` after
/// five of them; `Conflict(Full)`.
pub async fn enter(app: &Appliance, id: GroupId, knock: Knock, now: Moment) -> Result<(), Fault> {
    let found = app.db.read(move |conn| Ok(groups::open(conn, id)?)).await?;
    let group = found.ok_or(Fault::Missing(Thing::Group))?;
    let door = (Account::Door(id, knock.user), knock.from);
    let right = app.guesses.few(door, (&knock.code, &group.code), TRIES, now.steady)?;
    if !right || group.code.is_empty() {
        return Err(match app.guesses.wrong_from(knock.from, now.steady) {
            Some(retry) => Fault::Busy { retry },
            None => Fault::Unauthenticated(Refusal::Code),
        });
    }
    let (user, relay) = (knock.user, Relay::of(app));
    let job = move |conn: &Connection| {
        let group = groups::open(conn, id)?.ok_or(Fault::Missing(Thing::Group))?;
        put(conn, &group, user, &relay, now)
    };
    if app.db.write(job).await? {
        tracing::info!(group = %id, %user, "entered a group by its code");
        app.outbox_bell.notify_one();
    }
    Ok(())
}

/// Puts somebody into a group; `false` when he is in it already.
fn put(
    conn: &Connection,
    group: &Group,
    user: UserId,
    relay: &Relay,
    now: Moment,
) -> Result<bool, Fault> {
    if group_members::contains(conn, group.id, user)? {
        return Ok(false);
    }
    room_for(conn, user)?;
    if group_members::count(conn, group.id)? >= MEMBERS_MAX {
        return Err(Fault::Conflict(Conflict::Full));
    }
    group_members::insert(conn, group.id, user, now.wall)?;
    relay.joined(conn, group, user, now.wall)?;
    Ok(true)
}

/// Somebody leaves. The owner's place passes to whoever has been in the group longest; it closes behind the
/// last one.
///
/// # Errors
/// `Missing(Group)` for whoever is not in it.
pub async fn quit(app: &Appliance, id: GroupId, user: UserId, now: Moment) -> Result<(), Fault> {
    let relay = Relay::of(app);
    let job = move |conn: &Connection| {
        let group = of_member(conn, id, user)?;
        group_members::delete(conn, id, user)?;
        match group_members::oldest(conn, id)? {
            None => {
                groups::close(conn, id, now.wall)?;
                return relay.closed(conn, &group, user, now.wall);
            }
            Some(next) if group.owner == user => groups::set_owner(conn, id, next)?,
            Some(_) => {}
        }
        relay.left(conn, &group, user, now.wall)
    };
    app.db.write(job).await?;
    tracing::info!(group = %id, %user, "left a group");
    talk::expel(app, &id.to_string(), Some(user));
    app.outbox_bell.notify_one();
    Ok(())
}
