//! Just enough of HTTP/2 to misuse it: frames as bytes over TLS, header fields without compression.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::hostile::{PATIENCE, Scene};
use crate::process::Wire;

const END_STREAM: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Data = 0,
    Headers = 1,
    Priority = 2,
    Reset = 3,
    Settings = 4,
    Ping = 6,
    Goaway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

const KINDS: [Kind; 9] = [
    Kind::Data,
    Kind::Headers,
    Kind::Priority,
    Kind::Reset,
    Kind::Settings,
    Kind::Ping,
    Kind::Goaway,
    Kind::WindowUpdate,
    Kind::Continuation,
];

#[derive(Clone, Debug)]
pub struct Frame {
    pub kind: Kind,
    pub flags: u8,
    pub stream: u32,
    pub load: Vec<u8>,
}

impl Frame {
    /// A request without a body.
    pub fn headers(stream: u32, block: &[u8]) -> Self {
        let flags = END_STREAM | END_HEADERS;
        Self { kind: Kind::Headers, flags, stream, load: block.to_vec() }
    }

    /// A request whose body follows.
    pub fn post(stream: u32, path: &str) -> Self {
        let mut block = get(path);
        block[0] = 0x83;
        Self { flags: END_HEADERS, ..Self::headers(stream, &block) }
    }

    pub fn reset(stream: u32) -> Self {
        Self { kind: Kind::Reset, flags: 0, stream, load: vec![0, 0, 0, 8] }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = u32::try_from(self.load.len()).unwrap().to_be_bytes()[1..].to_vec();
        bytes.extend([self.kind as u8, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.load);
        bytes
    }

    /// Of a reset; a goaway says its last stream first.
    pub fn code(&self) -> u32 {
        let at = self.load.len() - 4;
        u32::from_be_bytes(self.load[at..].try_into().unwrap())
    }
}

/// The error of a goaway.
pub fn goaway(frames: &[Frame]) -> Option<u32> {
    let last = frames.iter().rfind(|frame| frame.kind == Kind::Goaway)?;
    Some(u32::from_be_bytes(last.load[4..8].try_into().unwrap()))
}

/// `GET path`: three entries of the static table, two with a value of their own.
pub fn get(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x87, 0x04];
    block.extend(text(path));
    block.push(0x01);
    block.extend(text("localhost"));
    block
}

/// A field that enters no table.
pub fn field(name: &str, value: &str) -> Vec<u8> {
    [vec![0], text(name), text(value)].concat()
}

/// RFC 7541, sections 5.1 and 5.2.
pub fn text(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.len();
    if rest < 127 {
        bytes.push(u8::try_from(rest).unwrap());
    } else {
        bytes.push(127);
        rest -= 127;
        while rest >= 128 {
            bytes.push(u8::try_from(rest % 128 + 128).unwrap());
            rest /= 128;
        }
        bytes.push(u8::try_from(rest).unwrap());
    }
    bytes.extend(text.as_bytes());
    bytes
}

pub struct H2 {
    tls: TlsStream<TcpStream>,
    unread: Vec<u8>,
    frames: Vec<Frame>,
}

impl H2 {
    pub async fn open(scene: &Scene) -> Self {
        Self::with_window(scene, 65_535).await
    }

    /// With the window that each stream begins with, and the same for all together.
    pub async fn with_window(scene: &Scene, window: u32) -> Self {
        let addr = scene.service.https.unwrap();
        let ca = Wire::open(scene.service.http).await.get("/ca.crt", &[]).await;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&ca.body).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let tcp = socket.connect(addr).await.unwrap();
        let name = ServerName::from(addr.ip());
        let mut tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap();
        tls.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut load = vec![0, 4];
        load.extend(window.to_be_bytes());
        let mut h2 = Self { tls, unread: Vec::new(), frames: Vec::new() };
        h2.put(Frame { kind: Kind::Settings, flags: 0, stream: 0, load }).await;
        if window > 65_535 {
            let load = (window - 65_535).to_be_bytes().to_vec();
            h2.put(Frame { kind: Kind::WindowUpdate, flags: 0, stream: 0, load }).await;
        }
        h2
    }

    /// `false` when the box takes nothing any more.
    pub async fn put(&mut self, frame: Frame) -> bool {
        self.pour(&frame.bytes()).await
    }

    /// Gives up after a while: a box that does not read is as good as one that has hung up.
    pub async fn pour(&mut self, bytes: &[u8]) -> bool {
        let sent = async {
            self.tls.write_all(bytes).await?;
            self.tls.flush().await
        };
        tokio::time::timeout(Duration::from_millis(300), sent).await.is_ok_and(|sent| sent.is_ok())
    }

    /// What comes until the box hangs up.
    pub async fn rest(mut self) -> Vec<Frame> {
        let all = async { while self.more().await {} };
        tokio::time::timeout(PATIENCE, all).await.expect("the box hangs up");
        self.frames
    }

    /// What has come by now.
    pub async fn came(&mut self) -> Vec<Frame> {
        let all = async { while self.more().await {} };
        let _ = tokio::time::timeout(Duration::from_millis(100), all).await;
        std::mem::take(&mut self.frames)
    }

    pub async fn drop_what_came(&mut self) {
        let all = async { while self.more().await {} };
        let _ = tokio::time::timeout(Duration::from_millis(1), all).await;
        self.frames.clear();
    }

    /// The status of one stream's answer; `None` when it was reset.
    pub async fn status(&mut self, stream: u32) -> Option<u16> {
        loop {
            let mine = self.frames.iter().find(|frame| frame.stream == stream);
            match mine {
                Some(frame) if frame.kind == Kind::Headers => return Some(status(&frame.load)),
                Some(frame) if frame.kind == Kind::Reset => return None,
                Some(_) | None => assert!(self.more().await, "{:?}", self.frames),
            }
        }
    }

    async fn more(&mut self) -> bool {
        let mut bytes = vec![0; 16 * 1024];
        let read = tokio::time::timeout(PATIENCE, self.tls.read(&mut bytes)).await;
        let Ok(n) = read.expect("something comes") else { return false };
        self.unread.extend(&bytes[..n]);
        while self.unread.len() >= 9 {
            let length = u32::from_be_bytes([0, self.unread[0], self.unread[1], self.unread[2]]);
            let end = 9 + usize::try_from(length).unwrap();
            if self.unread.len() < end {
                break;
            }
            let bytes: Vec<u8> = self.unread.drain(..end).collect();
            let stream = u32::from_be_bytes(bytes[5..9].try_into().unwrap());
            let kind = KINDS.into_iter().find(|kind| *kind as u8 == bytes[3]);
            let load = bytes[9..].to_vec();
            self.frames.extend(kind.map(|kind| Frame { kind, flags: bytes[4], stream, load }));
        }
        n > 0
    }
}

/// The first field is the status: of the static table, or in digits, plain or Huffman-coded.
fn status(block: &[u8]) -> u16 {
    const KNOWN: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    match block[0] {
        // A new size of the table comes before it.
        size @ 0x20..=0x3f if size != 0x3f => status(&block[1..]),
        index @ 0x88..=0x8e => KNOWN[usize::from(index - 0x88)],
        _ if block[1] & 0x80 == 0 => std::str::from_utf8(&block[2..5]).unwrap().parse().unwrap(),
        _ => digits(&block[2..2 + usize::from(block[1] & 0x7f)]),
    }
}

/// RFC 7541, appendix B: digits 0 to 2 have five bits, the others six.
fn digits(coded: &[u8]) -> u16 {
    let bits: Vec<u8> = coded.iter().flat_map(|b| (0..8).rev().map(move |n| b >> n & 1)).collect();
    let number = |bits: &[u8]| bits.iter().fold(0u16, |sum, bit| sum * 2 + u16::from(*bit));
    let (mut at, mut all) = (0, 0);
    for _ in 0..3 {
        let short = number(&bits[at..at + 5]);
        let (digit, len) = if short < 3 { (short, 5) } else { (number(&bits[at..at + 6]) - 22, 6) };
        (all, at) = (all * 10 + digit, at + len);
    }
    all
}
