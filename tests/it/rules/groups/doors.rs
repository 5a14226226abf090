//! Whose token opens document 003, and what its own key opens.

use arctos_box::model::Millis;
use arctos_box::model::user::{Origin, Role};
use serde_json::json;

use crate::access::person;
use crate::golden::groups::{call, group, token};
use crate::world::World;

const WEEK: Millis = Millis::seconds(7 * 24 * 3600);

#[tokio::test]
async fn a_token_of_any_dialect_opens_and_one_of_the_staff_does_not() {
    let world = World::new().await;
    let ann = person(&world, "ann", Origin::Edu, Role::Pupil).await;
    for origin in Origin::ALL {
        let ann = world.token(&ann, origin).await;
        assert_eq!(call(&world, "GET api/im/group", token(&ann)).await.0, 200, "{origin:?}");
    }
    for role in [Role::Administrator, Role::Technician] {
        let staff = person(&world, role.word(), Origin::Box, role).await;
        let staff = world.token(&staff, Origin::Box).await;
        let (status, told) = call(&world, "api/im/token", token(&staff)).await;
        assert_eq!((status, &told["detail"]), (403, &json!("认证令牌无效。")), "{role:?}");
    }
}

#[tokio::test]
async fn a_key_is_a_token_of_its_own_for_seven_days_and_no_means_to_have_more() {
    let mut world = World::new().await;
    let ann = world.teacher("ann").await;
    let key = async |world: &World, with: &str| {
        let (status, told) = call(world, "api/im/token", token(with)).await;
        (status == 200).then(|| told["key"].as_str().unwrap().to_owned())
    };
    let first = key(&world, &ann).await.unwrap();
    assert_ne!(first, ann);
    world.hand.advance(Millis::seconds(6 * 24 * 3600));
    world.restart().await;
    assert_eq!(key(&world, &first).await.as_ref(), Some(&first));
    world.room(&first).await;
    world.hand.advance(WEEK - Millis::seconds(6 * 24 * 3600) + Millis(1));
    assert_eq!(key(&world, &first).await, None);
}

#[tokio::test]
async fn a_person_has_sixteen_keys_at_most_and_the_newest_of_them() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let mut keys = Vec::new();
    for _ in 0..20 {
        let (_, told) = call(&world, "api/im/token", token(&ann)).await;
        keys.push(told["key"].as_str().unwrap().to_owned());
        world.hand.advance(Millis(1));
    }
    let mut good = 0;
    for key in &keys {
        good += usize::from(call(&world, "GET api/im/group", token(key)).await.0 == 200);
    }
    assert_eq!(good, 16);
    assert_eq!(call(&world, "GET api/im/group", token(&keys[19])).await.0, 200);
    assert_eq!(call(&world, "GET api/im/group", token(&ann)).await.0, 200, "001's own stays");
}

#[tokio::test]
async fn paths_are_served_with_and_without_their_last_slash_and_nothing_else_is() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let id = group(&world, &ann, json!({"name": "n"})).await;
    for (path, status) in [
        ("/api/im/group/".to_owned(), 200),
        ("/api/im/group".to_owned(), 200),
        (format!("/api/im/group/{id}/users"), 200),
        (format!("/api/im/retrieve/{id}"), 200),
        (format!("/api/im/group/{id}/"), 404),
        ("/api/im/".to_owned(), 404),
        ("/api/im/group//".to_owned(), 404),
    ] {
        let request = hyper::Request::get(&path).header("host", "box.test");
        let request = request.header("authorization", format!("Token {ann}"));
        let answer = world.request(request.body(Default::default()).unwrap()).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert_eq!(status == 404, answer.json()["detail"] == "未找到。", "{path}");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
    }
}
