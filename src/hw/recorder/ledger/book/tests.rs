use super::{Alarm, Book};
use crate::model::Millis;
use crate::model::quality::{Flaw, Second};
use crate::wire::gauge::Reading;

const GOOD: Reading = Reading::Picture { mean: 120.0, most: 200.0, change: 1.0 };
const BLACK: Reading = Reading::Picture { mean: 16.0, most: 16.0, change: 0.0 };
const VOICE: Reading = Reading::Sound { peak: -12.0, rms: -20.0, flat: 0.0 };
const NOTHING: Reading =
    Reading::Sound { peak: f32::NEG_INFINITY, rms: f32::NEG_INFINITY, flat: 0.0 };

/// A second of 30 pictures with these readings.
fn pass(book: &mut Book, at: u32, readings: &[Reading]) -> (Vec<Second>, Vec<Alarm>) {
    let now = Millis::seconds(i64::from(at));
    for reading in readings {
        book.read(*reading, now + Millis(500));
    }
    book.keep(u64::from(at) * 1_000_000, u64::from(at + 1) * 1_000_000, 30, 4000);
    book.close(now + Millis(1000))
}

#[test]
fn a_second_is_told_when_it_is_complete_with_what_was_seen_and_heard_in_it() {
    let mut book = Book::begin(Millis(0));
    let taken = |encoded| Reading::Pictures { encoded, doubled: 1, dropped: 2 };
    book.run(false);
    for reading in [BLACK, GOOD, VOICE, NOTHING, taken(10), taken(30)] {
        book.read(reading, Millis(900));
    }
    book.keep(0, 2_000_000, 60, -4000);
    assert_eq!(book.close(Millis(2400)).0, []);
    let rows = book.close(Millis(2500)).0;
    assert_eq!(rows.len(), 1);
    let (peak, rms) = rows[0].level.unwrap();
    assert!(peak == -12.0 && (rms + 23.01).abs() < 0.01, "{peak} {rms}");
    let expected = Second {
        at: 0,
        taken: Some(31),
        kept: 30,
        luma: Some((120.0, 200.0)),
        change: Some(1.0),
        level: rows[0].level,
        clipped: false,
        apart_ms: Some(-4),
    };
    assert_eq!(rows, [expected]);
    assert_eq!(book.end(Millis(2600)).iter().map(|row| row.at).collect::<Vec<_>>(), [1]);
}

#[test]
fn three_black_seconds_are_an_alarm_and_two_good_ones_its_end() {
    let mut book = Book::begin(Millis(0));
    let mut told = Vec::new();
    for at in 0..12 {
        let picture = if (4..8).contains(&at) { BLACK } else { GOOD };
        for alarm in pass(&mut book, at, &[picture, VOICE]).1 {
            told.push((at, alarm));
        }
    }
    let alarm = |is_over| Alarm { flaw: Flaw::Black, since: 4, is_over };
    // A second is closed two later.
    assert_eq!(told, [(8, alarm(false)), (11, alarm(true))]);
}

#[test]
fn a_picture_that_may_stand_still_is_no_flaw() {
    let still = Reading::Picture { mean: 120.0, most: 200.0, change: 0.0 };
    for (may, flawed) in [(false, true), (true, false)] {
        let mut book = Book::begin(Millis(0));
        book.run(may);
        let rows: Vec<_> = (0..6).flat_map(|at| pass(&mut book, at, &[still, VOICE]).0).collect();
        assert!(rows.len() > 2 && rows.iter().all(|row| row.has(Flaw::Frozen) == flawed));
    }
}

#[test]
fn an_encoder_that_is_away_leaves_seconds_without_a_picture() {
    let mut book = Book::begin(Millis(0));
    pass(&mut book, 0, &[GOOD, VOICE]);
    let (rows, alarms) = book.close(Millis(8000));
    assert_eq!(rows.iter().filter(|row| row.has(Flaw::NoPicture)).count(), rows.len() - 1);
    assert_eq!(alarms, [Alarm { flaw: Flaw::NoPicture, since: 1, is_over: false }]);
}

#[test]
fn what_comes_too_late_or_from_the_future_is_not_kept() {
    let mut book = Book::begin(Millis::seconds(100));
    book.keep(0, 1_000_000, 30, 0);
    book.keep(9_000_000_000, 9_001_000_000, 30, 0);
    book.read(VOICE, Millis::seconds(5));
    assert!(book.open.is_empty());
}
