//! What a handler has to say, as JSON, with room in front of it for what its dialect's envelope says first: an answer
//! is put together where it lies.

use bytes::{Buf, Bytes};
use serde::Serialize;

use super::fields::{Output, flat};
use crate::model::Fault;

/// The longest head of an envelope has 37 bytes.
const ROOM: usize = 40;

/// An output. Empty is what a command says that says nothing: `null`.
pub struct Json(Vec<u8>);

impl Json {
    /// # Errors
    /// `Internal`: an output that cannot be JSON.
    pub fn of<O: Output + Serialize>(output: &O) -> Result<Self, Fault> {
        if O::IS_NOTHING {
            return Ok(Self(Vec::new()));
        }
        let mut json = Self::with_room_for(128);
        let written = serde_json::to_writer(&mut json.0, output);
        written.map_err(|e| Fault::internal("encoding an answer", e))?;
        Ok(json)
    }

    /// To be written by hand.
    pub fn with_room_for(bytes: usize) -> Self {
        // Its end may be one byte of the envelope.
        let mut room = Vec::with_capacity(ROOM + bytes + 1);
        room.resize(ROOM, b' ');
        Self(room)
    }

    pub fn push(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    /// A text with its quotes, and what has to be escaped in it.
    pub fn quoted(&mut self, text: &str) {
        if !flat::is_plain(text) {
            let quoted = serde_json::to_string(text).expect("text always becomes JSON");
            return self.push(quoted.as_bytes());
        }
        self.0.reserve(text.len() + 2);
        self.0.push(b'"');
        self.push(text.as_bytes());
        self.0.push(b'"');
    }

    pub fn number(&mut self, number: impl Into<i64>) {
        self.push(itoa::Buffer::new().format(number.into()).as_bytes());
    }

    pub fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    pub fn text(&self) -> &[u8] {
        self.0.get(ROOM..).unwrap_or(b"null")
    }

    /// It alone.
    pub fn bare(self) -> Bytes {
        self.within(b"", b"")
    }

    /// Between a head and a tail.
    pub fn within(self, head: &[u8], tail: &[u8]) -> Bytes {
        if self.is_nothing() {
            return [head, b"null", tail].concat().into();
        }
        self.headed(head, 0, tail)
    }

    /// Its members behind those of a head that ends with their comma.
    pub fn among(self, head: &[u8]) -> Bytes {
        match self.is_nothing() {
            true => [head.strip_suffix(b",").unwrap_or(head), b"}"].concat().into(),
            false => self.headed(head, 1, b""),
        }
    }

    /// The head stands in place of its first bytes.
    fn headed(mut self, head: &[u8], instead_of: usize, tail: &[u8]) -> Bytes {
        let behind = ROOM + instead_of;
        let from = behind - head.len();
        self.0[from..behind].copy_from_slice(head);
        self.0.extend_from_slice(tail);
        let mut whole = Bytes::from(self.0);
        whole.advance(from);
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::fields::Nothing;

    #[test]
    fn a_head_and_a_tail_stand_around_what_is_said() {
        let said = || {
            let mut json = Json::with_room_for(0);
            json.push(br#"{"a":1}"#);
            json
        };
        assert_eq!(said().text(), br#"{"a":1}"#);
        assert_eq!(said().bare(), r#"{"a":1}"#);
        assert_eq!(said().within(br#"{"data":"#, b"}"), r#"{"data":{"a":1}}"#);
        assert_eq!(said().among(br#"{"code":0,"#), r#"{"code":0,"a":1}"#);
    }

    #[test]
    fn texts_and_numbers_are_written_as_the_library_writes_them() {
        for text in ["", "plain", "a\"b\\c\n\u{1}\u{7f}é學", "/"] {
            let mut json = Json::with_room_for(0);
            json.quoted(text);
            assert_eq!(json.text(), serde_json::to_vec(text).unwrap());
        }
        for number in [0, 7, -1, 10_009, i64::MAX, i64::MIN] {
            let mut json = Json::with_room_for(0);
            json.number(number);
            assert_eq!(json.text(), number.to_string().as_bytes());
        }
    }

    #[test]
    fn nothing_is_null() {
        let nothing = || Json::of(&Nothing).unwrap();
        assert_eq!((nothing().text(), nothing().bare()), (&b"null"[..], "null".into()));
        assert_eq!(nothing().within(br#"{"data":"#, b"}"), r#"{"data":null}"#);
        assert_eq!(nothing().among(br#"{"code":0,"#), r#"{"code":0}"#);
    }
}
