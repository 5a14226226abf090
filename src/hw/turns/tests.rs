use std::sync::atomic::Ordering;
use std::thread;

use super::{Beside, ENCODERS, SHORT, shorten, turns};

/// In nanoseconds; none on a kernel that tells no turns of ordinary threads.
fn length() -> Option<u64> {
    turns().map(|turns| turns.sched_runtime).filter(|length| *length > 0)
}

#[test]
fn turns_of_a_thread_are_short_and_those_of_its_children_are_not() {
    let seen = thread::spawn(|| {
        let before = length();
        shorten(true);
        let (short, child) = (length(), thread::spawn(length).join().expect("it ends"));
        shorten(false);
        (before, short, child, length())
    });
    let (before, short, child, after) = seen.join().expect("it ends");
    let Some(before) = before else { return };
    assert_eq!(short, Some(SHORT));
    assert_eq!(child, Some(before));
    assert_eq!(after, Some(before), "as before once no encoder runs");
}

#[test]
fn an_encoder_is_counted_as_long_as_it_is_kept() {
    let encoder = Beside::encoder();
    assert!(ENCODERS.load(Ordering::Relaxed) > 0);
    drop(encoder);
}
