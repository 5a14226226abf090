//! LeanCloud's REST API as far as a relay meets it, on a loopback socket. It keeps what is said, checks each
//! signature, and fails on order.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use arctos_box::http::listener::{self, Door, Service};
use arctos_box::http::url::query;
use arctos_box::http::{body, reply};
use arctos_box::model::RoomId;
use arctos_box::wire::leancloud::rest;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

pub const APP_ID: &str = "the-app";
pub const MASTER_KEY: &str = "the master key";

pub struct Stub {
    pub addr: SocketAddr,
    state: Arc<Mutex<State>>,
    _drain: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    /// Members and name, by number.
    conversations: Vec<(Vec<String>, String)>,
    /// Conversation, sender, text; the time is the place in the list.
    said: Vec<Told>,
    told: Vec<Told>,
    wrong: Vec<String>,
    fails: bool,
}

#[derive(Clone, Debug)]
pub struct Told {
    pub conversation: String,
    pub from: String,
    pub message: String,
}

impl Stub {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let (drain, draining) = watch::channel(false);
        let answering = state.clone();
        let service: Service = Arc::new(move |request, _| {
            let state = answering.clone();
            Box::pin(async move {
                let (head, sent) = request.into_parts();
                let sent = body::whole(sent, 64 * 1024).await.unwrap();
                let path = head.uri.path();
                let query = head.uri.query().unwrap_or_default();
                let asked = (&head.method, path, query, &head.headers, &sent[..]);
                let (status, answer) = state.lock().unwrap().answer(asked);
                reply::json(status, answer.to_string())
            })
        });
        tokio::spawn(listener::serve(Door::Plain(listener), service, draining));
        Self { addr, state, _drain: drain }
    }

    /// The conversation that the box will find for a lesson; phones find it by the lesson's number.
    pub fn conversation(&self, box_name: &str, room: RoomId) -> String {
        let members = vec![box_name.to_owned(), format!("{box_name}-{room}")];
        self.state.lock().unwrap().conversation(members, room.to_string())
    }

    /// Somebody outside says something.
    pub fn say(&self, conversation: &str, from: &str, message: &str) {
        let (conversation, from, message) = (conversation.into(), from.into(), message.into());
        self.state.lock().unwrap().said.push(Told { conversation, from, message });
    }

    /// What the box said last.
    pub fn told(&self) -> Option<Told> {
        self.state.lock().unwrap().told.last().cloned()
    }

    pub fn fail(&self, fails: bool) {
        self.state.lock().unwrap().fails = fails;
    }

    pub fn wrong(&self) -> Vec<String> {
        self.state.lock().unwrap().wrong.clone()
    }
}

impl State {
    fn answer(
        &mut self,
        (method, path, query, headers, body): (&Method, &str, &str, &HeaderMap, &[u8]),
    ) -> (StatusCode, Value) {
        if self.fails {
            return (StatusCode::SERVICE_UNAVAILABLE, json!({"code": 1, "error": "away"}));
        }
        if !is_signed(headers) {
            self.wrong.push(format!("{path}: {headers:?}"));
            return (StatusCode::UNAUTHORIZED, json!({"code": 401, "error": "Unauthorized."}));
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let done = match (method.as_str(), path) {
            ("POST", "/1.2/rtm/conversations") => {
                let members = body["m"].as_array().unwrap().iter();
                let members = members.map(|m| m.as_str().unwrap().to_owned()).collect();
                json!({"objectId": self.conversation(members, text("name")), "unique": true})
            }
            ("POST", "/1.1/rtm/messages") => {
                let (conversation, from) = (text("conv_id"), text("from_peer"));
                let told = Told { conversation, from, message: text("message") };
                self.said.push(told.clone());
                self.told.push(told);
                json!({"result": {"msg-id": "sent", "timestamp": 1}})
            }
            ("GET", "/1.1/rtm/messages/history") => self.history(query),
            (_, _) => {
                self.wrong.push(format!("{method} {path}"));
                return (StatusCode::NOT_FOUND, json!({"code": 1, "error": "no such path"}));
            }
        };
        (StatusCode::OK, done)
    }

    /// One for each set of members.
    fn conversation(&mut self, members: Vec<String>, name: String) -> String {
        let found = self.conversations.iter().position(|(known, _)| *known == members);
        let n = found.unwrap_or_else(|| {
            self.conversations.push((members, name));
            self.conversations.len() - 1
        });
        format!("{n:024x}")
    }

    /// Newest first, 100 at most, before a message if one is named.
    fn history(&self, asked: &str) -> Value {
        let field = |name| query::first(asked, name).map(|value| value.into_owned());
        let conversation = field("convid").unwrap_or_default();
        let before = field("max_ts").map_or(i64::MAX, |ts| ts.parse().unwrap());
        let limit: usize = field("limit").unwrap().parse().unwrap();
        let numbered: Vec<(&Told, i64)> = self.said.iter().zip(1_000_000..).collect();
        let mine = numbered.into_iter().rev();
        let mine = mine.filter(|(s, at)| s.conversation == conversation && *at < before);
        let line = |(said, at): (&Told, i64)| {
            json!({"msg-id": format!("m{at}"), "timestamp": at, "from": said.from, "data": said.message,
                "conv-id": said.conversation, "is-conv": true, "is-room": false, "bin": false})
        };
        mine.take(limit).map(line).collect()
    }
}

/// `X-LC-Sign: md5(ms + key),ms,master`
fn is_signed(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sign = text("x-lc-sign");
    let at = sign.split(',').nth(1).and_then(|at| at.parse().ok()).unwrap_or(0);
    text("x-lc-id") == APP_ID && sign == rest::sign(MASTER_KEY, arctos_box::model::Millis(at))
}
