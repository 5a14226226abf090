//! The box's own API: set-up, log-in, people, lessons, licence, secrets, audit.

mod cameras;
mod classrooms;
mod entering;
mod inputs;
mod lessons;
mod licence;
mod people;

use arctos_box::dialect::station::DIALECT;
use arctos_box::dialect::{Access, Rank};
use arctos_box::model::user::{Origin, Role};
use serde_json::json;

use super::Script;
use crate::access::person;
use crate::ask::Ask;
use crate::world::World;

/// A box that is set up, with a token of each rank and of another dialect.
pub struct Staffed {
    pub world: World,
    pub root: String,
    pub tech: String,
    pub teacher: String,
    pub pupil: String,
    /// A genuine token of document 004.
    pub foreign: String,
}

impl Staffed {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(set: &[&str]) -> Self {
        Self::on(World::with(set).await).await
    }

    pub async fn on(world: World) -> Self {
        let root = format!("Bearer {}", world.administer().await);
        let mut tokens = Vec::new();
        for (name, role) in
            [("tech", Role::Technician), ("ann", Role::Teacher), ("bob", Role::Pupil)]
        {
            let user = person(&world, name, Origin::Box, role).await;
            tokens.push(format!("Bearer {}", world.token(&user, Origin::Box).await));
        }
        let guest = person(&world, "guest", Origin::Arctos, Role::Teacher).await;
        let foreign = format!("Bearer {}", world.token(&guest, Origin::Arctos).await);
        let [tech, teacher, pupil] = tokens.try_into().expect("three tokens");
        Self { world, root, tech, teacher, pupil, foreign }
    }

    /// What every row answers alike, and each rank below its own.
    pub async fn common(&self, script: &mut Script, good: Ask) {
        let Access::Staff(rank) = script.row.access else { panic!("a row for staff") };
        let good = if good.headers.is_empty() { good.token(&self.root) } else { good };
        script.common(&self.world, &good).await;
        let foreign = good.clone().token(&self.foreign);
        script.case(&self.world, "with a token of another dialect", foreign).await;
        for (name, has, token) in [
            ("pupil", Rank::Person, &self.pupil),
            ("teacher", Rank::Teacher, &self.teacher),
            ("technician", Rank::Technician, &self.tech),
        ] {
            if has < rank {
                let title = format!("with the token of a {name}");
                script.case(&self.world, &title, good.clone().token(token)).await;
            }
        }
    }
}

/// Another token of somebody whose first has grown old.
pub async fn fresh(world: &World, name: &str) -> String {
    let user = person(world, name, Origin::Box, Role::Technician).await;
    world.token(&user, Origin::Box).await
}

/// A row of the box's own API.
pub fn script(address: &str) -> Script {
    Script::of(&DIALECT, address)
}

#[tokio::test]
async fn secrets_answers_as_written() {
    let staffed = Staffed::new().await;
    let mut script = script("box/v1/secrets");
    staffed.common(&mut script, Ask::new()).await;
    script.case(&staffed.world, "an administrator", Ask::new().token(&staffed.root)).await;
    script.close();
}

#[tokio::test]
async fn audit_answers_as_written() {
    let staffed = Staffed::new().await;
    let (world, root) = (&staffed.world, Ask::new().token(&staffed.root));
    let mut script = script("box/v1/audit");
    staffed.common(&mut script, Ask::new()).await;
    let wrong = json!({"handle": "ann", "password": "guess"});
    let refused = super::row(&DIALECT, "box/v1/login");
    for last in [7, 8] {
        let ask = Ask::new().from([10, 0, 0, last]).json(wrong.clone());
        ask.send(world, &DIALECT, refused).await;
    }
    Ask::new()
        .token(&staffed.root)
        .send(world, &DIALECT, super::row(&DIALECT, "box/v1/secrets"))
        .await;
    script.case(world, "an administrator", root.clone()).await;
    script.case(world, "of one person", root.clone().query("who", "ann")).await;
    script.case(world, "of one kind", root.clone().query("event", "secrets shown")).await;
    script.case(world, "a page", root.clone().query("size", 2)).await;
    script.case(world, "the page after", root.clone().query("size", 2).query("before", 4)).await;
    script.case(world, "a page of nothing", root.clone().query("size", 0)).await;
    script.close();
}

#[tokio::test]
async fn channel_answers_as_written_to_a_plain_request() {
    let world = World::new().await;
    let mut script = script("box/v1/channel");
    let good = Ask::new().query("group", 10001);
    script.common(&world, &good).await;
    script.case(&world, "not a WebSocket", good).await;
    script.close();
}
