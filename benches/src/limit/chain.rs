//! N gains in series: samples stay in registers for all of them.

use super::simd::{InstructionSet, Vector};
use super::walk::{Stereo, Tile, scaled};
use crate::contestant::Contestant;

pub(super) struct Chain {
    pub(super) set: InstructionSet,
    pub(super) gains: Vec<f32>,
}

impl Contestant for Chain {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        self.set.run(Stereo { input, output, tile: Product(&self.gains) });
    }
}

struct Product<'a>(&'a [f32]);

impl Tile for Product<'_> {
    #[inline(always)]
    fn tile<V: Vector, const K: usize>(&self, mut left: [V; K], mut right: [V; K]) -> [[V; K]; 2] {
        for gain in self.0 {
            let gain = V::splat(*gain);
            (left, right) = (scaled(left, gain), scaled(right, gain));
        }
        [left, right]
    }
}
