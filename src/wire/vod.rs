//! Signatures of Tencent's video service: API calls (version 2) and uploads from a client.
//! Which actions may be signed, and for whom, is not decided here.
//!
//! Source: facts.md, "VOD get_sign" and "VOD get_client_sign" (document 001, `svc=vod`).

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::Deserialize;

/// Signs `METHOD host path ? k=v & …`: keys sorted by bytes, then `_` made `.`, values raw.
///
/// `SecretId` is always ours, whatever the parameters say. The hash is that of the parameter
/// `SignatureMethod`, HmacSHA1 without one.
///
/// As nothing in the signed text is encoded, a `&` inside a value would let it stand for another call
/// (another Action, say) than the one that was judged. Such calls are refused as [`VodError::Ambiguous`].
pub fn sign(call: &Call<'_>, secret_id: &str, secret_key: &str) -> Result<Signed, VodError> {
    let hash = match call.params.get("SignatureMethod") {
        None => Hash::Sha1,
        Some(Value::Text(name)) => Hash::named(name).ok_or(VodError::Hash)?,
        Some(Value::Whole(_) | Value::Real(_)) => return Err(VodError::Hash),
    };
    if !is_host(call.host) || !is_path(call.path) {
        return Err(VodError::Ambiguous);
    }
    let mut pairs: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in call.params {
        let value = value.to_string();
        if !is_name(name) || value.contains('&') {
            return Err(VodError::Ambiguous);
        }
        pairs.insert(name, value);
    }
    pairs.insert("SecretId", secret_id.to_owned());
    let query: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={value}", name.replace('_', "."))).collect();
    let text = format!("{}{}{}?{}", call.verb.as_str(), call.host, call.path, query.join("&"));
    let tag = hmac::sign(&hmac::Key::new(hash.algorithm(), secret_key.as_bytes()), text.as_bytes());
    Ok(Signed { sign: STANDARD.encode(tag.as_ref()), hash })
}

/// The signature with which a client uploads to Tencent directly: standard Base64 of HMAC-SHA1 followed by
/// `secretId=…&currentTimeStamp=…&expireTime=…&random=…`. Times in Unix seconds.
pub fn client_sign(grant: &ClientGrant<'_>, secret_key: &str) -> String {
    let original = format!(
        "secretId={}&currentTimeStamp={}&expireTime={}&random={}",
        form_encoded(grant.secret_id),
        grant.now_s,
        grant.expires_s,
        grant.random
    );
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret_key.as_bytes());
    let tag = hmac::sign(&key, original.as_bytes());
    STANDARD.encode([tag.as_ref(), original.as_bytes()].concat())
}

/// One API call to sign. `host` without scheme, `path` from its slash, without query.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub verb: Verb,
    pub host: &'a str,
    pub path: &'a str,
    pub params: &'a BTreeMap<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
}

impl Verb {
    /// Exactly `GET` or `POST`, as the original checks it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "GET" => Some(Self::Get),
            "POST" => Some(Self::Post),
            _ => None,
        }
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A parameter's value: JSON text or number.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Whole(i64),
    Real(f64),
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(n) => n.fmt(f),
            Self::Real(n) => n.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Base64 of the code, and the hash that made it (`SignatureMethod` of the answer).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub sign: String,
    pub hash: Hash,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "HmacSHA1" => Some(Self::Sha1),
            "HmacSHA256" => Some(Self::Sha256),
            _ => None,
        }
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "HmacSHA1",
            Self::Sha256 => "HmacSHA256",
        }
    }
    fn algorithm(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VodError {
    /// `SignatureMethod` is neither HmacSHA1 nor HmacSHA256.
    Hash,
    /// Host, path, a name or a value holds a character that could pass for another part of the call.
    Ambiguous,
}

/// What a client's upload signature says.
#[derive(Clone, Copy, Debug)]
pub struct ClientGrant<'a> {
    pub secret_id: &'a str,
    pub now_s: i64,
    pub expires_s: i64,
    pub random: u32,
}

/// How long a client's upload signature of document 001 is good: 30 days, in seconds.
pub const CLIENT_VALID_S: i64 = 2_592_000;

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b))
}

fn is_path(path: &str) -> bool {
    path.starts_with('/') && !path.contains(['?', '&', '#'])
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// PHP's `http_build_query`: letters, digits and `-._` stay, a space is `+`.
fn form_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'.' | b'_' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests;
