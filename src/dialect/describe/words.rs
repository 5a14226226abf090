//! Who may call, what it costs, what a field may be: the words of the page and of the terminal.

use crate::dialect::fields::Kind;
use crate::dialect::{Access, Class, Rank};

pub fn caller(access: Access) -> &'static str {
    match access {
        Access::Anybody => "anybody",
        Access::User => "a logged-in user",
        Access::Signed => "a server that signs",
        Access::Secret => "a server that knows the secret",
        Access::Server => "a server with its token",
        Access::Staff(Rank::Person) => "anybody with the box's own log-in",
        Access::Staff(Rank::Teacher) => {
            "teachers, technicians and administrators by the box's own log-in"
        }
        Access::Staff(Rank::Technician) => "technicians and administrators by the box's own log-in",
        Access::Staff(Rank::Administrator) => "administrators by the box's own log-in",
    }
}

pub fn cost(class: Class) -> &'static str {
    match class {
        Class::Beat => "answered from memory",
        Class::Read => "reads",
        Class::Write => "writes",
        Class::Credential => "checks or sets a password; wrong tries are limited",
    }
}

pub fn kind(kind: Kind) -> String {
    match kind {
        Kind::Text { min: 0, max: usize::MAX } => "text".into(),
        Kind::Text { min: 0, max } => format!("text of at most {max} characters"),
        Kind::Text { min, max: usize::MAX } => format!("text of at least {min} characters"),
        Kind::Text { min, max } if min == max => format!("text of {min} characters"),
        Kind::Text { min, max } => format!("text of {min} to {max} characters"),
        Kind::Integer { min: i64::MIN, max: i64::MAX } => "integer".into(),
        Kind::Integer { min: i64::MIN, max } => format!("integer of at most {max}"),
        Kind::Integer { min, max: i64::MAX } => format!("integer from {min}"),
        Kind::Integer { min, max } => format!("integer from {min} to {max}"),
        Kind::Number => "number".into(),
        Kind::Boolean => "true or false".into(),
        Kind::Texts { items: usize::MAX, .. } => "list of texts".into(),
        Kind::Texts { items, max } => {
            format!("list of at most {items} texts of at most {max} characters")
        }
        Kind::File { max } => format!("file of at most {} KiB", max / 1024),
        Kind::Object(_) => "object".into(),
        Kind::List(_) => "list of objects".into(),
        Kind::Any => "object with any members".into(),
    }
}
