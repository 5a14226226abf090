//! Lessons, seats and leases: what each call answers, what the store holds and what presence shows, after every
//! step and after every power cut.

use std::collections::BTreeMap;
use std::time::Duration;

use arctos_box::domain::{lesson, room};
use arctos_box::model::user::{Actor, Role};
use arctos_box::model::{Conflict, Fault, Millis, RoomId};
use proptest::prelude::*;

use super::{integrity, power_cut, run};
use crate::rules::groups::person;
use crate::vendor::Vendor;
use crate::world::{HERE, World};

/// The first two are teachers.
const PEOPLE: usize = 5;
const HOST_SILENCE_S: i64 = 300;
const SILENCE_S: i64 = 120;

#[derive(Clone, Debug)]
enum Step {
    /// Somebody, beyond all people the host, does something to one of the lessons, or to one that is none.
    Do(Deed, usize, usize),
    Pass {
        seconds: i64,
    },
    /// A licence for so many lessons.
    Allow(u32),
    PowerCut,
    /// In the middle of it.
    CutWithin(Deed, usize, usize, Duration),
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Create,
    Start,
    Exit,
    Enter,
    Leave,
    Beat,
}

#[test]
fn lessons_seats_and_leases_are_what_a_plain_model_says_through_any_operations_and_power_cuts() {
    run(16, &proptest::collection::vec(step(), 1..60), async |steps| {
        let mut bench = Bench::new().await;
        for step in steps {
            bench.step(&step).await?;
        }
        bench.step(&Step::PowerCut).await?;
        prop_assert_eq!(integrity(&bench.world).await, "ok");
        Ok(())
    });
}

fn step() -> impl Strategy<Value = Step> {
    let deed = || {
        use Deed::{Beat, Create, Enter, Exit, Leave, Start};
        proptest::sample::select(vec![Create, Start, Start, Start, Exit, Enter, Enter, Leave, Beat])
    };
    let who = || 0..PEOPLE;
    prop_oneof![
        24 => (deed(), who(), 0..12usize).prop_map(|(d, who, n)| Step::Do(d, who, n)),
        3 => (1..200i64).prop_map(|seconds| Step::Pass { seconds }),
        2 => (1..4u32).prop_map(Step::Allow),
        1 => Just(Step::PowerCut),
        3 => (deed(), who(), 0..12usize, 0..4000u64)
            .prop_map(|(d, who, n, us)| Step::CutWithin(d, who, n, Duration::from_micros(us))),
    ]
}

/// Everything the world may know of a lesson.
#[derive(Clone, Debug, Default, PartialEq)]
struct Lesson {
    host: usize,
    /// 0, 1 or 2; an index without film makes no 3.
    state: i64,
    leased: bool,
    begin: i64,
    end: i64,
    /// Messages so far.
    said: i64,
    /// Who sits in it.
    seats: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
struct Model {
    lessons: Vec<Lesson>,
    /// When each was last heard of in each lesson.
    heard: BTreeMap<(usize, usize), i64>,
    hosts: BTreeMap<usize, i64>,
    allowed: usize,
    now: i64,
}

impl Model {
    /// Who does it, and to which place in the list.
    fn which(&self, who: usize, n: usize) -> (usize, usize) {
        let n = n.checked_rem(self.lessons.len() + usize::from(n == 11)).unwrap_or(0);
        let host = self.lessons.get(n).map_or(0, |lesson| lesson.host);
        (if who < PEOPLE { who } else { host }, n)
    }

    fn deed(&mut self, deed: Deed, who: usize, n: usize) -> Result<(), &'static str> {
        let live = self.lessons.iter().filter(|l| l.state == 1).count();
        let (now, allowed) = (self.now, self.allowed);
        if let Deed::Create = deed {
            if who > 1 {
                return Err("denied");
            }
            self.lessons.push(Lesson { host: who, ..Lesson::default() });
            return Ok(());
        }
        let lesson = self.lessons.get_mut(n).ok_or("missing")?;
        let seated = lesson.seats.contains(&who);
        match deed {
            Deed::Start | Deed::Exit if lesson.host != who => return Err("denied"),
            Deed::Start if lesson.state > 1 => return Err("over"),
            Deed::Start if lesson.state != 0 => return Err("not startable"),
            Deed::Start if live >= allowed => return Err("licence"),
            Deed::Start => {
                lesson.said += 1;
                (lesson.state, lesson.leased, lesson.begin) = (1, true, lesson.said);
                lesson.seats.push(who);
                self.hosts.insert(n, now);
            }
            Deed::Exit if lesson.state != 1 => return Err("not live"),
            Deed::Exit => lesson.close(),
            Deed::Enter if lesson.state != 1 => return Err("not live"),
            Deed::Enter if !seated => {
                lesson.said += 1;
                lesson.seats.push(who);
                lesson.seats.sort_unstable();
            }
            Deed::Enter => {}
            Deed::Leave if !seated => return Err("not in room"),
            Deed::Leave => lesson.seats.retain(|seated| *seated != who),
            Deed::Beat => {
                if lesson.host == who {
                    self.hosts.insert(n, now);
                }
                if !seated {
                    return Err("not in room");
                }
            }
            Deed::Create => {}
        }
        self.heard.insert((n, who), now);
        Ok(())
    }

    fn pass(&mut self, seconds: i64) {
        self.now += seconds;
        let now = self.now;
        for (n, lesson) in self.lessons.iter_mut().enumerate().filter(|(_, l)| l.state == 1) {
            if now - self.hosts[&n] >= HOST_SILENCE_S {
                lesson.close();
            } else {
                let (heard, host) = (&self.heard, lesson.host);
                lesson.seats.retain(|who| *who == host || now - heard[&(n, *who)] < SILENCE_S);
            }
        }
    }

    /// Time in which the box was down is no silence.
    fn wake(&mut self) {
        self.heard.values_mut().for_each(|at| *at = self.now);
        self.hosts.values_mut().for_each(|at| *at = self.now);
    }
}

impl Lesson {
    fn close(&mut self) {
        self.said += 1;
        (self.state, self.leased, self.end) = (2, false, self.said);
        self.seats.clear();
    }
}

struct Bench {
    world: World,
    vendor: Vendor,
    people: Vec<Actor>,
    model: Model,
}

impl Bench {
    async fn new() -> Self {
        let vendor = Vendor::new();
        let world = World::with(&[&vendor.trusted()]).await;
        vendor.install(&world, |l| l.rooms = 1);
        let mut people = Vec::new();
        for n in 0..PEOPLE {
            let role = if n < 2 { Role::Teacher } else { Role::Pupil };
            people.push(person(&world, &format!("p{n}"), role).await);
        }
        Self { world, vendor, people, model: Model { allowed: 1, ..Model::default() } }
    }

    async fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Do(deed, who, n) => {
                let (who, n) = self.model.which(who, n);
                let done = self.deed(deed, who, n).await;
                prop_assert_eq!(done, self.model.deed(deed, who, n));
            }
            Step::Pass { seconds } => {
                self.world.advance(Millis::seconds(seconds)).await;
                self.model.pass(seconds);
            }
            Step::Allow(rooms) => {
                self.vendor.install(&self.world, |l| l.rooms = rooms);
                self.model.allowed = usize::try_from(rooms).unwrap();
            }
            Step::PowerCut => {
                power_cut(&mut self.world).await;
                self.model.wake();
            }
            Step::CutWithin(deed, who, n, after) => {
                let (who, n) = self.model.which(who, n);
                let cut = tokio::time::timeout(after, self.deed(deed, who, n)).await;
                let acknowledged = matches!(cut, Ok(Ok(())));
                power_cut(&mut self.world).await;
                // Whole or not at all; whole when it was acknowledged.
                let mut done = self.model.clone();
                let _ = done.deed(deed, who, n);
                if acknowledged || self.stored().await == done.lessons {
                    self.model = done;
                }
                self.model.wake();
            }
        }
        // The recorder takes its orders.
        while self.world.orders.try_recv().is_ok() {}
        prop_assert_eq!(&self.stored().await, &self.model.lessons);
        self.shown()
    }

    async fn deed(&self, deed: Deed, who: usize, n: usize) -> Result<(), &'static str> {
        let (app, actor, now) = (self.world.app(), &self.people[who], self.world.clock.moment());
        let id = RoomId(10_001 + i64::try_from(n).unwrap());
        let by = (actor, HERE);
        let done = match deed {
            Deed::Create => {
                room::create(app, actor, "t".into(), String::new(), now).await.map(|_| ())
            }
            Deed::Start => lesson::start(app, id, by, 1, now).await,
            Deed::Exit => lesson::exit(app, id, by, 1, now).await,
            Deed::Enter => lesson::enter(app, id, actor, 1, now).await,
            Deed::Leave => lesson::leave(app, id, actor, now).await,
            Deed::Beat => app.presence.beat(id, actor.id, now.steady),
        };
        done.map_err(|fault| match fault {
            Fault::Missing(_) => "missing",
            Fault::Denied(_) => "denied",
            Fault::Licence(_) => "licence",
            Fault::Conflict(Conflict::NotStartable) => "not startable",
            Fault::Conflict(Conflict::Over) => "over",
            Fault::Conflict(Conflict::NotLive) => "not live",
            Fault::Conflict(Conflict::NotInRoom) => "not in room",
            other => panic!("{deed:?} by {who} in {n}: {other:?}"),
        })
    }

    /// What the store knows.
    async fn stored(&self) -> Vec<Lesson> {
        let ids: Vec<i64> = self.people.iter().map(|p| p.id.0).collect();
        let place = move |id: i64| ids.iter().position(|known| *known == id).unwrap();
        let read = move |conn: &rusqlite::Connection| {
            let numbers = |sql: &str, room: i64| {
                let mut found = conn.prepare(sql)?;
                found.query_map([room], |r| r.get(0))?.collect::<Result<Vec<i64>, _>>()
            };
            let mut rooms = conn
                .prepare("SELECT id, host_id, state, begin_seq, end_seq FROM room ORDER BY id")?;
            let mut all = Vec::new();
            let mut rows = rooms.query([])?;
            while let Some(row) = rows.next()? {
                let id = row.get(0)?;
                let said =
                    numbers("SELECT seq FROM message WHERE group_id = ?1 || '' ORDER BY seq", id)?;
                let seats =
                    "SELECT user_id FROM member WHERE room_id = ?1 AND active = 1 ORDER BY 1";
                let leases = numbers("SELECT room_id FROM lease WHERE room_id = ?1", id)?;
                assert!(said.iter().zip(1..).all(|(seq, n)| *seq == n), "a gap: {said:?}");
                all.push(Lesson {
                    host: place(row.get(1)?),
                    state: row.get(2)?,
                    leased: leases == [id],
                    begin: row.get(3)?,
                    end: row.get(4)?,
                    said: said.last().copied().unwrap_or(0),
                    seats: numbers(seats, id)?.into_iter().map(&place).collect(),
                });
            }
            Ok(all)
        };
        self.world.app().db.read(read).await.unwrap()
    }

    /// That memory shows what the store knows.
    fn shown(&self) -> Result<(), TestCaseError> {
        let presence = &self.world.app().presence;
        let mut counts = (0, 0);
        for (n, lesson) in (10_001..).zip(&self.model.lessons) {
            prop_assert!(presence.exists(RoomId(n)));
            prop_assert_eq!(presence.is_live(RoomId(n)), lesson.state == 1);
            for (place, person) in self.people.iter().enumerate() {
                let seated = lesson.seats.contains(&place);
                prop_assert_eq!(presence.is_seated(RoomId(n), person.id), seated);
            }
            counts = (counts.0 + usize::from(lesson.state == 1), counts.1 + lesson.seats.len());
        }
        prop_assert_eq!(presence.counts(), counts);
        Ok(())
    }
}
