//! Document 004: a code, a token for it, and what the token is worth.

use arctos_box::dialect::arctos::DIALECT;
use arctos_box::model::Millis;
use arctos_box::model::user::{Origin, Role};
use serde_json::{Value, json};

use super::Script;
use crate::access::person;
use crate::ask::Ask;
use crate::vendor::Vendor;
use crate::world::{START, World};

const KEY: &str = "arc-license-key";

fn key(world: &World) -> Ask {
    Ask::new().header(KEY, &world.app().secrets.arctos_license_key)
}

/// A code for somebody.
async fn code(world: &World, user_id: &str, role: &str) -> String {
    let row = super::row(&DIALECT, "api/auth/getAuthCode");
    let ask = key(world).json(json!({"user_id": user_id, "role": role}));
    let answer = ask.send(world, &DIALECT, row).await.json();
    answer["info"]["code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn use_code(code: &str) -> Value {
    json!({"grant_type": "authorization_code", "client_id": "arctos-webapp", "code": code})
}

/// A token of somebody, as the whole header.
async fn bearer(world: &World, user_id: &str, role: &str, client: &str) -> String {
    let row = super::row(&DIALECT, "api/auth/getAuthTokenUseCode");
    let mut body = use_code(&code(world, user_id, role).await);
    body["client_id"] = json!(client);
    let answer = Ask::new().json(body).send(world, &DIALECT, row).await.json();
    let token = answer["info"]["access_token"].as_str();
    format!("Bearer {}", token.unwrap_or_else(|| panic!("{answer}")))
}

#[tokio::test]
async fn get_auth_code_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/auth/getAuthCode");
    let world = World::new().await;
    let good =
        key(&world).json(json!({"user_id": "unique_id", "name": "name", "role": "MODERATOR"}));
    script.common(&world, &good).await;
    script.case(&world, "a moderator whom the box does not know", good.clone()).await;
    let again = good.clone().under("api/auth/code");
    script.case(&world, "again, by the original's path", again).await;
    let nameless = key(&world).json(json!({"user_id": "學生", "role": "PUBLISHER"}));
    script.case(&world, "a publisher without a name", nameless).await;
    for role in ["ADMIN", "SWITCH", "CLIENT"] {
        let ask = key(&world).json(json!({"user_id": role, "role": role}));
        script.case(&world, &format!("the role {role}"), ask).await;
    }
    let root = key(&world).json(json!({"user_id": "root", "role": "ADMIN"}));
    for (title, body) in [
        ("there is no such role", json!({"user_id": "eve", "role": "moderator"})),
        ("the user_id is too long", json!({"user_id": "x".repeat(65), "role": "CLIENT"})),
        ("the user_id has a control character", json!({"user_id": "a\u{7}", "role": "CLIENT"})),
        ("the user_id is a number", json!({"user_id": 7, "role": "CLIENT"})),
    ] {
        script.case(&world, title, key(&world).json(body)).await;
    }
    let foreign = format!("{}:7", world.app().secrets.channel_uid);
    let foreign = key(&world).json(json!({"user_id": foreign, "role": "CLIENT"}));
    script.case(&world, "the user_id begins with the name of a channel", foreign).await;
    world.administer().await;
    script.case(&world, "the user_id is an administrator's", root).await;
    let guess = Ask::new().from([192, 168, 0, 9]).json(json!({"user_id": "eve", "role": "ADMIN"}));
    for _ in 0..10 {
        let row = super::row(&DIALECT, "api/auth/getAuthCode");
        guess.clone().header(KEY, "guess").send(&world, &DIALECT, row).await;
    }
    let right = guess.header(KEY, &world.app().secrets.arctos_license_key);
    script.case(&world, "ten wrong keys in a minute, then the right one", right).await;
    script.case(&world, "meanwhile from another address", good).await;
    script.close();
}

#[tokio::test]
async fn get_auth_token_use_code_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/auth/getAuthTokenUseCode");
    let world = World::new().await;
    let first = use_code(&code(&world, "ann", "MODERATOR").await);
    let good = Ask::new().json(first.clone());
    script.common(&world, &good).await;
    let mut redirected = first.clone();
    redirected["redirect_uri"] = json!("https://school.example/back");
    let redirected = Ask::new().json(redirected);
    script.case(&world, "a moderator in a browser, with a page to return to", redirected).await;
    script.case(&world, "the code was used", good).await;
    script.case(&world, "there is no such code", Ask::new().json(use_code("guess"))).await;
    let second = use_code(&code(&world, "bob", "PUBLISHER").await);
    for (title, name, value) in [
        ("another grant_type", "grant_type", "password"),
        ("an unknown client_id", "client_id", "arctos"),
        ("an empty client_id", "client_id", ""),
        ("redirect_uri is no address", "redirect_uri", "back"),
    ] {
        let mut body = second.clone();
        body[name] = json!(value);
        script.case(&world, title, Ask::new().json(body)).await;
    }
    let mut bare = second.clone();
    bare.as_object_mut().unwrap().remove("client_id");
    let bare = Ask::new().under("api/auth/login").json(bare);
    script.case(&world, "without client_id, by the original's path", bare).await;
    for (role, client) in [("SWITCH", "arctos-switch"), ("CLIENT", "arctos-client")] {
        let mut body = use_code(&code(&world, role, role).await);
        let title = format!("{role} in a browser");
        script.case(&world, &title, Ask::new().json(body.clone())).await;
        body["client_id"] = json!(client);
        script.case(&world, &format!("{role} on its device"), Ask::new().json(body)).await;
    }
    let old = Ask::new().json(use_code(&code(&world, "ann", "MODERATOR").await));
    world.hand.advance(Millis::seconds(600) + Millis(1));
    script.case(&world, "the code is over ten minutes old", old).await;
    script.close();
}

/// The same token, whatever becomes of the licence.
async fn licensed(script: &mut Script) {
    let vendor = Vendor::new();
    let world = World::with(&[&vendor.trusted()]).await;
    let ann = bearer(&world, "ann", "MODERATOR", "arctos-webapp").await;
    let good = Ask::new().token(&ann);
    vendor.install(&world, |licence| licence.expires = Some(START + Millis::days(1)));
    script.case(&world, "with a licence for two lessons", good.clone()).await;
    let mut hosts = Vec::new();
    for host in ["cid", "dan"] {
        let host = world.teacher(host).await;
        hosts.push((world.live_room(&host).await, host));
    }
    script.case(&world, "as many lessons are live as it allows", good.clone()).await;
    vendor.install(&world, |licence| licence.rooms = 1);
    script.case(&world, "more lessons are live than it allows", good.clone()).await;
    for (room, host) in hosts {
        world.ok("live/exitroom", json!({"token": host, "roomnum": room})).await;
    }
    vendor
        .install(&world, |licence| licence.marks.iter_mut().for_each(|m| m.hash = "0".repeat(24)));
    script.case(&world, "it is for another box", good.clone()).await;
    vendor.install(&world, |licence| licence.not_before = START + Millis::days(9));
    script.case(&world, "it is not valid yet", good.clone()).await;
    Vendor::other().install(&world, |_| {});
    script.case(&world, "somebody else has signed it", good.clone()).await;
    world.put_licence(b"-----BEGIN nothing-----");
    script.case(&world, "the file is no licence", good.clone()).await;
    world.take_licence();
    script.case(&world, "the file is gone", good.clone()).await;
    vendor.install(&world, |licence| licence.expires = Some(START - Millis::days(9)));
    script.case(&world, "it has expired, with one day of grace left", good.clone()).await;
    vendor.install(&world, |licence| licence.expires = Some(START - Millis::days(10)));
    script.case(&world, "expiry and grace are over", good).await;
}

#[tokio::test]
async fn check_auth_token_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/auth/checkAuthToken");
    let world = World::new().await;
    let ann = bearer(&world, "ann", "MODERATOR", "arctos-webapp").await;
    let good = Ask::new().token(&ann).json(json!({}));
    script.common(&world, &good).await;
    script.case(&world, "a moderator in a browser", good.clone()).await;
    let get = Ask::new().by("GET").under("api/auth/check").token(&ann);
    script.case(&world, "by GET and the original's path", get).await;
    let switch = bearer(&world, "sw", "SWITCH", "arctos-switch").await;
    script.case(&world, "a moderator's device", Ask::new().token(&switch)).await;
    let other = ann.replace("Bearer", "Token");
    script.case(&world, "the scheme is not Bearer", Ask::new().token(&other)).await;
    script.case(&world, "the scheme alone", Ask::new().token("Bearer")).await;
    let bob = person(&world, "bob", Origin::Edu, Role::Pupil).await;
    let foreign = format!("Bearer {}", world.token(&bob, Origin::Edu).await);
    script.case(&world, "a token of another dialect", Ask::new().token(&foreign)).await;
    let forged = format!("{}x", ann.rsplit_once('.').unwrap().0.to_owned() + ".");
    script.case(&world, "another signature", Ask::new().token(&forged)).await;
    world.hand.advance(Millis::seconds(7 * 24 * 3600) + Millis(1));
    script.case(&world, "the token is over seven days old", good).await;
    licensed(&mut script).await;
    script.close();
}
