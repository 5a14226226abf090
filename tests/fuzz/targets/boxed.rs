//! A whole box for the targets that need one: in a temp folder, on a clock that a target moves, with somebody of every
//! kind. It serves many inputs, then another one takes its place. No input may make it say that something is its fault.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use arctos_box::domain::user;
use arctos_box::model::user::{Origin, Role, User};
use arctos_box::model::{Handle, Millis};
use arctos_box::store::users;
use http_body_util::BodyExt;
use hyper::Request;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::pieces::Pieces;
use crate::world::{APPID, Answer, START, World};

/// Inputs of one box: its tables stay small, and a token lives longer.
const INPUTS: u32 = 5000;
/// The longest list of the box, and some.
const ANSWER_MAX: usize = 1 << 20;

pub struct Boxed {
    pub world: World,
    /// Of a teacher, good in each of the five dialects.
    pub token: String,
    /// Of the same, as document 004 issues it.
    pub arctos: String,
    pub administrator: String,
    /// Of a channel's server.
    pub server: String,
    /// A running lesson.
    pub room: i64,
    inputs: u32,
}

/// Runs a target on its box.
pub fn with(work: impl AsyncFnOnce(&mut Boxed)) {
    thread_local! {
        static HERE: RefCell<Option<(Runtime, Boxed)>> = const { RefCell::new(None) };
    }
    HERE.with_borrow_mut(|here| {
        if here.as_ref().is_none_or(|(_, boxed)| boxed.inputs >= INPUTS) {
            *here = None;
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let boxed = runtime.block_on(Boxed::open());
            *here = Some((runtime, boxed));
        }
        let (runtime, boxed) = here.as_mut().unwrap();
        boxed.inputs += 1;
        if !runtime.block_on(boxed.renew()) {
            boxed.inputs = INPUTS;
        }
        // Time goes on: guesses are forgotten, and no signature is used twice.
        boxed.world.hand.advance(Millis(1000));
        while boxed.world.orders.try_recv().is_ok() {}
        let alarm = Alarm::default();
        let rung = alarm.0.clone();
        tracing::subscriber::with_default(alarm, || runtime.block_on(work(boxed)));
        let rung = rung.lock().unwrap();
        assert!(rung.is_empty(), "the box says: {rung:?}");
    });
}

impl Boxed {
    /// Without a password: their thread has a low priority, and others wait longer for it than they work.
    async fn open() -> Self {
        let world = World::new().await;
        for (handle, origin, role) in
            [("ann", Origin::Edu, Role::Teacher), ("root", Origin::Box, Role::Administrator)]
        {
            let user = User::fresh(Handle::new(handle).unwrap(), origin, role);
            let insert = move |conn: &_| users::insert(conn, &user, START);
            world.app().db.write(insert).await.unwrap();
        }
        let secrets = &world.app().secrets;
        let pair =
            json!({"app_id": secrets.channel_app_id, "app_secret": &*secrets.channel_app_secret});
        let request = Request::post("/api/v1/system/auth-token/").body(pair.to_string().into());
        let got = world.request(request.unwrap()).await.json();
        let server = got["result"]["access_token"].as_str().unwrap().to_owned();
        let [token, arctos, administrator] = [const { String::new() }; 3];
        let mut boxed = Self { world, token, arctos, administrator, server, room: 0, inputs: 0 };
        assert!(boxed.renew().await, "everybody comes in");
        boxed.room = boxed.world.live_room(&boxed.token).await;
        boxed
    }

    /// Logs in again who was logged out: many an input does that. False when somebody cannot any more.
    async fn renew(&mut self) -> bool {
        let now = self.world.clock.moment();
        for (token, handle, origin) in [
            (&mut self.token, "ann", Origin::Edu),
            (&mut self.arctos, "ann", Origin::Arctos),
            (&mut self.administrator, "root", Origin::Box),
        ] {
            if self.world.app().sessions.actor(token, now).is_err() {
                let handle = Handle::new(handle).unwrap();
                let user = user::by_handle(self.world.app(), handle).await.unwrap().unwrap();
                *token = self.world.token(&user, origin).await;
            }
            if self.world.app().sessions.actor(token, now).is_err() {
                return false;
            }
        }
        true
    }

    /// Answers a request whose body comes in pieces; what every answer keeps to.
    pub async fn answer(&self, request: Request<Pieces>) -> Answer {
        let peer = arctos_box::http::Peer { addr: [127, 0, 0, 1].into(), secure: false };
        let (head, body) = self.world.site.answer(request, peer).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        let answer = Answer { status: head.status.as_u16(), headers: head.headers, body };
        assert!(answer.body.len() <= ANSWER_MAX, "an answer of {} bytes", answer.body.len());
        let kind = answer.headers.get("content-type").map_or(&b""[..], |kind| kind.as_bytes());
        if kind.starts_with(b"application/json") && !answer.body.is_empty() {
            serde_json::from_slice::<Value>(&answer.body).expect("it says that it is JSON");
        }
        answer
    }

    /// A text with what only this box knows put in for `$token`, `$secret`, ….
    pub fn filled(&self, text: &[u8], dialect: &str) -> Vec<u8> {
        let secrets = &self.world.app().secrets;
        let now = self.world.clock.now();
        let t = now.as_seconds() + 60;
        let secret = match dialect {
            "openim" => &secrets.openim_secret,
            "arctos" => &secrets.arctos_license_key,
            _ => &secrets.channel_app_secret,
        };
        let sign = arctos_box::wire::callback::live_sign(&secrets.callback_key, t);
        let rule = arctos_box::wire::channel_auth::Rule::Hmac { app_secret: secret };
        let today = arctos_box::wire::channel_auth::date(now.as_seconds().div_euclid(86_400));
        let auth = arctos_box::wire::channel_auth::token(rule, &today, 7);
        let values = [
            ("$token", self.token.clone()),
            ("$secret", secret.to_string()),
            ("$app_id", secrets.channel_app_id.clone()),
            ("$appid", APPID.to_string()),
            ("$sign", sign),
            ("$t", t.to_string()),
            ("$auth", auth),
            ("$room", self.room.to_string()),
        ];
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((byte, after)) = rest.split_first() {
            let known = values.iter().find(|(name, _)| rest.starts_with(name.as_bytes()));
            rest = match known {
                Some((name, value)) => {
                    out.extend_from_slice(value.as_bytes());
                    &rest[name.len()..]
                }
                None => {
                    out.push(*byte);
                    after
                }
            };
        }
        out
    }
}

/// Hears what the box logs as its own fault, on the thread of the target.
#[derive(Default)]
struct Alarm(Arc<Mutex<Vec<String>>>);

impl Subscriber for Alarm {
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        *of.level() == Level::ERROR
    }

    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        self.0.lock().unwrap().push(words.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!("{field}: {value:?} ");
    }
}
