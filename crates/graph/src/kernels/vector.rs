//! Samples side by side in a register, of each instruction set.
//!
//! Loops over these are what they say: no compiler has to find out that an array of eight samples fits into a register, nor how
//! to choose between two numbers without a branch. Which set there is, [`instructions`](crate::instructions) knows; what is written
//! for any [`Vector`] is run by [`Supported::run_lanes`](crate::instructions::Supported::run_lanes), with everything inlined.
#![allow(unsafe_code, reason = "instructions of a set that was found before, on memory that callers vouch for")]

/// As many samples as an instruction takes. No operation is fused with another one, so that all sets give the same bits.
pub(crate) trait Vector: Copy {
    const LANES: usize;

    /// In each lane.
    fn splat(value: f32) -> Self;

    /// # Safety
    /// There are so many samples to be read.
    unsafe fn load(from: *const f32) -> Self;

    /// # Safety
    /// There are so many samples to be written.
    unsafe fn store(self, to: *mut f32);

    fn add(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// The larger one, and the other one if either is no number.
    fn larger(self, other: Self) -> Self;

    /// Without their signs.
    #[inline(always)]
    fn magnitude(self) -> Self {
        self.and(Self::splat_bits(0x7fff_ffff))
    }

    // On their bits, as signed integers.

    /// The bits that both have.
    fn and(self, other: Self) -> Self;
    /// Their sum, wrapping.
    fn add_bits(self, other: Self) -> Self;
    fn max_bits(self, other: Self) -> Self;
    fn min_bits(self, other: Self) -> Self;
    /// Whether it is the larger one in any lane.
    fn exceeds_bits(self, other: Self) -> bool;

    /// In each lane.
    #[inline(always)]
    fn splat_bits(bits: i32) -> Self {
        Self::splat(f32::from_bits(bits as u32))
    }

    /// The first samples of a slice that has as many.
    #[inline(always)]
    fn of(samples: &[f32]) -> Self {
        assert!(samples.len() >= Self::LANES);
        // SAFETY: just asked.
        unsafe { Self::load(samples.as_ptr()) }
    }

    /// As the first samples of a slice that has as many.
    #[inline(always)]
    fn put(self, samples: &mut [f32]) {
        assert!(samples.len() >= Self::LANES);
        // SAFETY: just asked.
        unsafe { self.store(samples.as_mut_ptr()) }
    }
}

/// One sample: what is left of a block that no vector fits into.
impl Vector for f32 {
    const LANES: usize = 1;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        value
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller says so.
        unsafe { *from }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller says so.
        unsafe { *to = self }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self * other
    }

    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        if self > other { self } else { other }
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        f32::from_bits(self.to_bits() & other.to_bits())
    }

    #[inline(always)]
    fn add_bits(self, other: Self) -> Self {
        f32::from_bits(self.to_bits().wrapping_add(other.to_bits()))
    }

    #[inline(always)]
    fn max_bits(self, other: Self) -> Self {
        if other.exceeds_bits(self) { other } else { self }
    }

    #[inline(always)]
    fn min_bits(self, other: Self) -> Self {
        if self.exceeds_bits(other) { other } else { self }
    }

    #[inline(always)]
    fn exceeds_bits(self, other: Self) -> bool {
        self.to_bits().cast_signed() > other.to_bits().cast_signed()
    }
}

/// What the baseline has.
#[cfg(target_feature = "sse2")]
pub(crate) type Baseline = x86::Sse2;
/// What the baseline has: the compiler finds instructions for four samples by itself.
#[cfg(not(target_feature = "sse2"))]
pub(crate) type Baseline = [f32; 4];

#[cfg(any(test, not(target_feature = "sse2")))]
impl Vector for [f32; 4] {
    const LANES: usize = 4;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        [value; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller says so; any address of a sample will do.
        unsafe { from.cast::<Self>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller says so; any address of a sample will do.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] + other[lane])
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] * other[lane])
    }

    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane].larger(other[lane]))
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane].and(other[lane]))
    }

    #[inline(always)]
    fn add_bits(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane].add_bits(other[lane]))
    }

    #[inline(always)]
    fn max_bits(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane].max_bits(other[lane]))
    }

    #[inline(always)]
    fn min_bits(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane].min_bits(other[lane]))
    }

    #[inline(always)]
    fn exceeds_bits(self, other: Self) -> bool {
        (0..4).fold(false, |any, lane| any | self[lane].exceeds_bits(other[lane]))
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub(crate) use x86::{Avx2, Avx512};

/// Each method is a call of the instruction that it is named after: sound where the set is there.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[allow(clippy::undocumented_unsafe_blocks, reason = "all for the reason that the module gives")]
mod x86 {
    #[cfg(target_arch = "x86")]
    use std::arch::x86::*;
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::*;

    use super::Vector;

    #[cfg(target_feature = "sse2")]
    #[derive(Clone, Copy)]
    pub(crate) struct Sse2(__m128);
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(__m256);
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(__m512);

    /// What is the same for all but for the names.
    macro_rules! vector {
        (
            $name:ident, $lanes:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $mul:ident, $larger:ident,
            $integers:ident, $samples:ident, $and:ident, $add_bits:ident, $max:expr, $min:expr, $exceeds:expr
        ) => {
            impl Vector for $name {
                const LANES: usize = $lanes;

                #[inline(always)]
                fn splat(value: f32) -> Self {
                    Self(unsafe { $splat(value) })
                }

                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    Self(unsafe { $load(from) })
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut f32) {
                    unsafe { $store(to, self.0) }
                }

                #[inline(always)]
                fn add(self, other: Self) -> Self {
                    Self(unsafe { $add(self.0, other.0) })
                }

                #[inline(always)]
                fn mul(self, other: Self) -> Self {
                    Self(unsafe { $mul(self.0, other.0) })
                }

                #[inline(always)]
                fn larger(self, other: Self) -> Self {
                    Self(unsafe { $larger(self.0, other.0) })
                }

                #[inline(always)]
                fn and(self, other: Self) -> Self {
                    Self(unsafe { $samples($and($integers(self.0), $integers(other.0))) })
                }

                #[inline(always)]
                fn add_bits(self, other: Self) -> Self {
                    Self(unsafe { $samples($add_bits($integers(self.0), $integers(other.0))) })
                }

                #[inline(always)]
                fn max_bits(self, other: Self) -> Self {
                    Self(unsafe { $samples($max($integers(self.0), $integers(other.0))) })
                }

                #[inline(always)]
                fn min_bits(self, other: Self) -> Self {
                    Self(unsafe { $samples($min($integers(self.0), $integers(other.0))) })
                }

                #[inline(always)]
                fn exceeds_bits(self, other: Self) -> bool {
                    unsafe { $exceeds($integers(self.0), $integers(other.0)) }
                }
            }
        };
    }

    #[cfg(target_feature = "sse2")]
    vector!(
        Sse2,
        4,
        _mm_set1_ps,
        _mm_loadu_ps,
        _mm_storeu_ps,
        _mm_add_ps,
        _mm_mul_ps,
        _mm_max_ps,
        _mm_castps_si128,
        _mm_castsi128_ps,
        _mm_and_si128,
        _mm_add_epi32,
        |a, b| either(_mm_cmpgt_epi32(a, b), a, b),
        |a, b| either(_mm_cmpgt_epi32(a, b), b, a),
        |a, b| _mm_movemask_epi8(_mm_cmpgt_epi32(a, b)) != 0
    );
    vector!(
        Avx2,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_mul_ps,
        _mm256_max_ps,
        _mm256_castps_si256,
        _mm256_castsi256_ps,
        _mm256_and_si256,
        _mm256_add_epi32,
        |a, b| _mm256_max_epi32(a, b),
        |a, b| _mm256_min_epi32(a, b),
        |a, b| _mm256_movemask_epi8(_mm256_cmpgt_epi32(a, b)) != 0
    );
    vector!(
        Avx512,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_mul_ps,
        _mm512_max_ps,
        _mm512_castps_si512,
        _mm512_castsi512_ps,
        _mm512_and_si512,
        _mm512_add_epi32,
        |a, b| _mm512_max_epi32(a, b),
        |a, b| _mm512_min_epi32(a, b),
        |a, b| _mm512_cmpgt_epi32_mask(a, b) != 0
    );

    /// `a` where all bits of the lane are set, else `b`.
    #[cfg(target_feature = "sse2")]
    #[inline(always)]
    fn either(all: __m128i, a: __m128i, b: __m128i) -> __m128i {
        let (a, b) = (unsafe { _mm_and_si128(all, a) }, unsafe { _mm_andnot_si128(all, b) });
        unsafe { _mm_or_si128(a, b) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Instructions;
    use crate::instructions::{Lanes, Supported};

    /// Everything that a vector does, by vectors and by the sample.
    struct Everything<'a> {
        a: &'a [f32],
        b: &'a [f32],
    }

    impl Everything<'_> {
        #[inline(always)]
        fn with<V: Vector>(&self) -> Vec<u32> {
            let mut all = Vec::new();
            for (a, b) in self.a.chunks_exact(V::LANES).zip(self.b.chunks_exact(V::LANES)) {
                let (a, b) = (V::of(a), V::of(b));
                let results = [
                    a.add(b),
                    a.mul(b),
                    a.larger(b),
                    a.magnitude(),
                    a.and(b),
                    a.add_bits(b),
                    a.max_bits(b),
                    a.min_bits(b),
                    V::splat(0.5),
                ];
                all.push(results.map(|result| {
                    let mut lanes = vec![0.0; V::LANES];
                    result.put(&mut lanes);
                    lanes
                }));
            }
            (0..9).flat_map(|k| all.iter().flat_map(move |results| results[k].iter().map(|x| x.to_bits()))).collect()
        }
    }

    impl Lanes for Everything<'_> {
        type Output = Vec<u32>;

        #[inline(always)]
        fn work<V: Vector>(self) -> Vec<u32> {
            self.with::<V>()
        }
    }

    #[test]
    fn vectors_do_what_samples_do() {
        let odd = [0.0, -0.0, 1.0, -1.5, 1e-40, -1e-20, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, 0.3, 7.0, -2.5e-3];
        let a: Vec<f32> = (0..144).map(|k| odd[k % 12]).collect();
        let b: Vec<f32> = (0..144).map(|k| odd[k / 12]).collect();
        let plain = Everything { a: &a, b: &b }.with::<f32>();
        // Infinity less infinity is a NaN, whose sign is nobody's business.
        let agree = |(&x, &y): (&u32, &u32)| x == y || (f32::from_bits(x).is_nan() && f32::from_bits(y).is_nan());
        let check = |all: Vec<u32>| assert!(all.len() == plain.len() && all.iter().zip(&plain).all(agree));
        check(Everything { a: &a, b: &b }.with::<[f32; 4]>());
        for instructions in Instructions::available() {
            check(Supported::of(instructions).run_lanes(Everything { a: &a, b: &b }));
        }
    }

    /// In which lane it is does not matter.
    struct Exceeds<'a>(&'a mut [f32; 16]);

    impl Lanes for Exceeds<'_> {
        type Output = bool;

        #[inline(always)]
        fn work<V: Vector>(self) -> bool {
            V::of(self.0).exceeds_bits(V::splat(0.5))
        }
    }

    #[test]
    fn one_lane_that_exceeds_is_enough() {
        for instructions in Instructions::available() {
            let run = |samples: &mut [f32; 16]| Supported::of(instructions).run_lanes(Exceeds(samples));
            assert!(!run(&mut [0.5; 16]) && !run(&mut [-1.0; 16]));
            for lane in 0..4 {
                let mut samples = [0.5; 16];
                samples[lane] = 0.6;
                assert!(run(&mut samples), "{instructions}, lane {lane}");
            }
        }
    }
}
