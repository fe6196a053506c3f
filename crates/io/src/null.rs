//! The null device: the machine's clock, silence in, nothing out.

mod clock;
mod pace;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use self::clock::Monotonic;
use self::worker::Worker;
use crate::settings;
use crate::{
    Backend, Callback, DeviceSpec, EventReceiver, EventSender, IoError, IoEvent, IoStats, Refused, event_ring,
    prefault_stack,
};

/// Events that wait to be polled.
const EVENTS: usize = 1024;

/// What kind of device to pretend.
///
/// ```
/// use patchline_io::null::{Null, NullConfig};
/// use patchline_io::{Backend, Block, FnCallback};
///
/// // A second of blocks of 128 frames, and then no more.
/// let config = NullConfig { block: 128, frames: Some(48_000), ..NullConfig::default() };
/// let device = Null::<FnCallback<fn(Block, &[&[f32]], &mut [&mut [f32]])>>::open(config)?;
/// assert_eq!((device.spec().max_frames, device.spec().inputs), (128, 2));
/// # Ok::<(), patchline_io::IoError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NullConfig {
    /// Frames per second, in Hz: 1 to 1 536 000.
    pub rate: u32,
    /// Frames of each block: 1 to 1 048 576.
    pub block: usize,
    /// Channels of silence it delivers: up to 1024.
    pub inputs: usize,
    /// Channels it takes and forgets: up to 1024.
    pub outputs: usize,
    /// How many frames each start runs; `None` is until it is stopped.
    pub frames: Option<u64>,
}

impl Default for NullConfig {
    /// 48 kHz, blocks of 256 frames, 2 channels each way, until it is stopped.
    fn default() -> Self {
        Self { rate: 48_000, block: 256, inputs: 2, outputs: 2, frames: None }
    }
}

/// A device paced by the machine's clock.
///
/// Block `n` is due `n · block / rate` seconds after the start, so it does not drift. A call that comes a whole block
/// late or more is an xrun: the blocks that were missed are lost and counted, and the schedule stays.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::null::{Null, NullConfig};
/// use patchline_io::{Backend, Block, FnCallback, IoEventKind};
///
/// let mut device = Null::open(NullConfig { frames: Some(480), ..NullConfig::default() })?;
/// device.start(FnCallback(|_: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| outputs[0].fill(0.5)))?;
/// while !std::iter::from_fn(|| device.poll()).any(|event| event.kind == IoEventKind::Finished) {
///     device.pass(Duration::from_millis(5));
/// }
/// let stats = device.stats();
/// assert_eq!(stats.frames + stats.frames_lost, 480);
/// drop(device.stop()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Null<C> {
    spec: DeviceSpec,
    config: NullConfig,
    events: EventReceiver,
    /// What the next run begins with; `None` while one runs.
    rest: Option<Rest>,
    run: Option<Run<C>>,
}

/// A running thread.
struct Run<C> {
    /// The callback comes back unless it panicked.
    thread: JoinHandle<(Option<C>, Rest)>,
    stop: Arc<AtomicBool>,
    /// Closed when the thread ends.
    end: Option<Receiver<()>>,
}

/// What one run leaves to the next.
struct Rest {
    events: EventSender,
    /// Where the device stands, in frames.
    position: u64,
    /// Whether the next block follows no other.
    resumed: bool,
}

impl<C> Null<C> {
    /// Opens a device.
    ///
    /// # Errors
    /// [`IoError::Setting`] for a rate, a block or a number of channels out of range.
    pub fn open(config: NullConfig) -> Result<Self, IoError> {
        settings::check(config.rate, config.block, config.inputs, config.outputs)?;
        let spec = DeviceSpec {
            name: "null".to_owned(),
            rate: config.rate,
            max_frames: config.block,
            inputs: config.inputs,
            outputs: config.outputs,
            input_latency: 0,
            output_latency: 0,
            notes: Vec::new(),
        };
        let (sender, events) = event_ring(EVENTS);
        let rest = Rest { events: sender, position: 0, resumed: false };
        Ok(Self { spec, config, events, rest: Some(rest), run: None })
    }
}

impl<C: Callback> Backend<C> for Null<C> {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn start(&mut self, callback: C) -> Result<(), Refused<C>> {
        let Some(rest) = self.rest.take() else {
            return Err(Refused { callback, error: IoError::Running(self.spec.name.clone()) });
        };
        // The callback follows when the thread is there: a spawn that fails would drop it.
        let (give, given) = channel::<Worker<C>>();
        let (alive, end) = channel();
        let spawned = Builder::new().name("patchline-null".to_owned()).spawn(move || {
            let worker = given.recv().expect("whoever spawned the thread sends the worker at once");
            prefault_stack();
            let back = worker.run_guarded(&mut Monotonic::start());
            drop(alive);
            back
        });
        match spawned {
            Ok(thread) => {
                let stop = Arc::new(AtomicBool::new(false));
                let worker = Worker::new(callback, &self.config, rest, Arc::clone(&stop));
                assert!(give.send(worker).is_ok(), "the thread waits for it");
                self.run = Some(Run { thread, stop, end: Some(end) });
                Ok(())
            }
            Err(source) => {
                self.rest = Some(rest);
                Err(Refused { callback, error: IoError::Thread { name: self.spec.name.clone(), source } })
            }
        }
    }

    fn poll(&mut self) -> Option<IoEvent> {
        self.events.poll()
    }

    fn pass(&mut self, time: Duration) {
        let Some(run) = &mut self.run else { return std::thread::sleep(time) };
        match run.end.as_ref().map(|end| end.recv_timeout(time)) {
            // It has just ended: the caller wants to know at once, but only once.
            Some(Err(RecvTimeoutError::Disconnected)) => run.end = None,
            Some(_) => {}
            None => std::thread::sleep(time),
        }
    }

    fn stats(&self) -> IoStats {
        self.events.stats()
    }

    fn stop(&mut self) -> Result<C, IoError> {
        let run = self.run.take().ok_or_else(|| IoError::NotRunning(self.spec.name.clone()))?;
        run.stop.store(true, Ordering::Release);
        run.thread.thread().unpark();
        let (callback, rest) = run.thread.join().expect("the thread catches the callback's panics");
        self.rest = Some(rest);
        callback.ok_or_else(|| IoError::Panicked(self.spec.name.clone()))
    }
}

impl<C> Drop for Null<C> {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            run.stop.store(true, Ordering::Release);
            run.thread.thread().unpark();
            // Nobody is left to hear of a panic.
            let _ = run.thread.join();
        }
    }
}
