//! regist, login, logout.

use arctos_box::model::Millis;
use serde_json::json;

use super::Script;
use crate::world::{PASSWORD, World};

#[tokio::test]
async fn regist_answers_as_written() {
    let mut script = Script::of("account/regist");
    let world = World::new().await;
    let good = json!({"id": "ann", "pwd": PASSWORD, "role": 1});
    script.common(&world, &good).await;
    script.case(&world, "a teacher registers", good.clone()).await;
    let pupil = json!({"id": "小明", "pwd": PASSWORD, "role": 0});
    script.case(&world, "a pupil registers", pupil).await;
    script.case(&world, "the id is taken", good).await;
    let shouted = json!({"id": "ANN", "pwd": PASSWORD, "role": 0});
    script.case(&world, "the id is taken, spelled otherwise", shouted).await;
    let role = json!({"id": "eve", "pwd": PASSWORD, "role": 2});
    script.case(&world, "there is no such role", role).await;
    let bell = json!({"id": "eve\u{7}", "pwd": PASSWORD, "role": 0});
    script.case(&world, "the id has a control character", bell).await;
    let channel = format!("{}:7", world.app().secrets.channel_uid);
    let body = json!({"id": channel, "pwd": PASSWORD, "role": 0});
    script.case(&world, "the id begins with the name of a channel", body).await;

    world.administer().await;
    let teacher = json!({"id": "eve", "pwd": PASSWORD, "role": 1});
    script.case(&world, "a teacher, once an administrator exists", teacher.clone()).await;
    let pupil = json!({"id": "bob", "pwd": PASSWORD, "role": 0});
    script.case(&world, "a pupil, once an administrator exists", pupil.clone()).await;

    let world = World::with(&["edu.registration=students"]).await;
    script.case(&world, "a teacher, where only pupils may register", teacher).await;
    let world = World::with(&["edu.registration=closed"]).await;
    script.case(&world, "registration is closed", pupil.clone()).await;
    let world = World::with(&["edu.appids=[7]"]).await;
    script.case(&world, "the appid is not served", pupil).await;
    script.close();
}

#[tokio::test]
async fn login_answers_as_written() {
    let mut script = Script::of("account/login");
    let world = World::new().await;
    for (id, role) in [("Ann", 1), ("bob", 0)] {
        world.ok("account/regist", json!({"id": id, "pwd": PASSWORD, "role": role})).await;
    }
    let good = json!({"id": "Ann", "pwd": PASSWORD});
    script.common(&world, &good).await;
    script.case(&world, "a teacher logs in", good.clone()).await;
    script.case(&world, "again, which ends the session before", good.clone()).await;
    let shouted = json!({"id": "ANN", "pwd": PASSWORD});
    script.case(&world, "the id is spelled otherwise", shouted).await;
    let pupil = json!({"id": "bob", "pwd": PASSWORD});
    script.case(&world, "a pupil logs in", pupil.clone()).await;
    let other = json!({"id": "Ann", "pwd": PASSWORD, "appid": 7});
    script.case(&world, "the account is another application's", other).await;
    script.case(&world, "nobody has that id", json!({"id": "eve", "pwd": PASSWORD})).await;

    let wrong = json!({"id": "bob", "pwd": "guess"});
    script.case(&world, "the password is wrong", wrong.clone()).await;
    for _ in 1..10 {
        assert_eq!(world.edu("account/login", wrong.clone()).await["errorCode"], 10006);
    }
    script.case(&world, "ten wrong passwords in a minute, then the right one", pupil.clone()).await;
    world.hand.advance(Millis::seconds(60));
    script.case(&world, "a minute later", pupil).await;

    let world = World::with(&["edu.login=refuse"]).await;
    world.user("Ann", 1).await;
    script.case(&world, "a session is alive, and a second one is refused", good).await;
    script.close();
}

#[tokio::test]
async fn logout_answers_as_written() {
    let mut script = Script::of("account/logout");
    let world = World::new().await;
    let good = json!({"token": world.teacher("ann").await});
    script.common(&world, &good).await;
    script.case(&world, "ann logs out", good.clone()).await;
    script.case(&world, "again", good).await;
    let unknown = json!({"token": "nobody's"});
    script.case(&world, "with a token that is not known", unknown).await;
    let old = json!({"token": world.pupil("bob").await});
    world.hand.advance(Millis::seconds(7 * 24 * 3600) + Millis(1));
    script.case(&world, "with a token that is over seven days old", old).await;
    script.close();
}
