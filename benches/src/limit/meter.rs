//! A gain and the meter after it, in one pass.

use super::level::Levels;
use super::simd::{InstructionSet, Kernel, Vector};
use super::walk::{load, scaled, store};
use crate::contestant::Contestant;

pub(super) struct Metered {
    pub(super) set: InstructionSet,
    pub(super) gain: f32,
    pub(super) levels: Levels,
}

impl Contestant for Metered {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        self.set.run(Run { input, output, gain: self.gain, levels: &mut self.levels });
    }
}

struct Run<'a> {
    input: [&'a [f32]; 2],
    output: [&'a mut [f32]; 2],
    gain: f32,
    levels: &'a mut Levels,
}

impl Kernel for Run<'_> {
    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let mut at = 0;
        while at < self.input[0].len() {
            let end = at + self.levels.piece(self.input[0].len() - at);
            let at_tail = self.vectors::<V, 2>(at, end);
            let at_tail = self.vectors::<V, 1>(at_tail, end);
            if at_tail < end {
                self.narrower::<V::Half>(at_tail, end);
            }
            self.levels.advance(end - at);
            at = end;
        }
    }
}

impl Run<'_> {
    /// As many whole groups as there are; gives back where the rest begins.
    #[inline(always)]
    fn vectors<V: Vector, const K: usize>(&mut self, mut at: usize, end: usize) -> usize {
        let width = K * V::LANES;
        if end - at < width {
            return at;
        }
        let gain = V::splat(self.gain);
        let mut lanes = self.levels.open::<V, K>();
        while end - at >= width {
            for (channel, (input, output)) in self.input.iter().zip(&mut self.output).enumerate() {
                let samples: [V; K] = scaled(load(input, at), gain);
                lanes.hear(channel, samples);
                store(samples, output, at);
            }
            at += width;
        }
        self.levels.keep(lanes);
        at
    }

    #[inline(always)]
    fn narrower<V: Vector>(&mut self, at: usize, end: usize) {
        let at = self.vectors::<V, 1>(at, end);
        if V::LANES > 1 && at < end {
            self.narrower::<V::Half>(at, end);
        }
    }
}
