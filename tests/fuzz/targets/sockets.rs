//! WebSocket frames as they come off a connection: an echo, the room channel, and both gateways of document 002.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use arctos_box::http::websocket::{self, Frame, Limits};
use arctos_box::http::{Body, Peer};
use arctos_box::web::gateway::{Gateway, Speech};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::boxed::{self, Boxed};

const PEER: Peer =
    Peer { addr: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), secure: false };
const MESSAGE_MAX: usize = 1000;
/// What a box says to a few frames.
const SAID_MAX: usize = 1 << 20;

/// Which of them, then the bytes behind the handshake.
pub fn sockets(bytes: &[u8]) {
    let Some((which, frames)) = bytes.split_first() else { return };
    boxed::with(async |boxed| {
        let frames = boxed.filled(frames, "openim");
        match which % 4 {
            0 => echo(&frames).await,
            1 => {
                let site = boxed.world.site.clone();
                let path = format!("/box/v1/channel?group={}", boxed.room);
                let answer = async |request| site.answer::<Incoming>(request, PEER).await;
                converse(&path, &frames, answer).await;
            }
            2 => gateway(boxed, Speech::Native, &frames).await,
            _ => gateway(boxed, Speech::Json, &frames).await,
        }
    });
}

async fn gateway(boxed: &Boxed, speech: Speech, frames: &[u8]) {
    let (app, clock) = (boxed.world.app().clone(), boxed.world.clock.clone());
    let gateway = Gateway { app, clock };
    let path = format!("/?sendID=ann&platformID=5&token={}", boxed.token);
    converse(&path, frames, async |request| gateway.answer(speech, request, PEER)).await;
}

/// No message is longer than it may be, and text is text.
async fn echo(frames: &[u8]) {
    let heard: Arc<Mutex<Vec<Frame>>> = Arc::default();
    let answer = async |mut request: Request<Incoming>| {
        let Ok(upgrade) = websocket::asked(&mut request) else { panic!("it was asked") };
        let (answer, opening) = upgrade.accept(Limits::usual(MESSAGE_MAX));
        let heard = heard.clone();
        tokio::spawn(async move {
            let mut socket = opening.open().await.unwrap();
            while let Ok(frame) = socket.recv().await {
                heard.lock().unwrap().push(frame.clone());
                if socket.send(frame).await.is_err() {
                    break;
                }
            }
        });
        answer
    };
    converse("/", frames, answer).await;
    for frame in heard.lock().unwrap().iter() {
        let (Frame::Text(bytes) | Frame::Binary(bytes)) = frame;
        assert!(bytes.len() <= MESSAGE_MAX, "a message has its limit");
        assert!(matches!(frame, Frame::Binary(_)) || std::str::from_utf8(bytes).is_ok());
    }
}

/// Opens a WebSocket over a pipe, says this, hangs up, and hears all that comes until the box has hung up too.
async fn converse(
    path: &str,
    frames: &[u8],
    answer: impl AsyncFn(Request<Incoming>) -> Response<Body>,
) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let service = service_fn(async |request| Ok::<_, Infallible>(answer(request).await));
    let serving = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(far), service)
        .with_upgrades();
    let talking = async {
        let (mut hear, mut say) = tokio::io::split(near);
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: box.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
        );
        say.write_all(head.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(hear.read_u8().await.expect("the handshake is answered"));
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        let saying = async {
            // It may have hung up already.
            let _ = say.write_all(frames).await;
            let _ = say.shutdown().await;
        };
        let hearing = async {
            let mut said = Vec::new();
            let _ = hear.take(SAID_MAX as u64 + 1).read_to_end(&mut said).await;
            assert!(said.len() <= SAID_MAX, "a box is no amplifier");
        };
        tokio::join!(saying, hearing);
    };
    let (served, ()) = tokio::join!(serving, talking);
    served.expect("an upgraded connection ends well");
}
