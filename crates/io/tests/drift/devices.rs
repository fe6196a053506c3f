//! Two made-up devices that call a pair's two ends, and what is heard.

use std::f64::consts::TAU;
use std::time::Duration;

use patchline_io::drift::{Draw, DriftConfig, DriftMonitor, Feed, pair};
use patchline_io::{EventReceiver, EventSender, IoEvent, event_ring};

/// Frames of input in a turn of the test signal: cosine and sine, from which the place of each frame is read.
const TURN: f64 = 19_200.0;

/// One device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    pub(crate) rate: u32,
    /// By how much its clock is fast.
    pub(crate) ppm: f64,
    /// The shortest and the longest block.
    pub(crate) blocks: (usize, usize),
    /// By how much a call may be late, in seconds.
    pub(crate) jitter: f64,
    /// When it stops calling, and for how long, in seconds.
    pub(crate) stall: Option<(f64, f64)>,
    /// Whether the frames of the stall are lost; otherwise they come all at once after it.
    pub(crate) loses: bool,
    /// Whether its positions count what it lost.
    pub(crate) tells: bool,
}

impl Device {
    pub(crate) fn new(rate: u32, ppm: f64, blocks: (usize, usize), jitter: f64) -> Self {
        Self { rate, ppm, blocks, jitter, stall: None, loses: false, tells: false }
    }

    pub(crate) fn stalls(self, at: f64, time: f64, loses: bool) -> Self {
        Self { stall: Some((at, time)), loses, ..self }
    }
}

/// A device that runs.
struct Running {
    device: Device,
    chance: u64,
    /// What its crystal counted, and how much of it was lost.
    ticks: u64,
    lost: u64,
    /// When it is called next, and with how many frames.
    at: f64,
    frames: usize,
}

impl Running {
    fn new(device: Device, seed: u64) -> Self {
        let mut running = Self { device, chance: seed, ticks: 0, lost: 0, at: 0.0, frames: 0 };
        running.plan();
        running
    }

    /// True frames per second.
    fn speed(&self) -> f64 {
        f64::from(self.device.rate) * (1.0 + self.device.ppm * 1e-6)
    }

    fn random(&mut self) -> f64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn plan(&mut self) {
        let (shortest, longest) = self.device.blocks;
        self.frames = shortest + (self.random() * (longest - shortest + 1) as f64) as usize;
        let due = (self.ticks + self.frames as u64) as f64 / self.speed();
        let mut at = due + self.random() * self.device.jitter;
        if let Some((from, time)) = self.device.stall.filter(|(from, _)| at >= *from) {
            at = at.max(from + time);
            if self.device.loses {
                self.device.stall = None;
                let lost = (time * self.speed()) as u64;
                self.ticks += lost;
                self.lost += lost;
                at = at.max((self.ticks + self.frames as u64) as f64 / self.speed());
            }
        }
        self.at = self.at.max(at);
    }

    fn position(&self) -> u64 {
        if self.device.tells { self.ticks } else { self.ticks - self.lost }
    }

    fn done(&mut self) {
        self.ticks += self.frames as u64;
        self.plan();
    }
}

/// A moment of what was heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    /// In seconds.
    pub(crate) at: f64,
    /// The latency in seconds; `None` is silence.
    pub(crate) latency: Option<f64>,
    /// As reported.
    pub(crate) ppm: f64,
}

/// Both devices and what is between them.
pub(crate) struct Devices {
    input: Running,
    output: Running,
    feed: Feed,
    draw: Draw,
    sender: EventSender,
    events: EventReceiver,
    pub(crate) monitor: DriftMonitor,
    planar: [Vec<f32>; 2],
    /// The input's sample, of its crystal's frame and the channel.
    signal: fn(u64, usize) -> f32,
    /// The output's first channel.
    pub(crate) recording: Option<Vec<f32>>,
}

impl Devices {
    pub(crate) fn new(input: Device, output: Device, config: DriftConfig) -> Self {
        Self::with_block(input, output, input.blocks.1, config)
    }

    /// An input that says its blocks are of this length.
    pub(crate) fn with_block(input: Device, output: Device, input_block: usize, config: DriftConfig) -> Self {
        let (input_rate, output_rate) = (input.rate, output.rate);
        let config = DriftConfig { input_rate, output_rate, input_block, channels: 2, ..config };
        let (feed, draw, monitor) = pair(&config).unwrap();
        let (sender, events) = event_ring(256);
        Self {
            input: Running::new(input, 1),
            output: Running::new(output, 2),
            feed,
            draw,
            sender,
            events,
            monitor,
            planar: [Vec::new(), Vec::new()],
            signal: turn,
            recording: None,
        }
    }

    pub(crate) fn with_signal(self, signal: fn(u64, usize) -> f32) -> Self {
        Self { signal, recording: Some(Vec::new()), ..self }
    }

    /// By how much the input's clock is fast against the output's.
    pub(crate) fn true_ppm(&self) -> f64 {
        let nominal = f64::from(self.input.device.rate) / f64::from(self.output.device.rate);
        (self.input.speed() / self.output.speed() / nominal - 1.0) * 1e6
    }

    /// The latency that the pair says it has, in seconds.
    pub(crate) fn nominal(&self) -> f64 {
        self.monitor.report().latency as f64 / f64::from(self.output.device.rate)
    }

    /// Runs until `end` seconds; hands over what is heard at the start and the end of each block.
    pub(crate) fn run(&mut self, end: f64, mut heard: impl FnMut(Heard)) -> Vec<IoEvent> {
        while self.input.at.min(self.output.at) < end {
            if self.input.at <= self.output.at { self.call_input() } else { self.call_output(&mut heard) }
        }
        std::iter::from_fn(|| self.events.poll()).collect()
    }

    fn call_input(&mut self) {
        let Running { ticks, frames, at, .. } = self.input;
        for (channel, samples) in self.planar.iter_mut().enumerate() {
            samples.clear();
            samples.extend((ticks..ticks + frames as u64).map(|frame| (self.signal)(frame, channel)));
        }
        let [left, right] = &self.planar;
        self.feed.push(Duration::from_secs_f64(at), self.input.position(), &[left, right]);
        self.input.done();
    }

    fn call_output(&mut self, heard: &mut impl FnMut(Heard)) {
        let Running { ticks, frames, at, .. } = self.output;
        self.planar.iter_mut().for_each(|samples| samples.resize(frames, 0.0));
        self.planar.iter_mut().for_each(|samples| samples.fill(f32::NAN));
        let [left, right] = &mut self.planar;
        let now = Duration::from_secs_f64(at);
        self.draw.draw(now, self.output.position(), &mut [left, right], &mut self.sender);
        if let Some(recording) = &mut self.recording {
            recording.extend_from_slice(&self.planar[0]);
        }
        let ppm = self.monitor.report().ppm;
        for frame in [0, frames - 1] {
            let place = (ticks + frame as u64) as f64 / self.output.speed();
            heard(Heard { at, latency: self.latency(frame, place), ppm });
        }
        self.output.done();
    }

    /// How old the frame is that is heard when the output's crystal says `place`, in seconds.
    fn latency(&self, frame: usize, place: f64) -> Option<f64> {
        let [cosine, sine] = [0, 1].map(|channel| f64::from(self.planar[channel][frame]));
        assert!(cosine.is_finite() && sine.is_finite(), "every sample is written");
        if cosine.hypot(sine) < 0.2 {
            return None;
        }
        let turns = place * self.input.speed() / TURN - sine.atan2(cosine) / TAU;
        // Latencies are a small part of a turn: anything from a quarter before to three quarters after.
        Some(((turns + 0.25).rem_euclid(1.0) - 0.25) * TURN / self.input.speed())
    }
}

fn turn(frame: u64, channel: usize) -> f32 {
    let angle = (frame as f64 / TURN).fract() * TAU;
    (0.5 * if channel == 0 { angle.cos() } else { angle.sin() }) as f32
}
