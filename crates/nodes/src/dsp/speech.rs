//! How much a signal sounds like speech, from a small neural network.

use std::fmt;

use earshot::Detector;

use super::resample::Resampler;

/// The rate and the frames per score that the network was trained for.
const MODEL_RATE: usize = 16_000;
const MODEL_FRAMES: usize = 256;

/// Scores a signal from 0 (no speech) to 1 (speech), once per 16 ms.
///
/// The channels' mean is brought to 16 kHz, limited to ±1 and given to the `earshot` network in pieces of 256 samples
/// counted from the first frame, so that any split of the signal gives the same scores at the same frames. The network
/// is robust against noise, but takes loud low rumble and pure tones for speech at times, scores the first quarter of a
/// second of sudden broadband noise up to about 0.6, and does not tell music apart: ask for a level as well.
///
/// ```
/// use patchline_nodes::dsp::speech::SpeechDetector;
///
/// let mut detector = SpeechDetector::new(1, 48_000.0);
/// assert!(SpeechDetector::footprint(48_000.0) > 0);
/// assert!(detector.delay() >= 768);
/// // A second of silence, in segments.
/// for _ in 0..188 {
///     detector.listen(0, &[0.0; SpeechDetector::SEGMENT]);
///     detector.advance(SpeechDetector::SEGMENT);
/// }
/// assert!(detector.score() < 0.5);
/// detector.reset();
/// assert_eq!(detector.score(), 0.0);
/// ```
///
/// # Real-time
/// Only [`new`](SpeechDetector::new) allocates. One score takes tens of microseconds, in the call that completes it.
pub struct SpeechDetector {
    channels: usize,
    rate: usize,
    resampler: Resampler,
    model: Detector,
    /// Sum of the channels of the present segment.
    mixed: [f32; Self::SEGMENT],
    piece: [f32; MODEL_FRAMES],
    filled: usize,
    score: f32,
}

impl SpeechDetector {
    /// Frames that one call of [`advance`](SpeechDetector::advance) takes at most.
    pub const SEGMENT: usize = 256;

    /// A detector for `channels` channels at `rate` Hz, taken to the nearest whole number of at least 1.
    pub fn new(channels: usize, rate: f64) -> Self {
        let rate = whole(rate);
        SpeechDetector {
            channels,
            rate,
            resampler: Resampler::new(rate, MODEL_RATE),
            model: Detector::default(),
            mixed: [0.0; Self::SEGMENT],
            piece: [0.0; MODEL_FRAMES],
            filled: 0,
            score: 0.0,
        }
    }

    /// Bytes that a boxed detector at `rate` Hz takes.
    pub fn footprint(rate: f64) -> usize {
        size_of::<Self>() + Resampler::footprint(whole(rate), MODEL_RATE)
    }

    /// Frames after which a sample has always been scored: the resampler's delay and one piece, the same at any time.
    pub fn delay(&self) -> usize {
        self.resampler.delay() + (MODEL_FRAMES * self.rate).div_ceil(MODEL_RATE)
    }

    /// The last score, 0 to 1; 0 before the first.
    pub fn score(&self) -> f32 {
        self.score
    }

    /// Hears one channel of a segment of at most [`SEGMENT`](SpeechDetector::SEGMENT) frames; channels come in order.
    #[inline(always)]
    pub fn listen(&mut self, channel: usize, samples: &[f32]) {
        let mixed = &mut self.mixed[..samples.len()];
        if channel == 0 {
            mixed.copy_from_slice(samples);
        } else {
            for (sum, sample) in mixed.iter_mut().zip(samples) {
                *sum += sample;
            }
        }
    }

    /// Ends the segment of `frames` frames that every channel has been heard for.
    pub fn advance(&mut self, frames: usize) {
        let share = 1.0 / self.channels.max(1) as f32;
        for frame in 0..frames {
            let mean = self.mixed[frame] * share;
            let mean = if mean.is_finite() { mean.clamp(-1.0, 1.0) } else { 0.0 };
            let (piece, filled) = (&mut self.piece, &mut self.filled);
            let (model, score) = (&mut self.model, &mut self.score);
            self.resampler.push(mean, |sample| {
                // The filter may overshoot; the network demands ±1.
                piece[*filled] = sample.clamp(-1.0, 1.0);
                *filled += 1;
                if *filled == MODEL_FRAMES {
                    *score = model.predict_f32(piece);
                    *filled = 0;
                }
            });
        }
    }

    /// As if no frame had been heard.
    pub fn reset(&mut self) {
        self.resampler.reset();
        self.model.reset();
        self.filled = 0;
        self.score = 0.0;
    }
}

impl fmt::Debug for SpeechDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeechDetector").field("rate", &self.rate).field("score", &self.score).finish_non_exhaustive()
    }
}

fn whole(rate: f64) -> usize {
    (rate.round() as usize).max(1)
}

#[cfg(test)]
mod tests;
