//! Samples to bytes and back, little-endian.

use crate::{Encoding, Subtype};

/// What a conversion to integers had to change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    /// Samples beyond full scale, now at full scale.
    pub(crate) clipped: u64,
    /// Samples that were NaN or infinite, now 0.
    pub(crate) non_finite: u64,
}

/// Appends `samples` to `out`.
pub(crate) fn encode(subtype: Subtype, samples: &[f32], out: &mut Vec<u8>, changed: &mut Changed) {
    match subtype {
        Subtype::Pcm16 => integers::<16, 2>(samples, out, changed),
        Subtype::Pcm24 => integers::<24, 3>(samples, out, changed),
        Subtype::Pcm32 => integers::<32, 4>(samples, out, changed),
        Subtype::Float => out.extend(samples.iter().flat_map(|x| x.to_le_bytes())),
    }
}

fn integers<const BITS: u32, const BYTES: usize>(samples: &[f32], out: &mut Vec<u8>, changed: &mut Changed) {
    for &x in samples {
        let bytes = quantise::<BITS>(x, changed).to_le_bytes();
        out.extend_from_slice(&bytes[..BYTES]);
    }
}

/// `round(x · 2^(BITS-1))`, halves to even, clipped. The product is exact in f64, so it is rounded once.
fn quantise<const BITS: u32>(x: f32, changed: &mut Changed) -> i32 {
    if !x.is_finite() {
        changed.non_finite += 1;
        return 0;
    }
    let scale = (1_u64 << (BITS - 1)) as f64;
    let rounded = (f64::from(x) * scale).round_ties_even();
    let held = rounded.clamp(-scale, scale - 1.0);
    changed.clipped += u64::from(held != rounded);
    held as i32
}

/// Fills `out` from `bytes`, which hold as many samples.
///
/// Integers of 24 bits and fewer and floats come out exact; 32-bit integers and doubles are rounded to the nearest f32.
pub(crate) fn decode(encoding: Encoding, bytes: &[u8], out: &mut [f32]) {
    match encoding {
        Encoding::PcmU8 => each(bytes, out, |[b]| (f32::from(b) - 128.0) / 128.0),
        Encoding::Pcm16 => each(bytes, out, |b| f32::from(i16::from_le_bytes(b)) / 32_768.0),
        Encoding::Pcm24 => each(bytes, out, |[a, b, c]| (i32::from_le_bytes([0, a, b, c]) >> 8) as f32 / 8_388_608.0),
        Encoding::Pcm32 => each(bytes, out, |b| i32::from_le_bytes(b) as f32 / 2_147_483_648.0),
        Encoding::Float => each(bytes, out, f32::from_le_bytes),
        Encoding::Double => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
    }
}

fn each<const BYTES: usize>(bytes: &[u8], out: &mut [f32], sample: impl Fn([u8; BYTES]) -> f32) {
    for (bytes, out) in bytes.chunks_exact(BYTES).zip(out) {
        *out = sample(bytes.try_into().expect("chunks are BYTES long"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const BITS: u32>(x: f32, expected: i32, clipped: u64) {
        let mut changed = Changed::default();
        assert_eq!(quantise::<BITS>(x, &mut changed), expected, "{x} in {BITS} bits");
        assert_eq!(changed, Changed { clipped, non_finite: 0 }, "{x} in {BITS} bits");
    }

    #[test]
    fn halves_go_to_even() {
        for (steps, expected) in [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (-2.5, -2)] {
            check::<16>(steps / 32_768.0, expected, 0);
            check::<24>(steps / 8_388_608.0, expected, 0);
            check::<32>(steps / 2_147_483_648.0, expected, 0);
        }
    }

    #[test]
    fn full_scale_is_held_and_counted() {
        check::<16>(-1.0, -32_768, 0);
        check::<16>(32_767.0 / 32_768.0, 32_767, 0);
        check::<16>(1.0, 32_767, 1);
        check::<16>(f32::MAX, 32_767, 1);
        check::<16>(-1.0001, -32_768, 1);
        check::<16>(-1.00001, -32_768, 0); // rounds to full scale, so nothing is held
        check::<24>(1.0, 8_388_607, 1);
        check::<32>(1.0, i32::MAX, 1);
        check::<32>(-1.0, i32::MIN, 0);
        check::<32>(f32::MIN, i32::MIN, 1);
    }

    #[test]
    fn what_is_not_finite_becomes_counted_silence_in_integers_and_stays_in_floats() {
        let samples = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        for subtype in [Subtype::Pcm16, Subtype::Pcm24, Subtype::Pcm32] {
            let (mut out, mut changed) = (Vec::new(), Changed::default());
            encode(subtype, &samples, &mut out, &mut changed);
            assert_eq!(out, vec![0; 3 * subtype.bytes()]);
            assert_eq!(changed, Changed { clipped: 0, non_finite: 3 });
        }
        let (mut out, mut changed) = (Vec::new(), Changed::default());
        let payload = f32::from_bits(0x7FC1_2345);
        encode(Subtype::Float, &[payload, f32::INFINITY], &mut out, &mut changed);
        assert_eq!(out[..4], 0x7FC1_2345_u32.to_le_bytes());
        assert_eq!(out[4..], f32::INFINITY.to_le_bytes());
        assert_eq!(changed, Changed::default());
    }

    #[test]
    fn every_16_bit_integer_survives() {
        every_integer_survives(Encoding::Pcm16, Subtype::Pcm16, i32::from(i16::MIN)..=i32::from(i16::MAX));
    }

    #[test]
    fn every_24_bit_integer_survives() {
        every_integer_survives(Encoding::Pcm24, Subtype::Pcm24, -(1 << 23)..=(1 << 23) - 1);
    }

    fn every_integer_survives(encoding: Encoding, subtype: Subtype, range: std::ops::RangeInclusive<i32>) {
        let bytes = subtype.bytes();
        let (mut back, mut changed) = (Vec::new(), Changed::default());
        for integer in range {
            let stored = integer.to_le_bytes();
            let mut sample = [0.0];
            decode(encoding, &stored[..bytes], &mut sample);
            back.clear();
            encode(subtype, &sample, &mut back, &mut changed);
            assert_eq!(back, stored[..bytes], "{integer}");
        }
        assert_eq!(changed, Changed::default());
    }

    #[test]
    fn other_encodings_land_where_they_should() {
        let mut out = [0.0; 3];
        decode(Encoding::PcmU8, &[0, 128, 255], &mut out);
        assert_eq!(out, [-1.0, 0.0, 127.0 / 128.0]);
        decode(Encoding::Double, &0.1_f64.to_le_bytes(), &mut out[..1]);
        assert_eq!(out[0], 0.1_f32);
        decode(Encoding::Pcm32, &i32::MIN.to_le_bytes(), &mut out[..1]);
        assert_eq!(out[0], -1.0);
    }
}
