//! Gain, delay, meter and gate in one pass: a hop of the gate at a time, in which nothing branches.

use super::gate::{Gate, HOP, Passes};
use super::ring::Ring;
use super::simd::{InstructionSet, Kernel, Vector};
use super::walk::{added_times, load, scaled, store};
use crate::contestant::Contestant;

/// Lanes of the widest use: two of the widest vectors.
const LANES: usize = 32;
/// Hops in a window of the meter, which begins and ends with one: the meter's sums are the gate's.
const HOPS: usize = crate::workload::METER_WINDOW / HOP;

pub(super) struct Effects {
    set: InstructionSet,
    state: State,
}

struct State {
    gain: f32,
    dry: f32,
    wet: f32,
    rings: [Ring; 2],
    length: usize,
    position: usize,
    /// Squares of the present hop, and the largest of the present window.
    squares: [[f32; LANES]; 2],
    peaks: [[f32; LANES]; 2],
    /// Frames heard of the present hop.
    heard: usize,
    gate: Gate,
    meter: Meter,
}

/// What the meter reads out.
#[derive(Default)]
pub(super) struct Meter {
    hops: usize,
    sums: [f32; 2],
    pub(super) peak: [f32; 2],
    pub(super) rms: [f32; 2],
}

impl Effects {
    pub(super) fn new(set: InstructionSet, gain: f32, delay: usize, mix: f64) -> Self {
        let none = [[0.0; LANES]; 2];
        let rings = [Ring::new(delay), Ring::new(delay)];
        let (dry, wet) = ((1.0 - mix) as f32, mix as f32);
        let (gate, meter) = (Gate::default(), Meter::default());
        let (length, position, heard) = (delay, 0, 0);
        let state = State { gain, dry, wet, rings, length, position, squares: none, peaks: none, heard, gate, meter };
        Self { set, state }
    }

    #[cfg(test)]
    pub(super) fn meter(&self) -> &Meter {
        &self.state.meter
    }
}

impl Contestant for Effects {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        self.set.run(Run { input, output, state: &mut self.state });
    }
}

struct Run<'a> {
    input: [&'a [f32]; 2],
    output: [&'a mut [f32]; 2],
    state: &'a mut State,
}

/// Frames within one hop and one piece of the rings: where they begin and end in the block, and begin in the rings.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    ring: usize,
}

impl Kernel for Run<'_> {
    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let mut start = 0;
        while start < self.input[0].len() {
            let ring = self.state.position;
            let length = (HOP - self.state.heard).min(self.state.length - ring).min(self.input[0].len() - start);
            let piece = Piece { start, end: start + length, ring };
            match self.state.gate.passes() {
                Passes::All => self.piece::<V, true>(piece),
                Passes::Nothing => self.piece::<V, false>(piece),
                Passes::Less => {
                    self.piece::<V, true>(piece);
                    let [left, right] = &mut self.output;
                    self.state.gate.release(&mut left[start..piece.end], &mut right[start..piece.end]);
                }
            }
            self.state.advance(length);
            start = piece.end;
        }
    }
}

impl Run<'_> {
    #[inline(always)]
    fn piece<V: Vector, const OPEN: bool>(&mut self, piece: Piece) {
        let rest = self.groups::<V, 2, OPEN>(piece);
        self.singles::<V, OPEN>(rest);
    }

    #[inline(always)]
    fn singles<V: Vector, const OPEN: bool>(&mut self, piece: Piece) {
        let rest = self.groups::<V, 1, OPEN>(piece);
        if V::LANES > 1 && rest.start < rest.end {
            self.singles::<V::Half, OPEN>(rest);
        }
    }

    /// As many groups of `K` vectors as there are; gives back the rest.
    #[inline(always)]
    fn groups<V: Vector, const K: usize, const OPEN: bool>(&mut self, mut piece: Piece) -> Piece {
        let width = K * V::LANES;
        if piece.end - piece.start < width {
            return piece;
        }
        let state = &mut *self.state;
        let [gain, dry, wet] = [state.gain, state.dry, state.wet].map(V::splat);
        let mut squares: [[V; K]; 2] = [load(&state.squares[0], 0), load(&state.squares[1], 0)];
        let mut peaks: [[V; K]; 2] = [load(&state.peaks[0], 0), load(&state.peaks[1], 0)];
        while piece.end - piece.start >= width {
            for (channel, (ring, output)) in state.rings.iter_mut().zip(&mut self.output).enumerate() {
                let samples: [V; K] = scaled(load(self.input[channel], piece.start), gain);
                let ring = ring.samples();
                let past: [V; K] = load(ring, piece.ring);
                store(samples, ring, piece.ring);
                let samples = added_times(scaled(samples, dry), past, wet);
                for ((sum, peak), sample) in squares[channel].iter_mut().zip(&mut peaks[channel]).zip(samples) {
                    let square = sample.mul(sample);
                    *sum = sum.add(square);
                    *peak = square.max(*peak);
                }
                store(if OPEN { samples } else { [V::splat(0.0); K] }, output, piece.start);
            }
            piece.start += width;
            piece.ring += width;
        }
        for channel in 0..2 {
            store(squares[channel], &mut state.squares[channel], 0);
            store(peaks[channel], &mut state.peaks[channel], 0);
        }
        piece
    }
}

impl State {
    #[inline(always)]
    fn advance(&mut self, frames: usize) {
        self.position += frames;
        if self.position == self.length {
            self.position = 0;
        }
        self.heard += frames;
        if self.heard == HOP {
            let sums = [0, 1].map(|channel| sum(&self.squares[channel]));
            self.heard = 0;
            self.squares = [[0.0; LANES]; 2];
            self.gate.end_hop(sums[0] + sums[1]);
            self.meter.end_hop(sums, &mut self.peaks);
        }
    }
}

impl Meter {
    #[inline(always)]
    fn end_hop(&mut self, sums: [f32; 2], peaks: &mut [[f32; LANES]; 2]) {
        self.hops += 1;
        self.sums = [self.sums[0] + sums[0], self.sums[1] + sums[1]];
        if self.hops == HOPS {
            self.peak = peaks.map(|lanes| lanes.into_iter().fold(0.0, |peak, lane| Vector::max(lane, peak)).sqrt());
            self.rms = self.sums.map(|sum| (sum / (HOPS * HOP) as f32).sqrt());
            (self.hops, self.sums, *peaks) = (0, [0.0; 2], [[0.0; LANES]; 2]);
        }
    }
}

/// In halves, so that it is done in vectors.
#[inline(always)]
fn sum(lanes: &[f32; LANES]) -> f32 {
    let mut eight = [0.0; 8];
    for part in lanes.chunks_exact(8) {
        for (sum, lane) in eight.iter_mut().zip(part) {
            *sum += lane;
        }
    }
    (eight[0] + eight[4]) + (eight[1] + eight[5]) + ((eight[2] + eight[6]) + (eight[3] + eight[7]))
}
