//! Keeping denormal and non-finite numbers out of recursive state and out of the graph.

/// What counts as nothing in recursive state: −300 dB, far above the denormals at 1.2e−38.
pub const TINY: f32 = 1e-15;

/// `v`, or 0 when its magnitude is below [`TINY`]. A select, not a branch.
///
/// ```
/// use patchline_nodes::dsp::flush::flush;
///
/// assert_eq!([flush(0.5), flush(1e-20), flush(-1e-20)], [0.5, 0.0, 0.0]);
/// ```
#[inline(always)]
pub fn flush(v: f32) -> f32 {
    if v.abs() < TINY { 0.0 } else { v }
}

/// What a recursive kernel may store: `v` flushed, and 0 for NaN and infinities; and whether it was finite.
///
/// ```
/// use patchline_nodes::dsp::flush::storable;
///
/// assert_eq!(storable(0.5), (0.5, true));
/// assert_eq!(storable(1e-20), (0.0, true));
/// assert_eq!(storable(f32::NAN), (0.0, false));
/// ```
#[inline(always)]
pub fn storable(v: f32) -> (f32, bool) {
    let size = v.abs();
    let finite = size < f32::INFINITY;
    (if finite & (size >= TINY) { v } else { 0.0 }, finite)
}

/// What [`is_odd`] is asked, of one value: a few instructions, where [`storable`] takes many. Several are joined by OR.
///
/// Of the bits less those of [`TINY`], the second highest is clear for all magnitudes from there to 3.7e23, whatever the
/// sign.
#[inline(always)]
pub(crate) fn oddness(v: f32) -> u32 {
    v.to_bits().wrapping_sub(TINY.to_bits())
}

/// Whether [`storable`] might change one of the values. Where it says no, all are from 1e−15 to 3.7e23 in magnitude.
#[inline(always)]
pub(crate) fn is_odd(oddness: u32) -> bool {
    oddness & 1 << 30 != 0
}

/// Replaces NaN and infinities by 0; gives back how many there were. Everything else keeps its bits.
///
/// ```
/// use patchline_nodes::dsp::flush::sanitize;
///
/// let mut samples = [0.5, f32::NAN, f32::INFINITY];
/// assert_eq!(sanitize(&mut samples), 2);
/// assert_eq!(samples, [0.5, 0.0, 0.0]);
/// ```
#[inline(always)]
pub fn sanitize(samples: &mut [f32]) -> usize {
    replace(samples, |_| false)
}

/// Like [`sanitize`], and replaces denormal numbers by 0 too (uncounted): for what comes from a device or a file.
///
/// ```
/// use patchline_nodes::dsp::flush::sanitize_input;
///
/// let mut samples = [0.5, f32::NAN, 1e-40];
/// assert_eq!(sanitize_input(&mut samples), 1);
/// assert_eq!(samples, [0.5, 0.0, 0.0]);
/// ```
#[inline(always)]
pub fn sanitize_input(samples: &mut [f32]) -> usize {
    replace(samples, |v| v.abs() < f32::MIN_POSITIVE)
}

#[inline(always)]
fn replace(samples: &mut [f32], nothing: impl Fn(f32) -> bool) -> usize {
    // Counted per chunk in 32 bits, which keeps the loop in vectors of f32's width.
    samples
        .chunks_mut(4096)
        .map(|chunk| {
            let mut count = 0u32;
            for sample in chunk {
                let finite = sample.is_finite();
                count += u32::from(!finite);
                *sample = if finite & !nothing(*sample) { *sample } else { 0.0 };
            }
            count as usize
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tiny_becomes_nothing_and_the_rest_stays() {
        for v in [1e-16, -9.9e-16, 1e-40, -0.0] {
            assert_eq!(flush(v).to_bits(), 0);
        }
        for v in [1e-15, -1e-15, 1.0, f32::MAX] {
            assert_eq!(flush(v), v);
        }
        assert_eq!(storable(f32::NAN), (0.0, false));
        assert_eq!(storable(f32::NEG_INFINITY), (0.0, false));
        assert_eq!(storable(0.5), (0.5, true));
        assert_eq!([storable(-0.0), storable(1e-40)].map(|(v, finite)| (v.to_bits(), finite)), [(0, true); 2]);
    }

    /// Every exponent and both signs, at both ends and in the middle, and the edges themselves.
    #[test]
    fn what_must_not_be_stored_is_odd() {
        let plain = [TINY, 3e23, -TINY, -3e23];
        let edges = [f32::NAN, f32::INFINITY, f32::MAX, 4e23, 9.9e-16, f32::MIN_POSITIVE, 1e-40, 0.0];
        assert!(plain.iter().all(|v| !is_odd(oddness(*v))));
        assert!(edges.iter().all(|v| is_odd(oddness(*v)) && is_odd(oddness(-*v))));
        for bits in (0..=u32::MAX).step_by(1 << 16).flat_map(|bits| [bits, bits | 0x7fff, bits | 0xffff]) {
            let before = f32::from_bits(bits);
            assert!(is_odd(oddness(before)) || storable(before).0.to_bits() == bits, "{before:e}");
        }
    }

    proptest! {
        #[test]
        fn only_what_is_no_sample_changes(mut samples in proptest::collection::vec(any::<u32>().prop_map(f32::from_bits), 0..9000)) {
            let before = samples.clone();
            let expected = before.iter().filter(|v| !v.is_finite()).count();
            let mut input = before.clone();
            prop_assert_eq!(sanitize(&mut samples), expected);
            prop_assert_eq!(sanitize_input(&mut input), expected);
            for ((old, new), from_device) in before.iter().zip(&samples).zip(&input) {
                let kept = if old.is_finite() { *old } else { 0.0 };
                prop_assert_eq!(new.to_bits(), kept.to_bits());
                let kept = if kept.is_subnormal() { 0.0 } else { kept };
                prop_assert!(*from_device == kept && !from_device.is_subnormal());
            }
        }
    }
}
