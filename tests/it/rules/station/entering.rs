//! Set-up and log-in.

use arctos_box::domain::setup;
use arctos_box::model::Millis;
use arctos_box::model::user::{Origin, Role};
use serde_json::{Value, json};

use super::{code, login};
use crate::access::person;
use crate::ask::Ask;
use crate::golden::row;
use crate::world::{Answer, PASSWORD, World};
use arctos_box::dialect::station::DIALECT;

async fn set_up(world: &World, code: &str, from: [u8; 4]) -> Answer {
    let body = json!({"code": code, "handle": "root", "password": PASSWORD});
    let row = row(&DIALECT, "POST box/v1/setup");
    Ask::new().from(from).json(body).send(world, &DIALECT, row).await
}

fn shown(world: &World) -> Option<String> {
    setup::code(world.app())
}

#[tokio::test]
async fn ten_wrong_codes_from_anywhere_make_another_and_the_old_one_is_worth_nothing() {
    let world = World::new().await;
    let first = shown(&world).unwrap();
    let waiting = setup::another(world.app(), &first);
    for n in 0..10 {
        assert_eq!(shown(&world).as_deref(), Some(first.as_str()), "after {n} tries");
        assert_eq!(code(&set_up(&world, "0000-0000", [10, 0, 0, n]).await), "wrong_code");
    }
    let second = shown(&world).unwrap();
    assert_ne!(first, second);
    assert_eq!(waiting.await, Some(second.clone()), "a terminal hears of it");
    assert_eq!(code(&set_up(&world, &first, [10, 0, 1, 1]).await), "wrong_code");
    assert_eq!(set_up(&world, &second, [10, 0, 1, 2]).await.status, 201);
}

#[tokio::test]
async fn the_code_is_gone_with_the_first_administrator_and_another_after_a_restart() {
    let mut world = World::new().await;
    let first = shown(&world).unwrap();
    world.restart().await;
    let second = shown(&world).unwrap();
    assert_ne!(first, second);
    assert_eq!(code(&set_up(&world, &first, [10, 0, 0, 1]).await), "wrong_code");
    let over = setup::another(world.app(), &second);
    assert_eq!(set_up(&world, &second, [10, 0, 0, 2]).await.status, 201);
    assert_eq!((over.await, shown(&world)), (None, None));
    assert_eq!(code(&set_up(&world, &second, [10, 0, 0, 3]).await), "set_up");
    world.restart().await;
    assert_eq!(shown(&world), None);
    assert_eq!(code(&set_up(&world, &second, [10, 0, 0, 4]).await), "set_up");
}

#[tokio::test]
async fn of_two_who_know_the_code_one_becomes_administrator() {
    let world = World::new().await;
    let known = shown(&world).unwrap();
    let found = async |handle: &str| {
        let body = json!({"code": known, "handle": handle, "password": PASSWORD});
        world.staff("POST", "setup", "", body).await.status
    };
    let both = tokio::join!(found("ann"), found("bob"));
    assert!(both == (201, 409) || both == (409, 201), "{both:?}");
}

#[tokio::test]
async fn set_up_closes_open_watching_and_the_registration_of_teachers_at_once() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let state = format!("/media/{}/lesson.json", world.live_room(&ann).await);
    assert_eq!(world.get(&state).await.status, 200);
    world.administer().await;
    assert_eq!(world.get(&state).await.status, 401);
    let eve = json!({"id": "eve", "pwd": "x", "role": 1});
    assert_eq!(world.edu("account/regist", eve).await["errorCode"], 10101);
}

#[tokio::test]
async fn whoever_registered_first_as_root_does_not_become_administrator_by_that() {
    let world = World::new().await;
    world.teacher("ROOT").await;
    let answer = set_up(&world, &shown(&world).unwrap(), [10, 0, 0, 1]).await;
    assert_eq!(code(&answer), "handle_taken");
    assert!(!world.app().is_administered());
    let me = login(&world, "root", PASSWORD).await.json();
    assert_eq!(me["user"]["role"], "teacher");
}

#[tokio::test]
async fn a_log_in_tells_how_far_the_clocks_are_apart() {
    let world = World::new().await;
    world.administer().await;
    for ahead in [-3_600_000, 0, 5] {
        let now = world.clock.now() + Millis(ahead);
        let body = json!({"handle": "root", "password": PASSWORD, "client_time_ms": now.0});
        let answer = world.staff("POST", "login", "", body).await.json();
        assert_eq!(answer["clock_off_ms"], ahead);
    }
    assert_eq!(login(&world, "root", PASSWORD).await.json().get("clock_off_ms"), None);
}

#[tokio::test]
async fn sixteen_log_ins_stay_and_the_seventeenth_ends_the_oldest() {
    let world = World::new().await;
    let first = world.administer().await;
    let me = async |token: &str| world.staff("GET", "me", token, Value::Null).await.status;
    for _ in 0..15 {
        world.hand.advance(Millis(1));
        login(&world, "root", PASSWORD).await;
    }
    assert_eq!(me(&first).await, 200);
    world.hand.advance(Millis(1));
    login(&world, "root", PASSWORD).await;
    assert_eq!(me(&first).await, 401);
}

/// A wrong password, nobody, and somebody without a password: the same words after the same work.
#[tokio::test]
async fn a_stranger_does_not_learn_who_is_known() {
    let world = World::new().await;
    world.administer().await;
    person(&world, "guest", Origin::OpenIm, Role::Pupil).await;
    let mut told = Vec::new();
    let mut spent = Vec::new();
    for handle in ["root", "nobody", "guest"] {
        let mut least = std::time::Duration::MAX;
        // Other tests run beside this one: the shortest of some tells what it takes.
        for _ in 0..5 {
            let began = std::time::Instant::now();
            told.push(login(&world, handle, "guess").await.text());
            least = least.min(began.elapsed());
        }
        spent.push(least);
    }
    assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
    let (least, most) = (spent.iter().min().unwrap(), spent.iter().max().unwrap());
    assert!(*most < *least * 5, "{spent:?}: one of them was not hashed");
}

#[tokio::test]
async fn wrong_passwords_are_counted_at_each_door_and_right_ones_elsewhere_pass() {
    let world = World::new().await;
    world.administer().await;
    world.pupil("ann").await;
    for _ in 0..10 {
        world.edu("account/login", json!({"id": "ann", "pwd": "guess"})).await;
        world.edu("account/login", json!({"id": "root", "pwd": "guess"})).await;
    }
    let edu = world.edu("account/login", json!({"id": "ann", "pwd": PASSWORD})).await;
    assert_eq!(edu["errorCode"], 10111);
    // Nobody at the door of document 001 keeps the administrator, or anybody, out of the box's own.
    assert_eq!(login(&world, "root", PASSWORD).await.status, 200);
    assert_eq!(login(&world, "ann", PASSWORD).await.status, 200);
    for _ in 0..10 {
        login(&world, "ann", "guess").await;
    }
    assert_eq!(code(&login(&world, "ANN", PASSWORD).await), "busy");
    assert_eq!(login(&world, "root", PASSWORD).await.status, 200);
    world.hand.advance(Millis::seconds(60));
    assert_eq!(login(&world, "ann", PASSWORD).await.status, 200);
}
