//! Document 000: the channel's server and its people, and the browser that comes from there.

use arctos_box::dialect::channel::DIALECT;
use arctos_box::model::user::{Origin, Role};
use arctos_box::model::{Millis, UserId, hex};
use ring::hmac;
use serde_json::json;

use super::Script;
use crate::access::person;
use crate::ask::Ask;
use crate::world::World;

/// The channel's server, with its token.
pub async fn server(world: &World) -> Ask {
    let secrets = &world.app().secrets;
    let body =
        json!({"app_id": secrets.channel_app_id, "app_secret": &*secrets.channel_app_secret});
    let row = super::row(&DIALECT, "api/v1/system/auth-token");
    let answer = Ask::new().json(body).send(world, &DIALECT, row).await.json();
    let token = answer["result"]["access_token"].as_str();
    Ask::new().token(&format!("jwt {}", token.unwrap_or_else(|| panic!("{answer}"))))
}

/// What the channel signs for a browser on that day.
pub fn auth_token(world: &World, day: &str, user_id: i64) -> String {
    let secret = world.app().secrets.channel_app_secret.as_bytes();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hex(hmac::sign(&key, format!("{day}{user_id}").as_bytes()).as_ref())
}

/// The day on which a world begins.
pub const TODAY: &str = "20261121";

pub fn arrival(world: &World, user_id: i64, next: &str) -> Ask {
    let ask = Ask::new().query("user_id", user_id);
    ask.query("auth_token", auth_token(world, TODAY, user_id)).query("next", next)
}

/// The account of a user of the channel.
pub async fn elevate(world: &World, user: UserId, role: Role) {
    let word = role.word();
    let done = world.app().db.write(move |conn| {
        Ok(conn.execute("UPDATE user SET role = ?2 WHERE id = ?1", (user.0, word))?)
    });
    assert_eq!(done.await.unwrap(), 1);
}

#[tokio::test]
async fn auth_token_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/v1/system/auth-token");
    let world = World::new().await;
    let secrets = &world.app().secrets;
    let (id, secret) = (secrets.channel_app_id.clone(), secrets.channel_app_secret.to_string());
    let ask = |id: &str, secret: &str| Ask::new().json(json!({"app_id": id, "app_secret": secret}));
    let good = ask(&id, &secret);
    script.common(&world, &good).await;
    script.case(&world, "the channel's server shows its secret", good.clone()).await;
    script.case(&world, "another secret", ask(&id, &"0".repeat(64))).await;
    script.case(&world, "another app", ask("0123456789abcdef", &secret)).await;
    script.case(&world, "the two in one", ask(&format!("{id}\n{secret}"), "\n")).await;
    script
        .case(
            &world,
            "app_secret is a number",
            Ask::new().json(json!({"app_id": id, "app_secret": 7})),
        )
        .await;
    let guess = ask(&id, "guess").from([192, 168, 0, 9]);
    for _ in 0..10 {
        guess.send(&world, &DIALECT, script.row).await;
    }
    let right = ask(&id, &secret).from([192, 168, 0, 9]);
    script.case(&world, "ten wrong secrets in a minute, then the right one", right).await;
    script.case(&world, "meanwhile from another address", good).await;
    script.close();
}

#[tokio::test]
async fn register_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/v1/user/register");
    let world = World::new().await;
    let server = server(&world).await;
    let uid = world.app().secrets.channel_uid.clone();
    let body = json!({
        "username": "赵强", "image": "https://pictures.test/7.png", "user_id": 7, "channel_uid": uid
    });
    let good = server.clone().json(body.clone());
    script.common(&world, &good).await;
    let with = |name: &str, value: serde_json::Value| {
        let mut body = body.clone();
        body[name] = value;
        server.clone().json(body)
    };
    script.case(&world, "somebody of the channel, for the first time", good.clone()).await;
    script.case(&world, "again, with another name", with("username", json!("Zhao Qiang"))).await;
    let photo = json!({"username": "eve", "photo": "", "user_id": "8", "channel_uid": uid});
    let photo = server.clone().json(photo);
    script.case(&world, "with photo for image and the number as text", photo).await;
    script.case(&world, "without a picture", good.clone().without("image")).await;
    for (title, name, value) in [
        ("another channel", "channel_uid", json!("another")),
        ("user_id is no number", "user_id", json!("seven")),
        ("user_id is negative", "user_id", json!(-7)),
        ("the name is empty", "username", json!("")),
        ("the name is too long", "username", json!("x".repeat(129))),
        ("the picture's address is too long", "image", json!("x".repeat(1025))),
    ] {
        script.case(&world, title, with(name, value)).await;
    }
    let bob = person(&world, "bob", Origin::Channel, Role::Pupil).await;
    let users = format!("jwt {}", world.token(&bob, Origin::Channel).await);
    script.case(&world, "with a user's token", good.clone().token(&users)).await;
    let other = good.headers[0].1.replacen("jwt", "Basic", 1);
    script.case(&world, "another scheme", good.clone().token(&other)).await;
    script
        .case(
            &world,
            "the scheme's other spellings",
            good.clone().token(&good.headers[0].1.replacen("jwt", "TOKEN", 1)),
        )
        .await;
    elevate(&world, UserId(10_002), Role::Administrator).await;
    script.case(&world, "the user has become an administrator", photo_again(&server, &uid)).await;
    world.hand.advance(Millis::seconds(7 * 24 * 3600) + Millis(1));
    script.case(&world, "the server's token is over seven days old", good).await;
    script.close();
}

fn photo_again(server: &Ask, uid: &str) -> Ask {
    server.clone().json(json!({"username": "e", "photo": "", "user_id": 8, "channel_uid": uid}))
}

#[tokio::test]
async fn get_token_channel_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/v1/user/get_token_channel");
    let world = World::new().await;
    let server = server(&world).await;
    let uid = world.app().secrets.channel_uid.clone();
    let register = super::row(&DIALECT, "api/v1/user/register");
    photo_again(&server, &uid).send(&world, &DIALECT, register).await;
    let good = server.clone().json(json!({"user_id": 8}));
    script.common(&world, &good).await;
    script.case(&world, "somebody who is registered", good.clone()).await;
    script.case(&world, "the number as text", server.clone().json(json!({"user_id": "8"}))).await;
    script.case(&world, "nobody", server.clone().json(json!({"user_id": 9}))).await;
    let own = server.json(json!({"user_id": 10_001}));
    script.case(&world, "the box's own number of somebody", own).await;
    elevate(&world, UserId(10_001), Role::Technician).await;
    script.case(&world, "the user has become a technician", good).await;
    script.close();
}

#[tokio::test]
async fn reg_from_channel_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/v1/user/reg_from_channel");
    let world = World::new().await;
    let good = arrival(&world, 7, "/course/webRTCUser/?id=10001&enterprise_id=3");
    script.common(&world, &good).await;
    script.case(&world, "a browser comes, its user is made", good.clone()).await;
    let bare = good.clone().query("next", "/course/webRTCUser/?id=10001");
    let spilled = bare.clone().query("enterprise_id", 3);
    script.case(&world, "what spilled out of next is put back", spilled).await;
    let watching = good.clone().query("next", "/course/details/?id=10001");
    script.case(&world, "only to watch", watching).await;
    for (day, title) in [
        ("20261120", "of yesterday"),
        ("20261119", "of the day before yesterday"),
        ("20261122", "of tomorrow"),
    ] {
        let ask = bare.clone().query("auth_token", auth_token(&world, day, 7));
        script.case(&world, &format!("an auth_token {title}"), ask).await;
    }
    script.case(&world, "without auth_token", bare.clone().without("auth_token")).await;
    script.case(&world, "another user's auth_token", bare.clone().query("user_id", 8)).await;
    script.case(&world, "user_id is no number", bare.clone().query("user_id", "<b>")).await;
    for next in [
        "https://evil.example/course/",
        "//evil.example/course/",
        "\\\\evil.example",
        "/course/../box/",
        "/course/%2e%2e/box/",
        "/course/\n",
        "/box/",
        "<script>",
    ] {
        let title = format!("next is {next:?}");
        script.case(&world, &title, good.clone().query("next", next)).await;
    }
    let md5 = World::with(&["channel.auth=md5"]).await;
    let token = format!("{:x}", md5::compute("20261121registuser7"));
    let original =
        Ask::new().query("user_id", 7).query("auth_token", token).query("next", "/course/");
    script.case(&md5, "channel.auth = md5: the original's rule", original.clone()).await;
    script.case(&md5, "then not the box's own", arrival(&md5, 7, "/course/")).await;
    elevate(&md5, UserId(10_001), Role::Teacher).await;
    script.case(&md5, "then no teacher", original).await;
    elevate(&world, UserId(10_001), Role::Administrator).await;
    script.case(&world, "the user has become an administrator", good).await;
    script.close();
}
