//! setup, login, logout, me, password.

use arctos_box::domain::setup;
use arctos_box::model::user::{Origin, Role};
use arctos_box::model::{Millis, UserId};
use serde_json::json;

use super::{Staffed, script};
use crate::access::person;
use crate::ask::Ask;
use crate::world::{PASSWORD, START, World};

#[tokio::test]
async fn setup_answers_as_written() {
    let world = World::new().await;
    let mut state = script("GET box/v1/setup");
    state.common(&world, &Ask::new()).await;
    state.case(&world, "a fresh box", Ask::new()).await;
    person(&world, "Eve", Origin::Edu, Role::Teacher).await;
    let code = setup::code(world.app()).unwrap();
    let body = json!({"code": code, "handle": "root", "password": PASSWORD});
    let good = Ask::new().json(body.clone());
    let mut script = script("POST box/v1/setup");
    script.common(&world, &good).await;
    let with = |name: &str, value: serde_json::Value| {
        let mut body = body.clone();
        body[name] = value;
        Ask::new().json(body)
    };
    script.case(&world, "a wrong code", with("code", json!("AAAA-AAAA"))).await;
    script.case(&world, "a short password", with("password", json!("seven 7"))).await;
    script.case(&world, "somebody else's handle", with("handle", json!("EVE"))).await;
    let prefix = format!("{}:1", world.app().secrets.channel_uid);
    script.case(&world, "a channel's handle", with("handle", json!(prefix))).await;
    let elsewhere = good.clone().header("Origin", "http://evil.test");
    script.case(&world, "from a page of another site", elsewhere).await;
    let typed = code.to_ascii_lowercase().replace('-', "");
    let mut typed = json!({"code": typed, "handle": "root", "password": PASSWORD, "name": "校長"});
    typed["client_time_ms"] = json!(START.0 + 90_000);
    script.case(&world, "the code as people type it", Ask::new().json(typed)).await;
    script.case(&world, "again", good).await;
    state.case(&world, "with an administrator", Ask::new()).await;
    state.close();
    let fresh = World::new().await;
    for _ in 0..10 {
        let guess = Ask::new().json(json!({"code": "0", "handle": "root", "password": PASSWORD}));
        guess.send(&fresh, script.dialect, script.row).await;
    }
    let code = setup::code(fresh.app()).unwrap();
    let late = json!({"code": code, "handle": "root", "password": PASSWORD});
    let title = "the new code, after ten wrong tries in a minute";
    script.case(&fresh, title, Ask::new().json(late)).await;
    script.close();
}

#[tokio::test]
async fn login_answers_as_written() {
    let world = World::new().await;
    world.administer().await;
    let body = json!({"handle": "Root", "password": PASSWORD});
    let good = Ask::new().json(body);
    let mut script = script("box/v1/login");
    script.common(&world, &good).await;
    script.case(&world, "in another spelling", good.clone()).await;
    let ask = |handle: &str, password: &str| {
        Ask::new().json(json!({"handle": handle, "password": password}))
    };
    script.case(&world, "a wrong password", ask("root", "guess")).await;
    script.case(&world, "nobody", ask("nobody", PASSWORD)).await;
    script.case(&world, "a handle that nobody can have", ask("a\u{7}", PASSWORD)).await;
    person(&world, "guest", Origin::OpenIm, Role::Pupil).await;
    script.case(&world, "somebody without a password", ask("guest", PASSWORD)).await;
    let clock = json!({"handle": "root", "password": PASSWORD, "client_time_ms": START.0 - 5000});
    script.case(&world, "the browser's clock is behind", Ask::new().json(clock)).await;
    world.ok("account/regist", json!({"id": "bob", "pwd": PASSWORD, "role": 0})).await;
    script.case(&world, "a pupil of document 001", ask("bob", PASSWORD)).await;
    let id = person(&world, "bob", Origin::Edu, Role::Pupil).await.id;
    disable(&world, id).await;
    script.case(&world, "a closed account", ask("bob", PASSWORD)).await;
    let elsewhere = good.clone().header("Sec-Fetch-Site", "cross-site");
    script.case(&world, "from a page of another site", elsewhere).await;
    for _ in 0..10 {
        ask("root", "guess").send(&world, script.dialect, script.row).await;
    }
    script.case(&world, "after ten wrong tries in a minute", good).await;
    script.close();
}

async fn disable(world: &World, id: UserId) {
    let closed = world.app().db.write(move |conn| {
        conn.execute("UPDATE user SET disabled = 1 WHERE id = ?1", [id.0])?;
        Ok(())
    });
    closed.await.unwrap();
}

#[tokio::test]
async fn me_answers_as_written() {
    let staffed = Staffed::new().await;
    let world = &staffed.world;
    let mut script = script("box/v1/me");
    staffed.common(&mut script, Ask::new()).await;
    script.case(world, "an administrator", Ask::new().token(&staffed.root)).await;
    script.case(world, "a pupil", Ask::new().token(&staffed.pupil)).await;
    let token = staffed.pupil.trim_start_matches("Bearer ");
    let cookie = Ask::new().header("Cookie", &format!("arctos_session={token}"));
    script.case(world, "by the cookie, under a name of others", cookie.clone()).await;
    world.hand.advance(Millis::seconds(7 * 24 * 3600 + 1));
    script.case(world, "a week later", Ask::new().token(&staffed.pupil)).await;
    script.close();
}

#[tokio::test]
async fn logout_answers_as_written() {
    let staffed = Staffed::new().await;
    let mut script = script("box/v1/logout");
    staffed.common(&mut script, Ask::new()).await;
    let ask = Ask::new().token(&staffed.pupil);
    script.case(&staffed.world, "a pupil", ask.clone()).await;
    script.case(&staffed.world, "again", ask).await;
    let token = staffed.teacher.trim_start_matches("Bearer ");
    let cookie = Ask::new().header("Cookie", &format!("arctos_session={token}"));
    script.case(&staffed.world, "by the cookie, under a name of others", cookie).await;
    script.close();
}

#[tokio::test]
async fn password_answers_as_written() {
    let staffed = Staffed::new().await;
    let world = &staffed.world;
    let mut script = script("box/v1/password");
    let good = json!({"password": PASSWORD, "new_password": "another password"});
    let good = Ask::new().token(&staffed.root).json(good);
    staffed.common(&mut script, good.clone()).await;
    let short = json!({"password": PASSWORD, "new_password": "seven 7"});
    script.case(world, "too short", Ask::new().token(&staffed.root).json(short)).await;
    let wrong = json!({"password": "guess", "new_password": "another password"});
    script.case(world, "not the old one", Ask::new().token(&staffed.root).json(wrong)).await;
    script.case(world, "as it should be", good.clone()).await;
    script.case(world, "with the token from before", good).await;
    script.close();
}
