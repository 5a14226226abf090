//! lessons.

use arctos_box::model::Millis;
use serde_json::json;

use super::{Staffed, script};
use crate::ask::Ask;
use crate::golden::replay;

/// A box with a lesson that was replayed, one that runs and one that was made.
async fn with_lessons() -> (Staffed, [i64; 3]) {
    let staffed = Staffed::new().await;
    let world = &staffed.world;
    let ann = staffed.teacher.trim_start_matches("Bearer ").to_owned();
    let bob = staffed.pupil.trim_start_matches("Bearer ").to_owned();
    let first = replay(world, &ann).await;
    world.hand.advance(Millis::seconds(60));
    let second = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": second, "operate": 0})).await;
    world.hand.advance(Millis::seconds(60));
    let third = world.room(&ann).await;
    (staffed, [first, second, third])
}

#[tokio::test]
async fn lessons_answers_as_written() {
    let (staffed, _) = with_lessons().await;
    let (world, teacher) = (&staffed.world, Ask::new().token(&staffed.teacher));
    let mut script = script("box/v1/lessons");
    staffed.common(&mut script, Ask::new()).await;
    script.case(world, "a teacher", teacher.clone()).await;
    script.case(world, "live ones", teacher.clone().query("state", "live")).await;
    script.case(world, "a page", teacher.clone().query("size", 1).query("index", 1)).await;
    script.case(world, "no such state", teacher.clone().query("state", "dull")).await;
    script.case(world, "too many", teacher.query("size", 201)).await;
    script.close();
}

#[tokio::test]
async fn one_lesson_answers_as_written() {
    let (staffed, [first, ..]) = with_lessons().await;
    let (world, teacher) = (&staffed.world, Ask::new().token(&staffed.teacher));
    let mut script = script("box/v1/lessons/{id}");
    staffed.common(&mut script, Ask::new().param("id", first)).await;
    script.case(world, "a replay", teacher.clone().param("id", first)).await;
    script.case(world, "none", teacher.clone().param("id", 99)).await;
    script.close();
}

#[tokio::test]
async fn ending_a_lesson_answers_as_written() {
    let (staffed, [_, second, third]) = with_lessons().await;
    let (world, tech) = (&staffed.world, Ask::new().token(&staffed.tech));
    let mut script = script("box/v1/lessons/{id}/end");
    let broken = tech.clone().param("id", second).raw("application/json", "{\"");
    script.case(world, "the body is not JSON at all", broken).await;
    let good = tech.clone().param("id", third);
    staffed.common(&mut script, good.clone()).await;
    script.case(world, "one that was not started", good).await;
    script.case(world, "a technician", tech.clone().param("id", second)).await;
    script.case(world, "again", tech.clone().param("id", second)).await;
    script.case(world, "none", tech.clone().param("id", 99)).await;
    script.close();
}
