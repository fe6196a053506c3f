//! When to look again for a device that is away.

use std::time::{Duration, Instant};

use super::Patience;
use crate::IoError;

/// An absence.
pub(super) struct Away {
    /// Where the device was lost.
    pub(super) position: u64,
    /// When it called last.
    since: Instant,
    next: Instant,
    wait: Duration,
    longest: Duration,
    /// Why the last attempt failed.
    pub(super) trouble: Option<IoError>,
}

impl Away {
    /// It has not called since `since`, and is looked for from `now` on.
    pub(super) fn new(position: u64, since: Instant, patience: &Patience, now: Instant) -> Self {
        let (wait, longest) = (patience.first_retry, patience.longest_retry);
        Self { position, since, next: now + wait, wait, longest, trouble: None }
    }

    /// How long until the next attempt is due.
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }

    /// An attempt failed: the next one comes later, and no two come at once.
    pub(super) fn failed(&mut self, error: IoError, now: Instant) {
        self.trouble = Some(error);
        self.wait = (self.wait * 2).min(self.longest);
        self.next = now + self.wait;
    }

    /// Frames that the device would have run since it called last.
    pub(super) fn frames(&self, rate: u32, now: Instant) -> u64 {
        let nanos = now.saturating_duration_since(self.since).as_nanos();
        u64::try_from(nanos * u128::from(rate) / 1_000_000_000).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_more_and_more_slowly() {
        let start = Instant::now();
        let mut away = Away::new(7, start - Duration::from_millis(500), &Patience::default(), start);
        let mut waits = Vec::new();
        for _ in 0..7 {
            waits.push(away.left(start).as_millis());
            away.failed(IoError::NotRunning(String::new()), start);
        }
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 2_000, 2_000]);
        assert_eq!(away.frames(48_000, start + Duration::from_millis(2_000)), 120_000);
    }
}
