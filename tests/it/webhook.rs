//! Calls to others and calls from others, with a real receiver on a real socket: signatures, order, retries,
//! restarts, and what an outside recorder may say of a lesson.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use arctos_box::wire::callback::{Delivery, live_sign, live_verify, webhook_verify};
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

use crate::process::{Person, Service, Wire, poll, say};

const SECRET: &str = "a secret between two servers";
const PATIENCE: Duration = Duration::from_secs(20);
/// Lessons of these tests need no picture.
const UNRECORDED: [&str; 4] = ["--set", "recorder.ffmpeg=/bin/false", "--set", "log.level=error"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_lesson_is_told_to_two_servers_in_order_and_signed() {
    let dir = tempfile::tempdir().unwrap();
    let school = Receiver::start("127.0.0.1:0", |_| 200).await;
    let mut tries = 0;
    let archive = Receiver::start("127.0.0.1:0", move |_| {
        tries += 1;
        if tries < 3 { 500 } else { 204 }
    })
    .await;
    let config =
        config(dir.path(), &[("school", school.addr, ""), ("archive", archive.addr, "md5")]);
    let service = Service::start(&dir.path().join("d"), &["--config", &config]);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    ann.wait_for_picture(room).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    let calls = school.wait_for(2).await;
    let told: Vec<&str> = calls.iter().map(|c| c.event.as_str()).collect();
    assert_eq!(told, ["recendcall", "idxfileendcall"]);
    let recorded = calls[0].json();
    assert_eq!((&recorded["event_type"], &recorded["roomnum"]), (&json!(100), &json!(room)));
    // An address that works: the box's name on the LAN and the port it really listens on.
    let port = format!(".local:{}/media/{room}/1.mp4?k=", service.http.port());
    assert!(recorded["video_url"].as_str().unwrap().contains(&port), "{recorded}");
    let inner: Value =
        serde_json::from_str(calls[1].json()["SrcRequest"].as_str().unwrap()).unwrap();
    assert_eq!((&inner["GroupId"], &inner["ErrorCode"]), (&json!(room.to_string()), &json!(0)));
    let url = inner["ReplayIndex"]["FileUrl"].as_str().unwrap();
    assert!(url.contains("/index.json?k="), "{url}");
    for call in &calls {
        assert!(call.is_signed(SECRET) && !call.is_signed("another secret, wrong"), "{call:?}");
        assert_eq!(call.query(), None, "the document's form is opt-in");
    }
    // The other server took its time: the same call three times, then the next.
    let calls = archive.wait_for(4).await;
    let told: Vec<(&str, u16)> = calls.iter().map(|c| (c.event.as_str(), c.answered)).collect();
    assert_eq!(
        told,
        [("recendcall", 500), ("recendcall", 500), ("recendcall", 204), ("idxfileendcall", 204)]
    );
    assert!(calls[0].id == calls[1].id && calls[1].id == calls[2].id && calls[2].id != calls[3].id);
    for call in &calls {
        assert!(call.is_signed(SECRET), "{call:?}");
        let (t, sign) = call.query().unwrap().split_once("&sign=").unwrap();
        let t = t.strip_prefix("t=").unwrap().parse().unwrap();
        assert!(live_verify("an md5 key", t, sign), "{call:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_delays_no_other_and_not_the_end_of_the_box() {
    let dir = tempfile::tempdir().unwrap();
    let hanging = Receiver::start("127.0.0.1:0", |_| HANG).await;
    let school = Receiver::start("127.0.0.1:0", |_| 200).await;
    let config = config(dir.path(), &[("hanging", hanging.addr, ""), ("school", school.addr, "")]);
    let data = dir.path().join("d");
    let (service, _ann, room) = over(&data, &config).await;
    let outside = Outside::of(&data, &service);
    let began = Instant::now();
    assert_eq!(outside.recorded(room, "v1", 1).await, json!({"code": 0}));
    hanging.wait_for(1).await;
    assert_eq!(outside.indexed(room, 2).await["ErrorCode"], 0);
    let told: Vec<String> = school.wait_for(2).await.into_iter().map(|c| c.event).collect();
    assert_eq!(told, ["recendcall", "idxfileendcall"]);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let (code, took) = service.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(hanging.heard().len(), 1, "the second waits behind the first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_call_holds_back_its_own_lesson_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut tries = 0;
    let school = Receiver::start("127.0.0.1:0", move |call| {
        tries += usize::from(call.body_has("stuck"));
        if call.body_has("stuck") && tries < 3 { 503 } else { 200 }
    })
    .await;
    let config = config(dir.path(), &[("school", school.addr, "")]);
    let data = dir.path().join("d");
    let (service, ann, first) = over(&data, &config).await;
    let second = end_one(&ann).await;
    let outside = Outside::of(&data, &service);
    outside.recorded(first, "stuck", 1).await;
    outside.indexed(first, 2).await;
    outside.recorded(second, "free", 3).await;
    outside.indexed(second, 4).await;
    let calls = school.wait_for(6).await;
    let of = |room: i64| {
        let mine = calls.iter().filter(|c| c.id.contains(&format!("-{room}-")));
        mine.map(|c| (c.event.clone(), c.answered)).collect::<Vec<_>>()
    };
    let call = |name: &str, answered| (name.to_owned(), answered);
    let (recorded, indexed) = ("recendcall", "idxfileendcall");
    assert_eq!(
        of(first),
        [call(recorded, 503), call(recorded, 503), call(recorded, 200), call(indexed, 200)]
    );
    assert_eq!(of(second), [call(recorded, 200), call(indexed, 200)]);
    let done = calls.iter().position(|c| c.id.starts_with(&format!("idxfileendcall-{second}-")));
    let stuck = calls.iter().position(|c| c.answered == 200 && c.body_has("stuck"));
    assert!(done < stuck, "the other lesson did not wait: {calls:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_survives_a_restart_can_be_seen_and_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let reserved = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = reserved.local_addr().unwrap();
    drop(reserved);
    let config = config(dir.path(), &[("school", addr, "")]);
    let data = dir.path().join("d");
    let (service, _ann, room) = over(&data, &config).await;
    Outside::of(&data, &service).recorded(room, "v1", 1).await;
    let row = poll("a failed try", PATIENCE, async || {
        outbox(&data).pop().filter(|row| row["tries"].as_i64().unwrap() > 0)
    })
    .await;
    assert_eq!((&row["webhook"], &row["state"]), (&json!("school"), &json!("waiting")), "{row}");
    assert!(row["last_error"].as_str().unwrap().contains("Connect"), "{row}");
    service.kill();

    let school = Receiver::start(&addr.to_string(), |_| 200).await;
    let more: Vec<&str> = ["--config", &config].into_iter().chain(UNRECORDED).collect();
    let service = Service::start(&data, &more);
    let first = school.wait_for(1).await.remove(0);
    assert_eq!(
        (first.id.as_str(), first.event.as_str()),
        (row["event_id"].as_str().unwrap(), "recendcall")
    );
    assert!(first.is_signed(SECRET));
    poll("it is noted as sent", PATIENCE, async || {
        (outbox(&data)[0]["state"] == "sent").then_some(())
    })
    .await;
    let id = row["id"].to_string();
    assert_eq!(say(&data, &["outbox", "--replay", &id]).code, Some(0));
    let again = school.wait_for(2).await.remove(1);
    assert_eq!((again.id, again.body), (first.id, first.body));
    let unknown = say(&data, &["outbox", "--replay", "4711"]);
    assert_eq!(unknown.code, Some(70), "{unknown:?}");
    drop(service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outside_recorder_brings_a_lesson_to_its_replay() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let (service, ann, room) = over(&data, &config(dir.path(), &[])).await;
    let outside = Outside::of(&data, &service);
    assert_eq!(outside.recorded(room, "v1", 1).await, json!({"code": 0}));
    assert_eq!(outside.recorded(room, "v1", 1).await, json!({"code": 0}), "a repeat is harmless");
    assert_eq!(outside.recorded(room, "v2", 1).await, json!({"code": 10003}), "another body");
    let forged = outside.event("v3", room, "wrong key", 3);
    assert_eq!(outside.post("recendcall", forged).await, json!({"code": 10003}));
    assert_eq!(ann.wait_for_state(room, 2, PATIENCE).await["playback_idx_url"], "");
    let done = outside.indexed(room, 4).await;
    assert_eq!(done, json!({"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}));
    let row = ann.wait_for_state(room, 3, PATIENCE).await;
    assert_eq!(row["playback_idx_url"], "https://cloud.example/index.json");
    service.terminate();
    let store = rusqlite::Connection::open(data.join("box.db")).unwrap();
    let count = |sql: &str| store.query_row(sql, [room], |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT COUNT(*) FROM video WHERE room_id = ?1 AND source = 'outside'"), 1);
    let noted = "SELECT COUNT(*) FROM message WHERE group_id = CAST(?1 AS TEXT) AND type = 1004";
    assert_eq!(count(noted), 1);
}

/// The box's outbox as its subcommand lists it.
fn outbox(data: &Path) -> Vec<Value> {
    let said = say(data, &["outbox", "--json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

/// A configuration file with these webhooks: name, address, and "md5" for the document's form.
fn config(dir: &Path, hooks: &[(&str, SocketAddr, &str)]) -> String {
    let mut text = String::new();
    for (name, addr, form) in hooks {
        text += &format!("[[webhook]]\nname = \"{name}\"\nurl = \"http://{addr}/hook\"\n");
        text += &format!("secret = \"{SECRET}\"\n");
        if *form == "md5" {
            text += "md5_key = \"an md5 key\"\n";
        }
    }
    let path = dir.join("box.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A box with one lesson that is over and was not recorded.
async fn over(data: &Path, config: &str) -> (Service, Person, i64) {
    let more: Vec<&str> = ["--config", config].into_iter().chain(UNRECORDED).collect();
    let service = Service::start(data, &more);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = end_one(&ann).await;
    (service, ann, room)
}

async fn end_one(ann: &Person) -> i64 {
    let room = ann.teach().await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    room
}

/// A server outside that records lessons.
struct Outside {
    http: SocketAddr,
    key: String,
    now_s: i64,
}

impl Outside {
    fn of(data: &Path, service: &Service) -> Self {
        let secrets: Value = serde_json::from_str(&say(data, &["secrets", "--json"]).out).unwrap();
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Self {
            http: service.http,
            key: secrets["callback_key"].as_str().unwrap().to_owned(),
            now_s: i64::try_from(since.as_secs()).unwrap(),
        }
    }

    /// A recording callback; calls with the same `n` carry the same signature.
    async fn recorded(&self, room: i64, video: &str, n: i64) -> Value {
        self.post("recendcall", self.event(video, room, &self.key, n)).await
    }

    async fn indexed(&self, room: i64, n: i64) -> Value {
        let inner = json!({"GroupId": room.to_string(), "ErrorCode": 0, "ErrorInfo": "",
            "ReplayIndex": {"FileUrl": "https://cloud.example/index.json", "CreateTime": self.now_s}});
        let t = self.now_s + 300 + n;
        let sign = live_sign(&self.key, t);
        self.post("idxfileendcall", json!({"t": t, "sign": sign, "SrcRequest": inner.to_string()}))
            .await
    }

    fn event(&self, video: &str, room: i64, key: &str, n: i64) -> Value {
        let t = self.now_s + 300 + n;
        json!({"t": t, "sign": live_sign(key, t), "event_type": 100, "stream_id": "s",
            "stream_param": format!("groupid={room}&userid=YW5u"), "start_time": self.now_s - 60,
            "end_time": self.now_s, "media_start_time": 0, "file_size": 1000, "duration": 60,
            "video_id": video, "video_url": "https://cloud.example/v.mp4"})
    }

    async fn post(&self, command: &str, body: Value) -> Value {
        let path = format!("/index.php?svc=live&cmd={command}");
        let answer = Wire::open(self.http).await.post(&path, body.to_string()).await;
        assert_eq!(answer.status, 200);
        answer.json()
    }
}

/// Accepts a call and never answers it.
const HANG: u16 = 0;

/// A call as it came in.
#[derive(Clone, Debug)]
struct Heard {
    uri: String,
    time_s: i64,
    id: String,
    event: String,
    signature: String,
    body: Vec<u8>,
    answered: u16,
}

impl Heard {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn query(&self) -> Option<&str> {
        self.uri.split_once('?').map(|(_, query)| query)
    }

    fn body_has(&self, word: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(word)
    }

    fn is_signed(&self, secret: &str) -> bool {
        let delivery = Delivery { time_s: self.time_s, id: &self.id, body: &self.body };
        webhook_verify(secret.as_bytes(), &delivery, &self.signature)
    }
}

type Answers = Arc<Mutex<dyn FnMut(&Heard) -> u16 + Send>>;

/// A server that is called.
struct Receiver {
    addr: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// `answers` gives the status for each call.
    async fn start(addr: &str, answers: impl FnMut(&Heard) -> u16 + Send + 'static) -> Self {
        let listener = TcpListener::bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (kept, answers): (_, Answers) = (heard.clone(), Arc::new(Mutex::new(answers)));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (kept, answers) = (kept.clone(), answers.clone());
                let service =
                    service_fn(move |request| take(request, kept.clone(), answers.clone()));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { addr, heard, task }
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    async fn wait_for(&self, count: usize) -> Vec<Heard> {
        let what = format!("{count} calls");
        poll(&what, PATIENCE, async || Some(self.heard()).filter(|h| h.len() >= count)).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(
    request: Request<Incoming>,
    kept: Arc<Mutex<Vec<Heard>>>,
    answers: Answers,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let text = |name: &str| head.headers[name].to_str().unwrap().to_owned();
    let mut call = Heard {
        uri: head.uri.to_string(),
        time_s: text("x-arctos-time").parse().unwrap(),
        id: text("x-arctos-id"),
        event: text("x-arctos-event"),
        signature: text("x-arctos-signature"),
        body: body.collect().await?.to_bytes().to_vec(),
        answered: 0,
    };
    let status = (*answers.lock().unwrap())(&call);
    call.answered = status;
    kept.lock().unwrap().push(call);
    if status == HANG {
        std::future::pending::<()>().await;
    }
    Ok(Response::builder().status(status).body(Full::default()).unwrap())
}
