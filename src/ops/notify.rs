//! Tells systemd how far the service is (sd_notify(3)). Without `NOTIFY_SOCKET` it is silent.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Sends `READY=1`, `STOPPING=1` or a `STATUS=…` to the service manager's socket.
pub fn tell(socket: Option<&str>, state: &str) {
    let Some(socket) = socket.filter(|s| !s.is_empty()) else { return };
    let addr = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name.as_bytes()),
        None => SocketAddr::from_pathname(socket),
    };
    let sent = addr.and_then(|addr| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &addr));
    if let Err(e) = sent {
        tracing::debug!(error = %e, "the service manager was not told");
    }
}
