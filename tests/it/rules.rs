//! The rules of decisions.md, section 001, by their side effects: what is true afterwards, and for whom.

mod accounts;
mod allowances;
mod arctos;
mod channel;
pub mod groups;
mod lessons;
mod lists;
mod openim;
mod secrets;
mod station;

use arctos_box::domain::{message, room};
use arctos_box::model::RoomId;
use arctos_box::model::lesson::{Message, Room};
use serde_json::{Value, json};

use crate::world::World;

/// Messages of a lesson's group, oldest first.
pub async fn messages(world: &World, number: i64) -> Vec<Message> {
    message::history(world.app(), number.to_string()).await.unwrap()
}

pub async fn stored(world: &World, number: i64) -> Room {
    room::get(world.app(), RoomId(number)).await.unwrap()
}

/// Numbers of the courses that a room list answers, and its total.
pub async fn listed(world: &World, token: &str, filter: Value) -> (i64, Vec<i64>) {
    let mut ask = json!({"token": token, "index": 0, "size": 50});
    for (name, value) in filter.as_object().unwrap() {
        ask[name] = value.clone();
    }
    let data = world.ok("live/roomlist", ask).await;
    let rooms = data["rooms"].as_array().unwrap();
    (
        data["total"].as_i64().unwrap(),
        rooms.iter().map(|r| r["roomnum"].as_i64().unwrap()).collect(),
    )
}
