//! The bodies that clients really send: one flat object of plain texts, lists of them, integers and literals.
//! They are taken apart here in one pass; everything else, and every error, is the JSON library's.

use std::borrow::Cow;

use super::Member;
use super::list::plain_length;

/// The members in their order, or `None` when the text is anything but such an object. Whatever is found here,
/// the library finds as well.
pub fn members(text: &str) -> Option<Vec<Member<'_>>> {
    let mut scan = Scan { text, at: 0 };
    scan.space();
    scan.byte(b'{')?;
    scan.space();
    let mut members = Vec::with_capacity(8);
    if scan.peek()? != b'}' {
        loop {
            let name = scan.string()?;
            scan.space();
            scan.byte(b':')?;
            scan.space();
            let value = scan.value()?;
            members.push((Cow::Borrowed(&name[1..name.len() - 1]), Cow::Borrowed(value)));
            scan.space();
            if scan.peek()? == b'}' {
                break;
            }
            scan.byte(b',')?;
            scan.space();
        }
    }
    scan.byte(b'}')?;
    scan.space();
    (scan.at == text.len()).then_some(members)
}

/// What a JSON text says, without a copy when it is plain.
pub fn plain(raw: &str) -> Option<&str> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    (plain_length(inner.as_bytes()) == inner.len()).then_some(inner)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn byte(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// A text without escapes, with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        let from = self.at;
        self.byte(b'"')?;
        self.at += plain_length(self.text.as_bytes().get(self.at..)?);
        self.byte(b'"')?;
        self.text.get(from..self.at)
    }

    fn value(&mut self) -> Option<&'a str> {
        match self.peek()? {
            b'"' => self.string(),
            b'[' => self.list(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.integer(),
        }
    }

    /// A list of such texts and of nothing else.
    fn list(&mut self) -> Option<&'a str> {
        let from = self.at;
        self.byte(b'[')?;
        self.space();
        if self.peek()? != b']' {
            loop {
                self.string()?;
                self.space();
                if self.peek()? == b']' {
                    break;
                }
                self.byte(b',')?;
                self.space();
            }
        }
        self.byte(b']')?;
        self.text.get(from..self.at)
    }

    fn word(&mut self, word: &str) -> Option<&'a str> {
        let found = self.text.get(self.at..self.at + word.len()).filter(|found| *found == word)?;
        self.at += word.len();
        Some(found)
    }

    fn integer(&mut self) -> Option<&'a str> {
        let from = self.at;
        let _ = self.byte(b'-');
        let digits = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        let zero = self.text.as_bytes().get(digits) == Some(&b'0');
        let lone = self.at == digits + 1;
        let whole = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        (self.at > digits && (lone || !zero) && whole).then(|| &self.text[from..self.at])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// What the library makes of the same text.
    fn library(text: &str) -> Option<BTreeMap<String, Value>> {
        serde_json::from_str(text).ok()
    }

    fn agrees(text: &str) {
        let Some(members) = members(text) else { return };
        let read = |raw: &str| serde_json::from_str::<Value>(raw).unwrap();
        let ours =
            members.iter().map(|(name, raw)| (name.clone().into_owned(), read(raw))).collect();
        assert_eq!(Some(ours), library(text), "{text}");
        for (_, raw) in members {
            assert_eq!(plain(&raw), read(&raw).as_str(), "{raw}");
        }
    }

    #[test]
    fn a_heartbeat_is_taken_apart_here_and_what_is_not_so_plain_is_left_to_the_library() {
        let beat = r#" {"appid":7, "timeStamp":-1,"token":"a b","x":null,"y":true } "#;
        let told = [
            ("appid", "7"),
            ("timeStamp", "-1"),
            ("token", r#""a b""#),
            ("x", "null"),
            ("y", "true"),
        ]
        .map(|(name, raw)| (Cow::Borrowed(name), Cow::Borrowed(raw)));
        assert_eq!(members(beat).unwrap(), told);
        assert_eq!(members("{}").unwrap(), []);
        let list = members(r#"{"a": [ "x" , "y" ],"b":[]}"#).unwrap();
        assert_eq!((&*list[0].1, &*list[1].1), (r#"[ "x" , "y" ]"#, "[]"));
        for other in [
            r#"{"a":"\n"}"#,
            r#"{"a":1.5}"#,
            r#"{"a":01}"#,
            r#"{"a":-}"#,
            r#"{"a":[1]}"#,
            r#"{"a":["b",]}"#,
            r#"{"a":["b" "c"]}"#,
            r#"{"a":["b"}"#,
            r#"{"a":["\n"]}"#,
            r#"{"a":[["b"]]}"#,
            r#"{"a":1,}"#,
            r#"{"a":1}{"#,
            r#"{"a" 1}"#,
            r#"{a:1}"#,
            "[]",
            "",
            "{",
            r#"{"a":1e3}"#,
            r#"{"a":nul}"#,
            r#"{,}"#,
        ] {
            assert_eq!(members(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn lists_are_what_the_library_reads(
            text in r#"\{"a": ?\[ ?("[a-z\\é]{0,9}"[, ]{1,2}){0,4}("[a-z]{0,9}"|1)? ?\],?"b":1\}"#,
        ) {
            agrees(&text);
        }

        #[test]
        fn whatever_is_taken_apart_here_the_library_reads_in_the_same_way(
            text in r#"[ \{]{1,2}("[a-z\\"\u{1}é]{0,3}"[: ]{1,2}(-?[0-9.e]{0,3}|"[a-z\\n"é]{0,3}"|true|null|tru|[\[\]])[,\} ]{0,2}){0,3}[\}]{0,2}"#,
        ) {
            agrees(&text);
        }

        #[test]
        fn any_text_at_all_is_no_danger(text in ".{0,40}") {
            agrees(&text);
        }
    }
}
