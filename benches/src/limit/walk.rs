//! From the first frame to the last: in groups of vectors, then single ones, then ever narrower ones.

use super::simd::{Kernel, Vector};

/// What is done to frames `at..at + K·LANES`.
pub(crate) trait Body {
    fn take<V: Vector, const K: usize>(&mut self, at: usize);
}

/// All frames of `frames`, `K` vectors at once as long as there are as many.
#[inline(always)]
pub(crate) fn walk<V: Vector, const K: usize>(frames: std::ops::Range<usize>, body: &mut impl Body) {
    let mut at = frames.start;
    while frames.end - at >= K * V::LANES {
        body.take::<V, K>(at);
        at += K * V::LANES;
    }
    if K > 2 && frames.end - at >= 2 * V::LANES {
        body.take::<V, 2>(at);
        at += 2 * V::LANES;
    }
    rest::<V>(at..frames.end, body);
}

#[inline(always)]
fn rest<V: Vector>(frames: std::ops::Range<usize>, body: &mut impl Body) {
    let mut at = frames.start;
    while frames.end - at >= V::LANES {
        body.take::<V, 1>(at);
        at += V::LANES;
    }
    if V::LANES > 1 && at < frames.end {
        rest::<V::Half>(at..frames.end, body);
    }
}

/// `K` vectors of a slice.
#[inline(always)]
pub(crate) fn load<V: Vector, const K: usize>(from: &[f32], at: usize) -> [V; K] {
    let mut vectors = [V::splat(0.0); K];
    for (vector, samples) in vectors.iter_mut().zip(from[at..at + K * V::LANES].chunks_exact(V::LANES)) {
        *vector = V::load(samples);
    }
    vectors
}

/// Writes them to a slice.
#[inline(always)]
pub(crate) fn store<V: Vector, const K: usize>(vectors: [V; K], to: &mut [f32], at: usize) {
    for (vector, samples) in vectors.into_iter().zip(to[at..at + K * V::LANES].chunks_exact_mut(V::LANES)) {
        vector.store(samples);
    }
}

/// Each vector times a factor.
#[inline(always)]
pub(crate) fn scaled<V: Vector, const K: usize>(mut vectors: [V; K], factor: V) -> [V; K] {
    for vector in &mut vectors {
        *vector = vector.mul(factor);
    }
    vectors
}

/// Vector by vector, the sum.
#[inline(always)]
pub(crate) fn added<V: Vector, const K: usize>(mut vectors: [V; K], others: [V; K]) -> [V; K] {
    for (vector, other) in vectors.iter_mut().zip(others) {
        *vector = vector.add(other);
    }
    vectors
}

/// The sum with others times a factor: a product for each vector, so that none waits in a register.
#[inline(always)]
pub(crate) fn added_times<V: Vector, const K: usize>(mut vectors: [V; K], others: [V; K], factor: V) -> [V; K] {
    for (vector, other) in vectors.iter_mut().zip(others) {
        *vector = vector.add(other.mul(factor));
    }
    vectors
}

/// A pass over both channels of a block at once: in a short one, one channel alone would wait for itself.
pub(crate) struct Stereo<'a, T> {
    pub(crate) input: [&'a [f32]; 2],
    pub(crate) output: [&'a mut [f32]; 2],
    pub(crate) tile: T,
}

/// What is done to some vectors of the left and the right channel.
pub(crate) trait Tile {
    fn tile<V: Vector, const K: usize>(&self, left: [V; K], right: [V; K]) -> [[V; K]; 2];
}

impl<T: Tile> Kernel for Stereo<'_, T> {
    #[inline(always)]
    fn run<V: Vector>(mut self) {
        walk::<V, 4>(0..self.input[0].len(), &mut self);
    }
}

impl<T: Tile> Body for Stereo<'_, T> {
    #[inline(always)]
    fn take<V: Vector, const K: usize>(&mut self, at: usize) {
        let [left, right] = self.tile.tile::<V, K>(load(self.input[0], at), load(self.input[1], at));
        store(left, self.output[0], at);
        store(right, self.output[1], at);
    }
}
