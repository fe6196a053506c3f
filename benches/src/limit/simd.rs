//! Vectors of each instruction set behind one trait, and the choice of the set at run time.
//!
//! Loops are written once, over [`Vector`], and compiled for each set inside a function that has it switched on.

#![allow(unsafe_code, reason = "instructions that not every processor has, behind a check that this one has them")]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// So many samples in a register.
///
/// Its methods belong into a [`Kernel`]; anywhere else they are right, but slow.
pub(crate) trait Vector: Copy {
    /// Half as wide; of one sample, itself.
    type Half: Vector;
    const LANES: usize;
    fn splat(value: f32) -> Self;
    /// The first samples of a slice that has as many.
    fn load(from: &[f32]) -> Self;
    fn store(self, to: &mut [f32]);
    fn mul(self, other: Self) -> Self;
    fn add(self, other: Self) -> Self;
    /// The larger one, lane by lane.
    fn max(self, other: Self) -> Self;
}

/// A loop over any vector. Its `run`, and what that calls, are `#[inline(always)]`.
pub(crate) trait Kernel {
    fn run<V: Vector>(self);
}

/// Instructions that this machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionSet(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Base,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl InstructionSet {
    /// All that this machine has, the narrowest first.
    #[must_use]
    pub fn here() -> Vec<Self> {
        let sets = [
            (Set::Base, true),
            #[cfg(target_arch = "x86_64")]
            (Set::Avx2, is_x86_feature_detected!("avx2")),
            #[cfg(target_arch = "x86_64")]
            (Set::Avx512, is_x86_feature_detected!("avx512f")),
        ];
        sets.into_iter().filter(|(_, is_here)| *is_here).map(|(set, _)| Self(set)).collect()
    }

    /// The widest that this machine has.
    #[must_use]
    pub fn widest() -> Self {
        *Self::here().last().expect("there is always one")
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Base if cfg!(target_arch = "x86_64") => "SSE2",
            Set::Base => "base",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "AVX-512",
        }
    }

    #[inline]
    pub(crate) fn run(self, kernel: impl Kernel) {
        match self.0 {
            Set::Base => kernel.run::<Base>(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `here` alone makes this value, and only where the processor has AVX2.
            Set::Avx2 => unsafe { avx2(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above, with AVX-512F.
            Set::Avx512 => unsafe { avx512(kernel) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(kernel: impl Kernel) {
    kernel.run::<__m256>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512(kernel: impl Kernel) {
    kernel.run::<__m512>();
}

#[cfg(target_arch = "x86_64")]
type Base = __m128;
#[cfg(not(target_arch = "x86_64"))]
type Base = [f32; 4];

impl Vector for f32 {
    type Half = f32;
    const LANES: usize = 1;

    #[inline(always)]
    fn splat(value: f32) -> f32 {
        value
    }

    #[inline(always)]
    fn load(from: &[f32]) -> f32 {
        from[0]
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        to[0] = self;
    }

    #[inline(always)]
    fn mul(self, other: f32) -> f32 {
        self * other
    }

    #[inline(always)]
    fn add(self, other: f32) -> f32 {
        self + other
    }

    #[inline(always)]
    fn max(self, other: f32) -> f32 {
        if self > other { self } else { other }
    }
}

/// For every other architecture: the compiler makes vectors of it.
#[cfg(not(target_arch = "x86_64"))]
impl Vector for [f32; 4] {
    type Half = f32;
    const LANES: usize = 4;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        [value; 4]
    }

    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        [from[0], from[1], from[2], from[3]]
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        to[..4].copy_from_slice(&self);
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] * other[lane])
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] + other[lane])
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        std::array::from_fn(|lane| Vector::max(self[lane], other[lane]))
    }
}

/// Each set's registers differ in nothing but their instructions' names.
#[cfg(target_arch = "x86_64")]
macro_rules! vector {
    ($register:ty, $half:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $mul:ident, $add:ident, $max:ident) => {
        impl Vector for $register {
            type Half = $half;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn splat(value: f32) -> Self {
                // SAFETY: whoever has such a value has passed `InstructionSet::run`.
                unsafe { $splat(value) }
            }

            #[inline(always)]
            fn load(from: &[f32]) -> Self {
                assert!(from.len() >= $lanes);
                // SAFETY: as above, and as many samples are there.
                unsafe { $load(from.as_ptr()) }
            }

            #[inline(always)]
            fn store(self, to: &mut [f32]) {
                assert!(to.len() >= $lanes);
                // SAFETY: as above.
                unsafe { $store(to.as_mut_ptr(), self) }
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                // SAFETY: as above.
                unsafe { $mul(self, other) }
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: as above.
                unsafe { $add(self, other) }
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                // SAFETY: as above.
                unsafe { $max(self, other) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
vector!(__m128, f32, 4, _mm_set1_ps, _mm_loadu_ps, _mm_storeu_ps, _mm_mul_ps, _mm_add_ps, _mm_max_ps);
#[cfg(target_arch = "x86_64")]
vector!(
    __m256,
    __m128,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_mul_ps,
    _mm256_add_ps,
    _mm256_max_ps
);
#[cfg(target_arch = "x86_64")]
vector!(
    __m512,
    __m256,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_mul_ps,
    _mm512_add_ps,
    _mm512_max_ps
);
