//! Ed25519 keys: public ones by their id, and the vendor's private one. Where they are kept is not known here.

use ring::digest;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::model::hex;

/// Bytes of a signature.
pub const SIGNATURE: usize = 64;

/// A public key that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// First 8 bytes of the SHA-256 of the key, in hexadecimal: nobody chooses it.
    pub id: String,
    bytes: [u8; 32],
}

impl PublicKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        let hash = digest::digest(&digest::SHA256, &bytes);
        Self { id: hex(&hash.as_ref()[..8]), bytes }
    }

    /// 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self::new(unhex(text.trim())?))
    }

    pub fn text(&self) -> String {
        hex(&self.bytes)
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.bytes).verify(message, signature).is_ok()
    }
}

/// A file of public keys: one a line, `#` begins a comment.
///
/// # Errors
/// The number of the line that is none.
pub fn parse_list(text: &str) -> Result<Vec<PublicKey>, usize> {
    let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line.split('#').next()));
    let lines = lines.map(|(n, line)| (n, line.unwrap_or_default().trim()));
    lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(n, line)| PublicKey::parse(line).ok_or(n))
        .collect()
}

/// The vendor's private key. It is never in a box.
pub struct PrivateKey {
    pair: Ed25519KeyPair,
    pub public: PublicKey,
}

impl PrivateKey {
    /// From the 32 random bytes that it is made of.
    pub fn new(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed");
        let mut bytes = [0; 32];
        bytes.copy_from_slice(pair.public_key().as_ref());
        Self { pair, public: PublicKey::new(bytes) }
    }

    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE] {
        let mut bytes = [0; SIGNATURE];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }
}

/// Exactly `N` bytes in hexadecimal.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
