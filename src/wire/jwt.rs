//! Compact JSON Web Tokens signed with HS256, and no other kind: the algorithm is ours to fix, never the
//! token's to choose. It knows no claim and no clock: whoever reads a token judges `exp` and `nbf`.
//!
//! ```text
//! base64url({"typ":"JWT","alg":"HS256"}) "." base64url(claims as JSON) "." base64url(HMAC-SHA256)
//! ```

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A longer text is none of ours: claims are a few short fields.
const CHARS_MAX: usize = 4096;
const HEADER: &[u8] = br#"{"typ":"JWT","alg":"HS256"}"#;

/// Why a text is no token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwtError {
    /// Not three parts of base64url with JSON in them, or too long, or without the claims that are asked for.
    Malformed,
    /// `none`, another algorithm, or a header that asks for something we do not do.
    Algorithm,
    /// Signed with another key, or altered.
    Signature,
}

/// The token for these claims.
pub fn sign(key: &[u8], claims: &impl Serialize) -> String {
    let claims = serde_json::to_vec(claims).expect("claims are plain fields of text and numbers");
    let mut token = URL_SAFE_NO_PAD.encode(HEADER);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(code, &mut token);
    token
}

/// The claims of a token that this key signed. The signature is compared in constant time.
///
/// # Errors
/// As of [`JwtError`]; the claims are not read before the signature is good.
pub fn verify<C: DeserializeOwned>(key: &[u8], token: &str) -> Result<C, JwtError> {
    if token.len() > CHARS_MAX {
        return Err(JwtError::Malformed);
    }
    let (signed, code) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(JwtError::Malformed)?;
    let header: Header = part(header)?;
    if header.alg != "HS256" || header.crit.is_some() {
        return Err(JwtError::Algorithm);
    }
    let code = URL_SAFE_NO_PAD.decode(code).map_err(|_| JwtError::Malformed)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::verify(&key, signed.as_bytes(), &code).map_err(|_| JwtError::Signature)?;
    part(claims)
}

/// The claims of a text in the form of a token, as JSON, whoever wrote it.
///
/// # Errors
/// `Malformed`.
pub fn claims(token: &str) -> Result<Vec<u8>, JwtError> {
    let mut parts = token.split('.');
    let claims = parts.nth(1).filter(|_| token.len() <= CHARS_MAX && parts.count() == 1);
    URL_SAFE_NO_PAD.decode(claims.ok_or(JwtError::Malformed)?).map_err(|_| JwtError::Malformed)
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Extensions that a reader must understand (RFC 7515, 4.1.11): we understand none.
    crit: Option<serde_json::Value>,
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, JwtError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| JwtError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| JwtError::Malformed)
}

#[cfg(test)]
mod tests;
