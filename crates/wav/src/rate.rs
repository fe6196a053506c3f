//! Conversion of a whole stream to another rate, without delay and to the exact length.

use std::fmt;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler};

/// Frames that are transformed at once, at least, at the source's rate. More make a steeper filter.
const CHUNK_FRAMES: usize = 2048;
/// The most samples that a transform may take over all channels: rates without a common divisor transform whole
/// seconds. About 200 MB.
const MAX_SAMPLES: u64 = 1 << 22;

/// Converts a stream of interleaved frames from one rate to another, piece by piece.
///
/// `n` frames make round(`n` · `to` / `from`), halves up; the first is the first of the input, and a sine keeps its
/// phase. How the input is cut into pieces changes nothing. Band-limited by an FFT filter in f64 (rubato's `Fft`);
/// equal rates pass untouched. To read from a source instead, see [`Resampled`](crate::Resampled).
///
/// ```
/// use patchline_wav::RateConverter;
///
/// let mut converter = RateConverter::new(44_100, 48_000, 1)?;
/// let mut converted = Vec::new();
/// converter.push(&[0.5; 441], &mut converted);
/// converter.finish(&mut converted);
/// assert_eq!(converted.len(), 480);
/// # Ok::<(), patchline_wav::RateError>(())
/// ```
pub struct RateConverter {
    /// `None` when both rates are the same.
    filter: Option<Filter>,
    from: u32,
    to: u32,
    channels: usize,
    /// Frames pushed.
    taken: u64,
    /// Frames delivered.
    given: u64,
}

/// Rates or channels that cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot convert {channels} channels from {from} Hz to {to} Hz: {reason}")]
pub struct RateError {
    from: u32,
    to: u32,
    channels: usize,
    reason: String,
}

impl RateConverter {
    /// Prepares a conversion of `channels` channels from `from` Hz to `to` Hz.
    ///
    /// # Errors
    /// [`RateError`] when a rate or the channels are 0, or when the rates share so small a divisor that the filter
    /// would take more than about 200 MB.
    pub fn new(from: u32, to: u32, channels: usize) -> Result<Self, RateError> {
        let error = |reason: String| RateError { from, to, channels, reason };
        if from == 0 || to == 0 || channels == 0 {
            return Err(error("rates and channels are at least 1".to_owned()));
        }
        if u64::from(from.max(to) / divisor(from, to)) * channels as u64 > MAX_SAMPLES {
            let reason = "the rates have too small a common divisor for as many channels";
            return Err(error(reason.to_owned()));
        }
        let filter = match from == to {
            true => None,
            false => Some(Filter::new(from, to, channels).map_err(error)?),
        };
        Ok(Self { filter, from, to, channels, taken: 0, given: 0 })
    }

    /// How many frames `frames` become in all.
    #[must_use]
    pub fn converted_frames(from: u32, to: u32, frames: u64) -> u64 {
        let (from, to) = (u128::from(from.max(1)), u128::from(to));
        let frames = (2 * u128::from(frames) * to + from) / (2 * from);
        u64::try_from(frames).unwrap_or(u64::MAX)
    }

    /// Converts frames × channels interleaved samples and appends what is ready to `out`.
    ///
    /// # Panics
    /// If `samples` are no whole frames.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        assert_eq!(samples.len() % self.channels, 0, "samples come in whole frames");
        self.taken += (samples.len() / self.channels) as u64;
        let before = out.len();
        match &mut self.filter {
            Some(filter) => filter.push(samples, out),
            None => out.extend_from_slice(samples),
        }
        self.given += ((out.len() - before) / self.channels) as u64;
    }

    /// Appends what is left, so that everything appended has the exact length.
    pub fn finish(mut self, out: &mut Vec<f32>) {
        let total = Self::converted_frames(self.from, self.to, self.taken);
        let Some(filter) = &mut self.filter else { return };
        let end = out.len() + (total.saturating_sub(self.given) as usize) * self.channels;
        while out.len() < end {
            filter.flush(out);
        }
        out.truncate(end);
    }
}

impl fmt::Debug for RateConverter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, channels, taken, given, .. } = self;
        write!(f, "RateConverter({from} Hz to {to} Hz, {channels} channels, {taken} frames in, {given} out)")
    }
}

fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// The resampler with its chunks. f64, so that what distinguishes one machine's FFT from another's is rounded away.
struct Filter {
    resampler: Fft<f64>,
    channels: usize,
    /// Input that does not fill a chunk yet.
    chunk: Vec<f64>,
    /// Samples in a full chunk.
    full: usize,
    output: Vec<f64>,
    /// Samples of the filter's delay still to be thrown away.
    late: usize,
}

impl Filter {
    fn new(from: u32, to: u32, channels: usize) -> Result<Self, String> {
        // An even number of the shortest chunks: the filter's delay, half a chunk, is then a whole number of frames.
        let shortest = (from / divisor(from, to)) as usize;
        let chunk = CHUNK_FRAMES.div_ceil(2 * shortest) * 2 * shortest;
        let resampler = Fft::new(from as usize, to as usize, chunk, channels, FixedSync::Both)
            .map_err(|error| error.to_string())?;
        let full = resampler.input_frames_next() * channels;
        let output = vec![0.0; resampler.output_frames_max() * channels];
        let late = resampler.output_delay() * channels;
        Ok(Self { resampler, channels, chunk: Vec::with_capacity(full), full, output, late })
    }

    fn push(&mut self, mut samples: &[f32], out: &mut Vec<f32>) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(self.full - self.chunk.len()));
            self.chunk.extend(now.iter().map(|&x| if x.is_finite() { f64::from(x) } else { 0.0 }));
            samples = later;
            if self.chunk.len() == self.full {
                self.convert(out);
            }
        }
    }

    /// Completes the chunk with silence.
    fn flush(&mut self, out: &mut Vec<f32>) {
        self.chunk.resize(self.full, 0.0);
        self.convert(out);
    }

    fn convert(&mut self, out: &mut Vec<f32>) {
        let frames = self.full / self.channels;
        let room = self.output.len() / self.channels;
        let input = InterleavedSlice::new(&self.chunk, self.channels, frames).expect("the chunk is full");
        let mut output =
            InterleavedSlice::new_mut(&mut self.output, self.channels, room).expect("as long as it was made");
        let made = self.resampler.process_into_buffer(&input, &mut output, None::<&Indexing>);
        let (_, made) = made.expect("both buffers are as long as the resampler asked");
        let made = &self.output[..made * self.channels];
        let (late, new) = made.split_at(self.late.min(made.len()));
        self.late -= late.len();
        out.extend(new.iter().map(|&x| x as f32));
        self.chunk.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn sine(hz: f64, rate: u32, frames: usize) -> Vec<f32> {
        (0..frames).map(|n| (TAU * hz * n as f64 / f64::from(rate)).sin() as f32).collect()
    }

    fn converted(from: u32, to: u32, channels: usize, samples: &[f32], piece: usize) -> Vec<f32> {
        let mut converter = RateConverter::new(from, to, channels).unwrap();
        let mut out = Vec::new();
        samples.chunks(piece * channels).for_each(|piece| converter.push(piece, &mut out));
        converter.finish(&mut out);
        out
    }

    #[test]
    fn every_length_is_exact() {
        for (from, to) in [(44_100, 48_000), (48_000, 44_100), (8_000, 48_000), (96_000, 16_000), (48_000, 48_000)] {
            for frames in [0, 1, 2, 3, 147, 2047, 2048, 2049, 10_001] {
                let expected = (frames as f64 * f64::from(to) / f64::from(from)).round() as usize;
                assert_eq!(converted(from, to, 1, &vec![0.1; frames], 4096).len(), expected, "{frames} {from} {to}");
                assert_eq!(RateConverter::converted_frames(from, to, frames as u64), expected as u64);
            }
        }
    }

    #[test]
    fn pieces_change_nothing() {
        let input = sine(997.0, 44_100, 9_000);
        let whole = converted(44_100, 48_000, 2, &input, 9_000);
        for piece in [1, 7, 147, 4096] {
            assert_eq!(converted(44_100, 48_000, 2, &input, piece), whole, "in pieces of {piece} frames");
        }
    }

    #[test]
    fn a_sine_keeps_frequency_level_and_phase() {
        for (from, to) in [(44_100, 48_000), (48_000, 44_100), (16_000, 48_000), (44_101, 48_000)] {
            let out = converted(from, to, 1, &sine(1_000.0, from, from as usize), 4096);
            let expected = sine(1_000.0, to, to as usize);
            // Away from both ends, where the filter sees the silence around the sine. The limit is the filter's ripple.
            let inner = to as usize / 4..to as usize * 3 / 4;
            let worst = out[inner.clone()].iter().zip(&expected[inner]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5, "{from} Hz to {to} Hz: {worst}");
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_gone() {
        let out = converted(48_000, 16_000, 1, &sine(10_000.0, 48_000, 48_000), 4096);
        let loudest = out[4000..12_000].iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        assert!(loudest < 1e-5, "{loudest}");
    }

    #[test]
    fn channels_stay_apart_and_nothing_bad_spreads() {
        let mut input: Vec<f32> = sine(440.0, 44_100, 5_000).into_iter().flat_map(|x| [x, 0.0]).collect();
        input[2_000] = f32::NAN;
        let out = converted(44_100, 48_000, 2, &input, 4096);
        assert!(out.iter().all(|x| x.is_finite()));
        assert!(out.iter().skip(1).step_by(2).all(|&x| x == 0.0), "the second channel is silent");
    }

    #[test]
    fn equal_rates_pass_untouched() {
        let input = sine(440.0, 48_000, 1_000);
        assert_eq!(converted(48_000, 48_000, 1, &input, 64), input);
    }

    #[test]
    fn what_cannot_be_converted_is_refused() {
        for (from, to, channels) in [(0, 48_000, 1), (48_000, 0, 1), (48_000, 44_100, 0), (1_535_999, 48_000, 1024)] {
            let error = RateConverter::new(from, to, channels).unwrap_err().to_string();
            assert!(error.contains(&format!("{channels} channels from {from} Hz to {to} Hz")), "{error}");
        }
    }
}
