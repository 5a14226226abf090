//! The box's own TLS identity: a small CA made on first start, which may only speak for the box's names,
//! `.local` and private addresses, and a server certificate that it signs and renews.
//!
//! The CA is never replaced while its key can be read: people have installed it on their devices. The clock
//! is believed only within the CA's life, since a box without a battery wakes up in 1970. Knows no listener.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, SanType, date_time_ymd,
};
use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::crash::{self, Point};
use crate::model::{Fault, Millis};

const DAY: Millis = Millis::seconds(86_400);
/// 2026-01-01. No box is older, so an earlier clock is a wrong clock, and the CA is valid from here.
const ERA: Millis = Millis::seconds(1_767_225_600);
/// A clock past this at first start is as wrong as 1970 (and `time` ends at the year 9999).
const FAR: Millis = Millis(ERA.0 + 50 * 365 * DAY.0);
const CA_LIFE: Millis = Millis(3_653 * DAY.0);
/// Browsers refuse a server certificate that is good for longer than 398 days.
const LEAF_LIFE: Millis = Millis(397 * DAY.0);
/// A server certificate begins this much before it is made, for pupils' devices whose clocks lag.
const LEAF_HEAD_START: Millis = Millis(30 * DAY.0);
const RENEW_BEFORE: Millis = Millis(60 * DAY.0);
/// Names and addresses in one server certificate; past this they are left out and reported.
const NAMES_MAX: usize = 64;

/// Where the box is reached in a school: private, loopback and link-local addresses.
const RANGES: [(IpAddr, u8); 8] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
];

/// What the HTTPS listener and the page that offers the CA need.
pub struct Identity {
    /// TLS 1.2 and 1.3, ALPN `h2` and `http/1.1`.
    pub server_config: Arc<ServerConfig>,
    /// The CA's certificate as PEM, and as DER, which is what phones install from `/ca.crt`.
    pub ca_pem: String,
    pub ca_der: Vec<u8>,
    /// SHA-256 of the CA's certificate, `AA:BB:…`, as devices show it.
    pub fingerprint_sha256: String,
    /// The CA was made in this call: nobody trusts it yet.
    pub ca_is_new: bool,
    /// End of the server certificate, and when to call again: it is renewed after this.
    pub not_after: Millis,
    pub renew_after: Millis,
    /// Names and addresses asked for that the CA may not speak for.
    pub left_out: Vec<String>,
}

/// Reads the box's keys and certificates in `dir`, and makes what is missing, damaged, due or outgrown.
/// Call it again when names or addresses change, and once a day; it writes only when it must.
///
/// # Errors
/// When the folder cannot be read or written. A damaged file is made anew instead.
pub fn load_or_make(
    dir: &Path,
    names: &[String],
    addrs: &[IpAddr],
    now: Millis,
) -> Result<Identity, Fault> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|e| Fault::internal("make the folder of the keys", e))?;
    let (ca, ca_is_new) = Ca::load_or_make(dir, names, now)?;
    let (wanted, left_out) = ca.speaks_for(names, addrs);
    let (facts, server_config) = load_or_make_leaf(dir, &ca, wanted, now)?;
    Ok(Identity {
        server_config: Arc::new(server_config),
        ca_pem: armour("CERTIFICATE", &ca.der),
        fingerprint_sha256: fingerprint(&ca.der),
        ca_der: ca.der,
        ca_is_new,
        not_after: Millis(facts.not_after_ms),
        renew_after: Millis(facts.not_after_ms) - RENEW_BEFORE,
        left_out,
    })
}

struct Ca {
    key: KeyPair,
    der: Vec<u8>,
    facts: CaFacts,
}

/// What a certificate says, kept in front of it in the same file, so that nobody needs to read X.509.
#[derive(Serialize, Deserialize)]
struct CaFacts {
    names: Vec<String>,
    made_ms: i64,
    not_after_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct LeafFacts {
    wanted: Wanted,
    /// Fingerprint of the CA that signed it.
    ca: String,
    made_ms: i64,
    not_after_ms: i64,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Wanted {
    names: Vec<String>,
    addrs: Vec<IpAddr>,
}

impl Ca {
    /// The flag is true when the key is new, and with it the CA.
    fn load_or_make(dir: &Path, names: &[String], now: Millis) -> Result<(Self, bool), Fault> {
        let (key, is_new) = match read_key(&read(dir, "ca.key.pem")?) {
            Some(key) => (key, false),
            None => (new_key()?, true),
        };
        if let Some((facts, der)) = read_certificate::<CaFacts>(&read(dir, "ca.pem")?) {
            let point = key.public_key_raw();
            if der.windows(point.len()).any(|bytes| bytes == point) {
                return Ok((Self { key, der, facts }, false));
            }
        }
        // A certificate lost or damaged beside a good key is signed again under the same name and key,
        // so devices that trust the old one accept what this one signs.
        let made = if (ERA..FAR).contains(&now) { now } else { ERA };
        let names = names.iter().filter_map(|name| dns_name(name));
        let mut names: Vec<_> = names.chain(["local", "localhost"].map(String::from)).collect();
        names.sort();
        names.dedup();
        let facts = CaFacts { names, made_ms: made.0, not_after_ms: (made + CA_LIFE).0 };
        let signed = ca_params(&key, &facts).self_signed(&key);
        let der = signed.map_err(|e| Fault::internal("sign the box's CA", e))?.der().to_vec();
        write(dir, "ca.key.pem", &armour("PRIVATE KEY", key.serialized_der()))?;
        crash::point(Point::KeyMade);
        write(dir, "ca.pem", &with_facts(&facts, &der))?;
        Ok((Self { key, der, facts }, is_new))
    }

    /// What the server certificate will carry, and what it must not: one name outside the CA's
    /// constraints makes clients refuse all the others.
    fn speaks_for(&self, names: &[String], addrs: &[IpAddr]) -> (Wanted, Vec<String>) {
        let mut left_out = Vec::new();
        let mut wanted = Wanted { names: vec!["localhost".to_owned()], addrs: Vec::new() };
        for text in names {
            match dns_name(text) {
                Some(name) if self.permits(&name) && wanted.names.len() < NAMES_MAX => {
                    wanted.names.push(name);
                }
                _ => left_out.push(text.clone()),
            }
        }
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        for addr in loopback.iter().chain(addrs).map(IpAddr::to_canonical) {
            if is_private(addr) && wanted.addrs.len() < NAMES_MAX {
                wanted.addrs.push(addr);
            } else {
                left_out.push(addr.to_string());
            }
        }
        wanted.names.sort();
        wanted.names.dedup();
        wanted.addrs.sort();
        wanted.addrs.dedup();
        (wanted, left_out)
    }

    fn permits(&self, name: &str) -> bool {
        self.facts.names.iter().any(|permitted| {
            name.strip_suffix(permitted.as_str()).is_some_and(|l| l.is_empty() || l.ends_with('.'))
        })
    }
}

/// The certificate in the folder when it still serves, else a new one with a new key.
fn load_or_make_leaf(
    dir: &Path,
    ca: &Ca,
    wanted: Wanted,
    now: Millis,
) -> Result<(LeafFacts, ServerConfig), Fault> {
    let ca_print = fingerprint(&ca.der);
    let doubtful = now < ERA || now.0 >= ca.facts.not_after_ms;
    let mut newest = Millis(ca.facts.made_ms);
    if let Some((facts, der)) = read_certificate::<LeafFacts>(&read(dir, "box.pem")?) {
        let made = Millis(facts.made_ms);
        newest = newest.max(made);
        let early = now < made - LEAF_HEAD_START;
        let due = early || now + RENEW_BEFORE > Millis(facts.not_after_ms);
        let serves = facts.ca == ca_print && facts.wanted == wanted && (doubtful || !due);
        if serves && let Some(key) = read_key(&read(dir, "box.key.pem")?) {
            // Key and certificate are two files; rustls refuses a pair that a power cut put together.
            if let Ok(config) = server_config(der, &key) {
                return Ok((facts, config));
            }
        }
    }
    let made = if doubtful { newest } else { now };
    let not_after = (made - LEAF_HEAD_START + LEAF_LIFE).0.min(ca.facts.not_after_ms);
    let facts = LeafFacts { wanted, ca: ca_print, made_ms: made.0, not_after_ms: not_after };
    let key = new_key()?;
    let der = sign_leaf(ca, &key, &facts)?;
    write(dir, "box.key.pem", &armour("PRIVATE KEY", key.serialized_der()))?;
    write(dir, "box.pem", &with_facts(&facts, &der))?;
    let config = server_config(der, &key);
    Ok((facts, config.map_err(|e| Fault::internal("set up TLS", e))?))
}

fn ca_params(key: &KeyPair, facts: &CaFacts) -> CertificateParams {
    let names = facts.names.iter().cloned().map(GeneralSubtree::DnsName);
    let ranges = RANGES.map(|(a, n)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(a, n)));
    // The name is made from the key: the same key is the same authority, another never looks like it.
    let print = crate::model::hex(&digest(&SHA256, key.public_key_raw()).as_ref()[..4]);
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(&format!("Arctos box authority {print}"));
    valid(&mut params, ERA - LEAF_HEAD_START, Millis(facts.not_after_ms));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: names.chain(ranges).collect(),
        excluded_subtrees: Vec::new(),
    });
    params
}

fn sign_leaf(ca: &Ca, key: &KeyPair, facts: &LeafFacts) -> Result<Vec<u8>, Fault> {
    let doing = "sign the box's certificate";
    let mut names = Vec::new();
    for name in &facts.wanted.names {
        let name = name.as_str().try_into().map_err(|e| Fault::internal(doing, e))?;
        names.push(SanType::DnsName(name));
    }
    let addrs = facts.wanted.addrs.iter().copied().map(SanType::IpAddress);
    let mut params = CertificateParams::default();
    params.subject_alt_names = names.into_iter().chain(addrs).collect();
    params.distinguished_name = common_name("Arctos box");
    let from = Millis(facts.made_ms) - LEAF_HEAD_START;
    valid(&mut params, from, Millis(facts.not_after_ms));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let issuer = Issuer::new(ca_params(&ca.key, &ca.facts), &ca.key);
    let signed = params.signed_by(key, &issuer).map_err(|e| Fault::internal(doing, e))?;
    Ok(signed.der().to_vec())
}

fn server_config(der: Vec<u8>, key: &KeyPair) -> Result<ServerConfig, rustls::Error> {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(der)], PrivateKeyDer::Pkcs8(key))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// A DNS name as certificates carry it: lower case, no leading dot or star, no root dot.
fn dns_name(text: &str) -> Option<String> {
    let name = text.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
    let label = |l: &str| {
        let plain = l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain && (1..=63).contains(&l.len()) && !l.starts_with('-') && !l.ends_with('-')
    };
    let good = name.len() <= 253 && name.split('.').all(label) && name.parse::<IpAddr>().is_err();
    good.then_some(name)
}

fn is_private(addr: IpAddr) -> bool {
    RANGES.iter().any(|(net, prefix)| match (addr, net) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (a.to_bits() ^ n.to_bits()) >> (32 - prefix) == 0,
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits() ^ n.to_bits()) >> (128 - prefix) == 0,
        _ => false,
    })
}

fn common_name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Arctos");
    name.push(DnType::CommonName, text);
    name
}

/// Sets both ends. Both lie between `ERA` and `FAR` plus the CA's life, so the calendar does not run out.
fn valid(params: &mut CertificateParams, from: Millis, until: Millis) {
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + from.to_std();
    params.not_after = epoch + until.to_std();
}

fn new_key() -> Result<KeyPair, Fault> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| Fault::internal("make a key", e))
}

/// `AA:BB:…` of the SHA-256.
fn fingerprint(der: &[u8]) -> String {
    let pairs = digest(&SHA256, der);
    let pairs: Vec<_> = pairs.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

fn armour(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// Text in front of the armour is a comment to every reader of PEM; one file, so one atomic write.
fn with_facts(facts: &impl Serialize, der: &[u8]) -> String {
    let facts = serde_json::to_string(facts).expect("strings and numbers are always JSON");
    format!("{facts}\n{}", armour("CERTIFICATE", der))
}

fn read_certificate<F: DeserializeOwned>(file: &[u8]) -> Option<(F, Vec<u8>)> {
    let facts = file.split(|byte| *byte == b'\n').next()?;
    let facts = serde_json::from_slice(facts).ok()?;
    let der = CertificateDer::from_pem_slice(file).ok()?;
    Some((facts, der.to_vec()))
}

fn read_key(file: &[u8]) -> Option<KeyPair> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(file).ok()?;
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ECDSA_P256_SHA256).ok()
}

/// Empty when there is no such file; any other trouble is an error, so that a key is never replaced
/// because the disk did not answer.
fn read(dir: &Path, name: &str) -> Result<Vec<u8>, Fault> {
    match fs::read(dir.join(name)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        outcome => outcome.map_err(|e| Fault::internal(&format!("read {name}"), e)),
    }
}

/// The old file or the new one, whole, whenever the power goes.
fn write(dir: &Path, name: &str, text: &str) -> Result<(), Fault> {
    let fresh = dir.join(format!(".{name}.new"));
    let attempt = || -> io::Result<()> {
        match fs::remove_file(&fresh) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, dir.join(name))?;
        File::open(dir)?.sync_all()
    };
    attempt().map_err(|e| Fault::internal(&format!("write {name}"), e))
}

#[cfg(test)]
mod tests;
