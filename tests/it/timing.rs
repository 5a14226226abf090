//! How long each test took, for the list at the end of `.ci/run`; cargo's own runner tells no times.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Instant;

/// Writes a line `SECONDS TEST` when it goes.
pub struct Timed {
    test: String,
    since: Instant,
}

/// Called on the test's own thread, which has the test's name.
pub fn test() -> Timed {
    let test = std::thread::current().name().unwrap_or("unnamed").to_owned();
    Timed { test, since: Instant::now() }
}

impl Drop for Timed {
    fn drop(&mut self) {
        let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/test-times.txt");
        let line = format!("{:.3} {}\n", self.since.elapsed().as_secs_f64(), self.test);
        // One write a line, so that tests side by side do not mix theirs. A lost line is no failed test.
        if let Ok(mut file) = OpenOptions::new().create(true).append(true).open(path) {
            let _ = file.write_all(line.as_bytes());
        }
    }
}
