//! What a channel held.

/// Peak and RMS of one channel, linear, full scale 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    peak: f32,
    /// Σ x², in the order of the frames: any block size gives the same bits.
    squares: f64,
    frames: u64,
    non_finite: u64,
}

impl Level {
    /// The greatest |x|; 0 when there was nothing.
    #[must_use]
    pub fn peak(&self) -> f32 {
        self.peak
    }

    /// √(Σ x² / frames); 0 when there was nothing.
    #[must_use]
    pub fn rms(&self) -> f64 {
        if self.frames == 0 { 0.0 } else { (self.squares / self.frames as f64).sqrt() }
    }

    /// Samples that were NaN or infinite, taken for 0. A graph's renderer lets none through.
    #[must_use]
    pub fn non_finite(&self) -> u64 {
        self.non_finite
    }

    pub(super) fn add(&mut self, samples: &[f32]) {
        for &sample in samples {
            let finite = sample.is_finite();
            self.non_finite += u64::from(!finite);
            let sample = if finite { sample } else { 0.0 };
            self.peak = if sample.abs() > self.peak { sample.abs() } else { self.peak };
            self.squares += f64::from(sample) * f64::from(sample);
        }
        self.frames += samples.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(samples: &[f32], peak: f32, rms: f64, non_finite: u64) {
        let mut level = Level::default();
        samples.chunks(2).for_each(|chunk| level.add(chunk));
        assert_eq!((level.peak(), level.non_finite()), (peak, non_finite));
        assert!((level.rms() - rms).abs() < 1e-12, "{}", level.rms());
    }

    #[test]
    fn levels_are_those_of_the_formulas() {
        check(&[], 0.0, 0.0, 0);
        check(&[3.0, -4.0], 4.0, 12.5_f64.sqrt(), 0);
        check(&[0.5; 7], 0.5, 0.5, 0);
        check(&[1.0, f32::NAN, f32::NEG_INFINITY, 0.0], 1.0, 0.5, 2);
    }
}
