//! When each block is due: counted from the start, so that nothing adds up.

use std::time::Duration;

/// Nanoseconds in a second.
const SECOND: u128 = 1_000_000_000;

/// The schedule of one run.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    rate: u32,
    block: u64,
    /// Frames that the run has; `u64::MAX` for no end.
    end: u64,
    /// Frames that have passed, lost ones included.
    passed: u64,
}

impl Pace {
    pub(super) fn new(rate: u32, block: usize, frames: Option<u64>) -> Self {
        Self { rate, block: block as u64, end: frames.unwrap_or(u64::MAX), passed: 0 }
    }

    /// When the next block is due, or the end when there is none, after the start.
    pub(super) fn due(&self) -> Duration {
        let nanos = u128::from(self.passed) * SECOND / u128::from(self.rate);
        // As seconds and nanoseconds: 2⁶⁴ frames at 1 Hz still fit.
        Duration::new((nanos / SECOND) as u64, (nanos % SECOND) as u32)
    }

    /// Skips the blocks that should have been over at `now`; says how many frames they have.
    pub(super) fn skip_missed(&mut self, now: Duration) -> u64 {
        let late = now.saturating_sub(self.due());
        let late_frames = late.as_nanos() * u128::from(self.rate) / SECOND;
        let missed = late_frames / u128::from(self.block) * u128::from(self.block);
        let lost = u64::try_from(missed).unwrap_or(u64::MAX).min(self.end - self.passed);
        self.passed += lost;
        lost
    }

    /// Takes the next block; `None` at the end.
    pub(super) fn take(&mut self) -> Option<usize> {
        let frames = self.block.min(self.end - self.passed);
        self.passed += frames;
        (frames > 0).then_some(frames as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_millionth_block_is_due_on_time() {
        let mut pace = Pace::new(44_100, 441, None);
        (0..1_000_000).for_each(|_| assert_eq!(pace.take(), Some(441)));
        assert_eq!(pace.due(), Duration::from_secs(10_000));
    }

    #[test]
    fn only_whole_blocks_are_missed() {
        let mut pace = Pace::new(1_000, 10, None);
        assert_eq!(pace.take(), Some(10));
        let ms = Duration::from_millis;
        assert_eq!(pace.skip_missed(ms(5)), 0, "early");
        assert_eq!(pace.skip_missed(ms(19)), 0, "within the block");
        assert_eq!(pace.skip_missed(ms(47)), 30);
        assert_eq!(pace.due(), ms(40), "the schedule stays on its grid");
        assert_eq!(pace.skip_missed(ms(47)), 0);
    }

    #[test]
    fn the_end_is_exact() {
        let mut pace = Pace::new(1_000, 10, Some(25));
        let blocks: Vec<_> = std::iter::from_fn(|| pace.take()).collect();
        assert_eq!(blocks, [10, 10, 5]);
        let mut pace = Pace::new(1_000, 10, Some(25));
        assert_eq!(pace.skip_missed(Duration::from_secs(3600)), 25);
        assert_eq!(pace.take(), None);
        assert_eq!(pace.due(), Duration::from_millis(25));
    }
}
