//! The table of decisions, row by row, and what no clock and no mark can do.

use proptest::prelude::*;

use super::decide::{TOLERANCE, decide, judged};
use super::seen::{STOOD, Seen};
use super::*;
use crate::model::licence::{Doubt, Mark, MarkKind, Time};

const NOW: Millis = Millis::days(20_000);

fn mark(kind: MarkKind, n: u8) -> Mark {
    Mark { kind, hash: format!("{n:02x}").repeat(12) }
}

/// A year from yesterday, ten days of grace, for a box with four marks.
fn licence() -> Licence {
    Licence {
        id: "L-1".into(),
        customer: "school".into(),
        rooms: 4,
        issued: NOW - Millis::days(1),
        not_before: NOW - Millis::days(1),
        expires: Some(NOW + Millis::days(365)),
        grace_days: 10,
        marks: MarkKind::ALL
            .into_iter()
            .filter(|k| *k != MarkKind::Dmi)
            .map(|k| mark(k, 1))
            .collect(),
        minimum: 60,
        features: Vec::new(),
        key: "k".into(),
    }
}

fn marks(found: &[(MarkKind, u8)]) -> Marks {
    let weights = [
        (MarkKind::Soc, 45),
        (MarkKind::Dmi, 45),
        (MarkKind::Emmc, 20),
        (MarkKind::Mac, 20),
        (MarkKind::Model, 15),
    ];
    Marks { found: found.iter().map(|(k, n)| mark(*k, *n)).collect(), weights: weights.into() }
}

fn box_of(soc: u8, emmc: u8, mac: u8) -> Marks {
    use MarkKind::{Emmc, Mac, Model, Soc};
    marks(&[(Soc, soc), (Emmc, emmc), (Mac, mac), (Model, 1)])
}

fn right() -> Time {
    let built = NOW - Millis::days(200);
    Time { now: NOW, newest_seen: NOW, expected: NOW, built, keeping: Timekeeping::Kept }
}

fn verdict(licence: Licence, marks: &Marks, time: Time) -> Verdict {
    decide(&observe(Paper::Genuine(Box::new(licence)), marks, time)).verdict
}

fn at(days: i64) -> Time {
    let now = NOW + Millis::days(days);
    Time { now, newest_seen: now, expected: now, ..right() }
}

#[test]
fn each_paper_has_its_code() {
    let boxed = || Box::new(licence());
    for (paper, code) in [
        (Paper::Absent, 3401),
        (Paper::NotALicence, 3402),
        (Paper::Altered, 3403),
        (Paper::UnknownKey("x".into()), 3403),
        (Paper::Revoked(boxed()), 3403),
    ] {
        let decision = decide(&observe(paper, &box_of(1, 1, 1), right()));
        let Verdict::Refused(why) = decision.verdict else { panic!("{decision:?}") };
        assert_eq!((why.code(), decision.rooms, decision.changes), (code, 0, None));
    }
}

#[test]
fn a_year_goes_from_not_yet_to_good_to_grace_to_its_end_and_says_when() {
    let ends = |days| Some(NOW + Millis::days(days));
    for (days, expected, changes) in [
        (-2, Verdict::Refused(LicenceWhy::NotYet), ends(-1)),
        (-1, Verdict::Allowed, ends(365)),
        (364, Verdict::Allowed, ends(365)),
        (365, Verdict::Grace, ends(375)),
        (374, Verdict::Grace, ends(375)),
        (375, Verdict::Refused(LicenceWhy::Expired), None),
    ] {
        // It begins later than it was issued: else the day of issue is evidence that it began.
        let licence = Licence { issued: NOW - Millis::days(100), ..licence() };
        let time = Time { built: NOW - Millis::days(300), ..at(days) };
        let decision = decide(&observe(Paper::Genuine(Box::new(licence)), &box_of(1, 1, 1), time));
        assert_eq!((decision.verdict, decision.changes), (expected, changes), "day {days}");
    }
    let forever = Licence { expires: None, ..licence() };
    assert_eq!(verdict(forever, &box_of(1, 1, 1), at(100_000)), Verdict::Allowed);
}

#[test]
fn a_replaced_card_locks_nobody_out_and_a_cloned_one_lets_nobody_in() {
    let refused = Verdict::Refused(LicenceWhy::Hardware);
    for (marks, expected) in [
        (box_of(1, 1, 1), Verdict::Allowed),
        (box_of(1, 1, 9), Verdict::Allowed),
        (box_of(1, 9, 1), Verdict::Allowed),
        (box_of(1, 9, 9), Verdict::Allowed),
        // Another box of the same model with the network card, and with card and eMMC.
        (box_of(9, 9, 1), refused),
        (box_of(9, 1, 1), refused),
        (marks(&[]), refused),
    ] {
        assert_eq!(verdict(licence(), &marks, right()), expected, "{marks:?}");
    }
}

#[test]
fn a_clock_set_back_a_month_is_doubtful_and_refuses_nothing() {
    let back = Time { now: NOW - Millis::days(30), ..right() };
    assert_eq!(verdict(licence(), &box_of(1, 1, 1), back), Verdict::ClockDoubtful(Doubt::SetBack));
    // A day and two hours are no more than a wrongly entered time.
    let day = Time { now: NOW - TOLERANCE, ..right() };
    assert_eq!(verdict(licence(), &box_of(1, 1, 1), day), Verdict::Allowed);
    // What has expired for certain stays so.
    let late = Time { now: NOW, ..at(400) };
    let expired = Verdict::Refused(LicenceWhy::Expired);
    assert_eq!(verdict(licence(), &box_of(1, 1, 1), late), expired);
}

#[test]
fn a_clock_set_forward_a_year_refuses_until_it_is_set_right_and_leaves_no_trace() {
    let start = Moment { wall: NOW, steady: Millis(0) };
    let mut seen = Seen::begin([], NOW - Millis::days(1), start);
    let decide_at = |seen: &mut Seen, moment| {
        seen.look(moment, Timekeeping::Kept);
        verdict(
            licence(),
            &box_of(1, 1, 1),
            seen.time(moment, NOW - Millis::days(1), Timekeeping::Kept),
        )
    };
    let forward = Moment { wall: NOW + Millis::days(380), steady: Millis::seconds(10) };
    assert_eq!(decide_at(&mut seen, forward), Verdict::Refused(LicenceWhy::Expired));
    let again = Moment { wall: NOW + Millis::seconds(20), steady: Millis::seconds(20) };
    assert_eq!(decide_at(&mut seen, again), Verdict::Allowed);
    assert_eq!(seen.newest, NOW - Millis::days(1) + Millis::seconds(20));
    // Also when the box was switched off meanwhile: then it is not sure of the clock, and says so.
    seen.look(forward, Timekeeping::Kept);
    let mut seen =
        Seen::begin([seen.text().as_str()], NOW, Moment { steady: Millis(0), ..forward });
    let right = Moment { wall: NOW, steady: Millis::seconds(1) };
    assert_eq!(decide_at(&mut seen, right), Verdict::ClockDoubtful(Doubt::SetBack));
}

#[test]
fn a_box_that_lost_the_time_works_on_from_the_newest_time_it_saw() {
    let lost = Time { now: Millis(0), keeping: Timekeeping::Lost, ..right() };
    assert_eq!(verdict(licence(), &box_of(1, 1, 1), lost), Verdict::ClockDoubtful(Doubt::SetBack));
    let wild = Time { now: NOW + Millis::days(4000), keeping: Timekeeping::Lost, ..right() };
    assert_eq!(verdict(licence(), &box_of(1, 1, 1), wild), Verdict::ClockDoubtful(Doubt::Untold));
}

#[test]
fn the_newest_time_seen_outlives_a_restart_and_no_record_turns_it_back() {
    let moment = |wall, steady| Moment { wall, steady };
    let mut seen = Seen::begin([], NOW, moment(NOW, Millis(0)));
    let old = seen.text();
    seen.look(moment(NOW, Millis::days(3)), Timekeeping::Kept);
    seen.installed = true;
    let new = seen.text();
    let begin = |records: &[String]| {
        let records = records.iter().map(String::as_str);
        Seen::begin(records, Millis(0), moment(NOW, Millis(5)))
    };
    for records in [vec![new.clone()], vec![old.clone(), new.clone()], vec![new.clone(), old]] {
        let again = begin(&records);
        assert_eq!((again.newest, again.installed), (NOW + Millis::days(3), true));
    }
    let forged = new.replacen(&seen.newest.0.to_string(), "5", 1);
    assert_ne!(forged, new);
    for records in [vec![forged], vec!["1 2 3".into()], vec![String::new()], vec![]] {
        assert_eq!(begin(&records).newest, Millis(0));
    }
}

#[test]
fn a_time_server_ends_the_doubt_at_once_and_moves_the_newest_time_seen_when_it_has_stood_by_its_word()
 {
    let start = Moment { wall: NOW - Millis::days(90), steady: Millis(0) };
    let mut seen = Seen::begin([], NOW - Millis::days(1), start);
    seen.look(start, Timekeeping::Kept);
    assert_eq!(decide::doubt(&seen.time(start, NOW, Timekeeping::Kept)), Some(Doubt::SetBack));
    let told = |ran| Moment { wall: NOW + Millis::days(5) + ran, steady: Millis::seconds(9) + ran };
    let first = told(Millis(0));
    seen.look(first, Timekeeping::Synchronised);
    assert_eq!(decide::doubt(&seen.time(first, NOW, Timekeeping::Synchronised)), None);
    // An answer that took a little longer than another counts no time twice.
    seen.look(told(Millis(-5)), Timekeeping::Synchronised);
    seen.look(told(STOOD - Millis(1)), Timekeeping::Synchronised);
    assert_eq!(seen.newest - (NOW - Millis::days(1)), Millis::seconds(9) + STOOD - Millis(1));
    seen.look(told(STOOD), Timekeeping::Synchronised);
    assert_eq!(seen.newest, told(STOOD).wall);
}

#[test]
fn an_administrators_clock_ends_the_doubt_and_moves_no_expiry() {
    let start = Moment { wall: NOW, steady: Millis(0) };
    let built = NOW - Millis::days(300);
    let mut seen = Seen::begin([], built, start);
    let back = Moment { wall: NOW - Millis::days(30), steady: Millis::seconds(5) };
    seen.look(back, Timekeeping::Lost);
    let doubt = |seen: &Seen| decide::doubt(&seen.time(back, built, Timekeeping::Lost));
    assert_eq!(doubt(&seen), Some(Doubt::SetBack));
    seen.agree(back);
    assert_eq!(doubt(&seen), None);
    assert_eq!(seen.newest, built + Millis::seconds(5));
}

fn any_time() -> impl Strategy<Value = Time> {
    let days = || (-1000i64..1000).prop_map(|d| NOW + Millis::days(d));
    let keeping = prop_oneof![
        Just(Timekeeping::Synchronised),
        Just(Timekeeping::Kept),
        Just(Timekeeping::Lost)
    ];
    (days(), days(), days(), days(), keeping).prop_map(
        |(now, newest_seen, expected, built, keeping)| Time {
            now,
            newest_seen,
            expected,
            built,
            keeping,
        },
    )
}

proptest! {
    /// The table once more, written as a person would check it: sets of reasons, not an order of steps.
    #[test]
    fn the_answer_is_the_one_that_the_table_says(
        time in any_time(), soc in 1u8..3, emmc in 1u8..3, mac in 1u8..3, minimum in 0u32..130,
    ) {
        let licence = Licence { minimum, ..licence() };
        let points = |n: u8, weight: u32| if n == 1 { weight } else { 0 };
        let score = points(soc, 45) + points(emmc, 20) + points(mac, 20) + 15;
        let evidence = [time.now, time.newest_seen, time.expected, time.built, licence.issued];
        let begun = evidence.iter().any(|at| *at >= licence.not_before);
        let trusted = time.keeping != Timekeeping::Lost;
        let late = |end: Millis| time.newest_seen >= end || (trusted && time.now >= end);
        let (expires, ends) = (licence.expires.unwrap(), licence.ends().unwrap());
        let behind = time.newest_seen.max(time.expected) - time.now;
        let expected = match () {
            () if score < minimum => Verdict::Refused(LicenceWhy::Hardware),
            () if !begun => Verdict::Refused(LicenceWhy::NotYet),
            () if late(ends) => Verdict::Refused(LicenceWhy::Expired),
            () if late(expires) => Verdict::Grace,
            () if behind > TOLERANCE => Verdict::ClockDoubtful(Doubt::SetBack),
            () if !trusted => Verdict::ClockDoubtful(Doubt::Untold),
            () => Verdict::Allowed,
        };
        prop_assert_eq!(verdict(licence, &box_of(soc, emmc, mac), time), expected);
    }

    #[test]
    fn a_verdict_stands_until_the_day_it_says(time in any_time()) {
        // As long as the clock goes right: all times move together.
        let time = Time { newest_seen: time.now, expected: time.now, keeping: Timekeeping::Kept, ..time };
        let paper = || Paper::Genuine(Box::new(licence()));
        let first = decide(&observe(paper(), &box_of(1, 1, 1), time));
        if let Some(changes) = first.changes {
            let then = |now| Time { now, newest_seen: now, expected: now, ..time };
            let before = decide(&observe(paper(), &box_of(1, 1, 1), then(changes - Millis(1))));
            let after = decide(&observe(paper(), &box_of(1, 1, 1), then(changes)));
            prop_assert_eq!(before.verdict, first.verdict);
            prop_assert_ne!(after.verdict, first.verdict);
        }
    }

    #[test]
    fn no_clock_and_no_server_that_stands_for_less_makes_the_newest_time_seen_later_than_time_that_ran(
        steps in proptest::collection::vec((-4000i64..4000, 0i64..STOOD.0, any::<bool>()), 1..40),
    ) {
        let mut steady = Millis(0);
        let mut seen = Seen::begin([], NOW, Moment { wall: NOW, steady });
        for (n, (days, ran, server)) in (0i64..).zip(steps) {
            let keeping = if server { Timekeeping::Synchronised } else { Timekeeping::Kept };
            // No two words are the same, and each stands until the next.
            let ahead = Millis::days(days) + Millis::seconds(100 * n);
            for ran in [0, ran] {
                steady = steady + Millis(ran);
                let moment = Moment { wall: NOW + ahead + steady, steady };
                seen.look(moment, keeping);
                prop_assert_eq!(seen.newest, NOW + steady);
                let time = seen.time(moment, NOW, keeping);
                prop_assert!(judged(&time) >= NOW + steady);
            }
        }
        // The right one is believed in the end, whatever was said before.
        for ran in [Millis(1), STOOD] {
            steady = steady + ran;
            let wall = NOW + Millis::days(9999) + steady;
            seen.look(Moment { wall, steady }, Timekeeping::Synchronised);
        }
        prop_assert_eq!(seen.newest, NOW + Millis::days(9999) + steady);
    }
}

#[test]
fn a_clock_is_trusted_that_was_told_the_time_or_kept_it_or_was_agreed_with() {
    let folder = tempfile::tempdir().unwrap();
    let now = Moment { wall: NOW, steady: Millis(0) };
    let box_of = |keeping| {
        let setup = Setup { keeping: Arc::new(move || keeping), ..Setup::none(folder.path()) };
        Licensing::beside(setup, now)
    };
    assert!(box_of(Timekeeping::Synchronised).trusts_clock(now));
    assert!(box_of(Timekeeping::Kept).trusts_clock(now));
    let lost = box_of(Timekeeping::Lost);
    assert!(!lost.trusts_clock(now));
    lost.state().seen.agree(now);
    assert!(lost.trusts_clock(now));
}
