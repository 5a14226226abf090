//! The bodies that clients really send: one flat object of plain texts, lists of them, integers and literals.
//! They are taken apart here in one pass; everything else, and every error, is the JSON library's.

use super::plain::plain_end;

/// Places for the texts of a list, to begin with.
const LIST: usize = 64;

/// An object that is such a body.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Flat<'a> {
    /// In their order.
    pub members: Vec<Member<'a>>,
    /// The texts of all lists, one list after the other.
    texts: Vec<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    pub name: &'a str,
    /// Its value as JSON.
    pub raw: &'a str,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    /// From this one to that one of all texts.
    List(usize, usize),
    Other,
}

impl<'a> Member<'a> {
    /// What a text says.
    pub fn text(&self) -> Option<&'a str> {
        match self.form {
            Form::Text => self.raw.get(1..self.raw.len() - 1),
            Form::List(..) | Form::Other => None,
        }
    }
}

impl<'a> Flat<'a> {
    /// `None` when the text is anything but such an object. Whatever is found here, the library finds as well.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut scan = Scan { text, bytes: text.as_bytes(), at: 0, texts: Vec::new() };
        let mut members = Vec::with_capacity(8);
        scan.space();
        scan.byte(b'{')?;
        scan.space();
        let mut more = scan.peek()? != b'}';
        scan.at += usize::from(!more);
        while more {
            let name = scan.string()?;
            scan.space();
            scan.byte(b':')?;
            scan.space();
            let from = scan.at;
            let form = scan.value()?;
            members.push(Member { name, raw: text.get(from..scan.at)?, form });
            more = scan.goes_on(b'}')?;
        }
        scan.space();
        (scan.at == text.len()).then_some(Self { members, texts: scan.texts })
    }

    /// What a list of texts says.
    pub fn list(&self, member: &Member<'_>) -> Option<&[&'a str]> {
        match member.form {
            Form::List(from, to) => self.texts.get(from..to),
            Form::Text | Form::Other => None,
        }
    }
}

/// Whether nothing of it is escaped in JSON.
pub fn is_plain(text: &str) -> bool {
    plain_end(text.as_bytes(), 0) == text.len()
}

/// What a JSON text says, without a copy when it is plain.
pub fn plain(raw: &str) -> Option<&str> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    is_plain(inner).then_some(inner)
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    texts: Vec<&'a str>,
}

impl<'a> Scan<'a> {
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline(always)]
    fn byte(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    #[inline(always)]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Behind an item: whether another one follows.
    #[inline(always)]
    fn goes_on(&mut self, close: u8) -> Option<bool> {
        self.space();
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => self.space(),
            _ if byte == close => return Some(false),
            _ => return None,
        }
        Some(true)
    }

    /// A text without escapes; what stands between its quotes.
    #[inline(always)]
    fn string(&mut self) -> Option<&'a str> {
        self.byte(b'"')?;
        let from = self.at;
        self.at = plain_end(self.bytes, from);
        let text = self.text.get(from..self.at)?;
        self.byte(b'"').map(|()| text)
    }

    fn value(&mut self) -> Option<Form> {
        match self.peek()? {
            b'"' => return self.string().map(|_| Form::Text),
            b'[' => return self.list(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.integer(),
        }?;
        Some(Form::Other)
    }

    /// A list of such texts and of nothing else.
    fn list(&mut self) -> Option<Form> {
        let from = self.texts.len();
        self.at += 1;
        self.space();
        let mut more = self.peek()? != b']';
        self.at += usize::from(!more);
        while more {
            if self.texts.len() == self.texts.capacity() {
                self.texts.reserve(LIST);
            }
            let text = self.string()?;
            self.texts.push(text);
            // As programs write it: nothing stands between a comma and the next text.
            if matches!(self.bytes.get(self.at..self.at + 2), Some(b",\"")) {
                self.at += 1;
                continue;
            }
            more = self.goes_on(b']')?;
        }
        Some(Form::List(from, self.texts.len()))
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let found = self.bytes.get(self.at..)?.starts_with(word.as_bytes());
        found.then(|| self.at += word.len())
    }

    fn integer(&mut self) -> Option<()> {
        let _ = self.byte(b'-');
        let digits = self.at;
        self.at = past_digits(self.bytes, digits);
        let zero = self.bytes.get(digits) == Some(&b'0');
        let lone = self.at == digits + 1;
        let whole = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        (self.at > digits && (lone || !zero) && whole).then_some(())
    }
}

fn past_digits(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| byte.wrapping_sub(b'0') < 10) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
