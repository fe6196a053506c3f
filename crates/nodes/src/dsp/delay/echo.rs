//! The formula of a delay, over frames that lie in one piece.

use std::array::{from_mut, from_ref};
use std::cell::Cell;

use crate::dsp::flush::{is_odd, oddness, storable};
use crate::dsp::prefetch::ahead;

#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    pub(super) dry: f32,
    pub(super) wet: f32,
    pub(super) feedback: f32,
}

/// Samples that are looked at together for what must not be stored.
const CHUNK: usize = 64;
/// Samples that are processed together: whole vectors, few enough for all of it to stay in registers.
const GROUP: usize = 16;

/// The formula; gives back how many values were not finite.
///
/// What is stored is looked at in few instructions, and mended in a pass of its own if need be: hardly anything but
/// silence needs it.
#[inline(always)]
pub(super) fn echo<const FEEDS_BACK: bool>(
    samples: &mut [f32],
    delayed: &[Cell<f32>],
    stored: &[Cell<f32>],
    weights: Weights,
) -> usize {
    let (chunks, rest) = samples.as_chunks_mut::<CHUNK>();
    let (delayed_chunks, delayed_rest) = delayed.as_chunks::<CHUNK>();
    let (stored_chunks, stored_rest) = stored.as_chunks::<CHUNK>();
    let (frames, mut lost) = (chunks.len() * CHUNK, 0);
    for ((x, delayed), stored) in chunks.iter_mut().zip(delayed_chunks).zip(stored_chunks) {
        let (x, delayed, stored_groups) = (x.as_chunks_mut().0, delayed.as_chunks().0, stored.as_chunks().0);
        let mut odd = [0; GROUP];
        for ((x, delayed), stored) in x.iter_mut().zip(delayed).zip(stored_groups) {
            // The next block takes up where this one ends, and by then others have been in the cache.
            ahead(delayed, frames / GROUP);
            echo_group::<FEEDS_BACK, GROUP>(x, delayed, stored, weights, &mut odd);
        }
        if is_odd(any(odd)) {
            lost += mend(stored);
        }
    }
    if rest.is_empty() { lost } else { lost + echo_rest(rest, delayed_rest, stored_rest, weights) }
}

/// Less than a chunk. As [`mend`], compiled once.
#[inline(never)]
fn echo_rest(samples: &mut [f32], delayed: &[Cell<f32>], stored: &[Cell<f32>], weights: Weights) -> usize {
    let (groups, rest) = samples.as_chunks_mut::<GROUP>();
    let (delayed_groups, delayed_rest) = delayed.as_chunks::<GROUP>();
    let (stored_groups, stored_rest) = stored.as_chunks::<GROUP>();
    let mut odd = [0; GROUP];
    for ((x, delayed), stored) in groups.iter_mut().zip(delayed_groups).zip(stored_groups) {
        echo_group::<true, GROUP>(x, delayed, stored, weights, &mut odd);
    }
    let mut odd = any(odd);
    for ((x, delayed), stored) in rest.iter_mut().zip(delayed_rest).zip(stored_rest) {
        let mut one = [0];
        echo_group::<true, 1>(from_mut(x), from_ref(delayed), from_ref(stored), weights, &mut one);
        odd |= one[0];
    }
    if is_odd(odd) { mend(stored) } else { 0 }
}

/// Reads all before it writes anything.
///
/// Without feedback it may be left out: 0 times what was stored, which is finite, changes no sample but −0, which is
/// stored as 0 anyway.
#[inline(always)]
fn echo_group<const FEEDS_BACK: bool, const N: usize>(
    samples: &mut [f32; N],
    delayed: &[Cell<f32>; N],
    stored: &[Cell<f32>; N],
    weights: Weights,
    odd: &mut [u32; N],
) {
    let Weights { dry, wet, feedback } = weights;
    let (x, d): (_, [f32; N]) = (*samples, std::array::from_fn(|k| delayed[k].get()));
    let value: [f32; N] = std::array::from_fn(|k| if FEEDS_BACK { x[k] + d[k] * feedback } else { x[k] });
    *samples = std::array::from_fn(|k| x[k] * dry + d[k] * wet);
    for (stored, value) in stored.iter().zip(value) {
        stored.set(value);
    }
    *odd = std::array::from_fn(|k| odd[k] | oddness(value[k]));
}

/// Halves on top of each other: a few vectors.
#[inline(always)]
fn any(odd: [u32; GROUP]) -> u32 {
    let eight: [u32; 8] = std::array::from_fn(|k| odd[k] | odd[k + 8]);
    let four: [u32; 4] = std::array::from_fn(|k| eight[k] | eight[k + 4]);
    (four[0] | four[2]) | (four[1] | four[3])
}

/// Makes what is stored storable; gives back how many values were not finite.
///
/// Not compiled for any instruction set but the baseline, so that the loops around it stay short.
#[cold]
#[inline(never)]
fn mend(values: &[Cell<f32>]) -> usize {
    if values.iter().fold(0, |all, value| all | value.get().to_bits()) == 0 {
        return 0;
    }
    let mut finite = 0u32;
    for value in values {
        let (stored, is_finite) = storable(value.get());
        value.set(stored);
        finite += u32::from(is_finite);
    }
    values.len() - finite as usize
}
