//! The table against one of the library's, and what it shows of a person.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const NOW: Moment = Moment { wall: Millis(0), steady: Millis(0) };

fn session(user: i64) -> Session {
    let handle = Handle::new(&format!("Pupil-{user}")).unwrap();
    let (role, appid, origin) = (Role::Pupil, Some(7), Origin::Edu);
    let actor = Actor { id: UserId(user), handle, role, appid, origin };
    Session { actor, issued: Millis(0), disabled: false }
}

/// Most begin alike, so that they meet in their slots.
fn hash(n: u8) -> [u8; 32] {
    let mut hash = [0; 32];
    (hash[0], hash[31]) = (n % 4, n);
    hash
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u8),
    Remove(u8),
    RetainNot(u8),
    Refill,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => any::<u8>().prop_map(Step::Insert),
        2 => any::<u8>().prop_map(Step::Remove),
        1 => (2..9_u8).prop_map(Step::RetainNot),
        1 => Just(Step::Refill),
    ]
}

proptest! {
    #[test]
    fn it_holds_what_a_map_would_hold_after_any_steps(steps in prop::collection::vec(step(), 0..200)) {
        let (mut table, mut map) = (Table::default(), HashMap::new());
        for (user, step) in (0..).zip(steps) {
            match step {
                Step::Insert(n) => {
                    table.insert(Kept::new(hash(n), session(user)));
                    map.insert(hash(n), UserId(user));
                }
                Step::Remove(n) => {
                    table.remove(&hash(n));
                    map.remove(&hash(n));
                }
                Step::RetainNot(n) => {
                    table.retain(|kept| kept.hash[31] % n != 0);
                    map.retain(|hash, _| hash[31] % n != 0);
                }
                Step::Refill => table = table.drain().collect(),
            }
            prop_assert_eq!(table.len(), map.len());
        }
        for n in 0..=u8::MAX {
            let found = table.get(&hash(n)).map(|kept| kept.user);
            prop_assert_eq!(found, map.get(&hash(n)).copied());
        }
    }
}

#[test]
fn who_is_asked_for_twice_is_the_same_until_something_changed() {
    let mut kept = Kept::new(hash(1), session(5));
    let first = kept.actor(NOW).unwrap();
    assert!(Arc::ptr_eq(&first, &kept.actor(NOW).unwrap()));
    let shown = (first.id, first.handle.as_str(), first.role, first.appid, first.origin);
    assert_eq!(shown, (UserId(5), "Pupil-5", Role::Pupil, Some(7), Origin::Edu));
    let mut user = User::fresh(Handle::new("Ann").unwrap(), Origin::Channel, Role::Teacher);
    kept.change(&user);
    let now = kept.actor(NOW).unwrap();
    let shown = (now.id, now.handle.key(), now.role, now.appid, now.origin);
    assert_eq!(shown, (UserId(5), "ann", Role::Teacher, None, Origin::Edu));
    user.disabled = true;
    kept.change(&user);
    assert!(matches!(kept.actor(NOW), Err(Fault::Unauthenticated(Refusal::Disabled))));
}

#[test]
fn a_token_of_ten_thousand_takes_little_more_than_a_hundred_bytes() {
    assert!(size_of::<Kept>() <= 104, "{}", size_of::<Kept>());
}
