//! Requests of the box to others: webhooks and the cloud. One connection an exchange, HTTP/1.1, plain or TLS.
//! It follows no redirect, keeps no cookie, uses no proxy, tries nothing twice and knows nobody it talks to.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use crate::http::url::Target;

/// One exchange, from the look-up of the name to the last byte of the answer, within `outgoing.timeout`.
///
/// Any status is an answer. Nothing runs in the background: when this future ends or is dropped, the
/// connection is closed. Whether a request was acted upon is not known after an error.
pub async fn send(client: &Client, outgoing: Outgoing) -> Result<Incoming, ClientError> {
    let timeout = outgoing.timeout;
    let exchange = Box::pin(exchange(client, outgoing));
    tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(ClientError::Timeout))
}

/// What the box trusts. Cheap to clone; clones share the roots.
#[derive(Clone)]
pub struct Client {
    extra_roots: Arc<Vec<CertificateDer<'static>>>,
    tls: Arc<OnceCell<Arc<ClientConfig>>>,
}

impl Client {
    /// Trusts the system's certificates (read when the first `https` URL comes) and those in
    /// `extra_ca_pem`, any number of `CERTIFICATE` blocks or none. Fails on a block that is no certificate.
    pub fn new(extra_ca_pem: &str) -> Result<Self, ClientError> {
        let mut probe = RootCertStore::empty();
        let mut extra_roots = Vec::new();
        for found in CertificateDer::pem_slice_iter(extra_ca_pem.as_bytes()) {
            let root = found.map_err(|e| ClientError::Tls(format!("extra CA: {e}")))?;
            probe.add(root.clone()).map_err(|e| ClientError::Tls(format!("extra CA: {e}")))?;
            extra_roots.push(root);
        }
        Ok(Self { extra_roots: Arc::new(extra_roots), tls: Arc::new(OnceCell::new()) })
    }

    async fn tls(&self) -> Result<TlsConnector, ClientError> {
        let extra_roots = self.extra_roots.clone();
        let config = self.tls.get_or_try_init(|| async move {
            // Reads a few hundred files: not on a thread that serves requests.
            let read = tokio::task::spawn_blocking(move || tls_config(&extra_roots));
            read.await.map_err(|e| ClientError::Tls(format!("reading the roots: {e}")))?
        });
        Ok(TlsConnector::from(config.await?.clone()))
    }
}

/// A request to make. Without `Debug`: its headers may hold secrets.
#[derive(Clone)]
pub struct Outgoing {
    pub method: Method,
    /// `http://` or `https://`, ASCII, without user and password; the fragment is not sent.
    pub url: String,
    /// Host, Connection, and the headers that frame the body are ours; given ones are dropped.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// For the whole exchange.
    pub timeout: Duration,
    /// Longest body that is taken, in bytes.
    pub answer_max: usize,
}

/// The answer, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    pub status: u16,
    pub body: Bytes,
}

/// Why there is no answer. The texts are for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    BadUrl,
    /// The name has no address, or nobody listens there.
    Connect(String),
    /// No trust, or no common version.
    Tls(String),
    Timeout,
    /// The answer is longer than `answer_max`.
    TooLarge,
    /// The other side closed early or does not speak HTTP.
    Protocol(String),
}

/// Status line and headers of an answer.
const HEAD_BYTES_MAX: usize = 32 * 1024;

async fn exchange(client: &Client, outgoing: Outgoing) -> Result<Incoming, ClientError> {
    let target = Target::parse(&outgoing.url).ok_or(ClientError::BadUrl)?;
    let answer_max = outgoing.answer_max;
    let request = request(outgoing, &target)?;
    let tls = if target.secure { Some(client.tls().await?) } else { None };
    let tcp = TcpStream::connect((target.host.as_str(), target.port))
        .await
        .map_err(|e| ClientError::Connect(format!("{} port {}: {e}", target.host, target.port)))?;
    // A request is one write, mostly; if the socket does not take the option, it is only slower.
    let _ = tcp.set_nodelay(true);
    let Some(tls) = tls else {
        return converse(tcp, request, answer_max).await;
    };
    let name = ServerName::try_from(target.host.clone()).map_err(|_| ClientError::BadUrl)?;
    let stream = tls.connect(name, tcp).await;
    let stream = stream.map_err(|e| ClientError::Tls(format!("{}: {e}", target.host)))?;
    converse(stream, request, answer_max).await
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
    answer_max: usize,
) -> Result<Incoming, ClientError> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|e| protocol(&e))?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|e| protocol(&e))?;
        let status = answer.status().as_u16();
        let body = answer.into_body();
        if body.size_hint().lower() > u64::try_from(answer_max).unwrap_or(u64::MAX) {
            return Err(ClientError::TooLarge);
        }
        let whole = Limited::new(body, answer_max).collect().await.map_err(|e| {
            if e.is::<LengthLimitError>() { ClientError::TooLarge } else { protocol(&*e) }
        })?;
        Ok(Incoming { status, body: whole.to_bytes() })
    };
    // The connection only moves bytes. When it ends, well or badly, the answer's side hears of it, possibly
    // after having read what is buffered; so its end must not end the exchange.
    let moving = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = answer => answer,
        () = moving => Err(ClientError::Protocol("the connection ended".to_owned())),
    }
}

fn request(outgoing: Outgoing, target: &Target) -> Result<Request<Full<Bytes>>, ClientError> {
    let mut request = Request::new(Full::new(outgoing.body));
    *request.method_mut() = outgoing.method;
    *request.uri_mut() = target.path.clone();
    let mut headers = outgoing.headers;
    for ours in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT, header::UPGRADE]
    {
        headers.remove(ours);
    }
    let host = HeaderValue::from_str(&target.authority).map_err(|_| ClientError::BadUrl)?;
    headers.insert(header::HOST, host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    *request.headers_mut() = headers;
    Ok(request)
}

fn tls_config(extra_roots: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, ClientError> {
    let mut roots = RootCertStore::empty();
    // A box without system certificates still reaches whoever the extra ones vouch for; and who is not
    // vouched for is refused at the handshake, by name.
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    roots.add_parsable_certificates(extra_roots.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| ClientError::Tls(format!("no common version: {e}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The error and what caused it, which hyper's own text leaves out.
fn protocol(error: &dyn std::error::Error) -> ClientError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    ClientError::Protocol(text)
}

#[cfg(test)]
mod tests;
