//! The same over TLS, on the real program: the browser's `wss:`, with the cookie of its kind.

use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_websockets::ClientBuilder;

use crate::process::{Person, Service, Wire};
use crate::socket::Client;

#[tokio::test]
async fn over_tls_a_page_comes_in_with_the_secure_cookie_and_not_with_the_plain_one() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &["--set", "recorder.ffmpeg=/bin/false"]);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    let ca = Wire::open(service.http).await.get("/ca.crt", &[]).await;
    let addr = service.https.unwrap();
    let connect = async |cookie: &str| {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&ca.body).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tcp = TcpStream::connect(addr).await.unwrap();
        let name = ServerName::from(addr.ip());
        let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap();
        let uri = format!("wss://{addr}/box/v1/channel?group={room}&since=0").parse().unwrap();
        let header = |name, value: &str| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        let mut builder = ClientBuilder::from_uri(uri);
        for (name, value) in [
            header("cookie", &format!("{cookie}={}", ann.token)),
            header("origin", &format!("https://{addr}")),
        ] {
            builder = builder.add_header(name, value).unwrap();
        }
        Client { stream: builder.connect_on(tls).await.unwrap().0 }
    };
    let mut page = connect("__Host-arctos_session").await;
    assert_eq!(page.json().await["body"]["online"][0], "ann");
    assert_eq!(page.json().await["type"], 1001);
    let mut plain = connect("arctos_session").await;
    plain.say(r#"{"since":0}"#).await;
    assert_eq!(plain.end().await.0, 4001);
}
