//! Peak and RMS over windows, in lanes.

use super::simd::Vector;
use super::walk::load;

/// Lanes of the widest use: two of the widest vectors.
const LANES: usize = 32;

/// One window of both channels.
#[derive(Clone)]
pub(super) struct Levels {
    window: usize,
    /// Frames heard of this window.
    filled: usize,
    squares: [[f32; LANES]; 2],
    /// Largest squares.
    peaks: [[f32; LANES]; 2],
    /// Of the last whole window: left and right.
    pub(super) peak: [f32; 2],
    pub(super) rms: [f32; 2],
}

impl Levels {
    pub(super) fn new(window: usize) -> Self {
        let none = [[0.0; LANES]; 2];
        Self { window, filled: 0, squares: none, peaks: none, peak: [0.0; 2], rms: [0.0; 2] }
    }

    /// How many of the next `frames` frames belong to this window.
    #[inline(always)]
    pub(super) fn piece(&self, frames: usize) -> usize {
        frames.min(self.window - self.filled)
    }

    /// The lanes, in registers for a while.
    #[inline(always)]
    pub(super) fn open<V: Vector, const K: usize>(&self) -> Lanes<V, K> {
        Lanes {
            squares: [load(&self.squares[0], 0), load(&self.squares[1], 0)],
            peaks: [load(&self.peaks[0], 0), load(&self.peaks[1], 0)],
        }
    }

    /// The lanes back.
    #[inline(always)]
    pub(super) fn keep<V: Vector, const K: usize>(&mut self, lanes: Lanes<V, K>) {
        for channel in 0..2 {
            super::walk::store(lanes.squares[channel], &mut self.squares[channel], 0);
            super::walk::store(lanes.peaks[channel], &mut self.peaks[channel], 0);
        }
    }

    /// Hears frames of one window.
    #[inline(always)]
    pub(super) fn listen<V: Vector>(&mut self, channels: [&[f32]; 2]) {
        let heard = self.groups::<V, 2>(channels, 0);
        self.singles::<V>(channels, heard);
        self.advance(channels[0].len());
    }

    #[inline(always)]
    fn singles<V: Vector>(&mut self, channels: [&[f32]; 2], at: usize) {
        let heard = self.groups::<V, 1>(channels, at);
        if V::LANES > 1 && heard < channels[0].len() {
            self.singles::<V::Half>(channels, heard);
        }
    }

    /// As many whole groups as there are; gives back where the rest begins.
    #[inline(always)]
    fn groups<V: Vector, const K: usize>(&mut self, channels: [&[f32]; 2], mut at: usize) -> usize {
        let (width, end) = (K * V::LANES, channels[0].len());
        if end - at < width {
            return at;
        }
        let mut lanes = self.open::<V, K>();
        while end - at >= width {
            for channel in 0..2 {
                let samples: [V; K] = load(channels[channel], at);
                for k in 0..K {
                    lanes.hear(channel, k, samples[k]);
                }
            }
            at += width;
        }
        self.keep(lanes);
        at
    }

    /// Counts frames that the lanes have heard, at most as many as [`piece`](Self::piece) said.
    #[inline(always)]
    pub(super) fn advance(&mut self, frames: usize) {
        self.filled += frames;
        if self.filled == self.window {
            self.end();
        }
    }

    #[inline(never)]
    fn end(&mut self) {
        for channel in 0..2 {
            self.peak[channel] = self.peaks[channel].iter().fold(0.0f32, |peak, lane| peak.max(*lane)).sqrt();
            let sum: f32 = self.squares[channel].iter().sum();
            self.rms[channel] = (sum / self.window as f32).sqrt();
        }
        self.filled = 0;
        self.squares = [[0.0; LANES]; 2];
        self.peaks = [[0.0; LANES]; 2];
    }
}

/// Sums of squares and largest squares of both channels.
#[derive(Clone, Copy)]
pub(super) struct Lanes<V, const K: usize> {
    squares: [[V; K]; 2],
    peaks: [[V; K]; 2],
}

impl<V: Vector, const K: usize> Lanes<V, K> {
    /// Hears vector `k` of a channel; gives back its squares.
    #[inline(always)]
    pub(super) fn hear(&mut self, channel: usize, k: usize, samples: V) -> V {
        let square = samples.mul(samples);
        self.squares[channel][k] = self.squares[channel][k].add(square);
        self.peaks[channel][k] = square.max(self.peaks[channel][k]);
        square
    }
}
