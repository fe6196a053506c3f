//! Peak and RMS over windows, in lanes.

use super::simd::Vector;
use super::walk::{load, store};

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
        for (kept, lanes) in self.squares.iter_mut().zip(lanes.squares) {
            store(lanes, kept, 0);
        }
        for (kept, lanes) in self.peaks.iter_mut().zip(lanes.peaks) {
            store(lanes, kept, 0);
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
            for (channel, samples) in channels.iter().enumerate() {
                lanes.hear(channel, load(samples, at));
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
        let window = self.window as f32;
        self.peak = self.peaks.map(|lanes| lanes.into_iter().fold(0.0, f32::max).sqrt());
        self.rms = self.squares.map(|lanes| (lanes.iter().sum::<f32>() / window).sqrt());
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
    /// Hears vectors of a channel.
    #[inline(always)]
    pub(super) fn hear(&mut self, channel: usize, samples: [V; K]) {
        let lanes = self.squares[channel].iter_mut().zip(&mut self.peaks[channel]);
        for ((sum, peak), sample) in lanes.zip(samples) {
            let square = sample.mul(sample);
            *sum = sum.add(square);
            *peak = square.max(*peak);
        }
    }
}
