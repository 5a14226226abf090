use proptest::prelude::*;

use super::{Gauge, Reading};

const SAID: &str = "\
frame:0    pts:0       pts_time:0
lavfi.signalstats.YMIN=32
lavfi.signalstats.YAVG=126.246
lavfi.astats.Overall.Peak_level=-18.5
lavfi.signalstats.YHIGH=210
frame:25   pts:2000001666667 pts_time:2000001.666667
in=1
frame:1    pts:4000003 pts_time:2000001.5
lavfi.astats.Overall.RMS_level=-21.25
lavfi.signalstats.YDIF=0.5
frame:0    pts:1999999960000 pts_time:2e+06
frame:7    pts:NOPTS   pts_time:NOPTS
lavfi.astats.Overall.Flat_factor=0.000000
lavfi.astats.Overall.Peak_level=-inf
lavfi.astats.Overall.RMS_level=nan
lavfi.astats.Overall.Flat_factor=0.000000
progress=continue
";

fn heard(pieces: &[&[u8]]) -> Vec<Reading> {
    let (mut gauge, mut all) = (Gauge::default(), Vec::new());
    for piece in pieces {
        gauge.push(piece, |reading| all.push(reading));
    }
    all
}

#[test]
fn lines_of_three_writers_are_told_apart() {
    let all = heard(&[SAID.as_bytes()]);
    assert_eq!(
        all,
        [
            Reading::Taken { at_us: 1_666_667 },
            Reading::Picture { mean: 126.246, most: 210.0, change: 0.5 },
            // What is in front of the first one.
            Reading::Taken { at_us: -40_000 },
            Reading::Sound { peak: -18.5, rms: -21.25, flat: 0.0 },
            // What is no number leaves the last one standing.
            Reading::Sound { peak: f32::NEG_INFINITY, rms: -21.25, flat: 0.0 },
        ]
    );
}

#[test]
fn a_line_without_end_takes_no_memory_and_the_next_one_counts() {
    let long = vec![b'x'; 1 << 20];
    let all = heard(&[&long, b"=1\n", b"lavfi.signalstats.YDIF=2\n"]);
    assert_eq!(all, [Reading::Picture { mean: 0.0, most: 0.0, change: 2.0 }]);
}

proptest! {
    #[test]
    fn where_it_is_cut_makes_no_difference(at in 0..SAID.len()) {
        let (one, two) = SAID.as_bytes().split_at(at);
        prop_assert_eq!(heard(&[one, two]), heard(&[SAID.as_bytes()]));
    }

    #[test]
    fn any_bytes_are_no_danger(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        heard(&[&bytes]);
    }
}
