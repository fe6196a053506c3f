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

/// Samples that are converted at a time: they stay in the processor's nearest cache.
const PIECE: usize = 1024;

/// Appends `samples` to `out`.
pub(crate) fn encode(subtype: Subtype, samples: &[f32], out: &mut Vec<u8>, changed: &mut Changed) {
    for piece in samples.chunks(PIECE) {
        encode_piece(subtype, piece, out, changed);
    }
}

/// Appends frames to `out`, their samples side by side; `planes` are channels of equal length, at most as many as a
/// file has.
pub(crate) fn encode_planar(subtype: Subtype, planes: &[&[f32]], out: &mut Vec<u8>, changed: &mut Changed) {
    let channels = planes.len();
    let step = PIECE / channels.max(1);
    let mut samples = [0.0; PIECE];
    for start in (0..planes[0].len()).step_by(step) {
        let frames = step.min(planes[0].len() - start);
        interleave(planes, start, &mut samples[..frames * channels]);
        encode_piece(subtype, &samples[..frames * channels], out, changed);
    }
}

/// Fills `out` with frames from `start` on. Mono and stereo have loops that the compiler vectorises.
fn interleave(planes: &[&[f32]], start: usize, out: &mut [f32]) {
    let frames = out.len() / planes.len();
    match planes {
        [mono] => out.copy_from_slice(&mono[start..][..frames]),
        [left, right] => {
            let both = left[start..][..frames].iter().zip(&right[start..][..frames]);
            for (frame, (left, right)) in out.chunks_exact_mut(2).zip(both) {
                (frame[0], frame[1]) = (*left, *right);
            }
        }
        _ => {
            for (channel, plane) in planes.iter().enumerate() {
                let to = out[channel..].iter_mut().step_by(planes.len());
                to.zip(&plane[start..][..frames]).for_each(|(to, sample)| *to = *sample);
            }
        }
    }
}

/// At most [`PIECE`] samples.
fn encode_piece(subtype: Subtype, samples: &[f32], out: &mut Vec<u8>, changed: &mut Changed) {
    let mut bytes = [0; 4 * PIECE];
    let bytes = &mut bytes[..samples.len() * subtype.bytes()];
    let mut whole = [0; PIECE];
    let whole = &mut whole[..samples.len()];
    match subtype {
        Subtype::Pcm16 => {
            quantise::<16>(samples, whole, changed);
            pack(whole, bytes, |x| (x as i16).to_le_bytes());
        }
        Subtype::Pcm24 => {
            quantise::<24>(samples, whole, changed);
            pack(whole, bytes, |x| {
                let [a, b, c, _] = x.to_le_bytes();
                [a, b, c]
            });
        }
        Subtype::Pcm32 => {
            quantise::<32>(samples, whole, changed);
            pack(whole, bytes, i32::to_le_bytes);
        }
        Subtype::Float => pack(samples, bytes, f32::to_le_bytes),
    }
    out.extend_from_slice(bytes);
}

fn pack<T: Copy, const BYTES: usize>(samples: &[T], bytes: &mut [u8], to_bytes: impl Fn(T) -> [u8; BYTES]) {
    for (bytes, &sample) in bytes.chunks_exact_mut(BYTES).zip(samples) {
        bytes.copy_from_slice(&to_bytes(sample));
    }
}

/// `round(x · 2^(BITS-1))`, halves to even, clipped. The product is exact, so it is rounded once.
///
/// Without branches and calls, so that the compiler vectorises it. What is beyond `far` is beyond full scale; up to
/// there, adding and taking away a number leaves no room for digits behind the point, and the addition rounds as it
/// should: 1.5 · 2^23 in f32, 1.5 · 2^52 in f64.
macro_rules! quantise {
    ($name:ident, $float:ty, $far:expr, $no_digits:expr) => {
        fn $name<const BITS: u32>(samples: &[f32], out: &mut [i32], changed: &mut Changed) {
            let (far, no_digits): ($float, $float) = ($far, $no_digits);
            let scale = (1_u64 << (BITS - 1)) as $float;
            // At most a piece at a time, so 32 bits are enough.
            let (mut clipped, mut non_finite) = (0_u32, 0_u32);
            for (out, &x) in out.iter_mut().zip(samples) {
                let finite = x.abs() < f32::INFINITY;
                let x = <$float>::from(if finite { x } else { 0.0 }) * scale;
                let x = if x > far { far } else { x };
                let x = if x < -far { -far } else { x };
                let rounded = (x + no_digits) - no_digits;
                let held = if rounded > scale - 1.0 { scale - 1.0 } else { rounded };
                let held = if held < -scale { -scale } else { held };
                non_finite += u32::from(!finite);
                clipped += u32::from(held != rounded);
                *out = held as i32;
            }
            changed.clipped += u64::from(clipped);
            changed.non_finite += u64::from(non_finite);
        }
    };
}

quantise!(quantise_short, f32, 1_048_576.0, 12_582_912.0);
quantise!(quantise_long, f64, 1_099_511_627_776.0, 6_755_399_441_055_744.0);

fn quantise<const BITS: u32>(samples: &[f32], out: &mut [i32], changed: &mut Changed) {
    match BITS {
        ..=16 => quantise_short::<BITS>(samples, out, changed),
        _ => quantise_long::<BITS>(samples, out, changed),
    }
}

/// Fills `out` from `bytes`, which hold as many samples.
///
/// Integers of 24 bits and fewer and floats come out exact; 32-bit integers and doubles are rounded to the nearest f32.
pub(crate) fn decode(encoding: Encoding, bytes: &[u8], out: &mut [f32]) {
    match encoding {
        Encoding::PcmU8 => each(bytes, out, unsigned),
        Encoding::Pcm16 => each(bytes, out, pcm16),
        Encoding::Pcm24 => each(bytes, out, pcm24),
        Encoding::Pcm32 => each(bytes, out, pcm32),
        Encoding::Float => each(bytes, out, f32::from_le_bytes),
        Encoding::Double => each(bytes, out, double),
    }
}

/// As [`decode`], with each channel apart: `bytes` hold frames, of which plane `n` takes the samples of channel `n`.
pub(crate) fn decode_planar(encoding: Encoding, bytes: &[u8], planes: &mut [&mut [f32]]) {
    match encoding {
        Encoding::PcmU8 => apart(bytes, planes, unsigned),
        Encoding::Pcm16 => apart(bytes, planes, pcm16),
        Encoding::Pcm24 => apart(bytes, planes, pcm24),
        Encoding::Pcm32 => apart(bytes, planes, pcm32),
        Encoding::Float => apart(bytes, planes, f32::from_le_bytes),
        Encoding::Double => apart(bytes, planes, double),
    }
}

fn unsigned([b]: [u8; 1]) -> f32 {
    (f32::from(b) - 128.0) / 128.0
}

fn pcm16(bytes: [u8; 2]) -> f32 {
    f32::from(i16::from_le_bytes(bytes)) / 32_768.0
}

fn pcm24([a, b, c]: [u8; 3]) -> f32 {
    (i32::from_le_bytes([0, a, b, c]) >> 8) as f32 / 8_388_608.0
}

fn pcm32(bytes: [u8; 4]) -> f32 {
    i32::from_le_bytes(bytes) as f32 / 2_147_483_648.0
}

fn double(bytes: [u8; 8]) -> f32 {
    f64::from_le_bytes(bytes) as f32
}

fn each<const BYTES: usize>(bytes: &[u8], out: &mut [f32], sample: impl Fn([u8; BYTES]) -> f32) {
    for (bytes, out) in bytes.chunks_exact(BYTES).zip(out) {
        *out = sample(bytes.try_into().expect("chunks are BYTES long"));
    }
}

/// Mono and stereo have loops that the compiler vectorises.
fn apart<const BYTES: usize>(bytes: &[u8], planes: &mut [&mut [f32]], sample: impl Fn([u8; BYTES]) -> f32) {
    let at = |frame: &[u8], channel: usize| {
        sample(frame[channel * BYTES..][..BYTES].try_into().expect("a frame has BYTES for each channel"))
    };
    match planes {
        [mono] => each(bytes, mono, sample),
        [left, right] => {
            for (frame, (left, right)) in bytes.chunks_exact(2 * BYTES).zip(left.iter_mut().zip(right.iter_mut())) {
                (*left, *right) = (at(frame, 0), at(frame, 1));
            }
        }
        planes => {
            let frame_bytes = planes.len() * BYTES;
            for (channel, plane) in planes.iter_mut().enumerate() {
                let frames = bytes.chunks_exact(frame_bytes);
                frames.zip(plane.iter_mut()).for_each(|(frame, to)| *to = at(frame, channel));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const BITS: u32>(x: f32, expected: i32, clipped: u64) {
        let (mut changed, mut out) = (Changed::default(), [0]);
        quantise::<BITS>(&[x], &mut out, &mut changed);
        assert_eq!(out, [expected], "{x} in {BITS} bits");
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

    /// The formula, sample by sample, as it stands in the documentation of `Subtype`.
    fn by_the_formula(x: f32, bits: u32) -> i32 {
        let scale = (1_u64 << (bits - 1)) as f64;
        if x.is_finite() { (f64::from(x) * scale).round_ties_even().clamp(-scale, scale - 1.0) as i32 } else { 0 }
    }

    #[test]
    fn any_bits_are_rounded_as_the_formula_says() {
        // Every exponent with many mantissas, both signs, and what is not finite.
        let samples: Vec<f32> = (0..=u32::MAX).step_by(9_973).map(f32::from_bits).collect();
        let mut out = vec![0; samples.len()];
        let check = |out: &[i32], bits| {
            for (&x, &found) in samples.iter().zip(out) {
                assert_eq!(found, by_the_formula(x, bits), "{x:e} in {bits} bits");
            }
        };
        quantise::<16>(&samples, &mut out, &mut Changed::default());
        check(&out, 16);
        quantise::<24>(&samples, &mut out, &mut Changed::default());
        check(&out, 24);
        quantise::<32>(&samples, &mut out, &mut Changed::default());
        check(&out, 32);
    }

    #[test]
    fn channels_apart_are_channels_side_by_side() {
        let sample = |index: usize| ((index * 7919) % 20_011) as f32 / 10_000.0 - 1.0;
        for channels in [1, 2, 3, 8, 1024] {
            let frames = 3000 / channels + 1;
            let side_by_side: Vec<f32> = (0..frames * channels).map(sample).collect();
            let planes: Vec<Vec<f32>> =
                (0..channels).map(|c| side_by_side.iter().skip(c).step_by(channels).copied().collect()).collect();
            let slices: Vec<&[f32]> = planes.iter().map(Vec::as_slice).collect();
            for subtype in Subtype::ALL {
                let (mut a, mut b) = (Vec::new(), Vec::new());
                let (mut changed_a, mut changed_b) = (Changed::default(), Changed::default());
                encode(subtype, &side_by_side, &mut a, &mut changed_a);
                encode_planar(subtype, &slices, &mut b, &mut changed_b);
                assert_eq!((&a, changed_a), (&b, changed_b), "{subtype}, {channels} channels");
                let encoding = match subtype {
                    Subtype::Pcm16 => Encoding::Pcm16,
                    Subtype::Pcm24 => Encoding::Pcm24,
                    Subtype::Pcm32 => Encoding::Pcm32,
                    Subtype::Float => Encoding::Float,
                };
                let (mut read, mut apart) = (vec![0.0; frames * channels], vec![vec![0.0; frames]; channels]);
                decode(encoding, &a, &mut read);
                decode_planar(encoding, &a, &mut apart.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>());
                for (channel, plane) in apart.iter().enumerate() {
                    assert!(
                        plane.iter().eq(read.iter().skip(channel).step_by(channels)),
                        "{subtype}, {channels} channels"
                    );
                }
            }
        }
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
