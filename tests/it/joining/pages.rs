//! The pages under `/course/` and `/box/moderate/`: whom they serve, by which name, and what they may load.

use arctos_box::model::Millis;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::golden::channel::arrival;
use crate::golden::row;
use crate::world::{Answer, World};
use arctos_box::dialect::channel::DIALECT;

/// A browser with a session, or without one.
struct Browser<'a> {
    world: &'a World,
    session: Option<String>,
}

impl<'a> Browser<'a> {
    fn stranger(world: &'a World) -> Self {
        Self { world, session: None }
    }

    fn of(world: &'a World, token: &str) -> Self {
        Self { world, session: Some(token.to_owned()) }
    }

    /// Sent by the channel.
    async fn sent(world: &'a World, user_id: i64) -> Self {
        let row = row(&DIALECT, "api/v1/user/reg_from_channel");
        let answer = arrival(world, user_id, "/course/").send(world, &DIALECT, row).await;
        let set = answer.headers["set-cookie"].to_str().unwrap();
        Self { world, session: Some(set.split(['=', ';']).nth(1).unwrap().to_owned()) }
    }

    async fn ask(&self, method: Method, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !more.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost:8080");
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        if let Some(session) = &self.session {
            request = request.header("cookie", format!("arctos_session={session}"));
        }
        let body = Full::new(Bytes::from(body.to_owned()));
        self.world.request(request.body(body).unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], "").await
    }

    /// As a page of the box does it.
    async fn post(&self, path: &str, body: Value) -> Answer {
        let ours = [("origin", "http://localhost:8080")];
        self.ask(Method::POST, path, &ours, &body.to_string()).await
    }
}

const PAGES: [&str; 2] = ["/course/webRTCUser/?id=10001", "/course/details/?id=10001"];

#[tokio::test]
async fn a_course_page_is_for_whoever_was_sent_and_by_a_name_of_the_box() {
    let world =
        World::with(&["http.names=[\"classroom\"]", "http.public_url=https://school.test"]).await;
    let box_name = world.app().policy.box_name.clone();
    let sent = Browser::sent(&world, 7).await;
    for page in PAGES {
        let turned_away = Browser::stranger(&world).get(page).await;
        assert_eq!(turned_away.status, 403, "{page}");
        assert!(turned_away.text().contains("<h1>"), "a page, not JSON");
        assert_eq!(Browser::of(&world, "nobody's").get(page).await.status, 403);
        let answer = sent.get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        let header = |name: &str| answer.headers[name].to_str().unwrap();
        assert_eq!(header("referrer-policy"), "no-referrer");
        let policy = header("content-security-policy");
        for part in [
            "default-src 'self'",
            "object-src 'none'",
            "frame-ancestors 'self'",
            "connect-src 'self' ws://localhost:8080 wss://localhost:8080",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(sent.ask(Method::HEAD, page, &[], "").await.status, 200);
        assert_eq!(sent.ask(Method::POST, page, &[], "").await.status, 405);
    }
    assert_eq!(sent.get("/course/webRTCUser/").await.status, 404, "which lesson?");
    assert_eq!(sent.get("/course/other/?id=10001").await.status, 404);
    let named = |host: String| {
        let (world, session) = (&world, sent.session.clone());
        async move {
            let browser = Browser { world, session };
            browser.ask(Method::GET, PAGES[0], &[("host", &host)], "").await.status
        }
    };
    for host in [
        "localhost",
        "127.0.0.1:8080",
        "[::1]:8443",
        "10.1.2.3",
        "classroom",
        "CLASSROOM.local:80",
        "school.test",
    ] {
        assert_eq!(named(host.into()).await, 200, "{host}");
    }
    assert_eq!(named(box_name.clone()).await, 200);
    assert_eq!(named(format!("{box_name}.local:8080")).await, 200);
    for host in [
        "evil.example",
        "localhost.evil.example",
        "localhost:80@evil.example",
        "x.school.test",
        "localhost:8080; script-src *",
    ] {
        assert_eq!(named(host.into()).await, 421, "{host}");
    }
}

#[tokio::test]
async fn whoever_was_sent_watches_a_box_that_is_administered_and_others_do_not() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let eve = world.pupil("eve").await;
    let room = world.live_room(&ann).await;
    world.administer().await;
    let lesson = format!("/course/lesson.json?id={room}");
    let seen = Browser::sent(&world, 7).await.get(&lesson).await.json();
    assert_eq!((seen["roomnum"].as_i64(), seen["state"].as_i64()), (Some(room), Some(1)));
    assert_eq!(Browser::stranger(&world).get(&lesson).await.status, 401);
    assert_eq!(Browser::of(&world, &eve).get(&lesson).await.status, 403);
    assert_eq!(
        Browser::sent(&world, 7).await.get("/course/lesson.json?id=99999").await.status,
        404
    );
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    let seen = Browser::sent(&world, 7).await.get(&lesson).await.json();
    let index = seen["index"].as_str();
    if let Some(index) = index {
        assert!(index.contains("?k="), "the media's addresses carry the lesson's key: {index}");
    }
}

#[tokio::test]
async fn the_viewer_applies_and_the_teacher_answers_on_their_pages() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let mine = format!("/course/joining.json?id={room}");
    let desk = format!("/box/moderate/{room}/applications.json");
    let (bob, eve) = (Browser::sent(&world, 7).await, Browser::sent(&world, 8).await);
    let ann = Browser::of(&world, &ann);

    let before = bob.get(&mine).await.json();
    assert_eq!((&before["live"], &before["state"]), (&json!(true), &Value::Null));
    for foreign in
        [&[][..], &[("origin", "http://evil.example")], &[("sec-fetch-site", "cross-site")]]
    {
        assert_eq!(bob.ask(Method::POST, &mine, foreign, "{}").await.status, 403, "{foreign:?}");
    }
    let applied = bob.post(&mine, json!({})).await.json();
    assert_eq!((&applied["state"], &applied["left_ms"]), (&json!("waiting"), &json!(60_000)));
    eve.post(&mine, json!({})).await;
    world.advance(Millis::seconds(20)).await;

    let seen = ann.get(&desk).await.json();
    let [second, first] = &seen["applications"].as_array().unwrap()[..] else { panic!("{seen}") };
    assert_eq!((&first["state"], &first["left_ms"]), (&json!("waiting"), &json!(40_000)));
    let user = |line: &Value| line["user"].clone();
    let accept = json!({"user": user(first), "accept": true});
    assert_eq!(ann.ask(Method::POST, &desk, &[], &accept.to_string()).await.status, 403);
    let after = ann.post(&desk, accept.clone()).await.json();
    assert_eq!(after["applications"][1]["state"], "accepted");
    assert_eq!(ann.post(&desk, accept).await.status, 409, "once");
    assert_eq!(bob.get(&mine).await.json()["state"], "accepted");

    world.advance(Millis::seconds(40)).await;
    let late = ann.post(&desk, json!({"user": user(second), "accept": false})).await;
    assert_eq!(late.status, 409, "{}", late.text());
    assert!(late.text().contains("too late"), "{}", late.text());
    assert_eq!(eve.get(&mine).await.json()["state"], "unhandled");
    assert_eq!(ann.get(&desk).await.json()["applications"][0]["state"], "unhandled");
}

#[tokio::test]
async fn the_teachers_page_asks_everybody_to_log_in_and_serves_the_lessons_teacher_alone() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let (carl, bob) = (world.teacher("carl").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    let page = format!("/box/moderate/{room}");
    let desk = format!("{page}/applications.json");
    assert_eq!(Browser::stranger(&world).get(&page).await.status, 200, "the form to log in");
    assert_eq!(Browser::stranger(&world).get(&desk).await.status, 401);
    for (token, status) in [(&ann, 200), (&carl, 403), (&bob, 403)] {
        assert_eq!(Browser::of(&world, token).get(&desk).await.status, status);
        let browser = Browser::of(&world, token);
        let answer = browser.post(&desk, json!({"user": 10_003, "accept": true})).await;
        assert_eq!(answer.status, if status == 200 { 404 } else { 403 });
    }
    let ann = Browser::of(&world, &ann);
    for body in ["", "{}", "[]", "{\"user\":\"x\",\"accept\":true}"] {
        let ours = [("origin", "http://localhost:8080")];
        assert_eq!(ann.ask(Method::POST, &desk, &ours, body).await.status, 400, "{body}");
    }
    let foreign = [("host", "evil.example")];
    assert_eq!(ann.ask(Method::GET, &page, &foreign, "").await.status, 421);
    for strange in ["/box/moderate/x", "/box/moderate/10001/other", "/box/moderate/"] {
        assert_eq!(ann.get(strange).await.status, 404, "{strange}");
    }
    assert_eq!(ann.get("/box/moderate/99999/applications.json").await.status, 404);
}
