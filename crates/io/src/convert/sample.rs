//! The formats of devices' samples.

use super::Tally;

/// One and a half times 2⁵²: adding it leaves an f64 no room for a fraction, so that the addition itself rounds to the
/// nearest integer, ties to even. For numbers within ±2⁵¹.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// A sample as a device has it.
///
/// ```
/// use patchline_io::convert::{DeviceSample, Tally};
///
/// let mut tally = Tally::default();
/// assert_eq!(DeviceSample::read(-0x4000_i16, &mut tally), -0.5);
/// assert_eq!(<i16 as DeviceSample>::write(0.5, &mut tally), 0x4000);
/// assert_eq!((u8::write(2.0, &mut tally), u8::SILENCE), (255, 128));
/// assert_eq!(tally.clipped, 1);
/// ```
pub trait DeviceSample: Copy + Send + 'static {
    /// The middle of the range.
    const SILENCE: Self;

    /// At full scale ±1.
    fn read(self, tally: &mut Tally) -> f32;

    /// From full scale ±1: the nearest value there is.
    fn write(sample: f32, tally: &mut Tally) -> Self;
}

/// 24 bits, signed, in the low bits of 32. Reading ignores the upper 8.
///
/// ```
/// use patchline_io::convert::{DeviceSample, I24, Tally};
///
/// assert_eq!(I24::write(0.5, &mut Tally::default()), I24(0x40_0000));
/// assert_eq!(I24::MIN.read(&mut Tally::default()), -1.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct I24(
    /// −8 388 608 to 8 388 607.
    pub i32,
);

impl I24 {
    /// The highest value.
    pub const MAX: Self = Self(0x7F_FFFF);
    /// The lowest value.
    pub const MIN: Self = Self(-0x80_0000);
}

/// 24 bits, unsigned, in the low bits of 32. Reading ignores the upper 8.
///
/// ```
/// use patchline_io::convert::{DeviceSample, Tally, U24};
///
/// assert_eq!(U24::SILENCE, U24(0x80_0000));
/// assert_eq!(U24::write(-1.0, &mut Tally::default()), U24(0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct U24(
    /// 0 to 16 777 215.
    pub u32,
);

/// 24 bits, signed, in three bytes, the lowest first.
///
/// ```
/// use patchline_io::convert::{DeviceSample, Packed24, Tally};
///
/// assert_eq!(Packed24::write(0.5, &mut Tally::default()), Packed24([0, 0, 0x40]));
/// assert_eq!(size_of::<[Packed24; 2]>(), 6);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Packed24(
    /// The bytes.
    pub [u8; 3],
);

/// The nearest integer of `bits` bits, signed.
fn quantize(sample: f32, bits: u32, tally: &mut Tally) -> i64 {
    if !sample.is_finite() {
        tally.not_finite += 1;
        return 0;
    }
    let end = (1_u64 << (bits - 1)) as f64;
    // Far outside is as far as just outside; the rounder needs it within its range.
    let scaled = (f64::from(sample) * end).clamp(-end - 1.0, end + 1.0);
    let rounded = (scaled + ROUNDER) - ROUNDER;
    let held = rounded.clamp(-end, end - 1.0);
    tally.clipped += u64::from(held != rounded);
    held as i64
}

/// As [`quantize`], for 64 bits: every f32 at this scale is an integer already or far below a step.
fn quantize_wide(sample: f32, tally: &mut Tally) -> i64 {
    if !sample.is_finite() {
        tally.not_finite += 1;
        return 0;
    }
    let scaled = f64::from(sample) * (1_u64 << 63) as f64;
    tally.clipped += u64::from(!(-1.0..1.0).contains(&sample));
    scaled.round_ties_even() as i64
}

/// Formats of at most 32 bits: how many they have, their silence, and how to make a signed integer of them and back.
macro_rules! integers {
    ($($type:ty, $bits:literal, $silence:expr, $read:expr, $write:expr;)*) => {$(
        impl DeviceSample for $type {
            const SILENCE: Self = $silence;

            fn read(self, _tally: &mut Tally) -> f32 {
                const STEP: f32 = 1.0 / (1_u64 << ($bits - 1)) as f32;
                $read(self) as f32 * STEP
            }

            fn write(sample: f32, tally: &mut Tally) -> Self {
                $write(quantize(sample, $bits, tally))
            }
        }
    )*};
}

integers! {
    i8, 8, 0, |v: i8| v, |v: i64| v as i8;
    u8, 8, 0x80, |v: u8| i32::from(v) - 0x80, |v: i64| (v + 0x80) as u8;
    i16, 16, 0, |v: i16| v, |v: i64| v as i16;
    u16, 16, 0x8000, |v: u16| i32::from(v) - 0x8000, |v: i64| (v + 0x8000) as u16;
    I24, 24, I24(0), |v: I24| v.0 << 8 >> 8, |v: i64| I24(v as i32);
    U24, 24, U24(0x80_0000), |v: U24| (v.0 & 0xFF_FFFF) as i32 - 0x80_0000, |v: i64| U24((v + 0x80_0000) as u32);
    Packed24, 24, Packed24([0; 3]), unpack, pack;
    i32, 32, 0, |v: i32| v, |v: i64| v as i32;
    u32, 32, 0x8000_0000, |v: u32| i64::from(v) - 0x8000_0000, |v: i64| (v + 0x8000_0000) as u32;
}

fn unpack(Packed24([low, middle, high]): Packed24) -> i32 {
    i32::from_le_bytes([0, low, middle, high]) >> 8
}

fn pack(value: i64) -> Packed24 {
    let [low, middle, high, ..] = value.to_le_bytes();
    Packed24([low, middle, high])
}

impl DeviceSample for i64 {
    const SILENCE: Self = 0;

    fn read(self, _tally: &mut Tally) -> f32 {
        self as f32 * (1.0 / (1_u64 << 63) as f32)
    }

    fn write(sample: f32, tally: &mut Tally) -> Self {
        quantize_wide(sample, tally)
    }
}

impl DeviceSample for u64 {
    const SILENCE: Self = 1 << 63;

    fn read(self, tally: &mut Tally) -> f32 {
        ((self ^ Self::SILENCE) as i64).read(tally)
    }

    fn write(sample: f32, tally: &mut Tally) -> Self {
        quantize_wide(sample, tally) as u64 ^ Self::SILENCE
    }
}

impl DeviceSample for f32 {
    const SILENCE: Self = 0.0;

    fn read(self, tally: &mut Tally) -> f32 {
        let finite = self.is_finite();
        tally.not_finite += u64::from(!finite);
        if finite { self } else { 0.0 }
    }

    fn write(sample: f32, tally: &mut Tally) -> Self {
        sample.read(tally)
    }
}

impl DeviceSample for f64 {
    const SILENCE: Self = 0.0;

    /// What is finite but beyond f32 becomes 0 as well.
    fn read(self, tally: &mut Tally) -> f32 {
        (self as f32).read(tally)
    }

    fn write(sample: f32, tally: &mut Tally) -> Self {
        Self::from(sample.read(tally))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Through f32 and back, and nothing counted.
    fn check<S: DeviceSample + PartialEq + std::fmt::Debug>(samples: impl Iterator<Item = S>) {
        let mut tally = Tally::default();
        for sample in samples {
            let read = sample.read(&mut tally);
            assert!((-1.0..1.0).contains(&read), "{sample:?} is {read}");
            assert_eq!(S::write(read, &mut tally), sample);
        }
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn every_value_of_24_bits_or_less_comes_back() {
        check(i8::MIN..=i8::MAX);
        check(u8::MIN..=u8::MAX);
        check(i16::MIN..=i16::MAX);
        check(u16::MIN..=u16::MAX);
        let all = I24::MIN.0..=I24::MAX.0;
        check(all.clone().map(I24));
        check((0..1 << 24).map(U24));
        check(all.map(|value| pack(value.into())));
    }

    #[test]
    fn silence_is_zero_and_the_ends_are_where_they_belong() {
        fn check<S: DeviceSample + PartialEq + std::fmt::Debug>(low: S, high: S) {
            let mut tally = Tally::default();
            assert_eq!(S::SILENCE.read(&mut tally), 0.0);
            assert_eq!(S::write(-0.0, &mut tally), S::SILENCE);
            assert_eq!(S::write(-1.0, &mut tally), low);
            assert_eq!(tally, Tally::default());
            for (beyond, end) in [(1.0, high), (1e30, high), (-1.1, low), (f32::MIN, low)] {
                assert_eq!(S::write(beyond, &mut tally), end);
            }
            for nothing in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                assert_eq!(S::write(nothing, &mut tally), S::SILENCE);
            }
            assert_eq!(tally, Tally { clipped: 4, not_finite: 3 });
        }
        check(i8::MIN, i8::MAX);
        check(u8::MIN, u8::MAX);
        check(i16::MIN, i16::MAX);
        check(u16::MIN, u16::MAX);
        check(I24::MIN, I24::MAX);
        check(U24(0), U24(0xFF_FFFF));
        check(Packed24([0, 0, 0x80]), Packed24([0xFF, 0xFF, 0x7F]));
        check(i32::MIN, i32::MAX);
        check(u32::MIN, u32::MAX);
        check(i64::MIN, i64::MAX);
        check(u64::MIN, u64::MAX);
    }

    #[test]
    fn halves_go_to_even() {
        let step = 1.0 / 32_768.0;
        for (steps, expected) in
            [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (2.500_001, 3), (32_767.4, 32_767)]
        {
            assert_eq!(i16::write(steps * step, &mut Tally::default()), expected);
        }
        let mut tally = Tally::default();
        assert_eq!(i16::write(32_767.5 * step, &mut tally), i16::MAX);
        assert_eq!(tally.clipped, 1, "rounded first, then clipped");
    }

    #[test]
    fn i32_has_the_24_bits_of_f32() {
        let mut tally = Tally::default();
        for value in [0, 1, -1, 0x0100_0001, 0x7FFF_FF80, i32::MIN, 0x1234_5678, -0x1234_5678] {
            let read = value.read(&mut tally);
            assert_eq!(read, (f64::from(value) / 2_147_483_648.0) as f32);
            assert!((i64::from(i32::write(read, &mut tally)) - i64::from(value)).abs() <= 64);
            assert_eq!((value as u32 ^ 0x8000_0000).read(&mut tally), read);
            assert_eq!((i64::from(value) << 32).read(&mut tally), read);
        }
        assert_eq!(tally, Tally::default());
        assert_eq!(i32::MAX.read(&mut tally), 1.0, "the nearest f32");
    }

    #[test]
    fn floats_keep_their_bits() {
        let mut tally = Tally::default();
        for value in [0.0, -0.0, 1e-40, f32::MAX, -1.5, f32::MIN_POSITIVE] {
            assert_eq!(f32::write(value.read(&mut tally), &mut tally).to_bits(), value.to_bits());
            assert_eq!(f64::write(value, &mut tally).read(&mut tally).to_bits(), value.to_bits());
        }
        assert_eq!(tally, Tally::default());
        assert_eq!([f32::NAN.read(&mut tally), 1e300_f64.read(&mut tally)], [0.0; 2]);
        assert_eq!(tally, Tally { clipped: 0, not_finite: 2 });
    }
}
