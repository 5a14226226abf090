//! Who listens where. Memory only; the lock is held for as long as it takes to hand a frame round.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::broadcast;

use crate::domain::pace::Pace;
use crate::model::lesson::Message;
use crate::model::user::Actor;
use crate::model::{Fault, Millis, UserId};
use crate::wire::talk as frame;

/// Listeners of one group: four classes. Of the box, and of one person in one group (tabs and devices).
const GROUP_MAX: usize = 250;
const ALL_MAX: usize = 1000;
const PERSON_MAX: usize = 8;
/// Frames that wait for the slowest listener, shared by all; who is further behind reads the store.
const RING: usize = 128;
/// What all of a group say together.
const GROUP_PACE: Pace = Pace::new(200, Millis(20));

/// The listeners of all groups.
#[derive(Default)]
pub struct Hub {
    groups: Mutex<HashMap<String, Live>>,
}

/// A group that somebody listens to.
struct Live {
    out: broadcast::Sender<Heard>,
    /// By handle: with how many ears, so that nobody is shown twice.
    people: BTreeMap<String, usize>,
    pace: Pace,
}

/// What is handed round. The bytes are shared.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    Kept(i64, Bytes),
    Passing(Bytes),
    /// This person, or everybody, has to leave.
    Out(Option<UserId>),
}

/// One listener's place; dropping it gives it up and tells the others.
pub(super) struct Place {
    hub: Arc<Hub>,
    group: String,
    handle: String,
    /// When it was last in use: the time of its leaving.
    pub now: Millis,
}

impl Hub {
    /// Takes a place. Whatever is told from now on waits in the receiver.
    pub(super) fn enter(
        self: &Arc<Self>,
        group: &str,
        actor: &Actor,
        now: Millis,
    ) -> Result<(Place, broadcast::Receiver<Heard>), Fault> {
        let mut groups = self.groups();
        let ears = |live: &Live| live.people.values().sum::<usize>();
        let all: usize = groups.values().map(ears).sum();
        let handle = actor.handle.as_str().to_owned();
        let (here, own) = groups
            .get(group)
            .map_or((0, 0), |live| (ears(live), live.people.get(&handle).copied().unwrap_or(0)));
        if all >= ALL_MAX || here >= GROUP_MAX || own >= PERSON_MAX {
            return Err(Fault::Busy { retry: Millis::seconds(30) });
        }
        let live = groups.entry(group.to_owned()).or_insert_with(Live::new);
        if own == 0 {
            live.pass(frame::came(&handle, now));
        }
        let receiver = live.out.subscribe();
        *live.people.entry(handle.clone()).or_default() += 1;
        Ok((Place { hub: self.clone(), group: group.to_owned(), handle, now }, receiver))
    }

    /// Handles of those who listen.
    pub(super) fn online(&self, group: &str) -> Vec<String> {
        self.groups().get(group).map_or_else(Vec::new, |c| c.people.keys().cloned().collect())
    }

    /// Tells of messages that stand in the store. Called on the writer's thread; never waits.
    pub fn posted(&self, posted: &[(String, Message)]) {
        let groups = self.groups();
        for (group, message) in posted {
            if let Some(live) = groups.get(group) {
                live.tell(Heard::Kept(message.seq, frame::kept(message).into()));
            }
        }
    }

    /// Whether the group as a whole may say one more thing now.
    pub(super) fn pace(&self, group: &str, steady: Millis) -> Result<(), Millis> {
        self.groups().get_mut(group).map_or(Ok(()), |live| live.pace.take(steady))
    }

    pub(super) fn expel(&self, group: &str, user: Option<UserId>) {
        if let Some(live) = self.groups().get(group) {
            live.tell(Heard::Out(user));
        }
    }

    /// Listeners now, for `/metrics`.
    pub fn count(&self) -> usize {
        self.groups().values().map(|live| live.out.receiver_count()).sum()
    }

    fn groups(&self) -> MutexGuard<'_, HashMap<String, Live>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn new() -> Self {
        Self { out: broadcast::channel(RING).0, people: BTreeMap::new(), pace: GROUP_PACE }
    }

    fn tell(&self, heard: Heard) {
        // An error only says that nobody listens.
        let _ = self.out.send(heard);
    }

    fn pass(&self, frame: String) {
        self.tell(Heard::Passing(frame.into()));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut groups = self.hub.groups();
        let Some(live) = groups.get_mut(&self.group) else { return };
        match live.people.get_mut(&self.handle) {
            Some(ears) if *ears > 1 => *ears -= 1,
            Some(_) | None => {
                live.people.remove(&self.handle);
                live.pass(frame::left(&self.handle, self.now));
            }
        }
        if live.people.is_empty() {
            groups.remove(&self.group);
        }
    }
}
