//! Which recordings go: by age, by space, and not in vain.

use super::*;

fn kept(room: i64, day: i64, bytes: i64) -> Kept {
    Kept { room: RoomId(room), end_at: Millis::days(day), bytes, may_yield: true }
}

fn rooms(kept: &[Kept], before: Option<i64>, short: u64) -> (Vec<i64>, bool) {
    let (due, is_vain) = due(kept, before.map(Millis::days), short);
    (due.into_iter().map(|(room, _)| room.0).collect(), is_vain)
}

#[test]
fn what_is_too_old_goes_and_the_oldest_give_way_as_far_as_space_is_short() {
    let all = [kept(4, 10, 100), kept(1, 20, 100), kept(2, 30, 100), kept(3, 40, 100)];
    assert_eq!(rooms(&all, Some(9), 0), (vec![], false));
    assert_eq!(rooms(&all, Some(20), 0), (vec![4, 1], false));
    assert_eq!(rooms(&all, None, 101), (vec![4, 1], false));
    assert_eq!(rooms(&all, Some(20), 101), (vec![4, 1], false), "their space counts");
    assert_eq!(rooms(&all, Some(20), 201), (vec![4, 1, 2], false));
    assert_eq!(rooms(&all, None, 400), (vec![4, 1, 2, 3], false));
}

#[test]
fn nothing_is_deleted_for_space_that_it_cannot_make() {
    let all = [kept(1, 10, 100), kept(2, 30, 100)];
    assert_eq!(rooms(&all, None, 201), (vec![], true));
    assert_eq!(rooms(&all, Some(20), 201), (vec![1], true), "age is another matter");
    assert_eq!(rooms(&[], Some(20), 1), (vec![], true));
}

#[test]
fn a_look_deletes_no_more_than_a_disk_can_bear() {
    let all: Vec<Kept> = (0..40).map(|n| kept(n, n, 100)).collect();
    assert_eq!(rooms(&all, Some(100), 0).0, (0..16).collect::<Vec<_>>());
}

#[test]
fn what_is_fresh_or_not_yet_told_of_gives_no_way_and_is_not_counted_upon() {
    let told = Kept { may_yield: false, ..kept(1, 10, 100) };
    let all = [told, kept(2, 20, 100), kept(3, 30, 100)];
    assert_eq!(rooms(&all, None, 100), (vec![2], false));
    assert_eq!(rooms(&all, None, 201), (vec![], true));
    assert_eq!(rooms(&all, Some(10), 0), (vec![1], false), "age is another matter");
}
