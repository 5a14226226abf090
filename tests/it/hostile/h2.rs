//! HTTP/2 with a client that writes its own frames: rapid resets (CVE-2023-44487), headers without end
//! (CVE-2024-27316), floods of what costs an answer, and readers who take nothing. The limits stand in
//! `http/listener.rs`: STREAMS, RESETS, HEADER_BYTES, UNREAD, UNTAKEN.

mod wire;

use arctos_box::http::listener::{HEADER_BYTES, RESETS, STREAMS};

use super::Scene;
use wire::{Frame, H2, Kind, get};

/// RFC 9113, section 7.
const ENHANCE_YOUR_CALM: u32 = 0xb;
const REFUSED_STREAM: u32 = 0x7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_opens_and_takes_back_is_told_to_calm_down() {
    let scene = Scene::new().await;
    let mut h2 = H2::open(&scene).await;
    let (mut sent, mut frames) = (0, Vec::new());
    while sent < 20_000 && wire::goaway(&frames).is_none() {
        let pair = |n: u32| {
            let stream = 2 * (sent + n) + 1;
            [Frame::headers(stream, &get("/box/openapi.json")), Frame::reset(stream)]
        };
        let hundred: Vec<u8> = (0..100).flat_map(pair).flat_map(|f| f.bytes()).collect();
        sent += 100;
        h2.pour(&hundred).await;
        frames.extend(h2.came().await);
    }
    assert_eq!(wire::goaway(&frames), Some(ENHANCE_YOUR_CALM), "after {sent} resets");
    let answers = frames.iter().filter(|f| f.kind == Kind::Headers).count();
    assert!(answers <= RESETS + STREAMS as usize, "{answers} answers");
    drop(h2);
    scene.end("20,000 rapid resets", 16).await;
}

/// The library has no name for it: as many frames as HEADER_BYTES need, and a quarter more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_without_end_is_cut_off() {
    let scene = Scene::new().await;
    for piece in [vec![], vec![0x82; 16], wire::field("x-a", &"b".repeat(8000))] {
        let mut h2 = H2::open(&scene).await;
        let mut first = Frame::headers(1, &get("/healthz"));
        first.flags &= !wire::END_HEADERS;
        h2.put(first).await;
        for _ in 0..20_000 {
            if !h2
                .put(Frame { kind: Kind::Continuation, flags: 0, stream: 1, load: piece.clone() })
                .await
            {
                break;
            }
        }
        let frames = h2.rest().await;
        assert!(wire::goaway(&frames).is_some_and(|code| code != 0), "{} bytes each", piece.len());
        assert!(frames.iter().all(|frame| frame.kind != Kind::Headers));
    }
    scene.end("headers without end", 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_list_over_its_limit_is_431_and_the_next_request_is_answered() {
    let scene = Scene::new().await;
    let mut h2 = H2::open(&scene).await;
    // Small on the wire, large when unpacked: one entry of the table, said again and again.
    let mut block = get("/healthz");
    block.push(0x40);
    block.extend(wire::text("x-bomb"));
    block.extend(wire::text(&"a".repeat(3000)));
    block.extend(vec![0xbe; HEADER_BYTES as usize / 3000 + 2]);
    h2.put(Frame::headers(1, &block)).await;
    assert_eq!(h2.status(1).await, Some(431));
    h2.put(Frame::headers(3, &get("/healthz"))).await;
    assert_eq!(h2.status(3).await, Some(200));
    drop(h2);
    scene.end("a header bomb", 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_settings_and_empty_frames_without_number_hold_no_memory() {
    let scene = Scene::new().await;
    let window = Frame { kind: Kind::WindowUpdate, flags: 0, stream: 0, load: vec![0, 0, 0, 1] };
    let floods = [
        Frame { kind: Kind::Ping, flags: 0, stream: 0, load: vec![7; 8] },
        Frame { kind: Kind::Settings, flags: 0, stream: 0, load: vec![0, 4, 0, 0, 0, 9] },
        Frame { kind: Kind::Priority, flags: 0, stream: 99, load: vec![0, 0, 0, 1, 9] },
        window,
    ];
    for flood in floods {
        // Once from somebody who never reads the answers, once from somebody who does.
        for reads in [false, true] {
            let mut h2 = H2::open(&scene).await;
            let many = flood.bytes().repeat(1000);
            for _ in 0..100 {
                if !h2.pour(&many).await {
                    break;
                }
                if reads {
                    h2.drop_what_came().await;
                }
            }
        }
    }
    // A body of nothing: 25,600 such frames are too many for the library, and END_STREAM never comes.
    let mut h2 = H2::open(&scene).await;
    h2.put(Frame::post(1, "/index.php?svc=live&cmd=heartbeat")).await;
    let empty = Frame { kind: Kind::Data, flags: 0, stream: 1, load: vec![] }.bytes().repeat(1000);
    for _ in 0..200 {
        if !h2.pour(&empty).await {
            break;
        }
    }
    assert!(wire::goaway(&h2.rest().await).is_some_and(|code| code != 0));
    scene.end("floods of small frames", 32).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_nothing_has_so_many_streams_and_little_memory() {
    let scene = Scene::new().await;
    let mut crowd = Vec::new();
    for n in 0..40 {
        // Half of them open no window at all, half open all of it and do not read.
        let window = if n % 2 == 0 { 0 } else { (1 << 31) - 1 };
        let mut h2 = H2::with_window(&scene, window).await;
        for n in 0..STREAMS + 8 {
            h2.put(Frame::headers(2 * n + 1, &get("/watch/assets/hls.light.min.js"))).await;
        }
        crowd.push(h2);
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let refused = crowd[0].came().await;
    let refused = refused.iter().filter(|f| f.kind == Kind::Reset && f.code() == REFUSED_STREAM);
    assert_eq!(refused.count(), 8, "the streams beyond STREAMS");
    drop(crowd);
    scene.end("1,600 streams that nobody reads", 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_names_for_one_host_are_refused_over_http_2_as_well() {
    let scene = Scene::new().await;
    let mut h2 = H2::open(&scene).await;
    let mut block = get("/healthz");
    block.extend(wire::field("host", "evil.test"));
    h2.put(Frame::headers(1, &block)).await;
    assert_eq!(h2.status(1).await, Some(400));
    drop(h2);
    scene.end("two names", 16).await;
}
