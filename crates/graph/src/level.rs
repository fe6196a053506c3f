//! Peak and RMS over windows on a grid, and the lanes that sums of squares are kept in.

mod lanes;
#[cfg(test)]
mod testing;

pub use lanes::{FOLD, Lanes, Total};

use crate::kernels::Vector;

/// Measures the channels of a signal over windows that follow each other from the first frame on.
///
/// What it reads out belongs to the last whole window; before there is one, everything is 0. The results do not depend on how
/// the signal is split into blocks. A node that only listens gives its meter to the engine
/// ([`Processor::meter`](crate::Processor::meter)).
///
/// ```
/// use patchline_graph::level::LevelMeter;
///
/// let mut meter = LevelMeter::new(2, 4);
/// let signal = [[0.5, -0.5, 0.5, -0.5], [0.0, 0.0, 0.0, 1.0]];
/// meter.hear(4, |channel| &signal[channel]);
/// assert_eq!((meter.peak(0), meter.rms(0)), (0.5, 0.5));
/// assert_eq!((meter.peak(1), meter.rms(1)), (1.0, 0.5));
/// assert_eq!(meter.rms_all(), 0.5);
/// ```
#[derive(Debug, Clone)]
pub struct LevelMeter {
    window: usize,
    count: Count,
    channels: Box<[Channel]>,
    /// As it was when it was [remembered](LevelMeter::remember).
    before: (Count, Box<[Channel]>),
}

/// How far the windows are.
#[derive(Debug, Clone, Copy)]
struct Count {
    /// Frames of the present window that have been heard.
    position: usize,
    /// Frames that have been heard in all, less whole folds: which lane is next.
    lane: usize,
    windows: u64,
    /// Whether there is something to be read out that has not been.
    news: bool,
}

impl Count {
    const NOTHING: Self = Self { position: 0, lane: 0, windows: 0, news: true };
}

#[derive(Debug, Clone, Copy, Default)]
struct Channel {
    lanes: Lanes<true>,
    /// Squares of the present window that have left the lanes.
    sum: Total,
    held_sum: f64,
    held_peak: f32,
}

impl LevelMeter {
    /// Bytes that a meter allocates for each channel.
    pub const CHANNEL_BYTES: usize = 2 * size_of::<Channel>();

    /// A meter of `channels` channels over windows of `window` frames (at least one).
    #[must_use]
    pub fn new(channels: usize, window: usize) -> Self {
        let silent = vec![Channel::default(); channels].into_boxed_slice();
        Self {
            window: window.max(1),
            count: Count::NOTHING,
            channels: silent.clone(),
            before: (Count::NOTHING, silent),
        }
    }

    /// Hears a block of `frames` frames, of which `channel` gives each channel's samples: at least as many.
    ///
    /// # Panics
    /// If a channel has fewer.
    #[inline(always)]
    pub fn hear<'a>(&mut self, frames: usize, channel: impl Fn(usize) -> &'a [f32]) {
        let mut at = 0;
        while at < frames {
            let segment = at..at + self.segment(frames - at);
            for index in 0..self.channels.len() {
                self.listen(index, &channel(index)[segment.clone()]);
            }
            self.advance(segment.len());
            at = segment.end;
        }
    }

    /// How many of the next `frames` frames form a segment: what every channel is heard for before it ends.
    #[inline(always)]
    pub(crate) fn segment(&self, frames: usize) -> usize {
        frames.min(self.window - self.count.position).min(FOLD - self.count.lane)
    }

    /// Hears one channel of the segment.
    #[inline(always)]
    pub(crate) fn listen(&mut self, channel: usize, samples: &[f32]) {
        self.channels[channel].lanes.hear(self.count.lane, samples);
    }

    /// Frames of a segment before those that begin with the first lane.
    #[inline(always)]
    pub(crate) fn head(&self, segment: usize) -> usize {
        (self.count.lane.wrapping_neg() % lanes::LANES).min(segment)
    }

    /// As [`listen`](Self::listen), to vectors of a segment from its frame `at` on: less than the lanes, or all of them.
    #[inline(always)]
    pub(crate) fn listen_to<V: Vector>(&mut self, channel: usize, at: usize, samples: &[V]) {
        self.channels[channel].lanes.hear_vectors(self.count.lane + at, samples);
    }

    /// Ends the segment of `frames` frames that every channel has been heard for.
    #[inline(always)]
    pub(crate) fn advance(&mut self, frames: usize) {
        let Self { window, count, channels, .. } = self;
        count.position += frames;
        count.lane += frames;
        let (window_ends, lanes_are_full) = (count.position == *window, count.lane == FOLD);
        if !(window_ends || lanes_are_full) {
            return;
        }
        for channel in &mut *channels {
            channel.lanes.fold(&mut channel.sum);
            if window_ends {
                channel.held_sum = channel.sum.take();
                channel.held_peak = channel.lanes.take_peak();
            }
        }
        if lanes_are_full {
            count.lane = 0;
        }
        if window_ends {
            count.position = 0;
            count.windows += 1;
            count.news = true;
        }
    }

    /// Frames per window.
    ///
    /// ```
    /// use patchline_graph::level::LevelMeter;
    ///
    /// // 10 windows a second, at 48 kHz.
    /// assert_eq!(LevelMeter::new(2, 4_800).window(), 4_800);
    /// ```
    #[must_use]
    pub fn window(&self) -> usize {
        self.window
    }

    /// How many channels it measures.
    ///
    /// ```
    /// use patchline_graph::level::LevelMeter;
    ///
    /// let meter = LevelMeter::new(2, 4_800);
    /// let peaks: Vec<f32> = (0..meter.channels()).map(|channel| meter.peak(channel)).collect();
    /// assert_eq!(peaks, [0.0, 0.0]);
    /// ```
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Number of whole windows so far.
    ///
    /// ```
    /// use patchline_graph::level::LevelMeter;
    ///
    /// let mut meter = LevelMeter::new(1, 4);
    /// meter.hear(10, |_| &[0.5; 10]);
    /// assert_eq!(meter.windows(), 2);
    /// ```
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.count.windows
    }

    /// Whether a window has ended, or [`announce`](Self::announce) been called, since this was last asked; or it is asked for the
    /// first time.
    ///
    /// ```
    /// use patchline_graph::level::LevelMeter;
    ///
    /// let mut meter = LevelMeter::new(1, 4);
    /// // A new one is to be read out, too.
    /// assert!(meter.take_news());
    /// meter.hear(3, |_| &[0.5; 3]);
    /// assert!(!meter.take_news());
    /// meter.hear(1, |_| &[0.5]);
    /// assert!(meter.take_news() && !meter.take_news());
    /// ```
    #[inline(always)]
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.count.news)
    }

    /// Whether [`take_news`](Self::take_news) would say so.
    ///
    /// ```
    /// use patchline_graph::level::LevelMeter;
    ///
    /// let mut meter = LevelMeter::new(1, 4);
    /// assert!(meter.has_news() && meter.take_news());
    /// assert!(!meter.has_news());
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn has_news(&self) -> bool {
        self.count.news
    }

    /// Whether there is nothing to be read out, and will not be after so many frames.
    #[inline(always)]
    pub(crate) fn is_quiet_for(&self, frames: usize) -> bool {
        !self.count.news && self.window - self.count.position > frames
    }

    /// What is held is to be read out once more.
    ///
    /// ```
    /// use patchline_graph::level::LevelMeter;
    ///
    /// let mut meter = LevelMeter::new(1, 4);
    /// meter.take_news();
    /// // Somebody wants it in other units from now on.
    /// meter.announce();
    /// assert!(meter.take_news());
    /// ```
    pub fn announce(&mut self) {
        self.count.news = true;
    }

    /// The largest magnitude in a channel's last window, exactly.
    #[must_use]
    pub fn peak(&self, channel: usize) -> f32 {
        self.channels[channel].held_peak
    }

    /// √(Σx²/frames) of a channel's last window.
    #[must_use]
    pub fn rms(&self, channel: usize) -> f32 {
        root(self.channels[channel].held_sum / self.window as f64)
    }

    /// √(Σx²/(frames·channels)) of the last window of all channels.
    #[must_use]
    pub fn rms_all(&self) -> f32 {
        let sum: f64 = self.channels.iter().map(|channel| channel.held_sum).sum();
        root(sum / (self.window as f64 * self.channels.len().max(1) as f64))
    }

    /// Whether all that is held, and all of the present window so far, is silence; not before there is a whole window.
    ///
    /// A node whose meter is silent may [rest](crate::Processor::rests):
    ///
    /// ```
    /// use patchline_graph::level::LevelMeter;
    ///
    /// let mut meter = LevelMeter::new(1, 4);
    /// assert!(!meter.is_silent());
    /// meter.hear(4, |_| &[0.0; 4]);
    /// assert!(meter.is_silent());
    /// meter.hear(1, |_| &[0.1]);
    /// assert!(!meter.is_silent());
    /// ```
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.count.windows > 0 && self.channels.iter().all(Channel::is_silent)
    }

    /// So many frames of silence have passed while it was [silent](LevelMeter::is_silent): as if they had been heard.
    ///
    /// ```
    /// use patchline_graph::level::LevelMeter;
    ///
    /// let mut meter = LevelMeter::new(1, 4);
    /// meter.hear(4, |_| &[0.0; 4]);
    /// meter.pass_silence(4_000_000);
    /// assert_eq!(meter.windows(), 1_000_001);
    /// ```
    pub fn pass_silence(&mut self, frames: u64) {
        let Self { window, count, .. } = self;
        let (position, window) = (count.position as u64 + frames, *window as u64);
        count.windows += position / window;
        count.position = (position % window) as usize;
        count.lane = ((count.lane as u64 + frames) % FOLD as u64) as usize;
    }

    /// Starts a window at the next frame and forgets what was held.
    ///
    /// ```
    /// use patchline_graph::level::LevelMeter;
    ///
    /// let mut meter = LevelMeter::new(1, 4);
    /// meter.hear(4, |_| &[0.5; 4]);
    /// meter.reset();
    /// assert_eq!((meter.windows(), meter.peak(0)), (0, 0.0));
    /// ```
    pub fn reset(&mut self) {
        self.channels.fill(Channel::default());
        self.count = Count::NOTHING;
    }

    /// Keeps what it is, so that what it hears from here on can be taken back.
    #[inline(always)]
    pub(crate) fn remember(&mut self) {
        let (count, channels) = &mut self.before;
        *count = self.count;
        channels.copy_from_slice(&self.channels);
    }

    /// Is again what it was when it was last told to [remember](Self::remember).
    pub(crate) fn take_back(&mut self) {
        let (count, channels) = &self.before;
        self.count = *count;
        self.channels.copy_from_slice(channels);
    }
}

/// A square root that stays finite when squares overflowed; what is not a number stays so.
fn root(mean: f64) -> f32 {
    let root = mean.sqrt() as f32;
    if root > f32::MAX { f32::MAX } else { root }
}

impl Channel {
    fn is_silent(&self) -> bool {
        self.held_peak == 0.0 && self.held_sum == 0.0 && self.sum.is_zero() && self.lanes.are_silent()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{blocks, noise, splits};
    use super::*;
    use crate::Instructions;
    use crate::instructions::{self, Supported};

    impl LevelMeter {
        /// Hears a block of all channels in one of the ways there are.
        fn hear_by(&mut self, signal: &[&[f32]], mut listen: impl FnMut(&mut Self, usize, &[f32])) {
            let mut at = 0;
            while at < signal[0].len() {
                let segment = at..at + self.segment(signal[0].len() - at);
                for (channel, samples) in signal.iter().enumerate() {
                    listen(self, channel, &samples[segment.clone()]);
                }
                self.advance(segment.len());
                at = segment.end;
            }
        }
    }

    /// Listens as a mix does: by vectors, and by the sample before and after them.
    struct Fused<'a> {
        meter: &'a mut LevelMeter,
        channel: usize,
        samples: &'a [f32],
    }

    impl instructions::Lanes for Fused<'_> {
        type Output = ();

        #[inline(always)]
        fn work<V: Vector>(self) {
            let Self { meter, channel, samples } = self;
            let head = meter.head(samples.len());
            let mut at = 0;
            while at < samples.len() {
                let left = samples.len() - at;
                if at >= head && left >= 8 * V::LANES {
                    let vectors: [V; 8] = std::array::from_fn(|k| V::of(&samples[at + k * V::LANES..]));
                    meter.listen_to(channel, at, &vectors);
                    at += 8 * V::LANES;
                } else if at >= head && left >= V::LANES {
                    meter.listen_to(channel, at, &[V::of(&samples[at..])]);
                    at += V::LANES;
                } else {
                    meter.listen_to(channel, at, &[samples[at]]);
                    at += 1;
                }
            }
        }
    }

    fn check(channels: &[Vec<f32>], window: usize, split: &[usize]) -> Vec<u32> {
        check_by(channels, window, split, &mut LevelMeter::listen)
    }

    fn check_by(
        channels: &[Vec<f32>],
        window: usize,
        split: &[usize],
        listen: &mut dyn FnMut(&mut LevelMeter, usize, &[f32]),
    ) -> Vec<u32> {
        let mut meter = LevelMeter::new(channels.len(), window);
        for block in blocks(channels[0].len(), split) {
            let block: Vec<&[f32]> = channels.iter().map(|samples| &samples[block.clone()]).collect();
            meter.hear_by(&block, &mut *listen);
        }
        let whole = channels[0].len() / window;
        assert_eq!(meter.windows(), whole as u64);
        let last = |channel: usize| match whole {
            0 => &[0.0][..],
            _ => &channels[channel][(whole - 1) * window..whole * window],
        };
        let mean = |samples: &[f32]| samples.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / samples.len() as f64;
        let mut all = 0.0;
        for channel in 0..channels.len() {
            assert_eq!(meter.peak(channel), last(channel).iter().fold(0.0, |peak: f32, x| peak.max(x.abs())));
            let plain = mean(last(channel));
            assert!((f64::from(meter.rms(channel)) - plain.sqrt()).abs() <= 1e-6 * plain.sqrt());
            all += plain / channels.len() as f64;
        }
        assert!((f64::from(meter.rms_all()) - all.sqrt()).abs() <= 1e-6 * all.sqrt());
        let readings = (0..channels.len()).flat_map(|c| [meter.peak(c), meter.rms(c)]);
        readings.chain([meter.rms_all()]).map(f32::to_bits).collect()
    }

    #[test]
    fn long_constant_windows_stay_exact() {
        let constant = vec![vec![0.1; 192_000], vec![-0.7; 192_000]];
        check(&constant, 192_000, &[64]);
    }

    #[test]
    fn huge_samples_read_finite_and_a_reset_forgets() {
        let mut meter = LevelMeter::new(1, 2);
        meter.hear(2, |_| &[3e38, 3e38]);
        assert_eq!((meter.peak(0), meter.rms(0)), (3e38, f32::MAX));
        meter.hear(1, |_| &[1.0]);
        meter.reset();
        meter.hear(2, |_| &[0.0, 0.5]);
        assert_eq!((meter.peak(0), meter.windows()), (0.5, 1));
    }

    #[test]
    fn what_is_taken_back_was_not_heard() {
        let signal = noise(8, 900);
        let mut meter = LevelMeter::new(1, 300);
        meter.hear(500, |_| &signal[..500]);
        meter.remember();
        let before = format!("{:?}", (meter.count, &meter.channels));
        meter.hear(400, |_| &signal[500..]);
        assert_eq!(meter.windows(), 3);
        meter.take_back();
        assert_eq!(format!("{:?}", (meter.count, &meter.channels)), before);
    }

    proptest! {
        #[test]
        fn any_split_reads_the_same_and_right(split in splits(), window in prop_oneof![1usize..70, 1usize..3_000], frames in 1usize..6_000, channels in 1usize..4) {
            let signal: Vec<_> = (0..channels).map(|c| noise(6 + c as u64, frames)).collect();
            let whole = check(&signal, window, &[frames]);
            prop_assert_eq!(&whole, &check(&signal, window, &split));
            prop_assert_eq!(&whole, &check(&signal, window, &[1]));
            for instructions in Instructions::available() {
                let mut fused = |meter: &mut LevelMeter, channel: usize, samples: &[f32]| {
                    Supported::of(instructions).run_lanes(Fused { meter, channel, samples });
                };
                prop_assert_eq!(&whole, &check_by(&signal, window, &split, &mut fused));
            }
        }
    }
}
