//! roomlist.

use arctos_box::model::Millis;
use serde_json::json;

use super::{Script, replay};
use crate::world::{PASSWORD, START, World};

#[tokio::test]
async fn roomlist_answers_as_written() {
    let mut script = Script::of("live/roomlist");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let all = json!({"token": bob, "index": 0, "size": 10});
    script.common(&world, &all).await;
    script.case(&world, "there are no courses", all.clone()).await;

    let done = replay(&world, &ann).await;
    world.hand.advance(Millis::seconds(60));
    let dark = world.live_room(&ann).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": dark})).await;
    world.hand.advance(Millis::seconds(60));
    let cover = json!({"token": ann, "title": "math", "cover": "http://cover.png"});
    world.ok("live/create", cover).await;
    let room = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    script.case(&world, "courses of every state, newest first", all.clone()).await;
    for state in 0..4 {
        let body = json!({"token": bob, "index": 0, "size": 10, "state": state});
        script.case(&world, &format!("courses in state {state}"), body).await;
    }
    let one = json!({"token": bob, "index": 0, "size": 1, "roomnum": done});
    script.case(&world, "one course", one).await;
    let page = json!({"token": bob, "index": 1, "size": 1});
    script.case(&world, "the second page of one row", page).await;
    script.case(&world, "only how many", json!({"token": bob, "index": 0, "size": 0})).await;
    let from = START.as_seconds() + 100;
    let late = json!({"token": bob, "index": 0, "size": 10, "from_time": from, "state": 1});
    script.case(&world, "since a moment, and running", late).await;
    let to = START.as_seconds() + 30;
    let early = json!({"token": bob, "index": 0, "size": 10, "from_time": 1, "to_time": to});
    script.case(&world, "up to a moment", early).await;
    let hers = json!({"token": bob, "index": 0, "size": 1, "host_uid": "ANN"});
    script.case(&world, "of one teacher", hers).await;
    let his = json!({"token": bob, "index": 0, "size": 10, "host_uid": "bob"});
    script.case(&world, "of somebody without courses", his).await;
    let nobody = json!({"token": bob, "index": 0, "size": 10, "host_uid": "nobody"});
    script.case(&world, "of nobody", nobody).await;
    let regist = json!({"id": "far", "pwd": PASSWORD, "role": 1, "appid": 7});
    world.ok("account/regist", regist).await;
    let far = json!({"token": bob, "index": 0, "size": 10, "host_uid": "far"});
    script.case(&world, "of another application's teacher", far).await;
    let unknown = json!({"token": bob, "index": 0, "size": 10, "roomnum": 99_999});
    script.case(&world, "a course that does not exist", unknown).await;
    let back = json!({"token": bob, "index": 0, "size": 10, "from_time": 2, "to_time": 1});
    script.case(&world, "the end is before the start", back).await;
    let state = json!({"token": bob, "index": 0, "size": 10, "state": 4});
    script.case(&world, "there is no such state", state).await;
    let many = json!({"token": bob, "index": 0, "size": 51});
    script.case(&world, "the page is too large", many).await;
    script
        .case(&world, "before the first row", json!({"token": bob, "index": -1, "size": 1}))
        .await;
    script.close();
}
