//! How the meters on the screen move: a peak that jumps up and falls back slowly, the highest peak held, and overs counted.

/// dB in a second that a peak falls back by: 20 dB in 1.7 s, as IEC 60268-10 says of programme meters of type I.
const RETURN: f64 = 20.0 / 1.7;
/// Seconds for which the highest peak is held.
const HOLD: f64 = 1.5;
/// dBFS that is full scale: a peak that reaches it is over.
const OVER: f64 = 0.0;
/// dBFS that is shown as silence.
const SILENCE: f64 = -200.0;

/// One channel of a meter. All levels are in dBFS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Needle {
    /// The peak, on its way back.
    pub(super) peak: f64,
    /// The root of the mean square, as it was measured last; NaN before that.
    pub(super) rms: f64,
    /// The highest peak of late.
    pub(super) held: f64,
    /// Seconds for which it is held.
    left: f64,
    /// How often the peak went to full scale or beyond, and whether it is there.
    pub(super) overs: u64,
    over: bool,
}

impl Default for Needle {
    fn default() -> Self {
        Self { peak: SILENCE, rms: f64::NAN, held: SILENCE, left: 0.0, overs: 0, over: false }
    }
}

impl Needle {
    /// Takes what was measured, `seconds` after the last time. What was not measured (NaN) moves nothing up.
    pub(super) fn take(&mut self, peak: f64, rms: f64, seconds: f64) {
        let fallen = (self.peak - RETURN * seconds).max(SILENCE);
        self.peak = if peak > fallen { peak } else { fallen };
        self.rms = rms;
        self.left -= seconds;
        if peak >= self.held {
            (self.held, self.left) = (peak, HOLD);
        } else if self.left <= 0.0 {
            self.held = self.peak;
        }
        // A window may be longer than the time between two looks at it.
        let was_over = std::mem::replace(&mut self.over, peak >= OVER);
        self.overs += u64::from(self.over && !was_over);
    }

    /// Forgets overs and the peak that is held; one that goes on counts anew.
    pub(super) fn clear(&mut self) {
        (self.held, self.left, self.overs, self.over) = (self.peak, 0.0, 0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_jumps_up_and_falls_by_20_db_in_1_7_s() {
        let mut needle = Needle::default();
        needle.take(-6.0, -9.0, 0.05);
        assert_eq!((needle.peak, needle.rms), (-6.0, -9.0));
        for _ in 0..34 {
            needle.take(-200.0, -200.0, 0.05);
        }
        assert!((needle.peak + 26.0).abs() < 1e-9, "{}", needle.peak);
        needle.take(-1.0, -3.0, 0.05);
        assert_eq!(needle.peak, -1.0);
    }

    #[test]
    fn what_stays_over_is_over_again_after_it_was_cleared() {
        let mut needle = Needle::default();
        needle.take(0.0, -3.0, 0.05);
        needle.take(0.0, -3.0, 0.05);
        assert_eq!(needle.overs, 1);
        needle.clear();
        assert_eq!(needle.overs, 0);
        needle.take(0.0, -3.0, 0.05);
        assert_eq!(needle.overs, 1);
    }

    #[test]
    fn the_highest_peak_is_held_and_let_go() {
        let mut needle = Needle::default();
        needle.take(-3.0, -9.0, 0.05);
        for _ in 0..29 {
            needle.take(-20.0, -20.0, 0.05);
            assert_eq!(needle.held, -3.0);
        }
        needle.take(-20.0, -20.0, 0.1);
        assert!(needle.held < -15.0 && needle.held == needle.peak, "{needle:?}");
    }

    #[test]
    fn overs_are_counted_until_they_are_cleared() {
        let mut needle = Needle::default();
        [-0.1, 0.0, 3.0, 3.0, f64::NAN, 1.0].into_iter().for_each(|peak| needle.take(peak, -6.0, 0.05));
        assert_eq!((needle.overs, needle.held), (2, 3.0));
        needle.clear();
        assert_eq!(needle.overs, 0);
        assert!(needle.held < 3.0);
    }
}
