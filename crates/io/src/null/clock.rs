//! The time since a start, and sleeping until a moment of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

/// A clock that a test can put another in the place of.
pub(super) trait Clock {
    /// The time since the start.
    fn now(&mut self) -> Duration;

    /// Sleeps until `moment` after the start, or until `stop` is set.
    fn sleep_until(&mut self, moment: Duration, stop: &AtomicBool);
}

/// The machine's monotonic clock.
pub(super) struct Monotonic(Instant);

impl Monotonic {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Monotonic {
    fn now(&mut self) -> Duration {
        self.0.elapsed()
    }

    fn sleep_until(&mut self, moment: Duration, stop: &AtomicBool) {
        // Parking may end early: only the clock and the flag count. Who sets the flag unparks.
        while !stop.load(Ordering::Acquire) {
            let left = moment.saturating_sub(self.now());
            if left.is_zero() {
                return;
            }
            park_timeout(left);
        }
    }
}
