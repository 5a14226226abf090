//! Document 001: every command is a POST with common fields, so that its cases are bodies.

mod account;
mod bind;
mod callback;
mod cloud;
mod list;
mod live;
mod seat;

use arctos_box::dialect::edu::DIALECT;
use arctos_box::dialect::{Access, Row};
use arctos_box::model::Millis;
use arctos_box::model::recording::{Finished, Note, Segment, Take};
use serde_json::{Value, json};

use super::without;
use crate::ask::Ask;
use crate::world::{APPID, START, World};

/// The transcript of one command.
pub struct Script(super::Script);

impl Script {
    pub fn of(address: &'static str) -> Self {
        Self(super::Script::of(&DIALECT, address))
    }

    /// One exchange; the common fields are added where absent.
    pub async fn case(&mut self, world: &World, title: &str, body: Value) -> Value {
        self.case_as(world, self.0.row.address, title, body).await
    }

    /// The same under another name of the command.
    pub async fn case_as(
        &mut self,
        world: &World,
        address: &'static str,
        title: &str,
        mut body: Value,
    ) -> Value {
        for (name, value) in [("appid", json!(APPID)), ("timeStamp", json!(77))] {
            if body.get(name).is_none() && self.0.row.access != Access::Signed {
                body[name] = value;
            }
        }
        let ask = Ask::new().under(address).raw("", body.to_string());
        self.0.case(world, title, ask).await.json()
    }

    /// One exchange with exactly this body.
    pub async fn raw(&mut self, world: &World, title: &str, body: &str) -> Value {
        self.0.case(world, title, Ask::new().raw("", body)).await.json()
    }

    /// What every command answers alike. `good` is a body that would succeed.
    pub async fn common(&mut self, world: &World, good: &Value) {
        let row = self.0.row;
        let get = Ask::new().by("GET").raw("", good.to_string());
        self.0.case(world, "it is not a POST", get).await;
        self.raw(world, "the body is not JSON", "{\"appid\":").await;
        if row.access != Access::Signed {
            self.raw(world, "nothing was sent", "").await;
            let mut body = good.clone();
            body["appid"] = json!(APPID);
            self.raw(world, "without the time stamp", &body.to_string()).await;
        }
        if row.access == Access::User {
            self.case(world, "without a token", without(good, "token")).await;
            let mut body = good.clone();
            body["token"] = json!("nobody's");
            self.case(world, "with a token that is not known", body).await;
        }
        for field in row.input.iter().filter(|f| f.required) {
            let title = format!("without {}", field.name);
            self.case(world, &title, without(good, field.name)).await;
        }
    }

    pub fn close(self) {
        self.0.close();
    }
}

fn row(address: &str) -> &'static Row {
    super::row(&DIALECT, address)
}

/// The recorder's last word on a lesson: one file of two segments, four seconds.
pub fn recorded() -> Note {
    let segment = |n: u64| Segment {
        offset: 1000 + n * 250_000,
        len: 250_000,
        start_us: n * 2_000_000,
        span_us: 2_000_000,
        key: true,
        gap: false,
        at: START + Millis::seconds(2 * i64::try_from(n).unwrap()),
        pictures: 60,
    };
    let take = Take {
        number: 1,
        name: "1.mp4".into(),
        init_len: 1000,
        codecs: "avc1.64001f,mp4a.40.2".into(),
        width: 1280,
        height: 720,
        segments: vec![segment(0), segment(1)],
        bytes: 501_000,
        span_us: 4_000_000,
        pictures: 120,
    };
    Note::Ended { takes: vec![Finished { take, sha256: "0".repeat(64), bytes: 501_000 }] }
}

/// A lesson that ran four seconds and whose replay is ready; answers its number.
pub async fn replay(world: &World, token: &str) -> i64 {
    let room = world.live_room(token).await;
    world.hand.advance(Millis::seconds(4));
    world.ok("live/exitroom", json!({"token": token, "roomnum": room})).await;
    world.recorder_says(room, recorded()).await;
    room
}
