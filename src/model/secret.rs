//! What nobody may read over a shoulder: a key, a password. It shows as nothing and is wiped when it goes.

use std::fmt;
use std::ops::Deref;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::sha256;

/// Text that is secret. It cannot be compared with `==`: [`same`] is the one way to tell two apart.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

/// In a time that depends neither on where they differ nor on their lengths.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    let pairs = sha256(a).into_iter().zip(sha256(b));
    pairs.fold(0, |differ, (x, y)| differ | (x ^ y)) == 0
}

/// What is no text is not repeated in the error.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer);
        text.map(Self::from).map_err(|_| D::Error::custom("must be text"))
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Deref for Secret {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_as_nothing_and_only_the_same_is_the_same() {
        let secret = Secret::from("correct horse");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "(secret) Some((secret))");
        assert!(same(secret.as_bytes(), b"correct horse"));
        for other in ["", "correct hors", "correct horsf", "Correct horse"] {
            assert!(!same(secret.as_bytes(), other.as_bytes()), "{other}");
        }
        assert!(same(b"", b""));
    }
}
