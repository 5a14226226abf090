use std::convert::Infallible;

use http_body_util::BodyExt;
use hyper::header::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn taken(text: &str) -> Option<Request<Inbound>> {
    request(&Bytes::copy_from_slice(text.as_bytes()))
}

#[tokio::test]
async fn a_usual_request_is_taken_as_it_was_said() {
    let text = "POST /v1/a?b=c HTTP/1.1\r\nHost: box\r\nConnection: Keep-Alive\r\nX-A: 1\r\nx-a:  2 \r\n\
                content-length: 2\r\nAccept: */*\r\n\r\nhi";
    let request = taken(text).unwrap();
    assert_eq!(
        (request.method(), request.uri().to_string().as_str()),
        (&Method::POST, "/v1/a?b=c")
    );
    let values: Vec<_> = request.headers().get_all("x-a").iter().collect();
    assert_eq!(values, ["1", "2"]);
    // Its length and what it would like to hear are nobody's business any more.
    assert_eq!(request.headers().len(), 4);
    assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "hi");
    assert!(taken("GET / HTTP/1.1\r\n\r\n").is_some());
    assert!(taken("POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n").is_some());
}

#[test]
fn what_is_unusual_is_left_to_hyper() {
    let all = [
        "",
        "G",
        "GET / HTTP/1.1\r\nHost: box\r\n",
        "GET / HTTP/1.1\r\n\r\nx",
        "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "HEAD / HTTP/1.1\r\n\r\n",
        "get / HTTP/1.1\r\n\r\n",
        "GET http://box/ HTTP/1.1\r\n\r\n",
        "GET * HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nbad name: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nname : 1\r\n\r\n",
        "GET / HTTP/1.1\r\nfolded: 1\r\n 2\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nh",
        "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi!",
        "POST / HTTP/1.1\r\nContent-Length: +2\r\n\r\nhi",
        "POST / HTTP/1.1\r\nContent-Length: 2, 2\r\n\r\nhi",
        "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nhi",
        "POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: identity\r\n\r\nhi",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi",
    ];
    for text in all {
        assert!(taken(text).is_none(), "{text:?}");
    }
    let many: String = (0..=HEADERS_MAX).map(|n| format!("x-{n}: 1\r\n")).collect();
    assert!(taken(&format!("GET / HTTP/1.1\r\n{many}\r\n")).is_none());
}

/// What hyper writes for it, but for the date.
async fn as_hyper_says(make: fn() -> Response<Body>) -> String {
    let (near, mut far) = tokio::io::duplex(65_536);
    let service = service_fn(move |_| async move { Ok::<_, Infallible>(make()) });
    far.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let served = http1::Builder::new().serve_connection(TokioIo::new(near), service);
    let mut said = String::new();
    let heard = async {
        far.shutdown().await.unwrap();
        far.read_to_string(&mut said).await.unwrap();
    };
    let (_, ()) = tokio::join!(served, heard);
    said
}

fn without_date(text: &str) -> String {
    let (before, rest) = text.split_once("\r\ndate: ").unwrap();
    let (date, after) = rest.split_at(DATE_LEN);
    assert!(date.ends_with(" GMT"), "{date}");
    format!("{before}{after}")
}

#[tokio::test]
async fn an_answer_is_written_as_hyper_writes_it() {
    let open = || {
        let usual = ("application/json", Bytes::from_static(b"{}"));
        reply::instead(HeaderMap::new(), true, StatusCode::OK, usual)
    };
    let answers: [fn() -> Response<Body>; 6] = [
        // The second one takes over the first one's headers.
        open,
        open,
        || crate::http::reply::json(StatusCode::OK, "{}"),
        || crate::http::reply::text(StatusCode::NOT_FOUND, ""),
        || crate::http::reply::text(StatusCode::TOO_MANY_REQUESTS, "x".repeat(JOINED_MAX)),
        || crate::http::reply::text(StatusCode::OK, "x".repeat(JOINED_MAX + 1)),
    ];
    for make in answers {
        let (head, body) = encoded(make(), false).unwrap();
        let ours = [head, body.to_vec()].concat();
        let ours = without_date(std::str::from_utf8(&ours).unwrap());
        assert_eq!(ours, without_date(&as_hyper_says(make).await));
    }
}

#[test]
fn an_answer_with_one_header_more_says_it_and_the_next_one_does_not() {
    let answer = || {
        let body = ("application/json", Bytes::from_static(b"{}"));
        reply::instead(HeaderMap::new(), true, StatusCode::OK, body)
    };
    let said = |answer| String::from_utf8(encoded(answer, false).unwrap().0).unwrap();
    let plain = without_date(&said(answer()));
    let mut more = answer();
    more.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("3"));
    assert!(said(more).contains("access-control-allow-origin: *\r\nretry-after: 3\r\n"));
    let mut another = answer();
    another.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=3"));
    assert!(said(another).contains("cache-control: max-age=3\r\n"));
    assert_eq!(without_date(&said(answer())), plain);
}

#[test]
fn the_last_answer_of_a_connection_says_so() {
    let (head, _) = encoded(crate::http::reply::json(StatusCode::OK, "{}"), true).unwrap();
    assert!(String::from_utf8(head).unwrap().contains("\r\nconnection: close\r\n"));
}

#[test]
fn an_answer_that_is_more_than_a_body_is_left_to_hyper() {
    let stream = Body::read(http_body_util::Empty::new().map_err(|e: Infallible| match e {}));
    assert!(encoded(Response::new(stream), false).is_err());
    assert!(encoded(crate::http::reply::preflight(), false).is_err());
    assert!(encoded(crate::http::host::refused(), false).is_err());
    let Err(kept) = encoded(crate::http::host::refused(), false) else { panic!("it was taken") };
    assert!(matches!(kept.body(), Body::Whole(Some(_))));
}
