//! Who looks at an input without a lesson is in the audit before anything is shown to him: one line in ten minutes, however often
//! and however many times at once he asks.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::timeout;

use super::{Input, RETRY};
use crate::domain::{Appliance, audit};
use crate::model::audit::Event;
use crate::model::user::Actor;
use crate::model::{Fault, Millis, Moment, UserId};

/// For so long one line says it.
const LASTS: Millis = Millis::seconds(600);
/// People who are remembered, of one input; of more, some are written down sooner again.
const PEOPLE: usize = 64;

/// Of one input.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// One line at a time: who asks meanwhile waits for a moment, and may not need another one.
    turn: tokio::sync::Mutex<()>,
    /// Whose lines are written, and when, on the steady clock; the oldest first.
    people: Mutex<Vec<(UserId, Millis)>>,
}

impl Noted {
    fn people(&self) -> MutexGuard<'_, Vec<(UserId, Millis)>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The audit names him.
    pub fn has(&self, user: UserId, now: Millis) -> bool {
        self.people().iter().any(|(who, at)| *who == user && now - *at < LASTS)
    }

    fn add(&self, user: UserId, now: Millis) {
        let mut people = self.people();
        people.retain(|(who, at)| *who != user && now - *at < LASTS);
        if people.len() == PEOPLE {
            people.remove(0);
        }
        people.push((user, now));
    }
}

/// Sees to it that the audit names him. To be run to its end, also for who hangs up: else each time leaves a line.
///
/// # Errors
/// `Busy` while the line of somebody else is being written; what keeps his from being so.
pub async fn note(
    app: &Appliance,
    input: &Input,
    (actor, from): (&Actor, IpAddr),
    now: Moment,
) -> Result<(), Fault> {
    let noted = &input.noted;
    if noted.has(actor.id, now.steady) {
        return Ok(());
    }
    let turn = timeout(RETRY.to_std(), noted.turn.lock()).await;
    let _turn = turn.map_err(|_| Fault::Busy { retry: RETRY })?;
    if !noted.has(actor.id, now.steady) {
        let entry = audit::by(actor, from, Event::InputLookedAt, &input.name);
        audit::write(app, entry, now).await?;
        noted.add(actor.id, now.steady);
    }
    Ok(())
}
