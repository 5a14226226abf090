//! Groups of document 003: who comes in, who owns, what RongCloud is told.

mod doors;
mod pictures;

use std::net::IpAddr;

use arctos_box::domain::group::{self, GROUPS_MAX, Knock, MEMBERS_MAX, Plan};
use arctos_box::domain::outbox;
use arctos_box::model::group::{FIRST, Group, GroupId};
use arctos_box::model::lesson::Page;
use arctos_box::model::user::{Actor, Origin, Role, User};
use arctos_box::model::{Conflict, Fault, Handle, Refusal, Thing, UserId};
use arctos_box::store::{group_members, users};

use crate::world::{START, World};

const KEYS: [&str; 2] = ["groups.rongcloud_key=k", "groups.rongcloud_secret=s"];
const ALL: Page = Page { index: 0, size: 100 };

pub async fn person(world: &World, handle: &str, role: Role) -> Actor {
    let handle = Handle::new(handle).unwrap();
    let user = User::fresh(handle.clone(), Origin::Edu, role);
    let id = world.app().db.write(move |conn| users::insert(conn, &user, START)).await.unwrap();
    Actor { id, handle, role, appid: None, origin: Origin::Edu }
}

async fn make(world: &World, owner: &Actor, code: &str) -> Group {
    let plan = Plan { name: "三班".into(), code: code.into(), cover: String::new() };
    group::create(world.app(), owner, plan, world.clock.moment()).await.unwrap()
}

async fn join(world: &World, id: GroupId, by: &Actor, whom: UserId) -> Result<(), Fault> {
    group::join(world.app(), id, by.id, whom, world.clock.moment()).await
}

async fn quit(world: &World, id: GroupId, who: &Actor) -> Result<(), Fault> {
    group::quit(world.app(), id, who.id, world.clock.moment()).await
}

async fn people(world: &World, id: GroupId, asks: &Actor) -> Vec<i64> {
    let (total, members) = group::members(world.app(), id, asks.id, ALL).await.unwrap();
    assert_eq!(total, i64::try_from(members.len()).unwrap());
    members.iter().map(|m| m.id.0).collect()
}

fn missing(done: Result<(), Fault>) -> Thing {
    match done {
        Err(Fault::Missing(thing)) => thing,
        other => panic!("{other:?}"),
    }
}

fn full(done: Result<(), Fault>) -> bool {
    matches!(done, Err(Fault::Conflict(Conflict::Full)))
}

#[tokio::test]
async fn an_owners_place_passes_to_whoever_is_there_longest_and_the_last_one_closes_the_group() {
    let world = World::new().await;
    let ann = person(&world, "ann", Role::Teacher).await;
    let bob = person(&world, "bob", Role::Pupil).await;
    let eve = person(&world, "eve", Role::Pupil).await;
    let group = make(&world, &ann, "").await;
    assert_eq!(group.id, FIRST);
    join(&world, group.id, &ann, eve.id).await.unwrap();
    join(&world, group.id, &eve, bob.id).await.unwrap();
    quit(&world, group.id, &ann).await.unwrap();
    assert_eq!(missing(quit(&world, group.id, &ann).await), Thing::Group);
    let owner = async |asks| group::view(world.app(), group.id, asks).await.unwrap();
    let (seen, inside) = owner(Some(ann.id)).await;
    assert_eq!((seen.owner, inside), (eve.id, false));
    // Who comes back comes last.
    join(&world, group.id, &bob, ann.id).await.unwrap();
    assert_eq!(people(&world, group.id, &ann).await, [eve.id.0, bob.id.0, ann.id.0]);
    let by_bob = group::dismiss(world.app(), group.id, bob.id, world.clock.moment()).await;
    assert!(matches!(by_bob, Err(Fault::Denied(_))), "{by_bob:?}");
    for one in [&bob, &eve, &ann] {
        assert!(owner(Some(one.id)).await.1);
        quit(&world, group.id, one).await.unwrap();
    }
    assert_eq!(missing(group::view(world.app(), group.id, None).await.map(drop)), Thing::Group);
    let next = make(&world, &ann, "").await;
    assert_ne!(next.id, group.id, "a number names one group for ever");
}

#[tokio::test]
async fn staff_and_closed_accounts_are_brought_into_no_group() {
    let world = World::new().await;
    let ann = person(&world, "ann", Role::Teacher).await;
    let group = make(&world, &ann, "").await;
    for role in [Role::Administrator, Role::Technician] {
        let staff = person(&world, role.word(), role).await;
        assert_eq!(missing(join(&world, group.id, &ann, staff.id).await), Thing::User);
    }
    let gone = person(&world, "gone", Role::Pupil).await.id;
    let close = move |conn: &rusqlite::Connection| {
        conn.execute("UPDATE user SET disabled = 1 WHERE id = ?1", [gone.0])?;
        Ok(())
    };
    world.app().db.write(close).await.unwrap();
    assert_eq!(missing(join(&world, group.id, &ann, gone).await), Thing::User);
    assert_eq!(missing(join(&world, group.id, &ann, UserId(1)).await), Thing::User);
    assert_eq!(people(&world, group.id, &ann).await, [ann.id.0]);
}

#[tokio::test]
async fn a_code_lets_in_five_wrong_ones_in_a_minute_do_not_and_a_group_without_one_never() {
    let world = World::new().await;
    let ann = person(&world, "ann", Role::Teacher).await;
    let bob = person(&world, "bob", Role::Pupil).await;
    let (open, closed) = (make(&world, &ann, "4711").await, make(&world, &ann, "").await);
    let knock = async |who: &Actor, group: &Group, code: &str| {
        let from = IpAddr::from([192, 168, 0, 9]);
        let knock = Knock { user: who.id, code: code.into(), from };
        group::enter(world.app(), group.id, knock, world.clock.moment()).await
    };
    let wrong =
        |done: &Result<(), Fault>| matches!(done, Err(Fault::Unauthenticated(Refusal::Code)));
    for code in ["", "4711"] {
        assert!(wrong(&knock(&bob, &closed, code).await), "{code}");
    }
    for code in ["", "471", "47111", "4712", "0000"] {
        assert!(wrong(&knock(&bob, &open, code).await), "{code}");
    }
    for code in ["1", "4711"] {
        let done = knock(&bob, &open, code).await;
        assert!(matches!(done, Err(Fault::Busy { .. })), "{code}: {done:?}");
    }
    let eve = person(&world, "eve", Role::Pupil).await;
    knock(&eve, &open, "4711").await.unwrap();
    knock(&eve, &open, "4711").await.unwrap();
    world.hand.advance(arctos_box::model::Millis::seconds(60));
    knock(&bob, &open, "4711").await.unwrap();
    assert_eq!(people(&world, open.id, &bob).await, [ann.id.0, eve.id.0, bob.id.0]);
}

#[tokio::test]
async fn a_group_has_a_largest_size_and_a_person_a_largest_number_of_groups() {
    let world = World::new().await;
    let ann = person(&world, "ann", Role::Teacher).await;
    let bob = person(&world, "bob", Role::Pupil).await;
    let group = make(&world, &ann, "1").await.id;
    let fill = move |conn: &rusqlite::Connection| {
        for n in 1..MEMBERS_MAX {
            let user =
                User::fresh(Handle::new(&format!("u{n}")).unwrap(), Origin::Edu, Role::Pupil);
            let id = users::insert(conn, &user, START)?;
            group_members::insert(conn, group, id, START)?;
        }
        Ok(())
    };
    world.app().db.write(fill).await.unwrap();
    assert!(full(join(&world, group, &ann, bob.id).await));
    let many = move |conn: &rusqlite::Connection| {
        conn.execute(
            "INSERT INTO im_group (name, code, cover, owner_id, created_at)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
             SELECT 'n', '', '', ?1, 0 FROM n",
            rusqlite::params![bob.id.0, GROUPS_MAX],
        )?;
        conn.execute(
            "INSERT INTO group_member (group_id, user_id, joined_at)
             SELECT id, ?1, 0 FROM im_group WHERE owner_id = ?1",
            [bob.id.0],
        )?;
        Ok(())
    };
    world.app().db.write(many).await.unwrap();
    let small = make(&world, &ann, "").await.id;
    assert!(full(join(&world, small, &ann, bob.id).await));
    let plan = Plan { name: "n".into(), code: String::new(), cover: String::new() };
    let made = group::create(world.app(), &bob, plan, world.clock.moment()).await;
    assert!(full(made.map(drop)));
}

/// Action and body of each call that waits, oldest first.
async fn calls(world: &World) -> Vec<(String, String)> {
    let mut waiting = outbox::newest(world.app(), 1000).await.unwrap();
    waiting.reverse();
    assert!(waiting.iter().all(|call| call.webhook == group::SERVICE));
    waiting.into_iter().map(|call| (call.event, call.body)).collect()
}

#[tokio::test]
async fn rongcloud_is_told_each_change_once_and_in_order() {
    let world = World::with(&KEYS).await;
    let ann = person(&world, "ann", Role::Teacher).await;
    let bob = person(&world, "bob", Role::Pupil).await;
    let id = make(&world, &ann, "").await.id;
    for _ in 0..2 {
        join(&world, id, &ann, bob.id).await.unwrap();
    }
    quit(&world, id, &ann).await.unwrap();
    quit(&world, id, &bob).await.unwrap();
    assert!(quit(&world, id, &bob).await.is_err());
    let (ann, bob) = (ann.id, bob.id);
    let name = "groupName=%E4%B8%89%E7%8F%AD";
    let call = |action: &str, body: String| (action.to_owned(), body);
    assert_eq!(
        calls(&world).await,
        [
            call("group/create", format!("userId={ann}&groupId={id}&{name}")),
            call("group/join", format!("userId={bob}&groupId={id}&{name}")),
            call("group/quit", format!("userId={ann}&groupId={id}")),
            call("group/dismiss", format!("userId={bob}&groupId={id}")),
        ]
    );
}

#[tokio::test]
async fn groups_older_than_the_keys_are_told_once_and_without_keys_nothing_is() {
    let mut world = World::new().await;
    let ann = person(&world, "ann", Role::Teacher).await;
    let bob = person(&world, "bob", Role::Pupil).await;
    let (kept, gone) = (make(&world, &ann, "").await.id, make(&world, &ann, "").await.id);
    join(&world, kept, &ann, bob.id).await.unwrap();
    group::dismiss(world.app(), gone, ann.id, world.clock.moment()).await.unwrap();
    let catch_up = async |world: &World| {
        group::catch_up(world.app(), world.clock.moment()).await.unwrap();
        calls(world).await
    };
    assert!(catch_up(&world).await.is_empty());
    (world.config.rongcloud_key, world.config.rongcloud_secret) = ("k".into(), "s".into());
    world.restart().await;
    let body =
        format!("userId={}&userId={}&groupId={kept}&groupName=%E4%B8%89%E7%8F%AD", ann.id, bob.id);
    for _ in 0..2 {
        assert_eq!(catch_up(&world).await, [("group/create".to_owned(), body.clone())]);
    }
}
