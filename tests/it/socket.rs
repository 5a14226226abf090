//! The other end of a WebSocket: a real client over a real connection.
#![allow(dead_code)] // each test uses its part

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::header::{HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Error, Message, WebSocketStream};

/// Nothing that is waited for takes longer, on the slowest machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Client<S = TcpStream> {
    pub stream: WebSocketStream<S>,
}

/// What came.
#[derive(Debug, PartialEq)]
pub enum Got {
    Text(String),
    Binary(Bytes),
    /// Code and reason of a close.
    Close(u16, String),
    /// The connection ended without a close.
    Gone,
}

impl Client {
    pub async fn open(addr: SocketAddr, path: &str) -> Self {
        Self::open_with(addr, path, &[]).await.expect("it becomes a WebSocket")
    }

    pub async fn open_with(
        addr: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let uri = format!("ws://{addr}{path}").parse().unwrap();
        let mut builder = ClientBuilder::from_uri(uri);
        for (name, value) in headers {
            let name = HeaderName::from_static(name);
            builder = builder.add_header(name, HeaderValue::from_str(value).unwrap())?;
        }
        let tcp = TcpStream::connect(addr).await?;
        tcp.set_nodelay(true).unwrap();
        let (stream, _) = builder.connect_on(tcp).await?;
        Ok(Self { stream })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub async fn say(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.unwrap();
    }

    pub async fn send(&mut self, value: &Value) {
        self.say(value.to_string()).await;
    }

    /// The next message or the end; pings are answered on the way.
    pub async fn next(&mut self) -> Got {
        let next = tokio::time::timeout(PATIENCE, self.message());
        next.await.expect("something comes")
    }

    async fn message(&mut self) -> Got {
        loop {
            let message = match self.stream.next().await {
                Some(Ok(message)) => message,
                Some(Err(_)) | None => return Got::Gone,
            };
            if let Some((code, reason)) = message.as_close() {
                let got = Got::Close(code.into(), reason.to_owned());
                // Answers the close.
                let _ = self.stream.next().await;
                return got;
            }
            if let Some(text) = message.as_text() {
                return Got::Text(text.to_owned());
            }
            if message.is_binary() {
                return Got::Binary(message.into_payload().into());
            }
        }
    }

    /// Code and reason of the close that comes after whatever else comes.
    pub async fn end(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Got::Close(code, reason) => return (code, reason),
                Got::Gone => panic!("gone without a word"),
                Got::Text(_) | Got::Binary(_) => {}
            }
        }
    }

    /// The next message, which is JSON.
    pub async fn json(&mut self) -> Value {
        match self.next().await {
            Got::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("no text: {other:?}"),
        }
    }
}
