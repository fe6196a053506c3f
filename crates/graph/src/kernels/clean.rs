//! Samples from outside: not finite ones become 0 and are counted, tiny ones become 0.

/// Below this a sample is silence: far under a 24-bit converter's noise, far above where arithmetic turns slow.
const TINY: f32 = 1e-15;

/// Copies, replacing non-finite samples by 0 and flushing those below 1e-15. Returns how many were not finite.
pub(crate) fn copy_sanitised(dst: &mut [f32], src: &[f32]) -> u64 {
    let mut bad = 0u32;
    for (out, &sample) in dst.iter_mut().zip(src) {
        let finite = sample.is_finite();
        bad += u32::from(!finite);
        *out = if finite && (sample.abs() >= TINY || sample == 0.0) { sample } else { 0.0 };
    }
    u64::from(bad)
}

/// Replaces non-finite samples by 0, and leaves what is tiny: nothing is computed with it any more. Returns how many there
/// were.
pub(crate) fn silence_non_finite(samples: &mut [f32]) -> u64 {
    let mut bad = 0u32;
    for sample in samples {
        bad += u32::from(!sample.is_finite());
        *sample = if sample.is_finite() { *sample } else { 0.0 };
    }
    u64::from(bad)
}

/// The bits of infinity and of what is not tiny. Without their signs, in the order of their bits as integers, samples that are
/// not finite come last.
const INFINITY: u32 = f32::INFINITY.to_bits();
const AUDIBLE: u32 = TINY.to_bits();
const MAGNITUDE: u32 = 0x7fff_ffff;

/// Vectors that are looked at together, each with extremes of its own.
const TOGETHER: usize = 4;

/// The extremes of samples, of as many channels as one likes.
pub(crate) struct Extremes<const LANES: usize> {
    largest: [[u32; LANES]; TOGETHER],
    /// The least of all but zeros, less one.
    least: [[u32; LANES]; TOGETHER],
}

impl<const LANES: usize> Extremes<LANES> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { largest: [[0; LANES]; TOGETHER], least: [[u32::MAX; LANES]; TOGETHER] }
    }

    /// Looks at samples too.
    #[inline(always)]
    pub(crate) fn see(&mut self, samples: &[f32]) {
        let (vectors, frames) = samples.as_chunks::<LANES>();
        let (groups, vectors) = vectors.as_chunks::<TOGETHER>();
        for group in groups {
            for (index, vector) in group.iter().enumerate() {
                self.see_vector(index, vector);
            }
        }
        for vector in vectors {
            self.see_vector(0, vector);
        }
        for &frame in frames {
            self.see_vector(0, &[frame; LANES]);
        }
    }

    #[inline(always)]
    fn see_vector(&mut self, index: usize, vector: &[f32; LANES]) {
        let (largest, least) = (&mut self.largest[index], &mut self.least[index]);
        for lane in 0..LANES {
            let magnitude = vector[lane].to_bits() & MAGNITUDE;
            largest[lane] = largest[lane].max(magnitude);
            // One less than 0 is the largest integer there is: zeros are not tiny.
            least[lane] = least[lane].min(magnitude.wrapping_sub(1));
        }
    }

    /// Whether all samples are as [`silence_non_finite`] would leave them.
    #[inline(always)]
    pub(crate) fn are_finite(&self) -> bool {
        let mut largest = self.largest[0];
        for others in &self.largest[1..] {
            for lane in 0..LANES {
                largest[lane] = largest[lane].max(others[lane]);
            }
        }
        let mut bad = 0;
        for lane in 0..LANES {
            bad |= u32::from(largest[lane] >= INFINITY);
        }
        bad == 0
    }

    /// Whether all samples are as [`copy_sanitised`] would leave them.
    #[inline(always)]
    pub(crate) fn are_clean(&self) -> bool {
        let mut least = self.least[0];
        for others in &self.least[1..] {
            for lane in 0..LANES {
                least[lane] = least[lane].min(others[lane]);
            }
        }
        let mut bad = 0;
        for lane in 0..LANES {
            bad |= u32::from(least[lane] < AUDIBLE - 1);
        }
        bad == 0 && self.are_finite()
    }
}

/// Whether samples are as [`copy_sanitised`] would leave them.
pub(crate) fn is_clean(samples: &[f32]) -> bool {
    let mut extremes = Extremes::<4>::new();
    extremes.see(samples);
    extremes.are_clean()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_counted_and_silenced() {
        let mut out = [1.0; 5];
        assert_eq!(copy_sanitised(&mut out, &[0.5, f32::NAN, f32::INFINITY, 1e-20, -0.25]), 2);
        assert_eq!(out, [0.5, 0.0, 0.0, 0.0, -0.25]);
    }

    fn is_finite(samples: &[f32]) -> bool {
        let mut extremes = Extremes::<8>::new();
        extremes.see(samples);
        extremes.are_finite()
    }

    #[test]
    fn what_has_to_be_mended_is_seen_wherever_it_stands() {
        for good in [0.0, -0.0, 1e-15, -1e-15, f32::MAX, f32::MIN, 0.5] {
            assert!(is_clean(&[good; 150]) && is_finite(&[good; 150]), "{good}");
        }
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 9.999e-16, -1e-20, f32::from_bits(1)] {
            for at in 0..150 {
                let mut samples = [0.25; 150];
                samples[at] = bad;
                assert!(!is_clean(&samples), "{bad} at {at}");
                assert_eq!(is_finite(&samples), bad.is_finite(), "{bad} at {at}");
            }
        }
    }
}
