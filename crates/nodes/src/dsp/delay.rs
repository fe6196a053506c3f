//! A delay line with wet/dry mix and feedback.

mod echo;
mod ring;

use std::cell::Cell;

use patchline_graph::Hush;

use self::echo::{Weights, echo};
use self::ring::{LINE, Ring};
use super::flush::storable;
use super::smooth::Smoothed;

/// What a [`DelayLine`] does.
///
/// ```
/// use patchline_nodes::dsp::delay::{DelayLine, DelayParams};
///
/// // A quarter of a second at 48 kHz, half of it wet, and each echo half as loud as the one before.
/// let params = DelayParams { frames: 12_000, mix: 0.5, feedback: 0.5 };
/// let mut line = DelayLine::new(2, 12_000, 960, params);
/// assert_eq!(line.segment(64).frames(), 64);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DelayParams {
    /// The delay in frames, at most the line's capacity. 0 means that the delayed signal is the input itself.
    pub frames: usize,
    /// Share of the delayed signal in the output, 0 to 1.
    pub mix: f64,
    /// Share of the delayed signal that is delayed again, −1 to 1; 0 if `frames` is 0.
    pub feedback: f32,
}

/// A delay of some channels. Per sample, with w0 = 1 − mix and w1 = mix, both rounded once from f64:
///
/// ```text
/// d   = buf[pos]
/// out = x·w0 + d·w1
/// buf[pos] = x + d·feedback
/// ```
///
/// What is written to the buffer is flushed (below 1e−15 becomes 0); NaN and infinities become 0 and are counted.
/// Mix and feedback glide to new values; a new delay is crossfaded with the old one in a straight line, one change after
/// the other. Steady, the formula holds bit for bit.
///
/// A caller goes through a block in segments, in each of which every channel is processed once:
///
/// ```
/// use patchline_nodes::dsp::delay::{DelayLine, DelayParams};
///
/// let mut line = DelayLine::new(1, 2, 882, DelayParams { frames: 2, mix: 0.25, feedback: 0.0 });
/// let mut samples = [1.0, 0.0, 0.0, 0.0];
/// let mut at = 0;
/// while at < samples.len() {
///     let segment = line.segment(samples.len() - at);
///     line.process(0, &segment, &mut samples[at..at + segment.frames()]);
///     at += segment.frames();
/// }
/// assert_eq!(samples, [0.75, 0.0, 0.25, 0.0]);
/// ```
#[derive(Debug, Clone)]
pub struct DelayLine {
    /// One for each channel.
    rings: Box<[Ring]>,
    hushes: Box<[Hush]>,
    /// How long they are, and which delay they are for at most.
    length: usize,
    capacity: usize,
    /// Where the frame after the last segment is written.
    write: usize,
    glide: u64,
    dry: Smoothed,
    wet: Smoothed,
    feedback: Smoothed,
    /// The delay that sounds, or fades out while `fade` is under way.
    delay: usize,
    /// The delay that fades in, and the one that was asked for last.
    next: usize,
    wanted: usize,
    /// How many frames that one is to take to come.
    wanted_over: u64,
    /// From 0 (`delay`) to 1 (`next`).
    fade: Smoothed,
    /// Whether anything of this may be on its way.
    moves: bool,
}

/// Frames that lie in one piece in the memory of every channel, and what is done with them.
///
/// ```
/// use patchline_nodes::dsp::delay::{DelayLine, DelayParams};
///
/// let mut line = DelayLine::new(2, 2, 0, DelayParams { frames: 2, mix: 1.0, feedback: 0.0 });
/// let mut channels = [[1.0, 0.0, 0.0], [0.5, 0.0, 0.0]];
/// let mut at = 0;
/// while at < 3 {
///     let segment = line.segment(3 - at);
///     for (index, channel) in channels.iter_mut().enumerate() {
///         line.process(index, &segment, &mut channel[at..at + segment.frames()]);
///     }
///     at += segment.frames();
/// }
/// assert_eq!(channels, [[0.0, 0.0, 1.0], [0.0, 0.0, 0.5]]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    frames: usize,
    write: usize,
    /// Where the delayed frames are.
    tap: usize,
    weights: Weights,
    /// Something else than [`echo`], for the frame that there is then.
    oddity: Oddity,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Oddity {
    None,
    /// The delayed signal is the input itself.
    NoDelay,
    Fade(Fade),
}

/// A new delay comes in.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fade {
    /// Where the frames of both are; the input's are nowhere.
    from: Option<usize>,
    to: Option<usize>,
    /// The share of the new one.
    share: f32,
}

impl DelayLine {
    /// Silent lines for delays up to `capacity` frames, whose changes take `glide` frames.
    ///
    /// Allocates `capacity` samples (at least one) for each channel and touches them, so that no page is missing later.
    pub fn new(channels: usize, capacity: usize, glide: u64, params: DelayParams) -> Self {
        let (delay, length) = (params.frames.min(capacity), length(capacity));
        DelayLine {
            rings: (0..channels).map(|_| Ring::new(length)).collect(),
            hushes: vec![Hush::default(); channels].into(),
            length,
            capacity,
            write: 0,
            glide,
            dry: Smoothed::new((1.0 - params.mix) as f32),
            wet: Smoothed::new(params.mix as f32),
            feedback: Smoothed::new(params.feedback),
            delay,
            next: delay,
            wanted: delay,
            wanted_over: glide,
            fade: Smoothed::new(0.0),
            moves: false,
        }
    }

    /// Bytes that [`new`](DelayLine::new) allocates.
    ///
    /// ```
    /// use patchline_nodes::dsp::delay::DelayLine;
    ///
    /// // A second of stereo at 48 kHz, and a little more.
    /// assert!((384_000..400_000).contains(&DelayLine::footprint(2, 48_000)));
    /// ```
    pub fn footprint(channels: usize, capacity: usize) -> usize {
        Ring::footprint(length(capacity)).saturating_add(size_of::<(Ring, Hush)>()).saturating_mul(channels)
    }

    /// Glides to new parameters, as fast as all changes or within `over` frames. A delay beyond the capacity is held there.
    ///
    /// ```
    /// use patchline_nodes::dsp::delay::{DelayLine, DelayParams};
    ///
    /// let params = DelayParams { frames: 2, mix: 1.0, feedback: 0.0 };
    /// let mut line = DelayLine::new(1, 4, 960, params);
    /// // At once, where all changes would take 960 frames.
    /// line.set(DelayParams { mix: 0.0, ..params }, Some(0));
    /// let mut samples = [1.0];
    /// let segment = line.segment(1);
    /// line.process(0, &segment, &mut samples);
    /// assert_eq!(samples, [1.0]);
    /// ```
    pub fn set(&mut self, params: DelayParams, over: Option<u64>) {
        let over = over.unwrap_or(self.glide);
        self.dry.set_target((1.0 - params.mix) as f32, over);
        self.wet.set_target(params.mix as f32, over);
        self.feedback.set_target(params.feedback, over);
        self.wanted = params.frames.min(self.capacity);
        self.wanted_over = over;
        self.moves = true;
        self.start_fade();
    }

    /// Whether nothing is on its way, and nothing but silence is left in the memory: found out little by little, by asking
    /// again; `position` counts the frames processed so far.
    ///
    /// ```
    /// use patchline_nodes::dsp::delay::{DelayLine, DelayParams};
    ///
    /// let mut line = DelayLine::new(1, 4, 0, DelayParams { frames: 4, mix: 0.5, feedback: 0.0 });
    /// let mut position = 0;
    /// let mut hear = |line: &mut DelayLine, sample| {
    ///     let segment = line.segment(1);
    ///     line.process(0, &segment, &mut [sample]);
    ///     position += 1;
    ///     position
    /// };
    /// let position = hear(&mut line, 1.0);
    /// assert!(!line.rests(position));
    /// // After a while of silence:
    /// let rested = (0..1_000).any(|_| {
    ///     let position = hear(&mut line, 0.0);
    ///     line.rests(position)
    /// });
    /// assert!(rested);
    /// ```
    pub fn rests(&mut self, position: u64) -> bool {
        let Self { rings, hushes, write, moves, .. } = self;
        let silent = rings.iter().zip(hushes).filter_map(|(ring, hush)| {
            let covers = hush.covers(ring.exactly(), *write, position);
            covers.then_some(())
        });
        silent.count() == self.rings.len() && !*moves
    }

    /// So many frames of silence have passed at rest.
    ///
    /// ```
    /// use patchline_nodes::dsp::delay::{DelayLine, DelayParams};
    ///
    /// let mut line = DelayLine::new(1, 4, 0, DelayParams { frames: 4, mix: 1.0, feedback: 0.0 });
    /// // An hour at 48 kHz, in no time.
    /// line.slept(172_800_000);
    /// let mut samples = [1.0];
    /// let segment = line.segment(1);
    /// line.process(0, &segment, &mut samples);
    /// assert_eq!(samples, [0.0]);
    /// ```
    pub fn slept(&mut self, frames: u64) {
        let passed = (frames % self.length as u64) as usize;
        self.advance(passed);
    }

    /// Silence in the line, and every glide at its end.
    ///
    /// ```
    /// use patchline_nodes::dsp::delay::{DelayLine, DelayParams};
    ///
    /// let mut line = DelayLine::new(1, 1, 0, DelayParams { frames: 1, mix: 1.0, feedback: 0.0 });
    /// let mut hear = |line: &mut DelayLine, sample| {
    ///     let mut samples = [sample];
    ///     let segment = line.segment(1);
    ///     line.process(0, &segment, &mut samples);
    ///     samples[0]
    /// };
    /// assert_eq!((hear(&mut line, 1.0), hear(&mut line, 0.5)), (0.0, 1.0));
    /// line.reset();
    /// assert_eq!(hear(&mut line, 0.0), 0.0);
    /// ```
    pub fn reset(&mut self) {
        for ring in &mut self.rings {
            ring.samples().fill(0.0);
        }
        self.write = 0;
        self.dry.finish();
        self.wet.finish();
        self.feedback.finish();
        self.delay = self.wanted;
        self.next = self.wanted;
        self.fade.jump(0.0);
    }

    /// Takes as many of the next `frames` frames (at least one) as form a segment. All channels are to process it, before
    /// the next one is taken.
    #[inline(always)]
    pub fn segment(&mut self, frames: usize) -> Segment {
        if self.moves || self.delay == 0 {
            return self.odd_segment(frames);
        }
        let (write, tap) = (self.write, self.tap(self.delay));
        // What a segment reads was written before it: it is not longer than the delay.
        let frames = frames.min(self.length - write.max(tap)).min(self.delay);
        let weights = Weights { dry: self.dry.target(), wet: self.wet.target(), feedback: self.feedback.target() };
        self.advance(frames);
        Segment { frames, write, tap, weights, oddity: Oddity::None }
    }

    /// One frame while something moves, or several without a delay.
    #[cold]
    #[inline(never)]
    fn odd_segment(&mut self, frames: usize) -> Segment {
        let [dry, wet, feedback] = [&mut self.dry, &mut self.wet, &mut self.feedback];
        let steady = dry.is_steady() && wet.is_steady() && feedback.is_steady() && self.delay == self.next;
        self.moves = !steady;
        let weights = Weights { dry: dry.tick(), wet: wet.tick(), feedback: feedback.tick() };
        let (write, from) = (self.write, self.delay);
        let share = self.fade_on();
        let oddity = match share {
            Some(share) => Oddity::Fade(Fade { from: self.place(from), to: self.place(self.next), share }),
            None if self.delay == 0 => Oddity::NoDelay,
            None => Oddity::None,
        };
        let frames = if steady && self.delay == 0 { frames.min(self.length - write) } else { 1 };
        let tap = self.tap(self.delay);
        self.advance(frames);
        Segment { frames, write, tap, weights, oddity }
    }

    /// One frame of the crossfade; the share of the next delay until it is there.
    fn fade_on(&mut self) -> Option<f32> {
        if self.delay == self.next {
            return None;
        }
        let share = self.fade.tick();
        if self.fade.is_steady() {
            self.delay = self.next;
            self.start_fade();
            return None;
        }
        Some(share)
    }

    #[inline(always)]
    fn advance(&mut self, frames: usize) {
        let write = self.write + frames;
        self.write = if write >= self.length { write - self.length } else { write };
    }

    fn start_fade(&mut self) {
        if self.delay == self.next && self.wanted != self.delay {
            self.next = self.wanted;
            self.fade.jump(0.0);
            self.fade.set_target(1.0, self.wanted_over.max(1));
        }
    }

    /// Where the frame is that was written `delay` frames before the next one.
    #[inline(always)]
    fn tap(&self, delay: usize) -> usize {
        if delay <= self.write { self.write - delay } else { self.write + self.length - delay }
    }

    fn place(&self, delay: usize) -> Option<usize> {
        (delay != 0).then(|| self.tap(delay))
    }

    /// Processes a segment of one channel in place; gives back how many values could not be stored because they were not
    /// finite.
    ///
    /// # Panics
    /// If there is no such channel, or the samples are not as many as the segment has frames.
    #[inline(always)]
    pub fn process(&mut self, channel: usize, segment: &Segment, samples: &mut [f32]) -> usize {
        let Segment { frames, write, tap, weights, oddity } = *segment;
        assert!(samples.len() == frames, "all of the segment's frames are processed at once");
        let ring = self.rings[channel].samples();
        if oddity != Oddity::None {
            return echo_oddly(ring, *segment, samples);
        }
        // As cells, since what is read may overlap with what is written.
        let ring = Cell::from_mut(ring).as_slice_of_cells();
        let (delayed, stored) = (&ring[tap..tap + frames], &ring[write..write + frames]);
        if weights.feedback == 0.0 {
            echo::<false>(samples, delayed, stored, weights)
        } else {
            echo::<true>(samples, delayed, stored, weights)
        }
    }
}

/// How long a memory is for delays up to `capacity` frames: by a cache line longer, so that what was read last is still there.
fn length(capacity: usize) -> usize {
    capacity.saturating_add(LINE)
}

impl Segment {
    /// How many frames it has.
    #[inline(always)]
    pub fn frames(&self) -> usize {
        self.frames
    }
}

/// The formula where the delayed signal is the input itself, or that of two delays.
#[cold]
#[inline(never)]
fn echo_oddly(ring: &mut [f32], segment: Segment, samples: &mut [f32]) -> usize {
    let Segment { write, weights: Weights { dry, wet, feedback }, oddity, .. } = segment;
    let mut lost = 0;
    for (at, x) in samples.iter_mut().enumerate() {
        let d = match oddity {
            Oddity::None | Oddity::NoDelay => *x,
            Oddity::Fade(Fade { from, to, share }) => {
                let [from, to] = [from, to].map(|tap| tap.map_or(*x, |tap| ring[tap + at]));
                from + (to - from) * share
            }
        };
        let (value, finite) = storable(*x + d * feedback);
        *x = *x * dry + d * wet;
        ring[write + at] = value;
        lost += usize::from(!finite);
    }
    lost
}

#[cfg(test)]
mod tests;
