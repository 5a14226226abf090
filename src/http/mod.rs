//! HTTP without a domain: listeners, bodies under a limit, replies, ranges, cookies, WebSockets, TLS, an
//! outbound client.

pub mod body;
pub mod client;
pub mod cookie;
pub mod host;
mod http1;
mod inbound;
pub mod listener;
pub mod onward;
mod outgoing;
pub mod page;
mod patience;
pub mod range;
pub mod reply;
pub mod swift;
mod tables;
pub mod tls;
pub mod url;
pub mod websocket;

use std::net::IpAddr;

pub use inbound::Inbound;
pub use outgoing::Body;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub addr: IpAddr,
    /// Came over TLS.
    pub secure: bool,
}
