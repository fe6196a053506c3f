//! A value that glides to its target: in a straight line, or by equal ratios.

use super::power::exp2;

/// How a value glides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// In a straight line: as much in every frame.
    Linear,
    /// By equal ratios, as decibels and octaves are heard. Where there is none, because a value is 0 or its sign changes,
    /// in a straight line.
    Exponential,
}

/// A value that moves to each new target within a given number of frames, by a [`Law`].
///
/// Its way is computed from the position in it, never accumulated, and the target itself is reached exactly. A new
/// target starts from wherever the glide is. The channels of a node share one glide through a [`Ramp`].
///
/// ```
/// use patchline_nodes::dsp::smooth::Smoothed;
///
/// let mut gain = Smoothed::new(1.0);
/// gain.set_target(0.0, 4);
/// let (mut left, mut right) = ([1.0; 6], [0.5; 6]);
/// let ramp = gain.take(6);
/// ramp.scale(&mut left);
/// ramp.scale(&mut right);
/// assert_eq!(left, [0.75, 0.5, 0.25, 0.0, 0.0, 0.0]);
/// assert_eq!(right[0], 0.375);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Smoothed {
    line: Ramp,
}

/// A glide seen from one position: the values of the frames that follow it. Frame 0 is the first of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    start: f32,
    target: f32,
    /// log₂ of target/start, by which the value is multiplied on its way; 0 in a straight line.
    octaves: f32,
    /// 1/length of the whole glide.
    step: f32,
    /// Frames of the glide that have passed.
    position: i32,
    /// Frames of the whole glide. It is over when `position` has reached it.
    length: i32,
}

impl Smoothed {
    /// Steady at `value`.
    pub fn new(value: f32) -> Self {
        Smoothed { line: Ramp { start: value, target: value, octaves: 0.0, step: 0.0, position: 0, length: 0 } }
    }

    /// Glides to `value` in a straight line over the next `frames` frames, of which the last has exactly `value`. No
    /// frames: jumps.
    ///
    /// The target that is already set changes nothing, so that equal parameters may be set again at any time.
    pub fn set_target(&mut self, value: f32, frames: u64) {
        self.glide(value, frames, Law::Linear);
    }

    /// As [`set_target`](Self::set_target), by any law.
    pub fn glide(&mut self, value: f32, frames: u64, law: Law) {
        if value == self.line.target {
            return;
        }
        let length = frames.min(i32::MAX as u64) as i32;
        if length == 0 {
            return self.jump(value);
        }
        let start = self.value();
        let octaves = if law == Law::Exponential { octaves(start, value) } else { 0.0 };
        self.line = Ramp { start, target: value, octaves, step: 1.0 / length as f32, position: 0, length };
    }

    /// Is `value` from the next frame on.
    pub fn jump(&mut self, value: f32) {
        *self = Smoothed::new(value);
    }

    /// Jumps to the target, as after a reset.
    pub fn finish(&mut self) {
        self.jump(self.line.target);
    }

    /// The value of the last frame taken.
    pub fn value(&self) -> f32 {
        self.line.after(0)
    }

    /// Where the value goes.
    pub fn target(&self) -> f32 {
        self.line.target
    }

    /// Whether the target has been reached.
    pub fn is_steady(&self) -> bool {
        self.line.position == self.line.length
    }

    /// Takes one frame and gives its value.
    #[inline(always)]
    pub fn tick(&mut self) -> f32 {
        self.take(1).at(0)
    }

    /// Takes the next `frames` frames; the ramp gives their values to as many channels as need them.
    #[inline(always)]
    pub fn take(&mut self, frames: usize) -> Ramp {
        let ramp = self.line;
        self.line.position += ramp.moving(frames) as i32;
        ramp
    }
}

impl Ramp {
    /// The value, if it is the same for every frame to come.
    #[inline(always)]
    pub fn steady(&self) -> Option<f32> {
        (self.position == self.length).then_some(self.target)
    }

    /// The value of frame `frame`.
    #[inline(always)]
    pub fn at(&self, frame: usize) -> f32 {
        self.after(frame.min(i32::MAX as usize - 1) as i32 + 1)
    }

    /// Multiplies a channel by the values.
    #[inline(always)]
    pub fn scale(self, channel: &mut [f32]) {
        match self.steady() {
            Some(value) => channel.iter_mut().for_each(|sample| *sample *= value),
            None => self.scale_gliding(channel),
        }
    }

    /// Writes the values.
    #[inline(always)]
    pub fn fill(&self, values: &mut [f32]) {
        let (moving, steady) = values.split_at_mut(self.moving(values.len()));
        for (frame, value) in moving.iter_mut().enumerate() {
            *value = self.inside(frame as i32 + 1);
        }
        steady.fill(self.target);
    }

    #[cold]
    #[inline(never)]
    fn scale_gliding(self, channel: &mut [f32]) {
        let (moving, steady) = channel.split_at_mut(self.moving(channel.len()));
        for (frame, sample) in moving.iter_mut().enumerate() {
            *sample *= self.inside(frame as i32 + 1);
        }
        steady.iter_mut().for_each(|sample| *sample *= self.target);
    }

    /// How many of the next `frames` frames the glide still takes.
    #[inline(always)]
    fn moving(&self, frames: usize) -> usize {
        frames.min((self.length - self.position) as usize)
    }

    /// The value after `frames` more frames.
    #[inline(always)]
    fn after(&self, frames: i32) -> f32 {
        if frames < self.length - self.position { self.line(frames) } else { self.target }
    }

    /// The value `frames` frames on, which is not past the end.
    #[inline(always)]
    fn inside(&self, frames: i32) -> f32 {
        let line = self.line(frames);
        if self.position + frames == self.length { self.target } else { line }
    }

    #[inline(always)]
    fn line(&self, frames: i32) -> f32 {
        let part = (self.position + frames) as f32 * self.step;
        if self.octaves == 0.0 {
            return self.start + (self.target - self.start) * part;
        }
        (f64::from(self.start) * exp2(f64::from(self.octaves) * f64::from(part))) as f32
    }
}

/// log₂ of `to`/`from`; 0 where there is no ratio.
fn octaves(from: f32, to: f32) -> f32 {
    let ratio = f64::from(to) / f64::from(from);
    if ratio.is_finite() && ratio > 0.0 { libm::log2(ratio) as f32 } else { 0.0 }
}

/// A number that is looked at now and then, and not in every frame: a threshold, a time. It glides like a [`Smoothed`]
/// and is exact as soon as it rests.
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
                // Half a unit of the result, of the octaves and of the part of the way.
                let bound = 1e-7 + 1.2e-7 * ratio.ln().abs();
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
