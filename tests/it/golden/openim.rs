//! Document 002: three commands of a server.

use arctos_box::dialect::openim::DIALECT;
use arctos_box::model::user::{Origin, Role, User};
use arctos_box::model::{Handle, Millis, Platform};
use serde_json::{Value, json};

use super::Script;
use crate::access::person;
use crate::ask::Ask;
use crate::world::World;

fn secret(world: &World) -> String {
    world.app().secrets.openim_secret.to_string()
}

fn ask(body: &Value, more: Value) -> Ask {
    let mut body = body.clone();
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    Ask::new().json(body)
}

/// What all three rows answer to a wrong secret, the eleventh of them, and too long a body.
async fn refusals(script: &mut Script, world: &World, good: &Value) {
    script.common(world, &Ask::new().json(good.clone())).await;
    let long = ask(good, json!({"secret": "x".repeat(33)}));
    script.case(world, "the secret is too long for one", long).await;
    let wrong = ask(good, json!({"secret": "tuoyun"})).from([10, 0, 0, 9]);
    script.case(world, "the secret is wrong", wrong.clone()).await;
    for _ in 1..10 {
        wrong.send(world, script.dialect, script.row).await;
    }
    script.case(world, "the eleventh wrong one of an address", wrong.clone()).await;
    let right = Ask::new().json(good.clone()).from([10, 0, 0, 9]);
    script.case(world, "the right one after ten wrong ones", right).await;
    world.hand.advance(Millis::seconds(60));
}

#[tokio::test]
async fn user_register_answers_as_written() {
    let mut script = Script::of(&DIALECT, "auth/user_register");
    let world = World::new().await;
    let good = json!({"secret": secret(&world), "platform": 1, "uid": "d5645454517", "name": "张三",
        "icon": "https:oss.com.cn/head", "gender": 1, "mobile": "17812457845",
        "birth": "1998.12.15", "email": "xxxx@qq.com", "ex": "xxx"});
    refusals(&mut script, &world, &good).await;
    script.case(&world, "the document's example", Ask::new().json(good.clone())).await;
    script.case(&world, "the uid is registered", Ask::new().json(good.clone())).await;
    let shouted = ask(&good, json!({"uid": "D5645454517"}));
    script.case(&world, "the uid is registered, spelled otherwise", shouted).await;
    let least = json!({"secret": secret(&world), "platform": 7, "uid": "小明", "name": ""});
    script.case(&world, "the least, with an empty name", Ask::new().json(least)).await;
    let longest = ask(
        &good,
        json!({"uid": "学".repeat(64), "name": "学".repeat(64), "mobile": "1".repeat(32),
            "birth": "1".repeat(16), "email": "e".repeat(64), "icon": "i".repeat(1024),
            "ex": "学".repeat(1024), "gender": 2}),
    );
    script.case(&world, "everything as long as it may be", longest).await;
    let wrong = [
        ("platform", json!(0)),
        ("platform", json!(8)),
        ("platform", json!("1")),
        ("uid", json!("")),
        ("uid", json!("学".repeat(65))),
        ("uid", json!("a\u{7}b")),
        ("uid", json!(7)),
        ("name", json!("学".repeat(65))),
        ("icon", json!("i".repeat(1025))),
        ("icon", json!("学".repeat(342))),
        ("gender", json!(3)),
        ("mobile", json!("1".repeat(33))),
        ("birth", json!("1".repeat(17))),
        ("email", json!("e".repeat(65))),
        ("ex", json!("x".repeat(1025))),
    ];
    for (field, value) in wrong {
        let mut body = good.clone();
        body[field] = value;
        script.case(&world, &format!("{field} is wrong"), Ask::new().json(body)).await;
    }
    let channel = format!("{}:7", world.app().secrets.channel_uid);
    let body = ask(&good, json!({"uid": channel}));
    script.case(&world, "the uid begins with the name of a channel", body).await;
    script.close();
}

#[tokio::test]
async fn user_token_answers_as_written() {
    let mut script = Script::of(&DIALECT, "auth/user_token");
    let world = World::new().await;
    let good = json!({"secret": secret(&world), "platform": 5, "uid": "ann"});
    world.pupil("Ann").await;
    refusals(&mut script, &world, &good).await;
    script.case(&world, "a token, answered as first spelled", Ask::new().json(good.clone())).await;
    script.case(&world, "again within the second", Ask::new().json(good.clone())).await;
    world.hand.advance(Millis(1000));
    script.case(&world, "a second later", Ask::new().json(good.clone())).await;
    for platform in [8, 0, 9] {
        let body = ask(&good, json!({"platform": platform}));
        script.case(&world, &format!("platform {platform}"), body).await;
    }
    let body = ask(&good, json!({"uid": "nobody"}));
    script.case(&world, "the uid is not registered", body).await;
    person(&world, "root", Origin::Box, Role::Administrator).await;
    let body = ask(&good, json!({"uid": "root"}));
    script.case(&world, "an administrator is nobody here", body).await;
    close_account(&world, "ann").await;
    script.case(&world, "the account is closed", Ask::new().json(good)).await;
    script.close();
}

#[tokio::test]
async fn get_users_online_status_answers_as_written() {
    let mut script = Script::of(&DIALECT, "user/get_users_online_status");
    let world = World::new().await;
    let ids = json!(["18349115126", "45", "17396220460", "sadsdf"]);
    let good = json!({"operationID": "545454", "userIDList": ids, "secret": secret(&world)});
    refusals(&mut script, &world, &good).await;
    let online = &world.app().online;
    let come = |who: &str, platform| {
        let platform = Platform::new(platform).unwrap();
        online.enter(&Handle::new(who).unwrap(), platform, "a token").unwrap()
    };
    let stays = [come("18349115126", 2), come("17396220460", 5)];
    script.case(&world, "the document's example", Ask::new().json(good.clone())).await;
    let more = [come("17396220460", 1), come("17396220460", 6), come("45", 8)];
    script
        .case(
            &world,
            "on three platforms, and on one without a name",
            Ask::new().json(good.clone()),
        )
        .await;
    let repeats = ask(&good, json!({"userIDList": ["45", "", "45", "x".repeat(256)]}));
    script.case(&world, "repeats, and what can be nobody's", repeats).await;
    drop((stays, more));
    script.case(&world, "everybody has gone", Ask::new().json(good.clone())).await;
    let nobody = ask(&good, json!({"userIDList": []}));
    script.case(&world, "nobody is asked for", nobody).await;
    for (title, list) in [
        ("201 at once", json!(vec!["x"; 201])),
        ("the list is no list", json!("45")),
        ("a number in the list", json!([45])),
    ] {
        script.case(&world, title, ask(&good, json!({"userIDList": list}))).await;
    }
    let empty = ask(&good, json!({"operationID": ""}));
    script.case(&world, "operationID is empty", empty).await;
    script.close();
}

async fn close_account(world: &World, handle: &str) {
    let handle = Handle::new(handle).unwrap();
    let close = world.app().db.write(move |conn| {
        conn.execute("UPDATE user SET disabled = 1 WHERE handle_key = ?1", [handle.key()])?;
        Ok(arctos_box::store::users::by_handle(conn, &handle)?)
    });
    let user: Option<User> = close.await.unwrap();
    world.app().sessions.changed(&user.unwrap());
}
