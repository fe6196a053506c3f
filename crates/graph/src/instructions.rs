//! Vector instructions: which sets of them there are, and code that is compiled once for each.
#![allow(unsafe_code, reason = "calls functions that are compiled for instructions which were found beforehand")]

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use crate::kernels::{self, Vector};

/// A set of vector instructions that processors and mixes are compiled for.
///
/// All give the same bits: the same sums in the same order, and never a fused multiply-add. They differ in speed.
///
/// ```
/// use patchline_graph::{Instructions, StreamSpec};
///
/// assert!(Instructions::available().all(|instructions| instructions.is_available()));
/// assert_eq!(Instructions::available().last(), Some(Instructions::best()));
///
/// // What the oldest processor would compute, be it slower.
/// let baseline: Instructions = "baseline".parse()?;
/// let stream = StreamSpec { instructions: baseline, ..StreamSpec::new(48_000, 64, 2, 2) };
/// assert_eq!(stream.instructions.to_string(), "baseline");
/// # Ok::<(), patchline_graph::UnknownInstructions>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Instructions {
    /// What every processor of the target has: SSE2 on x86-64, NEON on aarch64.
    #[default]
    Baseline,
    /// On x86-64: AVX2, BMI1, BMI2, LZCNT and POPCNT, so 8 samples at a time.
    Avx2,
    /// On x86-64: what [`Avx2`](Self::Avx2) has, and AVX-512 F, BW, DQ and VL, so 16 samples at a time.
    Avx512,
}

impl Instructions {
    /// All there are, on any processor; the widest last.
    pub const ALL: [Self; 3] = [Self::Baseline, Self::Avx2, Self::Avx512];

    /// The widest that this processor has. Asks the processor once; not for the audio thread.
    #[must_use]
    pub fn best() -> Self {
        Self::available().last().unwrap_or(Self::Baseline)
    }

    /// All that this processor has, the widest last. Never none.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|instructions| instructions.is_available())
    }

    /// Whether this processor has them, and the system keeps their registers.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Baseline => true,
            Self::Avx2 => has_avx2(),
            Self::Avx512 => has_avx512(),
        }
    }
}

impl fmt::Display for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Baseline => "baseline",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

/// A name that no [`Instructions`] have.
///
/// ```
/// use patchline_graph::{Instructions, UnknownInstructions};
///
/// let error: UnknownInstructions = "sse9".parse::<Instructions>().unwrap_err();
/// assert!(error.to_string().contains("`sse9`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no instruction set is called `{0}`: there are `baseline`, `avx2` and `avx512`")]
pub struct UnknownInstructions(String);

impl FromStr for Instructions {
    type Err = UnknownInstructions;

    fn from_str(name: &str) -> Result<Self, UnknownInstructions> {
        let named = Self::ALL.into_iter().find(|instructions| instructions.to_string() == name);
        named.ok_or_else(|| UnknownInstructions(name.to_owned()))
    }
}

/// Instructions that this processor has: only [`of`](Self::of) makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Supported(Instructions);

/// Something to be computed with one set or another.
pub(crate) trait Work {
    type Output;

    /// Does it. Implementations, and everything they call in a loop, are `#[inline(always)]`: what is not inlined stays
    /// compiled for the baseline.
    fn work(self) -> Self::Output;
}

impl Supported {
    /// These, or the baseline where this processor does not have them.
    pub(crate) fn of(instructions: Instructions) -> Self {
        Self(if instructions.is_available() { instructions } else { Instructions::Baseline })
    }

    /// Does the work with these instructions. A branch that always goes the same way, and a call.
    #[inline(always)]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            // SAFETY: `of` has found that this processor has them.
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Instructions::Avx2 => unsafe { with_avx2(work) },
            // SAFETY: as above.
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Instructions::Avx512 => unsafe { with_avx512(work) },
            _ => baseline(work),
        }
    }
}

/// Work that is written for as many samples as an instruction takes.
pub(crate) trait Lanes {
    type Output;

    /// Does it; as for [`Work::work`].
    fn work<V: Vector>(self) -> Self::Output;
}

/// Work by one kind of vectors.
struct By<L, V>(L, PhantomData<V>);

impl<L: Lanes, V: Vector> Work for By<L, V> {
    type Output = L::Output;

    #[inline(always)]
    fn work(self) -> L::Output {
        self.0.work::<V>()
    }
}

impl Supported {
    /// Does the work with these instructions, for as many samples at a time as they take.
    #[inline(always)]
    pub(crate) fn run_lanes<L: Lanes>(self, work: L) -> L::Output {
        match self.0 {
            // SAFETY: `of` has found that this processor has them.
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Instructions::Avx2 => unsafe { with_avx2(By::<_, kernels::Avx2>(work, PhantomData)) },
            // SAFETY: as above.
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Instructions::Avx512 => unsafe { with_avx512(By::<_, kernels::Avx512>(work, PhantomData)) },
            _ => baseline(By::<_, kernels::Baseline>(work, PhantomData)),
        }
    }
}

/// A function of its own, as the others are: whoever has to choose does nothing but jump.
#[inline(never)]
fn baseline<W: Work>(work: W) -> W::Output {
    work.work()
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn with_avx2<W: Work>(work: W) -> W::Output {
    work.work()
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt")]
fn with_avx512<W: Work>(work: W) -> W::Output {
    work.work()
}

/// As `with_avx2` is compiled.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

/// As `with_avx512` is compiled.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn has_avx2() -> bool {
    false
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn has_avx512() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a [f32]);

    impl Work for Sum<'_> {
        type Output = f32;

        #[inline(always)]
        fn work(self) -> f32 {
            self.0.iter().sum()
        }
    }

    #[test]
    fn every_set_does_the_work() {
        let numbers: Vec<f32> = (0..1_000_u16).map(|k| f32::from(k) * 0.1).collect();
        for instructions in Instructions::available() {
            let sum = Supported::of(instructions).run(Sum(&numbers));
            assert_eq!(sum.to_bits(), Sum(&numbers).work().to_bits(), "{instructions}");
        }
    }

    #[test]
    fn what_the_processor_has_not_is_never_run() {
        for instructions in Instructions::ALL {
            assert!(Supported::of(instructions).0.is_available());
            assert_eq!(Supported::of(instructions).0 == instructions, instructions.is_available());
        }
        assert_eq!(Instructions::available().next(), Some(Instructions::Baseline));
        assert_eq!(Instructions::available().last(), Some(Instructions::best()));
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for instructions in Instructions::ALL {
            assert_eq!(instructions.to_string().parse(), Ok(instructions));
        }
        let unknown = "sse9".parse::<Instructions>().unwrap_err().to_string();
        assert_eq!(unknown, "no instruction set is called `sse9`: there are `baseline`, `avx2` and `avx512`");
    }
}
