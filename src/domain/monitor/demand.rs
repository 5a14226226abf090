//! Who wants an input now: people who look at it, and lessons. It is opened for the former while no lesson has it, and left at
//! once when one does.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::Input;
use crate::model::{Clock, Fault, Millis, UserId};

/// So long after he looked last, it stays open for somebody.
const LINGER: Millis = Millis::seconds(10);
/// People who look at one input.
const PEOPLE: usize = 16;
/// A lesson waits no longer for its devices. Who is killed leaves them within milliseconds, and is given up after a second.
const LEAVE: Duration = Duration::from_millis(1500);

#[derive(Debug, Default)]
pub(super) struct Demand(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    /// Who has looked lately, and when, on the steady clock.
    people: Vec<(UserId, Millis)>,
    lessons: usize,
    is_open: bool,
}

impl State {
    /// How long it is wanted by those who look, if it is: `Duration::MAX` for ever.
    fn wanted(&self, is_always: bool, now: Millis) -> Option<Duration> {
        let newest = self.people.iter().map(|(_, at)| *at).max();
        let left = newest.map(|at| at + LINGER - now).filter(|left| *left > Millis(0));
        match (self.lessons, is_always) {
            (0, true) => Some(Duration::MAX),
            (0, false) => left.map(Millis::to_std),
            (1.., _) => None,
        }
    }
}

impl Demand {
    /// There is somebody who opens it.
    pub fn is_served(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// So many others look that he may not.
    pub fn is_full(&self, user: UserId, now: Millis) -> bool {
        let state = self.0.borrow();
        let others = state.people.iter().filter(|(who, at)| *who != user && now - *at < LINGER);
        others.count() >= PEOPLE
    }

    /// Somebody looks: it is kept open for him.
    ///
    /// # Errors
    /// `Busy` when too many do.
    pub fn look(&self, user: UserId, now: Millis) -> Result<(), Fault> {
        let is_let_in = self.0.send_if_modified(|state| {
            state.people.retain(|(who, at)| *who != user && now - *at < LINGER);
            let is_let_in = state.people.len() < PEOPLE;
            if is_let_in {
                state.people.push((user, now));
            }
            is_let_in
        });
        is_let_in.then_some(()).ok_or(Fault::Busy { retry: super::RETRY })
    }
}

impl Input {
    /// Waits until it is to be opened for those who look.
    pub async fn wanted(&self, is_always: bool, clock: &Clock) {
        let mut changes = self.demand.0.subscribe();
        let is_wanted = |state: &State| state.wanted(is_always, clock.steady()).is_some();
        // Its sender is here: it does not go.
        let _ = changes.wait_for(is_wanted).await;
    }

    /// Waits until nobody looks any more, or a lesson wants it.
    pub async fn unwanted(&self, is_always: bool, clock: &Clock) {
        let mut changes = self.demand.0.subscribe();
        loop {
            let left = changes.borrow_and_update().wanted(is_always, clock.steady());
            let Some(left) = left else { return };
            let _ = timeout(left, changes.changed()).await;
        }
    }

    /// To be had before its devices are opened for those who look, and kept until they are closed. `None`: a lesson has it.
    pub fn open(&self) -> Option<Watched<'_>> {
        let is_free = self.demand.0.send_if_modified(|state| {
            let is_free = state.lessons == 0;
            state.is_open |= is_free;
            is_free
        });
        is_free.then_some(Watched(self))
    }

    /// To be had by a lesson for as long as it records: nobody opens the devices beside it.
    pub fn take(self: &Arc<Self>) -> Taken {
        self.demand.0.send_modify(|state| state.lessons += 1);
        Taken(self.clone())
    }

    /// Waits until those who look have left the devices of an input that was taken; not for longer than a moment.
    pub async fn left(&self) {
        let mut changes = self.demand.0.subscribe();
        if timeout(LEAVE, changes.wait_for(|state| !state.is_open)).await.is_err() {
            tracing::warn!(input = self.name, "who looks at it does not let go; a lesson opens it");
        }
    }
}

/// An input that is open for those who look. What was seen is forgotten with it.
#[derive(Debug)]
pub struct Watched<'a>(&'a Input);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.0.sight.send_modify(|sight| sight.shot = None);
        self.0.demand.0.send_modify(|state| state.is_open = false);
    }
}

/// An input that a lesson has.
#[derive(Debug)]
pub struct Taken(Arc<Input>);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.demand.0.send_modify(|state| state.lessons -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::time::Instant;

    use super::*;

    const ANN: UserId = UserId(1);

    fn input() -> (Arc<Input>, Clock, crate::model::Hand) {
        let (clock, hand) = Clock::manual(Millis(0));
        (Arc::new(Input::new("a", "")), clock, hand)
    }

    async fn is_waiting(future: impl Future<Output = ()>) -> bool {
        timeout(Duration::from_millis(1), future).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_open_for_ten_seconds_after_the_last_look() {
        let (input, clock, hand) = input();
        assert!(is_waiting(input.wanted(false, &clock)).await, "nobody looks");
        assert!(!is_waiting(input.wanted(true, &clock)).await, "it is always watched");
        input.demand.look(ANN, clock.steady()).unwrap();
        hand.advance(Millis::seconds(9));
        assert!(!is_waiting(input.wanted(false, &clock)).await);
        assert!(is_waiting(input.unwanted(false, &clock)).await);
        hand.advance(Millis::seconds(1));
        assert!(!is_waiting(input.unwanted(false, &clock)).await);
        assert!(is_waiting(input.unwanted(true, &clock)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lesson_wins_and_is_not_held_up_by_who_does_not_leave() {
        let (input, clock, _hand) = input();
        let watched = input.open().unwrap();
        let mut unwanted = pin!(input.unwanted(true, &clock));
        assert!(is_waiting(&mut unwanted).await);
        let lesson = input.take();
        unwanted.await;
        let began = Instant::now();
        input.left().await;
        assert_eq!(began.elapsed(), LEAVE);
        drop(watched);
        input.left().await;
        assert_eq!(began.elapsed(), LEAVE);
        assert!(input.open().is_none() && is_waiting(input.wanted(true, &clock)).await);
        drop(lesson);
        input.wanted(true, &clock).await;
        assert!(input.open().is_some());
    }

    #[test]
    fn so_many_look_and_no_more_until_one_leaves() {
        let (input, ..) = input();
        let look = |n: usize, now| input.demand.look(UserId(n as i64), now);
        assert!((0..PEOPLE).all(|n| look(n, Millis(n as i64)).is_ok()));
        assert!(input.demand.is_full(UserId(PEOPLE as i64), Millis(20)));
        assert!(!input.demand.is_full(UserId(0), Millis(20)), "he looks already");
        assert!(look(PEOPLE, Millis(20)).is_err() && look(0, Millis(20)).is_ok());
        assert!(look(PEOPLE, LINGER + Millis(1)).is_ok(), "the second one has left");
    }
}
