//! `userSig`: the ticket that Tencent's IM and live SDKs take, in its two forms, version 2 (HMAC) and the
//! old one (ECDSA). Who gets one, how long it lives and where keys are kept is not decided here.
//!
//! Source: facts.md, "userSig algorithms" (document 001, login). Both forms are JSON → zlib → standard Base64
//! with `+/=` replaced by `*-_`. Compressors differ: compare what is inside, never the text.
//!
//! Each signed line ends with a newline, so identifiers must hold no control characters
//! (`model::Handle` lets none through).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::{deflate, inflate};
use ring::hmac;
use ring::rand::SecureRandom;
use ring::signature::{self, EcdsaKeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// Version 2. `key` is the app's key text as Tencent shows it (its bytes are the key, it is not decoded);
/// `user_data` is the optional `TLS.userbuf`.
pub fn sign_v2(key: &str, ticket: &Ticket<'_>, user_data: Option<&[u8]>) -> String {
    let mut sealed = SealedV2 {
        ver: VERSION_2.to_owned(),
        identifier: ticket.identifier.to_owned(),
        sdk_appid: ticket.sdk_appid,
        expire_s: ticket.expire_s,
        time_s: ticket.now_s,
        user_data: user_data.map(|bytes| STANDARD.encode(bytes)),
        sig: String::new(),
    };
    let tag = hmac::sign(&hmac_key(key), sealed.lines().as_bytes());
    sealed.sig = STANDARD.encode(tag.as_ref());
    pack(&sealed)
}

/// The old form, as the education server of 2017 issued it: ECDSA P-256 with SHA-256.
pub fn sign_old(
    key: &OldKey,
    ticket: &Ticket<'_>,
    random: &dyn SecureRandom,
) -> Result<String, UserSigError> {
    let mut sealed = SealedOld {
        account_type: "0".to_owned(),
        identifier: ticket.identifier.to_owned(),
        appid_at_3rd: "0".to_owned(),
        sdk_appid: ticket.sdk_appid.to_string(),
        expire_after: ticket.expire_s.to_string(),
        version: VERSION_OLD.to_owned(),
        time: ticket.now_s.to_string(),
        sig: String::new(),
    };
    let made = key.pair.sign(random, sealed.lines().as_bytes());
    sealed.sig = STANDARD.encode(made.map_err(|_| UserSigError::Random)?);
    Ok(pack(&sealed))
}

/// What a genuine `userSig` says. Whether it is still alive is for the caller, who knows the time.
pub fn open(text: &str, check: &Check<'_>) -> Result<Opened, UserSigError> {
    let json = unpack(text)?;
    match check {
        Check::V2 { key } => {
            let sealed: SealedV2 = serde_json::from_slice(&json).map_err(|_| UserSigError::Json)?;
            let tag = decode(&sealed.sig)?;
            hmac::verify(&hmac_key(key), sealed.lines().as_bytes(), &tag)
                .map_err(|_| UserSigError::Forged)?;
            sealed.opened()
        }
        Check::Old { point } => {
            let sealed: SealedOld =
                serde_json::from_slice(&json).map_err(|_| UserSigError::Json)?;
            let sig = decode(&sealed.sig)?;
            UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, point)
                .verify(sealed.lines().as_bytes(), &sig)
                .map_err(|_| UserSigError::Forged)?;
            sealed.opened()
        }
    }
}

/// What goes into a `userSig`: `now_s` in Unix seconds, `expire_s` seconds from then on.
#[derive(Clone, Copy, Debug)]
pub struct Ticket<'a> {
    pub sdk_appid: u64,
    pub identifier: &'a str,
    pub now_s: i64,
    pub expire_s: i64,
}

/// The key of the old form.
pub struct OldKey {
    pair: EcdsaKeyPair,
}

impl OldKey {
    /// A P-256 key as PKCS#8: PEM text (`BEGIN PRIVATE KEY`), or the same Base64 without its frame.
    /// `BEGIN EC PRIVATE KEY` (SEC 1) is refused; `openssl pkcs8 -topk8 -nocrypt` converts it.
    pub fn from_text(text: &str, random: &dyn SecureRandom) -> Result<Self, UserSigError> {
        let der = pem_to_der(text).ok_or(UserSigError::Key)?;
        let curve = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let pair = EcdsaKeyPair::from_pkcs8(curve, &der, random);
        Ok(Self { pair: pair.map_err(|_| UserSigError::Key)? })
    }

    /// The public point, uncompressed (65 bytes), for [`Check::Old`].
    pub fn point(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }
}

/// With what a `userSig` is verified.
pub enum Check<'a> {
    V2 {
        key: &'a str,
    },
    /// `point`: the uncompressed P-256 point, 65 bytes; of a DER public key (SPKI) the last 65.
    Old {
        point: &'a [u8],
    },
}

/// The content of a genuine `userSig`. Times in seconds, `time_s` since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub identifier: String,
    pub sdk_appid: u64,
    pub time_s: i64,
    pub expire_s: i64,
    pub user_data: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSigError {
    /// No PKCS#8 key of the curve P-256 with its public half.
    Key,
    /// The random source did not answer.
    Random,
    /// Base64, here or within.
    Encoding,
    /// Not zlib, or over [`INFLATED_BYTES_MAX`] inside.
    Inflate,
    Json,
    Forged,
}

/// Tencent's documentation keeps one below 512 characters; a bomb must not grow beyond this.
pub const INFLATED_BYTES_MAX: usize = 8 * 1024;

/// Random bytes deflate to a little more than themselves, Base64 adds a third.
const TEXT_BYTES_MAX: usize = 2 * INFLATED_BYTES_MAX;

const VERSION_2: &str = "2.0";
const VERSION_OLD: &str = "201512300000";

#[derive(Serialize, Deserialize)]
struct SealedV2 {
    #[serde(rename = "TLS.ver")]
    ver: String,
    #[serde(rename = "TLS.identifier")]
    identifier: String,
    #[serde(rename = "TLS.sdkappid")]
    sdk_appid: u64,
    #[serde(rename = "TLS.expire")]
    expire_s: i64,
    #[serde(rename = "TLS.time")]
    time_s: i64,
    #[serde(rename = "TLS.userbuf", default, skip_serializing_if = "Option::is_none")]
    user_data: Option<String>,
    #[serde(rename = "TLS.sig")]
    sig: String,
}

impl SealedV2 {
    fn lines(&self) -> String {
        let user_data = self.user_data.as_ref();
        let user_data = user_data.map_or(String::new(), |text| format!("TLS.userbuf:{text}\n"));
        format!(
            "TLS.identifier:{}\nTLS.sdkappid:{}\nTLS.time:{}\nTLS.expire:{}\n{user_data}",
            self.identifier, self.sdk_appid, self.time_s, self.expire_s
        )
    }

    fn opened(self) -> Result<Opened, UserSigError> {
        if self.ver != VERSION_2 {
            return Err(UserSigError::Json);
        }
        Ok(Opened {
            identifier: self.identifier,
            sdk_appid: self.sdk_appid,
            time_s: self.time_s,
            expire_s: self.expire_s,
            user_data: self.user_data.map(|text| decode(&text)).transpose()?,
        })
    }
}

/// Every field is text, numbers too.
#[derive(Serialize, Deserialize)]
struct SealedOld {
    #[serde(rename = "TLS.account_type")]
    account_type: String,
    #[serde(rename = "TLS.identifier")]
    identifier: String,
    #[serde(rename = "TLS.appid_at_3rd")]
    appid_at_3rd: String,
    #[serde(rename = "TLS.sdk_appid")]
    sdk_appid: String,
    #[serde(rename = "TLS.expire_after")]
    expire_after: String,
    #[serde(rename = "TLS.version")]
    version: String,
    #[serde(rename = "TLS.time")]
    time: String,
    #[serde(rename = "TLS.sig")]
    sig: String,
}

impl SealedOld {
    fn lines(&self) -> String {
        format!(
            "TLS.appid_at_3rd:{}\nTLS.account_type:{}\nTLS.identifier:{}\nTLS.sdk_appid:{}\n\
             TLS.time:{}\nTLS.expire_after:{}\n",
            self.appid_at_3rd,
            self.account_type,
            self.identifier,
            self.sdk_appid,
            self.time,
            self.expire_after
        )
    }

    fn opened(self) -> Result<Opened, UserSigError> {
        Ok(Opened {
            sdk_appid: self.sdk_appid.parse().map_err(|_| UserSigError::Json)?,
            time_s: self.time.parse().map_err(|_| UserSigError::Json)?,
            expire_s: self.expire_after.parse().map_err(|_| UserSigError::Json)?,
            identifier: self.identifier,
            user_data: None,
        })
    }
}

fn hmac_key(key: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())
}

fn pack(sealed: &impl Serialize) -> String {
    const LEVEL: u8 = 6; // zlib's own default
    let json = serde_json::to_vec(sealed).expect("a struct of texts and numbers has a JSON form");
    let packed = deflate::compress_to_vec_zlib(&json, LEVEL);
    STANDARD.encode(packed).replace('+', "*").replace('/', "-").replace('=', "_")
}

fn unpack(text: &str) -> Result<Vec<u8>, UserSigError> {
    if text.len() > TEXT_BYTES_MAX || text.contains(['+', '/', '=']) {
        return Err(UserSigError::Encoding);
    }
    let packed = decode(&text.replace('*', "+").replace('-', "/").replace('_', "="))?;
    inflate::decompress_to_vec_zlib_with_limit(&packed, INFLATED_BYTES_MAX)
        .map_err(|_| UserSigError::Inflate)
}

fn decode(text: &str) -> Result<Vec<u8>, UserSigError> {
    STANDARD.decode(text).map_err(|_| UserSigError::Encoding)
}

/// The first `PRIVATE KEY` block of a PEM text, or the whole text as Base64 when it has no frame.
fn pem_to_der(text: &str) -> Option<Vec<u8>> {
    const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
    const END: &str = "-----END PRIVATE KEY-----";
    let inner = match text.split_once(BEGIN) {
        Some((_, rest)) => rest.split_once(END)?.0,
        None => text,
    };
    let compact: String = inner.split_ascii_whitespace().collect();
    STANDARD.decode(compact).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::rand::SystemRandom;

    use super::*;

    /// The public sample key of Tencent's SDK tests.
    const KEY: &str = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
    /// PyPI tls-sig-api-v2 1.1 with its clock at 1560000000: `gen_sig('xiaojun')`, the same with
    /// `gen_sig_with_userbuf(…, b'abc')`, and `gen_sig('学生"1', 86400)`.
    const PYPI: &str = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpYJkTE1NjRDiJZm5EFEzVPXFmekgG4ot3EItvIJMI52KfKoswyKL0gNK-SuNws2iUpzdfMuK0sK9vZJdAguLU-NtlWoBF48z1Q__";
    const PYPI_USERBUF: &str = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpYJkTE1NjRDiJZm5EFEzVPWlxalFSaVpIFsiw72y4FZkpoOEUoy9iowigguM-FOdPJNLAsLSzIr99JMjqnLTUlKSw-zzLYKL3XyDtcMLTGyVagHwCjpC";
    const PYPI_CHINESE: &str = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkYkpNk8zMYkrNTQ3TYpQMYYqKU7ITCwoyU4BKDE0MoAAql1pRkFmUCpSxMDOBC5Zk5oKEDE3NUBUXZ6aDrEl21fZK9cgyC-F20s5P8vEJTDWIykkp9U12dfYqqrLMLyjxyY1Kz0zzLI20VaoFALalNK8_";
    /// Made with openssl, see facts.md.
    const OLD_SIG: &str = "MEQCIHxQGdT+s2OFEGFTzu7iE5dAkWX9AytG7TXAvTjV6fh7AiArRKw5Jn7Pp5tetJVTicp6Bf9s1gwcXIZfLquHIn5sMw==";
    const OLD_SPKI: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEd6N2x2GvDSK38TuwLFFFis+SundgCGPQR2u4vozphfCHCHoTNFcZTQywaAMzI7ni/JOhomug60cyTGRIz1ft8Q==";

    /// `openssl ecparam -name prime256v1 -genkey | openssl pkcs8 -topk8 -nocrypt`, a key of this test alone.
    const OPENSSL_PKCS8: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6aPpgxVoyGfZoU6Jor9Xe3o49V+drBQO+LqWFP0E9qKhRANCAASD4MbYQqtpIEBuQ6U4abMRL+SAsH9mlK2awWnwGXAaxJ92cP34X7RlZBaAhXe3ofC997ZDMIZxXtvsD4CS1dC6";

    fn ticket(identifier: &str, expire_s: i64) -> Ticket<'_> {
        Ticket { sdk_appid: 1_400_000_000, identifier, now_s: 1_560_000_000, expire_s }
    }

    fn old_point() -> Vec<u8> {
        let spki = STANDARD.decode(OLD_SPKI).unwrap();
        spki[spki.len() - 65..].to_vec()
    }

    fn inside(text: &str) -> serde_json::Value {
        serde_json::from_slice(&unpack(text).unwrap()).unwrap()
    }

    #[test]
    fn version_2_says_the_same_as_the_official_sdk() {
        let check = |theirs: &str, ticket: &Ticket<'_>, user_data: Option<&[u8]>| {
            assert_eq!(inside(&sign_v2(KEY, ticket, user_data)), inside(theirs));
            let opened = open(theirs, &Check::V2 { key: KEY }).unwrap();
            let expected = Opened {
                identifier: ticket.identifier.to_owned(),
                sdk_appid: ticket.sdk_appid,
                time_s: ticket.now_s,
                expire_s: ticket.expire_s,
                user_data: user_data.map(<[u8]>::to_vec),
            };
            assert_eq!(opened, expected);
        };
        check(PYPI, &ticket("xiaojun", 15_552_000), None);
        check(PYPI_USERBUF, &ticket("xiaojun", 15_552_000), Some(b"abc"));
        check(PYPI_CHINESE, &ticket("学生\"1", 86_400), None);
        let sig = "s8FU8JR5YBrLz9VYrgPuOy2W6ZdCFMvrfWKJcDQqseo=";
        assert_eq!(inside(PYPI)["TLS.sig"], sig);
    }

    #[test]
    fn the_published_old_signature_verifies() {
        let mut sealed = SealedOld {
            account_type: "0".into(),
            identifier: "user000".into(),
            appid_at_3rd: "0".into(),
            sdk_appid: "1400000000".into(),
            expire_after: "15552000".into(),
            version: VERSION_OLD.into(),
            time: "1503490471".into(),
            sig: OLD_SIG.into(),
        };
        let point = old_point();
        let check = Check::Old { point: &point };
        let opened = open(&pack(&sealed), &check).unwrap();
        assert_eq!((&*opened.identifier, opened.time_s), ("user000", 1_503_490_471));
        sealed.identifier = "user001".into();
        assert_eq!(open(&pack(&sealed), &check), Err(UserSigError::Forged));
    }

    #[test]
    fn an_old_signature_is_all_text_and_verifies_under_its_key() {
        let random = SystemRandom::new();
        let key = OldKey::from_text(OPENSSL_PKCS8, &random).unwrap();
        let text = sign_old(&key, &ticket("ann", 60), &random).unwrap();
        let json = inside(&text);
        let mut fields = json.as_object().unwrap().values();
        assert!(fields.all(serde_json::Value::is_string));
        assert_eq!(json["TLS.expire_after"], "60");
        let opened = open(&text, &Check::Old { point: key.point() }).unwrap();
        assert_eq!(opened.identifier, "ann");
        let other = open(&text, &Check::Old { point: &old_point() });
        assert_eq!(other, Err(UserSigError::Forged));
    }

    #[test]
    fn a_key_is_read_from_pem_or_bare_base64_and_nothing_else() {
        let random = SystemRandom::new();
        let bare = OPENSSL_PKCS8;
        let lines: Vec<&str> =
            bare.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect();
        let frame = |kind: &str, end: &str| {
            format!(
                "note\r\n-----BEGIN {kind}-----\r\n{}\r\n-----END {kind}-----{end}",
                lines.join("\r\n")
            )
        };
        let check = |text: &str, good: bool| {
            assert_eq!(OldKey::from_text(text, &random).is_ok(), good, "{text}");
        };
        check(bare, true);
        check(&frame("PRIVATE KEY", "\r\n"), true);
        check(&frame("PRIVATE KEY", ""), true);
        check(&frame("EC PRIVATE KEY", ""), false);
        check(&format!("-----BEGIN PRIVATE KEY-----\n{bare}"), false);
        check("", false);
        check("AAAA", false);
    }

    #[test]
    fn a_bomb_and_a_forgery_are_refused() {
        let check = |text: &str, expected| {
            assert_eq!(open(text, &Check::V2 { key: KEY }), Err(expected), "{text}");
        };
        let bomb = pack(&"a".repeat(INFLATED_BYTES_MAX));
        check(&bomb, UserSigError::Inflate);
        check(&"A".repeat(TEXT_BYTES_MAX + 1), UserSigError::Encoding);
        check("eJ+/", UserSigError::Encoding);
        check("", UserSigError::Inflate);
        check(&pack(&"{}"), UserSigError::Json);
        let forged = sign_v2("other", &ticket("ann", 60), None);
        check(&forged, UserSigError::Forged);
    }

    proptest! {
        #[test]
        fn what_was_signed_opens(identifier in "\\PC{1,64}", now_s in 0..i64::MAX, data in any::<Vec<u8>>()) {
            let ticket = Ticket { now_s, ..ticket(&identifier, 60) };
            let opened = open(&sign_v2("k", &ticket, Some(&data)), &Check::V2 { key: "k" }).unwrap();
            prop_assert_eq!(opened.identifier, identifier);
            prop_assert_eq!((opened.time_s, opened.user_data), (now_s, Some(data)));
        }

        #[test]
        fn any_text_is_answered(text in any::<String>(), json in any::<String>()) {
            for check in [Check::V2 { key: KEY }, Check::Old { point: &[4; 65] }] {
                prop_assert!(open(&text, &check).is_err());
                prop_assert!(open(&pack(&json), &check).is_err());
            }
            prop_assert!(OldKey::from_text(&text, &SystemRandom::new()).is_err());
        }
    }
}
