//! Somebody who works through the API one call after another, to bring a box into a state.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::Done;
use crate::client::{Wire, request};
use crate::people::{self, CLASSES, PASSWORD, handle};

pub struct Talk {
    wire: Wire,
    addr: SocketAddr,
}

impl Talk {
    pub async fn open(addr: SocketAddr) -> Done<Self> {
        Ok(Self { wire: Wire::open(addr).await?, addr })
    }

    /// What a request is answered, which must be HTTP 200.
    pub async fn value(&mut self, request: &[u8]) -> Done<Value> {
        // The box gives a connection up on which nothing is said for a while.
        self.wire.keep(self.addr).await?;
        let answer = self.wire.ask(request).await?;
        let text = String::from_utf8_lossy(answer.body).into_owned();
        if answer.status != 200 {
            return Err(format!("HTTP {}: {text}", answer.status).into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// A command of document 001 by somebody the driver knows; answers its `data`.
    pub async fn edu(&mut self, command: &str, person: u32, fields: Value) -> Done<Value> {
        self.say(command, &people::token(person), fields).await
    }

    /// The same by whoever holds the token.
    pub async fn say(&mut self, command: &str, token: &str, fields: Value) -> Done<Value> {
        let value = self.value(&people::edu(command, token, fields)).await?;
        if value["errorCode"] != 0 {
            return Err(format!("{command}: {value}").into());
        }
        Ok(value["data"].clone())
    }

    /// Makes and starts the classes; everybody takes a seat. Answers their numbers.
    pub async fn classes(&mut self, title: &str, cover: &str) -> Done<Vec<i64>> {
        let mut numbers = Vec::new();
        for (class, seats) in CLASSES.into_iter().enumerate() {
            let teacher = people::first_of(class);
            let made = self.edu("live/create", teacher, json!({"title": title, "cover": cover}));
            let room = made.await?["roomnum"].as_i64().ok_or("no roomnum")?;
            self.edu("live/startcourse", teacher, json!({"roomnum": room})).await?;
            for pupil in teacher + 1..teacher + seats {
                let enters = json!({"roomnum": room, "operate": 0});
                self.edu("live/reportmemid", pupil, enters).await?;
            }
            numbers.push(room);
        }
        Ok(numbers)
    }

    /// A token of document 004: another server gets a code in somebody's name, and a browser the token for it.
    pub async fn arctos(&mut self, secrets: &Value) -> Done<String> {
        let key = secrets["arctos_license_key"].as_str().ok_or("no key of 004")?;
        let who = json!({"user_id": "somebody", "name": "Somebody", "role": "MODERATOR"});
        let key = format!("arc-license-key: {key}");
        let code = request("POST", "/api/auth/getAuthCode", &key, &who.to_string());
        let code = self.value(&code).await?["info"]["code"].clone();
        let shown = json!({"grant_type": "authorization_code", "code": code});
        let shown = request("POST", "/api/auth/getAuthTokenUseCode", "", &shown.to_string());
        let token = self.value(&shown).await?["info"]["access_token"].clone();
        Ok(token.as_str().ok_or("no token of 004")?.to_owned())
    }

    /// A token of the box's own log-in.
    pub async fn own(&mut self) -> Done<String> {
        let who = json!({"handle": handle(0), "password": PASSWORD}).to_string();
        let entered = self.value(&request("POST", "/box/v1/login", "", &who)).await?;
        Ok(entered["token"].as_str().ok_or("no token at the box's own log-in")?.to_owned())
    }
}
