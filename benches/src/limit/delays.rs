//! N delays in series over rings of one length: a tile passes all of them in registers.

use super::ring::Ring;
use super::simd::{InstructionSet, Kernel, Vector};
use super::walk::{Body, added_times, load, scaled, store, walk};
use crate::contestant::Contestant;

pub(super) struct Delays {
    set: InstructionSet,
    /// Of the left and the right channel.
    rings: [Vec<Ring>; 2],
    length: usize,
    position: usize,
    weights: Weights,
}

#[derive(Clone, Copy)]
struct Weights {
    dry: f32,
    wet: f32,
    feedback: Option<f32>,
}

impl Delays {
    pub(super) fn new(set: InstructionSet, count: usize, length: usize, mix: f64, feedback: Option<f32>) -> Self {
        let rings = [0, 1].map(|_| (0..count).map(|_| Ring::new(length)).collect());
        let weights = Weights { dry: (1.0 - mix) as f32, wet: mix as f32, feedback };
        Self { set, rings, length, position: 0, weights }
    }
}

impl Contestant for Delays {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        let frames = input[0].len();
        for ((input, output), rings) in input.into_iter().zip(output).zip(&mut self.rings) {
            let mut done = 0;
            let mut position = self.position;
            while done < frames {
                let piece = (frames - done).min(self.length - position);
                let (input, output) = (&input[done..done + piece], &mut output[done..done + piece]);
                self.set.run(Run { input, output, rings, position, weights: self.weights });
                done += piece;
                position = if position + piece == self.length { 0 } else { position + piece };
            }
        }
        self.position = (self.position + frames) % self.length;
    }
}

/// Frames of one channel that end with the rings at the latest.
struct Run<'a> {
    input: &'a [f32],
    output: &'a mut [f32],
    rings: &'a mut [Ring],
    position: usize,
    weights: Weights,
}

impl Kernel for Run<'_> {
    #[inline(always)]
    fn run<V: Vector>(mut self) {
        walk::<V, 8>(0..self.input.len(), &mut self);
    }
}

impl Body for Run<'_> {
    #[inline(always)]
    fn take<V: Vector, const K: usize>(&mut self, at: usize) {
        let mut samples: [V; K] = load(self.input, at);
        let (dry, wet) = (V::splat(self.weights.dry), V::splat(self.weights.wet));
        let feedback = self.weights.feedback.map(V::splat);
        let position = self.position + at;
        for ring in &mut *self.rings {
            let ring = &mut ring.samples()[position..position + K * V::LANES];
            let past: [V; K] = load(ring, 0);
            match feedback {
                None => store(samples, ring, 0),
                Some(feedback) => store(added_times(samples, past, feedback), ring, 0),
            }
            samples = added_times(scaled(samples, dry), past, wet);
        }
        store(samples, self.output, at);
    }
}
