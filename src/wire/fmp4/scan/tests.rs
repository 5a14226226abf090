//! What `scan` promises.

use proptest::prelude::*;

use super::*;
use crate::model::Millis;
use crate::wire::fmp4::fragment;
use crate::wire::fmp4::samples::{self, Plan};

/// A recording of so many fragments, and where each of them ends.
fn file(fragments: u64, payload: usize) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = samples::init();
    trailer::seal(&mut bytes, Millis(0), false);
    let mut ends = vec![bytes.len()];
    for n in 0..fragments {
        let (start, key) = (n * 3072, n % 5 == 0);
        let mut part = samples::fragment(&Plan { start, key, payload, ..Plan::default() });
        trailer::seal(&mut part, Millis(i64::try_from(n).unwrap() * 200), n == 0);
        bytes.extend(part);
        ends.push(bytes.len());
    }
    (bytes, ends)
}

fn scan(bytes: &[u8]) -> Option<Found> {
    let mut scanner = Scanner::new(bytes.len() as u64);
    let mut steps = 0;
    while let Step::Read { offset, len } = scanner.step() {
        let start = usize::try_from(offset).unwrap();
        scanner.feed(&bytes[start..start + len]);
        steps += 1;
        assert!(steps < 10_000, "the walk ends");
    }
    scanner.found()
}

#[test]
fn a_whole_file_is_found_whole() {
    let (bytes, _) = file(23, 5000);
    let found = scan(&bytes).unwrap();
    assert_eq!(found.valid, bytes.len() as u64);
    let take = found.take(1, "1.mp4".into());
    assert_eq!((take.pictures, take.span_us, take.segments.len()), (69, 4_600_000, 3));
    assert_eq!(take.segments[0].offset, take.init_len);
    assert!(take.segments[0].gap);
    let lens: u64 = take.segments.iter().map(|segment| segment.len).sum();
    assert_eq!(take.init_len + lens, take.bytes);
    assert_eq!(
        fragment::Fragment::parse(&bytes[ends(&found)[3]..], &found.init).unwrap().sequence,
        1
    );
}

fn ends(found: &Found) -> Vec<usize> {
    found.pieces.iter().map(|piece| usize::try_from(piece.offset).unwrap()).collect()
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_at_the_last_whole_fragment() {
    let (bytes, ends) = file(7, 300);
    for len in 0..=bytes.len() {
        let want = ends.iter().rev().find(|end| **end <= len);
        let got = scan(&bytes[..len]).map(|found| usize::try_from(found.valid).unwrap());
        assert_eq!(got, want.copied(), "torn at {len}");
    }
}

#[test]
fn a_tail_of_zeros_is_cut_even_inside_a_fragment() {
    let (bytes, ends) = file(7, 300);
    for from in ends[0]..bytes.len() {
        let mut torn = bytes.clone();
        torn[from..].fill(0);
        torn.resize(bytes.len() + 5000, 0);
        let last = *ends.iter().rev().find(|end| **end <= from).unwrap();
        // A fragment whose lost bytes were zeros anyway is whole.
        let whole = torn[..bytes.len()].iter().zip(&bytes).take_while(|(a, b)| a == b).count();
        let want = ends.iter().rev().find(|end| **end <= whole).copied().unwrap().max(last);
        assert_eq!(scan(&torn).unwrap().valid, want as u64, "zeros from {from}");
    }
}

#[test]
fn a_damaged_time_at_the_end_hides_no_damage_before_it() {
    let (mut bytes, ends) = file(7, 300);
    // Into the picture of the last but one, and into the decode time of the last.
    bytes[ends[6] - SEAL_LEN - 1] ^= 1;
    let tfdt = bytes[ends[6]..].windows(4).position(|word| word == b"tfdt").unwrap();
    bytes[ends[6] + tfdt + 10] ^= 1;
    assert_eq!(scan(&bytes).unwrap().valid, ends[5] as u64);
}

#[test]
fn fragments_far_apart_in_time_hide_no_damage_among_the_last_of_them() {
    let mut bytes = samples::init();
    trailer::seal(&mut bytes, Millis(0), false);
    let mut ends = Vec::new();
    for n in 0..30 {
        let mut part = samples::fragment(&Plan { start: n * 153_600, ..Plan::default() });
        trailer::seal(&mut part, Millis(i64::try_from(n).unwrap() * 10_000), n == 0);
        bytes.extend(part);
        ends.push(bytes.len());
    }
    bytes[ends[9] - SEAL_LEN - 1] ^= 1;
    assert_eq!(scan(&bytes).unwrap().valid, ends[8] as u64);
}

#[test]
fn a_reader_that_gives_less_than_asked_ends_the_walk() {
    let (bytes, _) = file(7, 300);
    for give in [0, 1, 9, 40, 700] {
        let mut scanner = Scanner::new(bytes.len() as u64);
        for _ in 0..100 {
            let Step::Read { offset, len } = scanner.step() else {
                break;
            };
            let start = usize::try_from(offset).unwrap();
            scanner.feed(&bytes[start..start + len.min(give)]);
        }
        assert_eq!(scanner.step(), Step::Done);
    }
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics_and_never_grows(
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        tail in proptest::collection::vec(any::<u8>(), 0..200),
        payload in 0usize..6000,
    ) {
        let (mut bytes, ends) = file(6, payload);
        for (at, value) in hits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.extend(tail);
        if let Some(found) = scan(&bytes) {
            prop_assert!(ends.contains(&usize::try_from(found.valid).unwrap()));
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(scan(&bytes).is_none());
    }
}
