//! classrooms.

use arctos_box::model::user::{Origin, Role};
use serde_json::json;

use super::{Staffed, script};
use crate::access::person;
use crate::ask::Ask;
use crate::world::World;

#[tokio::test]
async fn classrooms_answer_as_written() {
    let config =
        "[[classroom]]\nname = \"one\"\nteachers = [\"ann\"]\n[[classroom]]\nname = \"two\"\n";
    let staffed = Staffed::on(World::configured(config).await).await;
    let (world, teacher) = (&staffed.world, Ask::new().token(&staffed.teacher));
    let mut list = script("box/v1/classrooms");
    staffed.common(&mut list, Ask::new()).await;
    list.case(world, "a teacher without a lesson", teacher.clone()).await;
    let mut switch = script("box/v1/classrooms/{id}");
    let flip =
        |ask: &Ask, id: i64, on: bool| ask.clone().param("id", id).json(json!({"camera": on}));
    let tech = Ask::new().token(&staffed.tech);
    staffed.common(&mut switch, flip(&Ask::new(), 1, false)).await;
    switch.case(world, "a teacher without a lesson", flip(&teacher, 1, false)).await;
    world.live_room(&staffed.teacher[7..]).await;
    switch.case(world, "a teacher in the lesson", flip(&teacher, 1, false)).await;
    switch.case(world, "another room", flip(&teacher, 2, false)).await;
    let eve = person(world, "eve", Origin::Box, Role::Teacher).await;
    let eve = Ask::new().token(&format!("Bearer {}", world.token(&eve, Origin::Box).await));
    switch.case(world, "another teacher", flip(&eve, 1, true)).await;
    switch.case(world, "again", flip(&tech, 1, false)).await;
    list.case(world, "it is off", teacher.clone()).await;
    switch.case(world, "a technician", flip(&tech, 1, true)).await;
    switch.case(world, "none", flip(&tech, 3, true)).await;
    list.case(world, "it is on again", tech).await;
    list.close();
    switch.close();
}
