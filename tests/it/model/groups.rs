//! The sequence of a lesson's group while many speak, come and go at once, listeners tear off and come back with
//! `since`, and the power goes in between: everybody hears every number once, in order, with the same words.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arctos_box::domain::talk::{self, Wish};
use arctos_box::domain::{Appliance, lesson, message, room};
use arctos_box::model::talk::Utterance;
use arctos_box::model::user::{Actor, Role};
use arctos_box::model::{Clock, Hand, Millis, Moment, RoomId};
use proptest::prelude::*;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{integrity, power_cut, run};
use crate::rules::groups::person;
use crate::world::{HERE, World};

#[derive(Clone, Debug)]
struct Plan {
    speakers: usize,
    /// What each says before the power goes, if it does not go first, and after it.
    words: [usize; 2],
    listeners: Vec<Habit>,
    cut_after: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Habit {
    /// Tears off after so many batches, and comes back.
    batches: usize,
    /// In the middle of a visit: some for longer than the hub keeps for them.
    dozes: Duration,
}

fn plan() -> impl Strategy<Value = Plan> {
    let brisk = (1..12usize, Just(0));
    let drowsy = (6..12usize, 50..150u64);
    let habit = prop_oneof![2 => brisk.boxed(), 1 => drowsy.boxed()]
        .prop_map(|(batches, ms)| Habit { batches, dozes: Duration::from_millis(ms) });
    let listeners = proptest::collection::vec(habit, 1..5);
    (2..12usize, [5..40usize, 5..60], listeners, 0..150u64).prop_map(
        |(speakers, words, listeners, ms)| Plan {
            speakers,
            words,
            listeners,
            cut_after: Duration::from_millis(ms),
        },
    )
}

#[test]
fn a_groups_numbers_have_no_gap_whoever_speaks_whoever_tears_off_and_whenever_the_power_goes() {
    run(6, &plan(), async |plan| {
        let mut world = World::new().await;
        let hall = Hall::new(&world, &plan).await;
        let cut = async {
            tokio::time::sleep(plan.cut_after).await;
        };
        tokio::select! {
            () = cut => {}
            () = hall.talk(&world, plan.words[0]) => {}
        }
        // What was acknowledged and what was heard until now stands; what was under way may.
        power_cut(&mut world).await;
        hall.talk(&world, plan.words[1]).await;
        hall.agree(&world).await?;
        prop_assert_eq!(integrity(&world).await, "ok");
        Ok(())
    });
}

type Words = BTreeMap<i64, Value>;
/// What one listener heard, in the order in which it came.
type Heard = Arc<Mutex<Vec<(i64, Value)>>>;

struct Hall {
    room: RoomId,
    speakers: Vec<Actor>,
    visitor: Actor,
    listeners: Vec<(Habit, Actor, Heard)>,
    /// What speakers were told is kept, under which number.
    kept: Arc<Mutex<Words>>,
}

impl Hall {
    async fn new(world: &World, plan: &Plan) -> Self {
        let (app, now) = (world.app(), world.clock.moment());
        let ann = person(world, "ann", Role::Teacher).await;
        let room = room::create(app, &ann, "t".into(), String::new(), now).await.unwrap();
        lesson::start(app, room, (&ann, HERE), 1, now).await.unwrap();
        let mut speakers = Vec::new();
        for n in 0..plan.speakers {
            speakers.push(person(world, &format!("s{n}"), Role::Pupil).await);
        }
        let mut listeners = Vec::new();
        for (n, habit) in plan.listeners.iter().enumerate() {
            let who = person(world, &format!("l{n}"), Role::Pupil).await;
            listeners.push((*habit, who, Arc::default()));
        }
        let visitor = person(world, "visitor", Role::Pupil).await;
        Self { room, speakers, visitor, listeners, kept: Arc::default() }
    }

    /// Until everything was said and heard. Dropped, it stops where it is.
    async fn talk(&self, world: &World, words: usize) {
        let (app, now) = (world.app(), world.clock.moment());
        let (mut speakers, mut listeners) = (JoinSet::new(), JoinSet::new());
        let (goal, reached) = watch::channel(i64::MAX);
        for (habit, who, heard) in self.listeners.iter().cloned() {
            let ear = listen(app.clone(), self.wish(who, 0), habit, heard, reached.clone());
            listeners.spawn(ear);
        }
        for who in self.speakers.iter().cloned() {
            let (app, wish) = (app.clone(), self.wish(who, i64::MAX));
            let time = (world.clock.clone(), world.hand.clone());
            speakers.spawn(speak(app, wish, time, words, self.kept.clone()));
        }
        let (app_too, visitor, room) = (app.clone(), self.visitor.clone(), self.room);
        speakers.spawn(async move {
            for _ in 0..words / 2 {
                // The box's own notice of it has its number in the same sequence.
                lesson::enter(&app_too, room, &visitor, 1, now).await.unwrap();
                lesson::leave(&app_too, room, &visitor, now).await.unwrap();
            }
        });
        while let Some(done) = speakers.join_next().await {
            done.unwrap();
        }
        let newest = message::history(app, self.room.to_string()).await.unwrap().len();
        goal.send_replace(i64::try_from(newest).unwrap());
        while let Some(done) = listeners.join_next().await {
            done.unwrap();
        }
    }

    fn wish(&self, who: Actor, since: i64) -> Wish {
        Wish { group: self.room.to_string(), actor: Arc::new(who), key: None, since }
    }

    /// The store, every listener and every speaker tell the same story.
    async fn agree(&self, world: &World) -> Result<(), TestCaseError> {
        let stored = message::history(world.app(), self.room.to_string()).await.unwrap();
        let stored: Vec<(i64, Value)> =
            stored.iter().map(|m| (m.seq, serde_json::from_str(&m.body).unwrap())).collect();
        prop_assert!(stored.iter().zip(1..).all(|((seq, _), n)| *seq == n), "{stored:?}");
        for (habit, _, heard) in &self.listeners {
            prop_assert_eq!(&*heard.lock().unwrap(), &stored, "{:?}", habit);
        }
        let stored: Words = stored.into_iter().collect();
        for (seq, word) in &*self.kept.lock().unwrap() {
            prop_assert_eq!(stored.get(seq), Some(word));
        }
        Ok(())
    }
}

async fn speak(
    app: Arc<Appliance>,
    wish: Wish,
    (clock, hand): (Clock, Hand),
    words: usize,
    kept: Arc<Mutex<Words>>,
) {
    let handle = wish.actor.handle.as_str().to_owned();
    let mut ear = talk::join(&app, wish, clock.moment()).await.unwrap();
    for n in 0..words {
        let word = Value::from(format!("{handle} {n}"));
        let utterance = Utterance::Text(word.to_string());
        // Nobody is out of breath.
        hand.advance(Millis(100));
        let seq = talk::say(&mut ear, utterance, clock.moment()).await.unwrap();
        let before = kept.lock().unwrap().insert(seq, word);
        assert_eq!(before, None, "{seq} was given twice");
    }
}

/// Hears until `goal` is reached, over as many visits as it takes.
async fn listen(
    app: Arc<Appliance>,
    wish: Wish,
    habit: Habit,
    heard: Heard,
    mut goal: watch::Receiver<i64>,
) {
    let now = Moment { wall: crate::world::START, steady: Millis(0) };
    let at = || heard.lock().unwrap().last().map_or(0, |(seq, _)| *seq);
    while at() < *goal.borrow() {
        let wish =
            Wish { since: at(), key: None, group: wish.group.clone(), actor: wish.actor.clone() };
        let mut ear = talk::join(&app, wish, now).await.unwrap();
        let mut left = habit.batches;
        while left > 0 {
            if left == habit.batches / 2 {
                tokio::time::sleep(habit.dozes).await;
            }
            let frames = tokio::select! {
                frames = ear.next() => frames.unwrap(),
                // Its sender goes with the power.
                changed = goal.changed() => match changed {
                    Ok(()) => Vec::new(),
                    Err(_) => return,
                },
            };
            let before = at();
            for frame in frames {
                let frame: Value = serde_json::from_slice(&frame).unwrap();
                if let seq @ 1.. = frame["seq"].as_i64().unwrap() {
                    assert_eq!(seq, at() + 1, "{habit:?}");
                    heard.lock().unwrap().push((seq, frame["body"].clone()));
                }
            }
            if at() >= *goal.borrow() {
                return;
            }
            // Greetings count for nothing: some never stay longer than for one batch.
            left -= usize::from(at() > before);
        }
    }
}
