//! The limit: what somebody would write by hand for exactly this graph, one pass where one pass will do.
//!
//! Plain Rust compiled for the same instruction set as the engine, with the same order of operations: the bits are
//! equal, which every case checks before it is timed.

use std::hint::black_box;

/// Samples kept in registers: eight vectors of SSE2.
const TILE: usize = 32;

/// One stereo block in, one out.
pub(crate) trait Loop {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]);
}

/// N gains in series: every tile stays in registers for all of them.
pub(crate) struct Chain(pub(crate) Vec<f32>);

impl Loop for Chain {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        for (input, output) in input.into_iter().zip(output) {
            tiles(input, output, |tile| {
                for gain in black_box(&self.0[..]) {
                    tile.iter_mut().for_each(|sample| *sample *= gain);
                }
            });
        }
    }
}

/// One signal through N gains side by side, summed.
pub(crate) struct Wide(pub(crate) Vec<f32>);

impl Loop for Wide {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        for (input, output) in input.into_iter().zip(output) {
            tiles(input, output, |tile| {
                let source = *tile;
                let gains = black_box(&self.0[..]);
                tile.iter_mut().for_each(|sample| *sample *= gains[0]);
                for gain in &gains[1..] {
                    tile.iter_mut().zip(&source).for_each(|(sum, sample)| *sum += sample * gain);
                }
            });
        }
    }
}

fn tiles(input: &[f32], output: &mut [f32], mut work: impl FnMut(&mut [f32; TILE])) {
    let mut tile = [0.0; TILE];
    for (input, output) in input.chunks(TILE).zip(output.chunks_mut(TILE)) {
        tile[..input.len()].copy_from_slice(input);
        work(&mut tile);
        output.copy_from_slice(&tile[..output.len()]);
    }
}

/// N delays in series, each over two contiguous pieces of its ring.
pub(crate) struct Delays {
    lines: Vec<[Vec<f32>; 2]>,
    position: usize,
    wet: f32,
    dry: f32,
}

impl Delays {
    pub(crate) fn new(count: usize, frames: usize, mix: f64) -> Self {
        let lines = (0..count).map(|_| [vec![0.0; frames], vec![0.0; frames]]).collect();
        Self { lines, position: 0, wet: mix as f32, dry: (1.0 - mix) as f32 }
    }
}

impl Loop for Delays {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        let length = self.lines[0][0].len();
        let frames = input[0].len();
        for (channel, (input, output)) in input.into_iter().zip(output).enumerate() {
            output.copy_from_slice(input);
            for line in &mut self.lines {
                let ring = &mut line[channel];
                let first = frames.min(length - self.position);
                let (head, tail) = output.split_at_mut(first);
                echo(head, &mut ring[self.position..self.position + first], self.dry, self.wet);
                echo(tail, &mut ring[..frames - first], self.dry, self.wet);
            }
        }
        self.position = (self.position + frames) % length;
    }
}

fn echo(samples: &mut [f32], ring: &mut [f32], dry: f32, wet: f32) {
    for (sample, past) in samples.iter_mut().zip(ring) {
        let (x, d) = (*sample, *past);
        *sample = x * dry + d * wet;
        *past = x;
    }
}

/// gain → delay → meter → gate, with an open gate.
pub(crate) struct Effects {
    gain: f32,
    delay: Delays,
    meter: [Window; 2],
    gate: Gate,
    /// Peak and RMS of both channels, so that they are computed.
    pub(crate) levels: [f32; 4],
}

impl Effects {
    pub(crate) fn new(gain: f32, delay: Delays, meter_window: usize, gate_window: usize) -> Self {
        let meter = [Window::new(meter_window), Window::new(meter_window)];
        Self { gain, delay, meter, gate: Gate::new(gate_window / 8), levels: [0.0; 4] }
    }
}

impl Loop for Effects {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        let [left, right] = output;
        for (input, output) in input.into_iter().zip([&mut *left, &mut *right]) {
            output.iter_mut().zip(input).for_each(|(output, sample)| *output = sample * self.gain);
        }
        let length = self.delay.lines[0][0].len();
        let first = left.len().min(length - self.delay.position);
        let (dry, wet) = (self.delay.dry, self.delay.wet);
        for (output, ring) in [&mut *left, &mut *right].into_iter().zip(&mut self.delay.lines[0]) {
            let (head, tail) = output.split_at_mut(first);
            echo(head, &mut ring[self.delay.position..self.delay.position + first], dry, wet);
            let rest = tail.len();
            echo(tail, &mut ring[..rest], dry, wet);
        }
        self.delay.position = (self.delay.position + left.len()) % length;
        for (channel, (samples, window)) in [&*left, &*right].into_iter().zip(&mut self.meter).enumerate() {
            if let Some((peak, rms)) = window.listen(samples) {
                (self.levels[channel], self.levels[2 + channel]) = (peak, rms);
            }
        }
        if !self.gate.listen(left, right) {
            left.fill(0.0);
            right.fill(0.0);
        }
    }
}

/// Peak and mean square over windows of so many frames, in eight lanes.
struct Window {
    length: usize,
    filled: usize,
    peaks: [f32; 8],
    squares: [f32; 8],
}

impl Window {
    fn new(length: usize) -> Self {
        Self { length, filled: 0, peaks: [0.0; 8], squares: [0.0; 8] }
    }

    fn listen(&mut self, mut samples: &[f32]) -> Option<(f32, f32)> {
        let mut done = None;
        while !samples.is_empty() {
            let (part, rest) = samples.split_at(samples.len().min(self.length - self.filled));
            self.add(part);
            self.filled += part.len();
            if self.filled == self.length {
                let peak = self.peaks.into_iter().fold(0.0, f32::max).sqrt();
                let mean = self.squares.into_iter().sum::<f32>() / self.length as f32;
                *self = Self::new(self.length);
                done = Some((peak, mean.sqrt()));
            }
            samples = rest;
        }
        done
    }

    fn add(&mut self, samples: &[f32]) {
        let mut eights = samples.chunks_exact(8);
        for eight in &mut eights {
            #[expect(clippy::needless_range_loop, reason = "two lists are walked beside it, lane by lane")]
            for lane in 0..8 {
                let square = eight[lane] * eight[lane];
                self.squares[lane] += square;
                self.peaks[lane] = if square > self.peaks[lane] { square } else { self.peaks[lane] };
            }
        }
        for (lane, sample) in eights.remainder().iter().enumerate() {
            self.squares[lane] += sample * sample;
            self.peaks[lane] = self.peaks[lane].max(sample * sample);
        }
    }
}

/// An energy gate: RMS of the last eight hops against a threshold, at the end of each hop.
struct Gate {
    hop: usize,
    filled: usize,
    lanes: [f32; 8],
    hops: [f32; 8],
    index: usize,
    open: bool,
}

impl Gate {
    fn new(hop: usize) -> Self {
        Self { hop, filled: 0, lanes: [0.0; 8], hops: [0.0; 8], index: 0, open: true }
    }

    fn listen(&mut self, left: &[f32], right: &[f32]) -> bool {
        let mut at = 0;
        while at < left.len() {
            let end = left.len().min(at + self.hop - self.filled);
            self.add(&left[at..end]);
            self.add(&right[at..end]);
            self.filled += end - at;
            if self.filled == self.hop {
                self.decide();
            }
            at = end;
        }
        self.open
    }

    fn add(&mut self, samples: &[f32]) {
        let mut eights = samples.chunks_exact(8);
        for eight in &mut eights {
            self.lanes.iter_mut().zip(eight).for_each(|(lane, sample)| *lane += sample * sample);
        }
        self.lanes.iter_mut().zip(eights.remainder()).for_each(|(lane, sample)| *lane += sample * sample);
    }

    fn decide(&mut self) {
        self.hops[self.index] = self.lanes.iter().sum();
        self.index = (self.index + 1) % 8;
        (self.filled, self.lanes) = (0, [0.0; 8]);
        let mean = self.hops.iter().sum::<f32>() / (8 * self.hop * 2) as f32;
        self.open = mean.sqrt() > 0.001;
    }
}
