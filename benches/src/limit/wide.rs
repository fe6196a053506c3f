//! One signal through N gains side by side, summed in registers.

use super::simd::{InstructionSet, Vector};
use super::walk::{Stereo, Tile, added_times, scaled};
use crate::contestant::Contestant;

pub(super) struct Wide {
    pub(super) set: InstructionSet,
    /// At least one.
    pub(super) gains: Vec<f32>,
}

impl Contestant for Wide {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        let (first, rest) = self.gains.split_first().expect("a wide graph has a branch");
        self.set.run(Stereo { input, output, tile: Fan { first: *first, rest } });
    }
}

struct Fan<'a> {
    first: f32,
    rest: &'a [f32],
}

impl Tile for Fan<'_> {
    #[inline(always)]
    fn tile<V: Vector, const K: usize>(&self, left: [V; K], right: [V; K]) -> [[V; K]; 2] {
        let first = V::splat(self.first);
        let (mut left_sum, mut right_sum) = (scaled(left, first), scaled(right, first));
        for gain in self.rest {
            let gain = V::splat(*gain);
            left_sum = added_times(left_sum, left, gain);
            right_sum = added_times(right_sum, right, gain);
        }
        [left_sum, right_sum]
    }
}
