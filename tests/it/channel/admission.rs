//! Who comes in, by what, and what everybody else is told.

use arctos_box::domain::group;
use arctos_box::http::websocket::Limits;
use arctos_box::model::group::GroupId;
use arctos_box::model::user::{Origin, Role, User};
use arctos_box::model::{Handle, UserId};
use arctos_box::store::users;
use serde_json::json;

use super::Hall;
use crate::process::Wire;
use crate::socket::{Client, Got};
use crate::world::World;

#[tokio::test]
async fn an_ordinary_request_is_told_to_upgrade() {
    let hall = Hall::new().await;
    let answer = Wire::open(hall.addr).await.get("/box/v1/channel?group=10001", &[]).await;
    assert_eq!((answer.status, answer.json()["error"].is_string()), (426, true));
    let answer = hall.get("/box/v1/channel?group=10001").await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (426, &json!("upgrade")));
}

#[tokio::test]
async fn a_wrong_token_a_wrong_group_and_no_first_frame_are_told_apart() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.room(&ann).await;
    assert_eq!(hall.refused(room, "no token").await, (4001, "log in again".into()));
    let nobody = (4004, "there is no such group".to_owned());
    for group in ["10002", "1000000001", "", "x", "010001", "-1"] {
        assert_eq!(hall.refused(group, &ann).await, nobody, "{group}");
    }
    for (first, code) in [("hello", 4000), ("[]", 4000), (r#"{"since":0}"#, 4001)] {
        let mut client = Client::open(hall.addr, "/box/v1/channel?group=10001").await;
        client.say(first).await;
        assert!(matches!(client.next().await, Got::Close(c, _) if c == code), "{first}");
    }
}

#[tokio::test]
async fn once_administered_strangers_need_the_lessons_key_and_members_and_teachers_do_not() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let (cid, eve) = (world.teacher("cid").await, world.pupil("eve").await);
    let bob = world.pupil("bob").await;
    let room = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"operate": 0, "token": bob, "roomnum": room})).await;
    world.administer().await;
    let key = crate::rules::stored(&world, room).await.watch_key;
    let hall = Hall::around(world, Limits::usual(8192)).await;
    for token in [&ann, &bob, &cid] {
        hall.join(room, token, 0).await;
    }
    assert_eq!(hall.refused(room, &eve).await, (4003, "this lesson is for its members".into()));
    let mut guest = hall.join(format!("{room}&k={key}"), &eve, 0).await;
    assert!(guest.say(1, json!("I was given the link")).await > 0);
}

#[tokio::test]
async fn a_pupil_of_another_application_stays_out_until_he_is_a_member() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.live_room(&ann).await;
    let regist = json!({"id": "eve", "pwd": "a password", "role": 0, "appid": 7});
    hall.ok("account/regist", regist).await;
    let login = json!({"id": "eve", "pwd": "a password", "appid": 7});
    let data = hall.ok("account/login", login).await;
    let eve = data["token"].as_str().unwrap();
    let (code, reason) = hall.refused(room, eve).await;
    assert_eq!((code, reason.as_str()), (4003, "this lesson is of another application"));
    hall.ok("live/reportmemid", json!({"operate": 0, "token": eve, "roomnum": room, "appid": 7}))
        .await;
    hall.join(room, eve, 0).await;
}

#[tokio::test]
async fn an_administrator_listens_and_does_not_speak() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    world.administer().await;
    let root = stored(&world, "root").await;
    let token = world.token(&root, Origin::Box).await;
    let hall = Hall::around(world, Limits::usual(8192)).await;
    let mut root = hall.join(room, &token, 0).await;
    assert_eq!(root.kept().await["type"], 1001);
    let why = root.refusal(&json!({"type": 1, "body": "hush"})).await;
    assert_eq!(why, "you may listen, not speak");
}

async fn stored(world: &World, handle: &str) -> User {
    let handle = Handle::new(handle).unwrap();
    let found = world.app().db.read(move |conn| Ok(users::by_handle(conn, &handle)?)).await;
    found.unwrap().unwrap()
}

async fn somebody(world: &World, handle: &str) -> (UserId, String) {
    let user = User::fresh(Handle::new(handle).unwrap(), Origin::OpenIm, Role::Pupil);
    let now = crate::world::START;
    let id = world.app().db.write(move |conn| users::insert(conn, &user, now)).await.unwrap();
    let user = stored(world, handle).await;
    (id, world.token(&user, Origin::OpenIm).await)
}

#[tokio::test]
async fn a_group_of_003_is_for_its_members_and_who_quits_hears_no_more() {
    let hall = Hall::new().await;
    let (ann_id, ann) = somebody(&hall, "ann").await;
    let (bob_id, bob) = somebody(&hall, "bob").await;
    let plan = group::Plan { name: "us".into(), code: String::new(), cover: String::new() };
    let owner = hall.app().sessions.actor(&ann, hall.clock.moment()).unwrap();
    let made = group::create(hall.app(), &owner, plan, hall.clock.moment()).await.unwrap();
    let id: GroupId = made.id;
    assert_eq!(hall.refused(id, &bob).await, (4003, "this group is for its members".into()));
    group::join(hall.app(), id, ann_id, bob_id, hall.clock.moment()).await.unwrap();
    let mut at_ann = hall.join(id, &ann, 0).await;
    let mut at_bob = hall.join(id, &bob, 0).await;
    at_bob.say(1, json!("hello")).await;
    assert_eq!(at_ann.hear(1).await, [(1, json!("hello"))]);
    group::quit(hall.app(), id, bob_id, hall.clock.moment()).await.unwrap();
    assert_eq!(at_bob.client.end().await.0, 4003);
    at_ann.say(1, json!("alone")).await;
    group::dismiss(hall.app(), id, ann_id, hall.clock.moment()).await.unwrap();
    assert_eq!(at_ann.client.end().await.0, 4004);
    assert_eq!(hall.refused(id, &ann).await.0, 4004);
}

#[tokio::test]
async fn header_and_cookie_count_as_a_token_but_the_cookie_only_on_our_own_pages() {
    let hall = Hall::new().await;
    let ann = hall.teacher("ann").await;
    let room = hall.live_room(&ann).await;
    let path = format!("/box/v1/channel?group={room}&since=0");
    let own = format!("http://{}", hall.addr);
    let (bearer, cookie) = (format!("Bearer {ann}"), format!("a=b; arctos_session={ann}"));
    let header: &[(&'static str, &str)] = &[("authorization", &bearer)];
    let page: &[(&'static str, &str)] = &[("cookie", &cookie), ("origin", &own)];
    for headers in [header, page] {
        let mut client = Client::open_with(hall.addr, &path, headers).await.unwrap();
        assert_eq!(client.json().await["type"], 10);
        assert_eq!(client.json().await["type"], 1001);
    }
    let foreign: &[(&'static str, &str)] = &[("cookie", &cookie), ("origin", "http://evil.test")];
    let silent: &[(&'static str, &str)] = &[("cookie", &cookie)];
    for headers in [foreign, silent] {
        let mut client = Client::open_with(hall.addr, &path, headers).await.unwrap();
        client.say(r#"{"since":0}"#).await;
        assert_eq!(client.next().await, Got::Close(4001, "log in first".into()));
    }
    // Without `since` in the address the first frame says it, and needs no token.
    let path = format!("/box/v1/channel?group={room}");
    let mut client = Client::open_with(hall.addr, &path, page).await.unwrap();
    client.say(r#"{"since":1}"#).await;
    assert_eq!(client.json().await["body"]["newest"], 1);
}
