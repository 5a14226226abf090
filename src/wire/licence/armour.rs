//! Bytes as text that people carry: by e-mail, QR code, serial paste, dictation.
//!
//! Base32 (RFC 4648, upper case, no padding) between two marker lines. Reading keeps letters and digits and
//! drops everything else before it looks for the markers, so neither line ends, re-wrapping, `> ` of an
//! answered mail, a byte order mark nor lost dashes matter, and lower case is as good as upper.

/// What a text says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    Licence,
    Request,
}

/// Longest text that is looked at: a mail with a licence in it, not a mailbox.
pub const TEXT_MAX: usize = 256 << 10;
/// Characters a line; 8 make 5 bytes.
const LINE: usize = 64;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmourError {
    /// The markers are not there, or the text is too long.
    NoMarkers,
    /// What lies between them is not what was written.
    Damaged,
}

impl Label {
    const fn words(self) -> &'static str {
        match self {
            Self::Licence => "ARCTOS LICENSE",
            Self::Request => "ARCTOS REQUEST",
        }
    }

    /// The words as they are left after a text was stripped.
    fn marker(self, edge: &str) -> String {
        edge.to_owned() + &self.words().replace(' ', "")
    }
}

/// For mail and paste: lines of 64 characters between marker lines.
pub fn text(label: Label, bytes: &[u8]) -> String {
    let words = label.words();
    let body = base32(bytes);
    let mut text = format!("-----BEGIN {words}-----\n");
    for line in body.as_bytes().chunks(LINE) {
        text.extend(line.iter().map(|b| char::from(*b)));
        text.push('\n');
    }
    text + &format!("-----END {words}-----\n")
}

/// The same in one line of capitals, digits, spaces and dashes, for a QR code's alphanumeric mode.
pub fn line(label: Label, bytes: &[u8]) -> String {
    let words = label.words();
    format!("-BEGIN {words}-{}-END {words}-", base32(bytes))
}

/// The bytes of the first such text in `text`, whatever stands around it.
pub fn open(label: Label, text: &[u8]) -> Result<Vec<u8>, ArmourError> {
    if text.len() > TEXT_MAX {
        return Err(ArmourError::NoMarkers);
    }
    let kept = text.iter().filter(|b| b.is_ascii_alphanumeric());
    let kept: String = kept.map(|b| char::from(b.to_ascii_uppercase())).collect();
    let (_, rest) = kept.split_once(&label.marker("BEGIN")).ok_or(ArmourError::NoMarkers)?;
    let (body, _) = rest.split_once(&label.marker("END")).ok_or(ArmourError::NoMarkers)?;
    unbase32(body).ok_or(ArmourError::Damaged)
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(block);
        for n in 0..(group.len() * 8).div_ceil(5) {
            let symbol = (bits >> (35 - 5 * n)) & 31;
            text.push(char::from(ALPHABET[usize::try_from(symbol).unwrap_or(0)]));
        }
    }
    text
}

/// `None` for a foreign character, a length that no bytes have, or spare bits that are not zero.
fn unbase32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut held) = (0u32, 0u32);
    for symbol in text.bytes() {
        let value = ALPHABET.iter().position(|b| *b == symbol)?;
        bits = (bits << 5 | u32::try_from(value).ok()?) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    let spare = bits & ((1 << held) - 1);
    (held < 5 && spare == 0).then_some(bytes)
}
