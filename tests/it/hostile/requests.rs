//! Requests that are too much: of headers, of address, of depth, of what they would unpack to, of themselves.

use arctos_box::http::listener::{HEADER_BYTES, HEADERS};
use miniz_oxide::deflate::compress_to_vec_zlib;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Scene, exchange, to_the_end};
use crate::process::Wire;

/// http/listener.rs: HEADER_BYTES and HEADERS.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giant_headers_and_addresses_are_431_or_cut_off() {
    let scene = Scene::new().await;
    let head = |rest: &str| format!("GET /healthz HTTP/1.1\r\nHost: box\r\n{rest}\r\n");
    let long = "a".repeat(HEADER_BYTES as usize);
    for (what, request) in [
        ("one header", head(&format!("X-A: {long}\r\n"))),
        ("many headers", head(&"X-A: b\r\n".repeat(HEADERS + 1))),
        ("a name", head(&format!("{long}: b\r\n"))),
        ("an address", format!("GET /{long} HTTP/1.1\r\nHost: box\r\n\r\n")),
        ("a cookie", head(&format!("Cookie: {long}\r\n"))),
        ("a method", format!("{long} / HTTP/1.1\r\nHost: box\r\n\r\n")),
    ] {
        for addr in [scene.service.http, scene.service.at("gateway")] {
            let said = exchange(addr, request.as_bytes()).await;
            let said = said.unwrap_or_else(|| panic!("{what}: the connection stays open"));
            let first = said.lines().next().unwrap_or("431");
            assert!(
                ["431", "400", "414"].iter().any(|code| first.contains(code)),
                "{what}: {said}"
            );
        }
    }
    // A header that never ends is not kept while it comes.
    let mut endless = Vec::new();
    for _ in 0..50 {
        let mut tcp = TcpStream::connect(scene.service.http).await.unwrap();
        endless.push(tokio::spawn(async move {
            let _ = tcp.write_all(b"GET / HTTP/1.1\r\nX-A: ").await;
            let mega = vec![b'a'; 1 << 20];
            for _ in 0..16 {
                if tcp.write_all(&mega).await.is_err() {
                    break;
                }
            }
            to_the_end(tcp).await.expect("it hangs up");
        }));
    }
    for end in endless {
        end.await.unwrap();
    }
    let just = head(&"X-A: b\r\nConnection: close\r\n".repeat((HEADERS - 2) / 2));
    let said = exchange(scene.service.http, just.as_bytes()).await.unwrap();
    assert!(said.ends_with("ok\n"), "as many as may be: {said}");
    scene.end("giant headers", 32).await;
}

/// serde_json stops at 128 levels; BODY_MAX is 64 KiB. The threads of the program have small stacks, so this is asked
/// of the program itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_json_is_refused_by_every_family_and_overflows_no_stack() {
    let scene = Scene::new().await;
    let token = scene.school.ann.token.clone();
    let mut wire = Wire::open(scene.service.http).await;
    let jwt = format!("jwt {token}");
    let form = [("content-type", "application/json"), ("authorization", jwt.as_str())];
    for deep in
        [format!("[{}", "[".repeat(60_000)), format!("{{\"a\":{}", "{\"a\":".repeat(12_000))]
    {
        for path in [
            "/index.php?svc=live&cmd=heartbeat",
            "/index.php?svc=account&cmd=login",
            "/index.php?svc=live&cmd=idxfileendcall",
            "/api/v1/system/auth-token/",
            "/auth/user_token",
            "/api/im/group/",
            "/api/auth/getAuthCode",
            "/box/v1/setup",
            "/box/v1/session",
        ] {
            let body = deep.clone().into();
            let answer = wire.ask(hyper::Method::POST, path, &form, body).await;
            let text = answer.text();
            assert!(answer.status < 500, "{path}: {text}");
            assert!(!text.contains("\"errorCode\":0,"), "{path}: {text}");
        }
    }
    drop(wire);
    scene.end("deep JSON", 16).await;
}

/// Nothing that a client sends is unpacked but its userSig (`INFLATED_BYTES_MAX`, tested beside it): a body that says
/// it is packed is read as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packed_body_is_not_unpacked() {
    let scene = Scene::new().await;
    let bomb = compress_to_vec_zlib(&vec![b' '; 40 << 20], 6);
    assert!(bomb.len() < 64 * 1024, "it fits in a body");
    let mut wire = Wire::open(scene.service.http).await;
    for coding in ["deflate", "gzip", "br", "zstd"] {
        let path = "/index.php?svc=live&cmd=roomlist";
        let headers = [("content-encoding", coding)];
        let answer = wire.ask(hyper::Method::POST, path, &headers, bomb.clone().into()).await;
        assert_eq!(answer.json()["errorCode"], 10002, "{coding}");
    }
    drop(wire);
    scene.end("packed bodies", 8).await;
}

/// One connection has one answer at a time; the others wait in the sender's own buffers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_of_a_hundred_thousand_requests_waits_outside() {
    let scene = Scene::new().await;
    let mut all = Vec::new();
    for _ in 0..4 {
        let mut tcp = TcpStream::connect(scene.service.http).await.unwrap();
        all.push(tokio::spawn(async move {
            let many = "GET /box/openapi.json HTTP/1.1\r\nHost: box\r\n\r\n".repeat(25_000);
            // Never reads: it comes to a stop when every buffer is full.
            let pour = tcp.write_all(many.as_bytes());
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), pour).await;
            tcp
        }));
    }
    for pipeline in all {
        drop(pipeline.await.unwrap());
    }
    scene.end("pipelines", 16).await;
}
