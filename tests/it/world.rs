//! A box in a temp folder with a clock that stands still and randomness that repeats. The test holds the
//! recorder's end of the channel. Requests go through the function that hyper calls.
#![allow(dead_code)] // each test uses its part

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use arctos_box::app::cameras;
use arctos_box::app::health::Health;
use arctos_box::app::licence;
use arctos_box::app::parts;
use arctos_box::app::site::Site;
use arctos_box::config::{self, Config, Sources};
use arctos_box::domain::devices::Devices;
use arctos_box::domain::monitor::Monitors;
use arctos_box::domain::session::{self, Grant, Others};
use arctos_box::domain::{
    Appliance, Folders, Parts, Space, application, lesson, recording, setup, staff,
};
use arctos_box::http::Peer;
use arctos_box::hw::board::Board;
use arctos_box::hw::encoder::Finder;
use arctos_box::hw::hotplug::Hotplug;
use arctos_box::model::recording::{Note, Order, Track};
use arctos_box::model::user::{Origin, User};
use arctos_box::model::{Clock, Entropy, Hand, Handle, Millis, RoomId};
use arctos_box::ops::metrics::Metrics;
use arctos_box::ops::secrets;
use arctos_box::store::Db;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// Saturday, 21 November 2026, 08:00:00 UTC.
/// Where requests come from.
pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub const START: Millis = Millis(1_795_248_000_000);
pub const APPID: i64 = 1_400_000_000;
pub const PASSWORD: &str = "a password";

pub struct World {
    pub dir: TempDir,
    pub config: Config,
    pub site: Arc<Site>,
    pub hand: Hand,
    pub clock: Clock,
    pub orders: mpsc::Receiver<Order>,
    pub entropy: Entropy,
    _timed: crate::timing::Timed,
}

/// What a request was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: hyper::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("not JSON ({e}): {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With configuration keys set, as by `--set`.
    pub async fn with(set: &[&str]) -> Self {
        let set = set.iter().map(ToString::to_string).collect();
        let config = config::load(&Sources { set, ..Sources::default() }).unwrap();
        Self::from(config).await
    }

    /// With a configuration file's text.
    pub async fn configured(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("box.toml");
        std::fs::write(&file, text).unwrap();
        Self::from(config::load(&Sources { file: Some(&file), ..Sources::default() }).unwrap())
            .await
    }

    pub async fn from(config: Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, hand) = Clock::manual(START);
        let entropy = Entropy::counter();
        let (site, orders) = open(dir.path(), &config, &clock, &entropy).await;
        Self { dir, config, site, hand, clock, orders, entropy, _timed: crate::timing::test() }
    }

    pub fn app(&self) -> &Arc<Appliance> {
        &self.site.app
    }

    /// Drops everything without a goodbye and opens the same folder again.
    pub async fn restart(&mut self) {
        self.app().db.close().await;
        let (site, orders) = open(self.dir.path(), &self.config, &self.clock, &self.entropy).await;
        self.site = site;
        self.orders = orders;
    }

    /// Moves the clock; what ages does so.
    pub async fn advance(&self, by: Millis) {
        self.hand.advance(by);
        lesson::age(self.app(), self.clock.moment()).await;
        application::age(self.app(), self.clock.moment()).await;
    }

    /// Any request, from 127.0.0.1.
    pub async fn request(&self, request: Request<Full<Bytes>>) -> Answer {
        let peer = Peer { addr: HERE, secure: false };
        self.request_from(request, peer).await
    }

    pub async fn request_from(&self, request: Request<Full<Bytes>>, peer: Peer) -> Answer {
        let answer = self.site.answer(request, peer).await;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("host", "box.test");
        self.request(request.body(Full::default()).unwrap()).await
    }

    /// A raw body to a command of document 001.
    pub async fn post(&self, svc: &str, cmd: &str, body: impl Into<Bytes>) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/index.php?svc={svc}&cmd={cmd}"))
            .header("host", "box.test")
            .body(Full::new(body.into()));
        self.request(request.unwrap()).await
    }

    /// A command of document 001 (`svc/cmd`) with the common fields added where absent.
    pub async fn edu(&self, command: &str, mut body: Value) -> Value {
        let (svc, cmd) = command.split_once('/').unwrap();
        for (name, value) in [("appid", json!(APPID)), ("timeStamp", json!(77))] {
            if body.get(name).is_none() {
                body[name] = value;
            }
        }
        self.post(svc, cmd, body.to_string()).await.json()
    }

    /// The same, and it must succeed; answers `data`.
    pub async fn ok(&self, command: &str, body: Value) -> Value {
        let answer = self.edu(command, body).await;
        assert_eq!(answer["errorCode"], 0, "{command}: {answer}");
        answer["data"].clone()
    }

    /// A registered and logged-in account; answers its token.
    pub async fn user(&self, id: &str, role: i64) -> String {
        self.ok("account/regist", json!({"id": id, "pwd": PASSWORD, "role": role})).await;
        let data = self.ok("account/login", json!({"id": id, "pwd": PASSWORD})).await;
        data["token"].as_str().unwrap().to_owned()
    }

    /// A token of any dialect for somebody who is stored already.
    pub async fn token(&self, user: &User, origin: Origin) -> String {
        let grant = Grant { user, origin, issuer: "test".into(), others: Others::Keep };
        session::open(self.app(), grant, self.clock.moment()).await.unwrap()
    }

    pub async fn teacher(&self, id: &str) -> String {
        self.user(id, 1).await
    }

    pub async fn pupil(&self, id: &str) -> String {
        self.user(id, 0).await
    }

    /// A course in state 0; answers its number.
    pub async fn room(&self, token: &str) -> i64 {
        let data = self.ok("live/create", json!({"token": token, "title": "math"})).await;
        data["roomnum"].as_i64().unwrap()
    }

    /// A running course; answers its number.
    pub async fn live_room(&self, token: &str) -> i64 {
        let room = self.room(token).await;
        self.ok("live/startcourse", json!({"token": token, "roomnum": room})).await;
        room
    }

    /// The row of one course in the room list.
    pub async fn row(&self, token: &str, room: i64) -> Value {
        let ask = json!({"token": token, "index": 0, "size": 1, "roomnum": room});
        self.ok("live/roomlist", ask).await["rooms"][0].clone()
    }

    /// Plays the recorder.
    pub async fn recorder_says(&self, room: i64, note: Note) {
        self.recorder_says_of(Track::teacher(RoomId(room)), note).await;
    }

    pub async fn recorder_says_of(&self, track: Track, note: Note) {
        recording::heard(self.app(), track, note, self.clock.moment()).await.unwrap();
    }

    /// Sets the box up through its own API; answers the administrator's token.
    pub async fn administer(&self) -> String {
        let code = setup::code(self.app()).expect("the box has no administrator yet");
        let founder = setup::Founder {
            handle: Handle::new("root").unwrap(),
            name: String::new(),
            password: PASSWORD.into(),
            from: IpAddr::from([127, 0, 0, 1]),
        };
        let now = self.clock.moment();
        let root = setup::found(self.app(), &code, founder, now).await.unwrap();
        staff::enter(self.app(), &root, IpAddr::from([127, 0, 0, 1]), now).await.unwrap()
    }

    /// A request to the box's own API: `path` below `/box/v1/`, with a token unless it is empty.
    pub async fn staff(&self, method: &str, path: &str, token: &str, body: Value) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/box/v1/{path}"))
            .header("host", "box.test");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.request(request.body(Full::new(body.into())).unwrap()).await
    }
}

/// A box on this folder, and the recorder's end of it.
pub async fn open(
    dir: &Path,
    config: &Config,
    clock: &Clock,
    entropy: &Entropy,
) -> (Arc<Site>, mpsc::Receiver<Order>) {
    for part in ["recordings", "files", "keys", "license"] {
        std::fs::create_dir_all(dir.join(part)).unwrap();
    }
    let board = Board::load("sim").unwrap();
    let (kept, name) = secrets::load_or_make(dir, entropy).unwrap();
    let policy = parts::policy(config, &board, name).unwrap();
    let (licence, _) = licence::setup(config, &board, dir).unwrap();
    let (recorder, orders) = mpsc::channel(64);
    let (cameras, lines) = cameras::cameras(config, &board, &policy.classrooms).unwrap();
    let made = Parts {
        db: Db::open(dir).unwrap(),
        entropy: entropy.clone(),
        policy,
        secrets: kept,
        folders: Folders { recordings: dir.join("recordings"), files: dir.join("files") },
        licence,
        space: Space { free: Arc::new(|| Some(100 << 30)), reserve: 2 << 30, least: 2 << 30 },
        recorder,
        cameras,
        monitors: Monitors::of(board.input.iter().map(|input| (&*input.name, &*input.about))),
        devices: Devices::default(),
    };
    let app = Appliance::open(made, clock.moment()).await.unwrap();
    for line in lines {
        tokio::spawn(async move {
            // Held as long as the test runs.
            let (_drain, draining) = watch::channel(false);
            line.run(Path::new("/"), &Hotplug::default(), draining).await;
        });
    }
    app.bring_back(clock.moment()).await.unwrap();
    app.settle(clock.moment()).await.unwrap();
    let finder = Arc::new(Finder::new(None, "/usr/bin:/bin".into(), board));
    let health = Arc::new(Health::new(finder));
    let metrics = Arc::new(Metrics::default());
    (Arc::new(Site::new(app, clock.clone(), metrics, health, None)), orders)
}
