//! Requests whose end two readers could see in different places. Whatever was sent as a body is never answered as a
//! request, and after a framing in doubt the connection is closed (RFC 9112, sections 6.3 and 11.2).

use super::{Scene, exchange};

/// What would be answered if it were taken for a request of its own.
const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nHost: hidden\r\n\r\n";
/// Its answer.
const TELLTALE: &str = "\r\n\r\nok\n";

/// A POST with these header lines, and the hidden request where its body stands.
fn hides(lines: &str) -> String {
    hides_in(lines, HIDDEN)
}

fn hides_in(lines: &str, body: &str) -> String {
    format!("POST /index.php?svc=live&cmd=create HTTP/1.1\r\nHost: box\r\n{lines}\r\n{body}")
}

/// The first answer is this status; nothing else follows; the connection ends by itself.
async fn refused(scene: &Scene, what: &str, request: &str, status: &str) {
    for addr in [scene.service.http, scene.service.at("openim"), scene.service.at("json-gateway")] {
        let said = exchange(addr, request.as_bytes()).await;
        let said = said.unwrap_or_else(|| panic!("{what}: the connection stays open"));
        assert!(!said.contains(TELLTALE), "{what}: the body was answered: {said}");
        let first = said.lines().next().unwrap_or_default();
        assert_eq!(
            said.matches("HTTP/1.1 ").count(),
            usize::from(!first.is_empty()),
            "{what}: {said}"
        );
        assert!(first.contains(status) || first.is_empty() && status == "-", "{what}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_framing_in_doubt_is_refused_and_the_connection_closed() {
    let scene = Scene::new().await;
    let n = HIDDEN.len();
    for (what, lines) in [
        ("two lengths", format!("Content-Length: {n}\r\nContent-Length: 2\r\n")),
        ("two lengths in one line", format!("Content-Length: {n}, 2\r\n")),
        ("a length with a sign", format!("Content-Length: +{n}\r\n")),
        ("a negative length", "Content-Length: -1\r\n".into()),
        ("a length of no number", "Content-Length: 0x10\r\n".into()),
        ("a length beyond any", "Content-Length: 99999999999999999999\r\n".into()),
        ("a length with a space in it", "Content-Length: 1 0\r\n".into()),
        ("an empty length", "Content-Length: \r\n".into()),
        ("a space before the colon", format!("Content-Length : {n}\r\n")),
        ("a tab before the colon", "Transfer-Encoding\t: chunked\r\n".into()),
        ("a folded line", format!("X-A: b\r\n Content-Length: {n}\r\n")),
        ("a line that begins with a space", format!(" X-A: b\r\nContent-Length: {n}\r\n")),
        ("a bare CR in a header", format!("X-A: b\rContent-Length: {n}\r\n")),
        ("a NUL in a header", format!("X-A: b\0\r\nContent-Length: {n}\r\n")),
        ("an unknown coding", "Transfer-Encoding: xchunked\r\n".into()),
        ("chunked and then another", "Transfer-Encoding: chunked, identity\r\n".into()),
        ("a coding in quotes", "Transfer-Encoding: \"chunked\"\r\n".into()),
        ("a vertical tab in the coding", "Transfer-Encoding: \x0bchunked\r\n".into()),
    ] {
        refused(&scene, what, &hides(&lines), "400").await;
    }
    scene.end("framings in doubt", 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunked_body_in_doubt_ends_the_connection() {
    let scene = Scene::new().await;
    for (what, chunks) in [
        ("a size with a sign", "+5\r\nhello\r\n0\r\n\r\n"),
        ("a negative size", "-1\r\n\r\n"),
        ("a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
        ("a size beyond any", "ffffffffffffffff1\r\n"),
        ("a chunk longer than it says", "2\r\nhello\r\n0\r\n\r\n"),
        ("no size", "\r\n\r\n"),
        ("a bare LF after a size", "5\nhello\r\n0\r\n\r\n"),
        ("an extension over two lines", "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n"),
        ("a space in a size", "5 5\r\nhello\r\n0\r\n\r\n"),
    ] {
        let body = format!("{chunks}{HIDDEN}");
        let request = hides_in("Transfer-Encoding: chunked\r\n", &body);
        let said = exchange(scene.service.http, request.as_bytes()).await;
        let said = said.unwrap_or_else(|| panic!("{what}: the connection stays open"));
        assert!(!said.contains(TELLTALE), "{what}: {said}");
        assert!(said.matches("HTTP/1.1 ").count() <= 1, "{what}: {said}");
    }
    // Extensions without end are no body, and do not keep a connection busy for ever.
    let endless = format!("5;{}\r\nhello\r\n0\r\n\r\n{HIDDEN}", "a".repeat(64 * 1024));
    let request = hides_in("Transfer-Encoding: chunked\r\n", &endless);
    let said = exchange(scene.service.http, request.as_bytes()).await.expect("it is closed");
    assert!(!said.contains(TELLTALE), "{said}");
    let trailers = format!("0\r\n{}\r\n{HIDDEN}", "X-Trailer: much\r\n".repeat(20_000));
    let request = hides_in("Transfer-Encoding: chunked\r\n", &trailers);
    let said = exchange(scene.service.http, request.as_bytes()).await.expect("it is closed");
    assert!(!said.contains(TELLTALE), "{said}");
    scene.end("chunks in doubt", 16).await;
}

/// What has one meaning is answered once, with the body where the body was; the hidden request stays a body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_in_a_body_is_never_answered() {
    let scene = Scene::new().await;
    let n = HIDDEN.len();
    let chunk = format!("{n:x}\r\n{HIDDEN}\r\n0\r\n\r\n");
    let close = "Connection: close\r\n";
    for (what, request) in [
        ("a length", hides(&format!("{close}Content-Length: {n}\r\n"))),
        (
            "a length twice",
            hides(&format!("{close}Content-Length: {n}\r\nContent-Length: {n}\r\n")),
        ),
        ("chunks", hides_in(&format!("{close}Transfer-Encoding: chunked\r\n"), &chunk)),
        (
            "chunks in another spelling",
            hides_in(&format!("{close}transfer-ENCODING:CHUNKED\r\n"), &chunk),
        ),
        // The coding wins over the length, and the connection ends (RFC 9112, 6.3).
        (
            "length and chunks",
            hides_in("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", &chunk),
        ),
        (
            "chunks and length",
            hides_in("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &chunk),
        ),
        (
            "an upgrade with a body",
            hides(&format!("{close}Upgrade: websocket\r\nContent-Length: {n}\r\n")),
        ),
        (
            "an upgrade of a GET with a body",
            format!(
                "GET /box/v1/channel?group=1 HTTP/1.1\r\nHost: box\r\nConnection: Upgrade, close\r\n\
                     Upgrade: websocket\r\nContent-Length: {n}\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "h2c",
            format!(
                "POST /index.php?svc=live&cmd=create HTTP/1.1\r\nHost: box\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\
                     Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: {n}\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "expecting to be told to go on",
            hides(&format!("{close}Expect: 100-continue\r\nContent-Length: {n}\r\n")),
        ),
    ] {
        let said = exchange(scene.service.http, request.as_bytes()).await;
        let said = said.unwrap_or_else(|| panic!("{what}: the connection stays open"));
        assert!(!said.contains(TELLTALE), "{what}: the body was answered: {said}");
        let answers = said.matches("HTTP/1.1 ").count() - said.matches("HTTP/1.1 100").count();
        assert_eq!(answers, 1, "{what}: {said}");
        assert!(!said.contains("HTTP/1.1 101"), "{what}: {said}");
    }
    scene.end("bodies that look like requests", 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_first_lines_and_hosts_are_refused_or_answered_for_this_box_alone() {
    let scene = Scene::new().await;
    for (what, request, status) in [
        ("HTTP/0.9", "GET /healthz\r\n\r\n", "400"),
        ("HTTP/3", "GET /healthz HTTP/3.0\r\nHost: box\r\n\r\n", "400"),
        ("h2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
        ("a space in the address", "GET /heal thz HTTP/1.1\r\nHost: box\r\n\r\n", "400"),
        ("a NUL in the address", "GET /healthz\0 HTTP/1.1\r\nHost: box\r\n\r\n", "400"),
        (
            "a control character in the method",
            "G\x01T /healthz HTTP/1.1\r\nHost: box\r\n\r\n",
            "400",
        ),
    ] {
        let said = exchange(scene.service.http, request.as_bytes()).await;
        let said = said.unwrap_or_else(|| panic!("{what}: the connection stays open"));
        assert!(!said.contains(TELLTALE), "{what}: {said}");
        assert!(said.lines().next().unwrap_or(status).contains(status), "{what}: {said}");
    }
    // Which of two hosts is meant decides nothing: whoever lives on cookies refuses what is not the box's name.
    for (what, request) in [
        (
            "another host in the address",
            "GET http://evil.test/course/details?id=1 HTTP/1.1\r\nHost: localhost\r\n",
        ),
        ("another host", "GET /course/details?id=1 HTTP/1.1\r\nHost: evil.test\r\n"),
        (
            "two hosts",
            "GET /course/details?id=1 HTTP/1.1\r\nHost: evil.test\r\nHost: localhost\r\n",
        ),
        (
            "two hosts, the box first",
            "GET /course/details?id=1 HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\n",
        ),
        ("no host", "GET /course/details?id=1 HTTP/1.1\r\n"),
    ] {
        let request = format!("{request}Connection: close\r\n\r\n");
        let said = exchange(scene.service.http, request.as_bytes()).await.expect("it is closed");
        let first = said.lines().next().unwrap_or_default();
        let doubtful = what.contains("two") || what.contains("address");
        assert!(first.contains(if doubtful { "400" } else { "421" }), "{what}: {said}");
        assert!(!said.contains("evil.test"), "{what}: {said}");
    }
    scene.end("odd first lines", 16).await;
}
