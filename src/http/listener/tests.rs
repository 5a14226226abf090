use std::future::pending;

use http_body_util::{BodyExt, StreamBody};
use hyper::Response;
use hyper::body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::*;
use crate::http::Body;

const ASKED: &[u8] = b"POST /a HTTP/1.1\r\nHost: box\r\nContent-Length: 2\r\n\r\nhi";

/// A connection whose every answer is `answer`'s, and the word that the box goes down.
struct Scene {
    far: DuplexStream,
    drain: watch::Sender<bool>,
    phase: Arc<Phase>,
    served: JoinHandle<()>,
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
        let served = tokio::spawn(http1::serve(near, peer(), service, hold));
        Self { far, drain, phase, served }
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.far.write_all(bytes).await.unwrap();
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
    for _ in 0..3 {
        scene.say(ASKED).await;
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
    for _ in 0..2 {
        scene.say(ASKED).await;
        let answer = scene.hear("0\r\n\r\n").await;
        assert!(answer.matches("piece").count() == 3 && !answer.contains("close"), "{answer}");
        scene.rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_taken_slowly_is_sent_to_its_end() {
    let mut scene = Scene::new(|| Body::whole(vec![b'x'; 20_000]));
    scene.say(ASKED).await;
    let mut heard = 0;
    while heard < 20_000 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        heard += scene.far.read(&mut [0; 1000]).await.unwrap();
    }
    scene.rest().await;
    scene.say(ASKED).await;
    scene.hear("HTTP/1.1 200").await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_rests_is_given_up_in_its_time_and_when_the_box_goes_down() {
    let mut scene = Scene::new(yes);
    scene.say(ASKED).await;
    scene.hear("yes").await;
    let since = tokio::time::Instant::now();
    assert_eq!(scene.far.read(&mut [0]).await.unwrap(), 0);
    let idle = since.elapsed().as_secs();
    assert!((75..=90).contains(&idle), "{idle}");
    scene.served.await.unwrap();

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

#[tokio::test(start_paused = true)]
async fn an_answer_under_way_when_the_box_goes_down_is_the_connections_last() {
    let mut scene = Scene::late(2, yes);
    scene.say(ASKED).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.drain.send_replace(true);
    let answer = scene.hear("yes").await;
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(scene.far.read(&mut [0]).await.unwrap(), 0);
    scene.served.await.unwrap();
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
