//! When a worker looks for work without a break, and when it sleeps: by the calls it has seen so far.
//!
//! Hosts call at a steady pace, or some times at once and then not for a while. So the next call is expected when one has come
//! before: as long after this one as one of the last ones came after the one before it. The worker wakes by itself shortly
//! before each such moment. Where calls come faster than it could sleep, it never does; where none come, it looks now and then.

use std::time::Duration;

/// Nothing is slept that is shorter: falling asleep and waking up takes as long.
const LEAST_SLEEP: Duration = Duration::from_micros(50);
/// How long before a call may come it looks, at least: for a system that wakes threads on time.
const EARLY: Duration = Duration::from_micros(100);
/// How long after that it still looks.
const LATE: Duration = Duration::from_micros(200);
/// How long it looks for a call that is later than ever, or that it knows nothing of.
const PATIENCE: Duration = Duration::from_millis(3);
/// How long it sleeps between two looks, while calls may come back soon, and after a while.
const NAP: Duration = Duration::from_millis(1);
const LONG_NAP: Duration = Duration::from_millis(5);
/// When that while is over.
const AWAY: Duration = Duration::from_millis(200);
/// Calls that are remembered.
const REMEMBERED: usize = 16;

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
    /// How long after the one before it each of the last calls came, and how many were noted.
    intervals: [Duration; REMEMBERED],
    noted: usize,
    /// By how much sleep was longer than it was to be.
    overslept: Duration,
}

impl Pace {
    /// Whether it does not know yet that the call `calls`, counted from 1, has begun.
    pub(super) fn is_new(&self, calls: u64) -> bool {
        !(self.is_sure && self.calls == calls)
    }

    /// The call `calls` has begun, as was seen by then, if that is new.
    pub(super) fn has_begun(&mut self, calls: u64, now: Duration) {
        if self.is_new(calls) {
            self.begins(calls, now);
        }
    }

    fn begins(&mut self, calls: u64, now: Duration) {
        match calls.saturating_sub(self.calls) {
            0 => {}
            1 if self.is_sure => self.note(self.since(now)),
            1 => {}
            passed => self.missed(passed, now),
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
            self.missed(calls.saturating_sub(self.calls), now);
            (self.calls, self.at, self.is_sure) = (calls, now, false);
        }
    }

    /// So many calls have come, at some time: evenly, or at once.
    fn missed(&mut self, passed: u64, now: Duration) {
        if self.calls > 0 {
            self.note(self.since(now) / u32::try_from(passed).unwrap_or(u32::MAX).max(1));
            self.note(Duration::ZERO);
        }
    }

    fn note(&mut self, interval: Duration) {
        self.intervals[self.noted % REMEMBERED] = interval;
        self.noted += 1;
    }

    /// What to do between calls.
    pub(super) fn rest(&self, now: Duration) -> Rest {
        let since = self.since(now);
        let known = if self.is_sure { &self.intervals[..self.noted.min(REMEMBERED)] } else { &[] };
        let ahead = known.iter().filter(|&&interval| since <= interval + LATE);
        let next = ahead.map(|interval| interval.saturating_sub(self.early())).min();
        let longest = known.iter().max().copied().unwrap_or_default();
        match next {
            Some(next) if since + LEAST_SLEEP < next => Rest::Sleep(next - since),
            Some(_) => Rest::Look,
            None if since < longest + PATIENCE => Rest::Look,
            None if since < AWAY => Rest::Sleep(NAP),
            None => Rest::Sleep(LONG_NAP),
        }
    }

    /// A sleep that was to take so long has taken so long.
    pub(super) fn slept(&mut self, asked: Duration, took: Duration) {
        self.overslept = self.overslept - self.overslept / 8 + took.saturating_sub(asked) / 8;
    }

    fn early(&self) -> Duration {
        EARLY + 2 * self.overslept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_micros(5_333);
    const START: Duration = Duration::from_secs(5);

    /// After calls that came so long after each other.
    fn paced(intervals: impl IntoIterator<Item = Duration>) -> (Pace, Duration) {
        let mut pace = Pace::default();
        let (mut now, mut calls) = (START, 1);
        pace.begins(calls, now);
        for interval in intervals {
            (now, calls) = (now + interval, calls + 1);
            pace.begins(calls, now);
        }
        pace.over(calls, now);
        (pace, now)
    }

    fn steady(period: Duration) -> (Pace, Duration) {
        paced([period; 50])
    }

    fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// When it is awake after a call, from and to: the first times that it is.
    fn awake(pace: &Pace, now: Duration) -> (Duration, Duration) {
        let Rest::Sleep(sleep) = pace.rest(now) else { return (Duration::ZERO, Duration::ZERO) };
        let sleeps = |at: &u64| pace.rest(now + sleep + micros(*at)) != Rest::Look;
        (sleep, sleep + micros((0..100_000).find(sleeps).unwrap()))
    }

    #[test]
    fn it_wakes_shortly_before_the_next_call_and_looks_until_that_comes() {
        let (pace, now) = steady(PERIOD);
        let (from, to) = awake(&pace, now);
        assert_eq!((from, to - PERIOD - PATIENCE), (PERIOD - EARLY, Duration::ZERO));
    }

    #[test]
    fn calls_that_follow_each_other_at_once_leave_no_time_to_sleep() {
        let (pace, now) = steady(micros(90));
        assert!((0..2_000).all(|at| pace.rest(now + micros(at)) == Rest::Look));
    }

    /// Four at once, every 20 ms.
    #[test]
    fn calls_in_bursts_are_met_and_it_sleeps_between_the_bursts() {
        let burst = [60, 60, 60, 19_820].map(micros);
        let (pace, now) = paced(std::iter::repeat_n(burst, 10).flatten());
        assert_eq!(pace.rest(now), Rest::Look);
        let Rest::Sleep(sleep) = pace.rest(now + micros(300)) else { panic!("it looks all the time") };
        assert_eq!(micros(300) + sleep, micros(19_820) - EARLY);
    }

    #[test]
    fn without_calls_it_sleeps() {
        let (pace, now) = steady(PERIOD);
        assert_eq!(pace.rest(now + 4 * PERIOD), Rest::Sleep(NAP));
        assert_eq!(pace.rest(now + Duration::from_secs(1)), Rest::Sleep(LONG_NAP));
        assert_eq!(Pace::default().rest(START), Rest::Sleep(LONG_NAP));
    }

    #[test]
    fn who_has_overslept_looks_for_the_next_call_and_wakes_earlier_from_then_on() {
        let (mut pace, now) = steady(PERIOD);
        pace.slept(Duration::from_millis(5), Duration::from_millis(6));
        assert!(pace.early() > EARLY + micros(200));
        pace.over(52, now + PERIOD + Duration::from_millis(1));
        assert_eq!(pace.rest(now + PERIOD + Duration::from_millis(2)), Rest::Look);
        // What it has missed may come again.
        pace.begins(53, now + 2 * PERIOD);
        assert_eq!(pace.rest(now + 2 * PERIOD), Rest::Look);
        // Until it has seen for some time that it does not.
        let mut now = now + 2 * PERIOD;
        for call in 54..54 + REMEMBERED as u64 {
            now += PERIOD;
            pace.begins(call, now);
        }
        assert!(matches!(pace.rest(now), Rest::Sleep(_)));
    }

    #[test]
    fn a_faster_pace_is_learnt_at_once() {
        let (mut pace, now) = steady(PERIOD);
        pace.begins(52, now + PERIOD / 4);
        assert_eq!(awake(&pace, now + PERIOD / 4).0, PERIOD / 4 - EARLY);
    }
}
