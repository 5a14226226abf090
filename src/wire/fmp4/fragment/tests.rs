//! What `fragment` promises.

use proptest::prelude::*;

use super::*;
use crate::wire::fmp4::samples::{self, Plan};

fn read(bytes: &[u8]) -> Fragment {
    Fragment::parse(bytes, &Init::parse(&samples::init()).unwrap()).unwrap()
}

#[test]
fn a_fragment_says_when_it_plays_and_whether_it_begins_with_a_key_frame() {
    let fragment = read(&samples::fragment(&Plan { start: 15_360, key: true, ..Plan::default() }));
    let video = fragment.video().unwrap();
    assert_eq!((video.samples, video.key, video.start_us()), (3, true, 1_000_000));
    assert_eq!(video.end_us(), 1_200_000);
    assert!(!read(&samples::fragment(&Plan::default())).video().unwrap().key);
}

#[test]
fn per_sample_flags_tell_a_key_frame_as_well() {
    let key = samples::fragment(&Plan { key: true, each: true, ..Plan::default() });
    assert!(read(&key).video().unwrap().key);
    assert_eq!(read(&key).video().unwrap().duration, 3072);
    let other = samples::fragment(&Plan { each: true, ..Plan::default() });
    assert!(!read(&other).video().unwrap().key);
}

#[test]
fn a_shift_moves_every_track_by_the_same_time() {
    let init = Init::parse(&samples::init()).unwrap();
    for short in [false, true] {
        let mut bytes =
            samples::fragment(&Plan { start: 3072, short_time: short, ..Plan::default() });
        shift(&mut bytes, &init, 2_500_000, 77).unwrap();
        let moved = Fragment::parse(&bytes, &init).unwrap();
        assert_eq!(moved.sequence, 77);
        let starts: Vec<u64> = moved.runs.iter().map(Run::start_us).collect();
        assert_eq!(starts, [2_700_000, 2_700_000]);
    }
}

#[test]
fn a_short_decode_time_refuses_to_overflow() {
    let init = Init::parse(&samples::init()).unwrap();
    let mut bytes = samples::fragment(&Plan { short_time: true, ..Plan::default() });
    let error = shift(&mut bytes, &init, 100 * 3_600_000_000, 1);
    assert_eq!(error, Err(Fmp4Error::Value(*b"tfdt")));
}

proptest! {
    #[test]
    fn a_damaged_fragment_never_panics(
        hits in proptest::collection::vec((0usize..400, any::<u8>()), 1..10),
        keep in 0usize..400,
        each: bool,
    ) {
        let init = Init::parse(&samples::init()).unwrap();
        let mut bytes = samples::fragment(&Plan { each, ..Plan::default() });
        for (at, value) in hits {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(keep);
        let _ = Fragment::parse(&bytes, &init);
        let _ = shift(&mut bytes, &init, u64::MAX, 1);
    }
}
