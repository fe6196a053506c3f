//! A delay line with wet/dry mix and feedback, for one channel.

use super::flush::storable;
use super::smooth::Smoothed;

/// What a [`DelayLine`] does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DelayParams {
    /// The delay in frames, at most the line's capacity. 0 means that the delayed signal is the input itself.
    pub frames: usize,
    /// Share of the delayed signal in the output, 0 to 1.
    pub mix: f64,
    /// Share of the delayed signal that is delayed again, −1 to 1; 0 if `frames` is 0.
    pub feedback: f32,
}

/// A delay of one channel. Per sample, with w0 = 1 − mix and w1 = mix, both rounded once from f64:
///
/// ```text
/// d   = buf[pos]
/// out = x·w0 + d·w1
/// buf[pos] = x + d·feedback
/// ```
///
/// What is written to the buffer is flushed (below 1e−15 becomes 0); NaN and infinities become 0 and are counted.
/// Mix and feedback glide to new values; a new delay is crossfaded with the old one in a straight line, one change after
/// the other. Steady, the formula holds bit for bit.
///
/// ```
/// use patchline_nodes::dsp::delay::{DelayLine, DelayParams};
///
/// let mut line = DelayLine::new(2, 882, DelayParams { frames: 2, mix: 0.25, feedback: 0.0 });
/// let mut samples = [1.0, 0.0, 0.0, 0.0];
/// line.process(&mut samples);
/// assert_eq!(samples, [0.75, 0.0, 0.25, 0.0]);
/// ```
#[derive(Debug, Clone)]
pub struct DelayLine {
    ring: Box<[f32]>,
    /// Where the next frame is written.
    write: usize,
    glide: u64,
    dry: Smoothed,
    wet: Smoothed,
    feedback: Smoothed,
    /// The delay that sounds, or fades out while `fade` is under way.
    delay: usize,
    /// The delay that fades in, and the one that was asked for last.
    next: usize,
    wanted: usize,
    /// How many frames that one is to take to come.
    wanted_over: u64,
    /// From 0 (`delay`) to 1 (`next`).
    fade: Smoothed,
}

/// Frames that are moved at once when the ring is longer than the delay.
const CHUNK: usize = 64;

impl DelayLine {
    /// A silent line for delays up to `capacity` frames, whose changes take `glide` frames.
    ///
    /// Allocates `capacity` samples (at least one) and touches each, so that no page is missing later.
    pub fn new(capacity: usize, glide: u64, params: DelayParams) -> Self {
        let mut ring = vec![0.0; capacity.max(1)].into_boxed_slice();
        // The kernel gives out zeroed pages on first use only; writing through a black box is that use.
        std::hint::black_box(&mut ring).fill(0.0);
        let delay = params.frames.min(capacity);
        DelayLine {
            ring,
            write: 0,
            glide,
            dry: Smoothed::new((1.0 - params.mix) as f32),
            wet: Smoothed::new(params.mix as f32),
            feedback: Smoothed::new(params.feedback),
            delay,
            next: delay,
            wanted: delay,
            wanted_over: glide,
            fade: Smoothed::new(0.0),
        }
    }

    /// Bytes that [`new`](DelayLine::new) allocates.
    pub fn footprint(capacity: usize) -> usize {
        capacity.max(1).saturating_mul(size_of::<f32>())
    }

    /// Glides to new parameters, as fast as all changes or within `over` frames. A delay beyond the capacity is held there.
    pub fn set(&mut self, params: DelayParams, over: Option<u64>) {
        let over = over.unwrap_or(self.glide);
        self.dry.set_target((1.0 - params.mix) as f32, over);
        self.wet.set_target(params.mix as f32, over);
        self.feedback.set_target(params.feedback, over);
        self.wanted = params.frames.min(self.ring.len());
        self.wanted_over = over;
        self.start_fade();
    }

    /// Silence in the line, and every glide at its end.
    pub fn reset(&mut self) {
        self.ring.fill(0.0);
        self.write = 0;
        self.dry.finish();
        self.wet.finish();
        self.feedback.finish();
        self.delay = self.wanted;
        self.next = self.wanted;
        self.fade.jump(0.0);
    }

    /// Processes a block in place; gives back how many values could not be stored because they were not finite.
    #[inline(always)]
    pub fn process(&mut self, samples: &mut [f32]) -> usize {
        let mut lost = 0;
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = match self.weights() {
                Some(weights) => {
                    let length = self.segment(rest.len());
                    let (now, later) = rest.split_at_mut(length);
                    lost += self.steady(now, weights);
                    (now.len(), later)
                }
                None => {
                    let (now, later) = rest.split_at_mut(1);
                    lost += self.moving(&mut now[0]);
                    (1, later)
                }
            };
            self.write = wrapped(self.write + now, self.ring.len());
            rest = later;
        }
        lost
    }

    /// Dry, wet and feedback, if nothing moves.
    #[inline(always)]
    fn weights(&self) -> Option<[f32; 3]> {
        let [dry, wet, feedback] = [&self.dry, &self.wet, &self.feedback];
        let steady = dry.is_steady() && wet.is_steady() && feedback.is_steady() && self.delay == self.next;
        steady.then(|| [dry.target(), wet.target(), feedback.target()])
    }

    /// How many frames lie in one piece, both where they are read and where they are written.
    #[inline(always)]
    fn segment(&self, frames: usize) -> usize {
        let to_end = frames.min(self.ring.len() - self.write);
        if self.delay == 0 || self.delay == self.ring.len() {
            return to_end;
        }
        // A chunk reads all of its delayed frames before it writes, so it must not be longer than the delay.
        to_end.min(self.ring.len() - self.tap(self.delay)).min(self.delay).min(CHUNK)
    }

    #[inline(always)]
    fn steady(&mut self, samples: &mut [f32], weights: [f32; 3]) -> usize {
        let tap = self.tap(self.delay);
        let written = self.write..self.write + samples.len();
        if self.delay == 0 {
            let stored = &mut self.ring[written];
            return run(samples.iter_mut().zip(stored).map(|(x, stored)| (*x, x, stored)), weights);
        }
        if self.delay == self.ring.len() {
            let stored = &mut self.ring[written];
            return run(samples.iter_mut().zip(stored).map(|(x, stored)| (*stored, x, stored)), weights);
        }
        let mut delayed = [0.0; CHUNK];
        let delayed = &mut delayed[..samples.len()];
        delayed.copy_from_slice(&self.ring[tap..tap + samples.len()]);
        let stored = &mut self.ring[written];
        run(samples.iter_mut().zip(stored).zip(delayed).map(|((x, stored), d)| (*d, x, stored)), weights)
    }

    /// One frame while something moves.
    #[cold]
    fn moving(&mut self, x: &mut f32) -> usize {
        let mut d = self.delayed(self.delay, *x);
        if self.delay != self.next {
            let fade = self.fade.tick();
            d += (self.delayed(self.next, *x) - d) * fade;
            if self.fade.is_steady() {
                d = self.delayed(self.next, *x);
                self.delay = self.next;
                self.start_fade();
            }
        }
        let weights = [self.dry.tick(), self.wet.tick(), self.feedback.tick()];
        let stored = &mut self.ring[self.write];
        run(std::iter::once((d, x, stored)), weights)
    }

    fn start_fade(&mut self) {
        if self.delay == self.next && self.wanted != self.delay {
            self.next = self.wanted;
            self.fade.jump(0.0);
            self.fade.set_target(1.0, self.wanted_over.max(1));
        }
    }

    #[inline(always)]
    fn delayed(&self, delay: usize, x: f32) -> f32 {
        if delay == 0 { x } else { self.ring[self.tap(delay)] }
    }

    /// Where the frame is that was written `delay` frames before the next one.
    #[inline(always)]
    fn tap(&self, delay: usize) -> usize {
        if delay <= self.write { self.write - delay } else { self.write + self.ring.len() - delay }
    }
}

/// The formula itself, over (delayed, sample, stored); gives back how many values were not finite.
#[inline(always)]
fn run<'a>(frames: impl Iterator<Item = (f32, &'a mut f32, &'a mut f32)>, weights: [f32; 3]) -> usize {
    let [dry, wet, feedback] = weights;
    let mut lost = 0;
    for (d, x, stored) in frames {
        let (value, not_finite) = storable(*x + d * feedback);
        *x = *x * dry + d * wet;
        *stored = value;
        lost += not_finite;
    }
    lost as usize
}

#[inline(always)]
fn wrapped(at: usize, length: usize) -> usize {
    if at >= length { at - length } else { at }
}

#[cfg(test)]
mod tests;
