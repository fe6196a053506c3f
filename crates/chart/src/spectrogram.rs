//! The spectrogram: how loud each frequency is, over time.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::axis::{Axis, Placed, Side};
use crate::raster::{CHARACTER, Colour, Raster};
use crate::sound::{COLUMNS, Picture, Sound};

/// Frames of a window.
const WINDOW: usize = 4096;
const BINS: usize = WINDOW / 2 + 1;
/// Hz at the bottom.
const LOWEST: f64 = 20.0;
/// What is written onto the picture.
const PALE: Colour = [235; 3];
/// dBFS of the darkest colour.
const FLOOR: f64 = -110.0;

/// Pixels of the scale of colours: about one for each dB.
const SCALE: usize = 16 * CHARACTER;

/// From the darkest to the brightest, evenly spaced: black over violet and orange to pale yellow, brighter at each step.
const COLOURS: [Colour; 9] = [
    [0, 0, 4],
    [28, 16, 68],
    [79, 18, 123],
    [129, 37, 129],
    [181, 54, 122],
    [229, 80, 100],
    [251, 135, 97],
    [254, 194, 135],
    [252, 253, 191],
];

struct Spectrogram {
    sound: Sound,
    raster: Raster,
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    scratch: Vec<Complex<f32>>,
    spectrum: Vec<Complex<f32>>,
    input: Vec<f32>,
    /// The last frames of each channel, half a window of silence first.
    recent: Vec<Vec<f32>>,
    /// Frames from one window to the next.
    hop: usize,
    /// The next window's middle.
    at: u64,
    pushed: u64,
    /// The column that windows fall into; those before are painted.
    column: usize,
    /// Power of each bin in it, channel by channel; 1 is a sine of full scale.
    power: Vec<f32>,
    /// Where rows of a panel begin, from its top on and one more, in bins.
    edges: Vec<f64>,
}

/// A picture of the spectrum over time: frequencies from 20 Hz to half the rate, by equal ratios; levels from -110 to 0 dBFS,
/// where a sine of full scale has 0. Hann windows of 4096 frames that overlap by half at least; where several fall into one
/// column of pixels, the loudest counts. A panel for each channel.
pub fn spectrogram(sound: Sound) -> Box<dyn Picture> {
    Box::new(Spectrogram::new(sound))
}

impl Spectrogram {
    fn new(sound: Sound) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(WINDOW);
        let hann = |frame: usize| {
            let turn = frame as f64 / WINDOW as f64 * std::f64::consts::TAU;
            (0.5 - 0.5 * turn.cos()) as f32
        };
        let (bar, behind) = (" ".repeat(SCALE / CHARACTER), " 0 dBFS");
        let mut raster = sound.paper(&format!("{} Hz  {FLOOR} {bar}{behind}", sound.rate));
        sound.scale(&mut raster, SCALE, behind, |part| colour(FLOOR * (1.0 - part)));
        let (axis, height) = (axis(&sound), sound.panel_height());
        let per_bin = f64::from(sound.rate) / WINDOW as f64;
        Self {
            raster,
            window: (0..WINDOW).map(hann).collect(),
            scratch: fft.make_scratch_vec(),
            spectrum: fft.make_output_vec(),
            input: vec![0.0; WINDOW],
            recent: vec![vec![0.0; WINDOW / 2]; sound.channels],
            hop: (sound.frames / COLUMNS as u64).clamp(1, WINDOW as u64 / 2) as usize,
            at: 0,
            pushed: 0,
            column: 0,
            power: vec![0.0; sound.channels * BINS],
            edges: (0..=height).map(|row| axis_value(&axis, 1.0 - row as f64 / height as f64) / per_bin).collect(),
            fft,
            sound,
        }
    }

    /// All windows that are complete.
    fn windows(&mut self) {
        let mut from = 0;
        while from + WINDOW <= self.recent[0].len() && self.at < self.sound.frames {
            let column = (u128::from(self.at) * COLUMNS as u128 / u128::from(self.sound.frames)) as usize;
            if column > self.column {
                self.paint(column);
            }
            for channel in 0..self.sound.channels {
                self.window_of(channel, from);
            }
            self.at += self.hop as u64;
            from += self.hop;
        }
        for channel in &mut self.recent {
            channel.drain(..from.min(channel.len()));
        }
    }

    /// Paints what was heard as far as this column: a sound of fewer windows than columns holds each as long as it lasts.
    fn paint(&mut self, end: usize) {
        for channel in 0..self.sound.channels {
            let (left, top) = self.sound.panel(channel);
            let power = &self.power[channel * BINS..][..BINS];
            for (row, edges) in self.edges.windows(2).enumerate() {
                let width = end - self.column;
                self.raster.fill((left + self.column, top + row), (width, 1), colour(level(power, edges[1], edges[0])));
            }
        }
        self.power.fill(0.0);
        self.column = end;
    }

    fn window_of(&mut self, channel: usize, from: usize) {
        let frames = &self.recent[channel][from..from + WINDOW];
        for ((input, frame), window) in self.input.iter_mut().zip(frames).zip(&self.window) {
            // What is no number would spread over all frequencies.
            *input = if frame.is_finite() { frame * window } else { 0.0 };
        }
        let done = self.fft.process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch);
        done.expect("all buffers have the lengths that the transform made them with");
        // The sum of a Hann window is half its length, and a sine has half its amplitude on either side of 0 Hz.
        let scale = (4.0 / WINDOW as f32).powi(2);
        let power = &mut self.power[channel * BINS..][..BINS];
        for (power, bin) in power.iter_mut().zip(&self.spectrum) {
            *power = power.max(bin.norm_sqr() * scale);
        }
    }

    /// What stands on a channel's panel and beside it.
    fn label(&mut self, channel: usize) {
        let top = self.sound.panel(channel).1;
        let (axis, height) = (axis(&self.sound), self.sound.panel_height());
        let ends = Side { first: (top + height - 1) as f64, last: top as f64, round: false };
        let placed = Placed::new(&axis, [].into_iter(), ends);
        self.sound.number(&mut self.raster, channel, PALE);
        let nyquist = f64::from(self.sound.rate) / 2.0;
        for value in [50.0, 200.0, 1000.0, 5000.0, 20_000.0].into_iter().filter(|value| *value < nyquist) {
            let text = if value < 1000.0 { format!("{value} Hz") } else { format!("{} kHz", value / 1000.0) };
            self.sound.tick(&mut self.raster, placed.at(value).round() as usize, &text);
        }
    }
}

impl Picture for Spectrogram {
    fn push(&mut self, interleaved: &[f32]) {
        let channels = self.sound.channels;
        let left = usize::try_from(self.sound.frames - self.pushed).unwrap_or(usize::MAX);
        let frames = (interleaved.len() / channels).min(left);
        // In parts, so that little waits for its window.
        for part in interleaved[..frames * channels].chunks(channels * WINDOW) {
            for (channel, recent) in self.recent.iter_mut().enumerate() {
                recent.extend(part.iter().skip(channel).step_by(channels));
            }
            self.windows();
        }
        self.pushed += frames as u64;
    }

    fn png(mut self: Box<Self>) -> Vec<u8> {
        self.recent.iter_mut().for_each(|channel| channel.resize(channel.len() + WINDOW, 0.0));
        self.windows();
        self.paint(COLUMNS);
        (0..self.sound.channels).for_each(|channel| self.label(channel));
        self.raster.png()
    }
}

/// Frequencies from bottom to top.
fn axis(sound: &Sound) -> Axis {
    let nyquist = f64::from(sound.rate) / 2.0;
    Axis::logarithmic().from(LOWEST.min(nyquist / 2.0), nyquist)
}

/// The value at a part of a logarithmic axis that has a range.
fn axis_value(axis: &Axis, part: f64) -> f64 {
    let (low, high) = axis.range.expect("it was given one");
    low * (high / low).powf(part)
}

/// The level between two frequencies, in bins and parts of them: of the loudest bin there, or between the two around.
fn level(power: &[f32], from: f64, to: f64) -> f64 {
    let (first, last) = (from.ceil() as usize, (to.ceil() as usize).min(BINS));
    let loudest = match power.get(first..last) {
        Some(bins) if !bins.is_empty() => bins.iter().fold(0.0_f32, |loudest, &bin| loudest.max(bin)).into(),
        _ => {
            let bin = (from as usize).min(BINS - 2);
            let part = (from - bin as f64).clamp(0.0, 1.0);
            f64::from(power[bin]) * (1.0 - part) + f64::from(power[bin + 1]) * part
        }
    };
    10.0 * loudest.max(1e-30).log10()
}

/// The colour of a level in dBFS.
fn colour(level: f64) -> Colour {
    let place = ((level - FLOOR) / -FLOOR).clamp(0.0, 1.0) * (COLOURS.len() - 1) as f64;
    let index = (place as usize).min(COLOURS.len() - 2);
    let part = place - index as f64;
    let mixed = |of: usize| {
        let (low, high) = (f64::from(COLOURS[index][of]), f64::from(COLOURS[index + 1][of]));
        (low + (high - low) * part).round() as u8
    };
    [mixed(0), mixed(1), mixed(2)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, frames: usize) -> Vec<f32> {
        (0..frames).map(|frame| (frame as f64 * hz / 48_000.0 * std::f64::consts::TAU).sin() as f32).collect()
    }

    fn drawn(samples: &[f32], part: usize) -> Spectrogram {
        let sound = Sound { title: "t".to_owned(), rate: 48_000, channels: 1, frames: samples.len() as u64 };
        let mut picture = Spectrogram::new(sound);
        samples.chunks(part).for_each(|part| picture.push(part));
        picture
    }

    #[test]
    fn a_sine_of_full_scale_has_0_dbfs_at_its_frequency_only() {
        // The middle of bin 100.
        let hz = 100.0 * 48_000.0 / WINDOW as f64;
        let picture = drawn(&sine(hz, 96_000), 777);
        let power = &picture.power[..BINS];
        assert!(level(power, 99.5, 100.5).abs() < 0.01, "{}", level(power, 99.5, 100.5));
        assert!(level(power, 200.0, 201.0) < -100.0 && level(power, 49.6, 49.8) < -100.0);
    }

    #[test]
    fn parts_of_any_length_make_the_same_picture() {
        let samples = sine(1000.0, 20_000);
        let [a, b] = [1, 9_999].map(|part| Box::new(drawn(&samples, part)).png());
        assert!(a == b && a.starts_with(b"\x89PNG"));
    }

    #[test]
    fn later_frames_are_left_out_and_each_column_is_painted() {
        let mut picture = drawn(&sine(1000.0, 50_000), 5000);
        let before: Vec<usize> = picture.recent.iter().map(Vec::len).collect();
        picture.push(&[1.0; 9000]);
        assert_eq!(picture.recent.iter().map(Vec::len).collect::<Vec<_>>(), before);
        picture.paint(COLUMNS);
        let ((left, top), height) = (picture.sound.panel(0), picture.sound.panel_height());
        let loudest = |x: usize| {
            let brightness = |y: usize| picture.raster.get(left + x, top + y).iter().map(|&part| u32::from(part)).sum();
            (0..height).max_by_key(|&y| -> u32 { brightness(y) }).unwrap()
        };
        // All columns show the sine in the same row.
        assert!((0..COLUMNS).all(|x| loudest(x).abs_diff(loudest(550)) <= 1));
    }

    #[test]
    fn short_and_odd_sounds_have_a_picture() {
        for samples in [&[][..], &[1.0], &[f32::NAN; 5000]] {
            assert!(Box::new(drawn(samples, 100)).png().starts_with(b"\x89PNG"));
        }
    }

    #[test]
    fn louder_is_brighter() {
        let brightness = |level: f64| colour(level).iter().map(|part| u32::from(*part)).sum::<u32>();
        let levels: Vec<u32> = (-110..=0).map(|level| brightness(f64::from(level))).collect();
        assert!(levels.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((colour(-300.0), colour(20.0)), (COLOURS[0], COLOURS[8]));
    }
}
