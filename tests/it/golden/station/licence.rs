//! licence: standing, install, request, explain, inspect.

use arctos_box::model::Millis;
use arctos_box::model::licence::Licence;
use arctos_box::wire::licence::armour::{Label, text};
use arctos_box::wire::licence::issue;
use arctos_box::wire::licence::key::PrivateKey;
use serde_json::json;

use super::{Staffed, script};
use crate::ask::Ask;
use crate::world::START;

const SEED: [u8; 32] = [7; 32];

async fn staffed() -> Staffed {
    let key = PrivateKey::new(&SEED).public.text();
    Staffed::with(&[&format!("license.test_keys=[\"{key}\"]")]).await
}

/// A licence for any box, as text.
fn licence(rooms: u32, expires: Millis) -> String {
    let licence = Licence {
        id: "L-7".into(),
        customer: "第一小學".into(),
        rooms,
        issued: START - Millis::days(30),
        not_before: START - Millis::days(30),
        expires: Some(expires),
        grace_days: 10,
        marks: Vec::new(),
        minimum: 0,
        features: Vec::new(),
        key: String::new(),
    };
    text(Label::Licence, &issue(&licence, &PrivateKey::new(&SEED)))
}

#[tokio::test]
async fn licence_answers_as_written() {
    let staffed = staffed().await;
    let (world, tech) = (&staffed.world, Ask::new().token(&staffed.tech));
    let mut standing = script("GET box/v1/licence");
    staffed.common(&mut standing, Ask::new()).await;
    standing.case(world, "the demonstration", tech.clone()).await;
    let mut script = script("POST box/v1/licence");
    let good = json!({"text": licence(2, START + Millis::days(100))});
    staffed.common(&mut script, Ask::new().token(&staffed.root).json(good.clone())).await;
    script.case(world, "a licence", tech.clone().json(good)).await;
    standing.case(world, "a licence of two rooms", tech.clone()).await;
    for (title, paper) in [
        ("no licence", "hello".to_owned()),
        ("one that has expired", licence(2, START - Millis::days(20))),
        ("an altered one", altered(&licence(2, START + Millis::days(100)))),
    ] {
        script.case(world, title, tech.clone().json(json!({"text": paper}))).await;
    }
    world.hand.advance(Millis::days(105));
    let tech = format!("Bearer {}", super::fresh(world, "tech").await);
    standing.case(world, "in grace", Ask::new().token(&tech)).await;
    world.hand.advance(Millis::days(6));
    standing.case(world, "past it", Ask::new().token(&tech)).await;
    script.close();
    standing.close();
}

/// With one letter of its body changed.
fn altered(paper: &str) -> String {
    let mut lines: Vec<String> = paper.lines().map(str::to_owned).collect();
    let line = &mut lines[1];
    let other = if line.starts_with('A') { "B" } else { "A" };
    line.replace_range(0..1, other);
    lines.join("\n")
}

#[tokio::test]
async fn the_licence_request_and_its_explanation_answer_as_written() {
    let staffed = staffed().await;
    for address in ["box/v1/licence/request", "box/v1/licence/explain"] {
        let mut script = script(address);
        staffed.common(&mut script, Ask::new()).await;
        script.case(&staffed.world, "a technician", Ask::new().token(&staffed.tech)).await;
        script.close();
    }
}

#[tokio::test]
async fn inspecting_a_licence_answers_as_written() {
    let staffed = staffed().await;
    let (world, tech) = (&staffed.world, Ask::new().token(&staffed.tech));
    let mut script = script("box/v1/licence/inspect");
    let good = json!({"text": licence(2, START + Millis::days(100))});
    staffed.common(&mut script, Ask::new().token(&staffed.root).json(good.clone())).await;
    script.case(world, "a licence", tech.clone().json(good)).await;
    script.case(world, "no licence", tech.clone().json(json!({"text": "hello"}))).await;
    script.close();
}
