//! Samples to bytes and back, little-endian. The loops are compiled for AVX2, too, and chosen when they run.

use multiversion::multiversion;

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

/// Makes bytes of samples; keeps the memory that it needs on the way.
#[derive(Debug)]
pub(crate) struct Encoder {
    subtype: Subtype,
    /// Frames of several channels, side by side.
    samples: Box<[f32; PIECE]>,
    /// Samples as integers.
    whole: Box<[i32; PIECE]>,
    pub(crate) changed: Changed,
}

impl Encoder {
    pub(crate) fn new(subtype: Subtype) -> Self {
        Self { subtype, samples: Box::new([0.0; PIECE]), whole: Box::new([0; PIECE]), changed: Changed::default() }
    }

    /// Fills `bytes`, which have room for exactly these samples.
    pub(crate) fn encode(&mut self, samples: &[f32], bytes: &mut [u8]) {
        let Self { subtype, whole, changed, .. } = self;
        for (piece, bytes) in samples.chunks(PIECE).zip(bytes.chunks_mut(PIECE * subtype.bytes())) {
            encode_piece(*subtype, piece, whole, bytes, changed);
        }
    }

    /// As [`encode`](Self::encode), for frames: `planes` are channels of equal length.
    pub(crate) fn encode_planar(&mut self, planes: &[&[f32]], bytes: &mut [u8]) {
        let (channels, Self { subtype, samples, whole, changed }) = (planes.len(), self);
        let step = PIECE / channels.max(1);
        let frames = planes.first().map_or(0, |plane| plane.len());
        for (index, bytes) in bytes.chunks_mut(step * channels * subtype.bytes()).enumerate() {
            let start = index * step;
            let samples = &mut samples[..step.min(frames - start) * channels];
            interleave(planes, start, samples);
            encode_piece(*subtype, samples, whole, bytes, changed);
        }
    }
}

/// Fills `out` with frames from `start` on. Mono and stereo have loops that the compiler vectorises.
#[multiversion(targets("x86_64+avx+avx2"))]
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
#[multiversion(targets("x86_64+avx+avx2"))]
fn encode_piece(subtype: Subtype, samples: &[f32], whole: &mut [i32; PIECE], bytes: &mut [u8], changed: &mut Changed) {
    let whole = &mut whole[..samples.len()];
    match subtype {
        Subtype::Pcm16 if is_tame::<16>(samples) => pack(samples, bytes, |x| rounded16(x).to_le_bytes()),
        Subtype::Pcm16 => {
            held::<16>(samples, whole, changed);
            pack(whole, bytes, |x| (x as i16).to_le_bytes());
        }
        Subtype::Pcm24 => {
            quantise::<24>(samples, whole, changed);
            pack24(whole, bytes);
        }
        Subtype::Pcm32 => {
            quantise::<32>(samples, whole, changed);
            pack(whole, bytes, i32::to_le_bytes);
        }
        Subtype::Float => pack(samples, bytes, f32::to_le_bytes),
    }
}

#[inline(always)]
fn pack<T: Copy, const BYTES: usize>(samples: &[T], bytes: &mut [u8], to_bytes: impl Fn(T) -> [u8; BYTES]) {
    for (bytes, &sample) in bytes.chunks_exact_mut(BYTES).zip(samples) {
        bytes.copy_from_slice(&to_bytes(sample));
    }
}

/// Four samples of three bytes are three words of four.
#[inline(always)]
fn pack24(samples: &[i32], bytes: &mut [u8]) {
    let fours = samples.chunks_exact(4);
    let rest = fours.remainder();
    let (packed, last) = bytes.split_at_mut(3 * (samples.len() - rest.len()));
    for (bytes, four) in packed.chunks_exact_mut(12).zip(fours) {
        let part = |index: usize| four[index] as u32 & 0xFF_FFFF;
        let [a, b, c, d] = [part(0), part(1), part(2), part(3)];
        let words = [a | b << 24, b >> 8 | c << 16, c >> 16 | d << 8];
        pack(&words, bytes, u32::to_le_bytes);
    }
    pack(rest, last, |x| {
        let [a, b, c, _] = x.to_le_bytes();
        [a, b, c]
    });
}

/// `round(x · 2^(BITS-1))`, halves to even, clipped. The product is exact, so it is rounded once.
///
/// Mostly a piece needs neither clipping nor a look at each sample: then there are two quick loops.
#[inline(always)]
fn quantise<const BITS: u32>(samples: &[f32], out: &mut [i32], changed: &mut Changed) {
    if !is_tame::<BITS>(samples) {
        held::<BITS>(samples, out, changed);
    } else if BITS <= 24 {
        rounded::<BITS>(samples, out);
    } else {
        rounded_long::<BITS>(samples, out);
    }
}

/// For 16 bits there is room to spare: 1.5 · 2^23 leaves no digits behind the point, and the integer in the lower bits.
#[inline(always)]
fn rounded16(x: f32) -> i16 {
    (x * 32_768.0 + 12_582_912.0).to_bits() as i16
}

/// Whether all are finite, and none is beyond the greatest integer.
#[inline(always)]
fn is_tame<const BITS: u32>(samples: &[f32]) -> bool {
    let scale = (1_u64 << (BITS - 1)) as f32;
    // Magnitudes are in the order of their bits, with infinity and NaN above all. (scale - 1 is scale in 32 bits.)
    let most = ((scale - 1.0).min(scale.next_down()) / scale).to_bits() as i32;
    let mut wild = 0;
    for x in samples {
        wild |= i32::from((x.to_bits() & 0x7FFF_FFFF) as i32 > most);
    }
    wild == 0
}

/// Up to 24 bits. To add 2^23 with the sample's sign leaves no room for digits behind the point, and rounds as it should;
/// the lower bits are the magnitude then.
#[inline(always)]
fn rounded<const BITS: u32>(samples: &[f32], out: &mut [i32]) {
    const NO_DIGITS: f32 = 8_388_608.0;
    let scale = (1_u64 << (BITS - 1)) as f32;
    for (out, &x) in out.iter_mut().zip(samples) {
        let sign = x.to_bits() & 0x8000_0000;
        let whole = (x * scale + f32::from_bits(NO_DIGITS.to_bits() | sign)).to_bits();
        let negative = (whole as i32) >> 31;
        *out = ((whole & 0x007F_FFFF) as i32 ^ negative) - negative;
    }
}

/// The same in f64: 1.5 · 2^52 leaves the integer in the lower bits, whatever its sign.
#[inline(always)]
fn rounded_long<const BITS: u32>(samples: &[f32], out: &mut [i32]) {
    const NO_DIGITS: f64 = 6_755_399_441_055_744.0;
    let scale = (1_u64 << (BITS - 1)) as f64;
    for (out, &x) in out.iter_mut().zip(samples) {
        *out = (f64::from(x) * scale + NO_DIGITS).to_bits() as i32;
    }
}

/// What is beyond is held and counted, what is not finite is 0 and counted.
fn held<const BITS: u32>(samples: &[f32], out: &mut [i32], changed: &mut Changed) {
    let scale = (1_u64 << (BITS - 1)) as f64;
    for (out, &x) in out.iter_mut().zip(samples) {
        let rounded = if x.is_finite() { (f64::from(x) * scale).round_ties_even() } else { 0.0 };
        let held = rounded.clamp(-scale, scale - 1.0);
        changed.non_finite += u64::from(!x.is_finite());
        changed.clipped += u64::from(held != rounded);
        *out = held as i32;
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
#[multiversion(targets("x86_64+avx+avx2"))]
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

#[inline(always)]
fn unsigned([b]: [u8; 1]) -> f32 {
    (f32::from(b) - 128.0) / 128.0
}

#[inline(always)]
fn pcm16(bytes: [u8; 2]) -> f32 {
    f32::from(i16::from_le_bytes(bytes)) / 32_768.0
}

#[inline(always)]
fn pcm24([a, b, c]: [u8; 3]) -> f32 {
    (i32::from_le_bytes([0, a, b, c]) >> 8) as f32 / 8_388_608.0
}

#[inline(always)]
fn pcm32(bytes: [u8; 4]) -> f32 {
    i32::from_le_bytes(bytes) as f32 / 2_147_483_648.0
}

#[inline(always)]
fn double(bytes: [u8; 8]) -> f32 {
    f64::from_le_bytes(bytes) as f32
}

#[inline(always)]
fn each<const BYTES: usize>(bytes: &[u8], out: &mut [f32], sample: impl Fn([u8; BYTES]) -> f32) {
    for (bytes, out) in bytes.chunks_exact(BYTES).zip(out) {
        *out = sample(bytes.try_into().expect("chunks are BYTES long"));
    }
}

/// Mono and stereo have loops that the compiler vectorises.
#[inline(always)]
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

    fn encoded(subtype: Subtype, samples: &[f32]) -> (Vec<u8>, Changed) {
        let (mut bytes, mut encoder) = (vec![0xEE; samples.len() * subtype.bytes()], Encoder::new(subtype));
        encoder.encode(samples, &mut bytes);
        (bytes, encoder.changed)
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
            let (out, changed) = encoded(subtype, &samples);
            assert_eq!(out, vec![0; 3 * subtype.bytes()]);
            assert_eq!(changed, Changed { clipped: 0, non_finite: 3 });
        }
        let payload = f32::from_bits(0x7FC1_2345);
        let (out, changed) = encoded(Subtype::Float, &[payload, f32::INFINITY]);
        assert_eq!(out[..4], 0x7FC1_2345_u32.to_le_bytes());
        assert_eq!(out[4..], f32::INFINITY.to_le_bytes());
        assert_eq!(changed, Changed::default());
    }

    /// The formula, sample by sample, as it stands in the documentation of `Subtype`; and whether it clipped.
    fn by_the_formula(x: f32, bits: u32) -> (i32, bool) {
        let scale = (1_u64 << (bits - 1)) as f64;
        let rounded = if x.is_finite() { (f64::from(x) * scale).round_ties_even() } else { 0.0 };
        let held = rounded.clamp(-scale, scale - 1.0);
        (held as i32, held != rounded)
    }

    #[test]
    fn any_bits_are_rounded_as_the_formula_says() {
        // Where it begins to clip, to the last bit.
        let edges = [32_767.5, 32_767.0, 32_768.5, 32_768.0].into_iter().flat_map(|steps: f32| {
            let x = steps / 32_768.0;
            [x.next_down(), x, x.next_up()].into_iter().flat_map(|x| [x, -x])
        });
        // Every exponent with many mantissas, both signs, and what is not finite.
        let samples: Vec<f32> = (0..=u32::MAX).step_by(9_973).map(f32::from_bits).chain(edges).collect();
        let mut out = vec![0; samples.len()];
        let check = |out: &[i32], bits, changed: Changed| {
            let mut clipped = 0;
            for (&x, &found) in samples.iter().zip(out) {
                let (expected, clips) = by_the_formula(x, bits);
                assert_eq!(found, expected, "{x:e} in {bits} bits");
                clipped += u64::from(clips);
            }
            let non_finite = samples.iter().filter(|x| !x.is_finite()).count() as u64;
            assert_eq!(changed, Changed { clipped, non_finite }, "{bits} bits");
        };
        // All together, and those that need not be held by themselves: they take another way.
        let tame: Vec<f32> = samples.iter().copied().filter(|x| x.abs() < 0.999_969).collect();
        let mut round = vec![0; tame.len()];
        let check_tame = |out: &[i32], bits| {
            tame.iter()
                .zip(out)
                .for_each(|(&x, &found)| assert_eq!(found, by_the_formula(x, bits).0, "{x:e}, {bits} bits"));
        };
        assert!(is_tame::<16>(&tame) && is_tame::<24>(&tame) && is_tame::<32>(&tame));
        let short: Vec<i32> = tame.iter().map(|&x| i32::from(rounded16(x))).collect();
        check_tame(&short, 16);
        quantise::<24>(&tame, &mut round, &mut Changed::default());
        check_tame(&round, 24);
        quantise::<32>(&tame, &mut round, &mut Changed::default());
        check_tame(&round, 32);
        let mut changed = [Changed::default(); 3];
        quantise::<16>(&samples, &mut out, &mut changed[0]);
        check(&out, 16, changed[0]);
        quantise::<24>(&samples, &mut out, &mut changed[1]);
        check(&out, 24, changed[1]);
        quantise::<32>(&samples, &mut out, &mut changed[2]);
        check(&out, 32, changed[2]);
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
                let (a, changed) = encoded(subtype, &side_by_side);
                let (mut b, mut encoder) = (vec![0xEE; a.len()], Encoder::new(subtype));
                encoder.encode_planar(&slices, &mut b);
                assert_eq!((&a, changed), (&b, encoder.changed), "{subtype}, {channels} channels");
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
        let stored: Vec<u8> = range.flat_map(|integer| integer.to_le_bytes().into_iter().take(bytes)).collect();
        let mut samples = vec![0.0; stored.len() / bytes];
        decode(encoding, &stored, &mut samples);
        let (back, changed) = encoded(subtype, &samples);
        assert!(back == stored, "{subtype}");
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
