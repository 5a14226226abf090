//! The fields of a JSON body, taken one by one into types that cannot be wrong. What a type takes is also
//! what the API page and the OpenAPI say of it: both are read from `FIELDS`.

pub mod flat;
pub mod form;
pub mod kinds;
mod macros;
mod plain;

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::Fault;
use flat::Flat;
pub use kinds::{Digits, Flag, Int, Params, RoomNumber, Text, Texts, Upload};
pub use macros::wire_name;

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
    Boolean,
    /// An array of at most `items` texts of at most `max` characters.
    Texts {
        items: usize,
        max: usize,
    },
    /// A file of at most `max` bytes: a part of a form, or a `data:` URL.
    File {
        max: usize,
    },
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
    /// It is `null`.
    const IS_NOTHING: bool = false;
    const FIELDS: &'static [Field];
}

/// What one field may be read into.
pub trait Take: Sized {
    const KIND: Kind;
    const REQUIRED: bool = true;
    /// From the value's JSON. `Err` completes the sentence "field NAME …".
    fn take(raw: &str) -> Result<Self, String>;
    fn absent() -> Option<Self> {
        None
    }
}

/// What one output field is.
pub trait Shown {
    const KIND: Kind;
    const REQUIRED: bool = true;
}

/// A member's name, and its value as JSON.
type Member<'a> = (Cow<'a, str>, Cow<'a, str>);

/// What a request says, unread: the members of its body's object, or of its query, and of its path.
#[derive(Default)]
pub struct Fields<'a> {
    flat: Flat<'a>,
    /// Of a body that is not flat, or put in later.
    others: Vec<Member<'a>>,
}

impl<'a> Fields<'a> {
    /// An empty body is an object without members.
    ///
    /// # Errors
    /// `Syntax` when the bytes are not one JSON object.
    pub fn parse(body: &'a [u8]) -> Result<Self, Fault> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let text = std::str::from_utf8(body);
        let text = text.map_err(|e| Fault::Syntax(format!("not UTF-8: {e}")))?;
        if let Some(flat) = Flat::read(text) {
            return Ok(Self { flat, others: Vec::new() });
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let members = reader.deserialize_map(Members);
        let members = members.and_then(|m| reader.end().map(|()| m));
        let others = members.map_err(|e| Fault::Syntax(e.to_string()))?;
        Ok(Self { flat: Flat::default(), others })
    }

    /// Adds a member that came as text: a piece of the path, of the query or of a form. It wins over
    /// members of the same name that are there already.
    pub fn put(&mut self, name: &str, text: &str) {
        let raw = serde_json::to_string(text).expect("text always becomes JSON");
        self.others.push((Cow::Owned(name.to_owned()), Cow::Owned(raw)));
    }

    /// The last member of that name, as JavaScript and PHP have it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.other(name).or_else(|| self.flat_one(name).map(|member| member.raw))
    }

    fn other(&self, name: &str) -> Option<&str> {
        self.others.iter().rev().find(|(key, _)| key == name).map(|(_, raw)| raw.as_ref())
    }

    fn flat_one(&self, name: &str) -> Option<&flat::Member<'a>> {
        self.flat.members.iter().rev().find(|member| member.name == name)
    }

    /// A text that stands there plainly.
    pub fn plain(&self, name: &str) -> Option<&str> {
        match self.others.is_empty() {
            true => self.flat_one(name)?.text(),
            false => flat::plain(self.get(name)?),
        }
    }

    /// A list of texts that stand there plainly, in a body that is flat.
    pub fn plain_list(&self, name: &str) -> Option<&[&'a str]> {
        match self.other(name) {
            None => self.flat.list(self.flat_one(name)?),
            Some(_) => None,
        }
    }

    /// Names and values, in their order.
    fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        let flat = self.flat.members.iter().map(|member| (member.name, member.raw));
        flat.chain(self.others.iter().map(|(name, raw)| (name.as_ref(), raw.as_ref())))
    }

    /// # Errors
    /// `Invalid`, with the field's name and what is wrong with it.
    pub fn field<T: Take>(&self, name: &'static str) -> Result<T, Fault> {
        match self.get(name) {
            Some(raw) => T::take(raw).map_err(|why| Fault::invalid(name, why)),
            None => T::absent().ok_or_else(|| Fault::invalid(name, "is missing")),
        }
    }

    /// A text that is only looked at: where it stands, if it stands there plainly.
    ///
    /// # Errors
    /// As of [`Fields::field`].
    pub fn text<const MIN: usize, const MAX: usize>(
        &self,
        name: &'static str,
    ) -> Result<Cow<'_, str>, Fault> {
        let text = match self.plain(name) {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => {
                let raw = self.get(name).ok_or_else(|| Fault::invalid(name, "is missing"))?;
                kinds::text(raw)
            }
        };
        let fit = text.and_then(|text| Text::<MIN, MAX>::fit(&text).map(|()| text));
        fit.map_err(|why| Fault::invalid(name, why))
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some(Key(key)) = map.next_key()? {
            let raw: &'de RawValue = map.next_value()?;
            members.push((key, Cow::Borrowed(raw.get())));
        }
        Ok(members)
    }
}

/// A key that borrows from the body unless it had escapes in it.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The output of commands that answer nothing, the input of those that take nothing.
#[derive(Debug)]
pub struct Nothing;

impl Serialize for Nothing {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl Output for Nothing {
    const IS_NOTHING: bool = true;
    const FIELDS: &'static [Field] = &[];
}

/// The input of commands that take nothing.
impl Input for Nothing {
    const FIELDS: &'static [Field] = &[];

    fn take(_: &Fields<'_>) -> Result<Self, Fault> {
        Ok(Self)
    }
}

impl Shown for String {
    const KIND: Kind = Kind::Text { min: 0, max: usize::MAX };
}

impl Shown for i64 {
    const KIND: Kind = Kind::Integer { min: i64::MIN, max: i64::MAX };
}

impl Shown for bool {
    const KIND: Kind = Kind::Boolean;
}

impl Shown for f64 {
    const KIND: Kind = Kind::Number;
}

/// Texts in a list of an answer.
impl Shown for Vec<String> {
    const KIND: Kind = Kind::Texts { items: usize::MAX, max: usize::MAX };
}

impl<T: Output> Shown for Vec<T> {
    const KIND: Kind = Kind::List(T::FIELDS);
}

impl<T: Shown> Shown for Option<T> {
    const KIND: Kind = T::KIND;
    const REQUIRED: bool = false;
}
