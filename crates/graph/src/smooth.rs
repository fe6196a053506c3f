//! A value that glides to its target: in a straight line, or by equal ratios.

use crate::power::exp2;

/// How a value glides.
///
/// ```
/// use patchline_graph::{Law, Smoothed};
///
/// // Halfway from 1 to 4: by as much, or by the same ratio.
/// let halfway = |law| {
///     let mut value = Smoothed::new(1.0);
///     value.glide(4.0, 2, law);
///     value.tick()
/// };
/// assert_eq!(halfway(Law::Linear), 2.5);
/// assert!((halfway(Law::Exponential) - 2.0).abs() < 1e-6);
/// ```
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
/// use patchline_graph::Smoothed;
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
///
/// ```
/// use patchline_graph::Smoothed;
///
/// let mut gain = Smoothed::new(0.0);
/// gain.set_target(1.0, 4);
/// let ramp = gain.take(6);
/// assert_eq!((ramp.at(0), ramp.steady()), (0.25, None));
/// let (mut values, mut left) = ([0.0; 6], [2.0; 6]);
/// ramp.fill(&mut values);
/// ramp.scale(&mut left);
/// assert_eq!(values, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
/// assert_eq!(left, [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]);
/// assert_eq!(gain.take(6).steady(), Some(1.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    start: f32,
    target: f32,
    /// log₂ of target/start, by which the value is multiplied on its way; 0 in a straight line.
    octaves: f32,
    /// What a way by equal ratios is multiplied by in 1, 2, … 16 frames, and in 0, 16, 32 and 48.
    ratios: [f32; GROUP],
    strides: [f64; GROUPS],
    /// 1/length of the whole glide.
    step: f32,
    /// Frames of the glide that have passed.
    position: i32,
    /// Frames of the whole glide. It is over when `position` has reached it.
    length: i32,
}

/// Frames that share the start of their way by equal ratios, and groups that share a power. A glide's first frame is the first one of
/// a group: where it begins with a block, groups are parts of blocks.
pub(crate) const GROUP: usize = 16;
pub(crate) const GROUPS: usize = 4;

impl Smoothed {
    /// Steady at `value`.
    pub fn new(value: f32) -> Self {
        let (octaves, ratios, strides, step, position, length) = (0.0, [1.0; GROUP], [1.0; GROUPS], 0.0, 0, 0);
        Smoothed { line: Ramp { start: value, target: value, octaves, ratios, strides, step, position, length } }
    }

    /// Glides to `value` in a straight line over the next `frames` frames, of which the last has exactly `value`. No
    /// frames: jumps.
    ///
    /// The target that is already set changes nothing, so that equal parameters may be set again at any time.
    pub fn set_target(&mut self, value: f32, frames: u64) {
        self.glide(value, frames, Law::Linear);
    }

    /// As [`set_target`](Self::set_target), by any law.
    ///
    /// ```
    /// use patchline_graph::{Law, Smoothed};
    ///
    /// // An octave up in 100 frames: half of it after 50.
    /// let mut frequency = Smoothed::new(220.0);
    /// frequency.glide(440.0, 100, Law::Exponential);
    /// let ramp = frequency.take(100);
    /// assert!((ramp.at(49) - 220.0 * 2.0_f32.sqrt()).abs() < 0.01);
    /// assert_eq!(frequency.value(), 440.0);
    /// ```
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
        let step = 1.0 / length as f32;
        let (mut ratios, mut strides) = ([1.0; GROUP], [1.0; GROUPS]);
        if octaves != 0.0 {
            let ratio = |frames: usize| exp2(f64::from(octaves) * f64::from(step) * f64::from(frames as i32));
            ratios = std::array::from_fn(|frame| ratio(frame + 1) as f32);
            strides = std::array::from_fn(|group| ratio(group * GROUP));
        }
        self.line = Ramp { start, target: value, octaves, ratios, strides, step, position: 0, length };
    }

    /// Is `value` from the next frame on.
    ///
    /// ```
    /// use patchline_graph::Smoothed;
    ///
    /// let mut gain = Smoothed::new(1.0);
    /// gain.set_target(0.0, 480);
    /// gain.jump(0.5);
    /// assert!(gain.is_steady() && gain.tick() == 0.5);
    /// ```
    pub fn jump(&mut self, value: f32) {
        *self = Smoothed::new(value);
    }

    /// Jumps to the target, as after a reset.
    ///
    /// ```
    /// use patchline_graph::Smoothed;
    ///
    /// let mut gain = Smoothed::new(1.0);
    /// gain.set_target(0.0, 480);
    /// gain.finish();
    /// assert_eq!(gain.tick(), 0.0);
    /// ```
    pub fn finish(&mut self) {
        self.jump(self.line.target);
    }

    /// The value of the last frame taken.
    ///
    /// ```
    /// use patchline_graph::Smoothed;
    ///
    /// let mut gain = Smoothed::new(1.0);
    /// gain.set_target(0.0, 4);
    /// gain.tick();
    /// assert_eq!((gain.value(), gain.target()), (0.75, 0.0));
    /// ```
    pub fn value(&self) -> f32 {
        self.line.after(0)
    }

    /// Where the value goes.
    ///
    /// ```
    /// use patchline_graph::Smoothed;
    ///
    /// let mut gain = Smoothed::new(1.0);
    /// gain.set_target(0.25, 480);
    /// assert_eq!(gain.target(), 0.25);
    /// ```
    pub fn target(&self) -> f32 {
        self.line.target
    }

    /// Whether the target has been reached.
    ///
    /// ```
    /// use patchline_graph::Smoothed;
    ///
    /// let mut gain = Smoothed::new(1.0);
    /// gain.set_target(0.0, 2);
    /// gain.tick();
    /// assert!(!gain.is_steady());
    /// gain.tick();
    /// assert!(gain.is_steady());
    /// ```
    pub fn is_steady(&self) -> bool {
        self.line.position == self.line.length
    }

    /// Takes one frame and gives its value.
    ///
    /// ```
    /// use patchline_graph::Smoothed;
    ///
    /// let mut gain = Smoothed::new(1.0);
    /// gain.set_target(0.0, 4);
    /// assert_eq!([gain.tick(), gain.tick()], [0.75, 0.5]);
    /// ```
    #[inline(always)]
    pub fn tick(&mut self) -> f32 {
        self.take(1).at(0)
    }

    /// The values of the frames to come, none of which is taken.
    pub(crate) fn ahead(&self) -> Ramp {
        self.line
    }

    /// Lets the next `frames` frames pass.
    #[inline(always)]
    pub(crate) fn pass(&mut self, frames: usize) {
        self.line.pass(frames);
    }

    /// Takes the next `frames` frames; the ramp gives their values to as many channels as need them.
    #[inline(always)]
    pub fn take(&mut self, frames: usize) -> Ramp {
        let ramp = self.line;
        self.pass(frames);
        ramp
    }
}

impl Ramp {
    /// Sees it so many frames on.
    pub(crate) fn pass(&mut self, frames: usize) {
        self.position += self.moving(frames) as i32;
    }

    /// The glide seen so many frames on.
    #[inline(always)]
    pub(crate) fn skip(&self, frames: usize) -> Self {
        Self { position: self.position + self.moving(frames) as i32, ..*self }
    }

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
        steady.fill(self.target);
        if moving.is_empty() {
            return;
        }
        if self.octaves == 0.0 {
            for (frame, value) in moving.iter_mut().enumerate() {
                *value = self.straight(self.position.wrapping_add(frame as i32 + 1));
            }
        } else {
            self.fill_by_ratios(moving);
        }
        if self.position + moving.len() as i32 == self.length {
            moving[moving.len() - 1] = self.target;
        }
    }

    /// The starts of the groups that follow `at` frames on, and the ratios within them, if all of these are on their way by
    /// equal ratios.
    #[inline(always)]
    pub(crate) fn whole_groups(&self, at: usize) -> Option<([f32; GROUPS], &[f32; GROUP])> {
        let at = self.position as usize + at;
        let whole = self.octaves != 0.0 && at.is_multiple_of(GROUP) && at + GROUPS * GROUP < self.length as usize;
        whole.then(|| (self.groups((at / GROUP) as i32), &self.ratios))
    }

    /// As [`line`](Self::line), some groups of frames after the others.
    #[inline(always)]
    fn fill_by_ratios(&self, values: &mut [f32]) {
        let (mut passed, mut rest) = (self.position, values);
        while !rest.is_empty() {
            let at = passed as usize % GROUP;
            let starts = self.groups(passed / GROUP as i32);
            let frames = rest.len().min(GROUPS * GROUP - at);
            let (now, later) = rest.split_at_mut(frames);
            if at == 0 {
                self.fill_groups(&starts, now);
            } else {
                let (head, body) = now.split_at_mut(now.len().min(GROUP - at));
                multiply(starts[0], &self.ratios[at..], head);
                self.fill_groups(&starts[1..], body);
            }
            passed += frames as i32;
            rest = later;
        }
    }

    /// Groups from their starts on, of which the last one may be cut short.
    #[inline(always)]
    fn fill_groups(&self, starts: &[f32], values: &mut [f32]) {
        let (groups, rest) = values.as_chunks_mut::<GROUP>();
        for (group, start) in groups.iter_mut().zip(starts) {
            *group = self.ratios.map(|ratio| start * ratio);
        }
        if !rest.is_empty() {
            multiply(starts[groups.len()], &self.ratios, rest);
        }
    }

    /// The starts of groups, from this one on.
    #[inline(always)]
    fn groups(&self, first: i32) -> [f32; GROUPS] {
        let (power, at) = (self.power(first / GROUPS as i32), first as usize % GROUPS);
        if at == 0 {
            return self.strides.map(|stride| (power * stride) as f32);
        }
        let next = self.power(first / GROUPS as i32 + 1);
        std::array::from_fn(|group| {
            let power = if at + group < GROUPS { power } else { next };
            (power * self.strides[(at + group) % GROUPS]) as f32
        })
    }

    #[cold]
    #[inline(never)]
    fn scale_gliding(self, channel: &mut [f32]) {
        let mut line = self;
        let mut values = [0.0; 2 * GROUPS * GROUP];
        for channel in channel.chunks_mut(values.len()) {
            let values = &mut values[..channel.len()];
            line.fill(values);
            channel.iter_mut().zip(values).for_each(|(sample, value)| *sample *= *value);
            line.position += line.moving(channel.len()) as i32;
        }
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

    #[inline(always)]
    fn line(&self, frames: i32) -> f32 {
        let frame = self.position + frames;
        if self.octaves == 0.0 {
            return self.straight(frame);
        }
        let passed = frame - 1;
        if passed < 0 {
            return self.start;
        }
        self.group(passed / GROUP as i32) * self.ratios[passed as usize % GROUP]
    }

    /// The value in frame `frame` of a straight line.
    #[inline(always)]
    fn straight(&self, frame: i32) -> f32 {
        self.start + (self.target - self.start) * (frame as f32 * self.step)
    }

    /// The value in frame 16·`group` of a way by equal ratios.
    #[inline(always)]
    fn group(&self, group: i32) -> f32 {
        (self.power(group / GROUPS as i32) * self.strides[group as usize % GROUPS]) as f32
    }

    /// The value in frame 64·`groups`.
    #[inline(always)]
    fn power(&self, groups: i32) -> f64 {
        let part = f64::from(groups.wrapping_mul((GROUPS * GROUP) as i32)) * f64::from(self.step);
        f64::from(self.start) * exp2(f64::from(self.octaves) * part)
    }
}

/// A part of a group.
#[inline(always)]
fn multiply(start: f32, ratios: &[f32], values: &mut [f32]) {
    for (value, ratio) in values.iter_mut().zip(ratios) {
        *value = start * ratio;
    }
}

/// log₂ of `to`/`from`; 0 where there is no ratio.
fn octaves(from: f32, to: f32) -> f32 {
    let ratio = f64::from(to) / f64::from(from);
    if ratio.is_finite() && ratio > 0.0 { libm::log2(ratio) as f32 } else { 0.0 }
}
