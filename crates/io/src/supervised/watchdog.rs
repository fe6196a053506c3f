//! Whether a device still calls.

use std::time::{Duration, Instant};

use crate::DeviceSpec;

/// A device is silent after so many of its blocks without a call, however short the patience.
const BLOCKS: u32 = 20;

/// Notices that a device has stopped calling: three ways for a sound server to die tell nobody.
pub(super) struct Watchdog {
    limit: Duration,
    calls: u64,
    since: Instant,
}

impl Watchdog {
    pub(super) fn new(silence: Duration, spec: &DeviceSpec) -> Self {
        Self { limit: limit(silence, spec), calls: 0, since: Instant::now() }
    }

    /// The device's block has another length now.
    pub(super) fn follow(&mut self, silence: Duration, spec: &DeviceSpec) {
        self.limit = limit(silence, spec);
    }

    /// Takes the number of calls so far.
    pub(super) fn see(&mut self, calls: u64, now: Instant) {
        if calls != self.calls {
            (self.calls, self.since) = (calls, now);
        }
    }

    /// When the last call was noticed, or since when the first one is waited for.
    pub(super) fn last_call(&self) -> Instant {
        self.since
    }

    /// Takes the number of calls so far; says whether there has been no new one for too long.
    pub(super) fn is_silent(&mut self, calls: u64, now: Instant) -> bool {
        self.see(calls, now);
        now.saturating_duration_since(self.since) > self.limit
    }
}

fn limit(silence: Duration, spec: &DeviceSpec) -> Duration {
    let block = Duration::from_secs_f64(spec.max_frames as f64 / f64::from(spec.rate.max(1)));
    silence.max(block * BLOCKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(block: usize, silence: u64, limit: u64) {
        let spec = DeviceSpec { rate: 1_000, max_frames: block, ..DeviceSpec::default() };
        let mut watchdog = Watchdog::new(Duration::from_millis(silence), &spec);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!(!watchdog.is_silent(1, at(0)));
        assert!(!watchdog.is_silent(1, at(limit)));
        assert!(watchdog.is_silent(1, at(limit + 1)));
        assert!(!watchdog.is_silent(2, at(limit + 2)), "a call ends the silence");
        assert!(!watchdog.is_silent(2, at(2 * limit + 2)));
        assert!(watchdog.is_silent(2, at(2 * limit + 3)));
    }

    #[test]
    fn the_last_call_is_remembered_whatever_becomes_of_the_block() {
        let spec = DeviceSpec { rate: 1_000, max_frames: 10, ..DeviceSpec::default() };
        let mut watchdog = Watchdog::new(Duration::from_secs(1), &spec);
        let called = watchdog.last_call() + Duration::from_millis(5);
        watchdog.see(1, called);
        watchdog.follow(Duration::from_secs(1), &DeviceSpec { max_frames: 100, ..spec });
        assert!(!watchdog.is_silent(1, called + Duration::from_secs(2)));
        assert_eq!(watchdog.last_call(), called);
    }

    #[test]
    fn long_blocks_may_be_silent_for_longer() {
        check(10, 1_000, 1_000);
        check(100, 1_000, 2_000);
    }
}
