//! What `session` promises of a start.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::model::user::{Actor, Role};
use crate::model::{Handle, UserId};

const NOW: Moment = Moment { wall: Millis(1_000_000), steady: Millis(0) };

fn held(token: &str, role: Role, origin: Origin) -> Held {
    let handle = Handle::new("ann").unwrap();
    Held {
        hash: sha256(token.as_bytes()),
        actor: Actor { id: UserId(10_001), handle, role, appid: None, origin },
        issued_at: Millis(0),
        disabled: false,
    }
}

#[test]
fn a_stored_token_opens_before_all_are_in_memory_and_the_store_is_not_asked_after() {
    let sessions = Sessions::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    sessions.look_up_late(Box::new(move |hash| {
        count.fetch_add(1, Ordering::Relaxed);
        let stored = held("good", Role::Pupil, Origin::Edu);
        Ok((stored.hash == *hash).then(|| restored(stored, NOW).unwrap().1))
    }));
    let opens = |token: &str| sessions.actor(token, NOW).map(|actor| actor.id);
    let refused = |token: &str| {
        matches!(sessions.actor(token, NOW), Err(Fault::Unauthenticated(Refusal::Invalid)))
    };
    assert!(matches!(opens("good"), Ok(UserId(10_001))));
    assert!(refused("forged"));
    assert!(sessions.knows(&sha256(b"good")).unwrap() && !sessions.knows(&sha256(b"no")).unwrap());
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    let stored = [held("good", Role::Pupil, Origin::Edu)];
    let stored = stored.into_iter().filter_map(|held| restored(held, NOW));
    sessions.restore(stored.map(|(hash, session)| Kept::new(hash, session)).collect());
    assert!(matches!(opens("good"), Ok(UserId(10_001))));
    assert!(refused("forged"));
    assert_eq!((asked.load(Ordering::Relaxed), sessions.count()), (4, 1));
}

#[test]
fn a_token_that_cannot_be_looked_up_is_not_called_forged() {
    let sessions = Sessions::default();
    sessions.look_up_late(Box::new(|_| Err(Fault::Offline(crate::model::Part::Store))));
    assert!(matches!(sessions.actor("any", NOW), Err(Fault::Offline(_))));
}

#[test]
fn a_token_of_a_box_role_is_restored_for_the_boxs_own_dialect_alone() {
    let is_kept = |role, origin| restored(held("t", role, origin), NOW).is_some();
    assert!(is_kept(Role::Administrator, Origin::Box) && is_kept(Role::Teacher, Origin::Edu));
    assert!(!is_kept(Role::Administrator, Origin::Edu) && !is_kept(Role::Technician, Origin::Edu));
}
