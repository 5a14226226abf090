//! The running lesson as it is watched: over a WebSocket, and piecewise by those who cannot have one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Person, Service, poll};
use crate::socket::{Client, Got};
use crate::world::World;

const SOON: Duration = Duration::from_secs(20);

/// A lesson of the real program, and the address of its WebSocket.
async fn lesson(service: &Service) -> (Person, i64, String) {
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    let path = poll("a picture", SOON, async || {
        ann.lesson(room).await["live"].as_str().map(str::to_owned)
    });
    let path = path.await;
    (ann, room, path)
}

async fn binary(client: &mut Client) -> bytes::Bytes {
    match client.next().await {
        Got::Binary(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_is_shown_what_the_file_will_hold_until_the_lesson_ends() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &[]);
    let (ann, room, path) = lesson(&service).await;
    let mut viewer = Client::open(service.http, &path).await;
    let Got::Text(told) = viewer.next().await else { panic!("nothing is said of the film") };
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["type"], &told["width"]), (&json!("film"), &json!(320)));
    assert_eq!(told["mime"], "video/mp4; codecs=\"avc1.64000c,mp4a.40.2\"");
    let init = binary(&mut viewer).await;
    let mut parts = Vec::new();
    for _ in 0..12 {
        parts.push(binary(&mut viewer).await);
    }
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    let end = loop {
        match viewer.next().await {
            Got::Binary(part) => parts.push(part),
            end => break end,
        }
    };
    assert_eq!(end, Got::Close(1000, "the lesson is over".into()));
    ann.wait_for_state(room, 3, SOON).await;
    let file = std::fs::read(dir.path().join(format!("recordings/{room}/1.mp4"))).unwrap();
    assert!(file.starts_with(&init), "the beginning is not the file's");
    let seen = parts.concat();
    assert!(file.ends_with(&seen), "what was seen is not the end of the file");
    let lesson = ann.lesson(room).await;
    assert!(lesson["live"].is_null(), "{lesson}");
    Client::open_with(service.http, &path, &[]).await.map(drop).unwrap_err();
}

/// Whole segments in a playlist, and parts of the one that grows.
fn place(playlist: &str) -> (usize, usize) {
    let tail = playlist.rsplit("#EXTINF").next().unwrap();
    (playlist.matches("#EXTINF").count(), tail.matches("#EXT-X-PART:").count())
}

/// Seconds of each part that a playlist names.
fn parts(playlist: &str) -> Vec<f64> {
    let lines = playlist.split("#EXT-X-PART:DURATION=").skip(1);
    lines.map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_follows_part_by_part_and_asks_for_each_before_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &[]);
    let (ann, room, _) = lesson(&service).await;
    let media = format!("/media/{room}/");
    let get = async |name: &str| ann.get(&format!("{media}{name}")).await.unwrap();
    // Whoever is told that something is live finds the playlist as well.
    let text = String::from_utf8(get("lesson.m3u8").await.body.to_vec()).unwrap();
    let named = text.rsplit_once("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"").unwrap().1;
    let (hint, key) = named.trim_end_matches("\"\n").split_once(".mp4?").unwrap();
    let mut offset: usize = hint.strip_prefix("1-").unwrap().parse().unwrap();
    let (mut segment, mut part) = place(&text);
    let mut bytes = Vec::new();
    for _ in 0..25 {
        // Named before it is there, answered when it is; and then the playlist has it.
        let hint = format!("1-{offset}.mp4?{key}");
        let got = get(&hint).await;
        assert_eq!(got.status, 200, "{hint}");
        let next = get(&format!("lesson.m3u8?{key}&_HLS_msn={segment}&_HLS_part={part}")).await;
        let text = String::from_utf8(next.body.to_vec()).unwrap();
        assert!(place(&text) > (segment, part), "too early: {text}");
        assert!(text.contains(&format!(",URI=\"{hint}\"")), "{hint} is not in {text}");
        let short = |seconds: &f64| (0.15..=0.25).contains(seconds);
        assert!(parts(&text).iter().all(short), "a part is a fifth of a second: {text}");
        (segment, part) = place(&text);
        offset += got.body.len();
        bytes.extend(got.body);
    }
    let delta = get("lesson.m3u8?_HLS_skip=YES").await;
    assert!(!String::from_utf8_lossy(&delta.body).contains("SKIP:"), "nothing is that old");
    assert_eq!(get("lesson.m3u8?_HLS_msn=999").await.status, 400);
    assert_eq!(get("lesson.m3u8?_HLS_part=1").await.status, 400);
    assert_eq!(get("1-1.mp4").await.status, 404);
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, SOON).await;
    let file = std::fs::read(dir.path().join(format!("recordings/{room}/1.mp4"))).unwrap();
    assert!(file.windows(bytes.len()).any(|some| some == bytes), "the parts are not the file's");
}

#[tokio::test]
async fn an_ordinary_request_or_a_stranger_does_not_become_a_viewer() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    // Without an upgrade it is a file that is not there.
    assert_eq!(world.get(&format!("/media/{room}/live")).await.status, 404);
    let asks = |request: &str| {
        let request = hyper::Request::builder().uri(request);
        let request = request.header("connection", "upgrade").header("upgrade", "websocket");
        let request = request.header("sec-websocket-version", "13");
        request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    for (administered, status) in [(false, 404), (true, 401)] {
        if administered {
            world.administer().await;
        }
        let request = asks(&format!("/media/{room}/live")).body(http_body_util::Full::default());
        assert_eq!(world.request(request.unwrap()).await.status, status);
    }
}
