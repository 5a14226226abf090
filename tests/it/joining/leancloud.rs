//! The relay, against a stub of LeanCloud on loopback: who applies there is heard, the teacher's answer goes
//! there. Messages are written and read by LeanCloud's own SDK (npm's `leancloud-realtime`).

mod stub;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use arctos_box::domain::{application, outbox, visitor};
use arctos_box::model::application::ApplicationState::{self, Accepted, Waiting};
use arctos_box::model::user::Actor;
use arctos_box::model::{RoomId, UserId};
use arctos_box::ops::{courier, leancloud};
use arctos_box::wire::leancloud::Status;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::process::poll;
use crate::world::World;
use stub::{APP_ID, MASTER_KEY, Stub};

const SOON: Duration = Duration::from_secs(20);

/// What LeanCloud's SDK says.
fn sdk(arguments: &[&str]) -> String {
    let packages = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients");
    let packages = packages.join("node_modules");
    assert!(packages.join("leancloud-realtime").is_dir(), "run .ci/setup test first");
    let done = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/leancloud.js"))
        .args(arguments)
        .env("NODE_PATH", packages)
        .output()
        .expect("node is installed by .ci/setup test");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// A phone's message of the join conversation.
fn phones(user: UserId, status: i64) -> String {
    let text = json!({"userId": user.0, "userJoin": true, "userStatus": status, "userName": "赵强",
        "dateTime": 1_558_086_973_000_i64});
    sdk(&["write", &text.to_string(), "https://pictures.test/7.png"])
}

struct Box {
    world: World,
    id: RoomId,
    teacher: Arc<Actor>,
    tasks: JoinSet<()>,
    drain: watch::Sender<bool>,
}

impl Box {
    async fn new(stub: &Stub) -> Self {
        let world = World::with(&[
            &format!("channel.leancloud_app_id={APP_ID}"),
            &format!("channel.leancloud_master_key={MASTER_KEY}"),
            &format!("channel.leancloud_server=http://{}", stub.addr),
        ])
        .await;
        let token = world.teacher("ann").await;
        let id = RoomId(world.live_room(&token).await);
        let teacher = world.app().sessions.actor(&token, world.clock.moment()).unwrap();
        Self { world, id, teacher, tasks: JoinSet::new(), drain: watch::channel(false).0 }
    }

    /// As the program does.
    fn run(&mut self) {
        let (app, clock) = (self.world.app().clone(), self.world.clock.clone());
        self.drain = watch::channel(false).0;
        self.tasks.spawn(leancloud::run(app.clone(), clock.clone(), self.drain.subscribe()));
        self.tasks.spawn(courier::run(app, clock, self.drain.subscribe()));
    }

    async fn restart(&mut self) {
        self.drain.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        self.world.restart().await;
        self.run();
    }

    async fn visitor(&self, number: i64) -> Arc<Actor> {
        let (from, now) = (IpAddr::V4(Ipv4Addr::LOCALHOST), self.world.clock.moment());
        let shown = ("赵强".to_owned(), "https://pictures.test/7.png".to_owned());
        let pass = visitor::register(self.world.app(), number, shown, from, now).await.unwrap();
        self.world.app().sessions.actor(&pass.token, now).unwrap()
    }

    async fn state(&self, who: &Actor) -> Option<ApplicationState> {
        let mine = application::mine(self.world.app(), self.id, who).await.unwrap();
        mine.map(|application| application.state)
    }

    async fn wait_for(&self, who: &Actor, state: ApplicationState) {
        poll("the application", SOON, async || {
            (self.state(who).await == Some(state)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn who_applies_at_leancloud_is_heard_and_the_answer_goes_there() {
    let stub = Stub::start().await;
    let mut lesson = Box::new(&stub).await;
    let (bob, eve, dan) =
        (lesson.visitor(7).await, lesson.visitor(8).await, lesson.visitor(9).await);
    // There is more than one page of it, and not all of it is for us.
    let conversation = stub.conversation(&lesson.world.app().policy.box_name, lesson.id);
    stub.say(&conversation, "phone-7", &phones(bob.id, 9));
    for n in 0..150 {
        stub.say(&conversation, "phone-9", &json!({"_lctype": -1, "_lctext": n}).to_string());
    }
    for (user, status) in [(lesson.teacher.id, 9), (UserId(99_999), 9), (eve.id, 13)] {
        stub.say(&conversation, "phone-8", &phones(user, status));
    }
    lesson.run();
    lesson.wait_for(&bob, Waiting).await;
    let desk = application::list(lesson.world.app(), lesson.id, &lesson.teacher).await.unwrap();
    assert_eq!(desk.len(), 1, "{desk:?}");

    let now = lesson.world.clock.moment();
    let (app, answer) = (lesson.world.app().clone(), (bob.id, Status::Accepted));
    application::answer(&app, lesson.id, &lesson.teacher, answer, now).await.unwrap();
    let told = poll("the answer", SOON, async || stub.told()).await;
    assert_eq!((&told.conversation, &told.from), (&conversation, &app.policy.box_name));
    let read: Value = serde_json::from_str(&sdk(&["read", &told.message])).unwrap();
    assert_eq!(read["type"], -1);
    assert_eq!(read["attributes"]["avatar"], "https://pictures.test/7.png");
    let text: Value = serde_json::from_str(read["text"].as_str().unwrap()).unwrap();
    let at = lesson.world.clock.now().0;
    let expected = json!({"userId": bob.id.0, "userJoin": true, "userStatus": 13, "dateTime": at, "from": "webRTC"});
    assert_eq!(text, expected);
    assert_eq!(outbox::waiting(&app).await.unwrap(), 0);
    drop(app);

    // What was heard before a restart is not heard again; what comes later is.
    lesson.restart().await;
    stub.say(&conversation, "phone-9", &phones(dan.id, 9));
    lesson.wait_for(&dan, Waiting).await;
    assert_eq!(lesson.state(&bob).await, Some(Accepted));
    let desk = application::list(lesson.world.app(), lesson.id, &lesson.teacher).await.unwrap();
    assert_eq!(desk.len(), 2, "{desk:?}");
    assert_eq!(stub.wrong(), Vec::<String>::new(), "every call was signed");
}

#[tokio::test]
async fn an_answer_waits_in_the_outbox_while_leancloud_is_away() {
    let stub = Stub::start().await;
    let mut lesson = Box::new(&stub).await;
    let bob = lesson.visitor(7).await;
    stub.fail(true);
    lesson.run();
    let now = lesson.world.clock.moment();
    application::apply(lesson.world.app(), lesson.id, &bob, now).await.unwrap();
    let answer = (bob.id, Status::Refused);
    application::answer(lesson.world.app(), lesson.id, &lesson.teacher, answer, now).await.unwrap();
    let tried = async || {
        let newest = outbox::newest(lesson.world.app(), 1).await.unwrap();
        newest.into_iter().find(|parcel| parcel.tries > 0)
    };
    let parcel = poll("a try that failed", SOON, tried).await;
    assert_eq!((parcel.webhook.as_str(), parcel.event.as_str()), ("leancloud", "refused"));
    assert!(parcel.last_error.contains("503"), "{}", parcel.last_error);
    stub.fail(false);
    outbox::replay(lesson.world.app(), parcel.id, lesson.world.clock.moment()).await.unwrap();
    let told = poll("the answer", SOON, async || stub.told()).await;
    assert!(told.message.contains(r#"\"userStatus\":14"#), "{}", told.message);
}
