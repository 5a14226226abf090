use super::{Alarm, Book};
use crate::model::Millis;
use crate::model::quality::{Flaw, Heed, Second};
use crate::wire::fmp4::cut::Piece;
use crate::wire::gauge::Reading;

const GOOD: Reading = Reading::Picture { mean: 120.0, most: 200.0, change: 1.0 };
const BLACK: Reading = Reading::Picture { mean: 16.0, most: 16.0, change: 0.0 };
const STILL: Reading = Reading::Picture { mean: 120.0, most: 200.0, change: 0.0 };
const VOICE: Reading = Reading::Sound { peak: -12.0, rms: -20.0, flat: 0.0 };
const NOTHING: Reading =
    Reading::Sound { peak: f32::NEG_INFINITY, rms: f32::NEG_INFINITY, flat: 0.0 };
const ALL: Heed =
    Heed { picture: true, sound: true, still: false, slate: false, broken: false, off: false };

/// The n-th of thirty pictures a second goes into an encoder whose time begins somewhere.
fn taken(n: i64) -> Reading {
    Reading::Taken { at_us: 77_000_000 + n * 1_000_000 / 30 }
}

/// A book at the lesson's start, and the number of its first run.
fn begun(heed: Heed) -> (Book, u32) {
    let mut book = Book::begin(Millis(0), Millis(0));
    let run = book.run(heed);
    (book, run)
}

/// From one second of the lesson to another, 30 pictures each.
fn piece(from: u32, until: u32) -> Piece {
    let us = |second: u32| u64::from(second) * 1_000_000;
    Piece {
        offset: 0,
        len: 0,
        start_us: us(from),
        end_us: us(until),
        until_us: us(until),
        key: true,
        pictures: 30 * (until - from),
        gap: false,
        at: Millis(0),
    }
}

/// A second of 30 pictures with these readings.
fn pass(book: &mut Book, run: u32, at: u32, readings: &[Reading]) -> (Vec<Second>, Vec<Alarm>) {
    let now = Millis::seconds(i64::from(at));
    for reading in readings {
        book.read(run, *reading, now + Millis(500));
    }
    book.keep(&piece(at, at + 1), Some(4000));
    book.close(now + Millis(1000))
}

#[test]
fn a_second_is_written_with_what_was_seen_and_heard_in_it_when_nothing_more_can_come() {
    let (mut book, run) = begun(ALL);
    for reading in [BLACK, GOOD, VOICE, NOTHING].into_iter().chain((0..10).map(taken)) {
        book.read(run, reading, Millis(900));
    }
    book.keep(&piece(0, 2), Some(-4000));
    (10..31).for_each(|n| book.read(run, taken(n), Millis(900)));
    // One track alone says nothing of the other.
    book.keep(&Piece { pictures: 1, ..piece(0, 1) }, None);
    assert_eq!(book.close(Millis(6900)).0, []);
    let rows = book.close(Millis(7000)).0;
    assert_eq!(rows.len(), 1);
    let (peak, rms) = rows[0].level.unwrap();
    assert!(peak > -12.1 && peak < -11.9 && (rms + 23.01).abs() < 0.01, "{peak} {rms}");
    let expected = Second {
        at: 0,
        taken: Some(30),
        kept: 31,
        luma: Some((120.0, 200.0)),
        change: Some(1.0),
        level: rows[0].level,
        clipped: false,
        unheard: false,
        slate: false,
        broken: false,
        off: false,
        recalled: false,
        apart_ms: Some(-4),
    };
    assert_eq!(rows, [expected]);
    assert_eq!(book.end(Millis(2600)).iter().map(|row| row.at).collect::<Vec<_>>(), [1]);
}

#[test]
fn two_black_seconds_are_an_alarm_and_two_good_ones_its_end() {
    let (mut book, run) = begun(ALL);
    let mut told = Vec::new();
    for at in 0..12 {
        let picture = if (4..8).contains(&at) { BLACK } else { GOOD };
        for alarm in pass(&mut book, run, at, &[picture, VOICE]).1 {
            told.push((at, alarm));
        }
    }
    let alarm = |is_over| Alarm { flaw: Flaw::Black, since: 4, is_over };
    // A second is judged two later.
    assert_eq!(told, [(7, alarm(false)), (11, alarm(true))]);
}

#[test]
fn an_encoder_that_leaves_pictures_out_is_an_alarm_and_one_that_is_late_is_none() {
    let (mut book, run) = begun(ALL);
    let mut told = Vec::new();
    for at in 0..12 {
        (0..30).for_each(|n| book.read(run, taken(30 * i64::from(at) + n), Millis(0)));
        let pictures = if (4..8).contains(&at) { 20 } else { 30 };
        book.keep(&Piece { pictures, ..piece(at, at + 1) }, None);
        told.extend(book.close(Millis::seconds(i64::from(at) + 1)).1);
    }
    told.retain(|alarm| alarm.flaw == Flaw::Lost);
    let alarm = |is_over| Alarm { flaw: Flaw::Lost, since: 4, is_over };
    assert_eq!(told, [alarm(false), alarm(true)]);
    // The next ones go in, and of each second a third is in the film only when it is judged.
    for at in 12..16 {
        (0..30).for_each(|n| book.read(run, taken(30 * at + n), Millis(0)));
    }
    book.keep(&Piece { pictures: 10, end_us: 12_330_000, ..piece(12, 13) }, None);
    let alarms = book.close(Millis(14_500)).1;
    assert!(alarms.iter().all(|alarm| alarm.flaw != Flaw::Lost), "{alarms:?}");
}

#[test]
fn what_was_in_an_encoder_that_was_ended_is_not_lost_by_it() {
    let (mut book, run) = begun(ALL);
    (0..55).for_each(|n| book.read(run, taken(n), Millis(0)));
    book.keep(&piece(0, 1), None);
    book.keep(&Piece { pictures: 6, end_us: 1_200_000, ..piece(1, 2) }, None);
    let next = book.run(ALL);
    (0..6).for_each(|n| book.read(next, taken(n), Millis(1800)));
    book.keep(&Piece { pictures: 6, start_us: 1_800_000, ..piece(1, 2) }, None);
    let rows = book.end(Millis(2000));
    assert_eq!(rows.iter().map(|row| row.taken).collect::<Vec<_>>(), [Some(30), Some(12)]);
    assert!(rows.iter().all(|row| !row.has(Flaw::Lost)), "{rows:?}");
}

#[test]
fn nor_is_it_when_the_next_encoder_comes_late_or_none_comes() {
    let killed = || {
        let (mut book, run) = begun(ALL);
        (0..55).for_each(|n| book.read(run, taken(n), Millis(0)));
        book.keep(&piece(0, 1), None);
        book.keep(&Piece { pictures: 6, end_us: 1_200_000, ..piece(1, 2) }, None);
        book
    };
    let (mut late, mut last) = (killed(), killed());
    let mut late_rows = late.close(Millis(9000)).0;
    late.run(ALL);
    late_rows.extend(late.end(Millis(9500)));
    for rows in [late_rows, last.end(Millis(2000))] {
        assert_eq!((rows[0].taken, rows[1].taken), (Some(30), Some(6)));
        assert!(rows.iter().all(|row| !row.has(Flaw::Lost)), "{rows:?}");
    }
}

#[test]
fn a_picture_that_may_stand_still_and_sound_that_is_not_there_are_no_flaws() {
    for (heed, flawed) in [(ALL, true), (Heed { sound: false, still: true, ..ALL }, false)] {
        let (mut book, run) = begun(heed);
        let rows = (0..20).flat_map(|at| pass(&mut book, run, at, &[STILL, NOTHING]).0);
        let rows: Vec<_> = rows.collect();
        assert!(rows.len() > 2 && rows.iter().all(|row| row.has(Flaw::Frozen) == flawed));
        assert!(rows.iter().all(|row| row.has(Flaw::Silent) == flawed && !row.has(Flaw::NoSound)));
    }
}

#[test]
fn an_encoder_that_is_away_leaves_seconds_without_a_picture() {
    let (mut book, run) = begun(ALL);
    pass(&mut book, run, 0, &[GOOD, VOICE]);
    let (rows, alarms) = book.close(Millis(12_000));
    assert_eq!(rows.iter().filter(|row| row.has(Flaw::NoPicture)).count(), rows.len() - 1);
    assert_eq!(alarms, [Alarm { flaw: Flaw::NoPicture, since: 1, is_over: false }]);
}

#[test]
fn what_an_earlier_run_says_does_not_count() {
    let (mut book, old) = begun(ALL);
    let new = book.run(ALL);
    book.read(old, taken(0), Millis(100));
    (7..10).for_each(|n| book.read(new, taken(n), Millis(200)));
    book.keep(&piece(0, 1), None);
    assert_eq!(book.end(Millis(1000))[0].taken, Some(3));
}

#[test]
fn film_that_is_placed_elsewhere_takes_the_ledger_with_it() {
    // The clock lost a quarter of an hour; the film goes on behind what there is.
    let mut book = Book::begin(Millis(0), Millis::seconds(900));
    book.run(ALL);
    book.align(1_800_000_000, Millis(500));
    book.keep(&piece(1800, 1802), None);
    let rows = book.end(Millis(2500));
    assert_eq!(
        rows.iter().map(|row| (row.at, row.kept)).collect::<Vec<_>>(),
        [(1800, 30), (1801, 30)]
    );
}

#[test]
fn what_a_power_cut_took_of_the_ledger_is_in_it_again_and_its_sound_is_not_judged() {
    let mut book = Book::begin(Millis(0), Millis::seconds(20));
    book.run(ALL);
    book.recall(&piece(10, 14));
    let rows = book.end(Millis(0));
    assert_eq!(rows.iter().map(|row| row.at).collect::<Vec<_>>(), (10..20).collect::<Vec<_>>());
    assert!(rows[..4].iter().all(|row| row.flaws().next().is_none() && row.recalled));
    assert!(rows[4..].iter().all(|row| row.has(Flaw::NoPicture)));
}

#[test]
fn what_comes_too_late_or_from_the_future_is_not_kept() {
    let mut book = Book::begin(Millis(0), Millis::seconds(100));
    let run = book.run(ALL);
    book.keep(&piece(0, 1), None);
    book.keep(&piece(9000, 9001), None);
    book.read(run, VOICE, Millis::seconds(-50));
    assert!(book.open.is_empty());
}
