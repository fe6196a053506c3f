//! Peak and RMS over windows on a grid.

use super::lanes::{FOLD, Lanes, Total};

/// Measures the channels of a signal over windows that follow each other from the first frame on.
///
/// What it reads out belongs to the last whole window; before there is one, everything is 0. Every channel is given the
/// same frames, one channel after the other. The results do not depend on how the signal is split.
///
/// ```
/// use patchline_nodes::dsp::level::LevelMeter;
///
/// let mut meter = LevelMeter::new(2, 4);
/// meter.listen(0, &[0.5, -0.5, 0.5, -0.5]);
/// meter.listen(1, &[0.0, 0.0, 0.0, 1.0]);
/// assert_eq!((meter.peak(0), meter.rms(0)), (0.5, 0.5));
/// assert_eq!((meter.peak(1), meter.rms(1)), (1.0, 0.5));
/// assert_eq!(meter.rms_all(), 0.5);
/// ```
#[derive(Debug, Clone)]
pub struct LevelMeter {
    window: usize,
    channels: Box<[Channel]>,
}

#[derive(Debug, Clone, Default)]
struct Channel {
    /// Frames of the present window that have been heard.
    position: usize,
    lanes: Lanes<true>,
    /// Squares of the present window that have left the lanes.
    sum: Total,
    windows: u64,
    held_sum: f64,
    held_peak: f32,
}

impl LevelMeter {
    /// A meter of `channels` channels over windows of `window` frames (at least one).
    pub fn new(channels: usize, window: usize) -> Self {
        LevelMeter { window: window.max(1), channels: vec![Channel::default(); channels].into() }
    }

    /// Hears the next samples of a channel.
    #[inline(always)]
    pub fn listen(&mut self, channel: usize, samples: &[f32]) {
        let window = self.window;
        let channel = &mut self.channels[channel];
        let mut rest = samples;
        while !rest.is_empty() {
            let fold_end = (channel.position / FOLD + 1) * FOLD;
            let length = rest.len().min(fold_end.min(window) - channel.position);
            let (now, later) = rest.split_at(length);
            channel.hear(now);
            if channel.position == fold_end || channel.position == window {
                channel.fold(channel.position == window);
            }
            rest = later;
        }
    }

    /// Frames per window.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Number of whole windows so far; readings are new when it has grown.
    pub fn windows(&self) -> u64 {
        self.channels.first().map_or(0, |channel| channel.windows)
    }

    /// The largest magnitude in a channel's last window, exactly.
    pub fn peak(&self, channel: usize) -> f32 {
        self.channels[channel].held_peak
    }

    /// √(Σx²/frames) of a channel's last window.
    pub fn rms(&self, channel: usize) -> f32 {
        root(self.channels[channel].held_sum / self.window as f64)
    }

    /// √(Σx²/(frames·channels)) of the last window of all channels.
    pub fn rms_all(&self) -> f32 {
        let sum: f64 = self.channels.iter().map(|channel| channel.held_sum).sum();
        root(sum / (self.window as f64 * self.channels.len().max(1) as f64))
    }

    /// Whether all that is held, and all of the present window so far, is silence.
    pub fn is_silent(&self) -> bool {
        self.channels.iter().all(Channel::is_silent)
    }

    /// So many frames of silence have passed while it was [silent](LevelMeter::is_silent): as if they had been heard.
    pub fn pass_silence(&mut self, frames: u64) {
        for channel in &mut self.channels {
            let (frames, window) = (channel.position as u64 + frames, self.window as u64);
            channel.windows += frames / window;
            channel.position = (frames % window) as usize;
        }
    }

    /// Starts a window at the next frame and forgets what was held.
    pub fn reset(&mut self) {
        self.channels.fill(Channel::default());
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

    /// Hears samples that end with the present fold at the latest.
    #[inline(always)]
    fn hear(&mut self, samples: &[f32]) {
        self.lanes.hear(self.position, samples);
        self.position += samples.len();
    }

    #[inline(always)]
    fn fold(&mut self, window_ends: bool) {
        self.lanes.fold(&mut self.sum);
        if window_ends {
            self.held_sum = self.sum.take();
            self.held_peak = self.lanes.take_peak();
            self.windows += 1;
            self.position = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{blocks, noise, splits};
    use super::*;

    fn check(channels: &[Vec<f32>], window: usize, split: &[usize]) -> Vec<u32> {
        let mut meter = LevelMeter::new(channels.len(), window);
        for block in blocks(channels[0].len(), split) {
            for (channel, samples) in channels.iter().enumerate() {
                meter.listen(channel, &samples[block.clone()]);
            }
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
        meter.listen(0, &[3e38, 3e38]);
        assert_eq!((meter.peak(0), meter.rms(0)), (3e38, f32::MAX));
        meter.listen(0, &[1.0]);
        meter.reset();
        meter.listen(0, &[0.0, 0.5]);
        assert_eq!((meter.peak(0), meter.windows()), (0.5, 1));
    }

    proptest! {
        #[test]
        fn any_split_reads_the_same_and_right(split in splits(), window in prop_oneof![1usize..70, 1usize..3_000], frames in 1usize..6_000, channels in 1usize..4) {
            let signal: Vec<_> = (0..channels).map(|c| noise(6 + c as u64, frames)).collect();
            let whole = check(&signal, window, &[frames]);
            prop_assert_eq!(&whole, &check(&signal, window, &split));
            prop_assert_eq!(&whole, &check(&signal, window, &[1]));
        }
    }
}
