//! Who joins a lesson in picture and sound (document 000): who may apply, who answers, and when it is too late.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use arctos_box::domain::application::{self, answer, apply};
use arctos_box::domain::{message, visitor};
use arctos_box::model::application::ApplicationState::{self, Accepted, Refused, Unhandled};
use arctos_box::model::user::Actor;
use arctos_box::model::{Conflict, Fault, Millis, RoomId, Thing, UserId};
use arctos_box::wire::leancloud::{self, Status};
use serde_json::json;

use crate::world::{START, World};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Lesson {
    world: World,
    id: RoomId,
    teacher: Arc<Actor>,
}

impl Lesson {
    async fn new() -> Self {
        let world = World::new().await;
        let token = world.teacher("ann").await;
        let id = RoomId(world.live_room(&token).await);
        let teacher = actor(&world, &token);
        Self { world, id, teacher }
    }

    /// Somebody of the channel.
    async fn visitor(&self, number: i64, name: &str) -> Arc<Actor> {
        let shown = (name.to_owned(), format!("https://pictures.test/{number}.png"));
        let now = self.world.clock.moment();
        let pass = visitor::register(self.world.app(), number, shown, HERE, now).await.unwrap();
        actor(&self.world, &pass.token)
    }

    async fn apply(&self, who: &Actor) -> Result<i64, Fault> {
        apply(self.world.app(), self.id, who, self.world.clock.moment()).await
    }

    async fn answer(&self, who: &Actor, user: UserId, status: Status) -> Result<i64, Fault> {
        let now = self.world.clock.moment();
        answer(self.world.app(), self.id, who, (user, status), now).await
    }

    async fn heard(&self, who: &Actor, message: &str) -> Result<Option<i64>, Fault> {
        let now = self.world.clock.moment();
        application::heard(self.world.app(), self.id, who, message, now).await
    }

    async fn state(&self, who: &Actor) -> Option<ApplicationState> {
        let mine = application::mine(self.world.app(), self.id, who).await.unwrap();
        mine.map(|application| application.state)
    }

    /// LeanCloud messages of the lesson's group: who said what.
    async fn said(&self) -> Vec<(String, String)> {
        let all = message::history(self.world.app(), self.id.to_string()).await.unwrap();
        let all = all.into_iter().filter(|m| m.kind == leancloud::KIND);
        all.map(|m| (m.sender, serde_json::from_str(&m.body).unwrap())).collect()
    }
}

fn actor(world: &World, token: &str) -> Arc<Actor> {
    world.app().sessions.actor(token, world.clock.moment()).unwrap()
}

#[tokio::test]
async fn the_conversation_stands_in_the_lessons_group_as_the_document_writes_it() {
    let lesson = Lesson::new().await;
    let bob = lesson.visitor(7, "赵强").await;
    assert_eq!(lesson.state(&bob).await, None);
    lesson.apply(&bob).await.unwrap();
    assert_eq!(lesson.state(&bob).await, Some(ApplicationState::Waiting));
    lesson.world.hand.advance(Millis::seconds(59));
    lesson.answer(&lesson.teacher, bob.id, Status::Accepted).await.unwrap();
    assert_eq!(lesson.state(&bob).await, Some(Accepted));
    let id = bob.id;
    let (applied, answered) = (START.0, START.0 + 59_000);
    let applied = format!(
        r#"{{"_lctext":"{{\"userId\":{id},\"userJoin\":true,\"userStatus\":9,\"userName\":\"赵强\",\"dateTime\":{applied}}}","_lcattrs":{{"avatar":"https://pictures.test/7.png"}},"_lctype":-1}}"#
    );
    let answered = format!(
        r#"{{"_lctext":"{{\"userId\":{id},\"userJoin\":true,\"userStatus\":13,\"dateTime\":{answered},\"from\":\"webRTC\"}}","_lcattrs":{{"avatar":"https://pictures.test/7.png"}},"_lctype":-1}}"#
    );
    let bob = bob.handle.as_str().to_owned();
    assert_eq!(lesson.said().await, [(bob, applied), ("ann".into(), answered)]);
}

#[tokio::test]
async fn who_is_not_answered_within_a_minute_is_unhandled_and_the_late_answer_refused() {
    let lesson = Lesson::new().await;
    let bob = lesson.visitor(7, "bob").await;
    lesson.apply(&bob).await.unwrap();
    lesson.world.hand.advance(Millis::seconds(60));
    for round in ["before it was noted", "after"] {
        for status in [Status::Accepted, Status::Refused] {
            let late = lesson.answer(&lesson.teacher, bob.id, status).await;
            assert!(matches!(late, Err(Fault::Conflict(Conflict::Answered))), "{round}: {late:?}");
        }
        lesson.world.advance(Millis(0)).await;
        assert_eq!(lesson.state(&bob).await, Some(Unhandled));
    }
    assert_eq!(lesson.said().await.len(), 1, "nothing but the application was said");
    lesson.apply(&bob).await.unwrap();
    lesson.answer(&lesson.teacher, bob.id, Status::Refused).await.unwrap();
    assert_eq!(lesson.state(&bob).await, Some(Refused));
    let again = lesson.answer(&lesson.teacher, bob.id, Status::Accepted).await;
    assert!(matches!(again, Err(Fault::Conflict(Conflict::Answered))));
}

#[tokio::test]
async fn a_restart_forgets_nobody_and_gives_nobody_more_than_a_minute() {
    let mut lesson = Lesson::new().await;
    let (bob, eve) = (lesson.visitor(7, "bob").await, lesson.visitor(8, "eve").await);
    lesson.apply(&bob).await.unwrap();
    lesson.world.hand.advance(Millis::seconds(30));
    lesson.apply(&eve).await.unwrap();
    lesson.world.restart().await;
    lesson.world.advance(Millis::seconds(30)).await;
    assert_eq!(lesson.state(&bob).await, Some(Unhandled));
    lesson.answer(&lesson.teacher, eve.id, Status::Accepted).await.unwrap();
    assert_eq!(lesson.state(&eve).await, Some(Accepted));
}

#[tokio::test]
async fn everybody_applies_for_themselves_and_only_the_lessons_teacher_answers() {
    let lesson = Lesson::new().await;
    let (bob, eve) = (lesson.visitor(7, "bob").await, lesson.visitor(8, "eve").await);
    let other = actor(&lesson.world, &lesson.world.teacher("carl").await);
    let denied =
        |done: Result<i64, Fault>| assert!(matches!(done, Err(Fault::Denied(_))), "{done:?}");
    denied(lesson.apply(&lesson.teacher).await);
    lesson.apply(&bob).await.unwrap();
    let bobs = lesson.said().await.remove(0).1;
    denied(lesson.heard(&eve, &bobs).await.map(Option::unwrap_or_default));
    for who in [&bob, &eve, &other] {
        denied(lesson.answer(who, bob.id, Status::Accepted).await);
    }
    let nobodys = lesson.answer(&lesson.teacher, eve.id, Status::Accepted).await;
    assert!(matches!(nobodys, Err(Fault::Missing(Thing::Application))));
    assert_eq!(lesson.state(&bob).await, Some(ApplicationState::Waiting));
    assert_eq!(lesson.said().await.len(), 1);
}

#[tokio::test]
async fn a_phones_own_message_travels_unchanged_and_chat_is_no_application() {
    let lesson = Lesson::new().await;
    let bob = lesson.visitor(7, "bob").await;
    let phones = format!(
        r#"{{ "_lctype": -1, "_lctext": "{{\"dateTime\":1,\"userStatus\":9,\"userId\":{}}}" }}"#,
        bob.id
    );
    let chat = r#"{"_lctext":"good morning","_lctype":-1}"#;
    assert_eq!(lesson.heard(&bob, chat).await.unwrap(), None, "that is the channel's to post");
    assert_eq!(lesson.state(&bob).await, None);
    lesson.heard(&bob, &phones).await.unwrap();
    lesson.heard(&bob, &phones).await.unwrap();
    let said: Vec<String> = lesson.said().await.into_iter().map(|(_, said)| said).collect();
    assert_eq!(said, [phones.as_str(), &phones]);
    let all = application::list(lesson.world.app(), lesson.id, &lesson.teacher).await.unwrap();
    assert_eq!(all.len(), 1, "one waits, however often it says so");
}

#[tokio::test]
async fn a_lesson_that_does_not_run_takes_no_application_and_somebody_applies_so_often() {
    let lesson = Lesson::new().await;
    let bob = lesson.visitor(7, "bob").await;
    for _ in 0..30 {
        lesson.apply(&bob).await.unwrap();
        lesson.answer(&lesson.teacher, bob.id, Status::Refused).await.unwrap();
    }
    assert!(matches!(lesson.apply(&bob).await, Err(Fault::Busy { .. })));
    let eve = lesson.visitor(8, "eve").await;
    lesson.apply(&eve).await.unwrap();
    let token =
        lesson.world.ok("account/login", json!({"id": "ann", "pwd": crate::world::PASSWORD}));
    let token = token.await["token"].clone();
    lesson.world.ok("live/exitroom", json!({"token": token, "roomnum": lesson.id.0})).await;
    for done in
        [lesson.apply(&bob).await, lesson.answer(&lesson.teacher, eve.id, Status::Accepted).await]
    {
        assert!(matches!(done, Err(Fault::Conflict(Conflict::NotLive))), "{done:?}");
    }
}
