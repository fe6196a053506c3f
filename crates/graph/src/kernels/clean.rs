//! Samples from outside: not finite ones become 0 and are counted, tiny ones become 0.

use super::Vector;

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
const INFINITY: i32 = f32::INFINITY.to_bits().cast_signed();
const AUDIBLE: i32 = TINY.to_bits().cast_signed();
const MAGNITUDE: i32 = i32::MAX;
/// Added to magnitudes, it makes 0 the largest integer there is, and leaves all others in their order.
const ZERO_LAST: i32 = i32::MAX;

/// Vectors between two looks at how many are left.
const TOGETHER: usize = 4;

/// What is to be found out about samples, of as many channels as one likes.
pub(crate) trait Look<V: Vector> {
    /// Looks at a vector more.
    fn look(&mut self, vector: V);

    /// Looks at all of these.
    #[inline(always)]
    fn see(&mut self, samples: &[f32]) {
        let mut groups = samples.chunks_exact(TOGETHER * V::LANES);
        for group in &mut groups {
            for vector in 0..TOGETHER {
                self.look(V::of(&group[vector * V::LANES..]));
            }
        }
        let mut vectors = groups.remainder().chunks_exact(V::LANES);
        for vector in &mut vectors {
            self.look(V::of(vector));
        }
        if !vectors.remainder().is_empty() {
            // What is seen again is nothing new.
            match samples.len().checked_sub(V::LANES) {
                Some(start) => self.look(V::of(&samples[start..])),
                None => self.see_few(samples),
            }
        }
    }

    /// Looks at fewer than a vector has.
    #[inline(always)]
    fn see_few(&mut self, samples: &[f32]) {
        for &sample in samples {
            self.look(V::splat(sample));
        }
    }
}

/// Whether samples are as [`silence_non_finite`] would leave them.
pub(crate) struct Finite<V> {
    largest: V,
}

impl<V: Vector> Finite<V> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { largest: V::splat(0.0) }
    }

    #[inline(always)]
    pub(crate) fn holds(&self) -> bool {
        !self.largest.exceeds_bits(V::splat_bits(INFINITY - 1))
    }

    #[inline(always)]
    fn look_at_magnitude(&mut self, magnitude: V) {
        self.largest = self.largest.max_bits(magnitude);
    }
}

impl<V: Vector> Look<V> for Finite<V> {
    #[inline(always)]
    fn look(&mut self, vector: V) {
        self.look_at_magnitude(vector.and(V::splat_bits(MAGNITUDE)));
    }
}

/// Whether samples are as [`copy_sanitised`] would leave them.
pub(crate) struct Clean<V> {
    finite: Finite<V>,
    /// The least of all but zeros.
    least: V,
}

impl<V: Vector> Clean<V> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { finite: Finite::new(), least: V::splat_bits(i32::MAX) }
    }

    /// Whether all are 0 or −0.
    #[inline(always)]
    pub(crate) fn is_silence(&self) -> bool {
        !self.finite.largest.exceeds_bits(V::splat(0.0))
    }

    #[inline(always)]
    pub(crate) fn holds(&self) -> bool {
        let tiny = V::splat_bits(AUDIBLE.wrapping_add(ZERO_LAST)).exceeds_bits(self.least);
        !tiny && self.finite.holds()
    }
}

impl<V: Vector> Look<V> for Clean<V> {
    #[inline(always)]
    fn look(&mut self, vector: V) {
        let magnitude = vector.and(V::splat_bits(MAGNITUDE));
        self.finite.look_at_magnitude(magnitude);
        self.least = self.least.min_bits(magnitude.add_bits(V::splat_bits(ZERO_LAST)));
    }
}

/// Whether samples are as [`copy_sanitised`] would leave them.
pub(crate) fn is_clean(samples: &[f32]) -> bool {
    let mut clean = Clean::<f32>::new();
    clean.see(samples);
    clean.holds()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Instructions;
    use crate::instructions::{Lanes, Supported};

    #[test]
    fn what_is_not_finite_is_counted_and_silenced() {
        let mut out = [1.0; 5];
        assert_eq!(copy_sanitised(&mut out, &[0.5, f32::NAN, f32::INFINITY, 1e-20, -0.25]), 2);
        assert_eq!(out, [0.5, 0.0, 0.0, 0.0, -0.25]);
    }

    /// Whether samples are clean, and whether finite, as each set finds.
    struct Found<'a>(&'a [f32]);

    impl Lanes for Found<'_> {
        type Output = [bool; 2];

        #[inline(always)]
        fn work<V: Vector>(self) -> [bool; 2] {
            let (mut clean, mut finite) = (Clean::<V>::new(), Finite::<V>::new());
            clean.see(self.0);
            finite.see(self.0);
            [clean.holds(), finite.holds()]
        }
    }

    #[test]
    fn what_has_to_be_mended_is_seen_wherever_it_stands() {
        for instructions in Instructions::available() {
            let found = |samples: &[f32]| Supported::of(instructions).run_lanes(Found(samples));
            for length in [1, 2, 3, 5, 16, 31, 150] {
                for good in [0.0, -0.0, 1e-15, -1e-15, f32::MAX, f32::MIN, 0.5] {
                    assert_eq!(found(&vec![good; length]), [true, true], "{good}");
                }
                for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 9.999e-16, -1e-20, f32::from_bits(1)]
                {
                    for at in 0..length {
                        let mut samples = vec![0.25; length];
                        samples[at] = bad;
                        assert_eq!(found(&samples), [false, bad.is_finite()], "{bad} at {at} of {length}");
                        assert!(!is_clean(&samples));
                    }
                }
            }
        }
    }

    struct Silence<'a>(&'a [f32]);

    impl Lanes for Silence<'_> {
        type Output = bool;

        #[inline(always)]
        fn work<V: Vector>(self) -> bool {
            let mut clean = Clean::<V>::new();
            clean.see(self.0);
            clean.is_silence()
        }
    }

    #[test]
    fn silence_is_zeros_of_both_signs() {
        for instructions in Instructions::available() {
            let is_silence = |samples: &[f32]| Supported::of(instructions).run_lanes(Silence(samples));
            for at in 0..40 {
                let mut samples = [0.0; 40];
                samples[at] = -0.0;
                assert!(is_silence(&samples));
                samples[at] = f32::from_bits(1);
                assert!(!is_silence(&samples), "{instructions}, at {at}");
            }
        }
    }
}
