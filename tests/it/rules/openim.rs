//! Document 002 and decisions.md, section 002: what is true after a call, and for whom.

use arctos_box::dialect::openim::DIALECT;
use arctos_box::model::user::{Origin, Role};
use arctos_box::model::{Handle, Millis, Platform};
use arctos_box::store::users;
use arctos_box::wire::jwt;
use arctos_box::wire::openim::Claims;
use hyper::Request;
use serde_json::{Value, json};

use crate::access::person;
use crate::ask::Ask;
use crate::golden::row;
use crate::world::{Answer, PASSWORD, START, World};

async fn call(world: &World, address: &str, mut body: Value) -> Answer {
    if body.get("secret").is_none() {
        body["secret"] = json!(&*world.app().secrets.openim_secret);
    }
    Ask::new().json(body).send(world, &DIALECT, row(&DIALECT, address)).await
}

async fn token(world: &World, uid: &str) -> String {
    let body = json!({"platform": 5, "uid": uid});
    let answer = call(world, "auth/user_token", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_registered_person_is_a_pupil_with_name_picture_and_profile() {
    let world = World::new().await;
    let body = json!({"platform": 5, "uid": "小明", "name": "张三", "icon": "http://a/b",
        "gender": 1, "ex": "{\"k\":1}"});
    assert_eq!(call(&world, "auth/user_register", body).await.status, 200);
    let found = world.app().db.read(|conn| {
        let user = users::by_handle(conn, &Handle::new("小明").unwrap())?.unwrap();
        let sql = "SELECT profile FROM user WHERE id = ?1";
        let profile: String = conn.query_row(sql, [user.id.0], |r| r.get(0))?;
        Ok((user, profile))
    });
    let (user, profile) = found.await.unwrap();
    assert_eq!((user.origin, user.role), (Origin::OpenIm, Role::Pupil));
    assert_eq!((&*user.name, &*user.picture), ("张三", "http://a/b"));
    assert!(user.password.is_none() && user.appid.is_none());
    assert_eq!(profile, r#"{"gender":1,"ex":"{\"k\":1}"}"#);
}

#[tokio::test]
async fn a_token_is_good_in_document_001_and_says_who_it_is_for() {
    let mut world = World::new().await;
    world.pupil("Ann").await;
    let token = token(&world, "ann").await;
    let key = world.app().secrets.signing_key("openim");
    let claims: Claims = jwt::verify(&key, &token).unwrap();
    let (now, week) = (START.as_seconds(), 7 * 24 * 3600);
    let expected =
        Claims { UID: "Ann".into(), Platform: "Web".into(), exp: now + week, nbf: now, iat: now };
    assert_eq!(claims, expected);
    for _ in 0..2 {
        world.ok("live/roomlist", json!({"token": token, "index": 0, "size": 1})).await;
        // After a restart as well.
        world.restart().await;
    }
    world.hand.advance(Millis::seconds(week + 1));
    let late = world.edu("live/roomlist", json!({"token": token, "index": 0, "size": 1})).await;
    assert_eq!(late["errorCode"], 10009);
}

#[tokio::test]
async fn tokens_stay_beside_each_other_and_beside_a_log_in() {
    let world = World::new().await;
    let own = world.pupil("ann").await;
    let first = token(&world, "ann").await;
    assert_eq!(first, token(&world, "ann").await, "within one second");
    world.hand.advance(Millis(1000));
    let second = token(&world, "ann").await;
    assert_ne!(first, second);
    for token in [own, first, second] {
        world.ok("live/roomlist", json!({"token": token, "index": 0, "size": 1})).await;
    }
}

#[tokio::test]
async fn a_person_who_came_by_002_has_no_password_in_001_and_the_handle_is_taken_there() {
    let world = World::new().await;
    let body = json!({"platform": 5, "uid": "ann", "name": ""});
    assert_eq!(call(&world, "auth/user_register", body).await.status, 200);
    let login = world.edu("account/login", json!({"id": "ann", "pwd": PASSWORD})).await;
    assert_eq!(login["errorCode"], 10006);
    let again = json!({"id": "ANN", "pwd": PASSWORD, "role": 0});
    assert_eq!(world.edu("account/regist", again).await["errorCode"], 10004);
}

#[tokio::test]
async fn an_administrator_cannot_be_had_through_the_secret() {
    let world = World::new().await;
    for (name, role) in [("root", Role::Administrator), ("tech", Role::Technician)] {
        person(&world, name, Origin::Box, role).await;
        let body = json!({"platform": 5, "uid": name});
        let answer = call(&world, "auth/user_token", body).await;
        let nobody = call(&world, "auth/user_token", json!({"platform": 5, "uid": "nobody"})).await;
        assert_eq!((answer.status, answer.text()), (500, nobody.text()));
        let body = json!({"platform": 5, "uid": name, "name": ""});
        assert_eq!(call(&world, "auth/user_register", body).await.status, 500);
    }
}

#[tokio::test]
async fn fields_are_judged_before_the_secret_and_nothing_is_done_without_it() {
    let world = World::new().await;
    for (secret, expected) in [("wrong", 401), ("tuoyun", 401), ("", 400)] {
        let body = json!({"platform": 5, "uid": "eve", "name": "", "secret": secret});
        let answer = call(&world, "auth/user_register", body).await;
        assert_eq!((answer.status, answer.json()["errCode"].as_i64()), (400, Some(expected)));
        let body = json!({"platform": 9, "uid": "eve", "name": "", "secret": secret});
        assert_eq!(call(&world, "auth/user_register", body).await.json()["errCode"], 400);
    }
    let body = json!({"platform": 5, "uid": "eve"});
    assert_eq!(call(&world, "auth/user_token", body).await.status, 500, "nobody was registered");
    // Ten wrong ones of this address: that would be too many, had wrong fields counted.
    for _ in 0..8 {
        let body = json!({"platform": 9, "uid": "eve", "secret": "wrong"});
        assert_eq!(call(&world, "auth/user_token", body).await.status, 400);
    }
}

#[tokio::test]
async fn two_hundred_people_are_looked_up_without_the_disk() {
    let world = World::new().await;
    let stay = world.app().online.enter(&Handle::new("U7").unwrap(), Platform::ALL[4], "t");
    let ids: Vec<String> = (0..200).map(|n| format!("u{n}")).collect();
    let before = world.app().db.commits();
    let body = json!({"operationID": "1", "userIDList": ids});
    let answer = call(&world, "user/get_users_online_status", body).await.json();
    assert_eq!(world.app().db.commits(), before);
    let all = answer["successResult"].as_array().unwrap();
    let asked: Vec<&str> = all.iter().map(|one| one["userID"].as_str().unwrap()).collect();
    assert_eq!(asked, ids);
    let online: Vec<_> = all.iter().filter(|one| one["status"] == "online").collect();
    let web = json!([{"platform": "Web", "status": "online"}]);
    assert_eq!(online, [&json!({"userID": "u7", "status": "online", "detailPlatformStatus": web})]);
    drop(stay);
}

#[tokio::test]
async fn pages_of_other_origins_may_call_it_and_slashes_do_not_matter() {
    let world = World::new().await;
    let options = Request::options("/auth/user_token").header("host", "box.test");
    let answer = world.request(options.body(Default::default()).unwrap()).await;
    assert_eq!(
        (answer.status, &answer.headers["access-control-allow-origin"]),
        (204, &"*".parse().unwrap())
    );
    let posted = Request::post("/auth/user_token/").header("host", "box.test");
    let answer = world.request(posted.body("{}".into()).unwrap()).await;
    assert_eq!((answer.status, answer.json()["errCode"].as_i64()), (400, Some(400)));
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    let unknown = Request::post("/auth/nothing").body(Default::default()).unwrap();
    let answer = world.request(unknown).await;
    assert_eq!((answer.status, answer.json()["errCode"].as_i64()), (404, Some(404)));
}
