//! Who waits for how long, who does not, and what a flood of names cannot do.

use super::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn edu(handle: &str) -> Account {
    Account::Edu(handle.to_owned())
}

/// One of a thousand addresses: each stays far below its own limit.
fn somewhere(n: usize) -> IpAddr {
    let [.., a, b] = n.to_be_bytes();
    IpAddr::from([10, 1, a & 3, b])
}

#[test]
fn the_eleventh_try_of_an_account_waits_until_the_first_is_a_minute_old() {
    let guesses = Guesses::default();
    for second in 0..10 {
        assert_eq!(guesses.account_wait(edu("ann"), HERE, Millis::seconds(second)), None);
        guesses.wrong(edu("ann"), HERE, Millis::seconds(second));
    }
    let wait = |account, from, second| guesses.account_wait(account, from, Millis::seconds(second));
    assert_eq!(wait(edu("ann"), HERE, 10), Some(Millis::seconds(50)));
    assert_eq!(wait(edu("ann"), somewhere(1), 10), Some(Millis::seconds(50)));
    assert_eq!(wait(edu("bob"), HERE, 10), None);
    assert_eq!(wait(Account::Box("ann".into()), HERE, 10), None, "another door");
    assert_eq!(wait(edu("ann"), HERE, 60), None);
}

#[test]
fn wrong_tries_at_what_others_depend_upon_hold_up_their_own_address_alone() {
    for account in [Account::Box("root".into()), Account::Secret("x"), Account::ChannelUser(7)] {
        let guesses = Guesses::default();
        for second in 0..10 {
            guesses.wrong(account.clone(), HERE, Millis::seconds(second));
        }
        let wait = |from| guesses.account_wait(account.clone(), from, Millis::seconds(10));
        assert_eq!((wait(HERE), wait(somewhere(1))), (Some(Millis::seconds(50)), None));
    }
}

#[test]
fn an_address_waits_after_a_hundred_wrong_tries_and_brings_no_new_account_in() {
    let guesses = Guesses::default();
    for n in 0..100 {
        assert_eq!(guesses.wrong(edu(&format!("user{n}")), HERE, Millis(n)), None);
    }
    let waits = Some(Millis(59_900));
    assert_eq!(guesses.wrong(edu("another"), HERE, Millis(100)), waits);
    // One that is known already is counted on.
    for _ in 0..9 {
        assert_eq!(guesses.wrong(edu("user50"), HERE, Millis(100)), waits);
    }
    assert!(guesses.account_wait(edu("user50"), HERE, Millis(100)).is_some());
    let known = guesses.accounts.lock().unwrap();
    assert_eq!(known.len(), 100);
    assert!(!known.contains_key(&(edu("another"), None)));
}

#[test]
fn after_a_few_wrong_codes_the_right_one_waits_too_and_others_do_not() {
    let guesses = Guesses::default();
    let judge = |group, given, at| {
        let door = (Account::Door(GroupId(group), UserId(1)), HERE);
        let judged = guesses.few(door, (given, "1234"), 5, Millis::seconds(at));
        judged.map_err(|fault| match fault {
            Fault::Busy { retry } => retry,
            other => panic!("{other:?}"),
        })
    };
    for second in 0..5 {
        assert_eq!(judge(1, "0000", second), Ok(false));
    }
    assert_eq!(judge(1, "1234", 5), Err(Millis::seconds(55)));
    assert_eq!(judge(1, "0000", 5), Err(Millis::seconds(55)));
    assert_eq!(judge(2, "1234", 5), Ok(true));
    assert_eq!(judge(1, "1234", 60), Ok(true));
}

#[test]
fn a_flood_of_names_is_bounded_and_does_not_wash_out_the_one_that_is_being_guessed() {
    let guesses = Guesses::default();
    for second in 0..10 {
        guesses.wrong(edu("ann"), somewhere(0), Millis::seconds(second));
    }
    for n in 0..TRACKED + 200 {
        guesses.wrong(edu(&format!("user{n}")), somewhere(n), Millis::seconds(10));
    }
    assert_eq!(guesses.accounts.lock().unwrap().len(), TRACKED);
    assert!(guesses.account_wait(edu("ann"), HERE, Millis::seconds(11)).is_some());
    // A minute later all of them are stale, and go for the first new one.
    guesses.wrong(edu("bob"), HERE, Millis::seconds(70));
    assert_eq!(guesses.accounts.lock().unwrap().len(), 1);
}
