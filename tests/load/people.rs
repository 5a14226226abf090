//! Who is in the store, by number: everybody's handle and token follow from it, so the driver knows them all.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use arctos_box::model::sha256;

use crate::client;

pub const APPID: i64 = 1_400_000_000;
/// Everybody's.
pub const PASSWORD: &str = "a long enough password";
/// Seats of the lessons that run, its teacher's included: a class as document 001 lists it, and three large ones,
/// 500 in all. The demonstration licence allows four lessons at once.
pub const CLASSES: [u32; 4] = [50, 150, 150, 150];

/// People with a seat.
pub const CLIENTS: u32 = 500;

pub fn handle(person: u32) -> String {
    format!("person{person:06}")
}

/// Of this length are the box's own.
pub fn token(person: u32) -> String {
    URL_SAFE_NO_PAD.encode(sha256(format!("token of {}", handle(person)).as_bytes()))
}

/// Teachers without a class, one for each connection that writes: one alone, and 64.
pub const WRITERS: std::ops::Range<u32> = CLIENTS..CLIENTS + 65;
/// Pupils without a class, who log in anew.
pub const ARRIVING: std::ops::Range<u32> = 600..1_000;

/// The first of each class is its teacher.
pub fn is_teacher(person: u32) -> bool {
    (0..CLASSES.len()).any(|class| first_of(class) == person) || WRITERS.contains(&person)
}

pub fn class_of(person: u32) -> usize {
    (0..CLASSES.len()).rev().find(|class| first_of(*class) <= person).unwrap_or(0)
}

pub fn first_of(class: usize) -> u32 {
    CLASSES[..class].iter().sum()
}

/// A command of document 001 as its clients send it.
pub fn edu(command: &str, token: &str, mut fields: serde_json::Value) -> Vec<u8> {
    let (svc, cmd) = command.split_once('/').unwrap_or((command, ""));
    fields["appid"] = APPID.into();
    fields["timeStamp"] = 1_764_000_000.into();
    if !token.is_empty() {
        fields["token"] = token.into();
    }
    let path = format!("/index.php?svc={svc}&cmd={cmd}");
    client::request("POST", &path, "", &fields.to_string())
}

pub fn heartbeat(token: &str, room: i64) -> Vec<u8> {
    edu("live/heartbeat", token, json!({"roomnum": room}))
}

/// Of the teacher: the lesson is over.
pub fn farewell(token: &str, room: i64) -> Vec<u8> {
    edu("live/exitroom", token, json!({"roomnum": room}))
}

/// The same length, and nobody's: the last character but one differs. Of a signed token that is its signature.
pub fn forged(token: &str) -> String {
    let (head, tail) = token.split_at(token.len() - 2);
    let other = if tail.starts_with('x') { 'y' } else { 'x' };
    format!("{head}{other}{}", &tail[1..])
}
