//! create, startcourse, exitroom, heartbeat.

use arctos_box::model::Millis;
use serde_json::json;

use super::Script;
use crate::world::World;

#[tokio::test]
async fn create_answers_as_written() {
    let mut script = Script::of("live/create");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let good = json!({"token": ann, "title": "math", "cover": "http://url.com/a.jpeg"});
    script.common(&world, &good).await;
    script.case(&world, "a teacher makes a course", good.clone()).await;
    let plain = json!({"token": ann, "title": ""});
    script.case(&world, "without a cover, and with an empty title", plain).await;
    let pupil = json!({"token": bob, "title": "math"});
    script.case(&world, "a pupil tries", pupil).await;
    let other = json!({"token": ann, "title": "math", "appid": 7});
    script.case(&world, "with another application's id", other).await;
    let long = json!({"token": ann, "title": "長".repeat(129)});
    script.case(&world, "the title is too long", long).await;
    world.app().db.close().await;
    script.case(&world, "the box itself fails, and says no more than that", good.clone()).await;

    let world = World::new().await;
    let ann = world.teacher("ann").await;
    world.hand.advance(Millis::seconds(7 * 24 * 3600) + Millis(1));
    let old = json!({"token": ann, "title": "math"});
    script.case(&world, "the token is over seven days old", old).await;
    script.close();
}

#[tokio::test]
async fn startcourse_answers_as_written() {
    let mut script = Script::of("live/startcourse");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let eve = world.teacher("eve").await;
    let room = world.room(&ann).await;
    let good = json!({"token": ann, "roomnum": room});
    script.common(&world, &good).await;
    let unknown = json!({"token": ann, "roomnum": 99_999});
    script.case(&world, "there is no such course", unknown).await;
    script.case(&world, "a pupil tries", json!({"token": bob, "roomnum": room})).await;
    script.case(&world, "another teacher tries", json!({"token": eve, "roomnum": room})).await;
    script.case(&world, "its teacher starts it", good.clone()).await;
    script.case(&world, "it runs already", good.clone()).await;
    world.ok("live/exitroom", good.clone()).await;
    script.case(&world, "it is over", good).await;
    let second = world.room(&ann).await;
    let digits = json!({"token": ann, "roomnum": second.to_string()});
    script.case(&world, "the number is written as text", digits).await;
    for _ in 0..3 {
        world.live_room(&ann).await;
    }
    let fifth = json!({"token": ann, "roomnum": world.room(&ann).await});
    script.case(&world, "as many lessons run as the licence allows", fifth.clone()).await;
    world.put_licence(b"somebody's shopping list");
    script.case(&world, "the licence file is none", fifth).await;
    script.close();
}

#[tokio::test]
async fn exitroom_answers_as_written() {
    let mut script = Script::of("live/exitroom");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let eve = world.teacher("eve").await;
    let waiting = world.room(&ann).await;
    let room = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    let good = json!({"token": ann, "roomnum": room});
    script.common(&world, &good).await;
    let unknown = json!({"token": ann, "roomnum": 99_999});
    script.case(&world, "there is no such course", unknown).await;
    script.case(&world, "a pupil tries", json!({"token": bob, "roomnum": room})).await;
    script.case(&world, "another teacher tries", json!({"token": eve, "roomnum": room})).await;
    let early = json!({"token": ann, "roomnum": waiting});
    script.case(&world, "it was never started", early).await;
    script.case(&world, "its teacher ends it", good.clone()).await;
    script.case(&world, "it is over already", good).await;
    let silent = world.live_room(&ann).await;
    world.advance(Millis::seconds(300)).await;
    let late = json!({"token": ann, "roomnum": silent});
    script.case(&world, "it ended when its teacher was silent for 300 s", late).await;
    script.close();
}

#[tokio::test]
async fn heartbeat_answers_as_written() {
    let mut script = Script::of("live/heartbeat");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let waiting = world.room(&ann).await;
    let room = world.live_room(&ann).await;
    let enter = json!({"token": bob, "roomnum": room, "operate": 0});
    world.ok("live/reportmemid", enter).await;
    let good = json!({"token": ann, "roomnum": room});
    script.common(&world, &good).await;
    script.case(&world, "the teacher's", good.clone()).await;
    let pupil = json!({"token": bob, "roomnum": room});
    script.case(&world, "a pupil's", pupil.clone()).await;
    let digits = json!({"token": bob, "roomnum": room.to_string()});
    script.case(&world, "the number is written as text", digits).await;
    let unknown = json!({"token": bob, "roomnum": 99_999});
    script.case(&world, "there is no such course", unknown).await;
    let early = json!({"token": ann, "roomnum": waiting});
    script.case(&world, "the course does not run", early).await;
    let eve = world.pupil("eve").await;
    let stranger = json!({"token": eve, "roomnum": room});
    script.case(&world, "somebody who never entered", stranger).await;
    world.hand.advance(Millis::seconds(60));
    world.ok("live/heartbeat", good).await;
    world.advance(Millis::seconds(60)).await;
    script.case(&world, "a pupil who was silent for 120 s", pupil).await;
    script.close();
}
