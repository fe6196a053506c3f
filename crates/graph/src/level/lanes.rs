//! Sums of squares and largest magnitudes in lanes: frame k of a signal belongs to lane k mod 16.
//!
//! A sum so depends on the signal alone, not on how it is split nor on how wide the machine's vectors are.

use crate::kernels::Vector;

/// Enough for two vectors of eight.
pub(super) const LANES: usize = 16;
/// Frames after which squares are added up in f64: 16 sums in f32 keep an RMS within 1e−6 of the exact one.
pub const FOLD: usize = 16 * LANES;

/// What has been heard of one channel; magnitudes mean something only if `PEAKS`.
///
/// ```
/// use patchline_graph::level::{FOLD, Lanes, Total};
///
/// let signal = [0.5; FOLD];
/// let (mut lanes, mut total) = (Lanes::<true>::default(), Total::default());
/// let (first, second) = signal.split_at(100);
/// lanes.hear(0, first);
/// lanes.hear(100, second);
/// assert!(!lanes.are_silent());
/// assert_eq!(lanes.take_peak(), 0.5);
/// lanes.fold(&mut total);
/// assert!(lanes.are_silent());
/// assert_eq!(total.take(), 0.25 * FOLD as f64);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub struct Lanes<const PEAKS: bool> {
    squares: [f32; LANES],
    peaks: [f32; LANES],
}

/// Squares that have left their lanes.
///
/// ```
/// use patchline_graph::level::{Lanes, Total};
///
/// let (mut lanes, mut total) = (Lanes::<false>::default(), Total::default());
/// assert!(total.is_zero());
/// lanes.hear(0, &[1.0, -2.0]);
/// lanes.fold(&mut total);
/// assert_eq!(total.take(), 5.0);
/// assert!(total.is_zero());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Total([f64; 4]);

impl<const PEAKS: bool> Lanes<PEAKS> {
    /// Hears the frames of a signal from `position` on.
    #[inline(always)]
    pub fn hear(&mut self, position: usize, samples: &[f32]) {
        let (place, mut rest) = (position % LANES, samples);
        if place != 0 {
            let (head, body) = samples.split_at(samples.len().min(LANES - place));
            self.hear_few(place, head);
            rest = body;
        }
        let (groups, tail) = rest.as_chunks::<LANES>();
        if !groups.is_empty() {
            // A copy of their own stays in registers.
            let mut lanes = *self;
            for group in groups {
                // One list after the other: written in one loop, lanes stay in memory, and the peaks become masked stores.
                lanes.squares = std::array::from_fn(|lane| lanes.squares[lane] + group[lane] * group[lane]);
                if PEAKS {
                    lanes.peaks = std::array::from_fn(|lane| larger(group[lane].abs(), lanes.peaks[lane]));
                }
            }
            *self = lanes;
        }
        self.hear_few(0, tail);
    }

    /// As [`hear`](Self::hear), of vectors: one for each of all lanes, from the first on, or a part of that; or all of that several
    /// times over.
    #[inline(always)]
    pub(crate) fn hear_vectors<V: Vector>(&mut self, position: usize, samples: &[V]) {
        let all = LANES / V::LANES;
        if samples.len() < all {
            for (index, &sample) in samples.iter().enumerate() {
                self.hear_vector((position + index * V::LANES) % LANES, sample);
            }
            return;
        }
        debug_assert!(position.is_multiple_of(LANES) && samples.len().is_multiple_of(all) && all <= 4);
        let (mut squares, mut peaks) = ([V::splat(0.0); 4], [V::splat(0.0); 4]);
        for lane in 0..all {
            squares[lane] = V::of(&self.squares[lane * V::LANES..]);
            peaks[lane] = V::of(&self.peaks[lane * V::LANES..]);
        }
        for group in samples.chunks_exact(all) {
            for lane in 0..all {
                let sample = group[lane];
                squares[lane] = squares[lane].add(sample.mul(sample));
                peaks[lane] = sample.magnitude().larger(peaks[lane]);
            }
        }
        for lane in 0..all {
            squares[lane].put(&mut self.squares[lane * V::LANES..]);
            peaks[lane].put(&mut self.peaks[lane * V::LANES..]);
        }
    }

    #[inline(always)]
    fn hear_vector<V: Vector>(&mut self, place: usize, sample: V) {
        let (squares, peaks) = (&mut self.squares[place..], &mut self.peaks[place..]);
        V::of(squares).add(sample.mul(sample)).put(squares);
        sample.magnitude().larger(V::of(peaks)).put(peaks);
    }

    /// Less than a frame for each lane, from the lane `place` on: four by four where four lanes begin.
    #[inline(always)]
    fn hear_few(&mut self, place: usize, samples: &[f32]) {
        let (first, rest) = samples.split_at(samples.len().min((4 - place % 4) % 4));
        let (fours, last) = rest.as_chunks::<4>();
        if !first.is_empty() {
            self.hear_each(place, first);
        }
        let from = place.div_ceil(4);
        for (four, samples) in fours.iter().enumerate() {
            self.hear_four(from + four, *samples);
        }
        if !last.is_empty() {
            self.hear_each(4 * (from + fours.len()), last);
        }
    }

    /// Whether nothing but silence has been heard since the last fold, and no peak is held.
    #[must_use]
    pub fn are_silent(&self) -> bool {
        self.squares == [0.0; LANES] && (!PEAKS || self.peaks == [0.0; LANES])
    }

    #[inline(always)]
    fn hear_four(&mut self, four: usize, samples: [f32; 4]) {
        let squares = &mut self.squares.as_chunks_mut::<4>().0[four];
        let before = *squares;
        *squares = std::array::from_fn(|k| before[k] + samples[k] * samples[k]);
        if PEAKS {
            let peaks = &mut self.peaks.as_chunks_mut::<4>().0[four];
            let before = *peaks;
            *peaks = std::array::from_fn(|k| larger(samples[k].abs(), before[k]));
        }
    }

    /// Up to three frames: not worth being compiled for each instruction set.
    #[inline(never)]
    fn hear_each(&mut self, place: usize, samples: &[f32]) {
        for (k, sample) in samples.iter().enumerate() {
            self.squares[place + k] += sample * sample;
            self.peaks[place + k] = larger(sample.abs(), self.peaks[place + k]);
        }
    }

    /// Adds the squares to a total, and goes on at 0.
    #[inline(always)]
    pub fn fold(&mut self, total: &mut Total) {
        let square = |k: usize| f64::from(self.squares[k]);
        let half = |first: usize| -> [f64; 4] { std::array::from_fn(|k| square(first + k) + square(first + k + 4)) };
        let (low, high) = (half(0), half(8));
        total.0 = std::array::from_fn(|k| total.0[k] + (low[k] + high[k]));
        self.squares = [0.0; LANES];
    }

    /// The largest magnitude, which is forgotten.
    #[inline(always)]
    pub fn take_peak(&mut self) -> f32 {
        let peaks = std::mem::take(&mut self.peaks);
        let eight: [f32; 8] = std::array::from_fn(|k| larger(peaks[k], peaks[k + 8]));
        let four: [f32; 4] = std::array::from_fn(|k| larger(eight[k], eight[k + 4]));
        larger(larger(four[0], four[2]), larger(four[1], four[3]))
    }
}

impl Total {
    /// Whether it is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0.0; 4]
    }

    /// All of it, which is forgotten.
    #[inline(always)]
    pub fn take(&mut self) -> f64 {
        let [a, b, c, d] = std::mem::take(&mut self.0);
        (a + c) + (b + d)
    }
}

/// A compare and a select: one vector instruction, where `f32::max` takes several to honour NaN.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{blocks, noise, splits};
    use super::*;

    proptest! {
        #[test]
        fn every_frame_reaches_its_lane_in_order(split in splits(), frames in 0usize..500) {
            let signal = noise(7, frames);
            let (mut squares, mut peaks) = ([0.0; LANES], [0.0; LANES]);
            for (k, x) in signal.iter().enumerate() {
                squares[k % LANES] += x * x;
                peaks[k % LANES] = x.abs().max(peaks[k % LANES]);
            }
            let (mut both, mut one) = (Lanes::<true>::default(), Lanes::<false>::default());
            for block in blocks(frames, &split) {
                both.hear(block.start, &signal[block.clone()]);
                one.hear(block.start, &signal[block]);
            }
            prop_assert_eq!((both.squares, both.peaks), (squares, peaks));
            prop_assert_eq!(one.squares, squares);

            let mut total = Total::default();
            both.fold(&mut total);
            let exact: f64 = squares.iter().map(|square| f64::from(*square)).sum();
            prop_assert!((total.take() - exact).abs() <= 1e-12 * exact && total.take() == 0.0);
            prop_assert_eq!(both.take_peak(), signal.iter().fold(0.0, |peak: f32, x| peak.max(x.abs())));
            prop_assert_eq!((both.squares, both.peaks), ([0.0; LANES], [0.0; LANES]));
        }
    }
}
