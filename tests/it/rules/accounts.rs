//! Accounts and sessions.

use std::net::IpAddr;

use arctos_box::dialect::edu::DIALECT;
use arctos_box::domain::session::{self, Grant, Others};
use arctos_box::http::Peer;
use arctos_box::model::user::{Origin, Role};
use arctos_box::model::{Fault, LicenceWhy, Millis};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use crate::access::person;
use crate::failures::REQUEST;
use crate::world::{APPID, PASSWORD, START, World};

const WEEK: Millis = Millis::seconds(7 * 24 * 3600);

async fn login(world: &World, id: &str) -> Value {
    world.edu("account/login", json!({"id": id, "pwd": PASSWORD})).await
}

fn token(answer: &Value) -> String {
    answer["data"]["token"].as_str().unwrap_or_else(|| panic!("no token in {answer}")).to_owned()
}

#[tokio::test]
async fn a_second_login_ends_the_first_session_and_inherits_its_seats_and_its_lesson() {
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    for (id, old) in [("ann", ann), ("bob", bob)] {
        let new = token(&login(&world, id).await);
        let beat = |token: &str| json!({"token": token, "roomnum": room});
        assert_eq!(world.edu("live/heartbeat", beat(&old)).await["errorCode"], 10009);
        world.ok("live/heartbeat", beat(&new)).await;
        assert_eq!(world.row(&new, room).await["state"], 1, "the lesson goes on");
        assert_eq!(world.row(&new, room).await["memsize"], 2);
    }
}

#[tokio::test]
async fn a_login_leaves_tokens_of_other_dialects_alone() {
    let world = World::new().await;
    world.teacher("ann").await;
    let ann = person(&world, "ann", Origin::Edu, Role::Teacher).await;
    let other = world.token(&ann, Origin::Arctos).await;
    login(&world, "ann").await;
    world.room(&other).await;
}

/// They come back from the disk in any order; a restart shows what that has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_log_ins_of_one_account_at_once_the_tokens_that_are_stored_are_good_and_no_other() {
    let mut world = World::new().await;
    world.teacher("ann").await;
    let ann = person(&world, "ann", Origin::Edu, Role::Teacher).await;
    let now = world.clock.moment();
    for (origin, others, left) in
        [(Origin::Edu, Others::Replace, 1), (Origin::Arctos, Others::Keep, 16)]
    {
        let mut entering = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let (site, user) = (world.site.clone(), ann.clone());
            entering.spawn(async move {
                let grant = Grant { user: &user, origin, issuer: "test".into(), others };
                session::open(&site.app, grant, now).await.unwrap()
            });
        }
        let given = entering.join_all().await;
        let good = |world: &World| {
            let is_good = |token: &&String| world.app().sessions.actor(token, now).is_ok();
            given.iter().filter(is_good).cloned().collect::<Vec<_>>()
        };
        let before = good(&world);
        assert_eq!(before.len(), left);
        world.restart().await;
        assert_eq!(good(&world), before);
    }
}

#[tokio::test]
async fn where_a_second_login_is_refused_it_is_so_until_logout_or_for_seven_days() {
    let world = World::with(&["edu.login=refuse"]).await;
    let first = world.teacher("ann").await;
    assert_eq!(login(&world, "ann").await["errorCode"], 10007);
    world.room(&first).await;
    let wrong = world.edu("account/login", json!({"id": "ann", "pwd": "guess"})).await;
    assert_eq!(wrong["errorCode"], 10006, "it does not tell a stranger who is logged in");
    world.ok("account/logout", json!({"token": first})).await;
    let second = token(&login(&world, "ann").await);
    world.hand.advance(WEEK);
    assert_eq!(login(&world, "ann").await["errorCode"], 10007);
    world.hand.advance(Millis(1));
    let third = token(&login(&world, "ann").await);
    assert_ne!(second, third);
}

#[tokio::test]
async fn a_token_lives_for_seven_days_after_login_however_often_it_is_used_or_the_box_restarts() {
    let mut world = World::new().await;
    let ann = world.teacher("ann").await;
    for _ in 0..7 {
        world.hand.advance(Millis::seconds(24 * 3600));
        world.restart().await;
        world.room(&ann).await;
    }
    world.hand.advance(Millis(1));
    let answer = world.edu("live/create", json!({"token": ann, "title": ""})).await;
    assert_eq!(answer["errorCode"], 10009);
    world.restart().await;
    let answer = world.edu("account/logout", json!({"token": ann})).await;
    assert_eq!(answer["errorCode"], 10008);
}

#[tokio::test]
async fn a_token_is_at_most_fifty_characters_and_no_two_are_alike() {
    let world = World::new().await;
    let (a, b) = (world.teacher("ann").await, token(&login(&world, "ann").await));
    assert!(a.len() <= 50 && b.len() <= 50 && a != b, "{a} {b}");
}

#[tokio::test]
async fn an_account_is_served_under_its_own_appid_only() {
    let world = World::with(&[&format!("edu.appids=[{APPID}, 7]")]).await;
    let ann = world.teacher("ann").await;
    let refused = |body: Value| {
        let world = &world;
        async move {
            let answer = world.edu("account/login", body).await;
            assert_eq!(answer["errorCode"], 10003, "{answer}");
            assert!(answer["errorInfo"].as_str().unwrap().contains("appid"), "{answer}");
        }
    };
    refused(json!({"id": "ann", "pwd": PASSWORD, "appid": 7})).await;
    refused(json!({"id": "ann", "pwd": PASSWORD, "appid": 8})).await;
    let answer = world.edu("live/create", json!({"token": ann, "title": "", "appid": 7})).await;
    assert_eq!(answer["errorCode"], 10003);
    let taken = json!({"id": "ann", "pwd": PASSWORD, "role": 0, "appid": 7});
    assert_eq!(world.edu("account/regist", taken).await["errorCode"], 10004, "one directory");
}

#[tokio::test]
async fn an_account_of_another_dialect_is_known_everywhere_but_has_no_password() {
    let world = World::new().await;
    person(&world, "guest", Origin::OpenIm, Role::Pupil).await;
    for appid in [7, 8] {
        let body = json!({"id": "guest", "pwd": PASSWORD, "appid": appid});
        assert_eq!(world.edu("account/login", body).await["errorCode"], 10006);
    }
    let body = json!({"id": "GUEST", "pwd": PASSWORD, "role": 0});
    assert_eq!(world.edu("account/regist", body).await["errorCode"], 10004);
}

#[tokio::test]
async fn a_handle_is_found_however_it_is_spelled_and_answered_as_it_was_first() {
    let world = World::new().await;
    world.teacher("Straßé").await;
    let ann = token(&login(&world, "STRASSE\u{301}").await);
    let room = world.live_room(&ann).await;
    let row = world.row(&ann, room).await;
    assert_eq!(row["host_uid"], "Straßé");
    let ask = json!({"token": ann, "roomnum": room, "index": 0, "size": 1});
    let data = world.ok("live/roomidlist", ask).await;
    assert_eq!(data["idlist"], json!([{"id": "Straßé", "role": 1}]));
    let same = json!({"id": "strasse\u{301}", "pwd": "x", "role": 0});
    assert_eq!(world.edu("account/regist", same).await["errorCode"], 10004);
}

#[tokio::test]
async fn who_may_register_is_a_matter_of_policy() {
    let check = |registration: &'static str, administered: bool, expected: [i64; 2]| async move {
        let world = World::with(&[&format!("edu.registration={registration}")]).await;
        if administered {
            world.administer().await;
        }
        let mut codes = Vec::new();
        for role in [1, 0] {
            let body = json!({"id": format!("u{role}"), "pwd": "x", "role": role});
            codes.push(world.edu("account/regist", body).await["errorCode"].as_i64().unwrap());
        }
        assert_eq!(codes, expected, "teacher, pupil: {registration} {administered}");
    };
    check("open", false, [0, 0]).await;
    check("open", true, [10101, 0]).await;
    check("students", false, [10101, 0]).await;
    check("closed", false, [10101, 10101]).await;
    check("closed", true, [10101, 10101]).await;
}

#[tokio::test]
async fn a_new_handle_does_not_begin_with_a_channels_name_however_it_is_spelled() {
    let world = World::new().await;
    let channel = &world.app().secrets.channel_uid;
    for (id, code) in [
        (format!("{channel}:1"), 10003),
        (format!("{}:1", channel.to_uppercase()), 10003),
        (format!("{channel}1"), 0),
        (format!("x{channel}:1"), 0),
    ] {
        let body = json!({"id": id, "pwd": "x", "role": 0});
        assert_eq!(world.edu("account/regist", body).await["errorCode"], code, "{id}");
    }
}

#[tokio::test]
async fn wrong_passwords_are_counted_an_account_and_an_address_and_right_ones_pass() {
    let world = World::new().await;
    world.teacher("ann").await;
    let from = |last: u8, id: String, pwd: &'static str| {
        let world = &world;
        async move {
            let body = json!({"appid": APPID, "timeStamp": 1, "id": id, "pwd": pwd}).to_string();
            let request = Request::post("/index.php?svc=account&cmd=login");
            let peer = Peer { addr: IpAddr::from([10, 0, 0, last]), secure: false };
            let request = request.body(Full::new(body.into())).unwrap();
            world.request_from(request, peer).await.json()["errorCode"].as_i64().unwrap()
        }
    };
    for n in 0..100 {
        assert_eq!(from(1, format!("nobody {n}"), "x").await, 10005);
    }
    assert_eq!(from(1, "nobody".into(), "x").await, 10111, "the 101st of this address");
    assert_eq!(from(1, "ann".into(), PASSWORD).await, 0, "right ones still pass");
    assert_eq!(from(2, "nobody".into(), "x").await, 10005, "another address");
    for n in 0..10 {
        assert_eq!(from(3 + n, "ANN".into(), "guess").await, 10006);
    }
    assert_eq!(from(99, "ann".into(), PASSWORD).await, 10111, "this account, from anywhere");
    world.hand.advance(Millis::seconds(60));
    assert_eq!(from(99, "ann".into(), PASSWORD).await, 0);
}

#[tokio::test]
async fn a_user_sig_is_the_published_vector_where_tencents_key_is_configured() {
    let key = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
    let world = World::with(&[&format!("edu.usersig_key={key}")]).await;
    world.hand.advance(Millis::seconds(1_560_000_000) - START);
    let body = json!({"id": "xiaojun", "pwd": PASSWORD, "role": 0});
    world.ok("account/regist", body).await;
    let sig = login(&world, "xiaojun").await["data"]["userSig"].as_str().unwrap().to_owned();
    let text = sig.replace('*', "+").replace('-', "/").replace('_', "=");
    let packed = STANDARD.decode(text).unwrap();
    let plain = miniz_oxide::inflate::decompress_to_vec_zlib(&packed).unwrap();
    let ticket: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!(ticket["TLS.sig"], "s8FU8JR5YBrLz9VYrgPuOy2W6ZdCFMvrfWKJcDQqseo=");
    assert_eq!(ticket["TLS.sdkappid"], APPID);
}

#[test]
fn a_licence_that_refuses_is_10110_with_its_own_code_and_sentence() {
    let row = DIALECT.rows.iter().find(|r| r.address == "live/startcourse").unwrap();
    for why in LicenceWhy::ALL {
        let code = format!("{} ", why.code());
        let sealed = (DIALECT.fault)(Some(row), &Fault::Licence(why), REQUEST);
        let answer: Value = serde_json::from_slice(&sealed.body).unwrap();
        assert_eq!(answer["errorCode"], 10110);
        assert!(answer["errorInfo"].as_str().unwrap().starts_with(&code), "{answer}");
    }
}

#[test]
fn a_busy_box_is_10111_with_the_wait() {
    let sealed = (DIALECT.fault)(None, &Fault::Busy { retry: Millis(1200) }, REQUEST);
    let answer: Value = serde_json::from_slice(&sealed.body).unwrap();
    assert_eq!(answer["errorCode"], 10111);
    assert!(answer["errorInfo"].as_str().unwrap().contains("2 s"), "{answer}");
}
