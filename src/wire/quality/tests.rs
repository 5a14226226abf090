use proptest::prelude::*;

use super::{Summary, Verdict, row, second};
use crate::model::quality::{Flaw, Second};

fn well(at: u32) -> Second {
    Second {
        at,
        taken: Some(30),
        kept: 30,
        luma: Some((126.2, 210.0)),
        change: Some(3.4),
        level: Some((-18.1, -21.1)),
        clipped: false,
        unheard: false,
        slate: false,
        broken: false,
        off: false,
        recalled: false,
        apart_ms: Some(4),
    }
}

fn ledger(rows: impl IntoIterator<Item = Second>) -> Vec<u8> {
    rows.into_iter().map(|second| row(&second)).collect::<String>().into_bytes()
}

fn summary(rows: impl IntoIterator<Item = Second>) -> Summary {
    Summary::of(&ledger(rows), None).unwrap()
}

#[test]
fn a_row_is_a_line_of_json_and_comes_back() {
    assert_eq!(
        row(&well(12)),
        "{\"at\":12,\"taken\":30,\"kept\":30,\"luma\":[126.2,210.0],\"change\":3.4,\
         \"level\":[-18.1,-21.1],\"apart_ms\":4}\n"
    );
    assert_eq!(second(row(&well(12)).as_bytes()), Some(well(12)));
    let silence = Second { level: Some((f32::NEG_INFINITY, f32::NEG_INFINITY)), ..well(1) };
    assert!(second(row(&silence).as_bytes()).unwrap().has(Flaw::Silent));
}

#[test]
fn a_lesson_without_flaws_is_good_and_one_that_nobody_hears_is_spoilt() {
    let good = summary((0..60).map(well));
    assert_eq!((good.verdict, good.seconds, good.stretches), (Verdict::Good, 60, vec![]));
    let mute = (0..60).map(|at| Second { level: Some((-90.0, -95.0)), ..well(at) });
    let mute = summary(mute);
    assert_eq!(mute.verdict, Verdict::Spoilt);
    assert_eq!(mute.stretches, [(Flaw::Silent, 0..60)]);
}

#[test]
fn seconds_that_were_switched_off_are_named_and_judged_neither_way() {
    let off = |at| Second { at, kept: 30, unheard: true, off: true, ..Second::default() };
    let told = summary((0..10).map(well).chain((10..60).map(off)));
    assert_eq!((told.verdict, told.without_picture, told.without_sound), (Verdict::Good, 0, 0));
    assert_eq!(told.stretches, [(Flaw::Off, 10..60)]);
    // What is left is judged as ever.
    let mute = (0..10).map(|at| Second { level: Some((-90.0, -95.0)), ..well(at) });
    assert_eq!(summary(mute.chain((10..60).map(off))).verdict, Verdict::Spoilt);
}

#[test]
fn seconds_that_are_missing_had_no_picture() {
    let away = summary((0..20).chain(30..60).map(well));
    assert_eq!(away.verdict, Verdict::Partly);
    assert_eq!((away.without_picture, away.stretches), (10, vec![(Flaw::NoPicture, 20..30)]));
    // Nor had those before the first, and after the last of a lesson that went on.
    let late = Summary::of(&ledger((10..20).map(well)), Some(40)).unwrap();
    assert_eq!(late.verdict, Verdict::Spoilt);
    assert_eq!(late.stretches, [(Flaw::NoPicture, 0..10), (Flaw::NoPicture, 20..40)]);
}

#[test]
fn what_was_black_stood_still_or_was_apart_is_named_with_its_seconds() {
    let rows = (0..30).map(|at| match at {
        5..8 => Second { luma: Some((16.5, 17.0)), change: Some(0.0), ..well(at) },
        10..12 => Second { change: Some(0.0), ..well(at) },
        20 => Second { apart_ms: Some(-400), clipped: true, ..well(at) },
        _ => well(at),
    });
    assert_eq!(
        summary(rows).stretches,
        [
            (Flaw::Black, 5..8),
            (Flaw::Frozen, 10..12),
            (Flaw::Clipped, 20..21),
            (Flaw::Apart, 20..21)
        ]
    );
}

#[test]
fn pictures_that_were_taken_and_not_kept_are_counted() {
    // One of them is in the second beside its own, and of some nobody knows how many went in.
    let rows = [Second { kept: 27, ..well(0) }, Second { kept: 31, ..well(1) }];
    let told = summary(rows.into_iter().chain([Second { taken: None, ..well(2) }]));
    assert_eq!((told.lost_pictures, told.stretches), (2, vec![]));
    let rows = (0..30).map(|at| Second { kept: if at < 10 { 20 } else { 30 }, ..well(at) });
    let told = summary(rows);
    assert_eq!((told.verdict, told.lost_pictures), (Verdict::Partly, 100));
    assert_eq!(told.stretches, [(Flaw::Lost, 0..10)]);
}

#[test]
fn sound_that_nobody_listened_to_is_not_judged() {
    let rows = (0..30).map(|at| Second { unheard: true, level: None, ..well(at) });
    let unheard = summary(rows);
    assert_eq!((unheard.verdict, unheard.stretches), (Verdict::Good, vec![]));
}

#[test]
fn a_lesson_that_is_cut_off_from_end_to_end_is_not_good() {
    let rows = (0..60).map(|at| Second { clipped: true, ..well(at) });
    assert_eq!(summary(rows).verdict, Verdict::Partly);
}

#[test]
fn a_torn_line_and_a_day_that_is_too_long_are_not_heard() {
    let mut torn = ledger((0..3).map(well));
    torn.truncate(torn.len() - 9);
    assert_eq!(Summary::of(&torn, None).unwrap().seconds, 2);
    assert_eq!(Summary::of(&ledger([well(4_000_000_000)]), None), None);
}

proptest! {
    #[test]
    fn any_bytes_are_no_danger(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Summary::of(&bytes, None);
    }
}
