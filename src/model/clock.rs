//! Time as a value. The domain takes `now` as an argument; only `app`, `http` and `hw` hold a `Clock`.

use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A moment (milliseconds since 1970, UTC) or a span, in milliseconds. SQLite stores it as INTEGER.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

impl Millis {
    pub const fn seconds(s: i64) -> Self {
        Self(s * 1000)
    }
    pub const fn days(d: i64) -> Self {
        Self(d.saturating_mul(86_400_000))
    }
    /// Whole seconds since 1970, as the documents' clients want them.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
    pub fn of(span: std::time::Duration) -> Self {
        Self(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
    }
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
}

impl Add for Millis {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Millis {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// One instant on both faces of the clock: what people read, and what decides silence and age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub wall: Millis,
    /// Monotonic, since the program started.
    pub steady: Millis,
}

type Source = Arc<dyn Fn() -> Millis + Send + Sync>;

/// Wall time and monotonic time, from the machine or from a test's hand.
///
/// Wall time is what people and files see; monotonic time decides silence, age within a run and time-outs,
/// so that a clock step neither ends a lesson nor logs anybody out.
#[derive(Clone)]
pub struct Clock {
    wall: Source,
    steady: Source,
}

impl Clock {
    /// The machine's own clocks. Monotonic time counts from this call.
    #[allow(clippy::disallowed_methods)] // the one place that asks the machine
    pub fn system() -> Self {
        let start = std::time::Instant::now();
        Self {
            wall: Arc::new(|| {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                Millis::of(since.unwrap_or_default())
            }),
            steady: Arc::new(move || Millis::of(start.elapsed())),
        }
    }

    /// A clock that stands until its hand is moved; both faces move together from `start`.
    pub fn manual(start: Millis) -> (Self, Hand) {
        let hand = Hand { offset: Arc::default(), set: Arc::default() };
        let (wall, set, steady) = (hand.offset.clone(), hand.set.clone(), hand.offset.clone());
        let load = |face: &AtomicI64| Millis(face.load(Ordering::SeqCst));
        let clock = Self {
            wall: Arc::new(move || start + load(&wall) + load(&set)),
            steady: Arc::new(move || Millis(steady.load(Ordering::SeqCst))),
        };
        (clock, hand)
    }

    pub fn now(&self) -> Millis {
        (self.wall)()
    }

    pub fn moment(&self) -> Moment {
        Moment { wall: self.now(), steady: self.steady() }
    }

    pub fn steady(&self) -> Millis {
        (self.steady)()
    }
}

/// Moves a manual clock.
#[derive(Clone)]
pub struct Hand {
    offset: Arc<AtomicI64>,
    set: Arc<AtomicI64>,
}

impl Hand {
    pub fn advance(&self, by: Millis) {
        self.offset.fetch_add(by.0, Ordering::SeqCst);
    }

    /// Sets the wall clock as a person does: forward or back, while no time passes.
    pub fn set_wall(&self, by: Millis) {
        self.set.fetch_add(by.0, Ordering::SeqCst);
    }
}
