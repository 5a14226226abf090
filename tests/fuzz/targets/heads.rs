//! Requests as bytes: what is taken without hyper is exactly what hyper would have heard.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use arctos_box::http::swift;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// Nothing waits in a pipe of this size: it holds the longest request, and some answers.
const PIPE: usize = 64 * 1024;

pub fn heads(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(&bytes[..bytes.len().min(swift::REQUEST_MAX)]);
    let Some(request) = swift::request(&bytes) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // Twice: nothing of it is left over, and the connection goes on.
    let twice = [&bytes[..], &bytes[..]].concat();
    let (ours, theirs) = runtime.block_on(async { (said(request).await, heard(&twice).await) });
    assert_eq!(theirs, [ours.clone(), ours]);
}

/// All that a request says and anybody reads, in its order.
async fn said<B>(request: Request<B>) -> String
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let is_read = |name: &HeaderName| {
        name != header::CONTENT_LENGTH && !swift::UNREAD.contains(&name.as_str().as_bytes())
    };
    let headers: Vec<_> = head.headers.iter().filter(|(name, _)| is_read(name)).collect();
    format!("{} {} {:?} {headers:?} {body:?}", head.method, head.uri, head.version)
}

/// The requests that hyper finds in these bytes.
async fn heard(bytes: &[u8]) -> Vec<String> {
    let (near, mut far) = duplex(PIPE);
    let all: Arc<Mutex<Vec<String>>> = Arc::default();
    let service = service_fn(|request: Request<Incoming>| {
        let all = all.clone();
        async move {
            let request = said(request).await;
            all.lock().unwrap().push(request);
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    far.write_all(bytes).await.unwrap();
    far.shutdown().await.unwrap();
    let served =
        http1::Builder::new().half_close(true).serve_connection(TokioIo::new(near), service);
    let mut answers = Vec::new();
    let (served, read) = tokio::join!(served, far.read_to_end(&mut answers));
    assert!(served.is_ok() && read.is_ok(), "{served:?}");
    let all = all.lock().unwrap();
    all.clone()
}
