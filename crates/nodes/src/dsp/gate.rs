//! The decision whether somebody is there, and the gain that follows it.

use patchline_graph::level::{FOLD, Lanes, Total};

use super::smooth::{Law, Ramp, Setting, Smoothed};
use super::speech::SpeechDetector;

/// Hops per window.
const HOPS: usize = 8;

/// When a [`Gate`] opens and closes.
///
/// ```
/// use patchline_nodes::dsp::gate::{Gate, GateParams};
///
/// // Opens above −34 dBFS, closes below −40 dBFS, a tenth of a second later at 48 kHz; no detector.
/// let params = GateParams { threshold: 0.02, close_threshold: 0.01, hold: 4_800, score: 0.0, close_score: 0.0 };
/// assert!(!Gate::new(2, 1_920, params, None).is_open());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateParams {
    /// Opens when the RMS of the window exceeds this.
    pub threshold: f64,
    /// May close when the RMS is below this.
    pub close_threshold: f64,
    /// Frames for which it stays open after the level or the score was first found too low.
    pub hold: u64,
    /// With a speech detector: opens only when the score exceeds this.
    pub score: f32,
    /// With a speech detector: may close when the score is below this.
    pub close_score: f32,
}

/// Decides from the RMS over all frames and channels of a window of 8 hops, on a grid from the first frame.
///
/// At the end of each hop the last 8 hops are judged (those before the first frame count as silence), and what is
/// decided holds from the next frame on. Found too low at the end of a hop, a gate closes at the end of the first hop
/// that lies `hold` frames later, unless a judgement between them was not too low.
///
/// A caller goes through a block in segments, in each of which the gate does not change:
///
/// ```
/// use patchline_nodes::dsp::gate::{Gate, GateParams};
///
/// let params = GateParams { threshold: 0.5, close_threshold: 0.4, hold: 0, score: 0.0, close_score: 0.0 };
/// let mut gate = Gate::new(1, 16, params, None);
/// let (audio, mut open) = ([1.0; 8], [0.0; 8]);
/// let mut at = 0;
/// while at < audio.len() {
///     let segment = at..at + gate.segment(audio.len() - at);
///     open[segment.clone()].fill(if gate.is_open() { 1.0 } else { 0.0 });
///     gate.listen(0, &audio[segment.clone()]);
///     gate.advance(segment.len());
///     at = segment.end;
/// }
/// // Three hops of 2 frames at full scale have an RMS of √(3/8) ≈ 0.61.
/// assert_eq!(open, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
/// ```
#[derive(Debug)]
pub struct Gate {
    threshold: Setting,
    close_threshold: Setting,
    hold: Setting,
    score: Setting,
    close_score: Setting,
    channels: usize,
    hop: usize,
    /// Frames of the present hop that have passed.
    position: usize,
    /// Those of them after which the settings were brought up to date, and whether any of these still glides.
    settled: usize,
    gliding: bool,
    /// Squares of the present hop.
    squares: Box<[Lanes<false>]>,
    /// Those that have left the lanes.
    sum: Total,
    /// Sums of the last 8 hops; `next` is the oldest.
    sums: [f64; HOPS],
    next: usize,
    hops: u64,
    rms: f64,
    open: bool,
    /// The hops that had passed when it closed.
    closed: u64,
    /// Frames since an open gate was first found too low.
    low_for: Option<u64>,
    speech: Option<Box<SpeechDetector>>,
}

impl Gate {
    /// Bytes that a gate allocates for each channel.
    pub const CHANNEL_BYTES: usize = size_of::<Lanes<false>>();

    /// A closed gate over `channels` channels with a window of `window` frames: 8 hops of `window`/8 frames, to the
    /// nearest and at least one.
    pub fn new(channels: usize, window: u64, params: GateParams, speech: Option<Box<SpeechDetector>>) -> Self {
        Gate {
            threshold: Setting::new(params.threshold),
            close_threshold: Setting::new(params.close_threshold),
            hold: Setting::new(params.hold as f64),
            score: Setting::new(f64::from(params.score)),
            close_score: Setting::new(f64::from(params.close_score)),
            channels,
            hop: Self::hop(window),
            position: 0,
            settled: 0,
            gliding: false,
            squares: vec![Lanes::default(); channels].into(),
            sum: Total::default(),
            sums: [0.0; HOPS],
            next: 0,
            hops: 0,
            rms: 0.0,
            open: false,
            closed: 0,
            low_for: None,
            speech,
        }
    }

    /// Frames per hop for a window of `window` frames.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::Gate;
    ///
    /// assert_eq!(Gate::hop(1_920), 240);
    /// assert_eq!(Gate::hop(1), 1);
    /// ```
    pub fn hop(window: u64) -> usize {
        usize::try_from((window.saturating_add(4) / 8).max(1)).unwrap_or(usize::MAX)
    }

    /// Glides to new parameters over the next `frames` frames; at the end of a hop it is judged by where they are then.
    /// Thresholds glide by equal ratios, the rest in straight lines.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::{Gate, GateParams};
    ///
    /// let params = GateParams { threshold: 2.0, close_threshold: 1.0, hold: 0, score: 0.0, close_score: 0.0 };
    /// let mut gate = Gate::new(1, 8, params, None);
    /// let hear = |gate: &mut Gate| {
    ///     gate.listen(0, &[1.0]);
    ///     gate.advance(1);
    ///     gate.is_open()
    /// };
    /// assert!(!(0..8).any(|_| hear(&mut gate)));
    /// gate.set(GateParams { threshold: 0.5, close_threshold: 0.25, ..params }, 0);
    /// assert!(hear(&mut gate));
    /// ```
    pub fn set(&mut self, params: GateParams, frames: u64) {
        self.settle();
        self.threshold.glide(params.threshold, frames, Law::Exponential);
        self.close_threshold.glide(params.close_threshold, frames, Law::Exponential);
        self.hold.glide(params.hold as f64, frames, Law::Linear);
        self.score.glide(f64::from(params.score), frames, Law::Linear);
        self.close_score.glide(f64::from(params.close_score), frames, Law::Linear);
        self.gliding = true;
    }

    /// Lets the settings glide as far as this frame.
    fn settle(&mut self) {
        let frames = self.position - self.settled;
        self.settled = self.position;
        self.settings().into_iter().for_each(|setting| setting.pass(frames));
    }

    fn settings(&mut self) -> [&mut Setting; 5] {
        [&mut self.threshold, &mut self.close_threshold, &mut self.hold, &mut self.score, &mut self.close_score]
    }

    /// Whether the gate is open, for the whole next segment.
    #[inline(always)]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Number of whole hops so far; the RMS and the score are new when it has grown.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::{Gate, GateParams};
    ///
    /// let params = GateParams { threshold: 0.5, close_threshold: 0.4, hold: 0, score: 0.0, close_score: 0.0 };
    /// let mut gate = Gate::new(1, 16, params, None);
    /// gate.listen(0, &[1.0, 1.0]);
    /// gate.advance(2);
    /// assert_eq!(gate.hops(), 1);
    /// ```
    pub fn hops(&self) -> u64 {
        self.hops
    }

    /// The RMS at the last hop's end.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::{Gate, GateParams};
    ///
    /// let params = GateParams { threshold: 0.5, close_threshold: 0.4, hold: 0, score: 0.0, close_score: 0.0 };
    /// let mut gate = Gate::new(1, 16, params, None);
    /// gate.listen(0, &[1.0, 1.0]);
    /// gate.advance(2);
    /// // One of 8 hops is at full scale.
    /// assert_eq!(gate.rms(), 0.125_f64.sqrt());
    /// ```
    pub fn rms(&self) -> f64 {
        self.rms
    }

    /// The speech score at the last hop's end, if there is a detector.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::{Gate, GateParams};
    /// use patchline_nodes::dsp::speech::SpeechDetector;
    ///
    /// let params = GateParams { threshold: 0.02, close_threshold: 0.01, hold: 0, score: 0.5, close_score: 0.35 };
    /// assert_eq!(Gate::new(1, 1_920, params, None).score(), None);
    /// let detector = Box::new(SpeechDetector::new(1, 48_000.0));
    /// assert_eq!(Gate::new(1, 1_920, params, Some(detector)).score(), Some(0.0));
    /// ```
    pub fn score(&self) -> Option<f32> {
        self.speech.as_ref().map(|speech| speech.score())
    }

    /// How many of the next `frames` frames form a segment: the gate does not change before they have passed.
    #[inline(always)]
    pub fn segment(&self, frames: usize) -> usize {
        let limit = if self.speech.is_some() { SpeechDetector::SEGMENT } else { usize::MAX };
        frames.min(self.hop - self.position).min(FOLD - self.position % FOLD).min(limit)
    }

    /// Hears one channel of the segment; channels come in order, each of them once.
    #[inline(always)]
    pub fn listen(&mut self, channel: usize, samples: &[f32]) {
        self.squares[channel].hear(self.position, samples);
        if self.speech.is_some() {
            self.listen_for_speech(channel, samples);
        }
    }

    /// A network takes so much longer that this need not be compiled for each instruction set.
    #[inline(never)]
    fn listen_for_speech(&mut self, channel: usize, samples: &[f32]) {
        if let Some(speech) = &mut self.speech {
            speech.listen(channel, samples);
        }
    }

    /// Ends the segment of `frames` frames that every channel has been heard for; decides if a hop ends with it.
    #[inline(always)]
    pub fn advance(&mut self, frames: usize) {
        if let Some(speech) = &mut self.speech {
            speech.advance(frames);
        }
        self.position += frames;
        if self.position == self.hop || self.position.is_multiple_of(FOLD) {
            self.fold();
        }
        if self.position == self.hop {
            if self.gliding {
                self.glide_on();
            }
            self.settled = 0;
            self.end_hop();
        }
    }

    #[cold]
    fn glide_on(&mut self) {
        self.settle();
        let gliding = self.settings().iter().any(|setting| !setting.is_steady());
        self.gliding = gliding;
    }

    /// Whether it has been closed for a frame at least, is on its way nowhere, and has heard nothing but silence for a
    /// window. Never with a speech detector, whose network goes on thinking.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::{Gate, GateParams};
    ///
    /// let params = GateParams { threshold: 0.5, close_threshold: 0.4, hold: 0, score: 0.0, close_score: 0.0 };
    /// let mut gate = Gate::new(1, 8, params, None);
    /// gate.listen(0, &[0.1]);
    /// gate.advance(1);
    /// assert!(!gate.rests());
    /// for _ in 0..8 {
    ///     gate.listen(0, &[0.0]);
    ///     gate.advance(1);
    /// }
    /// assert!(gate.rests());
    /// ```
    pub fn rests(&self) -> bool {
        self.speech.is_none()
            && !self.open
            && (self.position > 0 || self.hops > self.closed)
            && !self.gliding
            && self.rms == 0.0
            && self.sums == [0.0; HOPS]
            && self.sum.is_zero()
            && self.squares.iter().all(Lanes::are_silent)
    }

    /// So many frames of silence have passed at rest.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::{Gate, GateParams};
    ///
    /// let params = GateParams { threshold: 0.5, close_threshold: 0.4, hold: 0, score: 0.0, close_score: 0.0 };
    /// let mut gate = Gate::new(1, 8, params, None);
    /// gate.slept(1_000_000);
    /// assert_eq!(gate.hops(), 1_000_000);
    /// ```
    pub fn slept(&mut self, frames: u64) {
        let (frames, hop) = (self.position as u64 + frames, self.hop as u64);
        let hops = frames / hop;
        self.position = (frames % hop) as usize;
        self.settled = if hops > 0 { 0 } else { self.settled };
        self.next = (self.next + (hops % HOPS as u64) as usize) % HOPS;
        self.hops += hops;
    }

    /// Closed, and as if no frame had been heard.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::{Gate, GateParams};
    ///
    /// let params = GateParams { threshold: 0.1, close_threshold: 0.1, hold: 0, score: 0.0, close_score: 0.0 };
    /// let mut gate = Gate::new(1, 8, params, None);
    /// gate.listen(0, &[1.0]);
    /// gate.advance(1);
    /// assert!(gate.is_open());
    /// gate.reset();
    /// assert!(!gate.is_open() && gate.hops() == 0);
    /// ```
    pub fn reset(&mut self) {
        self.position = 0;
        self.settled = 0;
        self.gliding = false;
        self.squares.fill(Lanes::default());
        self.sum = Total::default();
        self.sums = [0.0; HOPS];
        self.next = 0;
        self.hops = 0;
        self.rms = 0.0;
        self.open = false;
        self.closed = 0;
        self.low_for = None;
        self.settings().into_iter().for_each(Setting::finish);
        if let Some(speech) = &mut self.speech {
            speech.reset();
        }
    }

    #[inline(always)]
    fn fold(&mut self) {
        for channel in &mut self.squares {
            channel.fold(&mut self.sum);
        }
    }

    #[inline(always)]
    fn end_hop(&mut self) {
        self.sums[self.next] = self.sum.take();
        self.next = (self.next + 1) % HOPS;
        self.position = 0;
        self.hops += 1;

        let samples = (HOPS * self.hop * self.channels.max(1)) as f64;
        let [a, b, c, d, e, f, g, h] = self.sums;
        let rms = ((((a + b) + (c + d)) + ((e + f) + (g + h))) / samples).sqrt();
        // Squares may overflow: what is not finite is far above every threshold. What is not a number stays so.
        self.rms = if rms > f64::from(f32::MAX) { f64::from(f32::MAX) } else { rms };
        if self.open { self.stay_or_close() } else { self.open = self.is_loud() }
    }

    fn is_loud(&self) -> bool {
        self.rms > self.threshold.value() && self.score().is_none_or(|score| f64::from(score) > self.score.value())
    }

    fn is_low(&self) -> bool {
        self.rms < self.close_threshold.value()
            || self.score().is_some_and(|score| f64::from(score) < self.close_score.value())
    }

    fn stay_or_close(&mut self) {
        self.low_for = match self.low_for {
            _ if !self.is_low() => None,
            None => Some(0),
            Some(frames) => Some(frames.saturating_add(self.hop as u64)),
        };
        if self.low_for.is_some_and(|frames| frames as f64 >= self.hold.value()) {
            self.open = false;
            self.closed = self.hops;
            self.low_for = None;
        }
    }
}

/// The gain of a gate: 0 while closed, 1 while open, a straight line between them.
///
/// ```
/// use patchline_nodes::dsp::gate::Envelope;
///
/// let mut envelope = Envelope::new(0, 4);
/// let mut audio = [1.0; 6];
/// envelope.take(true, 1).scale(&mut audio[..1]);
/// envelope.take(false, 5).scale(&mut audio[1..]);
/// assert_eq!(audio, [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
/// ```
#[derive(Debug, Clone)]
pub struct Envelope {
    gain: Smoothed,
    attack: Setting,
    release: Setting,
    /// Whether all passes, open or not.
    all: bool,
}

impl Envelope {
    /// A closed envelope that opens within `attack` frames and closes within `release`.
    pub fn new(attack: u64, release: u64) -> Self {
        let [attack, release] = [attack, release].map(|frames| Setting::new(frames as f64));
        Envelope { gain: Smoothed::new(0.0), attack, release, all: false }
    }

    /// New lengths, reached over the next `frames` frames; a change of the gate takes what they are when it begins.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::Envelope;
    ///
    /// let mut envelope = Envelope::new(0, 4);
    /// // From now on it opens within 2 frames.
    /// envelope.set(2, 4, 0);
    /// let ramp = envelope.take(true, 2);
    /// assert_eq!([ramp.at(0), ramp.at(1)], [0.5, 1.0]);
    /// ```
    pub fn set(&mut self, attack: u64, release: u64, frames: u64) {
        self.attack.glide(attack as f64, frames, Law::Linear);
        self.release.glide(release as f64, frames, Law::Linear);
    }

    /// Lets all pass, whether the gate is open or not, or only what it lets through; within `frames` frames.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::Envelope;
    ///
    /// let mut envelope = Envelope::new(0, 0);
    /// envelope.pass_all(true, false, 2);
    /// let ramp = envelope.take(false, 2);
    /// assert_eq!([ramp.at(0), ramp.at(1)], [0.5, 1.0]);
    /// ```
    pub fn pass_all(&mut self, all: bool, open: bool, frames: u64) {
        if self.all != all {
            self.all = all;
            self.gain.set_target(if all || open { 1.0 } else { 0.0 }, frames);
        }
    }

    /// The gain of the next `frames` frames, for all of which the gate is `open` or not.
    #[inline(always)]
    pub fn take(&mut self, open: bool, frames: usize) -> Ramp {
        let (to, length) = if open || self.all { (1.0, &self.attack) } else { (0.0, &self.release) };
        if self.gain.target() != to {
            self.gain.set_target(to, length.value() as u64);
        }
        self.attack.pass(frames);
        self.release.pass(frames);
        self.gain.take(frames)
    }

    /// Whether nothing moves while the gate is `open`, or is not.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::Envelope;
    ///
    /// let mut envelope = Envelope::new(0, 4);
    /// assert!(envelope.rests(false));
    /// envelope.take(true, 1);
    /// assert!(envelope.rests(true) && !envelope.rests(false));
    /// ```
    pub fn rests(&self, open: bool) -> bool {
        let target = if open || self.all { 1.0 } else { 0.0 };
        self.gain.is_steady() && self.gain.target() == target && self.attack.is_steady() && self.release.is_steady()
    }

    /// Closed at once.
    ///
    /// ```
    /// use patchline_nodes::dsp::gate::Envelope;
    ///
    /// let mut envelope = Envelope::new(0, 4);
    /// envelope.take(true, 1);
    /// envelope.reset();
    /// assert!(envelope.rests(false));
    /// ```
    pub fn reset(&mut self) {
        self.gain.jump(if self.all { 1.0 } else { 0.0 });
        self.attack.finish();
        self.release.finish();
    }
}

#[cfg(test)]
mod tests;
