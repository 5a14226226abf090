//! The floor: bare hyper in a process of its own. It reads the whole body of a request and answers a fixed JSON of a
//! given length. No router, no JSON parser, no state, no limits, no time-outs.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Done;

/// First argument of this executable that makes a floor of it; the length of its answers and its address follow.
pub const FLAG: &str = "--floor";
/// Longest answer.
const LENGTH_MAX: usize = 16 << 20;

/// What it answers: a JSON text of this length.
pub fn body(length: usize) -> Bytes {
    let filling = "x".repeat(length.saturating_sub(2));
    Bytes::from(format!("\"{filling}\""))
}

pub fn main(length: &str, addr: &str) -> Done<()> {
    let length: usize = length.parse()?;
    if length > LENGTH_MAX {
        return Err(format!("the floor answers at most {LENGTH_MAX} bytes").into());
    }
    // The flavour of the box's own: see `cli::main`.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(addr, body(length)))
}

async fn serve(addr: &str, body: Bytes) -> Done<()> {
    let listener = TcpListener::bind(addr).await?;
    println!("listening http {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let body = body.clone();
        let service = service_fn(move |request| answer(request, body.clone()));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    body: Bytes,
) -> Result<Response<Full<Bytes>>, Infallible> {
    // A body that breaks off ends the connection, and the driver sees it.
    let _ = request.into_body().collect().await;
    let mut answer = Response::new(Full::new(body));
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(answer)
}
