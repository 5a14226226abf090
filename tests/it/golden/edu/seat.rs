//! reportmemid, roomidlist.

use arctos_box::model::Millis;
use serde_json::json;

use super::Script;
use crate::world::World;

#[tokio::test]
async fn reportmemid_answers_as_written() {
    let mut script = Script::of("live/reportmemid");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let waiting = world.room(&ann).await;
    let room = world.live_room(&ann).await;
    let enter = json!({"token": bob, "roomnum": room, "operate": 0});
    let leave = json!({"token": bob, "roomnum": room, "operate": 1});
    script.common(&world, &enter).await;
    script.case(&world, "leaving before entering", leave.clone()).await;
    script.case(&world, "a pupil enters", enter.clone()).await;
    script.case(&world, "and enters again", enter.clone()).await;
    script.case(&world, "and leaves", leave.clone()).await;
    script.case(&world, "and leaves again", leave).await;
    script.case(&world, "and comes back", enter).await;
    let sideways = json!({"token": bob, "roomnum": room, "operate": 2});
    script.case(&world, "neither in nor out", sideways).await;
    for (what, operate) in [("enter", 0), ("leave", 1)] {
        let unknown = json!({"token": bob, "roomnum": 99_999, "operate": operate});
        let title = format!("there is no such course to {what}");
        script.case(&world, &title, unknown).await;
    }
    let early = json!({"token": bob, "roomnum": waiting, "operate": 0});
    script.case(&world, "entering before the course was started", early).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    for (what, operate) in [("entering", 0), ("leaving", 1)] {
        let late = json!({"token": bob, "roomnum": room, "operate": operate});
        script.case(&world, &format!("{what} when the course is over"), late).await;
    }
    script.close();
}

#[tokio::test]
async fn roomidlist_answers_as_written() {
    let mut script = Script::of("live/roomidlist");
    let world = World::new().await;
    let (bob, ann) = (world.pupil("bob").await, world.teacher("ann").await);
    let eve = world.pupil("eve").await;
    let waiting = world.room(&ann).await;
    let room = world.live_room(&ann).await;
    for token in [&eve, &bob] {
        let enter = json!({"token": token, "roomnum": room, "operate": 0});
        world.ok("live/reportmemid", enter).await;
    }
    let good = json!({"token": ann, "roomnum": room, "index": 0, "size": 10});
    script.common(&world, &good).await;
    script.case(&world, "who is in the room, by registration", good.clone()).await;
    let page = json!({"token": ann, "roomnum": room, "index": 1, "size": 1});
    script.case(&world, "the second of them", page).await;
    let beyond = json!({"token": ann, "roomnum": room, "index": 7, "size": 50});
    script.case(&world, "beyond the end", beyond).await;
    let none = json!({"token": ann, "roomnum": room, "index": 0, "size": 0});
    script.case(&world, "only how many", none).await;
    let many = json!({"token": ann, "roomnum": room, "index": 0, "size": 51});
    script.case(&world, "the page is too large", many).await;
    let early = json!({"token": ann, "roomnum": waiting, "index": 0, "size": 10});
    script.case(&world, "before the course was started", early).await;
    let unknown = json!({"token": ann, "roomnum": 99_999, "index": 0, "size": 10});
    script.case(&world, "there is no such course", unknown).await;
    world.hand.advance(Millis::seconds(60));
    for token in [&ann, &eve] {
        world.ok("live/heartbeat", json!({"token": token, "roomnum": room})).await;
    }
    world.advance(Millis::seconds(60)).await;
    script.case(&world, "bob was silent for 120 s", good.clone()).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    script.case(&world, "the course is over", good).await;
    script.close();
}
