//! The output device's end, which is the master.

use std::sync::Arc;
use std::time::Duration;

use rtrb::Consumer;

use super::cells::Cells;
use super::clock::Clock;
use super::feed::Stamp;
use super::path::Path;
use super::{DriftConfig, MOST};
use crate::{EventSender, IoEvent, IoEventKind};

/// In how many seconds an error of latency is corrected to 1/e.
const CORRECT: f64 = 10.0;
/// Errors of latency that are not corrected by and by but at once: this many seconds and more, and this many times the
/// usual unpunctuality of the callbacks.
const JUMP: f64 = 0.001;
const UNPUNCTUAL: f64 = 2.0;
/// How long the ring may be empty, in seconds, before the sound ends until both sides are sure of each other again.
const EMPTY: f64 = 0.05;
/// In how many seconds a second time is once too often, and how much more than that is made room for, in seconds.
const OFTEN: f64 = 60.0;
const RESERVE: f64 = 0.000_5;

/// What the output device's callback reads from.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::drift::{DriftConfig, pair};
/// use patchline_io::event_ring;
///
/// let (_feed, mut draw, _monitor) = pair(&DriftConfig { channels: 1, ..DriftConfig::default() })?;
/// let (mut events, _receiver) = event_ring(64);
/// // Nothing has come in yet: silence.
/// let mut output = [9.0; 64];
/// draw.draw(Duration::ZERO, 0, &mut [&mut output], &mut events);
/// assert_eq!(output, [0.0; 64]);
/// # Ok::<(), patchline_io::IoError>(())
/// ```
pub struct Draw {
    ring: Consumer<f32>,
    stamps: Consumer<Stamp>,
    path: Path,
    input: Clock,
    output: Clock,
    input_rate: f64,
    output_rate: f64,
    channels: usize,
    /// By how much the input device's frames are ahead of those that came into the ring: it, or the ring, lost some.
    lost: u64,
    /// Frames that ever left the ring.
    taken: u64,
    /// The longest block of input, in frames.
    block: usize,
    /// Latency to hold, and the most it may become, in frames of input.
    latency: f64,
    latency_most: f64,
    playing: bool,
    gap: Gap,
    /// Frames of input that were late a short while ago, and the output's frame then.
    late: Option<(f64, u64)>,
    /// The output's frame when input was late the last time before.
    late_before: Option<u64>,
    cells: Arc<Cells>,
}

/// What happens between the end of the input's sound and its return.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    /// Whether there was sound before it.
    counts: bool,
    /// The output's frame where the silence begins.
    from: u64,
    /// Frames of silence so far, and how many of them because the ring was empty.
    silent: u64,
    empty: u64,
    /// Frames of input that were dropped meanwhile.
    dropped: u64,
}

impl Draw {
    pub(super) fn new(
        ring: Consumer<f32>,
        stamps: Consumer<Stamp>,
        config: &DriftConfig,
        latency_most: usize,
        cells: Arc<Cells>,
    ) -> Self {
        let path = Path::new(config);
        let margin = config.margin.as_secs_f64() * f64::from(config.input_rate);
        let latency = (path.ahead_most() + config.input_block) as f64 + margin;
        let mut draw = Self {
            ring,
            stamps,
            path,
            input: Clock::new(config.input_rate, config.margin.as_secs_f64()),
            output: Clock::new(config.output_rate, config.margin.as_secs_f64()),
            input_rate: config.input_rate.into(),
            output_rate: config.output_rate.into(),
            channels: config.channels,
            lost: 0,
            taken: 0,
            block: config.input_block,
            latency: 0.0,
            latency_most: latency_most as f64,
            playing: false,
            gap: Gap::default(),
            late: None,
            late_before: None,
            cells,
        };
        draw.grow(latency);
        draw
    }

    /// Fills a block of the output: channels × frames, all of one length. Channels beyond those of the pair are silent.
    ///
    /// `now` is when the callback was called, by the clock that [`Feed`](super::Feed) is told; `position` the device's
    /// frame that the block starts at, counted as [`Block::position`](crate::Block::position). What had to be dropped
    /// or put in is sent as [`IoEventKind::Realigned`].
    ///
    /// # Real-time
    /// Never allocates, locks or waits.
    pub fn draw(&mut self, now: Duration, position: u64, outputs: &mut [&mut [f32]], events: &mut EventSender) {
        let frames = outputs.first().map_or(0, |output| output.len());
        if frames == 0 {
            return;
        }
        self.read_stamps();
        self.output.see(now.as_secs_f64(), position + frames as u64);
        let from = self.align(position, frames);
        self.be_silent(position, from);
        self.steer(position + from as u64);
        let to = if self.playing { self.play(outputs, from) } else { from };
        if to > from {
            self.tell(position + from as u64, events);
        }
        if self.playing {
            self.gap.empty += (frames - to) as u64;
            self.playing = (self.gap.empty as f64) < EMPTY * self.output_rate;
        }
        self.be_silent(position + to as u64, frames - to);
        outputs.iter_mut().for_each(|output| output[..from].fill(0.0));
        outputs.iter_mut().for_each(|output| output[to..].fill(0.0));
        self.cells.set_state(self.playing, self.fill());
    }

    /// Learns where the input stands.
    fn read_stamps(&mut self) {
        // No more than fit the ring, however fast they come.
        for _ in 0..self.stamps.buffer().capacity() {
            let Ok(stamp) = self.stamps.pop() else { return };
            self.input.see(stamp.now.as_secs_f64(), stamp.device);
            self.lost = stamp.device.wrapping_sub(stamp.before + stamp.frames as u64);
            if stamp.frames > self.block {
                self.grow((stamp.frames - self.block) as f64);
                self.block = stamp.frames;
            }
        }
    }

    /// By how many frames the input is late beyond the latency to hold, for the output frame at `position`.
    fn error(&self, position: u64) -> f64 {
        let at = self.output.time_of(position);
        // Where the ring's numbers start is of no meaning: they may be ahead of the device's.
        let there = self.input.frame_at(at) - self.lost as i64 as f64;
        let next = self.taken as f64 - self.path.ahead();
        there - next - self.latency
    }

    /// Decides where in this block the sound begins: at its start, later, or not at all.
    fn align(&mut self, position: u64, frames: usize) -> usize {
        let sure = self.input.is_sure() && self.output.is_sure();
        if !sure {
            return if self.playing { 0 } else { self.rest() };
        }
        self.learn_from_lateness(position);
        let error = self.error(position);
        if self.playing && error.abs() < self.tolerance() {
            return 0;
        }
        let silent = (-error * self.output_rate / self.input_rate).round().max(0.0);
        if silent >= frames as f64 {
            return self.rest();
        }
        let (from, drop) = (silent as usize, error.round().max(0.0) as usize);
        if self.fill() >= drop + self.path.needs(frames - from) {
            self.skip(drop);
            self.playing = true;
            return from;
        }
        if self.playing { 0 } else { self.rest() }
    }

    /// Input was late, but is there: if that was so not long ago, it may be as late as that again.
    fn learn_from_lateness(&mut self, position: u64) {
        let Some((frames, then)) = self.late.take() else { return };
        let before = self.late_before.replace(then);
        if before.is_some_and(|before| (then.abs_diff(before) as f64) < OFTEN * self.output_rate) {
            self.grow(self.error(position).clamp(0.0, frames) + RESERVE * self.input_rate);
        }
    }

    /// Does without input for now.
    fn rest(&mut self) -> usize {
        self.playing = false;
        // The ring must not be full when it is needed.
        let half = self.ring.buffer().capacity() / self.channels / 2;
        self.skip(self.fill().saturating_sub(half));
        0
    }

    /// Sound at `position`: what happened since it ended is told.
    fn tell(&mut self, position: u64, events: &mut EventSender) {
        let gap = std::mem::replace(&mut self.gap, Gap { counts: true, ..Gap::default() });
        if !gap.counts {
            return;
        }
        if gap.empty > 0 && gap.empty == gap.silent {
            self.late = Some((gap.empty as f64 * self.input_rate / self.output_rate, gap.from));
        }
        if gap.silent > 0 {
            self.cells.silent(gap.silent);
            let dropped = -i64::try_from(gap.silent).unwrap_or(i64::MAX);
            events.send(IoEvent { position: gap.from, kind: IoEventKind::Realigned { dropped } });
        }
        if gap.dropped > 0 {
            self.cells.dropped(gap.dropped);
            let dropped = i64::try_from(gap.dropped).unwrap_or(i64::MAX);
            events.send(IoEvent { position, kind: IoEventKind::Realigned { dropped } });
        }
    }

    /// Corrects the rate by what is known of both, and so that what is left of the error goes by and by.
    fn steer(&mut self, position: u64) {
        let error = if self.playing { self.error(position) } else { 0.0 };
        let clocks = (1.0 + self.output.slowness()) / (1.0 + self.input.slowness()) - 1.0;
        let wanted = (clocks + error / (self.input_rate * CORRECT)).clamp(-MOST, MOST);
        self.cells.set_control(self.path.steer(wanted), error);
    }

    /// Says up to which frame the block is filled.
    fn play(&mut self, outputs: &mut [&mut [f32]], from: usize) -> usize {
        let (to, took) = self.path.play(&mut self.ring, outputs, from);
        self.taken += took as u64;
        to
    }

    fn be_silent(&mut self, position: u64, frames: usize) {
        if self.gap.silent == 0 {
            self.gap.from = position;
        }
        self.gap.silent += frames as u64;
    }

    /// Drops what is at the ring's start.
    fn skip(&mut self, frames: usize) {
        let Ok(chunk) = self.ring.read_chunk(frames * self.channels) else { return };
        chunk.commit_all();
        self.taken += frames as u64;
        self.gap.dropped += frames as u64;
    }

    /// Holds more latency from now on.
    fn grow(&mut self, frames: f64) {
        self.latency = (self.latency + frames).min(self.latency_most);
        self.cells.set_latency(self.latency * self.output_rate / self.input_rate);
    }

    /// Frames in the ring.
    fn fill(&self) -> usize {
        self.ring.slots() / self.channels
    }

    /// What is corrected by and by, in frames of input.
    fn tolerance(&self) -> f64 {
        JUMP.max(UNPUNCTUAL * (self.input.usual() + self.output.usual())) * self.input_rate
    }
}
