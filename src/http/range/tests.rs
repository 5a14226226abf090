//! What Safari, curl and hls.js really send, and the corners of RFC 9110 that nobody sends until one does.

use super::*;
use http_body_util::BodyExt;

use hyper::body::Body as _;

const LEN: u64 = 10_000;
const TAG: &str = "\"v1\"";

fn ask(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[test]
fn a_range_is_read_as_the_rfc_says() {
    let one = |start, end| Asked::One(start..end);
    for (text, len, expected) in [
        ("bytes=0-1", LEN, one(0, 2)),           // Safari's first question
        ("bytes=0-9999", LEN, one(0, 10_000)),   // Safari's second
        ("bytes=0-", LEN, one(0, 10_000)),       // Chrome
        ("bytes=500-999", LEN, one(500, 1000)),  // curl -r 500-999, hls.js with EXT-X-BYTERANGE
        ("bytes=9999-", LEN, one(9999, 10_000)), // the last byte
        ("bytes=0-0", LEN, one(0, 1)),           // the first
        ("bytes=-500", LEN, one(9500, 10_000)),  // curl -r -500
        ("bytes=-1", LEN, one(9999, 10_000)),
        ("bytes=-20000", LEN, one(0, 10_000)), // a suffix longer than the thing
        ("bytes=9000-20000", LEN, one(9000, 10_000)),
        ("BYTES=0-1", LEN, one(0, 2)), // unit names have no case
        ("bytes=0-18446744073709551615", LEN, one(0, 10_000)),
        ("bytes=0-99999999999999999999999", LEN, one(0, 10_000)),
        ("bytes= 0-1 ,", LEN, one(0, 2)), // empty list elements are allowed
        ("bytes=10000-", LEN, Asked::Unsatisfiable),
        ("bytes=10000-10001", LEN, Asked::Unsatisfiable),
        ("bytes=99999999999999999999999-", LEN, Asked::Unsatisfiable),
        ("bytes=-0", LEN, Asked::Unsatisfiable),
        ("bytes=0-", 0, Asked::Unsatisfiable),
        ("bytes=-500", 0, Asked::Whole),
        ("bytes=10000-,20000-", LEN, Asked::Unsatisfiable),
        ("bytes=0-0,-1", LEN, Asked::Whole), // curl -r 0-0,-1: several are answered whole
        ("bytes=0-0,10000-", LEN, Asked::Whole),
        ("bytes=10000-,0-0", LEN, Asked::Whole),
        ("bytes=5-4", LEN, Asked::Whole), // invalid, so ignored
        ("bytes=0-1,5-4", LEN, Asked::Whole),
        ("bytes=", LEN, Asked::Whole),
        ("bytes=,", LEN, Asked::Whole),
        ("bytes=-", LEN, Asked::Whole),
        ("bytes=a-b", LEN, Asked::Whole),
        ("bytes=+1-2", LEN, Asked::Whole),
        ("bytes=1-2-3", LEN, Asked::Whole),
        ("bytes=1 - 2", LEN, Asked::Whole),
        ("bytes 0-1", LEN, Asked::Whole),
        ("items=0-1", LEN, Asked::Whole),
        ("", LEN, Asked::Whole),
    ] {
        assert_eq!(parse(text, len), expected, "{text:?} of {len}");
    }
}

#[test]
fn conditions_come_before_ranges() {
    use header::{IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE};
    let part = || Answer::Part(0..2);
    let range = (RANGE, "bytes=0-1");
    for (pairs, etag, expected) in [
        (vec![], Some(TAG), Answer::Whole),
        (vec![range.clone()], Some(TAG), part()),
        (vec![range.clone()], None, part()),
        (vec![range.clone(), range.clone()], Some(TAG), Answer::Whole),
        (vec![range.clone(), (IF_RANGE, TAG)], Some(TAG), part()),
        (vec![range.clone(), (IF_RANGE, "\"v0\"")], Some(TAG), Answer::Whole),
        (vec![range.clone(), (IF_RANGE, "W/\"v1\"")], Some("W/\"v1\""), Answer::Whole),
        (vec![range.clone(), (IF_RANGE, TAG)], Some("W/\"v1\""), Answer::Whole),
        (vec![range.clone(), (IF_RANGE, TAG)], None, Answer::Whole),
        (
            vec![range.clone(), (IF_RANGE, "Sat, 29 Oct 1994 19:43:31 GMT")],
            Some(TAG),
            Answer::Whole,
        ),
        (vec![(IF_NONE_MATCH, TAG)], Some(TAG), Answer::NotModified),
        (vec![(IF_NONE_MATCH, "W/\"v1\"")], Some(TAG), Answer::NotModified),
        (vec![(IF_NONE_MATCH, TAG)], Some("W/\"v1\""), Answer::NotModified),
        (vec![(IF_NONE_MATCH, "\"a,b\" , \"v1\"")], Some(TAG), Answer::NotModified),
        (vec![(IF_NONE_MATCH, "\"a\""), (IF_NONE_MATCH, TAG)], Some(TAG), Answer::NotModified),
        (vec![(IF_NONE_MATCH, "*")], None, Answer::NotModified),
        (vec![(IF_NONE_MATCH, "\"v0\"")], Some(TAG), Answer::Whole),
        (vec![(IF_NONE_MATCH, "v1")], Some(TAG), Answer::Whole),
        (vec![(IF_NONE_MATCH, TAG), range.clone()], Some(TAG), Answer::NotModified),
        (vec![(IF_MATCH, TAG), range.clone()], Some(TAG), part()),
        (vec![(IF_MATCH, "*")], Some(TAG), Answer::Whole),
        (vec![(IF_MATCH, "\"v0\"")], Some(TAG), Answer::Failed),
        (vec![(IF_MATCH, "W/\"v1\"")], Some("W/\"v1\""), Answer::Failed),
        (vec![(RANGE, "bytes=10000-")], Some(TAG), Answer::Unsatisfiable),
    ] {
        let answer = decide(&Method::GET, &ask(&pairs), etag, LEN);
        assert_eq!(answer, expected, "{pairs:?} against {etag:?}");
    }
    let head = decide(&Method::HEAD, &ask(&[range]), Some(TAG), LEN);
    assert_eq!(head, Answer::Whole, "only GET has ranges");
}

/// A file of `len` bytes in which byte `n` is `n % 251`, asked with `pairs`.
async fn fetch(
    method: Method,
    pairs: &[(HeaderName, &str)],
    len: usize,
    limit: Option<u64>,
) -> (Response<()>, Result<Bytes, io::Error>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes: Vec<u8> = (0..251u8).cycle().take(len).collect();
    std::fs::write(file.path(), bytes).unwrap();
    let content = Content { content_type: "video/mp4", etag: Some(TAG), cache_control: "no-cache" };
    let response =
        serve_file(&method, &ask(pairs), content, file.path(), limit).await.expect("it is there");
    let (head, body) = response.into_parts();
    (Response::from_parts(head, ()), body.collect().await.map(http_body_util::Collected::to_bytes))
}

fn field(response: &Response<()>, name: HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_part_larger_than_a_chunk_comes_whole_and_in_order() {
    let len = 3 * CHUNK + 17;
    let range = format!("bytes=5-{}", len - 3);
    let (head, body) = fetch(Method::GET, &[(header::RANGE, &range)], len, None).await;
    let body = body.unwrap();
    assert_eq!(head.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(field(&head, header::CONTENT_RANGE), format!("bytes 5-{}/{len}", len - 3));
    assert_eq!(field(&head, header::CONTENT_LENGTH), body.len().to_string());
    assert_eq!(body.len(), len - 7);
    assert!(body.iter().zip((0..251u8).cycle().skip(5)).all(|(got, want)| *got == want));
}

#[tokio::test]
async fn a_growing_file_ends_where_the_caller_says() {
    let (head, body) = fetch(Method::GET, &[(header::RANGE, "bytes=90-")], 500, Some(100)).await;
    assert_eq!(field(&head, header::CONTENT_RANGE), "bytes 90-99/100");
    assert_eq!(body.unwrap().len(), 10);
    let (head, body) = fetch(Method::GET, &[], 500, Some(900)).await;
    assert_eq!((head.status(), body.unwrap().len()), (StatusCode::OK, 500));
}

#[tokio::test]
async fn head_tells_the_length_and_sends_nothing() {
    let (head, body) = fetch(Method::HEAD, &[(header::RANGE, "bytes=0-1")], 500, None).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(field(&head, header::CONTENT_LENGTH), "500");
    assert_eq!(field(&head, header::ACCEPT_RANGES), "bytes");
    assert!(body.unwrap().is_empty());
}

#[tokio::test]
async fn past_the_end_names_the_length() {
    let (head, body) = fetch(Method::GET, &[(header::RANGE, "bytes=500-")], 500, None).await;
    assert_eq!(head.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(field(&head, header::CONTENT_RANGE), "bytes */500");
    assert!(body.unwrap().is_empty());
}

#[tokio::test]
async fn unmodified_is_said_without_a_body() {
    let (head, body) = fetch(Method::GET, &[(header::IF_NONE_MATCH, TAG)], 500, None).await;
    assert_eq!(head.status(), StatusCode::NOT_MODIFIED);
    assert_eq!((field(&head, header::ETAG), field(&head, header::CONTENT_LENGTH)), (TAG, ""));
    assert!(body.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_shrank_breaks_the_body_instead_of_padding_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vec![1; 2 * CHUNK]).unwrap();
    let content = Content { content_type: "video/mp4", etag: None, cache_control: "no-cache" };
    let headers = HeaderMap::new();
    let response = serve_file(&Method::GET, &headers, content, file.path(), None).await.unwrap();
    file.as_file().set_len(10).unwrap();
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_folder_is_not_found() {
    let content = Content { content_type: "video/mp4", etag: None, cache_control: "no-cache" };
    let (headers, folder) = (HeaderMap::new(), std::env::temp_dir());
    let error = serve_file(&Method::GET, &headers, content, &folder, None).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn bytes_in_memory_have_ranges_too() {
    let content =
        Content { content_type: "text/plain", etag: Some(TAG), cache_control: "no-cache" };
    let bytes = Bytes::from_static(b"0123456789");
    let headers = ask(&[(header::RANGE, "bytes=-3")]);
    let response = serve_bytes(&Method::GET, &headers, content, &bytes);
    assert_eq!(response.headers()[header::CONTENT_RANGE], "bytes 7-9/10");
    assert_eq!(response.body().size_hint().exact(), Some(3));
}
