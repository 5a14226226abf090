//! A class comes in behind one address, and what a wrong secret costs beside a right one.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use arctos_box::domain::guess::{Account, Guesses};
use arctos_box::model::Millis;
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{PASSWORD, World};

/// One right log-in after another's wrong ones, all from 127.0.0.1, by document 001 and by the box's own.
#[tokio::test]
async fn a_class_of_sixty_behind_one_address_logs_in_at_once_beside_wrong_passwords() {
    let world = std::sync::Arc::new(World::new().await);
    for n in 0..60 {
        let body = json!({"id": format!("pupil{n}"), "pwd": PASSWORD, "role": 0});
        world.ok("account/regist", body).await;
    }
    for n in 0..30 {
        let wrong = json!({"id": format!("pupil{n}"), "pwd": "guess"});
        assert_eq!(world.edu("account/login", wrong).await["errorCode"], 10006);
    }
    let mut class = JoinSet::new();
    for n in 0..60 {
        let world = world.clone();
        class.spawn(async move {
            let id = format!("pupil{n}");
            let edu = world.edu("account/login", json!({"id": id, "pwd": PASSWORD})).await;
            let body = json!({"handle": id, "password": PASSWORD}).to_string();
            let own = hyper::Request::post("/box/v1/login").header("host", "127.0.0.1");
            let own = own.body(http_body_util::Full::new(body.into())).unwrap();
            (edu["errorCode"].clone(), world.request(own).await.status)
        });
    }
    while let Some(done) = class.join_next().await {
        assert_eq!(done.unwrap(), (json!(0), 200));
    }
}

/// Prints how long they take; nothing is asserted of time on shared machines. How much of a wrong secret is
/// right does not show; that it is wrong costs its counting, some two microseconds, and the answer says so anyway.
/// Each try is from another address, so that none is held up by the limit.
#[test]
fn what_wrong_secrets_cost_beside_a_right_one() {
    let known = "0123456789abcdef0123456789abcdef";
    let wrongs = ["1123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdee"];
    let median = |given: &str| {
        let guesses = Guesses::default();
        let mut took: Vec<Duration> = (0..2000_u16)
            .map(|n| {
                let [high, low] = n.to_be_bytes();
                let from = IpAddr::from([10, 1, high, low]);
                let since = Instant::now();
                let _ = guesses.secret(Account::Secret("test"), (given, known), from, Millis(1));
                since.elapsed()
            })
            .collect();
        took.sort_unstable();
        took[took.len() / 2]
    };
    let right = median(known);
    for wrong in wrongs.map(median) {
        println!(
            "right {right:?}, wrong {wrong:?}, {:.2} to 1",
            wrong.as_secs_f64() / right.as_secs_f64()
        );
    }
}
