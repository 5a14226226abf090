//! How fast somebody may speak: a bucket that fills with time. A pure function of the clock's readings.

use crate::model::Millis;

/// So many at once, and one more each `interval`.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    burst: i64,
    interval: Millis,
    /// When the bucket will be full again.
    full_at: Millis,
}

impl Pace {
    pub const fn new(burst: i64, interval: Millis) -> Self {
        Self { burst, interval, full_at: Millis(i64::MIN / 2) }
    }

    /// Whether nothing is missing: the same as a new one.
    pub fn is_full(&self, steady: Millis) -> bool {
        self.full_at <= steady
    }

    /// When it will be full again, if nothing is taken until then.
    pub const fn full_at(&self) -> Millis {
        self.full_at
    }

    /// Takes one, or says how long to wait for the next.
    pub fn take(&mut self, steady: Millis) -> Result<(), Millis> {
        let full_at = self.full_at.max(steady) + self.interval;
        let room = Millis(self.burst * self.interval.0);
        if full_at - steady > room {
            return Err(full_at - steady - room);
        }
        self.full_at = full_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_one_each_interval() {
        let mut pace = Pace::new(3, Millis(100));
        let mut at = |ms| pace.take(Millis(ms));
        assert_eq!([at(0), at(0), at(0)], [Ok(()), Ok(()), Ok(())]);
        assert_eq!(at(0), Err(Millis(100)));
        assert_eq!(at(60), Err(Millis(40)));
        assert_eq!(at(100), Ok(()));
        assert_eq!(at(100), Err(Millis(100)));
        assert_eq!([at(10_000), at(10_000), at(10_000)], [Ok(()), Ok(()), Ok(())]);
        assert!(at(10_000).is_err());
    }
}
