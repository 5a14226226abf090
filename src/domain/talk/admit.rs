//! Who may listen in a group, and who may speak there.

use super::Wish;
use crate::domain::{Appliance, room, watch};
use crate::model::group::GroupId;
use crate::model::lesson::Room;
use crate::model::talk::Where;
use crate::model::user::{Actor, Role};
use crate::model::{Fault, RoomId, Thing};
use crate::store::{group_members, groups, rooms, users};

/// What somebody is in a group.
#[derive(Clone, Debug)]
pub struct Standing {
    /// As text, as everywhere.
    pub id: String,
    pub place: Where,
    pub may: May,
    /// The lesson's host, or the owner of a group of 003.
    pub leads: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    Look,
    Speak,
}

/// Lets somebody in: to a lesson's group whoever is or was in the lesson, and who may watch it unless their
/// application (001's appid) is not its host's; to a group of 003 its members. Administrators may look.
///
/// # Errors
/// `Missing(Group)`, `Denied`.
pub async fn admit(app: &Appliance, wish: &Wish) -> Result<Standing, Fault> {
    let actor = &*wish.actor;
    let place = Where::parse(&wish.group).ok_or(Fault::Missing(Thing::Group))?;
    let may = match actor.role {
        Role::Teacher | Role::Pupil => May::Speak,
        Role::Administrator | Role::Viewer => May::Look,
        Role::Technician => return Err(Fault::denied("this group is for its members")),
    };
    let leads = match place {
        Where::Lesson(id) => lesson(app, id, wish.key.as_deref(), actor).await?,
        Where::Group(id) => group(app, id, actor).await?,
    };
    Ok(Standing { id: wish.group.clone(), place, may, leads })
}

async fn lesson(
    app: &Appliance,
    id: RoomId,
    key: Option<&str>,
    actor: &Actor,
) -> Result<bool, Fault> {
    let room = room::get(app, id).await.map_err(|fault| match fault {
        Fault::Missing(_) => Fault::Missing(Thing::Group),
        other => other,
    })?;
    let leads = room.host == actor.id;
    if leads || actor.role == Role::Administrator {
        return Ok(leads);
    }
    let (user, host) = (actor.id, room.host);
    let (knows, host) = app
        .db
        .read(move |conn| Ok((rooms::knows(conn, id, user)?, users::by_id(conn, host)?)))
        .await?;
    if knows {
        return Ok(false);
    }
    let foreign = |host: &crate::model::user::User| match (host.appid, actor.appid) {
        (Some(theirs), Some(own)) => theirs != own,
        (None, _) | (_, None) => false,
    };
    if host.as_ref().is_some_and(foreign) {
        return Err(Fault::denied("this lesson is of another application"));
    }
    let _: Room = watch::admit(app, id, key, Some(actor)).await?;
    Ok(false)
}

async fn group(app: &Appliance, id: GroupId, actor: &Actor) -> Result<bool, Fault> {
    let user = actor.id;
    let (group, inside) = app
        .db
        .read(move |conn| Ok((groups::open(conn, id)?, group_members::contains(conn, id, user)?)))
        .await?;
    let group = group.ok_or(Fault::Missing(Thing::Group))?;
    if inside || actor.role == Role::Administrator {
        return Ok(group.owner == user);
    }
    Err(Fault::denied("this group is for its members"))
}
