//! What a field may be: text, numbers, files, lists, each with its limits in its type.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::flat::plain;
use super::{Fields, Kind, Take};
use crate::model::RoomId;

/// Text of `MIN` to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<const MIN: usize, const MAX: usize>(pub String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Whether its length is right.
    pub(super) fn fit(text: &str) -> Result<(), String> {
        // No text has more characters than bytes, and none but the empty one has no character.
        if MIN <= 1 && (MIN..=MAX).contains(&text.len()) {
            return Ok(());
        }
        let chars = text.chars().count();
        if chars < MIN {
            return Err(if chars == 0 {
                "must not be empty".into()
            } else {
                format!("must have at least {MIN} characters")
            });
        }
        if chars > MAX {
            return Err(format!("must have at most {MAX} characters"));
        }
        Ok(())
    }
}

/// What a JSON text says.
pub(super) fn text(raw: &str) -> Result<Cow<'_, str>, String> {
    match plain(raw) {
        Some(text) => Ok(Cow::Borrowed(text)),
        None => Ok(Cow::Owned(serde_json::from_str(raw).map_err(|_| "must be text")?)),
    }
}

impl<const MIN: usize, const MAX: usize> Take for Text<MIN, MAX> {
    const KIND: Kind = Kind::Text { min: MIN, max: MAX };

    fn take(raw: &str) -> Result<Self, String> {
        let text = text(raw)?;
        Self::fit(&text)?;
        Ok(Self(text.into_owned()))
    }
}

/// Mostly digits that cannot be too many.
fn integer(raw: &str) -> Option<i64> {
    if !(1..=18).contains(&raw.len()) {
        return raw.parse().ok();
    }
    let mut number = 0;
    for byte in raw.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return raw.parse().ok();
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

/// A JSON integer from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Take for Int<MIN, MAX> {
    const KIND: Kind = Kind::Integer { min: MIN, max: MAX };

    fn take(raw: &str) -> Result<Self, String> {
        let n = integer(raw).ok_or("must be an integer")?;
        if (MIN..=MAX).contains(&n) {
            return Ok(Self(n));
        }
        Err(match (MIN, MAX) {
            (i64::MIN, _) => format!("must be at most {MAX}"),
            (_, i64::MAX) => format!("must be at least {MIN}"),
            (_, _) => format!("must be from {MIN} to {MAX}"),
        })
    }
}

/// A lesson's number: an integer, or its digits as text (clients of the original send both).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomNumber(pub RoomId);

impl Take for RoomNumber {
    const KIND: Kind = Kind::Integer { min: 1, max: i64::MAX };

    fn take(raw: &str) -> Result<Self, String> {
        let n = integer(raw).or_else(|| raw.trim_matches('"').parse().ok());
        let n = n.ok_or("must be an integer")?;
        if n < 1 {
            return Err("must be at least 1".into());
        }
        Ok(Self(RoomId(n)))
    }
}

impl<T: Take> Take for Option<T> {
    const KIND: Kind = T::KIND;
    const REQUIRED: bool = false;

    fn take(raw: &str) -> Result<Self, String> {
        if raw == "null" { Ok(None) } else { T::take(raw).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// Parameters of a cloud call: text or numbers, by name in byte order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(pub BTreeMap<String, String>);

/// A cloud call has a few dozen parameters.
const PARAMS: usize = 256;

impl Take for Params {
    const KIND: Kind = Kind::Any;

    fn take(raw: &str) -> Result<Self, String> {
        let fields = Fields::parse(raw.as_bytes()).map_err(|_| "must be an object")?;
        if fields.members().count() > PARAMS {
            return Err(format!("must have at most {PARAMS} members"));
        }
        let mut params = BTreeMap::new();
        for (name, raw) in fields.members() {
            let value = match serde_json::from_str(raw) {
                Ok(serde_json::Value::String(text)) => text,
                Ok(serde_json::Value::Number(_) | serde_json::Value::Bool(_)) => raw.to_owned(),
                _ => return Err(format!("must have text or numbers only, not so {name}")),
            };
            params.insert(name.to_owned(), value);
        }
        Ok(Self(params))
    }
}

/// An integer, or its digits as text: paths, queries and forms have nothing but text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Take for Digits<MIN, MAX> {
    const KIND: Kind = Kind::Integer { min: MIN, max: MAX };

    fn take(raw: &str) -> Result<Self, String> {
        let text = raw;
        let digits = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
        let plain: &RawValue = serde_json::from_str(digits).map_err(|_| "must be an integer")?;
        Int::<MIN, MAX>::take(plain.get()).map(|Int(n)| Self(n))
    }
}

/// `true` or `false`, also as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag(pub bool);

impl Take for Flag {
    const KIND: Kind = Kind::Boolean;

    fn take(raw: &str) -> Result<Self, String> {
        match raw.trim_matches('"') {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err("must be true or false".into()),
        }
    }
}

/// At most `ITEMS` texts of at most `CHARS` characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts<const ITEMS: usize, const CHARS: usize>(pub Vec<String>);

impl<const ITEMS: usize, const CHARS: usize> Take for Texts<ITEMS, CHARS> {
    const KIND: Kind = Kind::Texts { items: ITEMS, max: CHARS };

    fn take(raw: &str) -> Result<Self, String> {
        let texts: Vec<String> =
            serde_json::from_str(raw).map_err(|_| "must be a list of texts")?;
        if texts.len() > ITEMS {
            return Err(format!("must have at most {ITEMS} items"));
        }
        if texts.iter().any(|t| t.chars().count() > CHARS) {
            return Err(format!("must have items of at most {CHARS} characters"));
        }
        Ok(Self(texts))
    }
}

/// A file that came with a form, or as a `data:` URL (RFC 2397, base64 only) in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload<const MAX: usize> {
    pub bytes: Vec<u8>,
}

impl<const MAX: usize> Take for Upload<MAX> {
    const KIND: Kind = Kind::File { max: MAX };

    fn take(raw: &str) -> Result<Self, String> {
        let text: &str = serde_json::from_str(raw).map_err(|_| "must be a file")?;
        let packed = text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
        let (_, packed) = packed.ok_or("must be a file")?;
        let bytes = STANDARD.decode(packed).map_err(|_| "must be a file")?;
        if bytes.len() > MAX {
            return Err(format!("must have at most {MAX} bytes"));
        }
        Ok(Self { bytes })
    }
}
