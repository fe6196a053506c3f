//! A simulated device: everything that real ones do to a callback, in virtual time, the same for the same seed.

mod config;
mod random;
mod recording;
mod schedule;
mod time;
mod trouble;
mod virtual_time;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use patchline_graph::TimeSource;

pub use self::config::{Blocks, SimConfig};
pub use self::recording::Recording;
use self::schedule::{Schedule, Step};
pub use self::trouble::{Chances, Incident, Trouble};
pub use self::virtual_time::VirtualTime;
use crate::channels::{Planar, call};
use crate::{
    Backend, Block, Callback, DeviceSpec, EventReceiver, EventSender, IoError, IoEvent, IoEventKind, IoStats,
    LostReason, Refused, event_ring,
};

/// Events that wait to be polled.
const EVENTS: usize = 1024;

/// The input: the sample of a device frame and a channel.
type Signal = Box<dyn FnMut(u64, usize) -> f32 + Send>;

/// A device in virtual time: hours take seconds, and nothing depends on the machine.
///
/// Time goes by only in [`pass`](Backend::pass) and [`run`](Self::run), on the caller's thread; that is where the
/// callback is called. One that panics is caught, as by any device: its block is silent, it is not called again, an
/// event says so, and [`stop`](Backend::stop) fails. The same configuration gives the same blocks, events and samples, in
/// whatever portions time is passed.
///
/// ```
/// use std::time::Duration;
/// use patchline_io::sim::{Blocks, Incident, Sim, SimConfig, Trouble};
/// use patchline_io::{Backend, Block, FnCallback, IoEventKind, Side};
///
/// // Blocks of 1 to 700 frames, a sloppy clock, and 100 frames lost after half a second.
/// let config = SimConfig {
///     seed: 7,
///     inputs: 1,
///     outputs: 1,
///     blocks: Blocks::Random { shortest: 1, longest: 700 },
///     drift_ppm: 200,
///     jitter: Duration::from_millis(2),
///     frames: Some(48_000),
///     script: vec![Incident { at: 24_000, trouble: Trouble::Dropout { frames: 100, side: Side::Both } }],
///     ..SimConfig::default()
/// };
/// let mut device = Sim::open(config)?.with_input(|frame, _channel| frame as f32).recording();
/// // An embedder's own callback goes here; this one negates.
/// device.start(FnCallback(|_: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
///     outputs[0].iter_mut().zip(inputs[0]).for_each(|(output, input)| *output = -input);
/// }))?;
/// let events = device.run(Duration::from_secs(3600));
/// assert!(matches!(events[0].kind, IoEventKind::Xrun { lost: 100, .. }));
/// assert_eq!(events[1].kind, IoEventKind::Finished);
/// let heard = device.take_recording();
/// assert_eq!(heard.channels[0].len(), 47_900);
/// assert_eq!(heard.channels[0][47_899], -47_999.0);
/// assert_eq!(heard.blocks.iter().filter(|block| block.discontinuity).count(), 1);
/// let callback = device.stop()?;
/// # drop(callback);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sim<C> {
    spec: DeviceSpec,
    schedule: Schedule,
    time: VirtualTime,
    events: EventReceiver,
    sender: EventSender,
    callback: Option<C>,
    /// Whether the callback panicked: it is not called again.
    panicked: bool,
    signal: Signal,
    recording: Option<Recording>,
    inputs: Planar,
    outputs: Planar,
}

impl<C: Callback> Sim<C> {
    /// Opens a device that delivers silence.
    ///
    /// # Errors
    /// [`IoError::Setting`] for a setting out of range.
    pub fn open(config: SimConfig) -> Result<Self, IoError> {
        config.check()?;
        let spec = DeviceSpec {
            name: format!("sim (seed {})", config.seed),
            rate: config.rate,
            max_frames: config.max_frames,
            inputs: config.inputs,
            outputs: config.outputs,
            input_latency: 0,
            output_latency: config.max_frames as u64,
            notes: Vec::new(),
        };
        let (sender, events) = event_ring(EVENTS);
        let (inputs, outputs) = (Planar::new(config.inputs, 0), Planar::new(config.outputs, 0));
        Ok(Self {
            spec,
            schedule: Schedule::new(config),
            time: VirtualTime::default(),
            events,
            sender,
            callback: None,
            panicked: false,
            signal: Box::new(|_, _| 0.0),
            recording: None,
            inputs,
            outputs,
        })
    }

    /// Takes the input from a function of the device's frame and the channel.
    #[must_use]
    pub fn with_input(mut self, signal: impl FnMut(u64, usize) -> f32 + Send + 'static) -> Self {
        self.signal = Box::new(signal);
        self
    }

    /// Keeps the blocks and the output from now on.
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.recording = Some(Recording::new(self.spec.outputs));
        self
    }

    /// The blocks and the output since the last call, or since recording began.
    pub fn take_recording(&mut self) -> Recording {
        let empty = Recording::new(self.spec.outputs);
        self.recording.as_mut().map(|recording| std::mem::replace(recording, empty)).unwrap_or_default()
    }

    /// The virtual time since the device was opened.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use patchline_io::sim::{Sim, SimConfig};
    /// use patchline_io::{Backend, Block, FnCallback};
    ///
    /// let mut device = Sim::open(SimConfig::default())?;
    /// device.start(FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ()))?;
    /// device.run(Duration::from_secs(60));
    /// assert_eq!(device.now(), Duration::from_secs(60));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.schedule.now())
    }

    /// The clock that runs in its callback.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use patchline_io::sim::{Sim, SimConfig};
    /// use patchline_io::{Backend, Block, FnCallback};
    ///
    /// let mut device = Sim::open(SimConfig::default())?;
    /// let time = device.virtual_time();
    /// device.start(FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ()))?;
    /// device.run(Duration::from_secs(1));
    /// assert!(time.now() <= Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn virtual_time(&self) -> VirtualTime {
        self.time.clone()
    }

    /// Whether no further call will come before the device is stopped and started again.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use patchline_io::sim::{Sim, SimConfig};
    /// use patchline_io::{Backend, Block, FnCallback};
    ///
    /// let mut device = Sim::open(SimConfig { frames: Some(480), ..SimConfig::default() })?;
    /// assert!(device.rests());
    /// device.start(FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ()))?;
    /// assert!(!device.rests());
    /// device.run(Duration::from_secs(1));
    /// assert!(device.rests());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn rests(&self) -> bool {
        self.callback.is_none() || self.schedule.rests()
    }

    /// Lets `time` go by whatever happens, or until the device [rests](Self::rests); gives all events.
    pub fn run(&mut self, time: Duration) -> Vec<IoEvent> {
        let end = self.now().saturating_add(time);
        let mut events = Vec::new();
        loop {
            events.extend(std::iter::from_fn(|| self.events.poll()));
            let left = end.saturating_sub(self.now());
            // Nothing comes after the end of time; a silent device gets there.
            if self.rests() || left.is_zero() || self.schedule.now() == u64::MAX {
                return events;
            }
            self.pass(left);
        }
    }

    /// Keeps the spec true.
    fn follow(&mut self, kind: IoEventKind) {
        match kind {
            IoEventKind::RateChanged { to, .. } => self.spec.rate = to,
            IoEventKind::BlockChanged { to, .. } => {
                self.spec.max_frames = to;
                self.spec.output_latency = to as u64;
            }
            _ => {}
        }
    }

    fn process(&mut self, block: Block) {
        let Some(callback) = &mut self.callback else { return };
        let (inputs, outputs) = self.schedule.channels();
        let frames = block.frames.max(self.inputs.frames());
        if (self.inputs.channels(), self.outputs.channels(), self.inputs.frames()) != (inputs, outputs, frames) {
            (self.inputs, self.outputs) = (Planar::new(inputs, frames), Planar::new(outputs, frames));
        }
        for (channel, samples) in self.inputs.iter_mut(block.frames).enumerate() {
            let frames = block.position..;
            samples.iter_mut().zip(frames).for_each(|(sample, frame)| *sample = (self.signal)(frame, channel));
        }
        self.time.call(self.schedule.now(), self.schedule.takes());
        // What a callback does not write must not look written.
        self.outputs.iter_mut(block.frames).for_each(|samples| samples.fill(f32::NAN));
        let called = catch_unwind(AssertUnwindSafe(|| call(callback, block, &self.inputs, &mut self.outputs)));
        self.schedule.done(self.time.spent());
        self.sender.count_block(block.frames);
        if called.is_err() {
            self.outputs.iter_mut(block.frames).for_each(|samples| samples.fill(0.0));
            self.panicked = true;
            self.schedule.stop();
            let position = block.position + block.frames as u64;
            self.sender.send(IoEvent { position, kind: IoEventKind::Lost { reason: LostReason::Panicked } });
        }
        if let Some(recording) = &mut self.recording {
            recording.add(block, &self.outputs);
        }
    }
}

impl<C: Callback> Backend<C> for Sim<C> {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn start(&mut self, callback: C) -> Result<(), Refused<C>> {
        let name = self.spec.name.clone();
        if self.callback.is_some() {
            return Err(Refused { callback, error: IoError::Running(name) });
        }
        match self.schedule.start() {
            Ok(()) => {
                self.callback = Some(callback);
                Ok(())
            }
            Err(reason) => Err(Refused { callback, error: IoError::Unavailable { name, reason: reason.to_owned() } }),
        }
    }

    fn poll(&mut self) -> Option<IoEvent> {
        self.events.poll()
    }

    fn time(&self) -> Option<TimeSource> {
        Some(self.time.source())
    }

    /// Runs the callbacks of this time now, up to the first event.
    fn pass(&mut self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let until = self.schedule.now().saturating_add(time);
        while let Some(step) = self.schedule.step(until) {
            match step {
                Step::Call(block) => {
                    self.process(block);
                    if self.panicked {
                        return;
                    }
                }
                Step::Say(event) => {
                    self.follow(event.kind);
                    return self.sender.send(event);
                }
            }
        }
    }

    fn stats(&self) -> IoStats {
        self.events.stats()
    }

    fn stop(&mut self) -> Result<C, IoError> {
        let callback = self.callback.take().ok_or_else(|| IoError::NotRunning(self.spec.name.clone()))?;
        self.schedule.stop();
        if !std::mem::take(&mut self.panicked) {
            return Ok(callback);
        }
        // What a panic left behind may panic again when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(callback)));
        Err(IoError::Panicked(self.spec.name.clone()))
    }
}
