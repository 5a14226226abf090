//! reportbind, querybind.

use serde_json::{Value, json};

use super::Script;
use crate::world::World;

fn bind(token: &str, room: i64, operate: i64, name: &str) -> Value {
    let url = format!("http://files.test/{name}");
    let file = json!({"type": 0, "file_name": name, "url": url});
    json!({"token": token, "roomnum": room, "operate": operate, "bind_file": file})
}

#[tokio::test]
async fn reportbind_answers_as_written() {
    let mut script = Script::of("live/reportbind");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let eve = world.teacher("eve").await;
    let room = world.room(&ann).await;
    let good = bind(&ann, room, 0, "a.pdf");
    script.common(&world, &good).await;
    script.case(&world, "a file is bound", good.clone()).await;
    script.case(&world, "the same address again", good.clone()).await;
    script.case(&world, "it is unbound", bind(&ann, room, 1, "a.pdf")).await;
    script.case(&world, "it is unbound again", bind(&ann, room, 1, "a.pdf")).await;
    world.ok("live/startcourse", json!({"token": ann, "roomnum": room})).await;
    script.case(&world, "while the course runs", good.clone()).await;
    script.case(&world, "a pupil tries", bind(&bob, room, 0, "b.pdf")).await;
    script.case(&world, "another teacher tries", bind(&eve, room, 0, "b.pdf")).await;
    script.case(&world, "there is no such course", bind(&ann, 99_999, 0, "b.pdf")).await;
    script.case(&world, "neither bound nor unbound", bind(&ann, room, 2, "b.pdf")).await;
    let mut nameless = bind(&ann, room, 0, "b.pdf");
    nameless["bind_file"] = json!({"type": 0, "url": "http://files.test/b.pdf"});
    script.case(&world, "the file has no name", nameless).await;
    let mut strange = bind(&ann, room, 0, "b.pdf");
    strange["bind_file"]["type"] = json!(2);
    script.case(&world, "the file is of no known type", strange).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    script.case(&world, "the course is over", bind(&ann, room, 0, "b.pdf")).await;
    script.close();
}

#[tokio::test]
async fn querybind_answers_as_written() {
    let mut script = Script::of("live/querybind");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let eve = world.teacher("eve").await;
    let room = world.live_room(&ann).await;
    world.ok("live/reportbind", bind(&ann, room, 0, "a.pdf")).await;
    let mut film = bind(&ann, room, 0, "b.mp4");
    film["bind_file"]["type"] = json!(1);
    world.ok("live/reportbind", film).await;
    let mut ours = bind(&ann, room, 0, "c.pdf");
    ours["bind_file"]["url"] = json!("/files/v2/1400000000/box/c.pdf");
    world.ok("live/reportbind", ours).await;
    let ask = |token: &str| json!({"token": token, "roomnum": room, "index": 0, "size": 50});
    script.common(&world, &ask(&ann)).await;
    script.case(&world, "the teacher sees every file, newest first", ask(&ann)).await;
    let page = json!({"token": ann, "roomnum": room, "index": 1, "size": 1});
    script.case(&world, "a page of one", page).await;
    script.case(&world, "a pupil who never entered", ask(&bob)).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    script.case(&world, "the pupil has entered", ask(&bob)).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    script.case(&world, "the course is over, and the pupil was in it", ask(&bob)).await;
    script.case(&world, "a teacher who was never in it", ask(&eve)).await;
    let unknown = json!({"token": ann, "roomnum": 99_999, "index": 0, "size": 50});
    script.case(&world, "there is no such course", unknown).await;
    let many = json!({"token": ann, "roomnum": room, "index": 0, "size": 51});
    script.case(&world, "the page is too large", many).await;
    script.close();
}
