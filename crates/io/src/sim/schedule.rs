//! What a simulated device does next, and when.

use std::collections::VecDeque;

use super::random::Random;
use super::time::DeviceClock;
use super::{Blocks, Chances, Incident, SimConfig, Trouble};
use crate::{Block, IoEvent, IoEventKind, LostReason, Side};

/// One thing that happens now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// The callback is called.
    Call(Block),
    /// An event is told.
    Say(IoEvent),
}

/// What has been drawn and waits for its time, in virtual nanoseconds.
#[derive(Clone, Copy, Debug)]
enum Next {
    Call {
        frames: usize,
        begins: u64,
        takes: u64,
    },
    Back {
        at: u64,
        away: u64,
    },
    /// The end of a silence.
    Awake {
        at: u64,
        frames: u64,
    },
    /// The next error of a storm, after `passed` frames of it.
    Error {
        at: u64,
        passed: u64,
        frames: Option<u64>,
    },
}

/// A call that has begun: its length by chance in nanoseconds, and its block's in frames.
#[derive(Clone, Copy, Debug)]
struct Running {
    takes: u64,
    frames: usize,
}

/// Frames between two errors of a storm.
const STORM: u64 = 10;

/// Whether calls come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Stopped,
    Running,
    /// Until stopped and started again, without a word.
    Silent,
    /// Until stopped and started again: finished, or at a new rate.
    Resting,
    /// For good.
    Gone,
}

/// The device without its samples: time, position, chance.
///
/// Everything is drawn when it is planned, not when time gets there: the portions in which time passes change nothing.
#[derive(Debug)]
pub(super) struct Schedule {
    random: Random,
    /// What is still to happen, the next first.
    script: VecDeque<Incident>,
    chances: Chances,
    blocks: Blocks,
    /// The longest block the device promises now, in frames.
    usual: usize,
    /// What its buffer holds at least, in frames.
    buffer: usize,
    rate: u32,
    drift_ppm: i32,
    /// The longest delay of a call, in nanoseconds.
    jitter: u64,
    /// The longest call, in hundredths of its block's time.
    load_percent: u32,
    /// Frames of each run.
    frames: Option<u64>,
    state: State,
    clock: DeviceClock,
    /// Virtual nanoseconds since the device was opened.
    now: u64,
    /// When the call before has ended.
    free: u64,
    /// The device's frame, and the one at which this run ends.
    position: u64,
    end: u64,
    next: Option<Next>,
    words: VecDeque<IoEvent>,
    /// By how much the next call takes longer, and begins later, in nanoseconds.
    stall: u64,
    late: u64,
    /// The call that runs now.
    running: Option<Running>,
    /// Whether the next block follows no other.
    gap: bool,
    started: bool,
    /// Whether the next call comes at once.
    early: bool,
    /// Channels that the callback gets: in, out.
    channels: (usize, usize),
}

impl Schedule {
    pub(super) fn new(config: SimConfig) -> Self {
        let mut script = config.script;
        script.sort_by_key(|incident| incident.at);
        Self {
            random: Random::new(config.seed),
            script: script.into(),
            chances: config.chances,
            blocks: config.blocks,
            usual: config.max_frames,
            buffer: config.max_frames,
            rate: config.rate,
            drift_ppm: config.drift_ppm,
            jitter: nanos(config.jitter),
            load_percent: config.load_percent,
            frames: config.frames,
            state: State::Stopped,
            clock: DeviceClock::new(0, 0, config.rate, config.drift_ppm),
            now: 0,
            free: 0,
            position: 0,
            end: u64::MAX,
            next: None,
            words: VecDeque::new(),
            stall: 0,
            late: 0,
            running: None,
            gap: false,
            started: false,
            early: false,
            channels: (config.inputs, config.outputs),
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// Channels that the callback gets: in, out.
    pub(super) fn channels(&self) -> (usize, usize) {
        self.channels
    }

    /// Whether nothing more will happen before a start.
    pub(super) fn rests(&self) -> bool {
        !matches!(self.state, State::Running | State::Silent) && self.words.is_empty()
    }

    /// Starts a run; says why not, if the device is gone.
    pub(super) fn start(&mut self) -> Result<(), &'static str> {
        if self.state == State::Gone {
            return Err("it was unplugged for good");
        }
        if let Some(Next::Back { at, away }) = self.next {
            if self.now < at {
                return Err("it is unplugged");
            }
            self.come_back(away);
        }
        self.state = State::Running;
        self.clock = DeviceClock::new(self.now, self.position, self.rate, self.drift_ppm);
        self.free = self.now;
        self.end = self.frames.map_or(u64::MAX, |frames| self.position.saturating_add(frames));
        self.gap |= self.started;
        self.started = true;
        Ok(())
    }

    /// Ends a run. A device that is away stays away.
    pub(super) fn stop(&mut self) {
        if self.state != State::Gone {
            self.state = State::Stopped;
        }
        self.next = self.next.filter(|next| matches!(next, Next::Back { .. }));
    }

    /// The next thing that happens, if it happens until then; otherwise it is then.
    pub(super) fn step(&mut self, until: u64) -> Option<Step> {
        loop {
            if let Some(word) = self.words.pop_front() {
                return Some(Step::Say(word));
            }
            if self.state != State::Running {
                self.now = until;
                return None;
            }
            match self.next {
                None => self.plan(),
                Some(next) if next.at() > until => {
                    self.now = until;
                    return None;
                }
                Some(Next::Call { frames, begins, takes }) => {
                    return Some(Step::Call(self.call(frames, begins, takes)));
                }
                Some(Next::Back { at, away }) => {
                    (self.now, self.free) = (at, at);
                    self.come_back(away);
                }
                Some(Next::Awake { at, frames }) => {
                    (self.now, self.free) = (at, at);
                    self.wake_up(frames);
                }
                Some(Next::Error { at, passed, frames }) => {
                    (self.now, self.free) = (at, at);
                    self.storm(passed, frames);
                }
            }
        }
    }

    // What happens.

    /// Decides what comes next: a call, an absence, or the end.
    fn plan(&mut self) {
        if self.position >= self.end {
            self.state = State::Resting;
            return self.say(IoEventKind::Finished);
        }
        if self.script.front().is_some_and(|incident| incident.at <= self.position) {
            let incident = self.script.pop_front();
            return incident.into_iter().for_each(|incident| self.strike(incident.trouble));
        }
        let frames = self.blocks.draw(&mut self.random);
        let minutes = frames as f64 / (60.0 * f64::from(self.rate));
        if let Some(trouble) = self.chances.draw(minutes, &mut self.random) {
            self.strike(trouble);
        }
        let left = self.end - self.position;
        if self.next.is_some() || self.state != State::Running || left == 0 {
            return;
        }
        let frames = usize::try_from(left).unwrap_or(usize::MAX).min(frames);
        let due = self.clock.time_of(self.position + frames as u64);
        let longest = (due - self.clock.time_of(self.position)).saturating_mul(self.load_percent.into()) / 100;
        let takes = self.random.up_to(longest).saturating_add(std::mem::take(&mut self.stall));
        let due = due.saturating_add(self.random.up_to(self.jitter)).saturating_add(std::mem::take(&mut self.late));
        let due = if std::mem::take(&mut self.early) { self.now } else { due };
        self.next = Some(Next::Call { frames, begins: due.max(self.free), takes });
    }

    fn strike(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Dropout { frames, side } => self.lose(frames, side),
            Trouble::Stall(time) => self.stall = self.stall.saturating_add(nanos(time)),
            Trouble::Late(time) => self.late = self.late.saturating_add(nanos(time)),
            Trouble::Blocks(blocks) => {
                self.blocks = blocks;
                let (from, to) = (std::mem::replace(&mut self.usual, blocks.longest()), blocks.longest());
                if from != to {
                    self.say(IoEventKind::BlockChanged { from, to });
                }
            }
            Trouble::Rate(to) if to == self.rate => {}
            Trouble::Rate(to) => {
                let from = std::mem::replace(&mut self.rate, to);
                self.state = State::Resting;
                self.say(IoEventKind::RateChanged { from, to });
            }
            Trouble::Unplug { away } => {
                self.say(IoEventKind::Lost { reason: LostReason::Unplugged });
                match away.map(|away| away.min(self.end - self.position)) {
                    Some(away) => self.next = Some(Next::Back { at: self.clock.time_of(self.position + away), away }),
                    None => self.state = State::Gone,
                }
            }
            Trouble::Silence { frames: None } => self.state = State::Silent,
            Trouble::Silence { frames: Some(frames) } => {
                let frames = frames.min(self.end - self.position);
                self.next = Some(Next::Awake { at: self.clock.time_of(self.position + frames), frames });
            }
            Trouble::ErrorStorm { frames } => {
                self.next_error(0, frames.map(|frames| frames.min(self.end - self.position)));
            }
            Trouble::Early => self.early = true,
            Trouble::Channels { inputs, outputs } => self.change_channels(inputs, outputs),
        }
    }

    /// One call begins; [`done`](Self::done) follows when it has returned.
    fn call(&mut self, frames: usize, begins: u64, takes: u64) -> Block {
        let discontinuity = std::mem::take(&mut self.gap);
        let block = Block { frames, position: self.position, discontinuity };
        self.next = None;
        self.now = begins;
        self.position += frames as u64;
        self.running = Some(Running { takes, frames });
        block
    }

    /// How long the call that runs now takes by chance, in nanoseconds.
    pub(super) fn takes(&self) -> u64 {
        self.running.map_or(0, |call| call.takes)
    }

    /// The call is over, in which `spent` nanoseconds passed beyond that. It may have started late and end late: what
    /// the device's buffer does not cover is lost.
    pub(super) fn done(&mut self, spent: u64) {
        let Some(Running { takes, frames }) = self.running.take() else { return };
        self.free = self.now.saturating_add(takes).saturating_add(spent);
        let buffer = self.buffer.max(self.usual).max(frames) as u64;
        let deadline = self.clock.time_of(self.position.saturating_add(buffer));
        self.lose(self.clock.frames_in(self.free.saturating_sub(deadline)), Side::Both);
    }

    fn lose(&mut self, frames: u64, side: Side) {
        let lost = frames.min(self.end - self.position);
        if lost > 0 {
            self.say(IoEventKind::Xrun { lost, side });
            self.position += lost;
            self.gap = true;
        }
    }

    /// Frames have passed that nobody tells of.
    fn wake_up(&mut self, frames: u64) {
        self.next = None;
        self.position += frames;
        self.gap = true;
    }

    fn storm(&mut self, passed: u64, frames: Option<u64>) {
        match frames {
            Some(frames) if passed >= frames => self.wake_up(frames),
            _ => {
                self.say(IoEventKind::Xrun { lost: 0, side: Side::Both });
                self.next_error(passed, frames);
            }
        }
    }

    fn next_error(&mut self, passed: u64, frames: Option<u64>) {
        let passed = passed.saturating_add(STORM).min(frames.unwrap_or(u64::MAX));
        self.next = Some(Next::Error { at: self.clock.time_of(self.position.saturating_add(passed)), passed, frames });
    }

    fn change_channels(&mut self, inputs: usize, outputs: usize) {
        let before = std::mem::replace(&mut self.channels, (inputs, outputs));
        for (side, from, to) in [(Side::Input, before.0, inputs), (Side::Output, before.1, outputs)] {
            if from != to {
                self.say(IoEventKind::ChannelsChanged { side, from, to });
            }
        }
    }

    fn come_back(&mut self, away: u64) {
        self.next = None;
        self.position += away;
        self.gap = true;
        self.say(IoEventKind::Reconnected { away });
    }

    fn say(&mut self, kind: IoEventKind) {
        self.words.push_back(IoEvent { position: self.position, kind });
    }
}

impl Next {
    /// When, in virtual nanoseconds.
    fn at(self) -> u64 {
        match self {
            Self::Call { begins: at, .. } | Self::Back { at, .. } | Self::Awake { at, .. } | Self::Error { at, .. } => {
                at
            }
        }
    }
}

fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_greatest_numbers_overflow_nothing() {
        let [dropout, away] =
            [Trouble::Dropout { frames: u64::MAX - 1_000, side: Side::Both }, Trouble::Unplug { away: Some(u64::MAX) }];
        let [stall, long] = [Trouble::Stall(Duration::MAX), Trouble::Blocks(Blocks::Fixed(1 << 20))];
        let [quiet, storm] = [u64::MAX - 600, u64::MAX].map(Some);
        let [quiet, storm] = [Trouble::Silence { frames: quiet }, Trouble::ErrorStorm { frames: storm }];
        for troubles in [
            vec![dropout, long],
            vec![away],
            vec![stall],
            vec![stall, stall, dropout, away],
            vec![quiet, long],
            vec![storm],
        ] {
            let script = troubles.into_iter().map(|trouble| Incident { at: 512, trouble }).collect();
            let config = SimConfig { script, drift_ppm: 100_000, load_percent: u32::MAX, ..SimConfig::default() };
            let mut schedule = Schedule::new(SimConfig { jitter: Duration::MAX, ..config });
            schedule.start().unwrap();
            let step = || schedule.step(u64::MAX).inspect(|_| schedule.done(u64::MAX));
            let steps: Vec<Step> = std::iter::from_fn(step).take(100_000).collect();
            let positions = steps.iter().map(|step| match step {
                Step::Call(block) => block.position,
                Step::Say(event) => event.position,
            });
            assert!(positions.is_sorted());
            assert!(schedule.position >= 512, "the troubles struck");
        }
    }
}
