//! What document 001 has of its own: the application an account belongs to, the order of its checks, signed callbacks.

use arctos_box::dialect::edu::DIALECT;
use arctos_box::dialect::{Access, Row};
use arctos_box::model::user::{Origin, Role};
use serde_json::{Value, json};

use super::person;
use crate::plausible::{self, code};
use crate::world::{APPID, START, World};

async fn call(world: &World, row: &Row, body: &Value) -> Value {
    let (svc, cmd) = row.address.split_once('/').unwrap();
    world.post(svc, cmd, body.to_string()).await.json()
}

fn rows(access: Access) -> impl Iterator<Item = &'static Row> {
    DIALECT.rows.iter().filter(move |row| row.access == access)
}

#[tokio::test]
async fn a_command_for_users_asks_for_a_token_before_anything_else_of_its_own() {
    let mut world = World::new().await;
    let gone = world.teacher("ann").await;
    world.ok("account/logout", json!({"token": gone})).await;
    let of_the_box = [
        token_of(&world, "root", Role::Administrator).await,
        token_of(&world, "tech", Role::Technician).await,
    ];
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        for row in rows(Access::User) {
            let mut bare = plausible::body(row, "");
            for token in ["nobody's", &gone, &of_the_box[0], &of_the_box[1]] {
                bare["token"] = json!(token);
                let answer = call(&world, row, &bare).await;
                assert_eq!(code(&answer), 10009, "{} {token}: {answer}", row.address);
                // The token is judged before the command's own fields.
                let common = json!({"appid": APPID, "timeStamp": 1, "token": token});
                assert_eq!(code(&call(&world, row, &common).await), 10009, "{}", row.address);
            }
            for wrong in [json!(""), json!(7), json!(null), json!(["x"])] {
                bare["token"] = wrong;
                let answer = call(&world, row, &bare).await;
                assert_eq!(code(&answer), 10003, "{}: {answer}", row.address);
            }
            bare.as_object_mut().unwrap().remove("token");
            let answer = call(&world, row, &bare).await;
            assert_eq!(code(&answer), 10003, "{}: {answer}", row.address);
            assert!(answer["errorInfo"].as_str().unwrap().contains("token"), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_command_for_users_takes_a_token_of_any_dialect_and_of_its_own_application_only() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let guest = guest(&world).await;
    for row in rows(Access::User) {
        let answer = call(&world, row, &plausible::body(row, &guest)).await;
        assert_ne!(code(&answer), 10009, "{}: {answer}", row.address);
        let mut foreign = plausible::body(row, &ann);
        foreign["appid"] = json!(APPID + 1);
        let answer = call(&world, row, &foreign).await;
        assert_eq!(code(&answer), 10003, "{}: {answer}", row.address);
        assert!(answer["errorInfo"].as_str().unwrap().contains("appid"), "{answer}");
    }
}

#[tokio::test]
async fn a_command_for_anybody_asks_for_no_token_but_logout_which_is_about_one() {
    let world = World::new().await;
    for row in rows(Access::Anybody) {
        for token in [json!("nobody's"), json!(7)] {
            let mut body = plausible::body(row, "");
            body["token"] = token;
            let expected = match (row.address, body["token"].is_string()) {
                ("account/logout", true) => 10008,
                ("account/logout", false) => 10003,
                ("account/regist", _) => [0, 10004][usize::from(!body["token"].is_string())],
                // The account that the row before has made, with the password it has made it with.
                ("account/login", _) => 0,
                (other, _) => panic!("{other} is new: say here whom it serves"),
            };
            assert_eq!(code(&call(&world, row, &body).await), expected, "{}", row.address);
        }
    }
    world.administer().await;
    let admin = token_of(&world, "root", Role::Administrator).await;
    let answer = world.edu("account/logout", json!({"token": admin})).await;
    assert_eq!(answer["errorCode"], 10008, "an administrator's token is no token here");
    let answer = world.edu("account/login", json!({"id": "root", "pwd": "x"})).await;
    assert_eq!(answer["errorCode"], 10005, "an administrator is nobody here");
}

#[tokio::test]
async fn a_callback_takes_a_signature_and_nothing_else() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    for row in rows(Access::Signed) {
        let good = plausible::body(row, "");
        let mut tries = vec![json!({}), json!({"token": ann, "appid": APPID, "timeStamp": 1})];
        for (name, value) in [("t", json!(START.as_seconds() + 9)), ("sign", json!("0".repeat(32)))]
        {
            let mut alone = json!({});
            alone[name] = value;
            tries.push(alone);
        }
        let mut forged = good.clone();
        plausible::sign(&world, &mut forged, 300);
        forged["t"] = json!(START.as_seconds() + 301);
        tries.push(forged);
        for ahead in [-1, 601] {
            let mut body = good.clone();
            plausible::sign(&world, &mut body, ahead);
            tries.push(body);
        }
        for body in tries {
            let answer = call(&world, row, &body).await;
            assert_eq!(code(&answer), 10003, "{} {body}: {answer}", row.address);
        }
    }
}

/// A person of the box's own log-in, with a token of it.
async fn token_of(world: &World, name: &str, role: Role) -> String {
    let user = person(world, name, Origin::Box, role).await;
    world.token(&user, Origin::Box).await
}

/// Somebody who came by another dialect, with its token.
async fn guest(world: &World) -> String {
    let user = person(world, "guest", Origin::Arctos, Role::Teacher).await;
    world.token(&user, Origin::Arctos).await
}
