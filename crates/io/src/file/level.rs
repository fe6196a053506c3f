//! What a channel held.

use multiversion::multiversion;

/// Sums that grow beside each other: one alone would wait for each addition.
const LANES: usize = 8;

/// Peak and RMS of one channel, linear, full scale 1.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_io::file::{Length, Level, Render};
///
/// let (mut engine, mut renderer) = engine(StreamSpec { outputs: Some(1), ..StreamSpec::new(48_000, 1_024, 0, 1) });
/// engine.load(Graph::new())?;
/// let render = Render { length: Length::Exactly(480), ..Render::default() };
/// let summary = render.run(&mut engine, &mut renderer, |_, _| ControlFlow::Continue(()))?;
/// let level: &Level = &summary.channels[0];
/// assert_eq!((level.peak(), level.rms(), level.non_finite()), (0.0, 0.0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    peak: f32,
    /// Σ x², that of frame n in lane n mod 8, in the order of the frames: any block size gives the same bits.
    squares: [f64; LANES],
    frames: u64,
    non_finite: u64,
}

impl Level {
    /// The greatest |x|; 0 when there was nothing.
    #[must_use]
    pub fn peak(&self) -> f32 {
        self.peak
    }

    /// √(Σ x² / frames); 0 when there was nothing.
    #[must_use]
    pub fn rms(&self) -> f64 {
        if self.frames == 0 { 0.0 } else { (self.squares.iter().sum::<f64>() / self.frames as f64).sqrt() }
    }

    /// Samples that were NaN or infinite, taken for 0. A graph's renderer lets none through.
    #[must_use]
    pub fn non_finite(&self) -> u64 {
        self.non_finite
    }

    pub(super) fn add(&mut self, samples: &[f32]) {
        let first = (self.frames % LANES as u64) as usize;
        self.frames += samples.len() as u64;
        let (head, rest) = samples.split_at(samples.len().min((LANES - first) % LANES));
        head.iter().enumerate().for_each(|(index, &sample)| self.add_one(first + index, sample));
        let (eights, rest) = rest.as_chunks();
        add_eights(self, eights);
        rest.iter().enumerate().for_each(|(lane, &sample)| self.add_one(lane, sample));
    }

    fn add_one(&mut self, lane: usize, sample: f32) {
        let finite = sample.is_finite();
        self.non_finite += u64::from(!finite);
        let magnitude = if finite { sample.abs() } else { 0.0 };
        self.peak = if magnitude > self.peak { magnitude } else { self.peak };
        self.squares[lane] += f64::from(magnitude) * f64::from(magnitude);
    }
}

/// Frames of which the first belongs to lane 0. Compiled for AVX2, too, and chosen when it runs.
#[multiversion(targets("x86_64+avx+avx2"))]
fn add_eights(level: &mut Level, eights: &[[f32; LANES]]) {
    let Level { peak, squares, non_finite, .. } = level;
    let (mut peaks, mut sums) = ([0.0_f32; LANES], *squares);
    // Few enough at a time for 32 bits: a block has at most 2^20 frames.
    let mut bad = [0_u32; LANES];
    for eight in eights {
        for lane in 0..LANES {
            let finite = eight[lane].abs() < f32::INFINITY;
            let magnitude = if finite { eight[lane].abs() } else { 0.0 };
            bad[lane] += u32::from(!finite);
            peaks[lane] = if magnitude > peaks[lane] { magnitude } else { peaks[lane] };
            sums[lane] += f64::from(magnitude) * f64::from(magnitude);
        }
    }
    *squares = sums;
    *non_finite += bad.iter().map(|&bad| u64::from(bad)).sum::<u64>();
    *peak = peaks.iter().fold(*peak, |most, &peak| if peak > most { peak } else { most });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(samples: &[f32], peak: f32, rms: f64, non_finite: u64) {
        let mut level = Level::default();
        samples.chunks(2).for_each(|chunk| level.add(chunk));
        assert_eq!((level.peak(), level.non_finite()), (peak, non_finite));
        assert!((level.rms() - rms).abs() < 1e-12, "{}", level.rms());
    }

    #[test]
    fn any_split_gives_the_same_bits() {
        let mut samples: Vec<f32> = (0..3_000).map(|n| ((n * 7919) % 20_011) as f32 / 9_973.0 - 1.0).collect();
        samples[1_234] = f32::NAN;
        let mut whole = Level::default();
        whole.add(&samples);
        for sizes in [&[1][..], &[7], &[8], &[1, 64, 3], &[0, 5, 4096]] {
            let (mut level, mut rest) = (Level::default(), &samples[..]);
            for size in sizes.iter().cycle() {
                let (now, later) = rest.split_at(rest.len().min(*size));
                level.add(now);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            assert_eq!(level, whole, "{sizes:?}");
        }
        assert_eq!(whole.non_finite(), 1);
    }

    #[test]
    fn levels_are_those_of_the_formulas() {
        check(&[], 0.0, 0.0, 0);
        check(&[3.0, -4.0], 4.0, 12.5_f64.sqrt(), 0);
        check(&[0.5; 7], 0.5, 0.5, 0);
        check(&[1.0, f32::NAN, f32::NEG_INFINITY, 0.0], 1.0, 0.5, 2);
    }
}
