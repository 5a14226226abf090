//! Codes and tokens of document 004: whom they stand for, how long, and what opens nothing.

use arctos_box::dialect::arctos::DIALECT;
use arctos_box::domain::{pass, session};
use arctos_box::model::user::{Origin, Role, User};
use arctos_box::model::{Handle, Millis};
use arctos_box::store::users;
use arctos_box::wire::jwt;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::access::person;
use crate::ask::Ask;
use crate::golden::row;
use crate::world::World;

const WEEK: Millis = Millis::seconds(7 * 24 * 3600);

async fn call(world: &World, command: &str, ask: Ask) -> (u16, Value) {
    let answer = ask.send(world, &DIALECT, row(&DIALECT, &format!("api/auth/{command}"))).await;
    (answer.status, answer.json())
}

/// A code from the server that knows the key.
pub async fn code(world: &World, body: Value) -> String {
    let key = &world.app().secrets.arctos_license_key;
    let ask = Ask::new().header("arc-license-key", key).json(body);
    let (_, answer) = call(world, "getAuthCode", ask).await;
    answer["info"]["code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn redeem(world: &World, code: &str) -> Value {
    let body = json!({"grant_type": "authorization_code", "code": code});
    call(world, "getAuthTokenUseCode", Ask::new().json(body)).await.1
}

/// A token for a browser; answers the user's number too.
pub async fn token(world: &World, user_id: &str, role: &str) -> (i64, String) {
    let code = code(world, json!({"user_id": user_id, "role": role})).await;
    let answer = redeem(world, &code).await;
    let info = &answer["info"];
    let token = info["access_token"].as_str().unwrap_or_else(|| panic!("{answer}"));
    (info["user_id"].as_i64().unwrap(), token.to_owned())
}

/// The number of `error`, or the status of an answer without one.
async fn check(world: &World, token: &str) -> i64 {
    let ask = Ask::new().token(&format!("Bearer {token}"));
    let (_, answer) = call(world, "checkAuthToken", ask).await;
    answer.get("error").unwrap_or(&answer["status"]).as_i64().unwrap()
}

async fn stored(world: &World, handle: &str) -> User {
    let handle = Handle::new(handle).unwrap();
    let found = world.app().db.read(move |conn| Ok(users::by_handle(conn, &handle)?)).await;
    found.unwrap().expect("somebody has that handle")
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes_and_once_also_across_a_restart() {
    let mut world = World::new().await;
    let ask = json!({"user_id": "ann", "role": "ADMIN"});
    let (used, kept, late) =
        (code(&world, ask.clone()).await, code(&world, ask.clone()).await, code(&world, ask).await);
    assert_eq!(redeem(&world, &used).await["status"], 1);
    world.hand.advance(Millis::seconds(600));
    world.restart().await;
    assert_eq!(redeem(&world, &used).await["status"], 0, "it was used before the restart");
    assert_eq!(redeem(&world, &kept).await["status"], 1, "ten minutes to the millisecond");
    assert_eq!(redeem(&world, &kept).await["status"], 0);
    world.hand.advance(Millis(1));
    assert_eq!(redeem(&world, &late).await["status"], 0);
}

#[tokio::test]
async fn of_many_who_use_one_code_at_once_one_gets_a_token() {
    let world = World::new().await;
    let code = code(&world, json!({"user_id": "ann", "role": "ADMIN"})).await;
    let tries = (0..8).map(|_| redeem(&world, &code));
    let answers = futures(tries.collect()).await;
    assert_eq!(answers.iter().filter(|answer| answer["status"] == 1).count(), 1);
}

async fn futures<F: Future>(all: Vec<F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.into_iter().map(|f| (Box::pin(f), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in all.iter_mut().filter(|(_, output)| output.is_none()) {
            if let std::task::Poll::Ready(done) = future.as_mut().poll(context) {
                *output = Some(done);
            }
        }
        let done = all.iter().all(|(_, output)| output.is_some());
        if done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    all.into_iter().map(|(_, output)| output.unwrap()).collect()
}

#[tokio::test]
async fn a_new_user_gets_the_role_of_his_claim_and_a_known_one_keeps_his() {
    let world = World::new().await;
    for (claim, role) in [
        ("MODERATOR", Role::Teacher),
        ("ADMIN", Role::Teacher),
        ("SWITCH", Role::Teacher),
        ("PUBLISHER", Role::Pupil),
        ("CLIENT", Role::Pupil),
    ] {
        code(&world, json!({"user_id": claim, "role": claim})).await;
        assert_eq!(stored(&world, claim).await.role, role, "{claim}");
    }
    for role in [Role::Teacher, Role::Pupil, Role::Viewer] {
        let known = person(&world, role.word(), Origin::Edu, role).await;
        for claim in ["ADMIN", "PUBLISHER"] {
            let (id, token) = token(&world, role.word(), claim).await;
            assert_eq!((id, check(&world, &token).await), (known.id.0, 1));
            assert_eq!(stored(&world, role.word()).await.role, role, "{claim}");
            let made = world.edu("live/create", json!({"token": token, "title": "t"})).await;
            assert_eq!(made["errorCode"] == 0, role == Role::Teacher, "{claim} {made}");
        }
    }
}

#[tokio::test]
async fn a_name_is_taken_from_the_server_that_brought_the_user_or_when_he_has_none() {
    let world = World::new().await;
    let come = async |who: &str, name: Option<&str>| {
        code(&world, json!({"user_id": who, "role": "CLIENT", "name": name})).await;
        stored(&world, who).await.name
    };
    let random = come("ann", None).await;
    let digits = random.strip_prefix("USER-").unwrap_or_else(|| panic!("{random}"));
    assert!(digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()), "{random}");
    assert_eq!(come("ann", Some("")).await, random);
    assert_eq!(come("ann", Some("Ann")).await, "Ann");
    assert_eq!(come("ANN", None).await, "Ann", "found however it is spelled");
    world.pupil("bob").await;
    assert_eq!(come("bob", Some("Bob")).await, "Bob", "he had none");
    assert_eq!(come("bob", Some("Robert")).await, "Bob", "now he has, and came by another dialect");
}

#[tokio::test]
async fn a_token_is_good_in_other_dialects_and_theirs_is_1403_here() {
    let world = World::new().await;
    let (_, ann) = token(&world, "ann", "MODERATOR").await;
    world.room(&ann).await;
    let user = stored(&world, "ann").await;
    for origin in Origin::ALL.into_iter().filter(|origin| *origin != Origin::Arctos) {
        let foreign = world.token(&user, origin).await;
        assert_eq!(check(&world, &foreign).await, 1403, "{origin:?}");
    }
}

#[tokio::test]
async fn a_closed_account_is_1403_gets_no_code_and_its_codes_no_token() {
    let world = World::new().await;
    let (_, ann) = token(&world, "ann", "MODERATOR").await;
    let waiting = code(&world, json!({"user_id": "ann", "role": "ADMIN"})).await;
    let user = User { disabled: true, ..stored(&world, "ann").await };
    let id = user.id.0;
    let close = move |conn: &rusqlite::Connection| {
        conn.execute("UPDATE user SET disabled = 1 WHERE id = ?1", [id])?;
        Ok(())
    };
    world.app().db.write(close).await.unwrap();
    world.app().sessions.changed(&user);
    assert_eq!(check(&world, &ann).await, 1403);
    assert_eq!(redeem(&world, &waiting).await["status"], 0);
    let key = world.app().secrets.arctos_license_key.to_string();
    let ask = Ask::new().header("arc-license-key", &key);
    let ask = ask.json(json!({"user_id": "ann", "role": "ADMIN"}));
    assert_eq!(call(&world, "getAuthCode", ask).await.0, 403);
}

#[tokio::test]
async fn a_token_lives_seven_days_and_is_then_1404_even_when_the_box_has_forgotten_it() {
    let mut world = World::new().await;
    let (_, ann) = token(&world, "ann", "MODERATOR").await;
    world.hand.advance(WEEK);
    world.restart().await;
    assert_eq!(check(&world, &ann).await, 1);
    world.hand.advance(Millis::seconds(1));
    assert_eq!(check(&world, &ann).await, 1404);
    session::sweep(world.app(), world.clock.moment()).await.unwrap();
    assert_eq!(world.app().sessions.count(), 0);
    assert_eq!(check(&world, &ann).await, 1404);
    world.restart().await;
    assert_eq!(check(&world, &ann).await, 1404);
}

#[tokio::test]
async fn neither_none_nor_another_key_nor_an_altered_claim_makes_a_token() {
    let world = World::new().await;
    let (_, ann) = token(&world, "ann", "PUBLISHER").await;
    let (head, code) = ann.rsplit_once('.').unwrap();
    let (_, claims) = head.split_once('.').unwrap();
    let mut told: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!((&told["role"], &told["client_id"]), (&json!("PUBLISHER"), &json!("arctos-webapp")));
    let none = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
    let mut forged = vec![format!("{none}.{claims}."), format!("{none}.{claims}.{code}")];
    let secrets = &world.app().secrets;
    for key in [
        secrets.signing_key("openim").to_vec(),
        secrets.token_key.as_bytes().to_vec(),
        secrets.arctos_license_key.as_bytes().to_vec(),
        b"secret".to_vec(),
        Vec::new(),
    ] {
        forged.push(jwt::sign(&key, &told));
    }
    told["role"] = json!("ADMIN");
    let altered = URL_SAFE_NO_PAD.encode(told.to_string());
    forged.push(head.replace(claims, &altered) + "." + code);
    // Signed with the right key, but never given out: a copy of the key alone opens nothing.
    forged.push(jwt::sign(&secrets.signing_key("arctos"), &told));
    for token in forged {
        assert_eq!(check(&world, &token).await, 1405, "{token}");
        let made = world.edu("live/create", json!({"token": token, "title": "t"})).await;
        assert_ne!(made["errorCode"], 0, "{token}");
    }
    assert_eq!(check(&world, &ann).await, 1);
    let other = World::new().await;
    assert_eq!(check(&other, &ann).await, 1405, "another box's");
}

#[tokio::test]
async fn guesses_of_codes_are_counted_by_address_and_hold_up_no_right_one() {
    let world = World::new().await;
    let good = code(&world, json!({"user_id": "ann", "role": "ADMIN"})).await;
    for n in 0..100 {
        assert_eq!(redeem(&world, &format!("{n}")).await["message"], "未授權訪問");
    }
    let body = json!({"grant_type": "authorization_code", "code": "guess"});
    let (status, answer) = call(&world, "getAuthTokenUseCode", Ask::new().json(body)).await;
    assert_eq!((status, &answer["status"]), (429, &json!(0)), "{answer}");
    assert_eq!(redeem(&world, &good).await["status"], 1);
}

#[tokio::test]
async fn old_codes_are_swept_and_a_body_has_a_limit() {
    let world = World::new().await;
    code(&world, json!({"user_id": "ann", "role": "ADMIN"})).await;
    let count = async || {
        let sql = "SELECT COUNT(*) FROM auth_code";
        let count = |conn: &rusqlite::Connection| Ok(conn.query_row(sql, [], |r| r.get(0))?);
        world.app().db.read::<i64, _>(count).await.unwrap()
    };
    pass::sweep(world.app(), world.clock.moment()).await.unwrap();
    assert_eq!(count().await, 1);
    world.hand.advance(Millis::seconds(601));
    pass::sweep(world.app(), world.clock.moment()).await.unwrap();
    assert_eq!(count().await, 0);
    let long = Ask::new().raw("application/json", vec![b' '; 65_537]);
    let (status, answer) = call(&world, "getAuthTokenUseCode", long).await;
    assert_eq!((status, &answer["status"]), (413, &json!(0)), "{answer}");
}
