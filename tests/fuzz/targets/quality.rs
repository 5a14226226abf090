//! What the encoder's program says of its picture and sound, and the ledger that is made of it.

use arctos_box::wire::gauge::{Gauge, Reading};
use arctos_box::wire::quality::{SECONDS_MAX, Summary, row, second};

pub fn quality(bytes: &[u8]) {
    let whole = readings(&[bytes]);
    let (one, two) = bytes.split_at(bytes.len() / 2);
    assert_eq!(whole, readings(&[one, two]), "where it is cut makes no difference");
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Some(found) = second(line) {
            let again = second(row(&found).as_bytes()).expect("what is written is read");
            // Rounded once, it stays.
            assert_eq!(row(&again), row(&found));
        }
    }
    if let Some(summary) = Summary::of(bytes, None) {
        assert!(summary.seconds <= SECONDS_MAX);
        assert!(summary.without_picture.max(summary.without_sound) <= summary.seconds);
        assert!(summary.stretches.iter().all(|(_, seconds)| !seconds.is_empty()));
    }
}

fn readings(pieces: &[&[u8]]) -> Vec<Reading> {
    let (mut gauge, mut all) = (Gauge::default(), Vec::new());
    for piece in pieces {
        gauge.push(piece, |reading| all.push(reading));
    }
    all
}
