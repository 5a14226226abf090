//! No server-to-server secret, no registration order and no handle gives anybody a box role or another
//! channel's user.

use arctos_box::model::user::{Origin, Role};
use serde_json::{Value, json};

use super::{auth_code, call, channel_register, text, use_code, user_register, user_token};
use crate::access::person;
use crate::ask::Ask;
use crate::golden::groups::token;
use crate::world::{PASSWORD, World};

/// Whether a token opens anything of the staff's.
async fn opens_the_box(world: &World, token: &str) -> bool {
    let mut opened = false;
    for path in ["me", "users", "secrets", "audit", "licence"] {
        opened |= world.staff("GET", path, token, Value::Null).await.status < 400;
    }
    opened
}

/// Spellings under which somebody may try to be `handle`.
fn spellings(handle: &str) -> Vec<String> {
    let mixed = handle.chars().enumerate();
    let mixed = mixed.map(|(n, c)| if n % 2 == 0 { c.to_ascii_uppercase() } else { c });
    vec![handle.into(), handle.to_uppercase(), mixed.collect()]
}

#[tokio::test]
async fn no_secret_gives_a_token_for_an_administrator_or_a_technician() {
    let world = World::new().await;
    world.administer().await;
    let tech = person(&world, "tech", Origin::Box, Role::Technician).await;
    let bob = world.pupil("bob").await;
    let id = crate::golden::groups::group(&world, &bob, json!({"name": "n"})).await;
    for name in ["root", "tech"].into_iter().flat_map(spellings) {
        assert_eq!(user_register(&world, &name).await.0, 500, "{name}");
        assert_eq!(user_token(&world, &name).await.0, 500, "{name}");
        for role in ["ADMIN", "MODERATOR", "CLIENT"] {
            let (status, told) = auth_code(&world, &name, role).await;
            assert_eq!((status, told.get("info")), (403, None), "{name}");
        }
        let regist = world.edu("account/regist", json!({"id": name, "pwd": PASSWORD, "role": 0}));
        assert_eq!(regist.await["errorCode"], 10004, "{name}");
        let login = world.edu("account/login", json!({"id": name, "pwd": PASSWORD}));
        assert_eq!(
            login.await["errorCode"],
            10005,
            "{name}: his password is right, and for the box"
        );
    }
    let bring = token(&bob).param("id", id).json(json!({"userid": tech.id.0}));
    assert_eq!(call(&world, "api/im/group/{id}/join", bring).await.0, 404);
}

#[tokio::test]
async fn the_highest_claims_and_roles_of_the_dialects_are_none_of_the_box() {
    let world = World::new().await;
    let mut tokens = vec![world.teacher("ann").await];
    for role in ["ADMIN", "MODERATOR", "SWITCH"] {
        let (_, got) = auth_code(&world, &format!("a {role}"), role).await;
        let code = &got["info"]["code"];
        let body = json!({"grant_type": "authorization_code", "code": code,
            "client_id": if role == "SWITCH" { "arctos-switch" } else { "arctos-webapp" }});
        let ask = Ask::new().json(body);
        let (_, got) = call(&world, "api/auth/getAuthTokenUseCode", ask).await;
        tokens.push(text(&got["info"]["access_token"]));
    }
    // The names of the original's two managers mean nothing here.
    for uid in ["openIM123456", "admin", "administrator"] {
        let (_, got) = user_register(&world, uid).await;
        tokens.push(text(&got["data"]["token"]));
    }
    let (_, got) = channel_register(&world, 1).await;
    tokens.push(text(&got["result"]["token"]));
    let (_, got) = call(&world, "api/im/token", token(&tokens[0])).await;
    tokens.push(text(&got["key"]));
    let secrets = &world.app().secrets;
    tokens.extend([
        secrets.openim_secret.to_string(),
        secrets.arctos_license_key.to_string(),
        secrets.channel_app_secret.to_string(),
        secrets.callback_key.to_string(),
    ]);
    for administered in [false, true] {
        if administered {
            world.administer().await;
        }
        for token in &tokens {
            assert!(!opens_the_box(&world, token).await, "{token}");
        }
    }
}

#[tokio::test]
async fn who_registers_a_name_first_has_nothing_of_whoever_later_becomes_staff_under_it() {
    let mut world = World::new().await;
    let edu = world.teacher("boss").await;
    let (_, got) = user_token(&world, "boss").await;
    let openim = text(&got["data"]["token"]);
    let (_, got) = auth_code(&world, "boss", "ADMIN").await;
    let (_, got) = use_code(&world, &got["info"]["code"]).await;
    let arctos = text(&got["info"]["access_token"]);
    let (_, got) = call(&world, "api/im/token", token(&edu)).await;
    let groups = text(&got["key"]);
    let (_, waiting) = auth_code(&world, "boss", "ADMIN").await;

    let root = world.administer().await;
    let users = world.staff("GET", "users?text=boss", &root, Value::Null).await.json();
    let path = format!("users/{}", users["users"][0]["id"]);
    let keep = world.staff("POST", &path, &root, json!({"role": "technician"})).await;
    assert_eq!(keep.status, 400, "the old password was the first comer's: {}", keep.text());
    let new = json!({"role": "technician", "password": "another password"});
    assert_eq!(world.staff("POST", &path, &root, new).await.status, 200);

    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        for mine in [&edu, &openim, &arctos, &groups] {
            assert!(!opens_the_box(&world, mine).await);
            assert_eq!(call(&world, "GET api/im/group", token(mine)).await.0, 403);
            let made = world.edu("live/create", json!({"token": mine, "title": "t"})).await;
            assert_eq!(made["errorCode"], 10009);
        }
        let (_, got) = use_code(&world, &waiting["info"]["code"]).await;
        assert_eq!((&got["status"], &got["message"]), (&json!(0), &json!("未授權訪問")));
        assert_eq!(auth_code(&world, "boss", "ADMIN").await.0, 403);
        assert_eq!(user_token(&world, "boss").await.0, 500);
        for password in [PASSWORD, "another password"] {
            let login = world.edu("account/login", json!({"id": "boss", "pwd": password})).await;
            assert_eq!(login["errorCode"], 10005);
        }
    }
}

#[tokio::test]
async fn a_name_of_the_channels_can_be_taken_by_nobody_else_before_or_after_its_user_came() {
    let world = World::new().await;
    let root = world.administer().await;
    let handle = format!("{}:7", world.app().secrets.channel_uid);
    for there in [false, true] {
        if there {
            let (status, got) = channel_register(&world, 7).await;
            assert_eq!(status, 200, "{got}");
        }
        for name in spellings(&handle) {
            let body = json!({"id": name, "pwd": PASSWORD, "role": 0});
            let refused = world.edu("account/regist", body).await["errorCode"].clone();
            assert_eq!(refused, 10003, "{name}");
            let (status, _) = user_register(&world, &name).await;
            assert_eq!(status, 400, "{name}");
            let (status, told) = auth_code(&world, &name, "PUBLISHER").await;
            assert_eq!(
                (status, &told["status"]),
                (200, &json!(i64::from(there))),
                "{name}: {told}"
            );
            let body = json!({"handle": name, "role": "technician", "password": "long enough"});
            assert_eq!(world.staff("POST", "users", &root, body).await.status, 400, "{name}");
        }
    }
    // The user is the channel's still: a pupil, one person, with the channel's own name.
    let (_, got) = channel_register(&world, 7).await;
    let token = text(&got["result"]["token"]);
    let actor = world.app().sessions.actor(&token, world.clock.moment()).unwrap();
    assert_eq!((actor.handle.as_str(), actor.role), (handle.as_str(), Role::Pupil));
}

#[tokio::test]
async fn one_servers_secret_is_none_at_anothers_door() {
    let world = World::new().await;
    let secrets = world.app().secrets.clone();
    let all = [
        &*secrets.openim_secret,
        &*secrets.arctos_license_key,
        &*secrets.channel_app_secret,
        &*secrets.callback_key,
        &*secrets.token_key,
    ];
    for (n, secret) in all.iter().enumerate() {
        let from = |ask: Ask| ask.from([10, 0, 0, u8::try_from(n).unwrap()]);
        let openim = json!({"secret": secret, "platform": 5, "uid": "eve", "name": ""});
        let openim = call(&world, "auth/user_register", from(Ask::new().json(openim))).await;
        assert_eq!(openim.0 == 200, *secret == &*secrets.openim_secret);
        let arctos = Ask::new().header("arc-license-key", secret);
        let arctos = arctos.json(json!({"user_id": "eve", "role": "ADMIN"}));
        let arctos = call(&world, "api/auth/getAuthCode", from(arctos)).await.1;
        assert_eq!(arctos["status"] == 1, *secret == &*secrets.arctos_license_key);
        let pair = json!({"app_id": secrets.channel_app_id, "app_secret": secret});
        let channel = from(Ask::new().json(pair));
        let channel = call(&world, "api/v1/system/auth-token", channel).await;
        assert_eq!(channel.0 == 200, *secret == &*secrets.channel_app_secret);
    }
}
