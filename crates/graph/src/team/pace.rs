//! When a helper looks for work without a break, and when it sleeps: by the calls it has seen so far.
//!
//! It wakes by itself shortly before the next call is due. Where calls come faster than it could sleep, it never does; where
//! none come, it looks now and then.

use std::time::Duration;

use crate::TimeSource;

/// Nothing is slept that is shorter: falling asleep and waking up takes as long.
const LEAST_SLEEP: Duration = Duration::from_micros(50);
/// How long before a call is due it looks, at least: for a system that wakes threads on time.
const EARLY: Duration = Duration::from_micros(60);
/// How long it looks for a call that is late, or that it knows nothing of, at least.
const PATIENCE: Duration = Duration::from_millis(3);
/// How long it sleeps between two looks, while calls may come back soon, and after a while.
const NAP: Duration = Duration::from_millis(1);
const LONG_NAP: Duration = Duration::from_millis(5);
/// When that while is over.
const AWAY: Duration = Duration::from_millis(200);

/// What to do until the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Look again at once.
    Look,
    Sleep(Duration),
}

/// What is known of the calls.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Calls that were seen, or missed, so far, and when the last of them began, or was missed.
    calls: u64,
    at: Duration,
    /// Whether it was seen when it began.
    is_sure: bool,
    /// From one to the next, and by how much that varies.
    period: Duration,
    varies: Duration,
    /// By how much sleep was longer than it was to be.
    overslept: Duration,
}

impl Pace {
    /// The call `calls`, counted from 1, has begun; asks the time, and says so, if that is new.
    pub(super) fn has_begun(&mut self, calls: u64, time: &TimeSource) -> bool {
        let is_new = !(self.is_sure && self.calls == calls);
        if is_new {
            self.begins(calls, time.now());
        }
        is_new
    }

    fn begins(&mut self, calls: u64, now: Duration) {
        let passed = u32::try_from(calls.saturating_sub(self.calls)).unwrap_or(u32::MAX).max(1);
        let interval = now.saturating_sub(self.at) / passed;
        if self.is_sure {
            let off = interval.abs_diff(self.period);
            if off > self.period / 2 {
                (self.period, self.varies) = (interval, Duration::ZERO);
            } else {
                self.period = nearer(self.period, interval);
                self.varies = nearer(self.varies, off);
            }
        }
        (self.calls, self.at, self.is_sure) = (calls, now, true);
    }

    /// How long ago the last call began.
    pub(super) fn since(&self, now: Duration) -> Duration {
        now.saturating_sub(self.at)
    }

    /// There have been `calls` calls, of which the last is over: what was not seen was missed.
    pub(super) fn over(&mut self, calls: u64, now: Duration) {
        if calls != self.calls {
            (self.calls, self.at, self.is_sure) = (calls, now, false);
        }
    }

    /// What to do between calls.
    pub(super) fn rest(&self, now: Duration) -> Rest {
        let since = self.since(now);
        let due = if self.is_sure { self.period } else { Duration::ZERO };
        let wakes = due.saturating_sub(self.early());
        if since + LEAST_SLEEP < wakes {
            return Rest::Sleep(wakes - since);
        }
        match since {
            _ if since < due + self.period.max(PATIENCE) => Rest::Look,
            _ if since < AWAY => Rest::Sleep(NAP),
            _ => Rest::Sleep(LONG_NAP),
        }
    }

    /// A sleep that was to take so long has taken so long.
    pub(super) fn slept(&mut self, asked: Duration, took: Duration) {
        self.overslept = nearer(self.overslept, took.saturating_sub(asked));
    }

    fn early(&self) -> Duration {
        EARLY + 4 * self.varies + 2 * self.overslept
    }
}

/// An eighth of the way.
fn nearer(mean: Duration, next: Duration) -> Duration {
    mean - mean / 8 + next / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_micros(5_333);

    /// After `calls` calls at a period.
    fn paced(calls: u32, period: Duration) -> (Pace, Duration) {
        let mut pace = Pace::default();
        let mut now = Duration::from_secs(5);
        for call in 1..=calls {
            now += period;
            pace.begins(u64::from(call), now);
        }
        (pace, now)
    }

    #[test]
    fn it_wakes_shortly_before_the_next_call_and_looks_until_that_comes() {
        let (mut pace, now) = paced(50, PERIOD);
        pace.over(50, now);
        let Rest::Sleep(sleep) = pace.rest(now + Duration::from_micros(400)) else { panic!("it looks all the time") };
        let woken = Duration::from_micros(400) + sleep;
        assert!(woken < PERIOD && PERIOD - woken < Duration::from_micros(100), "{woken:?}");
        assert_eq!(pace.rest(now + woken), Rest::Look);
        assert_eq!(pace.rest(now + PERIOD + PERIOD / 2), Rest::Look);
    }

    #[test]
    fn calls_that_follow_each_other_at_once_leave_no_time_to_sleep() {
        let (pace, now) = paced(50, Duration::from_micros(90));
        for micros in 0..2_000 {
            assert_eq!(pace.rest(now + Duration::from_micros(micros)), Rest::Look, "{micros} us");
        }
    }

    #[test]
    fn without_calls_it_sleeps() {
        let (pace, now) = paced(50, PERIOD);
        assert_eq!(pace.rest(now + 4 * PERIOD), Rest::Sleep(NAP));
        assert_eq!(pace.rest(now + Duration::from_secs(1)), Rest::Sleep(LONG_NAP));
        assert_eq!(Pace::default().rest(Duration::from_secs(1)), Rest::Sleep(LONG_NAP));
    }

    #[test]
    fn who_has_overslept_looks_for_the_next_call_and_wakes_earlier_from_then_on() {
        let (mut pace, now) = paced(50, PERIOD);
        let early = pace.early();
        pace.slept(Duration::from_millis(5), Duration::from_millis(6));
        pace.over(51, now + PERIOD + Duration::from_millis(1));
        assert_eq!(pace.rest(now + PERIOD + Duration::from_millis(2)), Rest::Look);
        assert!(pace.early() > early + Duration::from_micros(200));
        // A call that was missed is counted: its period is not twice as long.
        pace.begins(52, now + 2 * PERIOD);
        pace.begins(53, now + 3 * PERIOD);
        assert!(pace.period.abs_diff(PERIOD) < Duration::from_micros(50), "{pace:?}");
    }

    #[test]
    fn another_period_is_learnt_at_once() {
        let (mut pace, now) = paced(50, PERIOD);
        pace.begins(51, now + PERIOD / 4);
        pace.begins(52, now + PERIOD / 2);
        assert!(pace.period.abs_diff(PERIOD / 4) < Duration::from_micros(5), "{pace:?}");
    }

    #[test]
    fn the_less_regular_calls_are_the_earlier_it_wakes() {
        let (steady, _) = paced(50, PERIOD);
        let mut pace = Pace::default();
        for call in 1..=50_u32 {
            let off = Duration::from_micros(if call % 2 == 0 { 300 } else { 0 });
            pace.begins(u64::from(call), PERIOD * call + off);
        }
        assert!(pace.early() > steady.early() + Duration::from_micros(600), "{pace:?}");
    }
}
