//! The fuzzer's program: each `[[bin]]` of Cargo.toml is this file and runs the target of its own name. It also counts
//! memory: a target that holds much more than its input is long has found something that a stranger can use.
#![no_main]

mod targets;
#[allow(clippy::disallowed_methods)]
#[path = "../it/world.rs"]
mod world;

/// The tests' stop-watch, which is of no use here.
mod timing {
    pub struct Timed;
    pub fn test() -> Timed {
        Timed
    }
}

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What a target may hold at once beside 64 times its input: a log-in alone takes 19 MiB for its hash, elsewhere.
const HELD_MAX: usize = 16 << 20;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let before = HELD.get();
    PEAK.set(before);
    targets::run(env!("CARGO_BIN_NAME"), bytes);
    let held = usize::try_from(PEAK.get() - before).unwrap_or(0);
    assert!(held <= HELD_MAX + 64 * bytes.len(), "{held} bytes were held at once");
});

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, counting what the fuzzer's thread holds.
struct Counted;

fn count(bytes: usize, sign: isize) {
    // A thread that ends frees after its counters are gone.
    let _ = HELD.try_with(|held| {
        held.set(held.get().wrapping_add(sign.wrapping_mul(bytes as isize)));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTED: Counted = Counted;
