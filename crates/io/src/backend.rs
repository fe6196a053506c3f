//! The contract: open → spec → start → poll → stop.

use std::time::Duration;

use patchline_graph::TimeSource;

use crate::{Callback, IoError, IoEvent, IoStats, Refused};

/// What a device is.
///
/// ```
/// use patchline_graph::StreamSpec;
/// use patchline_io::DeviceSpec;
///
/// // A graph is compiled for what the device is.
/// let device = DeviceSpec { rate: 44_100, max_frames: 128, inputs: 2, outputs: 8, ..DeviceSpec::default() };
/// let stream = StreamSpec::new(device.rate, device.max_frames, device.inputs, device.outputs);
/// assert_eq!((stream.rate, stream.inputs), (44_100, 2));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceSpec {
    /// Its name, for people.
    pub name: String,
    /// Frames per second, in Hz.
    pub rate: u32,
    /// The longest block that is usual, in frames; shorter ones, and now and then longer ones, may come.
    pub max_frames: usize,
    /// Channels it delivers.
    pub inputs: usize,
    /// Channels it takes.
    pub outputs: usize,
    /// How old a sample is when the callback gets it, in frames.
    pub input_latency: u64,
    /// How long a sample takes from the callback to the world, in frames.
    pub output_latency: u64,
    /// What was asked for and is granted otherwise, a sentence each.
    pub notes: Vec<String>,
}

/// A device with a clock of its own. Lives on one control thread at a time.
///
/// Each backend has a way of its own to open it. Afterwards all work alike: read the [`spec`](Self::spec), build a
/// callback for it, [`start`](Self::start), [`poll`](Self::poll) events until something ends the run, and
/// [`stop`](Self::stop), which gives the callback back with its state. It may be started again here or on another
/// device of the same rate and channels.
///
/// A program that chooses its backend when it runs holds a `Box<dyn Backend<Renderer>>`. Dropping a running backend
/// stops it and drops the callback.
///
/// ```
/// use std::time::Duration;
/// use patchline_graph::{Graph, Renderer, StreamSpec, engine};
/// use patchline_io::null::{Null, NullConfig};
/// use patchline_io::{Backend, IoEventKind};
///
/// let config = NullConfig { frames: Some(480), block: 64, ..NullConfig::default() };
/// let mut device: Box<dyn Backend<Renderer>> = Box::new(Null::open(config)?);
/// let spec = device.spec();
/// let (mut engine, renderer) = engine(StreamSpec::new(spec.rate, spec.max_frames, spec.inputs, spec.outputs));
/// engine.load(Graph::new())?;
/// device.start(renderer)?;
/// 'run: loop {
///     device.pass(Duration::from_millis(5));
///     while let Some(event) = device.poll() {
///         println!("{event}");
///         if event.kind == IoEventKind::Finished {
///             break 'run;
///         }
///     }
/// }
/// let renderer = device.stop()?;
/// let stats = device.stats();
/// assert_eq!(stats.frames + stats.frames_lost, 480);
/// engine.close(renderer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Backend<C: Callback>: Send {
    /// What the device is now. Changes only while no callback runs, or with a
    /// [`RateChanged`](crate::IoEventKind::RateChanged) or [`BlockChanged`](crate::IoEventKind::BlockChanged) event;
    /// the latencies at any [`poll`](Self::poll), as the server finds out about them. More notes may come at any poll,
    /// and with [`stop`](Self::stop).
    fn spec(&self) -> &DeviceSpec;

    /// Tells how long a sample takes through the callback, in frames, so that a server that aligns its clients can.
    /// To be called before the start and whenever it changes; most devices have nobody to tell.
    ///
    /// ```
    /// use patchline_io::null::{Null, NullConfig};
    /// use patchline_io::{Backend, Block, FnCallback};
    ///
    /// let mut device = Null::open(NullConfig::default())?;
    /// // What the graph says of itself: `engine.schedule().latency`.
    /// device.set_latency(256);
    /// device.start(FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ()))?;
    /// assert_eq!(device.spec().output_latency, 0, "the null device has nobody to tell");
    /// device.stop()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn set_latency(&mut self, frames: u64) {
        let _ = frames;
    }

    /// Does ahead of time what makes [`start`](Self::start) wait for a sound server, so that the start takes no time.
    /// Need not be called.
    ///
    /// ```
    /// use patchline_io::null::{Null, NullConfig};
    /// use patchline_io::{Backend, Block, FnCallback};
    ///
    /// let mut device = Null::open(NullConfig::default())?;
    /// device.prepare()?;
    /// // … everything else is made ready, and then:
    /// device.start(FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ()))?;
    /// assert!(device.stop().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As those of the start.
    fn prepare(&mut self) -> Result<(), IoError> {
        Ok(())
    }

    /// Starts calling `callback`, once per block. All calls are for the rate that [`spec`](Self::spec) says now.
    ///
    /// # Errors
    /// [`Refused`] hands the callback back, with the reason: it runs already, or the device is gone or unwilling.
    fn start(&mut self, callback: C) -> Result<(), Refused<C>>;

    /// The next event, if there is one. Never waits. What had not been asked for yet can be had after the stop.
    fn poll(&mut self) -> Option<IoEvent>;

    /// Lets `time` of the device's world go by, or less when something has happened before that.
    ///
    /// On a real clock the thread sleeps; a simulated device runs its callbacks now. What a control loop does between
    /// two polls.
    fn pass(&mut self, time: Duration) {
        std::thread::sleep(time);
    }

    /// The device's own clock, where that is not the machine's: what measures its callback looks at this one.
    ///
    /// ```
    /// use patchline_graph::{Renderer, Timing};
    /// use patchline_io::null::{Null, NullConfig};
    /// use patchline_io::sim::{Sim, SimConfig};
    /// use patchline_io::Backend;
    ///
    /// // What an engine's `Timing` is made with: the device's clock, else the machine's.
    /// let timing = |device: &dyn Backend<Renderer>| Timing { time: device.time().unwrap_or_default(), ..Timing::default() };
    /// let (sim, null) = (Sim::open(SimConfig::default())?, Null::open(NullConfig::default())?);
    /// assert_eq!(timing(&sim).time.now(), std::time::Duration::ZERO);
    /// assert!(Backend::<Renderer>::time(&null).is_none());
    /// # Ok::<(), patchline_io::IoError>(())
    /// ```
    fn time(&self) -> Option<TimeSource> {
        None
    }

    /// Why a device that is away is not back yet, where that is known.
    ///
    /// ```
    /// use patchline_graph::Renderer;
    /// use patchline_io::Backend;
    /// use patchline_io::null::{Null, NullConfig};
    ///
    /// let device: Box<dyn Backend<Renderer>> = Box::new(Null::open(NullConfig::default())?);
    /// if let Some(error) = device.waits_for() {
    ///     println!("the device is still away: {error}");
    /// }
    /// assert!(device.waits_for().is_none());
    /// # Ok::<(), patchline_io::IoError>(())
    /// ```
    fn waits_for(&self) -> Option<&IoError> {
        None
    }

    /// What has been counted since the backend was opened. Exact even where events did not fit their ring.
    fn stats(&self) -> IoStats;

    /// Stops calling, waits until the last call has returned, and gives the callback back.
    ///
    /// # Errors
    /// [`IoError::NotRunning`] when nothing was started; [`IoError::Panicked`] when the callback panicked and is lost.
    fn stop(&mut self) -> Result<C, IoError>;
}
