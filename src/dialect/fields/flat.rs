//! The bodies that clients really send: one flat object of plain texts, integers and literals. They are taken
//! apart here in one pass; everything else, and every error, is the JSON library's.

/// A member's name, and its value as JSON.
pub type Member<'a> = (&'a str, &'a str);

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
            members.push((&name[1..name.len() - 1], value));
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
    (!inner.bytes().any(|byte| byte == b'\\')).then_some(inner)
}

/// The texts of a list, each with its quotes, or `None` when it is anything but at most `most` plain ones.
pub fn texts(raw: &str, most: usize) -> Option<Vec<&str>> {
    let mut scan = Scan { text: raw, at: 0 };
    scan.byte(b'[')?;
    scan.space();
    let mut texts = Vec::with_capacity(most);
    while scan.peek()? != b']' || !texts.is_empty() {
        if texts.len() == most {
            return None;
        }
        texts.push(scan.text()?);
        scan.space();
        if scan.peek()? == b']' {
            break;
        }
        scan.byte(b',')?;
        scan.space();
    }
    (scan.at + 1 == raw.len()).then_some(texts)
}

/// Where the first byte is that ends a plain text or makes it none, eight bytes at a time.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let are = |word: u64, byte: u8| zeros(word ^ (ONES * u64::from(byte)));
    let (words, rest) = bytes.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let ends = are(word, b'"') | are(word, b'\\');
        if ends | control != 0 {
            // The lowest mark is right; a borrow may have set some above it.
            return n * 8 + (ends | control).trailing_zeros() as usize / 8;
        }
    }
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    words.len() * 8 + rest.iter().position(ends).unwrap_or(rest.len())
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
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return self.text.get(from..self.at),
                b'\\' | 0..=0x1f => return None,
                _ => {}
            }
        }
    }

    /// The same for many in a row.
    fn text(&mut self) -> Option<&'a str> {
        let from = self.at;
        self.byte(b'"')?;
        self.at += plain_length(self.text.as_bytes().get(self.at..)?);
        self.byte(b'"')?;
        self.text.get(from..self.at)
    }

    fn value(&mut self) -> Option<&'a str> {
        match self.peek()? {
            b'"' => self.string(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.integer(),
        }
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
        let ours = members.iter().map(|(name, raw)| ((*name).to_owned(), read(raw))).collect();
        assert_eq!(Some(ours), library(text), "{text}");
        for (_, raw) in members {
            assert_eq!(plain(raw), read(raw).as_str(), "{raw}");
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
        ];
        assert_eq!(members(beat).unwrap(), told);
        assert_eq!(members("{}").unwrap(), []);
        for other in [
            r#"{"a":"\n"}"#,
            r#"{"a":1.5}"#,
            r#"{"a":01}"#,
            r#"{"a":-}"#,
            r#"{"a":[1]}"#,
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

    fn lists_agree(raw: &str) {
        let Some(texts) = texts(raw, 5) else { return };
        let read: Vec<String> = serde_json::from_str(raw).unwrap();
        assert!(
            texts.iter().map(|raw| plain(raw)).eq(read.iter().map(|t| Some(t.as_str()))),
            "{raw}"
        );
        // As the library would write it.
        let written = read.iter().map(|text| serde_json::to_string(text).unwrap());
        assert!(written.eq(texts), "{raw}");
    }

    #[test]
    fn a_list_of_plain_texts_is_taken_apart_and_any_other_is_not() {
        assert_eq!(
            texts(r#"["a", "längerer Text" ,"",  "0123456789abcdef"]"#, 4).unwrap().len(),
            4
        );
        assert_eq!(texts("[ ]", 4).unwrap(), [""; 0]);
        for other in [
            r#"["a","b"]"#,
            r#"["a",]"#,
            r#"[,"a"]"#,
            r#"["a" "b"]"#,
            r#"["a"]x"#,
            r#"["a"] "#,
            r#"["\n"]"#,
            r#"[1]"#,
            r#"["a""#,
            r#"["a"#,
            "[",
            "",
            "{}",
            "[\"\u{1}\"]",
            "[\"0123456789\u{1f}abcdef\"]",
        ] {
            assert_eq!(texts(other, 1), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_list_that_is_taken_apart_here_the_library_reads_in_the_same_way(
            raw in r#"\[ ?("[ a-zé"\\\u{1}\u{1f}\u{7f}ÿ]{0,20}"[, ]{1,2}){0,6}"[a-z]{0,9}"\]{0,2}"#,
        ) {
            lists_agree(&raw);
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
