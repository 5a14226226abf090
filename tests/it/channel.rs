//! The room channel with real WebSocket clients on a real listener, around a box whose clock stands still.

mod admission;
mod delivery;
mod manners;
mod patience;
mod secure;

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use arctos_box::http::listener::{self, Door, Service};
use arctos_box::http::websocket::Limits;
use arctos_box::web::channel;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::socket::{Client, Got};
use crate::world::World;

/// A world that listens.
pub struct Hall {
    pub world: World,
    pub addr: SocketAddr,
    drain: watch::Sender<bool>,
}

impl Hall {
    pub async fn new() -> Self {
        Self::around(World::new().await, channel::LIMITS).await
    }

    pub async fn around(world: World, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (drain, draining) = watch::channel(false);
        let site = world.site.clone();
        let service: Service = Arc::new(move |request, peer| {
            let site = site.clone();
            Box::pin(async move {
                if request.uri().path() == channel::PATH {
                    // As the site does it, with the test's own patience.
                    return channel::answer(&site.app, &site.clock, request, peer, limits);
                }
                site.answer(request, peer).await
            })
        });
        tokio::spawn(listener::serve(Door::Plain(listener), service, draining));
        Self { world, addr, drain }
    }

    /// The box goes down and comes back, elsewhere.
    pub async fn restart(mut self) -> Self {
        self.drain.send_replace(true);
        self.world.restart().await;
        Self::around(self.world, channel::LIMITS).await
    }

    /// Comes in and is greeted.
    pub async fn join(&self, group: impl ToString, token: &str, since: i64) -> Guest {
        let mut guest = self.knock(group, token, since).await;
        guest.greeting = guest.client.json().await;
        assert_eq!(guest.greeting["type"], 10, "{}", guest.greeting);
        guest
    }

    /// Sends the first frame and does not look at what comes.
    pub async fn knock(&self, group: impl ToString, token: &str, since: i64) -> Guest {
        let path = format!("/box/v1/channel?group={}", group.to_string());
        let mut client = Client::open(self.addr, &path).await;
        client.send(&json!({"token": token, "since": since})).await;
        Guest { client, greeting: Value::Null }
    }

    /// Close code and reason that somebody is met with.
    pub async fn refused(&self, group: impl ToString, token: &str) -> (u16, String) {
        match self.knock(group, token, 0).await.client.next().await {
            Got::Close(code, reason) => (code, reason),
            other => panic!("let in: {other:?}"),
        }
    }
}

impl Deref for Hall {
    type Target = World;
    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Hall {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

pub struct Guest {
    pub client: Client,
    /// Who is there, at first.
    pub greeting: Value,
}

impl Guest {
    /// Says something; answers its number. What comes before the answer is dropped.
    pub async fn say(&mut self, kind: i64, body: Value) -> i64 {
        self.client.send(&json!({"type": kind, "body": body, "ref": "r"})).await;
        let mut taken = self.client.json().await;
        while taken["type"] != 200 {
            assert_ne!(taken["type"], 400, "{taken}");
            taken = self.client.json().await;
        }
        assert_eq!(taken["body"]["ref"], "r");
        taken["body"]["seq"].as_i64().unwrap()
    }

    /// Says something that is not taken; answers why.
    pub async fn refusal(&mut self, frame: &Value) -> String {
        self.client.send(frame).await;
        self.passing(400).await["body"]["error"].as_str().unwrap().to_owned()
    }

    /// The next frame of a passing type; others are dropped.
    pub async fn passing(&mut self, kind: i64) -> Value {
        loop {
            let frame = self.client.json().await;
            if frame["type"] == kind {
                assert_eq!(frame["seq"], 0);
                return frame;
            }
        }
    }

    /// The next kept message; passing frames are dropped.
    pub async fn kept(&mut self) -> Value {
        loop {
            let frame = self.client.json().await;
            if frame["seq"] != 0 {
                return frame;
            }
        }
    }

    /// Numbers and bodies of the next `count` kept messages.
    pub async fn hear(&mut self, count: usize) -> Vec<(i64, Value)> {
        let mut heard = Vec::new();
        while heard.len() < count {
            let frame = self.kept().await;
            heard.push((frame["seq"].as_i64().unwrap(), frame["body"].clone()));
        }
        heard
    }

    /// Closes as a client does.
    pub async fn leave(mut self) {
        let _ = futures_util::SinkExt::close(&mut self.client.stream).await;
    }
}
