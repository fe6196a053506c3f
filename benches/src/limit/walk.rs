//! From the first frame to the last: in groups of vectors, then single ones, then ever narrower ones.

use super::simd::Vector;

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
    let from = &from[at..at + K * V::LANES];
    let mut vectors = [V::splat(0.0); K];
    for k in 0..K {
        vectors[k] = V::load(&from[k * V::LANES..(k + 1) * V::LANES]);
    }
    vectors
}

/// Writes them to a slice.
#[inline(always)]
pub(crate) fn store<V: Vector, const K: usize>(vectors: [V; K], to: &mut [f32], at: usize) {
    let to = &mut to[at..at + K * V::LANES];
    for k in 0..K {
        vectors[k].store(&mut to[k * V::LANES..(k + 1) * V::LANES]);
    }
}
