//! The program on an emulated ARM machine with Debian's stock kernel, whose own virtual camera (vivid) and sound card
//! (snd-aloop) it records as it would real ones. `.ci/setup guest` makes the machine's disk, the test builds the program.
// Tests measure real time, and their helpers unwrap as they do.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod appliance;
mod faults;
mod machine;
#[path = "../it/process.rs"]
mod process;
mod recording;
#[path = "../it/timing.rs"]
mod timing;
mod trace;
mod two;

/// What `process` needs of the world of the other tests.
mod world {
    #[derive(Debug)]
    #[allow(dead_code)]
    pub struct Answer {
        pub status: u16,
        pub headers: hyper::HeaderMap,
        pub body: Vec<u8>,
    }
}
