//! Samples from outside: not finite ones become 0 and are counted, tiny ones become 0.

use crate::instructions::Work;

/// Below this a sample is silence: far under a 24-bit converter's noise, far above where arithmetic turns slow.
const TINY: f32 = 1e-15;

/// Copies, replacing non-finite samples by 0 and flushing those below 1e-15. Returns how many were not finite.
pub(crate) fn copy_sanitised(dst: &mut [f32], src: &[f32]) -> u64 {
    dst.copy_from_slice(src);
    sanitise(dst)
}

/// As [`copy_sanitised`], in place.
pub(crate) fn sanitise(samples: &mut [f32]) -> u64 {
    let mut bad = 0u32;
    for sample in samples {
        let finite = sample.is_finite();
        bad += u32::from(!finite);
        *sample = if finite && (sample.abs() >= TINY || *sample == 0.0) { *sample } else { 0.0 };
    }
    u64::from(bad)
}

/// Whether samples are as [`sanitise`] would leave them.
pub(crate) struct Clean<'a>(pub(crate) &'a [f32]);

impl Work for Clean<'_> {
    type Output = bool;

    /// Magnitudes are compared as the integers that their bits are: in that order, what is not finite comes last. One less
    /// than 0 is the largest of them, so that zeros are not tiny.
    #[inline(always)]
    fn work(self) -> bool {
        let (mut largest, mut least) = (0, u32::MAX);
        for sample in self.0 {
            let twice = sample.to_bits() << 1;
            largest = if twice > largest { twice } else { largest };
            least = if twice.wrapping_sub(1) < least { twice.wrapping_sub(1) } else { least };
        }
        largest < f32::INFINITY.to_bits() << 1 && least >= (TINY.to_bits() << 1) - 1
    }
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

    #[test]
    fn what_has_to_be_mended_is_seen_wherever_it_stands() {
        for good in [0.0, -0.0, 1e-15, -1e-15, f32::MAX, f32::MIN, 0.5] {
            assert!(Clean(&[good; 37]).work(), "{good}");
        }
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 9.999e-16, -1e-20, f32::from_bits(1)] {
            for at in 0..37 {
                let mut samples = [0.25; 37];
                samples[at] = bad;
                assert!(!Clean(&samples).work(), "{bad} at {at}");
            }
        }
    }
}
