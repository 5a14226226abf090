//! Document 003: groups and who is in them. Tokens are those of document 001's log-in.

mod members;

use arctos_box::dialect::groups::DIALECT;
use serde_json::{Value, json};

use super::{Script, row};
use crate::ask::{Ask, Part};
use crate::world::World;

/// A picture of one pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0";

pub fn token(token: &str) -> Ask {
    Ask::new().token(&format!("Token {token}"))
}

/// One call, which nobody writes down.
pub async fn call(world: &World, address: &str, ask: Ask) -> (u16, Value) {
    let answer = ask.send(world, &DIALECT, row(&DIALECT, address)).await;
    (answer.status, answer.json())
}

/// A group; answers its number.
pub async fn group(world: &World, owner: &str, body: Value) -> i64 {
    let (status, made) = call(world, "POST api/im/group", token(owner).json(body)).await;
    assert_eq!(status, 201, "{made}");
    made["id"].as_i64().unwrap()
}

/// The number of somebody registered.
pub async fn number(world: &World, token: &str) -> i64 {
    let now = world.clock.moment();
    world.app().sessions.actor(token, now).unwrap().id.0
}

#[tokio::test]
async fn create_answers_as_written() {
    let mut script = Script::of(&DIALECT, "POST api/im/group");
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let good = token(&ann).json(json!({"name": "zhang111"}));
    script.common(&world, &good).await;
    script.case(&world, "a name is enough", good).await;
    let coded = token(&ann).form(&[("name", "三班"), ("code", "4711")]);
    script.case(&world, "a form, with a code for face to face", coded).await;
    let parts = |picture: &[u8]| {
        let file = Part::file("cover", "a.png", "image/png", picture);
        token(&ann).multipart(vec![Part::text("name", "三班"), Part::text("code", ""), file])
    };
    script.case(&world, "a form with a picture", parts(PNG)).await;
    script.case(&world, "the file is empty", parts(b"")).await;
    script.case(&world, "the file is no picture", parts(b"<svg onload=\"alert(1)\"/>")).await;
    for (title, body) in [
        ("the name is blank", json!({"name": " "})),
        ("the name is too long", json!({"name": "学".repeat(101)})),
        ("the name has a control character", json!({"name": "a\u{7}"})),
        ("the name is a number", json!({"name": 7})),
        ("the code is too long", json!({"name": "n", "code": "1".repeat(33)})),
        ("the cover is an address", json!({"name": "n", "cover": "http://school.example/a.png"})),
    ] {
        script.case(&world, title, token(&ann).json(body)).await;
    }
    let mut large = PNG.to_vec();
    large.resize(2 * 1024 * 1024 + 1, 0xff);
    script.case(&world, "the picture has more than 2 MiB", parts(&large)).await;
    script.close();
}

#[tokio::test]
async fn list_answers_as_written() {
    let mut script = Script::of(&DIALECT, "GET api/im/group");
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    script.common(&world, &token(&ann)).await;
    script.case(&world, "in no group", token(&ann)).await;
    for n in 1..=21 {
        group(&world, &ann, json!({"name": format!("group {n}"), "code": "1"})).await;
    }
    script.case(&world, "the first page", token(&ann)).await;
    script.case(&world, "the second", token(&ann).query("page", 2)).await;
    script.case(&world, "there is no third", token(&ann).query("page", 3)).await;
    script.case(&world, "a page that is no number", token(&ann).query("page", "last")).await;
    let bob = world.pupil("bob").await;
    script.case(&world, "somebody else's groups", token(&bob)).await;
    let world = World::with(&["http.public_url=https://box.school.example/"]).await;
    let ann = world.teacher("ann").await;
    group(&world, &ann, json!({"name": "n"})).await;
    script.case(&world, "on a box with a public address", token(&ann)).await;
    script.close();
}

#[tokio::test]
async fn retrieve_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/im/retrieve/{id}");
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let id = group(&world, &ann, json!({"name": "ID769", "code": "4711"})).await;
    let good = Ask::new().param("id", id);
    script.common(&world, &good).await;
    script.case(&world, "anybody", good.clone()).await;
    script.case(&world, "a member, who sees the code", token(&ann).param("id", id)).await;
    let bob = world.pupil("bob").await;
    script.case(&world, "somebody who is not in it", token(&bob).param("id", id)).await;
    script.case(&world, "a token that is none", token("nobody's").param("id", id)).await;
    for id in ["7", "x", "99999999999999999999"] {
        script.case(&world, "there is no such group", Ask::new().param("id", id)).await;
    }
    script.close();
}

#[tokio::test]
async fn dismiss_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/im/group/{id}/dismiss");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let id = group(&world, &ann, json!({"name": "n", "code": "1"})).await;
    let good = token(&ann).param("id", id);
    script.common(&world, &good).await;
    script.case(&world, "somebody who is not in it", token(&bob).param("id", id)).await;
    let knock = token(&bob).param("id", id).json(json!({"code": "1"}));
    assert_eq!(call(&world, "api/im/group/{id}/invite", knock).await.0, 200);
    script.case(&world, "a member who does not own it", token(&bob).param("id", id)).await;
    script.case(&world, "its owner", good.clone()).await;
    script.case(&world, "again", good).await;
    script.close();
}

#[tokio::test]
async fn token_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/im/token");
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    script.common(&world, &token(&ann)).await;
    let answer = script.case(&world, "the box's own key", token(&ann)).await.json();
    let key = answer["key"].as_str().unwrap();
    script.case(&world, "a key asked for with a key", token(key)).await;
    let bearer = Ask::new().token(&format!("bearer {ann}"));
    script.case(&world, "another scheme word", bearer).await;
    let basic = Ask::new().token("Basic YTpi");
    script.case(&world, "a scheme that is none of these", basic).await;
    world.hand.advance(arctos_box::model::Millis::seconds(7 * 24 * 3600 + 1));
    script.case(&world, "the token is over seven days old", token(&ann)).await;
    script.close();
}
