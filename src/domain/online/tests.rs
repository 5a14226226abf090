use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use super::*;

fn handle(text: &str) -> Handle {
    Handle::new(text).unwrap()
}

fn web() -> Platform {
    Platform::new(5).unwrap()
}

fn is_told(stay: &Stay) -> bool {
    let mut told = pin!(stay.told_to_go());
    told.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

fn names(online: &Online, who: &str) -> Vec<&'static str> {
    online.look().platforms(who).into_iter().map(Platform::name).collect()
}

#[test]
fn platforms_are_told_in_order_and_by_folded_handle() {
    let online = Online::default();
    let stays =
        [7, 5, 1].map(|n| online.enter(&handle("Ann"), Platform::new(n).unwrap(), "t").unwrap());
    assert_eq!(names(&online, "aNN"), ["IOS", "Web", "Linux"]);
    assert_eq!(names(&online, "bob"), [""; 0]);
    let long = "ß".repeat(64);
    let stay = online.enter(&handle(&long), web(), "t").unwrap();
    assert_eq!(names(&online, &"ẞ".repeat(64)), ["Web"]);
    assert_eq!(names(&online, &"s".repeat(128)), [""; 0], "nobody's handle is so long");
    drop((stays, stay));
    assert_eq!(names(&online, "ann"), [""; 0]);
    assert_eq!(online.count(), 0);
    assert!(lock(&online.book).people.is_empty());
}

#[test]
fn the_newer_connection_stays_and_the_older_one_cannot_take_it_along() {
    let online = Online::default();
    let older = online.enter(&handle("ann"), web(), "same").unwrap();
    let newer = online.enter(&handle("ann"), web(), "same").unwrap();
    assert!(is_told(&older) && !is_told(&newer));
    drop(older);
    assert_eq!(names(&online, "ann"), ["Web"]);
    assert_eq!(online.count(), 1);
    drop(newer);
    assert_eq!(online.count(), 0);
}

#[test]
fn a_token_that_was_put_out_stays_out_while_the_other_is_there() {
    let online = Online::default();
    let first = online.enter(&handle("ann"), web(), "first").unwrap();
    let second = online.enter(&handle("ann"), web(), "second").unwrap();
    drop(first);
    let refused = online.enter(&handle("ann"), web(), "first").err();
    assert_eq!(refused, Some(NoPlace::PutOut));
    // The second may come again over a new connection, and the first stays out.
    let again = online.enter(&handle("ann"), web(), "second").unwrap();
    assert!(is_told(&second));
    assert!(online.enter(&handle("ann"), web(), "first").is_err());
    let elsewhere = online.enter(&handle("ann"), Platform::new(1).unwrap(), "first");
    assert!(elsewhere.is_ok(), "another platform is another place");
    drop((second, again));
    assert!(online.enter(&handle("ann"), web(), "first").is_ok());
}

#[test]
fn what_a_place_remembers_is_bounded() {
    let online = Online::default();
    let mut stays = Vec::new();
    for n in 0..100 {
        stays.push(online.enter(&handle("ann"), web(), &n.to_string()).unwrap());
    }
    assert_eq!(lock(&online.book).people["ann"][0].put_out.len(), PUT_OUT_MAX);
    assert_eq!(online.count(), 1);
}

#[test]
fn a_full_box_asks_to_wait_and_still_lets_people_change_their_connection() {
    let online = Online::default();
    let mut stays: Vec<_> = (0..STAYS_MAX)
        .map(|n| online.enter(&handle(&format!("u{n}")), web(), "t").unwrap())
        .collect();
    assert_eq!(online.enter(&handle("late"), web(), "t").err(), Some(NoPlace::Full));
    assert!(online.enter(&handle("u0"), web(), "t").is_ok());
    assert_eq!(names(&online, "late"), [""; 0]);
    stays.truncate(10);
    assert!(online.enter(&handle("late"), web(), "t").is_ok());
}
