//! One person in all dialects, told as one story; and its counterpart: what nobody becomes by any of their doors.

mod counterpart;

use arctos_box::dialect::{DIALECTS, Dialect};
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::golden::{channel, row};
use crate::world::World;

/// A call of any dialect addressed by path; `address` as its route table has it.
pub async fn call(world: &World, address: &str, ask: Ask) -> (u16, Value) {
    let path = address.split_once(' ').map_or(address, |(_, path)| path);
    let serves = |d: &&&Dialect| d.rows.iter().any(|row| row.address == path);
    let dialect = DIALECTS.iter().find(serves).unwrap_or_else(|| panic!("who serves {address}?"));
    let answer = ask.send(world, dialect, row(dialect, address)).await;
    (answer.status, answer.json())
}

/// The server of 002 asks for a token of that uid.
pub async fn user_token(world: &World, uid: &str) -> (u16, Value) {
    let body = json!({"secret": &*world.app().secrets.openim_secret, "platform": 5, "uid": uid});
    call(world, "auth/user_token", Ask::new().json(body)).await
}

pub async fn user_register(world: &World, uid: &str) -> (u16, Value) {
    let secret = &*world.app().secrets.openim_secret;
    let body = json!({"secret": secret, "platform": 5, "uid": uid, "name": ""});
    call(world, "auth/user_register", Ask::new().json(body)).await
}

/// The server of 004 asks for a code of that user_id.
pub async fn auth_code(world: &World, user_id: &str, role: &str) -> (u16, Value) {
    let ask = Ask::new().header("arc-license-key", &world.app().secrets.arctos_license_key);
    let ask = ask.json(json!({"user_id": user_id, "role": role}));
    call(world, "api/auth/getAuthCode", ask).await
}

pub async fn use_code(world: &World, code: &Value) -> (u16, Value) {
    let body = json!({"grant_type": "authorization_code", "code": code});
    call(world, "api/auth/getAuthTokenUseCode", Ask::new().json(body)).await
}

/// The server of 000 registers a user of its own.
pub async fn channel_register(world: &World, user_id: i64) -> (u16, Value) {
    let channel_uid = &world.app().secrets.channel_uid;
    let body = json!({"channel_uid": channel_uid, "user_id": user_id, "username": "visitor",
        "image": ""});
    call(world, "api/v1/user/register", channel::server(world).await.json(body)).await
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

#[tokio::test]
async fn one_person_registers_through_001_and_is_the_same_in_002_004_and_003_also_after_a_restart()
{
    let mut world = World::new().await;
    let edu = world.teacher("Ann").await;

    // 002: the uid is taken, and fetches a token for her, however it is spelled.
    assert_eq!(user_register(&world, "ann").await.0, 500);
    let (status, got) = user_token(&world, "ANN").await;
    assert_eq!((status, &got["data"]["uid"]), (200, &json!("Ann")), "{got}");
    let openim = text(&got["data"]["token"]);

    // 004: the same user_id gives a code, the code a token with her number in the box.
    let (_, got) = auth_code(&world, "ann", "MODERATOR").await;
    let (_, got) = use_code(&world, &got["info"]["code"]).await;
    let (number, arctos) = (got["info"]["user_id"].clone(), text(&got["info"]["access_token"]));
    let bearer = Ask::new().token(&format!("Bearer {arctos}"));
    let (_, checked) = call(&world, "api/auth/checkAuthToken", bearer).await;
    assert_eq!((&checked["status"], &checked["info"]["user_id"]), (&json!(1), &number));

    // 003: somebody else's group, which she enters face to face with the token of 001.
    let bob = world.pupil("bob").await;
    let token = |token: &str| Ask::new().token(&format!("Token {token}"));
    let plan = token(&bob).json(json!({"name": "三班", "code": "4711"}));
    let (status, made) = call(&world, "POST api/im/group", plan).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].clone();
    let knock = token(&edu).param("id", &id).json(json!({"code": "4711"}));
    assert_eq!(call(&world, "api/im/group/{id}/invite", knock).await.0, 200);
    let (_, got) = call(&world, "api/im/token", token(&edu)).await;
    let groups = text(&got["key"]);

    // Each of her tokens opens the others' doors, and behind each she is one and the same, also tomorrow.
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        for mine in [&edu, &openim, &arctos, &groups] {
            let (_, users) =
                call(&world, "api/im/group/{id}/users", token(mine).param("id", &id)).await;
            let (her, count) = (&users["results"][1], &users["count"]);
            assert_eq!((count, &her["username"], &her["id"]), (&json!(2), &json!("Ann"), &number));
            let room = world.room(mine).await;
            assert_eq!(world.row(&bob, room).await["host_uid"], "Ann");
            let now = world.clock.moment();
            assert_eq!(json!(world.app().sessions.actor(mine, now).unwrap().id.0), number);
        }
    }
}

#[tokio::test]
async fn one_of_the_channel_is_the_same_person_in_all_dialects_under_the_channels_own_name() {
    let world = World::new().await;
    let (status, got) = channel_register(&world, 7).await;
    assert_eq!(status, 200, "{got}");
    let (number, token) = (got["result"]["user_id"].clone(), text(&got["result"]["token"]));
    let handle = format!("{}:7", world.app().secrets.channel_uid);
    let (_, got) = user_token(&world, &handle).await;
    assert_eq!(got["data"]["uid"], json!(handle));
    let (_, got) = auth_code(&world, &handle, "PUBLISHER").await;
    let (_, got) = use_code(&world, &got["info"]["code"]).await;
    assert_eq!(got["info"]["user_id"], number);
    let ask = Ask::new().token(&format!("jwt {token}")).json(json!({"name": "n"}));
    assert_eq!(call(&world, "POST api/im/group", ask).await.0, 201);
}
