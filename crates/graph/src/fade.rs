//! Fades: sound that a load lets in or out, frame by frame.
//!
//! A fade is a pure function of the frame, so any split into blocks gives the same bits, and so does every moment at
//! which it is taken away once it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Frame, Frames};

/// What a sum is left as it is by, to the bit: `x + -0.0` is `x`, even where `x` is `-0.0`.
const SILENCE: f32 = -0.0;

/// A load's frame that is not known yet.
const NOT_YET: Frame = Frame::MAX;

/// The frame at which a load took over, once it did: written by the audio thread, read by the control thread.
#[derive(Clone, Debug)]
pub(crate) struct Moment(Arc<AtomicU64>);

impl Moment {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(NOT_YET)))
    }

    pub(crate) fn is(&self, frame: Frame) {
        self.0.store(frame, Ordering::Relaxed);
    }

    /// Whether `frames` frames have passed since at frame `now`.
    pub(crate) fn is_past(&self, frames: Frames, now: Frame) -> bool {
        match self.0.load(Ordering::Relaxed) {
            NOT_YET => false,
            start => start.saturating_add(frames) <= now,
        }
    }
}

/// A fade as a schedule has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fade {
    /// How many frames after the load it begins.
    pub after: Frames,
    /// How long it lasts, in frames.
    pub length: Frames,
    /// Whether it lets sound in, or out.
    pub rises: bool,
}

impl Fade {
    /// Frames after the load at which it is over.
    pub(crate) fn end(&self) -> Frames {
        self.after.saturating_add(self.length)
    }
}

/// A fade as the audio thread has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ramp {
    fade: Fade,
    start: Frame,
}

impl Ramp {
    /// Of a load that takes over at a frame.
    pub(crate) fn new(fade: Fade, load: Frame) -> Self {
        Self { fade, start: load.saturating_add(fade.after) }
    }

    /// `samples *= weight`, from the frame `position` on.
    #[inline(always)]
    pub(crate) fn apply(&self, position: Frame, samples: &mut [f32]) {
        let Fade { length, rises, .. } = self.fade;
        // Frame `start` itself has not moved yet, and frame `start + length` is there.
        let before = split(samples, position, self.start.saturating_add(1));
        let (before, rest) = samples.split_at_mut(before);
        let position = position + before.len() as Frame;
        let within = split(rest, position, self.start.saturating_add(length));
        let (within, after) = rest.split_at_mut(within);
        let [closed, first] = [if rises { before } else { after }, within];
        closed.fill(SILENCE);
        let passed = position.saturating_sub(self.start);
        let step = length as f64;
        for (frame, sample) in first.iter_mut().enumerate() {
            // A cubic that is level at both ends: neither has a corner that could be heard. The two weights add up to 1
            // exactly.
            let x = (passed as f64 + f64::from(frame as i32)) / step;
            let weight = (x * x * (3.0 - 2.0 * x)) as f32;
            *sample *= if rises { weight } else { 1.0 - weight };
        }
    }
}

/// How many of the samples from the frame `position` on come before the frame `end`.
#[inline(always)]
fn split(samples: &[f32], position: Frame, end: Frame) -> usize {
    usize::try_from(end.saturating_sub(position)).unwrap_or(usize::MAX).min(samples.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Frames = 960;

    fn ramp(rises: bool) -> Ramp {
        Ramp::new(Fade { after: 10, length: LENGTH, rises }, 100)
    }

    fn weighed(rises: bool, sample: f32, frame: Frame) -> f32 {
        let mut samples = [sample];
        ramp(rises).apply(frame, &mut samples);
        samples[0]
    }

    #[test]
    fn what_comes_and_what_goes_add_up_to_one() {
        for frame in 0..2_000 {
            let [up, down] = [true, false].map(|rises| weighed(rises, 1.0, frame));
            assert_eq!(up + down, 1.0, "{frame}");
        }
    }

    #[test]
    fn before_and_after_it_is_all_or_nothing_to_the_bit() {
        let weighed = |rises, frame, sample: f32| weighed(rises, sample, frame).to_bits();
        for sample in [0.3_f32, -0.0, f32::NAN, f32::INFINITY] {
            assert_eq!(weighed(true, 110 + LENGTH, sample), sample.to_bits());
            assert_eq!(weighed(false, 110, sample), sample.to_bits());
            assert_eq!(weighed(true, 110, sample), SILENCE.to_bits());
            assert_eq!(weighed(false, 110 + LENGTH, sample), SILENCE.to_bits());
        }
    }

    #[test]
    fn any_split_gives_the_same_bits() {
        let input: Vec<f32> = (0..1_200).map(|frame| libm::sinf(frame as f32 * 0.1)).collect();
        let whole = {
            let mut out = input.clone();
            ramp(false).apply(0, &mut out);
            out
        };
        let mut parts = input.clone();
        let mut at = 0;
        for length in [1, 7, 64, 333].into_iter().cycle() {
            let end = (at + length).min(parts.len());
            ramp(false).apply(at as Frame, &mut parts[at..end]);
            at = end;
            if at == parts.len() {
                break;
            }
        }
        assert_eq!(whole, parts);
    }
}
