use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http_body_util::{BodyExt, StreamBody};
use hyper::Response;
use hyper::body::Frame;
use proptest::strategy::{Strategy, ValueTree};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::task::JoinHandle;

use super::*;
use crate::http::Body;

/// Where a request is cut, so that hyper answers it, or not.
const CUTS: [usize; 2] = [0, 20];
const ASKED: &[u8] = b"POST /a HTTP/1.1\r\nHost: box\r\nContent-Length: 2\r\n\r\nhi";

/// A connection whose every answer is `answer`'s, and the word that the box goes down.
struct Scene {
    far: DuplexStream,
    drain: watch::Sender<bool>,
    phase: Arc<Phase>,
    said_goodbye: Arc<AtomicBool>,
    served: JoinHandle<()>,
}

/// A stream that remembers whether it was shut down.
struct Near(DuplexStream, Arc<AtomicBool>);

impl AsyncRead for Near {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Near {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.1.store(true, Ordering::Relaxed);
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Scene {
    fn new(answer: fn() -> Body) -> Self {
        Self::late(0, answer)
    }

    /// The same, and each answer takes so many seconds.
    fn late(seconds: u64, answer: fn() -> Body) -> Self {
        let (near, far) = duplex(4096);
        let (hold, drain) = hold();
        let phase = hold.phase.clone();
        let service: Service = Arc::new(move |request, _| {
            Box::pin(async move {
                let heard = request.into_body().collect().await.unwrap().to_bytes();
                assert!(heard.is_empty() || heard == "hi", "{heard:?}");
                if seconds > 0 {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                }
                Response::new(answer())
            })
        });
        let said_goodbye = Arc::new(AtomicBool::new(false));
        let near = Near(near, said_goodbye.clone());
        let served = tokio::spawn(http1::serve(near, peer(), service, hold));
        Self { far, drain, phase, said_goodbye, served }
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.far.write_all(bytes).await.unwrap();
    }

    /// A request in two reads is hyper's; one that is not cut is answered without it.
    async fn ask(&mut self, cut: usize) {
        let (now, later) = ASKED.split_at(cut);
        self.say(now).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.say(later).await;
    }

    /// Reads until something ends with this.
    async fn hear(&mut self, end: &str) -> String {
        let mut heard = String::new();
        while !heard.ends_with(end) {
            heard.push(char::from(self.far.read_u8().await.unwrap()));
        }
        heard
    }

    async fn rest(&self) {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!self.phase.rests(), "it rests already, or never will");
    }
}

fn peer() -> Peer {
    Peer { addr: std::net::Ipv4Addr::LOCALHOST.into(), secure: false }
}

fn hold() -> (Hold, watch::Sender<bool>) {
    let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    let seat = Seat { guests: Guests::default(), addr: None };
    let (drain, draining) = watch::channel(false);
    let place = Place { _permit: permit, _seat: seat, _here: mpsc::channel(1).0 };
    (Hold { _place: Arc::new(place), drain: draining, phase: Arc::default() }, drain)
}

fn yes() -> Body {
    Body::whole("yes")
}

/// Three pieces, one a second.
fn slow() -> Body {
    let pieces = futures_util::stream::unfold(0, |n| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        (n < 3).then(|| (Ok(Frame::data(Bytes::from_static(b"piece"))), n + 1))
    });
    Body::read(StreamBody::new(Box::pin(pieces)))
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_rests_answers_again() {
    let mut scene = Scene::new(yes);
    for cut in [CUTS, CUTS].concat() {
        scene.ask(cut).await;
        let answer = scene.hear("yes").await;
        assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("close"), "{answer}");
        scene.rest().await;
    }
    drop(scene.far);
    scene.served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_came_too_early_is_not_lost_when_the_connection_rests() {
    let mut scene = Scene::new(yes);
    let (now, later) = ASKED.split_at(20);
    scene.say(&[ASKED, ASKED, now].concat()).await;
    scene.hear("yes").await;
    scene.hear("yes").await;
    scene.rest().await;
    scene.say(later).await;
    scene.hear("yes").await;
    let (now, later) = ASKED.split_at(1);
    scene.rest().await;
    scene.say(now).await;
    scene.rest().await;
    scene.say(&[later, ASKED].concat()).await;
    scene.hear("yes").await;
    scene.hear("yes").await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_pauses_is_sent_to_its_end_and_the_connection_stays() {
    let mut scene = Scene::new(slow);
    for cut in CUTS {
        scene.ask(cut).await;
        let answer = scene.hear("0\r\n\r\n").await;
        assert!(answer.matches("piece").count() == 3 && !answer.contains("close"), "{answer}");
        scene.rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_taken_slowly_is_sent_to_its_end() {
    for cut in CUTS {
        let mut scene = Scene::new(|| Body::whole(vec![b'x'; 20_000]));
        scene.ask(cut).await;
        let mut heard = 0;
        while heard < 20_000 {
            tokio::time::sleep(Duration::from_secs(3)).await;
            heard += scene.far.read(&mut [0; 1000]).await.unwrap();
        }
        scene.rest().await;
        scene.say(ASKED).await;
        scene.hear("HTTP/1.1 200").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_rests_is_given_up_in_its_time_and_when_the_box_goes_down() {
    for cut in CUTS {
        let mut scene = Scene::new(yes);
        scene.ask(cut).await;
        scene.hear("yes").await;
        let since = tokio::time::Instant::now();
        assert_eq!(scene.far.read(&mut [0]).await.unwrap(), 0);
        let idle = since.elapsed().as_secs();
        assert!((75..=90).contains(&idle), "{idle}");
        scene.served.await.unwrap();
    }

    let mut scene = Scene::new(yes);
    scene.say(ASKED).await;
    scene.hear("yes").await;
    scene.rest().await;
    scene.drain.send_replace(true);
    tokio::time::timeout(Duration::from_secs(1), scene.served).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_head_that_dawdles_after_a_rest_is_given_up() {
    let mut scene = Scene::new(yes);
    scene.say(ASKED).await;
    scene.hear("yes").await;
    scene.rest().await;
    let since = tokio::time::Instant::now();
    scene.say(b"P").await;
    assert_eq!(scene.far.read(&mut [0; 999]).await.unwrap_or(0), 0);
    let waited = since.elapsed().as_secs();
    assert!((10..=15).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_long_is_heard_and_who_hangs_up_meanwhile_stops_it() {
    let mut scene = Scene::late(100, yes);
    for _ in 0..2 {
        scene.say(ASKED).await;
        let answer = scene.hear("yes").await;
        assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("close"), "{answer}");
    }
    // The next one comes early: both are answered, in order.
    scene.say(ASKED).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.say(ASKED).await;
    scene.hear("yes").await;
    scene.hear("yes").await;
    scene.rest().await;
    scene.say(ASKED).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(scene.far);
    tokio::time::timeout(Duration::from_secs(1), scene.served).await.unwrap().unwrap();
}

/// However it is made and whoever sends it.
#[tokio::test(start_paused = true)]
async fn an_answer_under_way_when_the_box_goes_down_is_whole_and_the_connections_last() {
    for (answer, end) in [(yes as fn() -> Body, "yes"), (slow, "0\r\n\r\n")] {
        for (cut, after_ms) in [(0, 500), (0, 3500), (20, 500), (20, 3500)] {
            let mut scene = Scene::late(2, answer);
            scene.ask(cut).await;
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            scene.drain.send_replace(true);
            let heard = scene.hear(end).await;
            assert_eq!(heard.contains("connection: close"), after_ms < 2000, "{heard}");
            assert_eq!(scene.far.read(&mut [0]).await.unwrap(), 0);
            scene.served.await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_says_so_to_its_stream() {
    // TLS tells it to the client: what ends without a word could have been cut off by anybody.
    for goes_down in [false, true] {
        let mut scene = Scene::new(yes);
        scene.ask(0).await;
        scene.hear("yes").await;
        match goes_down {
            true => drop(scene.drain.send_replace(true)),
            false => scene.far.shutdown().await.unwrap(),
        }
        scene.served.await.unwrap();
        assert!(scene.said_goodbye.load(Ordering::Relaxed), "{goes_down}");
    }
}

/// Ten thousand of them may be open; each costs this, a timer and a socket.
#[tokio::test]
async fn a_plain_connections_task_is_small() {
    let service: Service = Arc::new(|_, _| Box::pin(pending()));
    let near = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(near.local_addr().unwrap()).await.unwrap();
    let size = size_of_val(&http1::serve(stream, peer(), service, hold().0));
    assert!(size <= 1100, "{size}");
}

/// Requests that are pipelined, cut anywhere and answered late: each is asked once, in order, and answered whole.
#[tokio::test(start_paused = true)]
async fn any_conversation_is_held_in_order() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let pauses = proptest::collection::vec((0..400usize, 0..3000u64), 0..4);
    let plan = (proptest::collection::vec((0..3u8, 0..4u64, 0..2000usize), 1..5), pauses);
    for _ in 0..100 {
        let (asked, pauses) = plan.new_tree(&mut runner).unwrap().current();
        converse(asked, pauses).await;
    }
}

/// Each request: what its answer is, after how many seconds, to a body of what length. Each pause: after how many
/// bytes, how many milliseconds.
async fn converse(asked: Vec<(u8, u64, usize)>, mut pauses: Vec<(usize, u64)>) {
    let (near, far) = duplex(4096);
    let (calls, all) = (Arc::new(Mutex::new(Vec::new())), asked.clone());
    let called = calls.clone();
    let service: Service = Arc::new(move |request, _| {
        let number: usize = request.uri().path()[1..].parse().unwrap();
        called.lock().unwrap().push(number);
        let (kind, late, length) = all[number];
        Box::pin(async move {
            assert_eq!(request.into_body().collect().await.unwrap().to_bytes().len(), length);
            tokio::time::sleep(Duration::from_secs(late)).await;
            Response::new([yes, slow, || Body::whole(vec![b'x'; 5000])][usize::from(kind)]())
        })
    });
    let (hold, _drain) = hold();
    let served = tokio::spawn(http1::serve(near, peer(), service, hold));
    let mut text = Vec::new();
    for (number, (_, _, length)) in asked.iter().enumerate() {
        let head = format!("POST /{number} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
        text.extend([head.as_bytes(), &vec![b'b'; *length]].concat());
    }
    let (mut from, mut to) = tokio::io::split(far);
    let say = async {
        pauses.push((text.len(), 0));
        for (bytes, pause_ms) in pauses {
            let rest = text.split_off(bytes.min(text.len()));
            to.write_all(&std::mem::replace(&mut text, rest)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        }
        to.write_all(&text).await.unwrap();
    };
    let hear = async {
        for (kind, _, _) in &asked {
            let end = ["yes", "0\r\n\r\n", "xxx"][usize::from(*kind)];
            let (mut heard, length) = (String::new(), if *kind == 2 { 5000 } else { 0 });
            while !heard.ends_with(end) || heard.len() < length {
                heard.push(char::from(from.read_u8().await.unwrap()));
            }
            let body = heard.split_once("\r\n\r\n").unwrap().1;
            let mut left = vec![0; length.saturating_sub(body.len())];
            from.read_exact(&mut left).await.unwrap();
        }
    };
    tokio::join!(say, hear);
    assert_eq!(*calls.lock().unwrap(), (0..asked.len()).collect::<Vec<_>>());
    assert_eq!(from.read(&mut [0]).await.unwrap(), 0, "it is given up when it is idle");
    served.await.unwrap();
}
