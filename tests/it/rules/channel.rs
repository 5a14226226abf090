//! The rules of decisions.md, section 000: one person is one user, the server's token names no user, and what a
//! wrong one costs.

use arctos_box::dialect::channel::DIALECT;
use arctos_box::domain::partner;
use arctos_box::model::user::{Origin, Role};
use arctos_box::model::{Fault, Millis, Refusal, UserId};
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::golden::channel::{TODAY, arrival, auth_token, elevate, server};
use crate::golden::row;
use crate::world::{Answer, World};

async fn send(world: &World, address: &str, ask: Ask) -> Answer {
    ask.send(world, &DIALECT, row(&DIALECT, address)).await
}

/// The channel's server tells of somebody; answers `result`.
async fn register(world: &World, server: &Ask, user_id: i64, name: &str) -> Value {
    let uid = &world.app().secrets.channel_uid;
    let body = json!({"username": name, "image": "", "user_id": user_id, "channel_uid": uid});
    let answer = send(world, "api/v1/user/register", server.clone().json(body)).await.json();
    assert_eq!(answer["code"], 200, "{answer}");
    answer["result"].clone()
}

async fn arrive(world: &World, ask: Ask) -> Answer {
    send(world, "api/v1/user/reg_from_channel", ask).await
}

fn cookie(answer: &Answer) -> String {
    let set = answer.headers["set-cookie"].to_str().unwrap();
    set.split(['=', ';']).nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn whoever_comes_from_the_channel_is_one_user_by_every_door() {
    let world = World::new().await;
    let server = server(&world).await;
    let first = register(&world, &server, 7, "Zhao").await;
    let again = register(&world, &server, 7, "Qiang").await;
    assert_eq!(first["user_id"], again["user_id"]);
    let fresh = server.json(json!({"user_id": 7}));
    let fresh = send(&world, "api/v1/user/get_token_channel", fresh).await.json();
    let came = cookie(&arrive(&world, arrival(&world, 7, "/course/")).await);
    let texts = [&first["token"], &again["token"], &fresh["result"]["token"], &json!(came)];
    let mut seen = Vec::new();
    for token in texts.map(|token| token.as_str().unwrap()) {
        let actor = world.app().sessions.actor(token, world.clock.moment()).unwrap();
        assert_eq!(json!(actor.id.0), first["user_id"]);
        assert_eq!((actor.role, actor.origin), (Role::Pupil, Origin::Channel));
        assert_eq!(actor.handle.as_str(), format!("{}:7", world.app().secrets.channel_uid));
        // It opens what asks for a logged-in user, and nothing that asks for a server.
        world.ok("live/roomlist", json!({"token": token, "index": 0, "size": 1})).await;
        let ask = Ask::new().token(&format!("jwt {token}")).json(json!({"user_id": 7}));
        let answer = send(&world, "api/v1/user/get_token_channel", ask).await;
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert!(!seen.contains(&token.to_owned()), "a fresh one each time");
        seen.push(token.to_owned());
    }
    let unknown = arrive(&world, arrival(&world, 8, "/course/")).await;
    let actor = world.app().sessions.actor(&cookie(&unknown), world.clock.moment()).unwrap();
    assert_ne!(json!(actor.id.0), first["user_id"], "who is not known yet becomes a user");
}

#[tokio::test]
async fn the_servers_token_names_no_user_and_outlives_a_restart_but_not_seven_days() {
    let mut world = World::new().await;
    let server = server(&world).await;
    let token = server.headers[0].1.strip_prefix("jwt ").unwrap().to_owned();
    let answer = world.edu("live/roomlist", json!({"token": token, "index": 0, "size": 1})).await;
    assert_eq!(answer["errorCode"], 10009, "{answer}");
    world.restart().await;
    register(&world, &server, 7, "Zhao").await;
    world.hand.advance(Millis::seconds(7 * 24 * 3600));
    partner::check(world.app(), &token, world.clock.moment()).unwrap();
    world.hand.advance(Millis(1));
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
            world.hand.advance(Millis::seconds(1));
        }
        let old = partner::check(world.app(), &token, world.clock.moment());
        assert!(matches!(old, Err(Fault::Unauthenticated(Refusal::Expired))), "{old:?}");
    }
    // Somebody else's box, the algorithm "none", a cut signature.
    let (signed, _) = token.rsplit_once('.').unwrap();
    let claims = signed.split_once('.').unwrap().1;
    let other = World::new().await;
    let _ = other.app().entropy.u32();
    for forged in [
        format!("{signed}."),
        format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.{claims}."),
        format!("{signed}.{}", "A".repeat(43)),
        String::new(),
    ] {
        let refused = partner::check(world.app(), &forged, world.clock.moment());
        assert!(matches!(refused, Err(Fault::Unauthenticated(Refusal::Invalid))), "{refused:?}");
    }
}

#[tokio::test]
async fn ten_wrong_tokens_hold_up_one_user_of_the_channel_and_a_class_behind_one_address_comes_in()
{
    let world = World::new().await;
    let wrong = |n: i64| arrival(&world, n, "/course/").query("auth_token", "0".repeat(64));
    for _ in 0..10 {
        assert_eq!(arrive(&world, wrong(7)).await.status, 403);
    }
    for ask in [wrong(7), arrival(&world, 7, "/course/")] {
        let answer = arrive(&world, ask).await;
        assert_eq!(answer.status, 429, "the right one waits as well");
        assert!(answer.text().contains("60 s"), "{}", answer.text());
    }
    for n in 100..160 {
        assert_eq!(arrive(&world, arrival(&world, n, "/course/")).await.status, 302);
    }
    // Ninety more use up the address; right ones still pass.
    for n in 0..90 {
        assert_eq!(arrive(&world, wrong(1000 + n)).await.status, 403);
    }
    assert_eq!(arrive(&world, wrong(2000)).await.status, 429);
    assert_eq!(arrive(&world, arrival(&world, 2001, "/course/")).await.status, 302);
    world.hand.advance(Millis::seconds(60));
    assert_eq!(arrive(&world, arrival(&world, 7, "/course/")).await.status, 302);
}

#[tokio::test]
async fn a_wrong_token_makes_no_user_and_a_wrong_next_neither() {
    let world = World::new().await;
    let wrong = arrival(&world, 7, "/course/").query("auth_token", "");
    assert_eq!(arrive(&world, wrong).await.status, 403);
    assert_eq!(arrive(&world, arrival(&world, 7, "//evil.example")).await.status, 400);
    let count = world
        .app()
        .db
        .read(|conn| Ok(conn.query_row("SELECT COUNT(*) FROM user", [], |r| r.get::<_, i64>(0))?));
    assert_eq!(count.await.unwrap(), 0);
}

#[tokio::test]
async fn nobody_of_the_box_comes_in_by_the_channels_door_nor_whoever_was_shut_out() {
    let world = World::new().await;
    let server = server(&world).await;
    let user = register(&world, &server, 7, "Zhao").await["user_id"].as_i64().unwrap();
    let doors = || async {
        let fresh = server.clone().json(json!({"user_id": 7}));
        let fresh = send(&world, "api/v1/user/get_token_channel", fresh).await.status;
        (fresh, arrive(&world, arrival(&world, 7, "/course/")).await.status)
    };
    for (role, answers) in [
        (Role::Administrator, (404, 403)),
        (Role::Technician, (404, 403)),
        (Role::Teacher, (200, 302)),
    ] {
        elevate(&world, UserId(user), role).await;
        assert_eq!(doors().await, answers, "{role:?}");
    }
    let shut = world
        .app()
        .db
        .write(move |conn| Ok(conn.execute("UPDATE user SET disabled = 1 WHERE id = ?1", [user])?));
    shut.await.unwrap();
    assert_eq!(doors().await, (403, 403));
}

#[tokio::test]
async fn a_box_whose_clock_is_days_off_is_widened_by_configuration() {
    let world = World::with(&["channel.clock_days=2"]).await;
    for (day, status) in
        [("20261117", 403), ("20261118", 302), ("20261123", 302), ("20261124", 403), (TODAY, 302)]
    {
        let ask = arrival(&world, 7, "/course/").query("auth_token", auth_token(&world, day, 7));
        assert_eq!(arrive(&world, ask).await.status, status, "{day}");
    }
}
