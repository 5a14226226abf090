//! What `init` promises.

use proptest::prelude::*;

use super::*;
use crate::wire::fmp4::samples;

#[test]
fn an_init_names_its_tracks_and_codecs() {
    let init = Init::parse(&samples::init()).unwrap();
    assert_eq!(init.codecs(), "avc1.64001f,mp4a.40.2");
    assert_eq!(init.size(), (320, 180));
    let scales: Vec<u32> = init.tracks.iter().map(|track| track.timescale).collect();
    assert_eq!(scales, [15_360, 48_000]);
}

proptest! {
    #[test]
    fn a_damaged_init_never_panics(
        hits in proptest::collection::vec((0usize..2000, any::<u8>()), 1..12),
        keep in 0usize..2000,
    ) {
        let mut bytes = samples::init();
        for (at, value) in hits {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(keep);
        let _ = Init::parse(&bytes);
    }
}
