//! Opens the listeners. Plain HTTP must open; HTTPS is optional, for without it the box still teaches.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::StartError;
use super::health::Health;
use super::site::Site;
use crate::config::Config;
use crate::dialect::openim;
use crate::http::listener::{self, Door, drained};
use crate::http::tls::{self, Identity};
use crate::model::Clock;
use crate::ops::socket;
use crate::web::gateway::{Gateway, Speech};

/// How often the certificate is held against the box's addresses and its own age.
const LOOK: Duration = Duration::from_secs(600);

/// What the system holds for a client that reads slowly, or not at all; it would take 4 MiB by itself, and a class of
/// such clients would use up its memory for everybody. A film of 8 Mbit/s still passes with 150 ms there and back.
const SENT_BYTES: u32 = 128 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// What a door leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Everything the box serves.
    Site,
    /// Document 002 alone.
    OpenIm,
    /// Its WebSocket gateways.
    Gateway,
    JsonGateway,
}

/// Addresses that are taken before anything stands behind them: who calls now waits for an answer, and is not
/// turned away.
pub struct Bound {
    plain: Vec<(&'static str, Behind, TcpListener, SocketAddr)>,
    https: Option<(TcpListener, SocketAddr)>,
}

impl Bound {
    pub async fn of(config: &Config, health: &Health) -> Result<Self, StartError> {
        let mut bound = Self { plain: Vec::new(), https: None };
        if !config.http_listen.is_empty() {
            let taken = bind("http.listen", &config.http_listen).await;
            let (listener, addr) = taken.map_err(StartError::Taken)?;
            bound.plain.push(("http", Behind::Site, listener, addr));
        }
        // Document 002 has ports of its own. Without them the box still teaches.
        for (kind, behind, key, wanted) in [
            ("openim", Behind::OpenIm, "openim.listen", &config.openim_listen),
            ("gateway", Behind::Gateway, "openim.gateway", &config.openim_gateway),
            (
                "json-gateway",
                Behind::JsonGateway,
                "openim.json_gateway",
                &config.openim_json_gateway,
            ),
        ] {
            if let Some((listener, addr)) = optional(kind, key, wanted, health).await {
                bound.plain.push((kind, behind, listener, addr));
            }
        }
        bound.https = optional("https", "http.tls_listen", &config.https_listen, health).await;
        Ok(bound)
    }
}

async fn optional(
    kind: &'static str,
    key: &str,
    wanted: &str,
    health: &Health,
) -> Option<(TcpListener, SocketAddr)> {
    if wanted.is_empty() {
        return None;
    }
    bind(key, wanted).await.map_err(|why| health.warn(kind, why)).ok()
}

pub struct Opened {
    pub doors: Vec<(Behind, Door)>,
    pub listening: Vec<(&'static str, SocketAddr)>,
    pub ca_pem: Option<String>,
}

impl Opened {
    /// The box's address on the LAN by its name, for those who were not called by it.
    pub fn address(&self, name: &str) -> String {
        let own = self.listening.iter().find(|(kind, _)| matches!(*kind, "http" | "https"));
        let (scheme, port) = own.map_or(("http", 80), |(kind, addr)| (*kind, addr.port()));
        let usual = matches!((scheme, port), ("http", 80) | ("https", 443));
        let port = if usual { String::new() } else { format!(":{port}") };
        format!("{scheme}://{name}.local{port}")
    }
}

pub struct Frame<'a> {
    pub config: &'a Config,
    pub data: &'a std::path::Path,
    pub name: &'a str,
    pub clock: &'a Clock,
    pub health: &'a Health,
}

impl Frame<'_> {
    pub async fn open(
        &self,
        bound: Bound,
        tasks: &mut JoinSet<()>,
        drain: &watch::Receiver<bool>,
    ) -> Opened {
        let mut opened = Opened { doors: Vec::new(), listening: Vec::new(), ca_pem: None };
        for (kind, behind, listener, addr) in bound.plain {
            opened.doors.push((behind, Door::Plain(listener)));
            opened.listening.push((kind, addr));
        }
        if let Some((listener, addr)) = bound.https {
            match self.identity(tasks, drain.clone()).await {
                Ok((shown, ca_pem)) => {
                    opened.doors.push((Behind::Site, Door::Tls(listener, shown)));
                    opened.listening.push(("https", addr));
                    opened.ca_pem = Some(ca_pem);
                }
                Err(why) => self.health.warn("https", why),
            }
        }
        opened
    }

    async fn identity(
        &self,
        tasks: &mut JoinSet<()>,
        drain: watch::Receiver<bool>,
    ) -> Result<(watch::Receiver<Arc<rustls::ServerConfig>>, String), String> {
        let mut names = vec![self.name.to_owned(), format!("{}.local", self.name)];
        names.extend(sysinfo::System::host_name());
        names.extend(self.config.http_names.iter().cloned());
        let papers = Papers { keys: self.data.join("keys"), names, clock: self.clock.clone() };
        let identity = papers.get().await?;
        let (show, shown) = watch::channel(identity.server_config);
        tasks.spawn(papers.keep(show, drain));
        Ok((shown, identity.ca_pem))
    }
}

/// What the doors lead to.
pub struct Rooms {
    pub site: Arc<Site>,
    pub clock: Clock,
}

impl Rooms {
    pub fn service(&self, behind: Behind) -> listener::Service {
        let site = self.site.clone();
        let gateway = Gateway { app: site.app.clone(), clock: self.clock.clone() };
        let speech = match behind {
            Behind::Site => {
                return Arc::new(move |request, peer| site.answer(request, peer));
            }
            Behind::OpenIm => {
                return Arc::new(move |request, peer| {
                    Box::pin(site.clone().speak(&openim::DIALECT, request, peer))
                });
            }
            Behind::Gateway => Speech::Native,
            Behind::JsonGateway => Speech::Json,
        };
        Arc::new(move |request, peer| {
            let gateway = gateway.clone();
            Box::pin(async move { gateway.answer(speech, request, peer) })
        })
    }
}

/// The box's certificate: made, and made anew when addresses change or it grows old.
struct Papers {
    keys: PathBuf,
    names: Vec<String>,
    clock: Clock,
}

impl Papers {
    async fn get(&self) -> Result<Identity, String> {
        let (keys, names, now) = (self.keys.clone(), self.names.clone(), self.clock.now());
        let made = move || tls::load_or_make(&keys, &names, &own_addresses(), now);
        let made = tokio::task::spawn_blocking(made).await.map_err(|e| e.to_string())?;
        made.map_err(|e| socket::explain(&e))
    }

    async fn keep(
        self,
        show: watch::Sender<Arc<rustls::ServerConfig>>,
        mut drain: watch::Receiver<bool>,
    ) {
        loop {
            tokio::select! {
                () = drained(&mut drain) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            match self.get().await {
                Ok(identity) => drop(show.send_replace(identity.server_config)),
                Err(why) => tracing::warn!(why, "the certificate could not be looked after"),
            }
        }
    }
}

fn own_addresses() -> Vec<IpAddr> {
    let networks = sysinfo::Networks::new_with_refreshed_list();
    let mut addrs: Vec<IpAddr> =
        networks.values().flat_map(|n| n.ip_networks()).map(|net| net.addr).collect();
    addrs.sort_unstable();
    addrs.dedup();
    addrs
}

/// # Errors
/// A sentence that names the configuration's key.
async fn bind(key: &str, wanted: &str) -> Result<(TcpListener, SocketAddr), String> {
    taken(wanted).await.map_err(|e| {
        let hint = match e.kind() {
            ErrorKind::AddrInUse => "; end the program that has it, or set another address",
            _ => "",
        };
        format!("{key} {wanted}: {e}{hint}")
    })
}

async fn taken(addr: &str) -> std::io::Result<(TcpListener, SocketAddr)> {
    let mut last = std::io::Error::new(ErrorKind::InvalidInput, "no such address");
    for addr in tokio::net::lookup_host(addr).await? {
        match listen(addr) {
            Ok(listener) => {
                let bound = listener.local_addr()?;
                return Ok((listener, bound));
            }
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// What is accepted inherits the listener's buffer.
fn listen(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SENT_BYTES)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}
