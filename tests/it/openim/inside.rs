//! The JSON gateway behind a real listener and a clock that stands still: who may stay, and how much is said.

use std::net::SocketAddr;
use std::sync::Arc;

use arctos_box::http::listener::{self, Door, Service};
use arctos_box::model::{Handle, Millis};
use arctos_box::store::users;
use arctos_box::web::gateway::{Gateway, Speech};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::socket::{Client, Got};
use crate::world::World;

struct Open {
    world: World,
    addr: SocketAddr,
    drain: watch::Sender<bool>,
}

impl Open {
    async fn new() -> Self {
        let world = World::new().await;
        let gateway = Gateway { app: world.app().clone(), clock: world.clock.clone() };
        let service: Service = Arc::new(move |request, peer| {
            let gateway = gateway.clone();
            Box::pin(async move { gateway.answer(Speech::Json, request, peer) })
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (drain, draining) = watch::channel(false);
        tokio::spawn(listener::serve(Door::Plain(listener), service, draining));
        Self { world, addr, drain }
    }

    async fn come(&self) -> Client {
        Client::open(self.addr, "/?sendID=ann&platformID=5&token=x").await
    }

    fn online(&self) -> usize {
        self.world.app().online.count()
    }
}

async fn ask(client: &mut Client, function: &str, data: Value) -> Value {
    client.send(&json!({"reqFuncName": function, "operationID": "7", "data": data})).await;
    told(client).await
}

async fn told(client: &mut Client) -> Value {
    match client.next().await {
        Got::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Logs in with this token.
async fn log_in(client: &mut Client, token: &str) -> Value {
    let data = json!({"userID": "ANN", "token": token}).to_string();
    ask(client, "Login", json!(data)).await
}

#[tokio::test]
async fn whose_account_is_closed_is_put_out_and_whose_token_expires_too() {
    for (closed, event, code) in
        [(true, "OnKickedOffline", 702), (false, "OnUserTokenExpired", 701)]
    {
        let open = Open::new().await;
        let token = open.world.pupil("ann").await;
        let mut client = open.come().await;
        assert_eq!(log_in(&mut client, &token).await["errCode"], 0);
        assert_eq!(told(&mut client).await["event"], "OnConnectSuccess");
        assert_eq!(open.online(), 1);
        if closed {
            let ann =
                open.world.app().db.read(|conn| {
                    Ok(users::by_handle(conn, &Handle::new("ann").unwrap())?.unwrap())
                });
            let mut ann = ann.await.unwrap();
            ann.disabled = true;
            open.world.app().sessions.changed(&ann);
        } else {
            open.world.hand.advance(Millis::seconds(7 * 24 * 3600 + 1));
        }
        let last = ask(&mut client, "GetLoginStatus", json!("")).await;
        assert_eq!((last["event"].as_str(), last["errCode"].as_u64()), (Some(event), Some(code)));
        assert!(matches!(client.next().await, Got::Close(4002, _)));
        assert_eq!(open.online(), 0);
    }
}

#[tokio::test]
async fn a_connection_whose_login_failed_stays_five_minutes_and_no_longer() {
    let open = Open::new().await;
    let mut client = open.come().await;
    assert_eq!(log_in(&mut client, "x").await["errCode"], 703);
    open.world.hand.advance(Millis::seconds(300));
    assert_eq!(ask(&mut client, "getLoginStatus", json!("")).await["data"], "103");
    open.world.hand.advance(Millis(1));
    client.send(&json!({"reqFuncName": "getLoginStatus", "operationID": "8", "data": ""})).await;
    assert!(matches!(client.next().await, Got::Close(1008, why) if why == "log in first"));
}

#[tokio::test]
async fn a_failed_login_may_be_tried_again_and_a_logout_is_offline_at_once() {
    let open = Open::new().await;
    let token = open.world.pupil("Ann").await;
    let commits = open.world.app().db.commits();
    let mut client = open.come().await;
    assert_eq!(ask(&mut client, "getLoginStatus", json!("")).await["data"], "0");
    for wrong in [json!(""), json!("{}"), json!("[]"), json!({"userID": "ann"})] {
        assert_eq!(ask(&mut client, "Login", wrong).await["errCode"], 100);
    }
    assert_eq!(log_in(&mut client, "x").await["errCode"], 703);
    assert_eq!(ask(&mut client, "GetLoginStatus", json!(null)).await["data"], "103");
    // Longer than somebody who never tries may stay.
    open.world.hand.advance(Millis::seconds(60));
    assert_eq!(
        log_in(&mut client, &token).await,
        json!({"event": "Login", "errCode": 0,
        "errMsg": "", "data": "", "operationID": "7"})
    );
    assert_eq!(told(&mut client).await["event"], "OnConnectSuccess");
    assert_eq!(log_in(&mut client, &token).await["errCode"], 0, "once more on the same connection");
    assert_eq!(told(&mut client).await["event"], "OnConnectSuccess");
    assert_eq!(
        (open.online(), &ask(&mut client, "GetLoginStatus", json!("")).await["data"]),
        (1, &json!("101"))
    );
    assert_eq!(ask(&mut client, "Logout", json!("")).await["errCode"], 0);
    assert_eq!(
        (open.online(), &ask(&mut client, "GetLoginStatus", json!("")).await["data"]),
        (0, &json!("201"))
    );
    drop(client);
    assert_eq!(open.world.app().db.commits(), commits, "coming and going touch no disk");
}

#[tokio::test]
async fn who_never_logs_in_or_says_too_much_has_to_go() {
    let open = Open::new().await;
    let mut silent = open.come().await;
    assert_eq!(ask(&mut silent, "SendMessage", json!({"text": "x"})).await["errCode"], 1004);
    silent.say("no JSON").await;
    assert_eq!(told(&mut silent).await["errCode"], 100);
    open.world.hand.advance(Millis::seconds(31));
    silent.say("{}").await;
    assert_eq!(silent.next().await, Got::Close(1008, "log in first".into()));

    let mut flood = open.come().await;
    for _ in 0..600 {
        flood.say("{}").await;
        told(&mut flood).await;
    }
    flood.say("{}").await;
    assert_eq!(flood.next().await, Got::Close(1008, "too many frames".into()));

    let mut long = open.come().await;
    long.say("x".repeat(64 * 1024 + 1)).await;
    assert!(matches!(long.next().await, Got::Close(1009, _)));
}

#[tokio::test]
async fn when_the_box_goes_down_everybody_hears_of_it_and_is_offline() {
    let open = Open::new().await;
    let token = open.world.pupil("ann").await;
    let mut client = open.come().await;
    log_in(&mut client, &token).await;
    told(&mut client).await;
    open.drain.send_replace(true);
    assert!(matches!(client.next().await, Got::Close(1001, _)));
    assert_eq!(open.online(), 0);
}
