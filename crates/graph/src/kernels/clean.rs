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

/// Twice the bits of infinity, and of what is not tiny, without their signs. In the order of these integers what is not
/// finite comes last.
const INFINITY: u32 = f32::INFINITY.to_bits() << 1;
const AUDIBLE: u32 = TINY.to_bits() << 1;

/// Samples that are looked at together: whole vectors, with nothing left over.
const TOGETHER: usize = 64;

/// Whether samples are as [`copy_sanitised`] would leave them.
#[inline(always)]
pub(crate) fn is_clean(samples: &[f32]) -> bool {
    let (groups, rest) = samples.as_chunks::<TOGETHER>();
    let bad = groups.iter().fold(false, |bad, group| bad | is_unclean(group));
    !(bad || !rest.is_empty() && is_unclean(rest))
}

/// Whether samples are as [`silence_non_finite`] would leave them.
#[inline(always)]
pub(crate) fn is_finite(samples: &[f32]) -> bool {
    let (groups, rest) = samples.as_chunks::<TOGETHER>();
    let largest = groups.iter().fold(0, |most, group| largest(group).max(most));
    largest < INFINITY && (rest.is_empty() || self::largest(rest) < INFINITY)
}

#[inline(always)]
fn is_unclean(samples: &[f32]) -> bool {
    let (mut largest, mut least) = (0, u32::MAX);
    for sample in samples {
        // One less than 0 is the largest integer there is: zeros are not tiny.
        let twice = sample.to_bits() << 1;
        (largest, least) = (largest.max(twice), least.min(twice.wrapping_sub(1)));
    }
    largest >= INFINITY || least < AUDIBLE - 1
}

#[inline(always)]
fn largest(samples: &[f32]) -> u32 {
    samples.iter().fold(0, |largest: u32, sample| largest.max(sample.to_bits() << 1))
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
