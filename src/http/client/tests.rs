//! The client against real servers in this process: hyper, plain and with TLS, and bare sockets where the
//! answer is one that hyper would not give. Knows nothing of webhooks or the cloud.

use std::convert::Infallible;
use std::future::pending;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Incoming as Received;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Longer than any step takes; only a broken test waits for it.
const LONG: Duration = Duration::from_secs(10);

fn get(url: String) -> Outgoing {
    Outgoing {
        method: Method::GET,
        url,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: LONG,
        answer_max: 1000,
    }
}

/// Tells what was asked; `/hang` never answers, `/move` redirects, `/big` is a megabyte.
async fn answer(request: Request<Received>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let mut response = Response::new(Full::default());
    match head.uri.path() {
        "/hang" => pending().await,
        "/big" => *response.body_mut() = Full::from(vec![b'x'; 1_000_000]),
        "/move" => {
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().insert("location", HeaderValue::from_static("/"));
        }
        _ => {
            let body = body.collect().await.unwrap().to_bytes();
            let mut names: Vec<_> =
                head.headers.iter().map(|(n, v)| format!("{n}={}", v.to_str().unwrap())).collect();
            names.sort();
            let text = format!("{} {} {names:?} {body:?}", head.method, head.uri);
            *response.body_mut() = Full::from(text);
        }
    }
    Ok(response)
}

/// A real server; the receiver gets a word when a connection is open and when it is over.
async fn serve(tls: Option<TlsAcceptor>) -> (u16, mpsc::Receiver<&'static str>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (tls, tell) = (tls.clone(), tell.clone());
            tokio::spawn(async move {
                let service = service_fn(|request| async {
                    tell.send("asked").await.unwrap();
                    answer(request).await
                });
                let builder = server::Builder::new();
                let _ = match tls {
                    None => builder.serve_connection(TokioIo::new(tcp), service).await,
                    Some(tls) => match tls.accept(tcp).await {
                        Ok(tls) => builder.serve_connection(TokioIo::new(tls), service).await,
                        Err(_) => Ok(()),
                    },
                };
                let _ = tell.send("over").await;
            });
        }
    });
    (port, told)
}

async fn next(told: &mut mpsc::Receiver<&'static str>) -> &'static str {
    tokio::time::timeout(LONG, told.recv()).await.expect("a word in time").unwrap()
}

/// Sends these bytes to whoever asks, then closes, or holds the line.
async fn raw(bytes: &'static str, hold: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.unwrap());
        }
        tcp.write_all(bytes.as_bytes()).await.unwrap();
        if hold {
            pending::<()>().await;
        }
    });
    format!("http://127.0.0.1:{port}/")
}

/// rcgen writes PEM itself only with one more dependency.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// A CA as PEM, and a server with a certificate of its for `name`.
fn authority(name: &str) -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec![name.to_owned()];
    let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (pem(ca.der()), TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn a_request_arrives_whole_and_the_connection_is_closed() {
    let (port, mut told) = serve(None).await;
    let mut outgoing = get(format!("http://127.0.0.1:{port}/a%20b?c=d&e#f"));
    outgoing.method = Method::POST;
    outgoing.body = Bytes::from_static(b"hello");
    for (name, value) in [("x-arctos-id", "7"), ("host", "evil"), ("content-length", "99")] {
        outgoing.headers.insert(name, HeaderValue::from_static(value));
    }
    let incoming = send(&Client::new("").unwrap(), outgoing).await.unwrap();
    let host = format!("host=127.0.0.1:{port}");
    let expected = format!(
        "POST /a%20b?c=d&e [\"connection=close\", \"content-length=5\", {host:?}, \
         \"x-arctos-id=7\"] b\"hello\""
    );
    assert_eq!((incoming.status, incoming.body), (200, Bytes::from(expected)));
    assert_eq!((next(&mut told).await, next(&mut told).await), ("asked", "over"));
}

#[tokio::test]
async fn tls_is_trusted_through_the_extra_ca_alone() {
    for (name, other) in [("localhost", "127.0.0.1"), ("127.0.0.1", "localhost")] {
        let (ca, acceptor) = authority(name);
        let (port, _told) = serve(Some(acceptor)).await;
        let client = Client::new(&ca).unwrap();
        let url = format!("https://{name}:{port}");
        let incoming = send(&client, get(url.clone())).await.unwrap();
        assert!(incoming.body.starts_with(b"GET / "), "{incoming:?}");
        for (client, url) in [
            (Client::new("").unwrap(), url.clone()),
            (Client::new(&authority(name).0).unwrap(), url),
            (client, format!("https://{other}:{port}")),
        ] {
            let found = send(&client, get(url)).await;
            assert!(matches!(found, Err(ClientError::Tls(_))), "{found:?}");
        }
    }
}

#[tokio::test]
async fn a_slow_server_is_left_in_time() {
    let (port, mut told) = serve(None).await;
    let client = Client::new("").unwrap();
    let mut outgoing = get(format!("http://127.0.0.1:{port}/hang"));
    outgoing.timeout = Duration::from_millis(500);
    assert_eq!(send(&client, outgoing.clone()).await, Err(ClientError::Timeout));
    assert_eq!((next(&mut told).await, next(&mut told).await), ("asked", "over"));
    outgoing.url = raw("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab", true).await;
    assert_eq!(send(&client, outgoing).await, Err(ClientError::Timeout));
}

#[tokio::test]
async fn a_dropped_exchange_closes_its_connection() {
    let (port, mut told) = serve(None).await;
    let client = Client::new("").unwrap();
    let outgoing = get(format!("http://127.0.0.1:{port}/hang"));
    let task = tokio::spawn(async move { send(&client, outgoing).await });
    assert_eq!(next(&mut told).await, "asked");
    task.abort();
    assert_eq!(next(&mut told).await, "over");
}

#[tokio::test]
async fn an_answer_beyond_its_limit_is_refused() {
    let (port, _told) = serve(None).await;
    let client = Client::new("").unwrap();
    let mut outgoing = get(format!("http://127.0.0.1:{port}/big"));
    outgoing.answer_max = 999_999;
    assert_eq!(send(&client, outgoing.clone()).await, Err(ClientError::TooLarge));
    outgoing.answer_max = 1_000_000;
    assert_eq!(send(&client, outgoing.clone()).await.unwrap().body.len(), 1_000_000);
    outgoing.answer_max = 3;
    outgoing.url =
        raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n", true).await;
    assert_eq!(send(&client, outgoing).await, Err(ClientError::TooLarge));
}

#[tokio::test]
async fn any_status_is_an_answer_and_no_redirect_is_followed() {
    let (port, _told) = serve(None).await;
    let client = Client::new("").unwrap();
    let moved = send(&client, get(format!("http://127.0.0.1:{port}/move"))).await.unwrap();
    assert_eq!(moved, Incoming { status: 302, body: Bytes::new() });
    for (text, status, body) in [
        ("HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\nno", 503, "no"),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end"),
        ("HTTP/1.0 404 No\r\n\r\n", 404, ""),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Done\r\n\r\n", 204, ""),
    ] {
        let found = send(&client, get(raw(text, false).await)).await;
        assert_eq!(found, Ok(Incoming { status, body: Bytes::from(body) }));
    }
}

#[tokio::test]
async fn a_broken_answer_is_a_protocol_error_and_nobody_there_a_connect_error() {
    let client = Client::new("").unwrap();
    for text in ["", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"] {
        let found = send(&client, get(raw(text, false).await)).await;
        assert!(matches!(found, Err(ClientError::Protocol(_))), "{text} {found:?}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let found = send(&client, get(url)).await;
    assert!(matches!(found, Err(ClientError::Connect(_))), "{found:?}");
}

#[test]
fn an_extra_ca_that_is_none_is_refused() {
    let block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(Client::new(block), Err(ClientError::Tls(_))));
}
