//! Sine, square, saw and triangle from an integer phase.

use super::smooth::Smoothed;
use patchline_graph::exp2;

/// What one turn of an [`Oscillator`] looks like. All start at phase 0 with amplitude 1.
///
/// ```
/// use patchline_nodes::dsp::oscillator::{Oscillator, Shape};
///
/// let mut saw = Oscillator::new(Shape::Saw, 48_000.0, 100.0);
/// let mut turn = [0.0; 480];
/// saw.fill(&mut turn);
/// // Upwards all the way, but for the rounded step.
/// assert!(turn[2..478].windows(2).all(|pair| pair[0] < pair[1]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// sin(2π·phase).
    #[default]
    Sine,
    /// +1 for the first half of a turn, −1 for the second.
    Square,
    /// From −1 to 1 in a turn.
    Saw,
    /// From 0 to 1, to −1 and back to 0, like a sine with straight sides.
    Triangle,
}

/// A periodic signal of amplitude 1.
///
/// The phase is a 64-bit fraction of a turn, so it neither drifts nor depends on how the signal is split, and samples
/// use nothing but IEEE arithmetic: the same bits on every machine. Steps are rounded by PolyBLEP, corners by PolyBLAMP
/// (Välimäki, Pekonen, Nam, "Perceptually informed synthesis of bandlimited classical waveforms using integrated
/// polynomial interpolation", JASA 131, 2012; two-point versions), which pushes aliases down without a table.
///
/// ```
/// use patchline_nodes::dsp::oscillator::{Oscillator, Shape};
///
/// let mut tone = Oscillator::new(Shape::Sine, 48_000.0, 12_000.0);
/// let mut samples = [0.0; 4];
/// tone.fill(&mut samples);
/// let expected = [0.0, 1.0, 0.0, -1.0];
/// assert!(samples.iter().zip(expected).all(|(sample, expected): (&f32, f32)| (sample - expected).abs() < 1e-6));
///
/// // Within 20 ms an octave higher, and a square.
/// tone.set_frequency(24_000.0, 960);
/// tone.set_shape(Shape::Square, 960);
/// tone.fill(&mut [0.0; 960]);
/// tone.reset();
/// ```
#[derive(Debug, Clone)]
pub struct Oscillator {
    shape: Shape,
    rate: f64,
    /// Turns, as a fraction of 2⁶⁴; of the next sample.
    phase: u64,
    /// Steps per frame between which `glide` moves from 0 to 1, and log₂ of their ratio: 0 in a straight line.
    from: u64,
    to: u64,
    octaves: f64,
    glide: Smoothed,
    /// The shape before, and how much of the new one there is beside it.
    before: Shape,
    blend: Smoothed,
    /// The shape that was asked for last, and how many frames it is to take.
    wanted: Shape,
    blending: u64,
}

impl Shape {
    /// The sample at a phase, for samples `width` apart.
    #[inline(always)]
    fn at(self, turn: f32, width: f32) -> f32 {
        match self {
            Self::Sine => sine(turn),
            Self::Square => square(turn, width),
            Self::Saw => saw(turn, width),
            Self::Triangle => triangle(turn, width),
        }
    }
}

/// 2⁶⁴, one turn.
const TURN: f64 = 18_446_744_073_709_551_616.0;

impl Oscillator {
    /// An oscillator at phase 0. `rate` and `hz` are in Hz; `hz` is held between 0 and `rate`/2.
    pub fn new(shape: Shape, rate: f64, hz: f64) -> Self {
        let step = step(hz, rate);
        Oscillator {
            shape,
            rate,
            phase: 0,
            from: step,
            to: step,
            octaves: 0.0,
            glide: Smoothed::new(1.0),
            before: shape,
            blend: Smoothed::new(1.0),
            wanted: shape,
            blending: 0,
        }
    }

    /// Glides to `hz` over the next `frames` frames, by equal ratios; from and to 0 in a straight line. The phase goes on,
    /// so nothing jumps even without frames.
    pub fn set_frequency(&mut self, hz: f64, frames: u64) {
        let to = step(hz, self.rate);
        if to == self.to {
            return;
        }
        self.from = self.step_at(self.glide.value());
        self.to = to;
        let both = self.from > 0 && to > 0;
        self.octaves = if both { libm::log2(to as f64 / self.from as f64) } else { 0.0 };
        self.glide.jump(0.0);
        self.glide.set_target(1.0, frames);
    }

    /// Crossfades to another shape over the next `frames` frames, one change after the other.
    pub fn set_shape(&mut self, shape: Shape, frames: u64) {
        self.wanted = shape;
        self.blending = frames;
        self.start_blend();
    }

    fn start_blend(&mut self) {
        if self.blend.is_steady() && self.wanted != self.shape {
            self.before = std::mem::replace(&mut self.shape, self.wanted);
            self.blend.jump(0.0);
            self.blend.set_target(1.0, self.blending);
        }
    }

    /// Back to phase 0, with the frequency and the shape that were set last.
    pub fn reset(&mut self) {
        self.phase = 0;
        self.glide.finish();
        self.blend.finish();
        self.shape = self.wanted;
    }

    /// Writes the next samples.
    #[inline(always)]
    pub fn fill(&mut self, samples: &mut [f32]) {
        let samples = if self.blend.is_steady() { samples } else { self.fill_blended(samples) };
        match self.shape {
            Shape::Sine => self.run(samples, |turn, _| sine(turn)),
            Shape::Square => self.run(samples, square),
            Shape::Saw => self.run(samples, saw),
            Shape::Triangle => self.run(samples, triangle),
        }
    }

    /// Writes samples for as long as shapes fade into each other, and gives back the rest.
    #[cold]
    #[inline(never)]
    fn fill_blended<'s>(&mut self, mut samples: &'s mut [f32]) -> &'s mut [f32] {
        while !self.blend.is_steady() && !samples.is_empty() {
            let (now, later) = samples.split_at_mut(1);
            let (before, shape, weight) = (self.before, self.shape, self.blend.tick());
            self.run(now, |turn, width| {
                let from = before.at(turn, width);
                from + (shape.at(turn, width) - from) * weight
            });
            self.start_blend();
            samples = later;
        }
        samples
    }

    #[inline(always)]
    fn run(&mut self, samples: &mut [f32], shape: impl Fn(f32, f32) -> f32) {
        let mut samples = samples.iter_mut();
        while !self.glide.is_steady() {
            let Some(sample) = samples.next() else { return };
            let glide = self.glide.tick();
            let step = self.step_at(glide);
            *sample = shape(fraction(self.phase), fraction(step));
            self.phase = self.phase.wrapping_add(step);
        }
        // A phase of its own, which no sample can be mistaken for, is computed for several samples at once.
        let (mut phase, step) = (self.phase, self.to);
        let width = fraction(step);
        for sample in samples {
            *sample = shape(fraction(phase), width);
            phase = phase.wrapping_add(step);
        }
        self.phase = phase;
    }

    fn step_at(&self, glide: f32) -> u64 {
        if glide == 1.0 {
            return self.to;
        }
        if self.octaves != 0.0 {
            return (self.from as f64 * exp2(self.octaves * f64::from(glide))) as u64;
        }
        (self.from as f64 + (self.to as f64 - self.from as f64) * f64::from(glide)) as u64
    }
}

/// Turns per frame as a fraction of 2⁶⁴: at most half a turn.
fn step(hz: f64, rate: f64) -> u64 {
    ((hz / rate).clamp(0.0, 0.5) * TURN) as u64
}

/// The upper 24 bits of a phase as turns in [0, 1): exact in f32.
#[inline(always)]
fn fraction(phase: u64) -> f32 {
    ((phase >> 32) as u32 >> 8) as i32 as f32 * (1.0 / 16_777_216.0)
}

/// sin(2π·turn) for a turn in [0, 1), within 2.1e−7, never beyond ±1.
///
/// The turn is folded into a quarter, where an odd polynomial of degree 9 follows the sine: minimax on [−¼, ¼] by
/// Remez's exchange algorithm (1934), error 3.4e−9 before its coefficients are rounded to f32.
///
/// ```
/// use patchline_nodes::dsp::oscillator::sine;
///
/// assert!((sine(0.25) - 1.0).abs() < 1e-6);
/// ```
#[inline(always)]
#[expect(clippy::approx_constant, reason = "the minimax coefficient near 2π is not 2π")]
pub fn sine(turn: f32) -> f32 {
    // Exact: every term is a multiple of 2⁻²⁴ below 1.
    let half = 0.5 - turn;
    let mirrored = if half > 0.0 { 0.5 - half } else { -0.5 - half };
    let x = if half.abs() > 0.25 { mirrored } else { half };
    let u = x * x;
    let p = ((39.536_705 * u - 76.549_78) * u + 81.601_006) * u - 41.341_656;
    x * (p * u + 6.283_185)
}

#[inline(always)]
fn saw(turn: f32, width: f32) -> f32 {
    2.0 * turn - 1.0 - blep(turn, width)
}

#[inline(always)]
fn square(turn: f32, width: f32) -> f32 {
    let naive = if turn < 0.5 { 1.0 } else { -1.0 };
    naive + blep(turn, width) - blep(half_turn_on(turn), width)
}

#[inline(always)]
fn triangle(turn: f32, width: f32) -> f32 {
    // Corners at a quarter and three quarters of a turn; the slope changes by 8 per turn there.
    let from_high = half_turn_on(if turn < 0.75 { turn + 0.25 } else { turn - 0.75 });
    let naive = 4.0 * (from_high - 0.5).abs() - 1.0;
    let high = corner(from_high, width);
    let low = corner(half_turn_on(from_high), width);
    naive + 8.0 * width * (low - high)
}

#[inline(always)]
fn half_turn_on(turn: f32) -> f32 {
    if turn < 0.5 { turn + 0.5 } else { turn - 0.5 }
}

/// What rounds a step of +2 at turn 0, for samples `width` apart.
#[inline(always)]
fn blep(turn: f32, width: f32) -> f32 {
    let after = 1.0 - (turn / width).min(1.0);
    let before = 1.0 - ((1.0 - turn) / width).min(1.0);
    before * before - after * after
}

/// What rounds a corner at turn 0 whose slope rises by 1 per sample, for samples `width` apart.
#[inline(always)]
fn corner(turn: f32, width: f32) -> f32 {
    let distance = if turn < 0.5 { turn } else { 1.0 - turn };
    let near = 1.0 - (distance / width).min(1.0);
    near * near * near * (1.0 / 6.0)
}

#[cfg(test)]
mod tests;
