//! lessons.

use arctos_box::domain::application;
use arctos_box::model::user::{Origin, Role};
use arctos_box::model::{Millis, RoomId};
use serde_json::json;

use super::{Staffed, script};
use crate::access::person;
use crate::ask::Ask;
use crate::golden::replay;

/// Four seconds, of which one is black and one without sound; the fifth was being written when the power went.
const LEDGER: &str = "\
{\"at\":0,\"taken\":30,\"kept\":30,\"luma\":[120.0,200.0],\"change\":1.0,\"level\":[-12.0,-20.0]}
{\"at\":1,\"taken\":31,\"kept\":30,\"luma\":[16.0,17.0],\"change\":0.0,\"level\":[-12.0,-20.0]}
{\"at\":2,\"taken\":30,\"kept\":30,\"luma\":[120.0,200.0],\"change\":1.0}
{\"at\":3,\"taken\":30,\"kept\":30,\"luma\":[120.0,200.0],\"change\":1.0,\"level\":[-12.0,-20.0]}
{\"at\":4,\"ta";

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
    let folder = world.app().folders.recordings.join(first.to_string());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("quality.jsonl"), LEDGER).unwrap();
    script.case(world, "a replay with a ledger", teacher.clone().param("id", first)).await;
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

#[tokio::test]
async fn marking_a_recording_answers_as_written() {
    let (staffed, [first, second, third]) = with_lessons().await;
    let world = &staffed.world;
    let mark = |token: &str, id: i64, word: &str| {
        Ask::new().token(token).param("id", id).json(json!({"export": word}))
    };
    let mut script = script("box/v1/lessons/{id}/export");
    let good = mark(&staffed.root, first, "wanted");
    staffed.common(&mut script, good.clone()).await;
    script.case(world, "an administrator", good).await;
    script
        .case(world, "its teacher, of one that runs", mark(&staffed.teacher, second, "done"))
        .await;
    let eve = person(world, "eve", Origin::Box, Role::Teacher).await;
    let eve = format!("Bearer {}", world.token(&eve, Origin::Box).await);
    script.case(world, "another teacher", mark(&eve, third, "wanted")).await;
    script.case(world, "no such word", mark(&staffed.tech, first, "perhaps")).await;
    script.case(world, "none", mark(&staffed.tech, 99, "none")).await;
    script.close();
}

#[tokio::test]
async fn applications_answer_as_written() {
    let (staffed, [first, second, _]) = with_lessons().await;
    let (world, ann) = (&staffed.world, Ask::new().token(&staffed.teacher));
    let bob = world.app().sessions.actor(&staffed.pupil[7..], world.clock.moment()).unwrap();
    let apply = async || {
        let room = RoomId(second);
        application::apply(world.app(), room, &bob, world.clock.moment()).await.unwrap();
    };
    let mut list = script("box/v1/lessons/{id}/applications");
    staffed.common(&mut list, ann.clone().param("id", second)).await;
    list.case(world, "nobody", ann.clone().param("id", second)).await;
    apply().await;
    list.case(world, "somebody waits", ann.clone().param("id", second)).await;
    let mut answer = script("box/v1/lessons/{id}/applications/{user}");
    let yes = |id: i64, user: i64| {
        let ask = ann.clone().param("id", id).param("user", user);
        ask.json(json!({"accept": true}))
    };
    let good = yes(second, bob.id.0);
    staffed.common(&mut answer, good.clone()).await;
    answer.case(world, "she lets him in", good.clone()).await;
    answer.case(world, "again", good.clone()).await;
    apply().await;
    answer.case(world, "refused", good.clone().json(json!({"accept": false}))).await;
    list.case(world, "both were answered", ann.clone().param("id", second)).await;
    apply().await;
    world.hand.advance(Millis::seconds(61));
    answer.case(world, "after a minute", good.clone()).await;
    answer.case(world, "neither yes nor no", good.clone().json(json!({"accept": "maybe"}))).await;
    answer.case(world, "somebody who did not ask", yes(second, 10001)).await;
    answer.case(world, "a lesson that is over", yes(first, bob.id.0)).await;
    answer.case(world, "no such lesson", yes(99, bob.id.0)).await;
    let root = good.token(&staffed.root);
    answer.case(world, "an administrator, whose lesson it is not", root).await;
    list.case(world, "no such lesson", ann.clone().param("id", 99)).await;
    let root = Ask::new().token(&staffed.root).param("id", second);
    list.case(world, "an administrator, whose lesson it is not", root).await;
    answer.close();
    list.close();
}
