//! N gains in series: samples stay in registers for all of them.

use super::simd::{InstructionSet, Kernel, Vector};
use super::walk::{Body, load, store, walk};
use crate::contestant::Contestant;

pub(super) struct Chain {
    pub(super) set: InstructionSet,
    pub(super) gains: Vec<f32>,
}

impl Contestant for Chain {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        self.set.run(Run { input, output, gains: &self.gains });
    }
}

struct Run<'a> {
    input: [&'a [f32]; 2],
    output: [&'a mut [f32]; 2],
    gains: &'a [f32],
}

impl Kernel for Run<'_> {
    #[inline(always)]
    fn run<V: Vector>(mut self) {
        walk::<V, 4>(0..self.input[0].len(), &mut self);
    }
}

impl Body for Run<'_> {
    /// Both channels at once: in a short block, one alone would wait for itself.
    #[inline(always)]
    fn take<V: Vector, const K: usize>(&mut self, at: usize) {
        let mut left: [V; K] = load(self.input[0], at);
        let mut right: [V; K] = load(self.input[1], at);
        for gain in self.gains {
            let gain = V::splat(*gain);
            for k in 0..K {
                left[k] = left[k].mul(gain);
                right[k] = right[k].mul(gain);
            }
        }
        store(left, self.output[0], at);
        store(right, self.output[1], at);
    }
}
