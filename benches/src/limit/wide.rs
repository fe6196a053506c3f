//! One signal through N gains side by side, summed in registers.

use super::simd::{InstructionSet, Kernel, Vector};
use super::walk::{Body, load, store, walk};
use crate::contestant::Contestant;

pub(super) struct Wide {
    pub(super) set: InstructionSet,
    /// At least one.
    pub(super) gains: Vec<f32>,
}

impl Contestant for Wide {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        let (first, rest) = self.gains.split_first().expect("a wide graph has a branch");
        self.set.run(Run { input, output, first: *first, rest });
    }
}

struct Run<'a> {
    input: [&'a [f32]; 2],
    output: [&'a mut [f32]; 2],
    first: f32,
    rest: &'a [f32],
}

impl Kernel for Run<'_> {
    #[inline(always)]
    fn run<V: Vector>(mut self) {
        walk::<V, 4>(0..self.input[0].len(), &mut self);
    }
}

impl Body for Run<'_> {
    #[inline(always)]
    fn take<V: Vector, const K: usize>(&mut self, at: usize) {
        let left: [V; K] = load(self.input[0], at);
        let right: [V; K] = load(self.input[1], at);
        let (mut left_sum, mut right_sum) = (left, right);
        let gain = V::splat(self.first);
        for k in 0..K {
            left_sum[k] = left[k].mul(gain);
            right_sum[k] = right[k].mul(gain);
        }
        for gain in self.rest {
            let gain = V::splat(*gain);
            for k in 0..K {
                left_sum[k] = left_sum[k].add(left[k].mul(gain));
                right_sum[k] = right_sum[k].add(right[k].mul(gain));
            }
        }
        store(left_sum, self.output[0], at);
        store(right_sum, self.output[1], at);
    }
}
