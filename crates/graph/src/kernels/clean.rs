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

/// Vectors that are looked at together, each with a number of its own.
const TOGETHER: usize = 4;

/// What is to be found out about samples, of as many channels as one likes.
pub(crate) trait Look<const LANES: usize> {
    /// Looks at some samples more.
    fn look(&mut self, group: &[[f32; LANES]; TOGETHER]);

    /// Looks at all of these.
    #[inline(always)]
    fn see(&mut self, samples: &[f32]) {
        let (groups, _) = samples.as_chunks::<LANES>().0.as_chunks();
        for group in groups {
            // Or the compiler takes lane 0 of many groups for a vector, and lane 1, and gathers them.
            self.look(std::hint::black_box(group));
        }
        let rest = &samples[groups.len() * TOGETHER * LANES..];
        if !rest.is_empty() {
            // Nothing is wrong with zeros.
            let mut group = [[0.0; LANES]; TOGETHER];
            group.as_flattened_mut()[..rest.len()].copy_from_slice(rest);
            self.look(&group);
        }
    }
}

/// Whether samples are as [`silence_non_finite`] would leave them.
pub(crate) struct Finite<const LANES: usize> {
    largest: [[u32; LANES]; TOGETHER],
}

impl<const LANES: usize> Finite<LANES> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { largest: [[0; LANES]; TOGETHER] }
    }

    #[inline(always)]
    pub(crate) fn holds(&self) -> bool {
        let mut largest = self.largest[0];
        for others in &self.largest[1..] {
            for lane in 0..LANES {
                largest[lane] = largest[lane].max(others[lane]);
            }
        }
        !largest.iter().fold(false, |bad, &largest| bad | (largest >= INFINITY))
    }
}

impl<const LANES: usize> Look<LANES> for Finite<LANES> {
    #[inline(always)]
    fn look(&mut self, group: &[[f32; LANES]; TOGETHER]) {
        for (largest, vector) in self.largest.iter_mut().zip(group) {
            for lane in 0..LANES {
                largest[lane] = largest[lane].max(vector[lane].to_bits() & MAGNITUDE);
            }
        }
    }
}

/// Whether samples are as [`copy_sanitised`] would leave them.
pub(crate) struct Clean<const LANES: usize> {
    finite: Finite<LANES>,
    /// The least of all but zeros, less one: less one, 0 is the largest integer there is.
    least: [[u32; LANES]; TOGETHER],
}

impl<const LANES: usize> Clean<LANES> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { finite: Finite::new(), least: [[u32::MAX; LANES]; TOGETHER] }
    }

    /// Whether all are 0 or −0.
    #[inline(always)]
    pub(crate) fn is_silence(&self) -> bool {
        let mut any = [0; LANES];
        for largest in &self.finite.largest {
            for lane in 0..LANES {
                any[lane] |= largest[lane];
            }
        }
        any == [0; LANES]
    }

    #[inline(always)]
    pub(crate) fn holds(&self) -> bool {
        let mut least = self.least[0];
        for others in &self.least[1..] {
            for lane in 0..LANES {
                least[lane] = least[lane].min(others[lane]);
            }
        }
        let tiny = least.iter().fold(false, |tiny, &least| tiny | (least < AUDIBLE - 1));
        !tiny && self.finite.holds()
    }
}

impl<const LANES: usize> Look<LANES> for Clean<LANES> {
    #[inline(always)]
    fn look(&mut self, group: &[[f32; LANES]; TOGETHER]) {
        self.finite.look(group);
        for (least, vector) in self.least.iter_mut().zip(group) {
            for lane in 0..LANES {
                least[lane] = least[lane].min((vector[lane].to_bits() & MAGNITUDE).wrapping_sub(1));
            }
        }
    }
}

/// Whether samples are as [`copy_sanitised`] would leave them.
pub(crate) fn is_clean(samples: &[f32]) -> bool {
    let mut clean = Clean::<4>::new();
    clean.see(samples);
    clean.holds()
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
        let mut finite = Finite::<8>::new();
        finite.see(samples);
        finite.holds()
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
