//! HTTP without a domain: listeners, bodies under a limit, replies, ranges, cookies, WebSockets, TLS, an
//! outbound client.

pub mod body;
pub mod client;
pub mod cookie;
mod host;
pub mod listener;
pub mod onward;
pub mod page;
mod patience;
pub mod range;
pub mod reply;
pub mod tls;
pub mod url;
pub mod websocket;

use std::io;
use std::net::IpAddr;

use bytes::Bytes;

/// Every body the box sends.
pub type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub addr: IpAddr,
    /// Came over TLS.
    pub secure: bool,
}
