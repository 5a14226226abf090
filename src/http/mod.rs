//! HTTP without a domain: listeners, bodies under a limit, replies, ranges, cookies, WebSockets, TLS, an
//! outbound client.

pub mod body;
pub mod client;
pub mod cookie;
mod host;
pub mod listener;
pub mod onward;
mod outgoing;
pub mod page;
mod patience;
pub mod range;
pub mod reply;
pub mod tls;
pub mod url;
pub mod websocket;

use std::net::IpAddr;

use hyper::Uri;
use hyper::header::{self, HeaderMap};

pub use outgoing::Body;

/// The name and port that the client used: `Host`, for which HTTP/2 says `:authority`.
pub fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    named.or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub addr: IpAddr,
    /// Came over TLS.
    pub secure: bool,
}
