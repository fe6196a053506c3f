//! Samples from outside: not finite ones become 0 and are counted, tiny ones become 0.

use std::ops::Range;

use crate::instructions::Lanes;

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

/// Whether a piece of each channel is there, and as [`copy_sanitised`] would leave it. `wanted` says which channels count.
pub(crate) struct Clean<'a, T> {
    pub(crate) channels: &'a [&'a [f32]],
    pub(crate) wanted: &'a [Option<T>],
    pub(crate) piece: &'a Range<usize>,
}

/// Whether a piece of each channel that is wanted is there, and finite.
pub(crate) struct Finite<'a, T> {
    pub(crate) channels: &'a [&'a mut [f32]],
    pub(crate) wanted: &'a [Option<T>],
    pub(crate) piece: &'a Range<usize>,
}

/// Twice the bits of infinity, and of what is not tiny, without their signs. In the order of these integers what is not
/// finite comes last.
const INFINITY: u32 = f32::INFINITY.to_bits() << 1;
const AUDIBLE: u32 = TINY.to_bits() << 1;

/// Samples that are looked at together: whole vectors, with nothing left over.
const TOGETHER: usize = 64;

impl<T> Lanes for Clean<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn work<const LANES: usize>(self) -> bool {
        let mut bad = false;
        for (channel, wanted) in self.wanted.iter().enumerate() {
            if wanted.is_none() {
                continue;
            }
            let Some(samples) = self.channels.get(channel).and_then(|samples| samples.get(self.piece.clone())) else {
                return false;
            };
            let (groups, rest) = samples.as_chunks::<TOGETHER>();
            groups.iter().for_each(|group| bad |= is_unclean(group));
            bad |= is_unclean(rest);
        }
        !bad
    }
}

impl<T> Lanes for Finite<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn work<const LANES: usize>(self) -> bool {
        let mut bad = false;
        for (samples, wanted) in self.channels.iter().zip(self.wanted) {
            if wanted.is_none() {
                continue;
            }
            let Some(samples) = samples.get(self.piece.clone()) else { return false };
            let (groups, rest) = samples.as_chunks::<TOGETHER>();
            groups.iter().for_each(|group| bad |= is_not_finite(group));
            bad |= is_not_finite(rest);
        }
        !bad
    }
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
fn is_not_finite(samples: &[f32]) -> bool {
    samples.iter().fold(0, |largest: u32, sample| largest.max(sample.to_bits() << 1)) >= INFINITY
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

    fn clean(samples: &[f32]) -> bool {
        Clean { channels: &[samples], wanted: &[Some(())], piece: &(0..samples.len()) }.work::<4>()
    }

    fn finite(samples: &mut [f32]) -> bool {
        let piece = 0..samples.len();
        Finite { channels: &[samples], wanted: &[Some(())], piece: &piece }.work::<4>()
    }

    #[test]
    fn what_has_to_be_mended_is_seen_wherever_it_stands() {
        for good in [0.0, -0.0, 1e-15, -1e-15, f32::MAX, f32::MIN, 0.5] {
            assert!(clean(&[good; 37]) && finite(&mut [good; 37]), "{good}");
        }
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 9.999e-16, -1e-20, f32::from_bits(1)] {
            for at in 0..37 {
                let mut samples = [0.25; 37];
                samples[at] = bad;
                assert!(!clean(&samples), "{bad} at {at}");
                assert_eq!(finite(&mut samples), bad.is_finite(), "{bad} at {at}");
            }
        }
    }

    #[test]
    fn what_is_missing_is_not_clean() {
        let there = [0.5; 20];
        let clean =
            |channels: &[&[f32]], wanted: &[Option<()>]| Clean { channels, wanted, piece: &(3..20) }.work::<4>();
        assert!(clean(&[&there], &[Some(())]) && clean(&[], &[None]));
        assert!(!clean(&[], &[Some(())]) && !clean(&[&there[1..]], &[Some(())]));
    }
}
