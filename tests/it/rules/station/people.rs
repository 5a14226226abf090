//! Roles and who gives them; what a change ends.

use arctos_box::domain::session::{self, Grant, Others};
use arctos_box::model::user::{Origin, Role};
use arctos_box::model::{Conflict, Fault, Refusal, Thing};
use serde_json::{Value, json};

use super::{change, code, id_of, login, staff};
use crate::access::person;
use crate::world::{PASSWORD, World};

const FIVE: [Origin; 5] =
    [Origin::Edu, Origin::Channel, Origin::OpenIm, Origin::Groups, Origin::Arctos];

#[tokio::test]
async fn an_account_of_another_dialect_logs_in_by_001_once_it_was_given_a_password() {
    let world = World::new().await;
    let root = world.administer().await;
    person(&world, "guest", Origin::OpenIm, Role::Pupil).await;
    let enter = json!({"id": "guest", "pwd": "a password"});
    assert_eq!(world.edu("account/login", enter.clone()).await["errorCode"], 10006);
    let id = id_of(&world, &root, "guest").await;
    assert_eq!(change(&world, &root, id, json!({"password": "a password"})).await.status, 200);
    for appid in [7, 8] {
        let mut enter = enter.clone();
        enter["appid"] = json!(appid);
        assert_eq!(world.edu("account/login", enter).await["errorCode"], 0);
    }
    assert_eq!(login(&world, "guest", "a password").await.status, 200);
}

#[tokio::test]
async fn a_teacher_whom_the_administrator_made_teaches_by_001() {
    let world = World::new().await;
    let root = world.administer().await;
    let ann = json!({"handle": "ann", "role": "teacher", "password": PASSWORD});
    assert_eq!(world.staff("POST", "users", &root, ann).await.status, 201);
    let entered = world.ok("account/login", json!({"id": "ann", "pwd": PASSWORD})).await;
    world.live_room(entered["token"].as_str().unwrap()).await;
}

/// By 000's old rule anybody who knows a number is its pupil: what he holds is no teacher's.
#[tokio::test]
async fn a_channels_pupil_who_becomes_a_teacher_loses_his_tokens_and_others_keep_theirs() {
    let world = World::new().await;
    let root = world.administer().await;
    for (origin, from, to, kept) in [
        (Origin::Channel, Role::Pupil, "teacher", false),
        (Origin::Channel, Role::Teacher, "pupil", true),
        (Origin::Edu, Role::Pupil, "teacher", true),
    ] {
        let handle = format!("{origin:?}-{to}");
        let user = person(&world, &handle, origin, from).await;
        let token = world.token(&user, origin).await;
        let raised = change(&world, &root, user.id.0, json!({"role": to})).await;
        assert_eq!(raised.status, 200, "{}", raised.text());
        let held = world.app().sessions.actor(&token, world.clock.moment());
        assert_eq!(held.is_ok(), kept, "{handle}");
        assert!(held.is_ok_and(|actor| actor.role.word() == to) == kept, "with the new role");
    }
}

/// No token of the five dialects outlives the step into a role of the box, and none is issued after it.
#[tokio::test]
async fn whoever_is_raised_to_a_role_of_the_box_is_unknown_to_the_five_dialects() {
    let mut world = World::new().await;
    let root = world.administer().await;
    let ann = world.pupil("ann").await;
    let user = person(&world, "ann", Origin::Edu, Role::Pupil).await;
    let mut tokens = vec![ann];
    for origin in FIVE {
        tokens.push(world.token(&user, origin).await);
    }
    let raised = json!({"role": "technician", "password": "another password"});
    assert_eq!(change(&world, &root, user.id.0, raised).await.status, 200);
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        let now = world.clock.moment();
        for token in &tokens {
            let known = world.app().sessions.actor(token, now);
            assert!(matches!(known, Err(Fault::Unauthenticated(Refusal::Invalid))), "{known:?}");
        }
    }
    let raised = person(&world, "ann", Origin::Edu, Role::Teacher).await;
    for origin in FIVE {
        for user in [&user, &raised] {
            let issuer = String::new();
            let grant = Grant { user, origin, issuer, others: Others::Keep };
            let opened = session::open(world.app(), grant, world.clock.moment()).await;
            assert!(matches!(opened, Err(Fault::Missing(Thing::User))), "{opened:?}");
        }
    }
    let answer = world.edu("account/login", json!({"id": "ann", "pwd": "another password"})).await;
    assert_eq!(answer["errorCode"], 10005);
    assert_eq!(login(&world, "ann", PASSWORD).await.status, 401, "the old password is gone");
    assert_eq!(login(&world, "ann", "another password").await.status, 200);
}

#[tokio::test]
async fn a_role_within_the_five_dialects_changes_under_the_token() {
    let world = World::new().await;
    let root = world.administer().await;
    let bob = world.pupil("bob").await;
    let make = json!({"token": bob, "title": "x"});
    assert_eq!(world.edu("live/create", make.clone()).await["errorCode"], 10101);
    let id = id_of(&world, &root, "bob").await;
    change(&world, &root, id, json!({"role": "teacher"})).await;
    assert_eq!(world.edu("live/create", make).await["errorCode"], 0);
}

#[tokio::test]
async fn a_new_password_ends_every_token_and_a_closed_account_opens_nothing_until_it_is_opened() {
    let mut world = World::new().await;
    let root = world.administer().await;
    let old = world.pupil("bob").await;
    let id = id_of(&world, &root, "bob").await;
    change(&world, &root, id, json!({"password": "another password"})).await;
    let list = |token: &str| json!({"token": token, "index": 0, "size": 1});
    assert_eq!(world.edu("live/roomlist", list(&old)).await["errorCode"], 10009);
    let enter = json!({"id": "bob", "pwd": "another password"});
    let new = world.ok("account/login", enter.clone()).await["token"].clone();
    let new = new.as_str().unwrap().to_owned();
    change(&world, &root, id, json!({"disabled": true})).await;
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        assert_eq!(world.edu("live/roomlist", list(&new)).await["errorCode"], 10009);
        assert_eq!(code(&login(&world, "bob", "another password").await), "disabled");
        let refused = world.edu("account/login", enter.clone()).await["errorCode"].clone();
        assert_ne!(refused, 0);
    }
    change(&world, &root, id, json!({"disabled": false})).await;
    assert_eq!(world.edu("live/roomlist", list(&new)).await["errorCode"], 0);
}

#[tokio::test]
async fn technicians_look_after_people_and_only_administrators_after_staff() {
    let world = World::new().await;
    world.administer().await;
    let (tech, other) = (
        staff(&world, "tech", Role::Technician).await,
        staff(&world, "other", Role::Technician).await,
    );
    let bob = person(&world, "bob", Origin::Edu, Role::Pupil).await.id.0;
    for role in ["teacher", "viewer", "pupil"] {
        assert_eq!(change(&world, &tech, bob, json!({"role": role})).await.status, 200);
    }
    let root = person(&world, "root", Origin::Box, Role::Administrator).await.id.0;
    let colleague = person(&world, "other", Origin::Box, Role::Technician).await.id.0;
    for (id, body) in [
        (bob, json!({"role": "technician", "password": PASSWORD})),
        (bob, json!({"role": "administrator", "password": PASSWORD})),
        (root, json!({"password": PASSWORD})),
        (root, json!({"disabled": true})),
        (colleague, json!({"role": "teacher"})),
    ] {
        let answer = change(&world, &tech, id, body.clone()).await;
        assert_eq!(answer.status, 403, "{id} {body}: {}", answer.text());
    }
    let me = world.staff("GET", "me", &other, Value::Null).await;
    assert_eq!(me.json()["role"], "technician", "nothing was changed");
}

/// Whoever was lowered or closed while a request of theirs was on its way has no say any more.
#[tokio::test]
async fn a_change_is_judged_by_what_its_maker_is_when_it_is_written() {
    let world = World::new().await;
    world.administer().await;
    let tech = person(&world, "tech", Origin::Box, Role::Technician).await;
    let token = world.token(&tech, Origin::Box).await;
    let actor = world.app().sessions.actor(&token, world.clock.moment()).unwrap();
    let lowered = tech.id;
    let write = world.app().db.write(move |conn| {
        conn.execute("UPDATE user SET role = 'pupil' WHERE id = ?1", [lowered.0])?;
        Ok(())
    });
    write.await.unwrap();
    let bob = person(&world, "bob", Origin::Edu, Role::Pupil).await.id;
    let change = arctos_box::domain::people::Change {
        disabled: Some(true),
        ..arctos_box::domain::people::Change::default()
    };
    let from = [10, 0, 0, 1].into();
    let now = world.clock.moment();
    let done =
        arctos_box::domain::people::change(world.app(), &actor, bob, change, from, now).await;
    assert!(matches!(done, Err(Fault::Denied(_))), "{done:?}");
}

/// Two administrators who lower each other at the same moment leave one.
#[tokio::test]
async fn the_last_administrator_stays_one_whoever_asks_at_the_same_time() {
    let world = World::new().await;
    let root = world.administer().await;
    let second = json!({"handle": "second", "role": "administrator", "password": PASSWORD});
    assert_eq!(world.staff("POST", "users", &root, second).await.status, 201);
    let answer = login(&world, "second", PASSWORD).await.json();
    let token = answer["token"].as_str().unwrap().to_owned();
    let (one, two) = (id_of(&world, &root, "root").await, id_of(&world, &root, "second").await);
    let lower = json!({"role": "teacher"});
    let (a, b) = tokio::join!(
        change(&world, &root, two, lower.clone()),
        change(&world, &token, one, lower.clone())
    );
    let done = [a.status, b.status].iter().filter(|s| **s == 200).count();
    assert_eq!(done, 1, "{} {}", a.text(), b.text());
    let left = world.app().db.read(|conn| {
        let sql = "SELECT COUNT(*) FROM user WHERE role = 'administrator'";
        Ok(conn.query_row(sql, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(left.await.unwrap(), 1);
}

/// A log-in whose password was changed, or whose account was closed, between the check and the token.
#[tokio::test]
async fn a_log_in_that_was_overtaken_by_a_change_opens_nothing() {
    let world = World::new().await;
    let root = world.administer().await;
    world.pupil("bob").await;
    let before = person(&world, "bob", Origin::Edu, Role::Pupil).await;
    let id = before.id.0;
    let open = async |origin: Origin| {
        let grant = Grant { user: &before, origin, issuer: "test".into(), others: Others::Keep };
        session::open(world.app(), grant, world.clock.moment()).await
    };
    change(&world, &root, id, json!({"password": "another password"})).await;
    let late = open(Origin::Box).await;
    assert!(matches!(late, Err(Fault::Unauthenticated(Refusal::Password))), "{late:?}");
    change(&world, &root, id, json!({"disabled": true})).await;
    let late = open(Origin::Arctos).await;
    assert!(matches!(late, Err(Fault::Unauthenticated(Refusal::Disabled))), "{late:?}");
}

#[tokio::test]
async fn a_handle_is_given_once_whoever_asks_first() {
    let world = World::new().await;
    let root = world.administer().await;
    let (ann, same) = (
        json!({"handle": "Straße", "role": "pupil"}),
        json!({"handle": "STRASSE", "role": "technician", "password": PASSWORD}),
    );
    let (a, b) = tokio::join!(
        world.staff("POST", "users", &root, ann),
        world.staff("POST", "users", &root, same)
    );
    let mut both = [a.status, b.status];
    both.sort_unstable();
    assert_eq!(both, [201, 409]);
    let conflict = world.app().db.write(|conn| {
        let user = arctos_box::model::user::User::fresh(
            arctos_box::model::Handle::new("strasse").unwrap(),
            Origin::Box,
            Role::Administrator,
        );
        arctos_box::store::users::insert(conn, &user, arctos_box::model::Millis(0))
    });
    assert!(matches!(conflict.await, Err(Fault::Conflict(Conflict::HandleTaken))));
}
