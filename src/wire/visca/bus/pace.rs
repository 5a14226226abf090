//! How long a camera's answer is waited for. A command takes a vertical cycle, with a slow shutter up to a second, so the
//! measure is what the camera took lately; while it says nothing, twice as long each time.

use crate::model::Millis;

/// 50 cycles a second; a camera takes one command in each.
pub const CYCLE: Millis = Millis(20);
/// A camera that answers is asked how it stands this often.
pub const POLL: Millis = Millis(10_000);
/// One that does not, at first and at last.
pub const POLL_MIN: Millis = Millis(1000);
pub const POLL_MAX: Millis = Millis(30_000);
/// So many times in a row nothing was heard: it does not answer.
pub const MISSES: u8 = 3;

/// For the line: sixteen bytes through seven cameras at 9600 baud.
const LINE: i64 = 120;
const PATIENCE_MAX: i64 = 4000;

#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The slowest answer lately; forgotten by an eighth with each quicker one.
    latency: i64,
    doubled: u32,
}

impl Pace {
    pub const fn new(first: Millis) -> Self {
        Self { latency: first.0, doubled: 0 }
    }

    pub fn patience(&self) -> Millis {
        let usual = LINE + 3 * self.latency;
        Millis((usual << self.doubled).min(PATIENCE_MAX))
    }

    /// How late a word may come for what was given up.
    pub fn lateness(&self) -> Millis {
        Millis((LINE + 2 * self.latency).max(500))
    }

    /// It answered after so long.
    pub fn heard(&mut self, took: Millis) {
        self.latency = took.0.clamp(CYCLE.0, PATIENCE_MAX).max(self.latency - self.latency / 8);
        self.doubled = 0;
    }

    pub fn missed(&mut self) {
        self.doubled = (self.doubled + 1).min(4);
    }
}
