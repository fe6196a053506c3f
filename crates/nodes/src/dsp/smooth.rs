//! Values that glide to their targets.

pub use patchline_graph::{Law, Ramp, Smoothed};

/// A number that is looked at now and then, and not in every frame: a threshold, a time. It glides like a [`Smoothed`]
/// and is exact as soon as it rests.
///
/// ```
/// use patchline_nodes::dsp::smooth::{Law, Setting};
///
/// let mut threshold = Setting::new(0.1);
/// threshold.glide(0.3, 4, Law::Linear);
/// threshold.pass(2);
/// assert!(!threshold.is_steady());
/// assert!((threshold.value() - 0.2).abs() < 1e-6);
/// threshold.finish();
/// // Exactly, not as an f32.
/// assert_eq!(threshold.value(), 0.3);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    target: f64,
    way: Smoothed,
}

impl Setting {
    /// Steady at `value`.
    pub fn new(value: f64) -> Self {
        Setting { target: value, way: Smoothed::new(value as f32) }
    }

    /// Glides to `value` over the next `frames` frames.
    pub fn glide(&mut self, value: f64, frames: u64, law: Law) {
        self.target = value;
        self.way.glide(value as f32, frames, law);
    }

    /// Lets `frames` frames pass.
    #[inline(always)]
    pub fn pass(&mut self, frames: usize) {
        if !self.way.is_steady() {
            self.way.take(frames);
        }
    }

    /// Whether it rests.
    pub fn is_steady(&self) -> bool {
        self.way.is_steady()
    }

    /// What it is now.
    pub fn value(&self) -> f64 {
        if self.way.is_steady() { self.target } else { f64::from(self.way.value()) }
    }

    /// Jumps to its target.
    pub fn finish(&mut self) {
        self.way.finish();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{assert_same_bits, blocks, noise, splits};
    use super::*;

    #[test]
    fn a_steady_gain_is_exact() {
        let source = noise(1, 1000);
        let mut scaled = source.clone();
        Smoothed::new(0.5).take(1000).scale(&mut scaled);
        assert!(source.iter().zip(&scaled).all(|(x, y)| y.to_bits() == (x * 0.5).to_bits()));
    }

    #[test]
    fn a_glide_is_a_line_that_ends_on_its_target() {
        let mut value = Smoothed::new(0.2);
        value.set_target(0.7, 882);
        let mut values = vec![0.0; 1000];
        value.take(1000).fill(&mut values);
        for (k, v) in values[..882].iter().enumerate() {
            let line = 0.2 + 0.5 * (k + 1) as f64 / 882.0;
            assert!((f64::from(*v) - line).abs() < 1.2e-7, "{k}: {v} {line}");
        }
        assert!(values[881..].iter().all(|v| *v == 0.7));
        assert!(value.is_steady());
    }

    /// As far in decibels in each frame; through 0 there is no such way.
    #[test]
    fn an_exponential_glide_has_equal_ratios() {
        let glided = |from: f32, to: f32, frames: usize| {
            let mut value = Smoothed::new(from);
            value.glide(to, frames as u64, Law::Exponential);
            let mut values = vec![0.0; frames + 10];
            value.take(frames + 10).fill(&mut values);
            assert!(values[frames - 1..].iter().all(|value| *value == to), "{from} to {to}");
            values
        };
        for (from, to) in [(1.0_f32, 0.001_f32), (-0.5, -2.0), (20.0, 20_000.0), (1e-30, 1e30), (0.3, 0.300_1)] {
            for (frame, value) in glided(from, to, 1000)[..999].iter().enumerate() {
                let ratio = f64::from(to) / f64::from(from);
                let expected = f64::from(from) * ratio.powf((frame + 1) as f64 / 1000.0);
                let error = (f64::from(*value) / expected - 1.0).abs();
                // Half a unit of each of five factors, of the octaves and of the part of the way.
                let bound = 5e-7 + 1.2e-7 * ratio.ln().abs();
                assert!(error < bound, "{from} to {to}, frame {frame}: {value}, not {expected}: {error}");
            }
        }
        for (from, to) in [(0.0, 1.0), (1.0, 0.0), (1.0, -1.0), (f32::MIN_POSITIVE / 2.0, 0.0)] {
            let mut line = Smoothed::new(from);
            line.set_target(to, 1000);
            let mut straight = vec![0.0; 1010];
            line.take(1010).fill(&mut straight);
            assert_same_bits(&glided(from, to, 1000), &straight);
        }
    }

    #[test]
    fn a_setting_is_exact_once_it_rests() {
        let mut threshold = Setting::new(0.02);
        threshold.glide(0.08, 100, Law::Exponential);
        threshold.pass(50);
        assert!((threshold.value() - 0.04).abs() < 1e-8);
        threshold.pass(50);
        assert_eq!(threshold.value(), 0.08);
        threshold.glide(0.3, 0, Law::Linear);
        assert_eq!(threshold.value(), 0.3);
    }

    #[test]
    fn a_new_target_starts_from_where_the_glide_is() {
        let mut value = Smoothed::new(0.0);
        value.set_target(1.0, 4);
        assert_eq!([value.tick(), value.tick()], [0.25, 0.5]);
        value.set_target(1.0, 1000);
        assert_eq!(value.tick(), 0.75, "the same target goes on as before");
        value.set_target(0.25, 2);
        assert_eq!([value.value(), value.tick(), value.tick(), value.tick()], [0.75, 0.5, 0.25, 0.25]);
        value.set_target(3.0, 0);
        assert_eq!(value.value(), 3.0);
        value.set_target(4.0, u64::MAX);
        value.finish();
        assert_eq!((value.value(), value.target(), value.is_steady()), (4.0, 4.0, true));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_bits(split in splits(), length in 1u64..1500, turn in 0usize..1500, from in -2.0f32..2.0, to in -2.0f32..2.0, ratio: bool) {
            let law = if ratio { Law::Exponential } else { Law::Linear };
            let source = noise(2, 3000);
            let run = |split: &[usize]| {
                let mut value = Smoothed::new(from);
                let (mut scaled, mut filled) = (source.clone(), vec![0.0; 3000]);
                for (target, part) in [(to, 0..turn), (from * 0.5, turn..3000)] {
                    value.glide(target, length, law);
                    for block in blocks(part.len(), split) {
                        let block = part.start + block.start..part.start + block.end;
                        let ramp = value.take(block.len());
                        ramp.scale(&mut scaled[block.clone()]);
                        ramp.fill(&mut filled[block]);
                    }
                }
                (scaled, filled)
            };
            let (whole, split, single) = (run(&[3000]), run(&split), run(&[1]));
            assert_same_bits(&whole.0, &split.0);
            assert_same_bits(&whole.1, &split.1);
            assert_same_bits(&whole.0, &single.0);
            assert!(whole.0.iter().zip(&source).zip(&whole.1).all(|((y, x), g)| y.to_bits() == (x * g).to_bits()));
        }
    }
}
