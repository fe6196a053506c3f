//! Virtual time, and the device's own clock on it.

/// Millionths in a whole.
const PPM: u64 = 1_000_000;
/// Nanoseconds in a second, times a million as the speed is.
const SCALE: u128 = 1_000_000_000 * PPM as u128;

/// A clock that ticks frames, faster or slower than virtual time by a constant drift.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeviceClock {
    /// Virtual nanoseconds at which the clock stood at `frame`.
    nanos: u64,
    frame: u64,
    /// Frames per second, times a million.
    speed: u128,
}

impl DeviceClock {
    /// A clock that stands at `frame` when virtual time stands at `nanos`.
    pub(super) fn new(nanos: u64, frame: u64, rate: u32, drift_ppm: i32) -> Self {
        let ppm = PPM.saturating_add_signed(i64::from(drift_ppm));
        Self { nanos, frame, speed: u128::from(rate) * u128::from(ppm) }
    }

    /// When it comes to `frame`, in virtual nanoseconds. Computed from the start, so that nothing adds up.
    pub(super) fn time_of(&self, frame: u64) -> u64 {
        let frames = u128::from(frame.saturating_sub(self.frame));
        let nanos = frames * SCALE / self.speed;
        self.nanos.saturating_add(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many frames a time has, rounded up.
    pub(super) fn frames_in(&self, nanos: u64) -> u64 {
        (u128::from(nanos) * self.speed).div_ceil(SCALE) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_adds_up_and_rounding_does_not() {
        let second = 1_000_000_000;
        let exact = DeviceClock::new(5, 100, 44_100, 0);
        assert_eq!(exact.time_of(100 + 44_100 * 36_000), 5 + 36_000 * second);
        let fast = DeviceClock::new(0, 0, 48_000, 500);
        assert_eq!(fast.time_of(48_024), second);
        let slow = DeviceClock::new(0, 0, 48_000, -500);
        assert_eq!(slow.time_of(47_976), second);
        assert_eq!((fast.frames_in(second), slow.frames_in(second), slow.frames_in(1)), (48_024, 47_976, 1));
    }
}
