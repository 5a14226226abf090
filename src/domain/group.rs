//! Groups of people: made, looked at, closed. Who comes and goes is in `coming`. A lesson's group is none of
//! these; it is the lesson's own. Source: 003-im-groups.md; decisions.md, section 003.

mod coming;
mod relay;

use std::sync::Arc;

use super::Appliance;
use super::recall::Before;
use crate::model::group::{Group, GroupId, Member};
use crate::model::lesson::Page;
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Moment, Thing, UserId};
use crate::store::{group_members, groups};
use relay::Relay;

pub use coming::{Knock, enter, join, quit};
pub use relay::{SERVICE, catch_up};

/// People in one group, and groups of one person: as many as RongCloud takes (its API, group/join).
pub const MEMBERS_MAX: i64 = 3000;
pub const GROUPS_MAX: i64 = 500;

/// What a new group shall be.
#[derive(Clone, Debug)]
pub struct Plan {
    pub name: String,
    /// Opens it face to face; empty opens it for nobody.
    pub code: String,
    /// Address of a picture; empty for the default one.
    pub cover: String,
}

/// Makes a group. Its maker owns it and is in it.
///
/// # Errors
/// `Conflict(Full)` when the maker is in as many groups as one may be, `Busy` for who has made more than anybody does.
pub async fn create(
    app: &Appliance,
    actor: &Actor,
    plan: Plan,
    now: Moment,
) -> Result<Group, Fault> {
    let (owner, relay) = (actor.id, Relay::of(app));
    app.allowances.row(owner, now.steady)?;
    let group = Group {
        id: GroupId(0),
        name: plan.name,
        code: plan.code,
        cover: plan.cover,
        owner,
        created_at: now.wall,
    };
    let made = app
        .db
        .write(move |conn| {
            room_for(conn, owner)?;
            let group = Group { id: groups::insert(conn, &group)?, ..group };
            group_members::insert(conn, group.id, owner, now.wall)?;
            relay.made(conn, &group, now.wall)?;
            Ok(group)
        })
        .await?;
    tracing::info!(group = %made.id, user = %owner, "group made");
    app.outbox_bell.notify_one();
    Ok(made)
}

/// Whether somebody may be in one more group.
fn room_for(conn: &rusqlite::Connection, user: UserId) -> Result<(), Fault> {
    let full = groups::count_of(conn, user)? >= GROUPS_MAX;
    if full { Err(Fault::Conflict(Conflict::Full)) } else { Ok(()) }
}

/// Closes a group for everybody. Its owner only.
///
/// # Errors
/// `Missing(Group)`, `Denied` for everybody else, whether they are in it or not.
pub async fn dismiss(app: &Appliance, id: GroupId, user: UserId, now: Moment) -> Result<(), Fault> {
    let relay = Relay::of(app);
    let job = move |conn: &rusqlite::Connection| {
        let group = groups::open(conn, id)?.ok_or(Fault::Missing(Thing::Group))?;
        if group.owner != user {
            return Err(Fault::denied("only the group's owner may dismiss it"));
        }
        groups::close(conn, id, now.wall)?;
        relay.closed(conn, &group, user, now.wall)
    };
    app.db.write(job).await?;
    tracing::info!(group = %id, %user, "group dismissed");
    super::talk::expel(app, &id.to_string(), None);
    app.outbox_bell.notify_one();
    Ok(())
}

/// A group as anybody may see it, and whether `viewer` is in it.
pub async fn view(
    app: &Appliance,
    id: GroupId,
    viewer: Option<UserId>,
) -> Result<(Group, bool), Fault> {
    app.db
        .read(move |conn| {
            let group = groups::open(conn, id)?.ok_or(Fault::Missing(Thing::Group))?;
            let inside = viewer.map(|user| group_members::contains(conn, id, user)).transpose()?;
            Ok((group, inside == Some(true)))
        })
        .await
}

/// The groups that somebody is in and the number of all, as memory shows them: the page that most ask for.
pub fn first(app: &Appliance, user: UserId) -> Result<Arc<(i64, Vec<Group>)>, Before> {
    app.recall.groups.get(&user)
}

/// The same from the store, any page; the first one is kept in memory.
pub async fn of(
    app: &Appliance,
    user: UserId,
    page: Page,
    before: Option<Before>,
) -> Result<Arc<(i64, Vec<Group>)>, Fault> {
    let read = app.db.read(move |conn| Ok(groups::of(conn, user, page)?)).await;
    let found = Arc::new(read?);
    if let Some(before) = before {
        app.recall.groups.keep(user, found.clone(), before);
    }
    Ok(found)
}

/// The people in a group and their number, for one of them.
pub async fn members(
    app: &Appliance,
    id: GroupId,
    user: UserId,
    page: Page,
) -> Result<(i64, Vec<Member>), Fault> {
    app.db
        .read(move |conn| {
            of_member(conn, id, user)?;
            Ok(group_members::page(conn, id, page)?)
        })
        .await
}

/// The group, for whoever is in it; for others it does not exist.
fn of_member(conn: &rusqlite::Connection, id: GroupId, user: UserId) -> Result<Group, Fault> {
    let group = groups::open(conn, id)?;
    let inside = group_members::contains(conn, id, user)?;
    group.filter(|_| inside).ok_or(Fault::Missing(Thing::Group))
}
