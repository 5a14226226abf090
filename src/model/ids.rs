//! Names of things. Two kinds of number never mix.

use std::collections::HashMap;
use std::fmt;

use super::keyed::Keyed;

/// `user.id`: from 10001 up, used wherever a dialect wants a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// The number of a lesson: "room" or "course" of document 001. From 10001 up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub i64);

/// A table by number.
pub type ById<K, V> = HashMap<K, V, Keyed>;

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A person's text identity as first spelled, in NFC, and the folded form by which it is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Handle {
    spelled: Box<str>,
    /// Absent where it is what is spelled: so are most, and the box holds one for each token.
    folded: Option<Box<str>>,
}

/// decisions.md, "One directory": at most 64 characters.
pub const HANDLE_CHARS_MAX: usize = 64;

impl Handle {
    /// `None` when empty, longer than 64 characters or with a control character in it.
    pub fn new(text: &str) -> Option<Self> {
        use unicode_normalization::UnicodeNormalization;
        // ASCII is in NFC, and folds to its small letters.
        let is_ascii = text.is_ascii();
        let spelled = if is_ascii { text.to_owned() } else { text.nfc().collect() };
        let chars = spelled.chars().count();
        if chars == 0 || chars > HANDLE_CHARS_MAX || spelled.chars().any(char::is_control) {
            return None;
        }
        let folded = match is_ascii {
            true => spelled.to_ascii_lowercase(),
            false => caseless::default_case_fold_str(&spelled).nfc().collect(),
        };
        let folded = (folded != spelled).then(|| folded.into_boxed_str());
        Some(Self { spelled: spelled.into_boxed_str(), folded })
    }

    pub fn as_str(&self) -> &str {
        &self.spelled
    }

    /// The look-up key: Unicode default case folding, then NFC.
    pub fn key(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.spelled)
    }
}

/// What stands for a token, a code or a body where the thing itself is not kept.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    out
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        text.push(char::from(DIGITS[usize::from(b >> 4)]));
        text.push(char::from(DIGITS[usize::from(b & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_meet_under_case_folding_and_normal_form() {
        let (a, b) =
            (Handle::new("Straße\u{e9}").unwrap(), Handle::new("STRASSEe\u{301}").unwrap());
        assert_eq!(a.key(), b.key());
        assert_eq!(a.as_str(), "Straße\u{e9}");
    }

    #[test]
    fn ascii_takes_a_short_way_to_the_same_key() {
        use unicode_normalization::UnicodeNormalization;
        let all: String = (' '..='~').collect();
        for text in [&all[..48], &all[48..], "ann", "Ann"] {
            let folded: String = caseless::default_case_fold_str(text).nfc().collect();
            let handle = Handle::new(text).unwrap();
            assert_eq!((handle.as_str(), handle.key()), (text, folded.as_str()));
        }
        assert!(Handle::new("a\u{7f}").is_none());
    }

    #[test]
    fn a_handle_is_one_to_sixty_four_plain_characters() {
        assert!(Handle::new("").is_none());
        assert!(Handle::new("a\u{7}").is_none());
        assert!(Handle::new(&"学".repeat(64)).is_some());
        assert!(Handle::new(&"学".repeat(65)).is_none());
    }
}
