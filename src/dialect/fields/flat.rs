//! The bodies that clients really send: one flat object of plain texts, lists of them, integers and literals.
//! They are taken apart here in one pass; everything else, and every error, is the JSON library's.

use std::borrow::Cow;

use super::Member;
use super::plain::plain_length;

/// The members in their order, or `None` when the text is anything but such an object. Whatever is found here,
/// the library finds as well.
pub fn members(text: &str) -> Option<Vec<Member<'_>>> {
    let mut scan = Scan { text, at: 0 };
    let mut members = Vec::with_capacity(8);
    scan.space();
    scan.items(b'{', b'}', |scan| {
        let name = scan.string()?;
        scan.space();
        scan.byte(b':')?;
        scan.space();
        let value = scan.value()?;
        members.push((Cow::Borrowed(&name[1..name.len() - 1]), Cow::Borrowed(value)));
        Some(())
    })?;
    scan.space();
    (scan.at == text.len()).then_some(members)
}

/// The texts of a list, each with its quotes, or `None` when it is anything but at most `most` plain ones.
pub fn texts(raw: &str, most: usize) -> Option<Vec<&str>> {
    let mut scan = Scan { text: raw, at: 0 };
    let mut texts = Vec::with_capacity(most);
    scan.items(b'[', b']', |scan| {
        let text = scan.string()?;
        (texts.len() < most).then(|| texts.push(text))
    })?;
    (scan.at == raw.len()).then_some(texts)
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
        self.items(b'[', b']', |scan| scan.string().map(drop))?;
        self.text.get(from..self.at)
    }

    /// What stands between two brackets, with commas in between.
    fn items(
        &mut self,
        open: u8,
        close: u8,
        mut one: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.byte(open)?;
        self.space();
        if self.peek()? != close {
            loop {
                one(self)?;
                self.space();
                if self.peek()? == close {
                    break;
                }
                self.byte(b',')?;
                self.space();
            }
        }
        self.byte(close)
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
mod tests;
