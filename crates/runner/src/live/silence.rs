//! An input that delivers nothing but zeros: muted, unplugged, or not permitted.

use tracing::warn;

/// How long, in seconds, before it is worth a word.
const SUSPICIOUS: u64 = 2;

/// Notices an input that has been silent for too long.
pub(super) struct Silence {
    rate: u32,
    told: bool,
}

impl Silence {
    /// At `rate` Hz; `expected` silence is never told of.
    pub(super) fn new(rate: u32, expected: bool) -> Self {
        Self { rate, told: expected }
    }

    /// Takes the frame up to which something was heard. Says once, and says by its answer, when there has been nothing
    /// for too long.
    pub(super) fn look(&mut self, now: u64, heard: u64) -> bool {
        if self.told || now.saturating_sub(heard) < SUSPICIOUS * u64::from(self.rate) {
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
        let told: Vec<bool> = (0..6).map(|second| silence.look(second * 1000, 0)).collect();
        assert_eq!(told, [false, false, true, false, false, false]);
    }

    #[test]
    fn the_two_seconds_count_from_the_last_sound() {
        let mut silence = Silence::new(1000, false);
        for second in 0..6 {
            assert_eq!(silence.look(second * 1000, second.min(2) * 1000), second == 4);
        }
        let mut expected = Silence::new(1000, true);
        assert!((0..6).all(|second| !expected.look(second * 1000, 0)));
    }
}
