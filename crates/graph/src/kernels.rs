//! The loops over samples that the renderer itself needs: the sums of mixes, and what is done to samples on their way in and
//! out.

mod clean;
mod moving;
mod sum;
mod vector;

pub(crate) use clean::{Clean, Finite, Look, copy_sanitised, is_clean, silence_non_finite};
pub(crate) use moving::{MovingSum, Unsteady};
pub(crate) use sum::{Seen, Sum, Term};
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub(crate) use vector::{Avx2, Avx512};
pub(crate) use vector::{Baseline, Vector};
