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
mod tests;
