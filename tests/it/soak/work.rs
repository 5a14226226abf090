//! The day's work: a class that beats, lists and logs in, a teacher who gives a lesson each minute with a real encoder,
//! talk in it over connections that come and go, and files put into the store.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::process::{APPID, Person, Service, Wire};
use crate::socket::Client;

const PUPILS: usize = 20;
/// The longest a lesson lasts: one a minute, with the wait for its replay.
const LESSON: Duration = Duration::from_secs(45);
const FILE_BYTES: usize = 64 * 1024;

pub struct Work {
    tasks: JoinSet<()>,
    enough: watch::Sender<bool>,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    answers: AtomicU64,
    lessons: AtomicU64,
    words: AtomicU64,
    files: AtomicU64,
    log_ins: AtomicU64,
}

fn one(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

impl Work {
    pub async fn begin(service: &Service, span: Duration) -> Self {
        let (base, addr) = (service.base(), service.http);
        let host = Person::arrive(&base, "host", 1).await;
        let ann = Person::arrive(&base, "ann", 1).await;
        let mut tokens = vec![ann.token.clone()];
        for n in 0..PUPILS {
            tokens.push(Person::arrive(&base, &format!("pupil{n}"), 0).await.token);
        }
        Person::arrive(&base, "late", 0).await;
        let talker = Person::arrive(&base, "talker", 0).await;
        let (enough, told) = watch::channel(false);
        let (lesson, given) = watch::channel(0);
        let count = Arc::new(Count::default());
        let mut tasks = JoinSet::new();
        for token in tokens {
            let turns = Turns::each(Duration::from_secs(1), told.clone());
            tasks.spawn(attend(addr, token, given.clone(), turns, count.clone()));
        }
        tasks.spawn(log_in(base.clone(), told.clone(), count.clone()));
        tasks.spawn(upload(ann.at(&base), told.clone(), count.clone()));
        let lasts = LESSON.min(span / 4);
        tasks.spawn(teach([host, talker], lasts, lesson, told, count.clone()));
        Self { tasks, enough, count }
    }

    pub fn answers(&self) -> u64 {
        self.count.answers.load(Ordering::Relaxed)
    }

    /// Nobody has stopped: each of them stops at the first wrong answer.
    pub fn is_well(&mut self) {
        assert!(self.tasks.try_join_next().is_none(), "somebody got a wrong answer");
    }

    pub async fn end(mut self) -> String {
        self.enough.send_replace(true);
        while let Some(done) = self.tasks.join_next().await {
            done.expect("only right answers");
        }
        let mut text = String::new();
        for (n, what) in [
            (&self.count.answers, "beats and lists"),
            (&self.count.lessons, "lessons"),
            (&self.count.words, "words"),
            (&self.count.files, "files"),
            (&self.count.log_ins, "log-ins"),
        ] {
            write!(text, "{} {what}, ", n.load(Ordering::Relaxed)).unwrap();
        }
        text.trim_end_matches(", ").to_owned()
    }
}

/// Comes round again and again until it is enough.
struct Turns {
    ticks: Interval,
    enough: watch::Receiver<bool>,
}

impl Turns {
    fn each(pace: Duration, enough: watch::Receiver<bool>) -> Self {
        let mut ticks = interval(pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks, enough }
    }

    /// `false` when it is enough.
    async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.enough.wait_for(|enough| *enough) => false,
            _ = self.ticks.tick() => true,
        }
    }
}

/// Beats in the lesson that is given, once seated in it; lists when there is none.
async fn attend(
    addr: SocketAddr,
    token: String,
    lesson: watch::Receiver<i64>,
    mut turns: Turns,
    count: Arc<Count>,
) {
    let mut wire = Wire::open(addr).await;
    let mut seated = 0;
    while turns.next().await {
        let room = *lesson.borrow();
        let cmd = match room {
            0 => "roomlist",
            new if new != seated => "reportmemid",
            _ => "heartbeat",
        };
        let mut ask = json!({"appid": APPID, "timeStamp": 1, "token": token});
        let fields = match cmd {
            "roomlist" => json!({"index": 0, "size": 20}),
            _ => json!({"roomnum": room, "operate": 0}),
        };
        ask.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let answer = wire.post(&format!("/index.php?svc=live&cmd={cmd}"), ask.to_string()).await;
        let said = answer.json();
        // It may have ended while this was on its way.
        let is_over = *lesson.borrow() != room
            && [20001, 20002].iter().any(|code| said["errorCode"] == *code);
        assert!(is_over || said["errorCode"] == 0, "{cmd}: {said}");
        seated = if is_over { 0 } else { room };
        one(&count.answers);
    }
}

async fn log_in(base: String, enough: watch::Receiver<bool>, count: Arc<Count>) {
    let nobody = Person::new(&base);
    let mut turns = Turns::each(Duration::from_secs(5), enough);
    while turns.next().await {
        let data = nobody.ok("account/login", json!({"id": "late", "pwd": "pw"})).await;
        assert_eq!(data["role"], 0);
        one(&count.log_ins);
    }
}

async fn upload(ann: Person, enough: watch::Receiver<bool>, count: Arc<Count>) {
    let mut n = 0_usize;
    let mut turns = Turns::each(Duration::from_secs(10), enough);
    while turns.next().await {
        n += 1;
        // Ten names in turn: what is put over another takes no more room.
        let bytes = vec![u8::try_from(n % 251).unwrap(); FILE_BYTES];
        let said = ann.upload(&format!("slides{}.pdf", n % 10), &bytes).await.unwrap();
        assert_eq!(said["code"], 0, "{said}");
        one(&count.files);
    }
}

/// A lesson with a film and talk, from its start to its replay, one a minute.
async fn teach(
    [host, talker]: [Person; 2],
    lasts: Duration,
    lesson: watch::Sender<i64>,
    enough: watch::Receiver<bool>,
    count: Arc<Count>,
) {
    let ended = enough.clone();
    let mut turns = Turns::each(lasts * 4 / 3, enough);
    while turns.next().await {
        let room = host.teach().await;
        lesson.send_replace(room);
        while host.lesson(room).await["playlist"].is_null() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        talker.ok("live/reportmemid", json!({"roomnum": room, "operate": 0})).await;
        let until = tokio::time::Instant::now() + lasts;
        let mut last = 0;
        while tokio::time::Instant::now() < until && !*ended.borrow() {
            host.ok("live/heartbeat", json!({"roomnum": room})).await;
            last = talk(&talker, room, last, &count).await;
        }
        lesson.send_replace(0);
        host.ok("live/exitroom", json!({"roomnum": room})).await;
        host.wait_for_state(room, 3, Duration::from_secs(30)).await;
        one(&count.lessons);
    }
}

/// One visit to the room channel: five words, each acknowledged, then gone without a goodbye.
async fn talk(talker: &Person, room: i64, mut last: i64, count: &Count) -> i64 {
    let addr = talker.base.trim_start_matches("http://").parse().unwrap();
    let mut client = Client::open(addr, &format!("/box/v1/channel?group={room}")).await;
    client.send(&json!({"token": talker.token, "since": last})).await;
    for n in 0..5 {
        client.send(&json!({"type": 1, "body": {"word": n}, "ref": "r"})).await;
        // Its number is acknowledged, and all numbers up to it are heard, in whichever order.
        let mut taken = i64::MAX;
        while last < taken {
            let frame = client.json().await;
            assert_ne!(frame["type"], 400, "{frame}");
            let seq = frame["seq"].as_i64().unwrap();
            if seq > 0 {
                assert_eq!(seq, last + 1, "a gap or a repeat: {frame}");
                last = seq;
            }
            if frame["type"] == 200 {
                taken = frame["body"]["seq"].as_i64().unwrap();
            }
        }
        one(&count.words);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    last
}
