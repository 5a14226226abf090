//! Accepts connections and serves them until told to drain. Knows limits and time-outs, no addresses.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::future::{Future, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::patience::{Patient, Phase};
use super::{Body, Inbound, Peer, host, http1};

/// Open connections: a school's clients with a few keep-alives each. The next one waits in the backlog.
const CONNECTIONS: usize = 12_000;
const TLS_TIME: Duration = Duration::from_secs(10);
pub const HEADER_BYTES: u32 = 32 * 1024;
pub const HEADERS: usize = 64;
/// Streams of one HTTP/2 connection at once.
pub const STREAMS: u32 = 32;
/// Streams that an HTTP/2 client may open and take back before they were looked at, and that it may spoil.
pub const RESETS: usize = 64;
/// What an HTTP/2 client may have sent and nobody has read yet, and what waits to be taken on each stream.
const UNREAD: u32 = 256 * 1024;
const UNTAKEN: usize = 64 * 1024;
/// Who has a stream open answers this ping; a silent HTTP/2 connection is closed a little later.
const PING: Duration = Duration::from_secs(30);
/// Open connections of one address; a class may share one. The machine itself is not counted.
const PER_ADDRESS: usize = 1024;
/// After a failed accept (no descriptors left) the listener takes a breath.
const BREATH: Duration = Duration::from_millis(50);
/// What running answers get when the box drains.
const DRAIN: Duration = Duration::from_secs(4);

/// An answer on its way.
pub type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;
/// What answers requests.
pub type Service = Arc<dyn Fn(Request<Inbound>, Peer) -> Answer + Send + Sync>;

/// A bound listener.
pub enum Door {
    Plain(TcpListener),
    /// The certificate may be renewed while the box runs.
    Tls(TcpListener, watch::Receiver<Arc<rustls::ServerConfig>>),
    /// The box's own socket: whoever can open the file owns the box.
    Unix(UnixListener),
}

/// Returns when the box goes down, or whoever owned it is gone.
pub async fn drained(drain: &mut watch::Receiver<bool>) {
    let _ = drain.wait_for(|now| *now).await;
}

/// What a connection that outlives its HTTP keeps of the listener: its place, and word of the drain. It comes
/// with each request that asks for another protocol, as an extension.
#[derive(Clone)]
pub struct Hold {
    _place: Arc<Place>,
    pub(super) drain: watch::Receiver<bool>,
    pub(super) phase: Arc<Phase>,
}

impl Hold {
    /// The connection is no HTTP any more: it waits for its client as long as it likes.
    pub fn upgraded(&self) {
        self.phase.upgraded();
    }

    /// Returns when the box goes down.
    pub async fn drained(&mut self) {
        drained(&mut self.drain).await;
    }
}

/// One connection among those that are counted.
struct Place {
    _permit: OwnedSemaphorePermit,
    _seat: Seat,
    /// The listener waits until the last one is dropped.
    _here: mpsc::Sender<()>,
}

enum Guest {
    Tcp(TcpStream, SocketAddr),
    Unix(tokio::net::UnixStream),
}

/// Serves until `drain` turns true, then finishes running answers and returns.
pub async fn serve(door: Door, service: Service, mut drain: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let guests = Guests::default();
    let mut tasks = JoinSet::new();
    let (here, mut gone) = mpsc::channel(1);
    let mut out_of_breath = false;
    loop {
        let permit = tokio::select! {
            permit = permits.clone().acquire_owned() => permit,
            () = drained(&mut drain) => break,
        };
        let Ok(permit) = permit else { break };
        let guest = loop {
            tokio::select! {
                biased;
                Some(_) = tasks.join_next() => {}
                () = drained(&mut drain) => break None,
                guest = accept(&door) => break Some(guest),
            }
        };
        let Some(guest) = guest else { break };
        let guest = match guest {
            Ok(guest) => {
                out_of_breath = false;
                guest
            }
            Err(e) => {
                // Once for each time of need: it may last for hours.
                if !out_of_breath {
                    tracing::warn!(error = %e, "a connection could not be accepted");
                }
                out_of_breath = true;
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let Some(seat) = guests.seat(&guest) else {
            tracing::debug!("too many connections of one address");
            continue;
        };
        let tls = match &door {
            Door::Tls(_, config) => Some(TlsAcceptor::from(config.borrow().clone())),
            Door::Plain(_) | Door::Unix(_) => None,
        };
        let place = Place { _permit: permit, _seat: seat, _here: here.clone() };
        let hold = Hold { _place: Arc::new(place), drain: drain.clone(), phase: Arc::default() };
        // Each kind of connection has a task of its own: the plain ones are many, and carry no room for TLS.
        let service = service.clone();
        match (guest, tls) {
            (Guest::Tcp(stream, addr), None) => {
                let peer = Peer { addr: addr.ip().to_canonical(), secure: false };
                tasks.spawn(http1::serve(stream, peer, service, hold));
            }
            (Guest::Tcp(stream, addr), Some(tls)) => {
                let peer = Peer { addr: addr.ip().to_canonical(), secure: true };
                tasks.spawn(encrypted(stream, tls, peer, service, hold));
            }
            (Guest::Unix(stream), _) => {
                let peer = Peer { addr: std::net::Ipv4Addr::LOCALHOST.into(), secure: true };
                tasks.spawn(http1::serve(Box::new(stream) as Other, peer, service, hold));
            }
        }
    }
    drop((door, here));
    let rest = async {
        while tasks.join_next().await.is_some() {}
        // Then those that live on without HTTP; nobody ever sends anything.
        let _: Option<()> = gone.recv().await;
    };
    if tokio::time::timeout(DRAIN, rest).await.is_err() {
        tracing::info!("some connections were cut off while draining");
    }
}

/// How many connections each address holds.
#[derive(Clone, Default)]
struct Guests {
    seats: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One counted connection.
struct Seat {
    guests: Guests,
    addr: Option<IpAddr>,
}

impl Guests {
    /// `None` when the address has used up its share.
    fn seat(&self, guest: &Guest) -> Option<Seat> {
        let addr = match guest {
            Guest::Tcp(_, addr) => Some(addr.ip().to_canonical()).filter(|ip| !ip.is_loopback()),
            Guest::Unix(_) => None,
        };
        if let Some(addr) = addr {
            let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = seats.entry(addr).or_default();
            if *taken >= PER_ADDRESS {
                return None;
            }
            *taken += 1;
        }
        Some(Seat { guests: self.clone(), addr })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(addr) = self.addr else { return };
        let mut seats = self.guests.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut taken) = seats.entry(addr) {
            *taken.get_mut() -= 1;
            if *taken.get() == 0 {
                taken.remove();
            }
        }
    }
}

async fn accept(door: &Door) -> io::Result<Guest> {
    match door {
        Door::Plain(listener) | Door::Tls(listener, _) => {
            let (stream, addr) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok(Guest::Tcp(stream, addr))
        }
        Door::Unix(listener) => Ok(Guest::Unix(listener.accept().await?.0)),
    }
}

/// A stream that is not plain TCP: there are few of them, and one copy of the machinery serves them all.
type Other = Box<dyn Stream>;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

async fn encrypted(stream: TcpStream, tls: TlsAcceptor, peer: Peer, service: Service, hold: Hold) {
    let stream = match tokio::time::timeout(TLS_TIME, Box::pin(tls.accept(stream))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(e)) => return tracing::debug!(error = %e, peer = %peer.addr, "no TLS session"),
        Err(_) => return tracing::debug!(peer = %peer.addr, "TLS took too long"),
    };
    let many = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let stream: Other = Box::new(stream);
    match many {
        true => Box::pin(http2(stream, peer, service, hold)).await,
        false => Box::pin(http1::serve(stream, peer, service, hold)).await,
    }
}

/// Asks the service, for a request that names one host.
pub(super) fn answer(service: &Service, request: Request<Inbound>, peer: Peer) -> Answer {
    match host::is_in_doubt(&request) {
        true => Box::pin(ready(host::refused())),
        false => service(request, peer),
    }
}

/// No request over HTTP/2 becomes another protocol. What its library bounds by itself (frames of one header,
/// settings and pings that wait for their answer) `tests/it/hostile/h2.rs` tries.
async fn http2(stream: Other, peer: Peer, service: Service, mut hold: Hold) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(&service, request.map(Inbound::Coming), peer);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS)
        .initial_connection_window_size(UNREAD)
        .initial_stream_window_size(UNREAD)
        .max_send_buf_size(UNTAKEN)
        .keep_alive_interval(PING);
    let mut stream = Patient::new(stream, hold.phase.clone());
    stream.serve(Bytes::new());
    hold.phase.shared();
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let done = tokio::select! {
        done = connection.as_mut() => done,
        () = hold.drained() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(e) = done {
        tracing::debug!(error = %e, peer = %peer.addr, "connection ended");
    }
}

#[cfg(test)]
mod tests;
