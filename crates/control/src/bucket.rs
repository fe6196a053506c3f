//! How much somebody may do in a while.

use std::time::{Duration, Instant};

/// A bucket that fills at a steady rate, and from which each thing done takes one.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    rate: f64,
    most: f64,
    level: f64,
    filled: Instant,
}

impl Bucket {
    /// A full one, for `most` at once and `rate` in a second.
    pub(crate) fn new(rate: u32, most: u32, now: Instant) -> Self {
        let most = f64::from(most);
        Self { rate: f64::from(rate), most, level: most, filled: now }
    }

    /// Takes `count`, if there is that much.
    pub(crate) fn take(&mut self, count: usize, now: Instant) -> bool {
        self.fill(now);
        let enough = self.level >= count as f64;
        if enough {
            self.level -= count as f64;
        }
        enough
    }

    /// Takes one, be it of what comes later; how long to wait for it.
    pub(crate) fn borrow(&mut self, now: Instant) -> Duration {
        self.fill(now);
        self.level -= 1.0;
        Duration::from_secs_f64((-self.level / self.rate).max(0.0))
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.level = (self.level + passed * self.rate).min(self.most);
        self.filled = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_comes_back_at_its_rate_and_not_beyond_the_brim() {
        let start = Instant::now();
        let mut bucket = Bucket::new(100, 10, start);
        assert!(bucket.take(10, start) && !bucket.take(1, start));
        assert!(!bucket.take(6, start + Duration::from_millis(50)));
        assert!(bucket.take(5, start + Duration::from_millis(50)));
        assert!(!bucket.take(11, start + Duration::from_secs(60)));
        assert!(bucket.take(10, start + Duration::from_secs(60)));
        assert_eq!(bucket.borrow(start + Duration::from_secs(60)), Duration::from_millis(10));
        assert_eq!(bucket.borrow(start + Duration::from_secs(60)), Duration::from_millis(20));
    }
}
