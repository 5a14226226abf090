//! Floods on the room channel and on both gateways of document 002. How each socket ends is tested beside the engine
//! (`websocket.rs`), the channel (`channel/`) and the gateways (`openim/`); here they come in crowds and the class goes
//! on. Limits: a frame of 8 KiB (64 KiB on the gateways), 10 s without a byte taken, 100 refusals in a row, 600 frames
//! a minute on a gateway, 8 ears a person and group.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::{PATIENCE, Scene};
use crate::process::Person;

const EARS: usize = 8;

/// Masked with zeros.
fn frame(first: u8, load: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match u8::try_from(load.len()) {
        Ok(short @ 0..126) => bytes.push(0x80 | short),
        Ok(_) | Err(_) => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(load.len()).unwrap().to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(load);
    bytes
}

/// A WebSocket as bytes, opened and not read from.
async fn open(addr: SocketAddr, target: &str, more: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8192).unwrap();
    let mut tcp = socket.connect(addr).await.unwrap();
    let ask = format!(
        "GET {target} HTTP/1.1\r\nHost: box\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    );
    tcp.write_all(ask.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(!head.to_lowercase().contains("extensions"), "nothing is unpacked: {head}");
    tcp
}

async fn ear(scene: &Scene, person: &Person) -> TcpStream {
    let target = format!("/box/v1/channel?group={}", scene.school.room);
    let mut tcp = open(scene.service.http, &target, "").await;
    let hello = json!({"token": person.token, "since": 0}).to_string();
    tcp.write_all(&frame(0x81, hello.as_bytes())).await.unwrap();
    tcp
}

/// Sends until the box takes no more or hangs up, for at most two seconds.
async fn flood(mut tcp: TcpStream, bytes: Vec<u8>) -> TcpStream {
    let pour = async { while tcp.write_all(&bytes).await.is_ok() {} };
    let _ = tokio::time::timeout(Duration::from_secs(2), pour).await;
    tcp
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crowds_that_flood_the_channel_are_held_back_or_put_out() {
    let scene = Scene::new().await;
    let floods = [
        ("pings", frame(0x89, &[1; 125])),
        ("tiny texts", frame(0x81, b"{")),
        ("well-formed chat", frame(0x81, br#"{"type":1,"body":"a"}"#)),
        ("fragments without end", frame(0x01, b"")),
        ("pongs", frame(0x8a, b"")),
    ];
    let mut all = JoinSet::new();
    for (n, (_, bytes)) in floods.iter().enumerate() {
        let person = scene.newcomer(&format!("flood{n}")).await;
        let enter = json!({"roomnum": scene.school.room, "operate": 0});
        person.ok("live/reportmemid", enter).await;
        for _ in 0..EARS {
            let mut many = bytes.repeat(1000);
            if bytes[0] == 0x01 {
                many = [bytes.clone(), frame(0x00, &[b'a'; 100]).repeat(1000)].concat();
            }
            all.spawn(flood(ear(&scene, &person).await, many));
        }
    }
    let crowd = all.join_all().await;
    // Whoever still has a place reads nothing.
    drop(crowd);
    scene.end("40 floods of the channel", 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crowds_that_flood_the_gateways_are_put_out() {
    let scene = Scene::new().await;
    let mut all = JoinSet::new();
    for n in 0..6 {
        let person = scene.newcomer(&format!("guest{n}")).await;
        for (kind, platform) in [("gateway", 1), ("json-gateway", 5)] {
            let id = format!("guest{n}");
            let target = format!("/?sendID={id}&platformID={platform}&token={}", person.token);
            let bytes = [frame(0x82, b"x"), frame(0x89, b""), frame(0x02, b"")][n % 3].repeat(2000);
            all.spawn(flood(open(scene.service.at(kind), &target, "").await, bytes));
        }
    }
    drop(all.join_all().await);
    scene.end("12 floods of the gateways", 32).await;
}

/// RFC 6455: what is packed, unmasked, reserved or longer than may be ends the socket at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_may_not_be_end_the_socket() {
    let scene = Scene::new().await;
    let guest = scene.newcomer("guest").await;
    let huge = |len: u64| {
        let mut bytes = vec![0x81, 0x80 | 127];
        bytes.extend(len.to_be_bytes());
        bytes.extend([0; 4]);
        bytes
    };
    for (what, bytes) in [
        ("packed", frame(0xc1, b"abc")),
        ("unmasked", vec![0x81, 1, b'a']),
        ("an unknown kind", frame(0x83, b"abc")),
        ("a long ping", frame(0x89, &[0; 126])),
        ("a ping in pieces", frame(0x09, b"")),
        ("a piece of nothing", frame(0x80, b"a")),
        ("8 KiB and one byte", huge(8 * 1024 + 1)),
        ("all that can be said", huge(u64::MAX >> 1)),
        ("more than can be said", huge(u64::MAX)),
        ("no text", frame(0x81, &[0xff, 0xfe])),
        (
            "pieces that are too long together",
            [frame(0x01, &[b'a'; 5000]), frame(0x00, &[b'a'; 5000])].concat(),
        ),
    ] {
        let mut tcp = ear(&scene, &guest).await;
        let _ = tcp.write_all(&bytes).await;
        let mut rest = Vec::new();
        let end = tokio::time::timeout(PATIENCE, tcp.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "{what}: the socket stays open");
    }
    scene.end("frames that may not be", 16).await;
}
