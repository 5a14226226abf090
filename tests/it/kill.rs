//! `kill -9` at each named place of the code (`src/model/crash.rs`), and a power cut in that moment: nothing that was
//! acknowledged is lost, and the box comes back and goes on.

mod places;
mod seed;
mod visit;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use arctos_box::model::crash::Point;

use seed::Seed;

/// Visits at once: most of each is waiting.
const AT_ONCE: usize = 4;

#[test]
fn a_kill_or_a_power_cut_at_any_named_place_loses_nothing() {
    let _timed = crate::timing::test();
    let seed = Seed::make();
    let left = Mutex::new(Point::ALL.iter());
    let next = || left.lock().unwrap().next();
    std::thread::scope(|visitors| {
        for _ in 0..AT_ONCE {
            visitors.spawn(|| {
                while let Some(point) = next() {
                    let disks = visit::pay(&seed, *point, &[]);
                    println!("{point:?}: visited, {disks} disks after a cut");
                }
            });
        }
    });
    println!("{} places", Point::ALL.len());
    for (point, mutation, words) in [
        (Point::TailKept, "NoFilmReconcile", "the torn tail is cut"),
        (Point::StraySetAside, "NoFileReconcile", "what uploads left is cleared away"),
    ] {
        let came = || visit::pay(&seed, point, &[("ARCTOS_BOX_MUTATION", mutation)]);
        let red = catch_unwind(AssertUnwindSafe(came)).expect_err(mutation);
        let why = red.downcast_ref::<String>().unwrap();
        assert!(why.contains(words), "{mutation} turns another thing red: {why}");
    }
}
