//! Passwords guessed from many addresses, for names that exist and names that do not. Limits (`domain/guess.rs`): ten
//! wrong tries a minute an account, a hundred an address, 4,096 of each remembered. Right ones pass meanwhile.

use std::collections::HashMap;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use super::{Scene, to_the_end};
use crate::process::{APPID, Person};

/// A log-in from an address of this machine's own; answers its code.
async fn login(addr: SocketAddr, from: [u8; 4], id: &str, password: &str) -> i64 {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    let mut tcp = socket.connect(addr).await.unwrap();
    let body = json!({"appid": APPID, "timeStamp": 1, "id": id, "pwd": password}).to_string();
    let head =
        "POST /index.php?svc=account&cmd=login HTTP/1.1\r\nHost: box\r\nConnection: close\r\n";
    let ask = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    tcp.write_all(ask.as_bytes()).await.unwrap();
    let said = to_the_end(tcp).await.expect("it answers");
    let body: Value = serde_json::from_str(said.split_once("\r\n\r\n").unwrap().1).unwrap();
    body["errorCode"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_from_everywhere_is_slowed_down_and_right_passwords_pass() {
    let scene = Scene::new().await;
    let addr = scene.service.http;
    for id in ["victim", "bystander"] {
        Person::arrive(&scene.service.base(), id, 0).await;
    }
    // 3,000 names that nobody has, from 20 addresses: each address is told to wait after its hundredth.
    let mut all = JoinSet::new();
    for house in 1..=20 {
        all.spawn(async move {
            let mut codes = HashMap::<i64, u32>::new();
            for n in 0..150 {
                let name = format!("nobody {house} {n}");
                *codes.entry(login(addr, [127, 0, 7, house], &name, "guess").await).or_default() +=
                    1;
            }
            codes
        });
    }
    // One name that exists, from 30 addresses.
    let mut one = HashMap::<i64, u32>::new();
    for house in 1..=30 {
        *one.entry(login(addr, [127, 0, 8, house], "victim", "guess").await).or_default() += 1;
    }
    assert_eq!(one, HashMap::from([(10006, 10), (10111, 20)]));
    assert_eq!(login(addr, [127, 0, 8, 1], "victim", "pw").await, 10111, "the right one waits too");
    // Another account, from the very address of a guesser, and from the class's own.
    for codes in all.join_all().await {
        assert_eq!(codes, HashMap::from([(10005, 100), (10111, 50)]));
    }
    assert_eq!(login(addr, [127, 0, 7, 1], "bystander", "guess").await, 10111);
    assert_eq!(login(addr, [127, 0, 7, 1], "bystander", "pw").await, 0);
    assert_eq!(login(addr, [127, 0, 9, 1], "bystander", "pw").await, 0);
    scene.newcomer("dora").await;
    scene.end("3,030 guesses", 32).await;
}
