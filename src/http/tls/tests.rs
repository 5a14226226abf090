//! The identity as clients see it (a real rustls client), and as the folder keeps it over years and accidents.

use super::*;

use std::os::unix::fs::PermissionsExt;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The clients below judge by the machine's real clock, so the certificates are made by it.
fn today() -> Millis {
    crate::model::Clock::system().now()
}

fn names() -> Vec<String> {
    ["arctos-1a2b", "arctos-1a2b.local"].map(String::from).to_vec()
}

fn make(dir: &Path, now: Millis) -> Identity {
    load_or_make(dir, &names(), &["192.168.7.20".parse().unwrap()], now).unwrap()
}

fn box_pem(dir: &Path) -> Vec<u8> {
    fs::read(dir.join("box.pem")).unwrap()
}

/// One TLS connection in memory; the protocol agreed on, or why not.
async fn connect(
    ca_der: &[u8],
    server: Arc<ServerConfig>,
    name: &'static str,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Result<Vec<u8>, io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(ca_der.to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec()];
    let (near, far) = tokio::io::duplex(16 * 1024);
    let serve = async {
        let mut stream = TlsAcceptor::from(server).accept(far).await?;
        stream.write_all(b"hello").await?;
        stream.shutdown().await
    };
    let call = async {
        let name = ServerName::try_from(name).unwrap();
        let mut stream = TlsConnector::from(Arc::new(client)).connect(name, near).await?;
        let protocol = stream.get_ref().1.alpn_protocol().unwrap_or_default().to_vec();
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        assert_eq!(said, "hello");
        Ok(protocol)
    };
    let (called, _) = tokio::join!(call, serve);
    called
}

#[tokio::test]
async fn a_client_that_trusts_the_ca_reaches_the_box_by_each_of_its_names() {
    let dir = tempfile::tempdir().unwrap();
    let identity = make(dir.path(), today());
    let ca = CertificateDer::from_pem_slice(identity.ca_pem.as_bytes()).unwrap();
    for name in
        ["localhost", "127.0.0.1", "::1", "192.168.7.20", "arctos-1a2b", "arctos-1a2b.local"]
    {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let server = identity.server_config.clone();
            let protocol = connect(&ca, server, name, &[version]).await;
            assert_eq!(protocol.unwrap(), b"h2", "{name}");
        }
    }
    let server = identity.server_config.clone();
    let other = connect(&ca, server, "192.168.7.21", &[&rustls::version::TLS13]).await;
    let why = other.unwrap_err().to_string();
    assert!(why.contains("not valid for name"), "{why}");
}

#[tokio::test]
async fn the_ca_cannot_speak_for_anybody_else() {
    let dir = tempfile::tempdir().unwrap();
    let identity = make(dir.path(), today());
    let (ca, _) = Ca::load_or_make(dir.path(), &names(), today()).unwrap();
    for (name, addr) in [("bank.example", "10.0.0.1"), ("arctos-1a2b", "8.8.8.8")] {
        let wanted = Wanted { names: vec![name.to_owned()], addrs: vec![addr.parse().unwrap()] };
        let made_ms = today().0;
        let not_after_ms = made_ms + DAY.0;
        let facts = LeafFacts { wanted, ca: String::new(), made_ms, not_after_ms };
        let key = new_key().unwrap();
        let server = server_config(sign_leaf(&ca, &key, &facts).unwrap(), &key).unwrap();
        let versions = [&rustls::version::TLS13];
        let outcome = connect(&identity.ca_der, Arc::new(server), name, &versions).await;
        let why = outcome.unwrap_err().to_string();
        assert!(why.contains("NameConstraintViolation"), "{name} {addr}: {why}");
    }
}

#[test]
fn a_second_start_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let first = make(dir.path(), today());
    let leaf = box_pem(dir.path());
    let second = make(dir.path(), today() + DAY);
    assert!(first.ca_is_new && !second.ca_is_new);
    assert_eq!(first.ca_pem, second.ca_pem);
    assert_eq!(first.fingerprint_sha256.len(), 95);
    assert_eq!(leaf, box_pem(dir.path()));
    for file in fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
}

#[test]
fn the_server_certificate_follows_time_and_address_and_the_ca_stays() {
    let dir = tempfile::tempdir().unwrap();
    let first = make(dir.path(), today());
    let mut seen = vec![box_pem(dir.path())];
    for (what, days, addr, renewed) in [
        ("before it is due", 300, "192.168.7.20", false),
        ("sixty days before its end", 310, "192.168.7.20", true),
        ("a new address", 310, "10.1.2.3", true),
        ("the clock lost its battery", -30_000, "10.1.2.3", false),
        ("the clock is past the CA's life", 5_000, "10.1.2.3", false),
        ("the clock was ahead and is right again", 2, "10.1.2.3", true),
    ] {
        let now = today() + Millis(days * DAY.0);
        let addrs = [addr.parse().unwrap()];
        let identity = load_or_make(dir.path(), &names(), &addrs, now).unwrap();
        let leaf = box_pem(dir.path());
        assert_eq!(seen.last() != Some(&leaf), renewed, "{what}");
        assert!(renewed != seen.contains(&leaf), "{what}");
        assert_eq!(identity.ca_pem, first.ca_pem, "{what}");
        seen.push(leaf);
    }
}

#[test]
fn names_that_the_ca_may_not_speak_for_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path(), today());
    let asked =
        ["Arctos-1A2B.local.", "box.school.example", "10.0.0.1", "bad_name", "x.arctos-1a2b"];
    let addrs = ["8.8.8.8", "::ffff:10.0.0.9", "fd00::1", "172.32.0.1"].map(|a| a.parse().unwrap());
    let identity = load_or_make(dir.path(), &asked.map(String::from), &addrs, today()).unwrap();
    let left_out = ["box.school.example", "10.0.0.1", "bad_name", "8.8.8.8", "172.32.0.1"];
    assert_eq!(identity.left_out, left_out);
    let (facts, _) = read_certificate::<LeafFacts>(&box_pem(dir.path())).unwrap();
    assert_eq!(facts.wanted.names, ["arctos-1a2b.local", "localhost", "x.arctos-1a2b"]);
    let addrs: Vec<_> = facts.wanted.addrs.iter().map(ToString::to_string).collect();
    assert_eq!(addrs, ["10.0.0.9", "127.0.0.1", "::1", "fd00::1"]);
}

#[test]
fn a_damaged_file_is_made_anew_and_only_a_lost_key_makes_a_new_ca() {
    let dir = tempfile::tempdir().unwrap();
    let first = make(dir.path(), today());
    for (file, ca_is_new) in
        [("box.key.pem", false), ("box.pem", false), ("ca.pem", false), ("ca.key.pem", true)]
    {
        fs::write(dir.path().join(file), "torn").unwrap();
        assert_eq!(make(dir.path(), today()).ca_is_new, ca_is_new, "{file}");
        assert!(!make(dir.path(), today()).ca_is_new, "{file}");
    }
    assert_ne!(make(dir.path(), today()).ca_pem, first.ca_pem);
}

#[tokio::test]
async fn a_ca_signed_again_is_the_one_that_devices_trust() {
    let dir = tempfile::tempdir().unwrap();
    let first = make(dir.path(), today());
    fs::remove_file(dir.path().join("ca.pem")).unwrap();
    let again = make(dir.path(), today() + DAY);
    let versions = [&rustls::version::TLS13];
    connect(&first.ca_der, again.server_config, "localhost", &versions).await.unwrap();
}

#[test]
fn a_key_that_cannot_be_read_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path(), today());
    fs::remove_file(dir.path().join("ca.key.pem")).unwrap();
    fs::create_dir(dir.path().join("ca.key.pem")).unwrap();
    assert!(load_or_make(dir.path(), &names(), &[], today()).is_err());
}
