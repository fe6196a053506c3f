//! What the peers have no nodes for: written once as arithmetic, wrapped by each peer's adapter as its user would.
//!
//! Good loops on purpose: over contiguous pieces, in lanes. What is left between a peer and Patchline is the graph.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use patchline_benches::METER_WINDOW;

/// Stereo in, stereo out; blocks of any length.
pub(crate) trait Effect: Send + Sync + Clone + 'static {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]);
}

/// A factor.
#[derive(Clone)]
pub(crate) struct Gain(pub(crate) f32);

impl Effect for Gain {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        for (input, output) in input.into_iter().zip(output) {
            output.iter_mut().zip(input).for_each(|(out, sample)| *out = sample * self.0);
        }
    }
}

/// An echo: `d = ring[at]; out = x·dry + d·wet; ring[at] = x + d·feedback`.
#[derive(Clone)]
pub(crate) struct Echo {
    rings: [Vec<f32>; 2],
    at: usize,
    dry: f32,
    wet: f32,
    feedback: f32,
}

impl Echo {
    pub(crate) fn new(frames: usize, mix: f64, feedback: f32) -> Self {
        let ring = vec![0.0; frames];
        Self { rings: [ring.clone(), ring], at: 0, dry: (1.0 - mix) as f32, wet: mix as f32, feedback }
    }

    fn piece(&self, ring: &mut [f32], input: &[f32], output: &mut [f32]) {
        if self.feedback == 0.0 {
            for ((past, x), out) in ring.iter_mut().zip(input).zip(output) {
                *out = x * self.dry + *past * self.wet;
                *past = *x;
            }
        } else {
            for ((past, x), out) in ring.iter_mut().zip(input).zip(output) {
                let echo = *past;
                *out = x * self.dry + echo * self.wet;
                *past = x + echo * self.feedback;
            }
        }
    }
}

impl Effect for Echo {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        let mut rings = std::mem::take(&mut self.rings);
        let frames = input[0].len();
        let length = rings[0].len();
        let first = frames.min(length - self.at);
        for ((ring, input), output) in rings.iter_mut().zip(input).zip(output) {
            let (now, later) = output.split_at_mut(first);
            self.piece(&mut ring[self.at..], &input[..first], now);
            self.piece(ring, &input[first..], later);
        }
        self.rings = rings;
        self.at = (self.at + frames) % length;
    }
}

/// What a meter shows to another thread: peak left and right, RMS left and right, of the last whole window.
#[derive(Default)]
struct Shown([AtomicU32; 4]);

impl Shown {
    fn set(&self, at: usize, level: f32) {
        self.0[at].store(level.to_bits(), Ordering::Relaxed);
    }
}

/// Peak and RMS over windows; passes the signal on.
#[derive(Clone, Default)]
pub(crate) struct Meter {
    filled: usize,
    peaks: [[f32; 8]; 2],
    squares: [[f32; 8]; 2],
    shown: Arc<Shown>,
}

impl Meter {
    /// Only listens.
    pub(crate) fn listen(&mut self, input: [&[f32]; 2]) {
        let (mut at, frames) = (0, input[0].len());
        while at < frames {
            let end = frames.min(at + METER_WINDOW - self.filled);
            for (channel, input) in input.into_iter().enumerate() {
                let (peaks, squares) = (&mut self.peaks[channel], &mut self.squares[channel]);
                in_lanes(&input[at..end], |lane, sample| {
                    let size = sample.abs();
                    peaks[lane] = if size > peaks[lane] { size } else { peaks[lane] };
                    squares[lane] += sample * sample;
                });
            }
            self.filled += end - at;
            at = end;
            if self.filled == METER_WINDOW {
                self.show();
            }
        }
    }

    fn show(&mut self) {
        for channel in 0..2 {
            self.shown.set(channel, self.peaks[channel].into_iter().fold(0.0, f32::max));
            let mean = self.squares[channel].iter().sum::<f32>() / METER_WINDOW as f32;
            self.shown.set(2 + channel, mean.sqrt());
        }
        (self.filled, self.peaks, self.squares) = (0, [[0.0; 8]; 2], [[0.0; 8]; 2]);
    }
}

impl Effect for Meter {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        self.listen(input);
        output.into_iter().zip(input).for_each(|(output, input)| output.copy_from_slice(input));
    }
}

/// Frames between two decisions of the gate, and how many of these hops it looks back on.
const HOP: usize = 60;
const HOPS: usize = 8;
/// How long it stays open after the signal became too low, and how long its way to silence is, in frames.
const HOLD: usize = 48_000;
const RELEASE: usize = 960;
/// Means of squares where it opens, and where it may close.
const OPENS: f32 = 0.02 * 0.02;
const CLOSES: f32 = 0.015 * 0.015;

/// The gate of [`patchline_benches::Workload::Seeds`].
#[derive(Clone, Default)]
pub(crate) struct Gate {
    filled: usize,
    lanes: [f32; 8],
    hops: [f32; HOPS],
    at: usize,
    open: bool,
    /// Frames since the signal became too low.
    low_for: Option<usize>,
    /// Frames left on the way to silence.
    release: usize,
}

impl Gate {
    fn decide(&mut self) {
        self.hops[self.at] = self.lanes.iter().sum();
        self.at = (self.at + 1) % HOPS;
        (self.filled, self.lanes) = (0, [0.0; 8]);
        let mean = self.hops.iter().sum::<f32>() / (HOPS * HOP * 2) as f32;
        if !self.open {
            self.open = mean > OPENS;
        } else if mean >= CLOSES {
            self.low_for = None;
        } else {
            let low_for = self.low_for.map_or(0, |frames| frames + HOP);
            self.low_for = Some(low_for);
            if low_for >= HOLD {
                (self.open, self.low_for, self.release) = (false, None, RELEASE);
            }
        }
    }

    /// Copies what it lets through.
    fn pass(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        if self.open {
            output.into_iter().zip(input).for_each(|(output, input)| output.copy_from_slice(input));
        } else if self.release == 0 {
            output.into_iter().for_each(|output| output.fill(0.0));
        } else {
            let [left, right] = output;
            for (at, (left, right)) in left.iter_mut().zip(right).enumerate() {
                self.release = self.release.saturating_sub(1);
                let gain = 1.0 - (RELEASE - self.release) as f32 / RELEASE as f32;
                (*left, *right) = (input[0][at] * gain, input[1][at] * gain);
            }
        }
    }
}

impl Effect for Gate {
    fn run(&mut self, input: [&[f32]; 2], [left, right]: [&mut [f32]; 2]) {
        let (mut at, frames) = (0, input[0].len());
        while at < frames {
            let end = frames.min(at + HOP - self.filled);
            let hop = input.map(|channel| &channel[at..end]);
            self.pass(hop, [&mut left[at..end], &mut right[at..end]]);
            for channel in hop {
                in_lanes(channel, |lane, sample| self.lanes[lane] += sample * sample);
            }
            self.filled += end - at;
            at = end;
            if self.filled == HOP {
                self.decide();
            }
        }
    }
}

/// Eight sums side by side, so that the compiler can use vectors.
#[inline(always)]
fn in_lanes(samples: &[f32], mut add: impl FnMut(usize, f32)) {
    let mut eights = samples.chunks_exact(8);
    for eight in &mut eights {
        for (lane, sample) in eight.iter().enumerate() {
            add(lane, *sample);
        }
    }
    for (lane, sample) in eights.remainder().iter().enumerate() {
        add(lane, *sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_shows_peak_and_rms_of_the_last_whole_window_in_any_blocks() {
        let left: Vec<f32> = (0..3 * METER_WINDOW).map(|frame| (frame as f32 * 0.01).sin() * 0.5).collect();
        let right: Vec<f32> = left.iter().map(|sample| sample * -0.25).collect();
        let window = &left[2 * METER_WINDOW..];
        let peak = window.iter().fold(0.0, |peak: f32, sample| peak.max(sample.abs()));
        let rms = (window.iter().map(|sample| sample * sample).sum::<f32>() / METER_WINDOW as f32).sqrt();
        for block in [1, 7, 128, 5000] {
            let mut meter = Meter::default();
            for (left, right) in left.chunks(block).zip(right.chunks(block)) {
                meter.listen([left, right]);
            }
            let shown = [0, 1, 2, 3].map(|at| f32::from_bits(meter.shown.0[at].load(Ordering::Relaxed)));
            for (shown, right) in shown.into_iter().zip([peak, peak * 0.25, rms, rms * 0.25]) {
                assert!((shown - right).abs() < 1e-5, "blocks of {block}: {shown} instead of {right}");
            }
        }
    }
}
