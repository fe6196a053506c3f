//! From the ring to the output: through a resampler, or as it is.

use patchline_graph::touched;
use rtrb::Consumer;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable, Async, FixedAsync, PolynomialDegree, Resampler, Resizable, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

use super::{DriftConfig, MOST, Quality};

/// Frames of output that are made at once.
const CHUNK: usize = 256;
/// The resampler's range, a little more than the control uses.
const RANGE: f64 = 1.0 + 1.25 * MOST;

/// What makes output of the input.
pub(super) struct Path {
    channels: usize,
    /// `None` passes frames as they are.
    resampler: Option<Async<f32>>,
    /// Frames of input that an output frame needs after its own place, at most.
    ahead_most: usize,
    /// How far what was taken from the ring is past the place of the last output frame, in frames of input.
    ahead: f64,
    /// Frames of input for each of output: nominal, the last chunk's, and wanted.
    nominal: f64,
    step: f64,
    target: f64,
    /// Frames × channels.
    taken: Vec<f32>,
    made: Vec<f32>,
}

impl Path {
    pub(super) fn new(config: &DriftConfig) -> Self {
        let nominal = f64::from(config.input_rate) / f64::from(config.output_rate);
        let (resampler, ahead_most, ahead) =
            if config.locked { (None, 1, 1.0) } else { resampler(config, 1.0 / nominal) };
        let most = resampler.as_ref().map_or(CHUNK, Resampler::input_frames_max);
        Self {
            channels: config.channels,
            resampler,
            ahead_most,
            ahead,
            nominal,
            step: nominal,
            target: nominal,
            taken: touched::zeros(most * config.channels),
            made: touched::zeros(CHUNK * config.channels),
        }
    }

    /// Frames of input that an output frame needs after its own place, at most.
    pub(super) fn ahead_most(&self) -> usize {
        self.ahead_most
    }

    /// How far what was taken from the ring is past the place of the next output frame, in frames of input.
    pub(super) fn ahead(&self) -> f64 {
        self.ahead - self.step
    }

    /// Frames of input that `frames` frames of output take at most.
    pub(super) fn needs(&self, frames: usize) -> usize {
        (frames as f64 * self.nominal * (1.0 + MOST)).ceil() as usize + self.ahead_most + 1
    }

    /// From now on the input is to be this much faster than nominal, as a part of it; reached within the next chunk.
    /// Says how much it will be.
    pub(super) fn steer(&mut self, correction: f64) -> f64 {
        if self.resampler.is_none() {
            return 0.0;
        }
        self.target = self.nominal * (1.0 + correction);
        correction
    }

    /// Fills the frames `from` of `outputs` and on, until the ring is empty; says where that was, and how many frames of
    /// the ring it took.
    pub(super) fn play(&mut self, ring: &mut Consumer<f32>, outputs: &mut [&mut [f32]], from: usize) -> (usize, usize) {
        let frames = outputs.first().map_or(0, |output| output.len());
        let (mut at, mut took) = (from, 0);
        while at < frames {
            let available = ring.slots() / self.channels;
            let chunk = CHUNK.min(frames - at).min(self.possible(available));
            if chunk == 0 {
                break;
            }
            took += self.make(chunk, ring);
            self.deliver(chunk, at, outputs);
            at += chunk;
        }
        (at, took)
    }

    /// How many frames of output `available` frames of input make.
    fn possible(&self, available: usize) -> usize {
        if self.resampler.is_none() {
            return available;
        }
        let reach = available as f64 + self.ahead - self.ahead_most as f64;
        (reach / self.step.max(self.target)).max(0.0) as usize
    }

    /// Makes a chunk of what is at the ring's start; says how many frames it took.
    fn make(&mut self, frames: usize, ring: &mut Consumer<f32>) -> usize {
        let Some(resampler) = &mut self.resampler else {
            take(ring, &mut self.made[..frames * self.channels]);
            return frames;
        };
        let known = "a chunk and a ratio within the bounds the resampler was made for";
        resampler.set_chunk_size(frames).expect(known);
        resampler.set_resample_ratio(1.0 / self.target, true).expect(known);
        let needed = resampler.input_frames_next();
        let taken = &mut self.taken[..needed * self.channels];
        take(ring, taken);
        let sized = "slices of the sizes they are said to have";
        let input = InterleavedSlice::new(taken, self.channels, needed).expect(sized);
        let made = &mut self.made[..frames * self.channels];
        let mut output = InterleavedSlice::new_mut(made, self.channels, frames).expect(sized);
        resampler.process_into_buffer(&input, &mut output, None).expect(sized);
        // The step goes evenly from the last one to the target, which the chunk's last frame has.
        let advance = frames as f64 * 0.5 * (self.step + self.target) + 0.5 * (self.target - self.step);
        self.ahead += needed as f64 - advance;
        self.step = self.target;
        needed
    }

    /// Copies a chunk to where it belongs; channels that the device has beyond ours are silent.
    fn deliver(&self, frames: usize, at: usize, outputs: &mut [&mut [f32]]) {
        let made = &self.made[..frames * self.channels];
        for (channel, output) in outputs.iter_mut().enumerate() {
            let output = &mut output[at..][..frames];
            if channel < self.channels {
                let samples = made.iter().skip(channel).step_by(self.channels);
                output.iter_mut().zip(samples).for_each(|(to, from)| *to = *from);
            } else {
                output.fill(0.0);
            }
        }
    }
}

/// A resampler, how many frames of input an output frame needs after its own place, and how many it has before it has
/// taken any: it starts as if silence had come before.
fn resampler(config: &DriftConfig, ratio: f64) -> (Option<Async<f32>>, usize, f64) {
    let (channels, fixed) = (config.channels, FixedAsync::Output);
    let made = match config.quality {
        Quality::Quick => Async::new_poly(ratio, RANGE, PolynomialDegree::Septic, CHUNK, channels, fixed),
        Quality::Clean => Async::new_sinc(ratio, RANGE, &sinc(), CHUNK, channels, fixed),
    };
    // The polynomial asks for as many frames beyond the place of an output frame as it has points, and one that begins;
    // its first output stands half as many frames before its input. The sinc asks for half of its length and two.
    let (ahead_most, ahead) = match config.quality {
        Quality::Quick => (POINTS + 1, POINTS / 2),
        Quality::Clean => (TAPS / 2 + 2, TAPS / 2),
    };
    (Some(made.expect("the ratio and the channels were checked")), ahead_most, ahead as f64)
}

/// Points that the polynomial goes through.
const POINTS: usize = 8;
/// Length of the windowed sinc.
const TAPS: usize = 64;

fn sinc() -> SincInterpolationParameters {
    SincInterpolationParameters {
        sinc_len: TAPS,
        f_cutoff: None,
        interpolation: SincInterpolationType::Cubic,
        oversampling_factor: 128,
        window: WindowFunction::Hann2,
    }
}

/// Takes samples that are there.
fn take(ring: &mut Consumer<f32>, samples: &mut [f32]) {
    ring.pop_entire_slice(samples).expect("as many as were counted");
}
