//! The outbox against a server that fails in every way there is, across power cuts and restarts: each call is
//! taken at least once, in order for each lesson, and is the same call each time.

mod server;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use arctos_box::config::{self, Sources};
use arctos_box::domain::callback::{self, Teller};
use arctos_box::domain::{outbox, room};
use arctos_box::model::lesson::Video;
use arctos_box::model::user::Role;
use arctos_box::model::{Millis, RoomId};
use arctos_box::ops::courier;
use proptest::prelude::*;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::server::{Answer, Server};
use super::{power_cut, run};
use crate::process::poll;
use crate::rules::groups::person;
use crate::world::World;

const ROOMS: usize = 3;
pub const SECRET: &str = "a secret between two servers";
/// Longer than any pause between two tries.
const PAUSE: Millis = Millis::seconds(721);

#[derive(Clone, Debug)]
enum Step {
    /// Something happened to a lesson; telling it again is telling nothing.
    Tell(usize, u8),
    /// What the next calls are answered.
    Answers(Vec<Answer>),
    /// Until everything that is due was tried.
    Pass,
    Down,
    Up,
    Restart,
    PowerCut {
        after: Duration,
    },
    CutWithin(usize, u8, Duration),
}

#[test]
fn every_call_is_taken_at_least_once_in_order_and_is_the_same_each_time_whatever_fails() {
    run(8, &proptest::collection::vec(step(), 1..24), async |steps| {
        let mut bench = Bench::new().await;
        for step in steps {
            bench.step(step).await;
        }
        bench.drain_all().await;
        bench.check()
    });
}

fn step() -> impl Strategy<Value = Step> {
    use Answer::{Cut, CutHead, Deaf, Error, Garbage, Hang, Moved, Short, Slow, Taken};
    let answers = vec![Cut, CutHead, Deaf, Error, Garbage, Hang, Moved, Short, Slow, Taken, Taken];
    let answers = proptest::collection::vec(proptest::sample::select(answers), 1..6);
    let after = || (0..8000u64).prop_map(Duration::from_micros);
    prop_oneof![
        8 => (0..ROOMS, 0..6u8).prop_map(|(room, n)| Step::Tell(room, n)),
        5 => answers.prop_map(Step::Answers),
        5 => Just(Step::Pass),
        1 => Just(Step::Down),
        1 => Just(Step::Up),
        1 => Just(Step::Restart),
        2 => after().prop_map(|after| Step::PowerCut { after }),
        1 => (0..ROOMS, 0..6u8, after()).prop_map(|(room, n, us)| Step::CutWithin(room, n, us)),
    ]
}

/// A box with two webhooks, which lead to the same server.
struct Bench {
    world: World,
    rooms: Vec<RoomId>,
    server: Server,
    courier: (JoinHandle<()>, watch::Sender<bool>),
    /// The model: what was told of each lesson, in order.
    told: BTreeMap<i64, Vec<String>>,
}

impl Bench {
    async fn new() -> Self {
        let server = Server::up().await;
        let world = World::from(configured(server.addr)).await;
        let ann = person(&world, "ann", Role::Teacher).await;
        let mut rooms = Vec::new();
        for _ in 0..ROOMS {
            let now = world.clock.moment();
            let made = room::create(world.app(), &ann, "t".into(), String::new(), now);
            rooms.push(made.await.unwrap());
        }
        let courier = begin(&world);
        Self { world, rooms, server, courier, told: BTreeMap::new() }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Tell(room, n) => {
                self.tell(room, n).await;
                self.note(room, n);
            }
            Step::Answers(answers) => self.server.will(answers),
            Step::Pass => self.pass().await,
            Step::Down => self.server.goes_down().await,
            Step::Up => self.server.comes_up(),
            Step::Restart => {
                self.courier.1.send_replace(true);
                (&mut self.courier.0).await.unwrap();
                self.world.restart().await;
                self.courier = begin(&self.world);
            }
            Step::PowerCut { after } => {
                self.world.app().outbox_bell.notify_one();
                tokio::time::sleep(after).await;
                self.cut().await;
            }
            Step::CutWithin(room, n, after) => {
                let told = tokio::time::timeout(after, self.tell(room, n)).await;
                self.cut().await;
                let (id, video) = (self.rooms[room], name(n));
                let read = move |conn: &rusqlite::Connection| {
                    let sql =
                        "SELECT EXISTS (SELECT 1 FROM video WHERE room_id = ?1 AND video_id = ?2)";
                    Ok(conn.query_row(sql, (id.0, video), |r| r.get(0))?)
                };
                let stands = self.world.app().db.read(read).await.unwrap();
                assert!(stands || told.is_err(), "it was acknowledged");
                if stands {
                    self.note(room, n);
                }
            }
        }
    }

    async fn tell(&self, room: usize, n: u8) {
        let video = Video {
            video_id: name(n),
            video_url: "https://cloud.example/v.mp4".into(),
            stream_id: "s".into(),
            start_time: 1,
            end_time: 2,
            media_start: 0,
            file_size: 3,
            duration: 1,
        };
        let (app, id, now) = (self.world.app(), self.rooms[room], self.world.clock.moment());
        callback::recording_ended(app, id, None, video, Teller::Outside, now).await.unwrap();
    }

    fn note(&mut self, room: usize, n: u8) {
        let told = self.told.entry(self.rooms[room].0).or_default();
        if !told.contains(&name(n)) {
            told.push(name(n));
        }
    }

    async fn cut(&mut self) {
        self.courier.0.abort();
        let _ = (&mut self.courier.0).await;
        power_cut(&mut self.world).await;
        self.courier = begin(&self.world);
    }

    async fn pass(&self) {
        self.world.hand.advance(PAUSE);
        let app = self.world.app();
        app.outbox_bell.notify_one();
        poll("what is due was tried", Duration::from_secs(20), async || {
            let due = outbox::due(app, self.world.clock.moment()).await.unwrap();
            (due.len() <= self.server.hanging()).then_some(())
        })
        .await;
    }

    /// The server is well again, and nobody hangs any more.
    async fn drain_all(&mut self) {
        self.server.gets_well();
        self.server.comes_up();
        self.cut().await;
        while outbox::waiting(self.world.app()).await.unwrap() > 0 {
            self.pass().await;
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let heard = self.server.heard();
        let mut ids = BTreeMap::new();
        for call in &heard {
            prop_assert!(call.signed, "{:?}", call);
            let same = (call.room, call.video.clone(), call.body.clone());
            let before = ids.entry((call.path.clone(), call.id.clone())).or_insert(same.clone());
            prop_assert_eq!(&*before, &same, "one id, one call");
        }
        for path in ["/school", "/archive"] {
            for (room, told) in &self.told {
                let calls = heard.iter().filter(|c| c.path == path && c.room == *room);
                let mut taken = 0;
                for call in calls {
                    // The next one, or again the last one that the box may not have noted as taken.
                    let at = told.iter().position(|video| *video == call.video);
                    let again = taken > 0 && at == Some(taken - 1);
                    prop_assert!(at == Some(taken) || again, "{path} {room} {taken} {call:?}");
                    if call.taken && !again {
                        taken += 1;
                    }
                }
                prop_assert_eq!(taken, told.len(), "{} of lesson {}", path, room);
            }
        }
        Ok(())
    }
}

fn name(n: u8) -> String {
    format!("video {n}")
}

fn begin(world: &World) -> (JoinHandle<()>, watch::Sender<bool>) {
    let (drain, draining) = watch::channel(false);
    let run = courier::run(world.app().clone(), world.clock.clone(), draining);
    (tokio::spawn(run), drain)
}

fn configured(server: SocketAddr) -> config::Config {
    let hooks = ["school", "archive"].map(|name| {
        format!("[[webhook]]\nname = \"{name}\"\nurl = \"http://{server}/{name}\"\nsecret = \"{SECRET}\"\n")
    });
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("box.toml");
    std::fs::write(&file, hooks.concat()).unwrap();
    config::load(&Sources { file: Some(&file), ..Sources::default() }).unwrap()
}
