//! The honest class: it beats and lists at a fixed pace on connections that stay, and trusts nothing that is wrong.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{APPID, Person, Wire};

const CLIENTS: usize = 6;
/// Each of them asks this often: 60 requests a second in all.
const PACE: Duration = Duration::from_millis(100);
/// One request in so many is a list.
const LISTS: usize = 4;

/// A teacher whose lesson runs, and pupils in it.
pub struct School {
    pub ann: Person,
    pub room: i64,
    tokens: Vec<String>,
}

impl School {
    pub async fn open(base: &str) -> Self {
        let ann = Person::arrive(base, "ann", 1).await;
        let room = ann.teach().await;
        let mut tokens = vec![ann.token.clone()];
        for n in 1..CLIENTS {
            let pupil = Person::arrive(base, &format!("pupil{n}"), 0).await;
            pupil.ok("live/reportmemid", json!({"roomnum": room, "operate": 0})).await;
            tokens.push(pupil.token);
        }
        Self { ann, room, tokens }
    }
}

/// It has a thread of its own, so that the attack's work in this process is not in its times.
pub struct Honest {
    enough: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Honest {
    pub fn begin(addr: SocketAddr, school: &School) -> Self {
        let (enough, room) = (Arc::new(AtomicBool::new(false)), school.room);
        let (told, tokens) = (enough.clone(), school.tokens.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let mut all = tokio::task::JoinSet::new();
                for (n, token) in tokens.into_iter().enumerate() {
                    all.spawn(attend(addr, n, token, room, told.clone()));
                }
                all.join_all().await.concat()
            })
        });
        Self { enough, thread }
    }

    pub fn end(self) -> Times {
        self.enough.store(true, Ordering::Relaxed);
        let mut times = self.thread.join().expect("every honest client had only right answers");
        times.sort_unstable();
        assert!(times.len() > CLIENTS, "the honest clients were there");
        let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
        Times { count: times.len(), p50: at(50), p99: at(99), most: at(100) }
    }
}

/// From when a request was due to its last byte.
pub struct Times {
    pub count: usize,
    pub p50: Duration,
    pub p99: Duration,
    pub most: Duration,
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, p50, p99, most } = self;
        write!(f, "{count} honest answers, p50 {p50:.1?}, p99 {p99:.1?}, max {most:.1?}")
    }
}

async fn attend(
    addr: SocketAddr,
    n: usize,
    token: String,
    room: i64,
    enough: Arc<AtomicBool>,
) -> Vec<Duration> {
    let mut wire = Wire::open(addr).await;
    let mut due = Instant::now() + PACE * u32::try_from(n).unwrap() / 6;
    let mut times = Vec::new();
    let common = json!({"appid": APPID, "timeStamp": 1, "token": token, "roomnum": room});
    let list = json!({"appid": APPID, "timeStamp": 1, "token": token, "index": 0, "size": 50});
    while !enough.load(Ordering::Relaxed) {
        tokio::time::sleep_until(due.into()).await;
        let lists = times.len() % LISTS == n % LISTS;
        let (cmd, body) = if lists { ("roomlist", &list) } else { ("heartbeat", &common) };
        let path = format!("/index.php?svc=live&cmd={cmd}");
        let answer = wire.post(&path, body.to_string()).await;
        times.push(due.elapsed());
        due += PACE;
        let said: Value = answer.json();
        assert_eq!((answer.status, &said["errorCode"]), (200, &json!(0)), "{cmd}: {said}");
        let numbers = said["data"]["rooms"].as_array().into_iter().flatten();
        let sees = numbers.map(|room| &room["roomnum"]).any(|number| *number == room);
        assert_eq!(sees, lists, "{said}");
    }
    times
}
