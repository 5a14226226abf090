//! Clients that take their time. All of them at once, for their limits are waited out: 15 s for a head and for a body,
//! of which 512 may trickle at the same time, 10 s for a TLS handshake, 5 s for the channel's first frame.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use arctos_box::http::body;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::{Scene, exchange, to_the_end};
use crate::process::APPID;

const HEADER: Duration = Duration::from_secs(10);
const BODY: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_slow_is_cut_off_by_the_limit_of_what_he_is_slow_with() {
    let scene = Scene::new().await;
    let (http, tls) = (scene.service.http, scene.service.https.unwrap());
    let mut all = JoinSet::new();
    for _ in 0..100 {
        // Not faster than they are accepted: the system forgets those for a while that find the queue full.
        tokio::time::sleep(Duration::from_millis(5)).await;
        // http/patience.rs, HEAD: also for who says nothing, and on the ports of document 002.
        all.spawn(trickle(http, "GET /healthz HTTP/1.1\r\nHost: box\r\nX-Slow: ", HEADER));
        all.spawn(trickle(scene.service.at("openim"), "POST /auth/user_", HEADER));
        all.spawn(trickle(http, "", HEADER));
        // TLS_TIME: silence, and the beginning of a ClientHello that announces 500 bytes.
        all.spawn(trickle(tls, "", HEADER));
        all.spawn(trickle(tls, "\x16\x03\x01\x01\x7f\x01", HEADER));
    }
    // http/body.rs, PATIENCE and IN_PIECES: the last hundred find no place and are told at once.
    let spare = 100;
    for n in 0..body::IN_PIECES + spare {
        tokio::time::sleep(Duration::from_millis(u64::from(n % 4 == 0))).await;
        all.spawn(slow_body(http));
    }
    for _ in 0..20 {
        all.spawn(silent_in_the_channel(http, scene.school.room));
    }
    let ends = all.join_all().await;
    let at_once = ends.iter().filter(|end| **end == End::Busy { waited: false }).count();
    let waited = ends.iter().filter(|end| **end == End::Busy { waited: true }).count();
    assert!(at_once >= spare && waited > body::IN_PIECES / 2, "{at_once} at once, {waited} waited");
    assert_eq!(at_once + waited, body::IN_PIECES + spare);
    scene.end("1,232 slow clients", 96).await;
}

#[derive(Debug, PartialEq)]
enum End {
    CutOff,
    Busy { waited: bool },
}

/// A byte a second, until the box hangs up.
async fn trickle(addr: SocketAddr, start: &str, limit: Duration) -> End {
    let began = Instant::now();
    let tcp = TcpStream::connect(addr).await.unwrap();
    let (mut from, mut to) = tcp.into_split();
    to.write_all(start.as_bytes()).await.unwrap();
    let is_silent = start.is_empty();
    let drip = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if !is_silent && to.write_all(b"a").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut rest = Vec::new();
    tokio::select! {
        _ = from.read_to_end(&mut rest) => {}
        () = drip => {}
        () = tokio::time::sleep(2 * limit) => panic!("{start:?} may stay for ever"),
    }
    assert!(began.elapsed() > limit / 2, "{start:?} was cut off early");
    End::CutOff
}

async fn slow_body(addr: SocketAddr) -> End {
    let began = Instant::now();
    let mut tcp = TcpStream::connect(addr).await.unwrap();
    let head = "POST /index.php?svc=live&cmd=heartbeat HTTP/1.1\r\nHost: box\r\nContent-Length: 9999\r\n\r\n{";
    tcp.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = tcp.into_split();
    let drip = async {
        while to.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let mut answer = [0; 4096];
    let n = tokio::select! {
        // What still drips in when the box hangs up may take the answer with it.
        n = from.read(&mut answer) => n.unwrap_or(0),
        () = drip => 0,
        () = tokio::time::sleep(2 * BODY) => panic!("a body may trickle for ever"),
    };
    let said = String::from_utf8_lossy(&answer[..n]).into_owned();
    assert!(n == 0 || said.contains("\"errorCode\":10111"), "{said}");
    End::Busy { waited: began.elapsed() > BODY / 2 }
}

/// web/channel/visit.rs, HELLO.
async fn silent_in_the_channel(addr: SocketAddr, room: i64) -> End {
    let mut client =
        crate::socket::Client::open(addr, &format!("/box/v1/channel?group={room}")).await;
    assert_eq!(client.end().await.0, 4000);
    End::CutOff
}

/// http/patience.rs, STALLED, gives them up after a minute (its own test passes it); until then what they hold is small,
/// for everybody is sent the same copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_asks_and_never_reads_holds_little_memory() {
    let scene = Scene::new().await;
    let mut crowd = Vec::new();
    for n in 0..300 {
        let path = ["/watch/assets/hls.light.min.js", "/box/openapi.json", "/box/api"][n % 3];
        crowd.push(never_reads(scene.service.http, path, 20).await);
    }
    // Long lists, made for each: one waits, the other nineteen are not begun.
    let list = json!({"appid": APPID, "timeStamp": 1, "token": scene.school.ann.token,
        "index": 0, "size": 50})
    .to_string();
    for _ in 0..100 {
        let length = list.len();
        let ask = format!(
            "POST /index.php?svc=live&cmd=roomlist HTTP/1.1\r\nHost: box\r\nContent-Length: {length}\r\n\r\n{list}"
        );
        crowd.push(pour(scene.service.http, &ask.repeat(20)).await);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(crowd);
    scene.end("400 clients that do not read", 48).await;
}

async fn never_reads(addr: SocketAddr, path: &str, times: usize) -> TcpStream {
    pour(addr, &format!("GET {path} HTTP/1.1\r\nHost: box\r\n\r\n").repeat(times)).await
}

async fn pour(addr: SocketAddr, text: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut tcp = socket.connect(addr).await.unwrap();
    tcp.write_all(text.as_bytes()).await.unwrap();
    tcp
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_tls_is_hung_up_on_at_once() {
    let scene = Scene::new().await;
    let tls = scene.service.https.unwrap();
    let mut all = JoinSet::new();
    for n in 0..200u32 {
        let garbage: Vec<u8> = (0..2000).map(|i| (i * n + 7).to_le_bytes()[1]).collect();
        all.spawn(async move { exchange(tls, &garbage).await.expect("it hangs up") });
        all.spawn(async move {
            exchange(tls, b"GET / HTTP/1.1\r\nHost: box\r\n\r\n").await.expect("it hangs up")
        });
        // A record as long as no record may be.
        all.spawn(async move {
            let mut tcp = TcpStream::connect(tls).await.unwrap();
            let _ = tcp.write_all(b"\x16\x03\x01\xff\xff").await;
            let _ = tcp.write_all(&[1; 70_000]).await;
            to_the_end(tcp).await.expect("it hangs up")
        });
    }
    for end in all.join_all().await {
        assert!(!end.contains("HTTP/1.1 200"), "{end}");
    }
    scene.end("600 that speak no TLS", 48).await;
}
