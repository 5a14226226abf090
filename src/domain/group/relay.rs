//! What RongCloud is told of groups, when its keys are configured: each change is a row of the outbox, put in
//! the same transaction and sent in order for each group.

use rusqlite::Connection;

use crate::domain::Appliance;
use crate::model::group::{Group, GroupId};
use crate::model::{Entropy, Fault, Millis, Moment, RoomId, UserId};
use crate::store::{group_members, groups, memo, outbox};
use crate::wire::rongcloud::{self, Call};

/// The name under which the outbox knows RongCloud; no webhook may have it.
pub const SERVICE: &str = "rongcloud";

/// Tells RongCloud of every group, once for each application: groups may be older than the keys.
/// To be asked at the start, before anybody changes a group.
pub async fn catch_up(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let relay = Relay::of(app);
    let key = app.policy.rongcloud.as_ref().map_or("", |rongcloud| &rongcloud.key).to_owned();
    let job = move |conn: &Connection| {
        let told = memo::get(conn, SERVICE)?.unwrap_or_default();
        if told == key {
            return Ok(());
        }
        for group in groups::all_open(conn)? {
            relay.whole(conn, &group, now.wall)?;
        }
        Ok(memo::put(conn, SERVICE, &key)?)
    };
    app.db.write_first(job).await
}

/// Notes changes, or does nothing.
#[derive(Clone)]
pub(super) struct Relay {
    /// `None`: groups stay in the box.
    entropy: Option<Entropy>,
}

impl Relay {
    pub fn of(app: &Appliance) -> Self {
        let on = app.policy.rongcloud.is_some();
        Self { entropy: on.then(|| app.entropy.clone()) }
    }

    pub fn made(&self, conn: &Connection, group: &Group, now: Millis) -> Result<(), Fault> {
        let owner = [group.owner.to_string()];
        self.put(conn, group.id, now, |id| rongcloud::create(&owner, id, &group.name))
    }

    pub fn joined(
        &self,
        conn: &Connection,
        group: &Group,
        user: UserId,
        now: Millis,
    ) -> Result<(), Fault> {
        let user = [user.to_string()];
        self.put(conn, group.id, now, |id| rongcloud::join(&user, id, &group.name))
    }

    pub fn left(
        &self,
        conn: &Connection,
        group: &Group,
        user: UserId,
        now: Millis,
    ) -> Result<(), Fault> {
        self.put(conn, group.id, now, |id| rongcloud::quit(&user.to_string(), id))
    }

    /// Closed by `user`, as its owner or its last member.
    pub fn closed(
        &self,
        conn: &Connection,
        group: &Group,
        user: UserId,
        now: Millis,
    ) -> Result<(), Fault> {
        self.put(conn, group.id, now, |id| rongcloud::dismiss(&user.to_string(), id))
    }

    /// A group whole, as RongCloud may not know it yet. Telling it twice is harmless.
    fn whole(&self, conn: &Connection, group: &Group, now: Millis) -> Result<(), Fault> {
        let people = group_members::ids(conn, group.id)?;
        let people: Vec<String> = people.iter().map(UserId::to_string).collect();
        for some in people.chunks(rongcloud::PEOPLE_MAX) {
            self.put(conn, group.id, now, |id| rongcloud::create(some, id, &group.name))?;
        }
        Ok(())
    }

    fn put(
        &self,
        conn: &Connection,
        group: GroupId,
        now: Millis,
        call: impl FnOnce(&str) -> Call,
    ) -> Result<(), Fault> {
        let Some(entropy) = &self.entropy else { return Ok(()) };
        let Call { action, form } = call(&group.to_string());
        let event_id = format!("{SERVICE}-{group}-{}", entropy.hex::<8>());
        // A group's number is no lesson's, so it is a line of its own.
        outbox::put(conn, SERVICE, RoomId(group.0), (action, &event_id, &form), now)?;
        Ok(())
    }
}
