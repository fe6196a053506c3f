//! Fades: sound that a load lets in or out, frame by frame.
//!
//! A fade is a pure function of the frame, so any split into blocks gives the same bits, and so does every moment at
//! which it is taken away once it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Frame, Frames, touched};

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
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Scale, around, trim};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Fade, StreamSpec, engine};
///
/// let (mut engine, mut renderer) = engine(StreamSpec { fade: 960, ..StreamSpec::new(48_000, 64, 1, 1) });
/// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
/// engine.load(trim(0.5))?;
/// renderer.render(1, &[&[1.0]], &mut [&mut [0.0]]);
/// engine.load(around("boost", Scale(2.0)))?;
/// assert!(engine.schedule().fades.contains(&Fade { after: 0, length: 960, rises: true }));
/// # Ok(())
/// # }
/// ```
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ramp {
    fade: Fade,
    start: Frame,
}

impl Ramp {
    /// Of a load that takes over at a frame.
    pub(crate) fn new(fade: Fade, load: Frame) -> Self {
        Self { fade, start: load.saturating_add(fade.after) }
    }

    /// Whether nothing changes any more from the frame before `position` on.
    pub(crate) fn is_over(&self, position: Frame) -> bool {
        position > self.start.saturating_add(self.fade.length)
    }

    /// Whether it leaves so many samples from the frame `position` on as they are.
    #[inline(always)]
    pub(crate) fn is_open(&self, position: Frame, frames: usize) -> bool {
        match self.fade.rises {
            true => position >= self.start.saturating_add(self.fade.length),
            false => position.saturating_add(frames as Frame) <= self.start.saturating_add(1),
        }
    }

    /// `samples *= weight`, from the frame `position` on; `weights` are those of the same frames.
    #[inline(always)]
    pub(crate) fn apply(&self, position: Frame, samples: &mut [f32], weights: &[f32]) {
        let [before, after] = self.within(position, samples.len());
        let (rest, closing) = samples.split_at_mut(after);
        let (opening, within) = rest.split_at_mut(before);
        let closed = if self.fade.rises { opening } else { closing };
        closed.fill(SILENCE);
        for (sample, weight) in within.iter_mut().zip(&weights[before..after]) {
            *sample *= weight;
        }
    }

    /// The weights from the frame `position` on, where they are neither all nor nothing.
    #[inline(always)]
    fn weigh(&self, position: Frame, weights: &mut [f32]) {
        let [before, after] = self.within(position, weights.len());
        let passed = (position + before as Frame).saturating_sub(self.start);
        let step = self.fade.length as f64;
        for (frame, weight) in weights[before..after].iter_mut().enumerate() {
            // A cubic that is level at both ends: neither has a corner that could be heard. The two weights add up to 1
            // exactly.
            let x = (passed as f64 + f64::from(frame as i32)) / step;
            let rising = (x * x * (3.0 - 2.0 * x)) as f32;
            *weight = if self.fade.rises { rising } else { 1.0 - rising };
        }
    }

    /// Which of so many frames from the frame `position` on come before the fade, and which before its end.
    #[inline(always)]
    fn within(&self, position: Frame, frames: usize) -> [usize; 2] {
        // Frame `start` itself has not moved yet, and frame `start + length` is there.
        let ends = [1, self.fade.length].map(|after| self.start.saturating_add(after));
        let [before, after] =
            ends.map(|end| usize::try_from(end.saturating_sub(position)).unwrap_or(usize::MAX).min(frames));
        [before, after.max(before)]
    }
}

/// The weights of a fade over a piece, which the next mix may ask for, too: many links fade together.
#[derive(Default)]
pub(crate) struct Weights {
    of: Option<(Ramp, Frame, usize)>,
    values: Vec<f32>,
}

impl Weights {
    /// For pieces of at most so many frames.
    pub(crate) fn new(max_frames: usize) -> Self {
        Self { of: None, values: touched::zeros(max_frames) }
    }

    /// Those of so many frames from the frame `position` on.
    #[inline(always)]
    pub(crate) fn of(&mut self, ramp: &Ramp, position: Frame, frames: usize) -> &[f32] {
        let of = Some((*ramp, position, frames));
        let values = &mut self.values[..frames];
        if self.of != of {
            self.of = of;
            ramp.weigh(position, values);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Frames = 960;

    fn ramp(rises: bool) -> Ramp {
        Ramp::new(Fade { after: 10, length: LENGTH, rises }, 100)
    }

    fn apply(ramp: Ramp, frame: Frame, samples: &mut [f32]) {
        let mut weights = Weights::new(samples.len());
        ramp.apply(frame, samples, weights.of(&ramp, frame, samples.len()));
    }

    fn weighed(rises: bool, sample: f32, frame: Frame) -> f32 {
        let mut samples = [sample];
        apply(ramp(rises), frame, &mut samples);
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
    fn it_is_open_where_it_leaves_samples_as_they_are() {
        for (rises, position) in [true, false].into_iter().flat_map(|rises| (0..1_200).map(move |at| (rises, at))) {
            let mut samples = [0.3; 16];
            apply(ramp(rises), position, &mut samples);
            let is_open = ramp(rises).is_open(position, samples.len());
            assert!(!is_open || samples == [0.3; 16], "{rises} {position}");
            assert_eq!(is_open, if rises { position >= 110 + LENGTH } else { position + 16 <= 111 });
        }
    }

    #[test]
    fn any_split_gives_the_same_bits() {
        let input: Vec<f32> = (0..1_200).map(|frame| libm::sinf(frame as f32 * 0.1)).collect();
        let whole = {
            let mut out = input.clone();
            apply(ramp(false), 0, &mut out);
            out
        };
        let mut parts = input.clone();
        let mut at = 0;
        for length in [1, 7, 64, 333].into_iter().cycle() {
            let end = (at + length).min(parts.len());
            apply(ramp(false), at as Frame, &mut parts[at..end]);
            at = end;
            if at == parts.len() {
                break;
            }
        }
        assert_eq!(whole, parts);
    }
}
