//! users.

use arctos_box::model::user::{Origin, Role};
use serde_json::{Value, json};

use super::{Staffed, script};
use crate::access::person;
use crate::ask::Ask;
use crate::world::PASSWORD;

#[tokio::test]
async fn users_answers_as_written() {
    let staffed = Staffed::new().await;
    let world = &staffed.world;
    person(world, "Straße", Origin::OpenIm, Role::Pupil).await;
    let mut script = script("GET box/v1/users");
    staffed.common(&mut script, Ask::new()).await;
    let tech = Ask::new().token(&staffed.tech);
    script.case(world, "a technician", tech.clone()).await;
    script.case(world, "by part of a handle", tech.clone().query("text", "STRASS")).await;
    let both = tech.clone().query("role", "teacher").query("dialect", "arctos");
    script.case(world, "by role and dialect", both).await;
    script.case(world, "closed accounts", tech.clone().query("disabled", "true")).await;
    script.case(world, "a page", tech.clone().query("size", 2)).await;
    script.case(world, "the next", tech.clone().query("size", 2).query("after", 10002)).await;
    script.case(world, "no such role", tech.clone().query("role", "king")).await;
    script.case(world, "no such dialect", tech.clone().query("dialect", "klingon")).await;
    script.case(world, "too many", tech.clone().query("size", 201)).await;
    script.case(world, "neither true nor false", tech.query("disabled", "maybe")).await;
    script.close();
}

#[tokio::test]
async fn adding_a_user_answers_as_written() {
    let staffed = Staffed::new().await;
    let world = &staffed.world;
    let mut script = script("POST box/v1/users");
    let body = json!({"handle": "dee", "role": "teacher", "password": PASSWORD, "name": "Dee"});
    staffed.common(&mut script, Ask::new().token(&staffed.root).json(body.clone())).await;
    let tech = |body: Value| Ask::new().token(&staffed.tech).json(body);
    script.case(world, "a technician adds a teacher", tech(body.clone())).await;
    script.case(world, "again", tech(body)).await;
    let plain = json!({"handle": "eva", "role": "pupil"});
    script.case(world, "without a password", tech(plain)).await;
    let colleague = json!({"handle": "fay", "role": "technician", "password": PASSWORD});
    script.case(world, "a technician adds a technician", tech(colleague.clone())).await;
    let root = Ask::new().token(&staffed.root).json(colleague);
    script.case(world, "an administrator does", root).await;
    let prefix = format!("{}:1", world.app().secrets.channel_uid);
    for (title, body) in [
        ("no such role", json!({"handle": "gus", "role": "king"})),
        ("a short password", json!({"handle": "gus", "role": "pupil", "password": "seven 7"})),
        ("a channel's handle", json!({"handle": prefix, "role": "pupil"})),
        ("a handle with a control character", json!({"handle": "a\u{7}", "role": "pupil"})),
    ] {
        script.case(world, title, tech(body)).await;
    }
    script.close();
}

#[tokio::test]
async fn one_user_answers_as_written() {
    let staffed = Staffed::new().await;
    let mut script = script("GET box/v1/users/{id}");
    staffed.common(&mut script, Ask::new().param("id", 10001)).await;
    let tech = Ask::new().token(&staffed.tech);
    script.case(&staffed.world, "a technician", tech.clone().param("id", 10003)).await;
    script.case(&staffed.world, "nobody", tech.clone().param("id", 10099)).await;
    script.case(&staffed.world, "no number", tech.param("id", "ann")).await;
    script.close();
}

#[tokio::test]
async fn changing_a_user_answers_as_written() {
    let staffed = Staffed::new().await;
    let world = &staffed.world;
    let mut script = script("POST box/v1/users/{id}");
    let (root, tech, bob) = (10001, 10002, 10004);
    staffed.common(&mut script, Ask::new().param("id", bob).json(json!({"name": "Bob"}))).await;
    let by = |token: &str, id: i64, body: Value| Ask::new().token(token).param("id", id).json(body);
    let named = json!({"name": "Bobby", "role": "teacher", "password": PASSWORD});
    script.case(world, "name, role and password", by(&staffed.tech, bob, named)).await;
    script.case(world, "nothing", by(&staffed.tech, bob, json!({}))).await;
    script.case(world, "closed", by(&staffed.tech, bob, json!({"disabled": true}))).await;
    script.case(world, "opened", by(&staffed.tech, bob, json!({"disabled": false}))).await;
    let raised = json!({"role": "administrator", "password": PASSWORD});
    let title = "a technician makes an administrator";
    script.case(world, title, by(&staffed.tech, bob, raised.clone())).await;
    let title = "a technician touches a technician";
    script.case(world, title, by(&staffed.tech, tech, json!({"name": "x"}))).await;
    let title = "a role of the box without a new password";
    script.case(world, title, by(&staffed.root, bob, json!({"role": "technician"}))).await;
    let title = "the last administrator becomes a teacher";
    script.case(world, title, by(&staffed.root, root, json!({"role": "teacher"}))).await;
    let title = "the last administrator is closed";
    script.case(world, title, by(&staffed.root, root, json!({"disabled": true}))).await;
    script.case(world, "another administrator", by(&staffed.root, bob, raised)).await;
    let title = "now the first may become a teacher";
    script.case(world, title, by(&staffed.root, root, json!({"role": "teacher"}))).await;
    let title = "and is none any more";
    script.case(world, title, by(&staffed.root, bob, json!({"name": "x"}))).await;
    for (title, body) in [
        ("no such role", json!({"role": "king"})),
        ("a short password", json!({"password": "seven 7"})),
        ("neither true nor false", json!({"disabled": "maybe"})),
    ] {
        script.case(world, title, by(&staffed.tech, 10003, body)).await;
    }
    script.case(world, "nobody", by(&staffed.tech, 10099, json!({"name": "x"}))).await;
    script.close();
}
