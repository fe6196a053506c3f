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
    memory: Ring,
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

/// Frames that are moved at once where those that are read and those that are written overlap.
const CHUNK: usize = 64;

impl DelayLine {
    /// A silent line for delays up to `capacity` frames, whose changes take `glide` frames.
    ///
    /// Allocates `capacity` samples (at least one) and touches each, so that no page is missing later.
    pub fn new(capacity: usize, glide: u64, params: DelayParams) -> Self {
        let delay = params.frames.min(capacity);
        DelayLine {
            memory: Ring::new(capacity.max(1)),
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
        Ring::footprint(capacity.max(1))
    }

    /// Glides to new parameters, as fast as all changes or within `over` frames. A delay beyond the capacity is held there.
    pub fn set(&mut self, params: DelayParams, over: Option<u64>) {
        let over = over.unwrap_or(self.glide);
        self.dry.set_target((1.0 - params.mix) as f32, over);
        self.wet.set_target(params.mix as f32, over);
        self.feedback.set_target(params.feedback, over);
        self.wanted = params.frames.min(self.memory.frames);
        self.wanted_over = over;
        self.start_fade();
    }

    /// Silence in the line, and every glide at its end.
    pub fn reset(&mut self) {
        self.memory.ring().fill(0.0);
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
            self.write = wrapped(self.write + now, self.memory.frames);
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
        let length = self.memory.frames;
        let to_end = frames.min(length - self.write);
        if self.delay == 0 || self.delay == length {
            return to_end;
        }
        // What a segment reads was written before it: it is not longer than the delay.
        let tap = self.tap(self.delay);
        to_end.min(length - tap).min(self.delay).min(self.write.abs_diff(tap).max(CHUNK))
    }

    #[inline(always)]
    fn steady(&mut self, samples: &mut [f32], weights: [f32; 3]) -> usize {
        let (tap, write, frames) = (self.tap(self.delay), self.write, samples.len());
        let ring = self.memory.ring();
        if self.delay == 0 {
            let stored = &mut ring[write..write + frames];
            return echo::<true>(samples.iter_mut().zip(stored).map(|(x, stored)| (*x, x, stored)), weights);
        }
        if self.delay == ring.len() {
            let stored = &mut ring[write..write + frames];
            let frames = samples.iter_mut().zip(stored).map(|(x, stored)| (*stored, x, stored));
            return if weights[2] == 0.0 { echo::<false>(frames, weights) } else { echo::<true>(frames, weights) };
        }
        let mut copy = [0.0; CHUNK];
        let (delayed, stored) = if write.abs_diff(tap) < frames {
            copy[..frames].copy_from_slice(&ring[tap..tap + frames]);
            (&copy[..frames], &mut ring[write..write + frames])
        } else if tap < write {
            let (past, now) = ring.split_at_mut(write);
            (&past[tap..tap + frames], &mut now[..frames])
        } else {
            let (now, past) = ring.split_at_mut(tap);
            (&past[..frames], &mut now[write..write + frames])
        };
        let frames = samples.iter_mut().zip(stored).zip(delayed).map(|((x, stored), d)| (*d, x, stored));
        if weights[2] == 0.0 { echo::<false>(frames, weights) } else { echo::<true>(frames, weights) }
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
        let stored = &mut self.memory.ring()[self.write];
        echo::<true>(std::iter::once((d, x, stored)), weights)
    }

    fn start_fade(&mut self) {
        if self.delay == self.next && self.wanted != self.delay {
            self.next = self.wanted;
            self.fade.jump(0.0);
            self.fade.set_target(1.0, self.wanted_over.max(1));
        }
    }

    #[inline(always)]
    fn delayed(&mut self, delay: usize, x: f32) -> f32 {
        let tap = self.tap(delay);
        if delay == 0 { x } else { self.memory.ring()[tap] }
    }

    /// Where the frame is that was written `delay` frames before the next one.
    #[inline(always)]
    fn tap(&self, delay: usize) -> usize {
        if delay <= self.write { self.write - delay } else { self.write + self.memory.frames - delay }
    }
}

/// The formula itself, over (delayed, sample, stored); gives back how many values were not finite.
///
/// Without feedback it may be left out: 0 times what was stored, which is finite, changes no sample but −0, which is
/// stored as 0 anyway.
#[inline(always)]
fn echo<'a, const FEEDS_BACK: bool>(
    frames: impl ExactSizeIterator<Item = (f32, &'a mut f32, &'a mut f32)>,
    weights: [f32; 3],
) -> usize {
    let [dry, wet, feedback] = weights;
    let count = frames.len();
    let mut finite = 0u32;
    for (d, x, stored) in frames {
        let (value, is_finite) = storable(if FEEDS_BACK { *x + d * feedback } else { *x });
        *x = *x * dry + d * wet;
        *stored = value;
        finite += u32::from(is_finite);
    }
    count - finite as usize
}

#[inline(always)]
fn wrapped(at: usize, length: usize) -> usize {
    if at >= length { at - length } else { at }
}

/// Samples that begin on a cache line, so that no vector of a block lies on two.
#[derive(Debug)]
struct Ring {
    memory: Box<[f32]>,
    start: usize,
    frames: usize,
}

/// Samples on a cache line.
const LINE: usize = 64 / size_of::<f32>();

impl Ring {
    fn new(frames: usize) -> Self {
        let mut memory = vec![0.0; frames + LINE - 1].into_boxed_slice();
        // The kernel gives out zeroed pages on first use only; writing through a black box is that use.
        std::hint::black_box(&mut memory).fill(0.0);
        let start = memory.as_ptr().align_offset(64).min(LINE - 1);
        Ring { memory, start, frames }
    }

    fn footprint(frames: usize) -> usize {
        frames.saturating_add(LINE - 1).saturating_mul(size_of::<f32>())
    }

    #[inline(always)]
    fn ring(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..][..self.frames]
    }
}

/// A copy lies elsewhere, and begins on a line of its own.
impl Clone for Ring {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.frames);
        copy.ring().copy_from_slice(&self.memory[self.start..][..self.frames]);
        copy
    }
}

#[cfg(test)]
mod tests;
