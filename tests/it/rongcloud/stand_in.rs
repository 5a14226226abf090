//! What stands in for RongCloud: checks each signature as its documentation says, and keeps groups as it does.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arctos_box::http::url::{percent, query};
use arctos_box::wire::rongcloud::sign;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::process::poll;

pub const KEY: &str = "8luwapkvu0tll";
pub const SECRET: &str = "a secret of two servers";

/// A call as it came in.
#[derive(Clone, Debug)]
pub struct Heard {
    pub path: String,
    pub content_type: String,
    pub body: String,
    /// Names of the four headers without `rc-`, and their values.
    headers: BTreeMap<String, String>,
}

impl Heard {
    pub fn field(&self, name: &str) -> Option<String> {
        query::first(&self.body, name).map(|value| value.into_owned())
    }

    /// Names of the headers that carry credentials, and whose application it is.
    pub fn credentials(&self) -> (Vec<&str>, &str) {
        (self.headers.keys().map(String::as_str).collect(), &self.headers["app-key"])
    }

    /// The same call; version 3 of the package does not encode its forms.
    pub fn is_like(&self, other: &Self, same_bytes: bool) -> bool {
        let raw = |heard: &Self| match same_bytes {
            true => heard.body.clone(),
            false => percent::decode(&heard.body.replace('+', " ")).into_owned(),
        };
        self.path == other.path && raw(self) == raw(other)
    }

    fn is_signed(&self) -> bool {
        let header = |name: &str| self.headers.get(name).map_or("", String::as_str);
        let known = sign(SECRET, header("nonce"), header("timestamp"));
        header("app-key") == KEY && header("signature") == known
    }
}

#[derive(Default)]
struct State {
    heard: Vec<Heard>,
    groups: BTreeMap<String, BTreeSet<String>>,
}

pub struct RongCloud {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl RongCloud {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = state.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = shared.clone();
                let service = service_fn(move |request| take(request, state.clone()));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { addr, state, task }
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What was called and obeyed.
    pub fn heard(&self) -> Vec<Heard> {
        self.state.lock().unwrap().heard.clone()
    }

    pub async fn wait_for(&self, count: usize, patience: Duration) -> Vec<Heard> {
        let what = format!("{count} calls");
        poll(&what, patience, async || Some(self.heard()).filter(|h| h.len() >= count)).await
    }

    pub fn members(&self, group: i64) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.groups.get(&group.to_string()).into_iter().flatten().cloned().collect()
    }
}

impl Drop for RongCloud {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap().to_owned();
    let own = |name: &str| name.strip_prefix("rc-").unwrap_or(name).to_owned();
    let four = ["app-key", "nonce", "timestamp", "signature"];
    let headers = head.headers.iter().map(|(name, value)| (own(name.as_str()), text(value)));
    let heard = Heard {
        path: head.uri.path().to_owned(),
        content_type: head.headers.get("content-type").map(text).unwrap_or_default(),
        headers: headers.filter(|(name, _)| four.contains(&name.as_str())).collect(),
        body: String::from_utf8(body.collect().await?.to_bytes().to_vec()).unwrap(),
    };
    let (status, answer) = if heard.is_signed() {
        (200, obey(&mut state.lock().unwrap(), heard))
    } else {
        (401, json!({"code": 1004, "errorMessage": "signature is wrong"}))
    };
    let answer = Full::new(Bytes::from(answer.to_string()));
    Ok(Response::builder().status(status).body(answer).unwrap())
}

fn obey(state: &mut State, call: Heard) -> Value {
    let group = call.field("groupId").unwrap_or_default();
    let users = query::pairs(&call.body).filter(|(name, _)| name == "userId");
    let users: Vec<String> = users.map(|(_, value)| value.into_owned()).collect();
    let answer = match call.path.as_str() {
        "/user/getToken.json" => {
            json!({"code": 200, "userId": users[0], "token": format!("token of {}", users[0])})
        }
        "/group/create.json" | "/group/join.json" => {
            state.groups.entry(group).or_default().extend(users);
            json!({"code": 200})
        }
        "/group/quit.json" => {
            let members = state.groups.entry(group).or_default();
            members.retain(|member| !users.contains(member));
            json!({"code": 200})
        }
        "/group/dismiss.json" => {
            state.groups.remove(&group);
            json!({"code": 200})
        }
        "/group/user/query.json" => {
            let members = state.groups.get(&group).into_iter().flatten();
            let members: Vec<_> = members.map(|id| json!({"id": id})).collect();
            return json!({"code": 200, "users": members});
        }
        other => panic!("RongCloud has no {other}"),
    };
    state.heard.push(call);
    answer
}
