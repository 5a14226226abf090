//! Who is waited for, what is taken in and what becomes of it at the end.

use super::*;

/// Longer than any test: who waits for it hangs.
const FOR_EVER: Duration = Duration::from_secs(600);

fn expected(number: usize, patience: Duration) -> Expected {
    Expected { number, patience }
}

#[test]
fn one_alone_is_taken_at_once() {
    let (sender, receiver) = queue(4);
    sender.put('a').unwrap();
    assert_eq!(receiver.take(expected(1, FOR_EVER), 4), Some(vec!['a']));
    sender.put('b').unwrap();
    assert_eq!(receiver.take(Expected::default(), 4), Some(vec!['b']));
}

#[test]
fn those_expected_are_taken_together() {
    let (sender, receiver) = queue(4);
    let taken = std::thread::spawn(move || receiver.take(expected(3, FOR_EVER), 4));
    for one in ['a', 'b', 'c'] {
        assert!(!taken.is_finished(), "{one} was not waited for");
        sender.put(one).unwrap();
    }
    assert_eq!(taken.join().unwrap(), Some(vec!['a', 'b', 'c']));
}

#[test]
fn who_does_not_come_is_not_waited_for_longer_than_patience_lasts() {
    let (sender, receiver) = queue(4);
    sender.put('a').unwrap();
    assert_eq!(receiver.take(expected(3, Duration::ZERO), 4), Some(vec!['a']));
    let taken = std::thread::spawn(move || receiver.take(expected(3, Duration::ZERO), 4));
    sender.put('b').unwrap();
    assert_eq!(taken.join().unwrap(), Some(vec!['b']));
}

#[test]
fn more_than_one_takes_at_most_wait_in_their_order() {
    let (sender, receiver) = queue(4);
    let put = |one| sender.put(one);
    assert!(['a', 'b', 'c', 'd'].map(put).iter().all(Result::is_ok));
    assert_eq!(sender.put('e'), Err(Refused::Full));
    assert_eq!(receiver.take(expected(64, FOR_EVER), 3), Some(vec!['a', 'b', 'c']));
    assert_eq!(receiver.length(), 1);
    sender.put('e').unwrap();
    assert_eq!(receiver.take(expected(2, FOR_EVER), 3), Some(vec!['d', 'e']));
}

#[test]
fn what_waits_is_still_taken_after_the_end_and_nothing_is_put() {
    let (sender, receiver) = queue(4);
    sender.put('a').unwrap();
    sender.close();
    assert_eq!(sender.put('b'), Err(Refused::Closed));
    assert_eq!(receiver.take(expected(2, FOR_EVER), 4), Some(vec!['a']));
    assert_eq!(receiver.take(expected(2, FOR_EVER), 4), None);
    drop(sender);
    assert_eq!(receiver.take(Expected::default(), 4), None);
}

#[test]
fn the_end_wakes_who_takes_and_drops_what_nobody_will_take() {
    let (sender, receiver) = queue::<Arc<()>>(4);
    let taken = std::thread::spawn(move || receiver.take(expected(2, FOR_EVER), 4));
    drop(sender);
    assert_eq!(taken.join().unwrap(), None);

    let (sender, receiver) = queue(4);
    let one = Arc::new(());
    sender.put(one.clone()).unwrap();
    drop(receiver);
    assert_eq!(Arc::strong_count(&one), 1);
    assert_eq!(sender.put(one), Err(Refused::Closed));
}
