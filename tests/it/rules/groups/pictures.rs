//! Covers: kept once, shown as what they are, gone when nobody shows them.

use arctos_box::domain::file;
use arctos_box::model::Millis;
use hyper::Request;
use serde_json::{Value, json};

use crate::ask::{Ask, Part};
use crate::golden::groups::{PNG, call, group, number, token};
use crate::world::{Answer, World};

fn with_cover(ann: &str, cover: &[u8]) -> Ask {
    let file = Part::file("cover", "a.png", "image/png", cover);
    token(ann).multipart(vec![Part::text("name", "n"), file])
}

async fn made(world: &World, ann: &str, cover: &[u8]) -> Value {
    let (status, made) = call(world, "POST api/im/group", with_cover(ann, cover)).await;
    assert_eq!(status, 201, "{made}");
    made
}

fn path(made: &Value) -> String {
    let cover = made["cover"].as_str().unwrap();
    cover.strip_prefix("http://box.test").unwrap_or_else(|| panic!("{cover}")).to_owned()
}

fn files(world: &World) -> usize {
    let all = std::fs::read_dir(world.dir.path().join("files")).unwrap();
    all.filter(|entry| entry.as_ref().unwrap().file_type().unwrap().is_file()).count()
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_picture_is_kept_once_and_shown_as_what_it_is_also_after_a_restart() {
    let mut world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let (first, second) = (made(&world, &ann, PNG).await, made(&world, &bob, PNG).await);
    assert_eq!(path(&first), path(&second));
    assert_eq!(files(&world), 1);
    let jpeg = made(&world, &ann, b"\xff\xd8\xff\xe0 and so on").await;
    assert!(path(&jpeg).ends_with(".jpeg"), "{jpeg}");
    world.restart().await;
    file::reconcile(world.app()).await.unwrap();
    for (made, kind, bytes) in
        [(&first, "image/png", PNG), (&jpeg, "image/jpeg", b"\xff\xd8\xff\xe0 and so on")]
    {
        let shown = world.get(&path(made)).await;
        assert_eq!((shown.status, shown.body.as_slice()), (200, bytes));
        assert_eq!(header(&shown, "content-type"), kind);
        assert_eq!(header(&shown, "x-content-type-options"), "nosniff");
        assert_eq!(header(&shown, "content-security-policy"), "sandbox");
    }
    for name in ["group.png", "person.png"] {
        let shown = world.get(&format!("/files/picture/{name}")).await;
        assert_eq!((shown.status, header(&shown, "content-type")), (200, "image/png"));
        assert!(shown.body.starts_with(b"\x89PNG"));
    }
    for nothing in ["", "nobody.png", "../../keys/secrets.toml", "%2e%2e/x"] {
        let answer = world.get(&format!("/files/picture/{nothing}")).await;
        assert_eq!(answer.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn a_picture_goes_an_hour_after_the_last_group_that_showed_it() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let (first, second) = (made(&world, &ann, PNG).await, made(&world, &ann, PNG).await);
    let shown = path(&first);
    let close = async |made: &Value| {
        let ask = token(&ann).param("id", &made["id"]);
        assert_eq!(call(&world, "api/im/group/{id}/dismiss", ask).await.0, 200);
    };
    let after_an_hour = async || {
        world.hand.advance(Millis::seconds(3601));
        file::sweep(world.app(), world.clock.moment()).await.unwrap();
        world.get(&shown).await.status
    };
    assert_eq!(after_an_hour().await, 200);
    close(&first).await;
    assert_eq!(after_an_hour().await, 200, "the other group shows it");
    let user = number(&world, &ann).await;
    close(&second).await;
    let wear = async |picture: String| {
        let set = move |conn: &rusqlite::Connection| {
            let sql = "UPDATE user SET picture = ?2 WHERE id = ?1";
            conn.execute(sql, rusqlite::params![user, picture])?;
            Ok(())
        };
        world.app().db.write(set).await.unwrap();
    };
    wear(shown.clone()).await;
    assert_eq!(after_an_hour().await, 200, "a person has it");
    wear(String::new()).await;
    assert_eq!(after_an_hour().await, 404);
    assert_eq!(files(&world), 0);
    assert_eq!(path(&made(&world, &ann, PNG).await), shown, "and may come back");
}

#[tokio::test]
async fn no_signature_opens_the_boxs_own_pictures() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let shown = path(&made(&world, &ann, PNG).await);
    let data = world.ok("cos/get_sign", json!({"token": ann, "type": 0})).await;
    let name = shown.rsplit('/').next().unwrap();
    for path in [shown.clone(), format!("/files/v2/0/picture/{name}")] {
        let request = Request::post(&path).header("host", "box.test");
        let request = request
            .header("authorization", data["sign"].as_str().unwrap())
            .header("content-type", "application/json")
            .body(bytes::Bytes::from(r#"{"op":"delete"}"#).into());
        let answer = world.request(request.unwrap()).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
    }
    assert_eq!(world.get(&shown).await.status, 200);
}

#[tokio::test]
async fn a_picture_in_json_is_a_data_url() {
    use base64::Engine;
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let packed = base64::engine::general_purpose::STANDARD.encode(PNG);
    let body = json!({"name": "n", "cover": format!("data:image/png;base64,{packed}")});
    let id = group(&world, &ann, body).await;
    let (_, seen) = call(&world, "api/im/retrieve/{id}", Ask::new().param("id", id)).await;
    assert_eq!(world.get(&path(&seen)).await.body, PNG);
}

#[tokio::test]
async fn pictures_take_their_turns_and_small_groups_do_not_wait_for_them() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let mut large = PNG.to_vec();
    large.resize(100_000, 7);
    let places = world.app().large_bodies.available_permits();
    let taken =
        world.app().large_bodies.acquire_many(u32::try_from(places).unwrap()).await.unwrap();
    let (status, told) = call(&world, "POST api/im/group", with_cover(&ann, &large)).await;
    assert_eq!(status, 429, "{told}");
    group(&world, &ann, json!({"name": "small"})).await;
    drop(taken);
    made(&world, &ann, &large).await;
    assert_eq!(world.app().large_bodies.available_permits(), places);
}
