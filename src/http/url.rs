//! Query strings, percent coding and URLs, for requests in and out.
//! It resolves no name and normalises no path. Coding refuses nothing: what is malformed stays as sent.

use std::net::Ipv6Addr;

use hyper::Uri;

/// The text after `?`, and form bodies (`application/x-www-form-urlencoded`, WHATWG URL, section 5).
pub mod query {
    use std::borrow::Cow;

    use super::percent;

    /// The pairs of a query string in order of appearance, repeats included, `+` and `%XX` decoded.
    ///
    /// A leading `?` is skipped, empty pieces are dropped, a piece without `=` has an empty value.
    pub fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let text = text.strip_prefix('?').unwrap_or(text);
        // As almost every query is, and then there is nothing to look for in each part.
        let plain = !text.bytes().any(|byte| matches!(byte, b'%' | b'+'));
        let part = move |text| if plain { Cow::Borrowed(text) } else { part(text) };
        text.split('&').filter(|piece| !piece.is_empty()).map(move |piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            (part(name), part(value))
        })
    }

    /// The first value of `name`.
    pub fn first<'a>(text: &'a str, name: &str) -> Option<Cow<'a, str>> {
        pairs(text).find(|(found, _)| found == name).map(|(_, value)| value)
    }

    fn part(text: &str) -> Cow<'_, str> {
        if text.contains('+') {
            // Before the decoding, so that an encoded plus (`%2B`) stays a plus.
            return Cow::Owned(percent::decode(&text.replace('+', " ")).into_owned());
        }
        percent::decode(text)
    }
}

/// `%XX` coding of RFC 3986, section 2.1.
pub mod percent {
    use std::borrow::Cow;

    /// Everything but the unreserved characters (letters, digits, `-._~`) as `%XX`, upper case.
    pub fn encode_component(text: &str) -> String {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push('%');
                out.push(char::from(DIGITS[usize::from(byte >> 4)]));
                out.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
        out
    }

    /// Decodes once, and leaves `+` alone. A `%` without two digits stays; bytes that are no UTF-8
    /// become U+FFFD. The answer may hold `/`, `..` and NUL: whoever makes a path of it checks that
    /// afterwards.
    pub fn decode(text: &str) -> Cow<'_, str> {
        if !text.contains('%') {
            return Cow::Borrowed(text);
        }
        let bytes = text.as_bytes();
        let mut out = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match bytes.get(at + 1..at + 3).and_then(pair) {
                Some(value) if byte == b'%' => {
                    out.push(value);
                    at += 3;
                }
                _ => {
                    out.push(byte);
                    at += 1;
                }
            }
        }
        Cow::Owned(match String::from_utf8(out) {
            Ok(text) => text,
            Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
        })
    }

    fn pair(digits: &[u8]) -> Option<u8> {
        let text = std::str::from_utf8(digits).ok()?;
        // `from_str_radix` alone would take a sign.
        let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| u8::from_str_radix(text, 16).ok()).flatten()
    }
}

/// Where an absolute URL leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `https`, not `http`.
    pub secure: bool,
    /// Name or address, without brackets.
    pub host: String,
    pub port: u16,
    /// For the Host header: with brackets, and with the port unless it is the scheme's own.
    pub authority: String,
    /// Path and query.
    pub path: Uri,
}

impl Target {
    /// `None` unless it is `http` or `https`, ASCII, at most [`URL_BYTES_MAX`], with a host and without user,
    /// password or IPv6 zone. The fragment is dropped.
    pub fn parse(url: &str) -> Option<Self> {
        if url.len() > URL_BYTES_MAX || !url.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let uri: Uri = url.parse().ok()?;
        let (secure, usual) = match uri.scheme_str()? {
            "http" => (false, 80),
            "https" => (true, 443),
            _ => return None,
        };
        let authority = uri.authority()?;
        let named = authority.host();
        // `Authority::port` is silent about a port that is no number, `host` about user and password.
        let port = match authority.as_str().strip_prefix(named)? {
            "" | ":" => usual,
            rest => rest.strip_prefix(':').and_then(port)?,
        };
        let host = match named.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => inner.parse::<Ipv6Addr>().ok()?.to_string(),
            None if is_name(named) => named.to_owned(),
            None => return None,
        };
        let authority = if port == usual { named.to_owned() } else { format!("{named}:{port}") };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
        Some(Self { secure, host, port, authority, path: path.parse().ok()? })
    }
}

/// As much as common servers take.
pub const URL_BYTES_MAX: usize = 8 * 1024;

fn port(digits: &str) -> Option<u16> {
    // `parse` alone would take a sign.
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    number.filter(|port| *port != 0)
}

fn is_name(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

#[cfg(test)]
mod tests;
