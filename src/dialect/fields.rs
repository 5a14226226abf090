//! The fields of a JSON body, taken one by one into types that cannot be wrong. What a type takes is also
//! what the API page and the OpenAPI say of it: both are read from `FIELDS`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::{Fault, RoomId};

/// One field of a command's input or output, as the page shows it.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    pub doc: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Text {
        min: usize,
        max: usize,
    },
    Integer {
        min: i64,
        max: i64,
    },
    Number,
    /// An object with these fields.
    Object(&'static [Field]),
    /// An array of objects with these fields.
    List(&'static [Field]),
    /// An object whose members the document does not close.
    Any,
}

/// A command's input.
pub trait Input: Sized {
    const FIELDS: &'static [Field];
    fn take(fields: &Fields<'_>) -> Result<Self, Fault>;
}

/// A command's output.
pub trait Output {
    const FIELDS: &'static [Field];
}

/// What one field may be read into.
pub trait Take: Sized {
    const KIND: Kind;
    const REQUIRED: bool = true;
    /// `Err` completes the sentence "field NAME …".
    fn take(raw: &RawValue) -> Result<Self, String>;
    fn absent() -> Option<Self> {
        None
    }
}

/// What one output field is.
pub trait Shown {
    const KIND: Kind;
    const REQUIRED: bool = true;
}

/// The members of the body's object, unread.
pub struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// An empty body is an object without members.
    ///
    /// # Errors
    /// `Syntax` when the bytes are not one JSON object.
    pub fn parse(body: &'a [u8]) -> Result<Self, Fault> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Vec::new()));
        }
        let mut reader = serde_json::Deserializer::from_slice(body);
        let members = reader.deserialize_map(Members);
        let members = members.and_then(|m| reader.end().map(|()| m));
        members.map(Self).map_err(|e| Fault::Syntax(e.to_string()))
    }

    /// The last member of that name, as JavaScript and PHP have it.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, raw)| *raw)
    }

    /// # Errors
    /// `Invalid`, with the field's name and what is wrong with it.
    pub fn field<T: Take>(&self, name: &'static str) -> Result<T, Fault> {
        match self.get(name) {
            Some(raw) => T::take(raw).map_err(|why| Fault::invalid(name, why)),
            None => T::absent().ok_or_else(|| Fault::invalid(name, "is missing")),
        }
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some(Key(key)) = map.next_key()? {
            members.push((key, map.next_value()?));
        }
        Ok(members)
    }
}

/// A key that borrows from the body unless it had escapes in it.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Text of `MIN` to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<const MIN: usize, const MAX: usize>(pub String);

impl<const MIN: usize, const MAX: usize> Take for Text<MIN, MAX> {
    const KIND: Kind = Kind::Text { min: MIN, max: MAX };

    fn take(raw: &RawValue) -> Result<Self, String> {
        let text: String = serde_json::from_str(raw.get()).map_err(|_| "must be text")?;
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
        Ok(Self(text))
    }
}

/// A JSON integer from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Take for Int<MIN, MAX> {
    const KIND: Kind = Kind::Integer { min: MIN, max: MAX };

    fn take(raw: &RawValue) -> Result<Self, String> {
        let n: i64 = raw.get().parse().map_err(|_| "must be an integer")?;
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

    fn take(raw: &RawValue) -> Result<Self, String> {
        let text = raw.get().trim_matches('"');
        let n: i64 = text.parse().map_err(|_| "must be an integer")?;
        if n < 1 {
            return Err("must be at least 1".into());
        }
        Ok(Self(RoomId(n)))
    }
}

impl<T: Take> Take for Option<T> {
    const KIND: Kind = T::KIND;
    const REQUIRED: bool = false;

    fn take(raw: &RawValue) -> Result<Self, String> {
        if raw.get() == "null" { Ok(None) } else { T::take(raw).map(Some) }
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

    fn take(raw: &RawValue) -> Result<Self, String> {
        let fields = Fields::parse(raw.get().as_bytes()).map_err(|_| "must be an object")?;
        if fields.0.len() > PARAMS {
            return Err(format!("must have at most {PARAMS} members"));
        }
        let mut params = BTreeMap::new();
        for (name, raw) in &fields.0 {
            let value = match serde_json::from_str(raw.get()) {
                Ok(serde_json::Value::String(text)) => text,
                Ok(serde_json::Value::Number(_) | serde_json::Value::Bool(_)) => {
                    raw.get().to_owned()
                }
                _ => return Err(format!("must have text or numbers only, not so {name}")),
            };
            params.insert(name.clone().into_owned(), value);
        }
        Ok(Self(params))
    }
}

/// A field name as the wire has it: Rust's `r#type` is `type`.
pub const fn wire_name(name: &'static str) -> &'static str {
    let bytes = name.as_bytes();
    if bytes.len() > 2 && bytes[0] == b'r' && bytes[1] == b'#' { name.split_at(2).1 } else { name }
}

/// A command's input: a struct whose field names and types are the wire's.
#[macro_export]
macro_rules! input {
    ($(#[doc = $about:literal])* pub struct $name:ident {
        $($(#[doc = $doc:literal])* pub $field:ident : $kind:ty,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug)]
        #[allow(non_snake_case)]
        pub struct $name { $($(#[doc = $doc])* pub $field: $kind,)* }

        impl $crate::dialect::fields::Input for $name {
            const FIELDS: &'static [$crate::dialect::fields::Field] =
                &[$($crate::dialect::fields::Field {
                    name: $crate::dialect::fields::wire_name(stringify!($field)),
                    kind: <$kind as $crate::dialect::fields::Take>::KIND,
                    required: <$kind as $crate::dialect::fields::Take>::REQUIRED,
                    doc: concat!($($doc),*),
                },)*];

            #[allow(unused_variables)]
            fn take(
                fields: &$crate::dialect::fields::Fields<'_>,
            ) -> Result<Self, $crate::model::Fault> {
                Ok(Self { $($field: fields.field(
                    $crate::dialect::fields::wire_name(stringify!($field)),
                )?,)* })
            }
        }

        impl $crate::dialect::fields::Take for $name {
            const KIND: $crate::dialect::fields::Kind = $crate::dialect::fields::Kind::Object(
                <Self as $crate::dialect::fields::Input>::FIELDS,
            );

            fn take(raw: &serde_json::value::RawValue) -> Result<Self, String> {
                let fields = $crate::dialect::fields::Fields::parse(raw.get().as_bytes())
                    .map_err(|_| "must be an object")?;
                <Self as $crate::dialect::fields::Input>::take(&fields).map_err(|fault| {
                    match fault {
                        $crate::model::Fault::Invalid { field, why } => {
                            format!("has a field {field} that {why}")
                        }
                        _ => "must be an object".into(),
                    }
                })
            }
        }
    };
}

/// A command's output: a struct whose field names and types are the wire's.
#[macro_export]
macro_rules! output {
    ($(#[doc = $about:literal])* pub struct $name:ident {
        $($(#[doc = $doc:literal])* pub $field:ident : $kind:ty,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, serde::Serialize)]
        #[allow(non_snake_case)]
        pub struct $name { $($(#[doc = $doc])* pub $field: $kind,)* }

        impl $crate::dialect::fields::Output for $name {
            const FIELDS: &'static [$crate::dialect::fields::Field] =
                &[$($crate::dialect::fields::Field {
                    name: $crate::dialect::fields::wire_name(stringify!($field)),
                    kind: <$kind as $crate::dialect::fields::Shown>::KIND,
                    required: <$kind as $crate::dialect::fields::Shown>::REQUIRED,
                    doc: concat!($($doc),*),
                },)*];
        }

        impl $crate::dialect::fields::Shown for $name {
            const KIND: $crate::dialect::fields::Kind = $crate::dialect::fields::Kind::Object(
                <Self as $crate::dialect::fields::Output>::FIELDS,
            );
        }
    };
}

/// The output of commands that answer nothing.
#[derive(Debug)]
pub struct Nothing;

impl Serialize for Nothing {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl Output for Nothing {
    const FIELDS: &'static [Field] = &[];
}

impl Shown for String {
    const KIND: Kind = Kind::Text { min: 0, max: usize::MAX };
}

impl Shown for i64 {
    const KIND: Kind = Kind::Integer { min: i64::MIN, max: i64::MAX };
}

impl<T: Output> Shown for Vec<T> {
    const KIND: Kind = Kind::List(T::FIELDS);
}

impl<T: Shown> Shown for Option<T> {
    const KIND: Kind = T::KIND;
    const REQUIRED: bool = false;
}
