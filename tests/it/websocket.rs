//! The WebSocket engine behind a real listener: an echo that says how each of its sockets ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arctos_box::http::listener::{self, Door, Service};
use arctos_box::http::websocket::{self, End, Frame, Limits};
use bytes::Bytes;
use futures_util::SinkExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_websockets::Message;

use crate::process::Wire;
use crate::socket::{Client, Got};

const MESSAGE_MAX: usize = 1000;

struct Echo {
    addr: SocketAddr,
    drain: watch::Sender<bool>,
    serving: JoinHandle<()>,
    ends: mpsc::UnboundedReceiver<End>,
}

impl Echo {
    async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (drain, draining) = watch::channel(false);
        let (tell, ends) = mpsc::unbounded_channel();
        let service: Service = Arc::new(move |mut request, _| {
            let tell = tell.clone();
            Box::pin(async move {
                let upgrade = match websocket::asked(&mut request) {
                    Ok(upgrade) => upgrade,
                    Err(not) => return not.answer(),
                };
                let (answer, opening) = upgrade.accept(limits);
                tokio::spawn(async move {
                    let mut socket = opening.open().await.unwrap();
                    let end = loop {
                        let done = match socket.recv().await {
                            Ok(Frame::Text(text)) if text == "flood" => flood(&mut socket).await,
                            Ok(Frame::Text(text)) if text == "bye" => break End::Closed(None),
                            Ok(frame) => socket.send(frame).await,
                            Err(end) => break end,
                        };
                        if let Err(end) = done {
                            break end;
                        }
                    };
                    tell.send(end.clone()).unwrap();
                    match end {
                        End::Drained => socket.close(1001, "the box goes down").await,
                        _ => socket.close(4000, &"a reason ".repeat(20)).await,
                    }
                });
                answer
            })
        });
        let serving = tokio::spawn(listener::serve(Door::Plain(listener), service, draining));
        Self { addr, drain, serving, ends }
    }

    async fn end(&mut self) -> End {
        tokio::time::timeout(crate::socket::PATIENCE, self.ends.recv()).await.unwrap().unwrap()
    }
}

async fn flood(socket: &mut websocket::Socket) -> Result<(), End> {
    loop {
        socket.feed(Frame::Binary(Bytes::from_static(&[7; 4096]))).await?;
    }
}

fn short(quiet_ms: u64, grace_ms: u64, stall_ms: u64) -> Limits {
    let [quiet, grace, stall] = [quiet_ms, grace_ms, stall_ms].map(Duration::from_millis);
    Limits { message_max: MESSAGE_MAX, quiet, grace, stall }
}

#[tokio::test]
async fn text_and_bytes_come_back_as_they_were() {
    let echo = Echo::start(Limits::usual(MESSAGE_MAX)).await;
    let mut client = Client::open(echo.addr, "/any?a=b").await;
    client.say("你好").await;
    assert_eq!(client.next().await, Got::Text("你好".into()));
    let bytes = Bytes::from(vec![9; MESSAGE_MAX]);
    client.stream.send(Message::binary(bytes.clone())).await.unwrap();
    assert_eq!(client.next().await, Got::Binary(bytes));
}

#[tokio::test]
async fn an_ordinary_request_is_told_what_the_address_speaks() {
    let echo = Echo::start(Limits::usual(MESSAGE_MAX)).await;
    let answer = Wire::open(echo.addr).await.get("/", &[]).await;
    assert_eq!((answer.status, answer.json()["error"].is_string()), (426, true));
    assert_eq!(answer.headers["upgrade"], "websocket");
}

#[tokio::test]
async fn a_close_carries_its_code_and_as_much_of_its_reason_as_fits() {
    let echo = Echo::start(Limits::usual(MESSAGE_MAX)).await;
    let mut client = Client::open(echo.addr, "/").await;
    client.say("bye").await;
    let reason: String = "a reason ".repeat(20).chars().take(123).collect();
    assert_eq!(client.next().await, Got::Close(4000, reason));
}

#[tokio::test]
async fn a_message_that_is_too_long_closes_the_socket_and_says_so() {
    let mut echo = Echo::start(Limits::usual(MESSAGE_MAX)).await;
    let mut client = Client::open(echo.addr, "/").await;
    client.say("x".repeat(200 * 1024)).await;
    assert!(matches!(client.next().await, Got::Close(1009, _)));
    assert!(matches!(echo.end().await, End::Wrong(_)));
}

#[tokio::test]
async fn who_closes_is_answered_and_heard() {
    let mut echo = Echo::start(Limits::usual(MESSAGE_MAX)).await;
    let mut client = Client::open(echo.addr, "/").await;
    let bye = Message::close(Some(4321.try_into().unwrap()), "enough");
    client.stream.send(bye).await.unwrap();
    assert_eq!(client.next().await, Got::Close(4321, String::new()));
    assert_eq!(echo.end().await, End::Closed(Some(4321)));
}

#[tokio::test]
async fn a_quiet_client_that_answers_pings_stays() {
    let mut echo = Echo::start(short(20, 5_000, 5_000)).await;
    let mut client = Client::open(echo.addr, "/").await;
    let listening = tokio::time::timeout(Duration::from_millis(300), client.next());
    assert!(listening.await.is_err(), "nothing comes, and no end");
    client.say("still here").await;
    assert_eq!(client.next().await, Got::Text("still here".into()));
    assert!(echo.ends.try_recv().is_err());
}

#[tokio::test]
async fn an_end_that_answers_no_ping_is_noticed() {
    let mut echo = Echo::start(short(50, 100, 5_000)).await;
    // It never reads, so it never answers: as after a cut cable.
    let client = Client::open(echo.addr, "/").await;
    assert_eq!(echo.end().await, End::Silent);
    drop(client);
}

#[tokio::test]
async fn an_end_that_takes_nothing_is_given_up() {
    let mut echo = Echo::start(short(5_000, 5_000, 200)).await;
    let mut client = Client::open(echo.addr, "/").await;
    client.say("flood").await;
    assert_eq!(echo.end().await, End::Stalled);
}

#[tokio::test]
async fn a_flood_of_pings_is_no_conversation() {
    let mut echo = Echo::start(short(5_000, 5_000, 200)).await;
    let client = Client::open(echo.addr, "/").await;
    let mut tcp: TcpStream = client.stream.into_inner();
    // Masked with zeros; 125 bytes each. Never reads the pongs.
    let mut ping = vec![0x89, 0x80 | 125, 0, 0, 0, 0];
    ping.resize(6 + 125, 1);
    let pings = ping.repeat(1000);
    let flooding =
        async { while tokio::io::AsyncWriteExt::write_all(&mut tcp, &pings).await.is_ok() {} };
    tokio::select! {
        () = flooding => assert_eq!(echo.end().await, End::Wrong("too many pings".into())),
        end = echo.end() => assert_eq!(end, End::Wrong("too many pings".into())),
    }
}

#[tokio::test]
async fn at_drain_each_socket_is_told_and_the_listener_waits_for_them() {
    let mut echo = Echo::start(Limits::usual(MESSAGE_MAX)).await;
    let mut client = Client::open(echo.addr, "/").await;
    client.say("hello").await;
    client.next().await;
    echo.drain.send_replace(true);
    assert_eq!(client.next().await, Got::Close(1001, "the box goes down".into()));
    assert_eq!(echo.end().await, End::Drained);
    drop(client);
    tokio::time::timeout(Duration::from_secs(3), echo.serving).await.unwrap().unwrap();
}
