//! An input that delivers nothing but zeros: muted, unplugged, or not permitted.

use tracing::warn;

/// How long, in seconds, before it is worth a word.
const SUSPICIOUS: u64 = 2;
/// What a meter shows for zeros, in dBFS.
const FLOOR: f64 = -200.0;

/// Notices an input that has been silent for too long.
pub(crate) struct Silence {
    rate: u32,
    /// The last frame at which something was heard.
    heard: u64,
    told: bool,
}

impl Silence {
    /// At `rate` Hz; `expected` silence is never told of.
    pub(crate) fn new(rate: u32, expected: bool) -> Self {
        Self { rate, heard: 0, told: expected }
    }

    /// Takes the peaks of all channels, in dBFS, as they are at frame `now`. Says once, and says by its answer, when
    /// there has been nothing for too long.
    pub(crate) fn look(&mut self, now: u64, peaks: &[f64]) -> bool {
        // What is no number is no silence either.
        if !peaks.iter().all(|&peak| peak <= FLOOR) {
            self.heard = now;
        }
        if self.told || now - self.heard < SUSPICIOUS * u64::from(self.rate) {
            return false;
        }
        self.told = true;
        warn!(
            "the input has been nothing but zeros for {SUSPICIOUS} s: is it muted, unplugged, or is this program not \
             allowed to listen (the system's privacy settings)?"
        );
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_told_of_once_after_two_seconds() {
        let mut silence = Silence::new(1000, false);
        let told: Vec<bool> = (0..6).map(|second| silence.look(second * 1000, &[FLOOR, FLOOR])).collect();
        assert_eq!(told, [false, false, true, false, false, false]);
    }

    #[test]
    fn sound_on_one_channel_is_enough() {
        let mut silence = Silence::new(1000, false);
        for second in 0..6 {
            let peak = if second == 2 { -90.0 } else { FLOOR };
            assert_eq!(silence.look(second * 1000, &[FLOOR, peak]), second == 4);
        }
        let mut odd = Silence::new(1000, false);
        assert!((0..6).all(|second| !odd.look(second * 1000, &[f64::NAN])));
        let mut expected = Silence::new(1000, true);
        assert!((0..6).all(|second| !expected.look(second * 1000, &[FLOOR])));
    }
}
