//! RongCloud's server API: what a call carries and what its answer means. It sends nothing.
//! Source: docs.rongcloud.cn, "signature", "group", "user", as of November 2026; its packages for Python.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::Deserialize;

use crate::model::hex;

/// One call: its path and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `group/join`
    pub action: &'static str,
    /// `application/x-www-form-urlencoded`
    pub form: String,
}

/// Lengths that RongCloud takes.
const NAME_BYTES_MAX: usize = 128;
const PICTURE_BYTES_MAX: usize = 1024;
const GROUP_NAME_CHARS_MAX: usize = 64;
/// People of one call.
pub const PEOPLE_MAX: usize = 1000;

/// Asks for a person's chat token.
pub fn token(user: &str, name: &str, picture: &str) -> Call {
    let picture = if picture.len() > PICTURE_BYTES_MAX { "" } else { picture };
    let pairs = [("userId", user), ("name", cut(name)), ("portraitUri", picture)];
    Call { action: "user/getToken", form: form(&pairs) }
}

/// Makes a group with these people in it. One that exists already gets them as further members.
pub fn create(users: &[String], group: &str, name: &str) -> Call {
    Call { action: "group/create", form: members(users, group, name) }
}

pub fn join(users: &[String], group: &str, name: &str) -> Call {
    Call { action: "group/join", form: members(users, group, name) }
}

pub fn quit(user: &str, group: &str) -> Call {
    Call { action: "group/quit", form: form(&[("userId", user), ("groupId", group)]) }
}

pub fn dismiss(user: &str, group: &str) -> Call {
    Call { action: "group/dismiss", form: form(&[("userId", user), ("groupId", group)]) }
}

fn members(users: &[String], group: &str, name: &str) -> String {
    let name: String = name.chars().take(GROUP_NAME_CHARS_MAX).collect();
    let users = users.iter().map(|user| ("userId", user.as_str()));
    let pairs: Vec<_> = users.chain([("groupId", group), ("groupName", &name)]).collect();
    form(&pairs)
}

/// Whole characters, as many as fit.
fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_BYTES_MAX)]
}

/// Names and values of a form, in this order.
fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    pairs.join("&")
}

/// As forms are encoded on the web: a space is a plus.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

/// The application that calls, and what makes this call its own.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    pub key: &'a str,
    pub secret: &'a str,
    /// Fresh for each call, at most 18 characters.
    pub nonce: u32,
    pub now_ms: i64,
}

/// The headers of a call, names in lower case.
pub fn headers(caller: &Caller<'_>) -> [(&'static str, String); 4] {
    let (nonce, timestamp) = (caller.nonce.to_string(), caller.now_ms.to_string());
    let signature = sign(caller.secret, &nonce, &timestamp);
    [
        ("app-key", caller.key.to_owned()),
        ("nonce", nonce),
        ("timestamp", timestamp),
        ("signature", signature),
    ]
}

/// Lower-case hexadecimal SHA-1 of the three behind each other.
pub fn sign(secret: &str, nonce: &str, timestamp: &str) -> String {
    let text = format!("{secret}{nonce}{timestamp}");
    hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    code: i64,
    #[serde(default)]
    error_message: String,
    #[serde(default)]
    token: String,
}

/// Whether a call was obeyed.
///
/// # Errors
/// One sentence for the log: RongCloud's own code and words.
pub fn obeyed(status: u16, body: &[u8]) -> Result<(), String> {
    read(status, body).map(drop)
}

/// The token of a `user/getToken`.
///
/// # Errors
/// As of `obeyed`.
pub fn token_of(status: u16, body: &[u8]) -> Result<String, String> {
    let token = read(status, body)?.token;
    if token.is_empty() { Err("answered no token".into()) } else { Ok(token) }
}

fn read(status: u16, body: &[u8]) -> Result<Answer, String> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| format!("answered {status}, and not in RongCloud's form"))?;
    if status == 200 && answer.code == 200 {
        return Ok(answer);
    }
    let words: String = answer.error_message.chars().take(100).collect();
    Err(format!("answered {status}, code {}: {words}", answer.code))
}

#[cfg(test)]
mod tests;
