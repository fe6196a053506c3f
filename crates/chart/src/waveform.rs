//! The waveform: how far the samples reach, over time.

use crate::raster::{Colour, Raster};
use crate::sound::{COLUMNS, GRID, INK, Picture, Sound};

const PEAK: Colour = [122, 178, 220];
const RMS: Colour = [0, 90, 156];
const OVER: Colour = [200, 40, 20];
const AXIS: Colour = [150; 3];
/// Pixels that are red where a sample goes beyond full scale.
const MARK: usize = 5;

/// The samples of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    low: f32,
    high: f32,
    squares: f64,
    count: u64,
}

const EMPTY: Column = Column { low: f32::INFINITY, high: f32::NEG_INFINITY, squares: 0.0, count: 0 };

struct Waveform {
    sound: Sound,
    /// Channel by channel.
    columns: Vec<Column>,
    at: u64,
}

/// A picture of the waveform: light from the least to the greatest sample of each moment, dark as far as the RMS, red
/// at the edge where a sample goes beyond full scale, ±1. A panel for each channel, from 1 at the top to -1.
pub fn waveform(sound: Sound) -> Box<dyn Picture> {
    let columns = vec![EMPTY; COLUMNS * sound.channels];
    Box::new(Waveform { sound, columns, at: 0 })
}

impl Picture for Waveform {
    fn push(&mut self, interleaved: &[f32]) {
        for frame in interleaved.chunks_exact(self.sound.channels) {
            if self.at >= self.sound.frames {
                return;
            }
            let column = (u128::from(self.at) * COLUMNS as u128 / u128::from(self.sound.frames)) as usize;
            for (channel, &sample) in frame.iter().enumerate() {
                self.columns[channel * COLUMNS + column].add(sample);
            }
            self.at += 1;
        }
    }

    fn png(self: Box<Self>) -> Vec<u8> {
        let mut raster = self.sound.paper(&format!("{} Hz, linear, full scale 1", self.sound.rate));
        for channel in 0..self.sound.channels {
            self.channel(&mut raster, channel);
        }
        raster.png()
    }
}

impl Column {
    fn add(&mut self, sample: f32) {
        if sample.is_nan() {
            return;
        }
        (self.low, self.high) = (self.low.min(sample), self.high.max(sample));
        self.squares += f64::from(sample) * f64::from(sample);
        self.count += 1;
    }
}

impl Waveform {
    fn channel(&self, raster: &mut Raster, channel: usize) {
        let (left, top) = self.sound.panel(channel);
        let height = self.sound.panel_height();
        let y = |value: f32| {
            let part = (1.0 - f64::from(value.clamp(-1.0, 1.0))) / 2.0;
            top + (part * (height - 1) as f64).round() as usize
        };
        for value in [1.0, 0.5, -0.5, -1.0] {
            raster.fill((left, y(value)), (COLUMNS, 1), GRID);
        }
        let mut last = EMPTY;
        for (x, &column) in self.columns[channel * COLUMNS..][..COLUMNS].iter().enumerate() {
            // A sound of fewer frames than columns holds each as long as it lasts.
            last = if column.count > 0 { column } else { last };
            if last.count > 0 {
                last.draw(raster, left + x, y);
            }
        }
        raster.fill((left, y(0.0)), (COLUMNS, 1), AXIS);
        self.sound.number(raster, channel, INK);
        [("1", 1.0), ("0", 0.0), ("-1", -1.0)].into_iter().for_each(|(text, at)| self.sound.tick(raster, y(at), text));
    }
}

impl Column {
    fn draw(self, raster: &mut Raster, x: usize, y: impl Fn(f32) -> usize) {
        let between = |high: f32, low: f32| ((x, y(high)), (1, y(low) - y(high) + 1));
        let (from, size) = between(self.high, self.low);
        raster.fill(from, size, PEAK);
        let rms = (self.squares / self.count as f64).sqrt() as f32;
        let (from, size) = between(rms.min(self.high), (-rms).max(self.low));
        raster.fill(from, size, RMS);
        if self.high > 1.0 {
            raster.fill((x, y(1.0)), (1, MARK), OVER);
        }
        if self.low < -1.0 {
            raster.fill((x, y(-1.0) + 1 - MARK), (1, MARK), OVER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_take_their_part_of_the_time_and_later_frames_are_left_out() {
        let sound = Sound { title: "t".to_owned(), rate: 48_000, channels: 2, frames: 2 * COLUMNS as u64 };
        let mut wave = Waveform { columns: vec![EMPTY; COLUMNS * 2], sound, at: 0 };
        let ramp: Vec<f32> = (0..2 * COLUMNS + 5).flat_map(|frame| [frame as f32, -0.5]).collect();
        ramp.chunks(14).for_each(|part| wave.push(part));
        assert_eq!((wave.columns[7].low, wave.columns[7].high, wave.columns[7].count), (14.0, 15.0, 2));
        assert_eq!((wave.columns[2 * COLUMNS - 1].low, wave.columns[2 * COLUMNS - 1].squares), (-0.5, 0.5));
    }

    #[test]
    fn an_empty_sound_and_a_single_frame_have_a_picture() {
        for frames in [0, 1] {
            let sound = Sound { title: "t".to_owned(), rate: 48_000, channels: 1, frames };
            for sample in [0.5, f32::NAN, f32::INFINITY] {
                let mut picture = waveform(sound.clone());
                picture.push(&[sample]);
                assert!(picture.png().starts_with(b"\x89PNG"));
            }
        }
    }
}
