//! Whole answers of document 001, byte for byte: `tests/golden/edu/<svc>_<cmd>.txt`, one transcript a command.
//! `UPDATE=1 cargo test --test it golden` writes them anew; otherwise a difference fails.
//!
//! Each command's cases are in a module below; what every command answers alike is in `Script::common`.

mod account;
mod bind;
mod callback;
mod cloud;
mod coverage;
mod list;
mod live;
mod seat;

use std::fmt::Write as _;
use std::path::PathBuf;

use arctos_box::dialect::edu::DIALECT;
use arctos_box::dialect::{Access, Row};
use arctos_box::model::Millis;
use arctos_box::model::recording::{Finished, Note, Segment, Take};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::world::{APPID, Answer, START, World};

/// The transcript of one command, growing case by case.
pub struct Script {
    address: &'static str,
    text: String,
}

impl Script {
    pub fn of(address: &'static str) -> Self {
        Self { address, text: String::new() }
    }

    /// One exchange; the common fields are added where absent.
    pub async fn case(&mut self, world: &World, title: &str, body: Value) -> Value {
        self.case_as(world, self.address, title, body).await
    }

    /// The same under another name of the command.
    pub async fn case_as(
        &mut self,
        world: &World,
        address: &str,
        title: &str,
        mut body: Value,
    ) -> Value {
        for (name, value) in [("appid", json!(APPID)), ("timeStamp", json!(77))] {
            if body.get(name).is_none() && row(self.address).access != Access::Signed {
                body[name] = value;
            }
        }
        self.exchange(world, Method::POST, address, title, body.to_string()).await
    }

    /// One exchange with exactly this body.
    pub async fn raw(&mut self, world: &World, title: &str, body: &str) -> Value {
        self.exchange(world, Method::POST, self.address, title, body.into()).await
    }

    async fn exchange(
        &mut self,
        world: &World,
        method: Method,
        address: &str,
        title: &str,
        body: String,
    ) -> Value {
        let (svc, cmd) = address.split_once('/').unwrap();
        let target = format!("/index.php?svc={svc}&cmd={cmd}");
        let request = Request::builder().method(method.clone()).uri(&target);
        let request = request.header("host", "box.test").body(Full::new(Bytes::from(body.clone())));
        let answer = world.request(request.unwrap()).await;
        self.put(title, &format!("{method} {target}\n{body}"), &answer);
        answer.json()
    }

    fn put(&mut self, title: &str, request: &str, answer: &Answer) {
        let (status, text) = (answer.status, answer.text());
        write!(self.text, "=== {title}\n{request}\n\nHTTP {status}\n{text}\n\n").unwrap();
    }

    /// What every command answers alike. `good` is a body that would succeed.
    pub async fn common(&mut self, world: &World, good: &Value) {
        let row = row(self.address);
        self.exchange(world, Method::GET, self.address, "it is not a POST", good.to_string()).await;
        self.raw(world, "the body is not JSON", "{\"appid\":").await;
        if row.access != Access::Signed {
            self.raw(world, "nothing was sent", "").await;
            let mut body = good.clone();
            body["appid"] = json!(APPID);
            self.raw(world, "without the time stamp", &body.to_string()).await;
        }
        if row.access == Access::User {
            self.case(world, "without a token", without(good, "token")).await;
            let mut body = good.clone();
            body["token"] = json!("nobody's");
            self.case(world, "with a token that is not known", body).await;
        }
        for field in row.input.iter().filter(|f| f.required) {
            let title = format!("without {}", field.name);
            self.case(world, &title, without(good, field.name)).await;
        }
    }

    /// Compares with the stored transcript, or stores it.
    pub fn close(self) {
        let path = path(self.address);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &self.text).unwrap();
            return;
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(difference) = difference(&stored, &self.text) {
            panic!("{}:\n{difference}\nUPDATE=1 accepts it", path.display());
        }
    }
}

/// The first line that differs, with the title of its case.
fn difference(stored: &str, now: &str) -> Option<String> {
    if stored == now {
        return None;
    }
    let (mut old, mut new) = (stored.lines(), now.lines());
    let mut title = "";
    loop {
        match (old.next(), new.next()) {
            (Some(a), Some(b)) if a == b => title = if a.starts_with("===") { a } else { title },
            (None, None) => return Some("the end of the file differs".into()),
            (a, b) => {
                let (a, b) = (a.unwrap_or("(the end)"), b.unwrap_or("(the end)"));
                return Some(format!("{title}\n- {a}\n+ {b}"));
            }
        }
    }
}

pub fn path(address: &str) -> PathBuf {
    let name = format!("{}.txt", address.replace('/', "_"));
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "edu", &name].iter().collect()
}

pub fn row(address: &str) -> &'static Row {
    DIALECT.rows.iter().find(|r| r.address == address).expect("a test names a row of the table")
}

/// `body` less one member.
pub fn without(body: &Value, name: &str) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().remove(name);
    body
}

/// The recorder's last word on a lesson: one file of two segments, four seconds.
pub fn recorded() -> Note {
    let segment = |n: u64| Segment {
        offset: 1000 + n * 250_000,
        len: 250_000,
        start_us: n * 2_000_000,
        span_us: 2_000_000,
        key: true,
        gap: false,
        at: START + Millis::seconds(2 * i64::try_from(n).unwrap()),
        pictures: 60,
    };
    let take = Take {
        number: 1,
        name: "1.mp4".into(),
        init_len: 1000,
        codecs: "avc1.64001f,mp4a.40.2".into(),
        width: 1280,
        height: 720,
        segments: vec![segment(0), segment(1)],
        bytes: 501_000,
        span_us: 4_000_000,
        pictures: 120,
    };
    Note::Ended { takes: vec![Finished { take, sha256: "0".repeat(64), bytes: 501_000 }] }
}

/// A lesson that ran four seconds and whose replay is ready; answers its number.
pub async fn replay(world: &World, token: &str) -> i64 {
    let room = world.live_room(token).await;
    world.hand.advance(Millis::seconds(4));
    world.ok("live/exitroom", json!({"token": token, "roomnum": room})).await;
    world.recorder_says(room, recorded()).await;
    room
}
