use std::thread;

use super::{SHORT, short_here, turns};

/// In nanoseconds; none on a kernel that tells no turns of ordinary threads.
fn length() -> Option<u64> {
    turns().map(|turns| turns.sched_runtime).filter(|length| *length > 0)
}

#[test]
fn turns_of_a_thread_are_short_and_those_of_its_children_are_not() {
    let seen = thread::spawn(|| {
        let before = length();
        short_here();
        (before, length(), thread::spawn(length).join().expect("it ends"))
    });
    let (before, after, child) = seen.join().expect("it ends");
    let Some(before) = before else { return };
    assert_eq!(after, Some(SHORT));
    assert_eq!(child, Some(before));
}
