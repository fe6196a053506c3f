//! Opening and dropping devices on threads of their own: a server that hangs keeps such a thread, and nobody else.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::{Device, Placed};
use crate::{Callback, DeviceRequest, DeviceSpec, Host, IoError, Side};

/// From one look whether an attempt is over to the next.
const LOOK: Duration = Duration::from_millis(1);
/// How long dropping a device is waited for.
const DROP: Duration = Duration::from_millis(500);

/// What is wanted of a host.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) request: DeviceRequest,
    /// Whether the default device will do as well.
    pub(super) fallback: bool,
    /// What the device has to be like. At another rate it is opened, and not prepared.
    pub(super) rate: u32,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

/// Opens devices of a host, one at a time.
pub(super) struct Opener<C: Callback> {
    host: Arc<Mutex<Box<dyn Host<Placed<C>>>>>,
    /// The last attempt, which may still go on.
    attempt: Option<Attempt<C>>,
}

struct Attempt<C: Callback> {
    /// Gone when nobody wants what comes of it.
    result: Option<Receiver<Result<Device<C>, IoError>>>,
    thread: JoinHandle<()>,
}

impl<C: Callback> Opener<C> {
    pub(super) fn new(host: Box<dyn Host<Placed<C>>>) -> Self {
        Self { host: Arc::new(Mutex::new(host)), attempt: None }
    }

    /// Whether an attempt goes on that somebody wants.
    pub(super) fn is_busy(&self) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| attempt.result.is_some())
    }

    /// Begins an attempt.
    ///
    /// # Errors
    /// When an earlier one, which nobody wants any more, still goes on, or the system has no thread.
    pub(super) fn begin(&mut self, wanted: Wanted, name: &str) -> Result<(), IoError> {
        if self.is_held() {
            return Err(hangs(name));
        }
        let (done, result) = channel();
        let host = Arc::clone(&self.host);
        let spawned = Builder::new().name("patchline-open".to_owned()).spawn(move || {
            // Where an attempt panicked, the next one tries again.
            let host = host.lock().unwrap_or_else(PoisonError::into_inner);
            // What nobody wants any more is dropped here.
            let _ = done.send(open(&**host, wanted));
        });
        let thread = spawned.map_err(|source| IoError::Thread { name: name.to_owned(), source })?;
        self.attempt = Some(Attempt { result: Some(result), thread });
        Ok(())
    }

    /// What came of the attempt; `None` if it is not over in time, or there is none.
    pub(super) fn wait(&mut self, time: Duration, name: &str) -> Option<Result<Device<C>, IoError>> {
        let result = self.attempt.as_ref()?.result.as_ref()?.recv_timeout(time);
        if matches!(result, Err(RecvTimeoutError::Timeout)) {
            return None;
        }
        // It is at its end. What it panicked with, if there is no result, was told by the hook.
        let _ = self.attempt.take()?.thread.join();
        Some(result.unwrap_or_else(|_| {
            let reason = "opening it panicked, which is a bug".to_owned();
            Err(IoError::Unavailable { name: name.to_owned(), reason })
        }))
    }

    /// Nobody wants what comes of the attempt.
    pub(super) fn give_up(&mut self) {
        let result = self.attempt.as_mut().and_then(|attempt| attempt.result.take());
        if let Some(Ok(Ok(device))) = result.map(|result| result.try_recv()) {
            discard(device);
        }
    }

    /// Opens what is wanted, in `patience` at most.
    pub(super) fn open(&mut self, wanted: Wanted, name: &str, patience: Duration) -> Result<Device<C>, IoError> {
        let end = Instant::now() + patience;
        while self.is_held() && Instant::now() < end {
            std::thread::sleep(LOOK);
        }
        self.begin(wanted, name)?;
        self.wait(end.saturating_duration_since(Instant::now()), name).unwrap_or_else(|| {
            self.give_up();
            Err(hangs(name))
        })
    }

    /// Whether an attempt goes on, wanted or not.
    fn is_held(&self) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| !attempt.thread.is_finished())
    }
}

fn hangs(name: &str) -> IoError {
    IoError::Unavailable {
        name: name.to_owned(),
        reason: "its host does not answer; restart the sound server".to_owned(),
    }
}

/// Opens what is wanted, and prepares it if it will be started.
fn open<C: Callback>(host: &dyn Host<Placed<C>>, wanted: Wanted) -> Result<Device<C>, IoError> {
    let Wanted { mut request, fallback, rate, inputs, outputs } = wanted;
    let mut device = host.open(&request).or_else(|error| {
        if !fallback {
            return Err(error);
        }
        let sides = request.input.iter_mut().chain(request.output.iter_mut());
        sides.for_each(|side| side.device = None);
        host.open(&request)
    })?;
    let spec = device.spec();
    match (spec.inputs == inputs, spec.outputs == outputs) {
        (true, true) => {}
        (false, _) => return Err(channels(spec, Side::Input, inputs, spec.inputs)),
        (true, false) => return Err(channels(spec, Side::Output, outputs, spec.outputs)),
    }
    if spec.rate == rate {
        device.prepare()?;
    }
    Ok(device)
}

fn channels(spec: &DeviceSpec, side: Side, asked: usize, has: usize) -> IoError {
    IoError::Channels { device: spec.name.clone(), side, asked, has }
}

/// Drops a device, which may hang: then it is left to itself after a while.
pub(super) fn discard<C: Callback>(device: Device<C>) {
    let (done, dropped) = channel::<()>();
    // Without a thread it is dropped here, with what was to run on it.
    let spawned = Builder::new().name("patchline-drop".to_owned()).spawn(move || {
        drop(device);
        drop(done);
    });
    if spawned.is_ok() {
        let _ = dropped.recv_timeout(DROP);
    }
}
