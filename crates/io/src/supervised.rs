//! A device that is watched and, when it is lost, opened again, while the callback keeps its state.

mod away;
mod course;
mod notes;
mod opener;
mod placed;
mod watchdog;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use self::away::Away;
use self::notes::Notes;
use self::opener::{Opener, discard};
pub use self::placed::Placed;
use self::watchdog::Watchdog;
use crate::{
    Backend, Callback, ChannelCount, DeviceRequest, DeviceSpec, Host, IoError, IoEvent, IoStats, Refused, SideRequest,
};

/// What is done about a device that is lost.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::Patience;
///
/// // A server in another room: it is given time to come back, and nothing else will do.
/// let patience = Patience { silence: Duration::from_secs(5), fallback: false, ..Patience::default() };
/// assert!(patience.first_retry < patience.longest_retry);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// A device that has not called for so long is lost. It is never less than 20 of its blocks.
    pub silence: Duration,
    /// How long the first attempt to open it again waits; each next one waits twice as long.
    pub first_retry: Duration,
    /// No attempt waits longer.
    pub longest_retry: Duration,
    /// Whether the default device is opened where the lost one cannot be.
    pub fallback: bool,
}

impl Default for Patience {
    /// Lost after 1 s of silence; tried again after 0.1 s, then more and more slowly, at least every 2 s, for good.
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(1),
            first_retry: Duration::from_millis(100),
            longest_retry: Duration::from_secs(2),
            fallback: false,
        }
    }
}

/// How long a start waits for a device that has to be opened.
const PATIENCE: Duration = Duration::from_secs(30);

/// A device of a [`Host`] that outlives its server, its cable and its own silence.
///
/// While it is away the callback rests with its state. When it is back with the same rate and channels, the callback
/// runs on. At another rate it rests on ([`RateChanged`](crate::IoEventKind::RateChanged)) until it is stopped and one for the
/// new rate is started. Positions go on counting over an absence, at the device's rate.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::sim::{Sim, SimConfig};
/// use patchline_io::{Backend, Block, Callback, DeviceInfo, DeviceRequest, FnCallback, Host, IoError, Patience, Supervised};
///
/// # struct Simulated;
/// # impl<C: Callback> Host<C> for Simulated {
/// #     fn name(&self) -> &'static str { "sim" }
/// #     fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> { Ok(vec![]) }
/// #     fn open(&self, _request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError> {
/// #         Ok(Box::new(Sim::open(SimConfig::default())?))
/// #     }
/// # }
/// // `Simulated` is a host of simulated devices; others are those of JACK and cpal.
/// let mut device = Supervised::open(Box::new(Simulated), DeviceRequest::default(), Patience::default())?;
/// device.start(FnCallback(|_: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
///     outputs.iter_mut().for_each(|channel| channel.fill(0.0));
/// }))?;
/// // As with any device. Where it goes, it is opened again here.
/// device.pass(Duration::from_secs(1));
/// while let Some(event) = device.poll() {
///     println!("{event}");
/// }
/// assert!(device.waits_for().is_none());
/// let _callback = device.stop()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Supervised<C: Callback> {
    opener: Opener<C>,
    /// What is asked for again: as many channels as there were.
    request: DeviceRequest,
    patience: Patience,
    spec: DeviceSpec,
    state: State<C>,
    /// What happened here and was not polled yet, the next first.
    words: VecDeque<IoEvent>,
    /// Of all devices before the present one, with the absences between them.
    past: IoStats,
    /// Where the present device's frame 0 stands.
    origin: u64,
    /// Whether what is started next does not follow what was before, since the device was away.
    gap: bool,
    latency: u64,
    notes: Notes,
    watchdog: Watchdog,
}

type Device<C> = Box<dyn Backend<Placed<C>>>;

enum State<C: Callback> {
    /// Opened, without a callback.
    Ready(Device<C>),
    /// The device calls; `rests` once it has said that it will not.
    Running { device: Device<C>, rests: bool },
    /// The device has been silent since then, which is told first: to take the callback from it may take a while.
    Leaving { device: Device<C>, position: u64, since: Instant },
    /// The device is lost; the callback waits for it.
    Away { callback: C, away: Away },
    /// The device came back as another one; the callback waits to be stopped.
    Changed { callback: C, device: Device<C> },
    /// Neither device nor callback.
    Closed,
    /// The same; the callback was not given back, which is yet to be said to whoever stops it.
    Failed(IoError),
}

impl<C: Callback> Supervised<C> {
    /// Opens what is asked for.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub fn open(
        host: Box<dyn Host<Placed<C>>>,
        mut request: DeviceRequest,
        patience: Patience,
    ) -> Result<Self, IoError> {
        let device = host.open(&request)?;
        let spec = device.spec().clone();
        // What comes back must fit the callback, which was made for this.
        fix(request.input.as_mut(), spec.inputs);
        fix(request.output.as_mut(), spec.outputs);
        let watchdog = Watchdog::new(patience.silence, &spec);
        Ok(Self {
            opener: Opener::new(host),
            request,
            patience,
            notes: Notes::new(&spec),
            spec,
            state: State::Ready(device),
            words: VecDeque::new(),
            past: IoStats::default(),
            origin: 0,
            gap: false,
            latency: 0,
            watchdog,
        })
    }
}

impl<C: Callback> Backend<C> for Supervised<C> {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn set_latency(&mut self, frames: u64) {
        self.latency = frames;
        match &mut self.state {
            State::Ready(device) | State::Running { device, .. } | State::Changed { device, .. } => {
                device.set_latency(frames);
            }
            State::Leaving { .. } | State::Away { .. } | State::Closed | State::Failed(_) => {}
        }
    }

    fn start(&mut self, callback: C) -> Result<(), Refused<C>> {
        let mut device = match std::mem::replace(&mut self.state, State::Closed) {
            State::Ready(device) => device,
            State::Closed | State::Failed(_) => match self.opener.open(self.wanted(), &self.spec.name, PATIENCE) {
                Ok(device) => device,
                Err(error) => return Err(Refused { callback, error }),
            },
            busy => {
                self.state = busy;
                return Err(Refused { callback, error: IoError::Running(self.spec.name.clone()) });
            }
        };
        self.adopt(&device);
        device.set_latency(self.latency);
        match device.start(Placed { callback, origin: self.origin, gap: self.gap }) {
            Ok(()) => {
                self.gap = false;
                self.state = State::Running { device, rests: false };
                Ok(())
            }
            Err(Refused { callback, error }) => {
                self.state = State::Ready(device);
                Err(Refused { callback: callback.callback, error })
            }
        }
    }

    fn poll(&mut self) -> Option<IoEvent> {
        if let Some(event) = self.words.pop_front() {
            return Some(event);
        }
        // What any other device had to say was heard when it was stopped.
        let State::Running { device, .. } = &mut self.state else { return None };
        let event = device.poll();
        self.notes.learn(device.spec(), &mut self.spec);
        let mut event = event?;
        event.position = event.position.saturating_add(self.origin);
        self.heed(event);
        Some(event)
    }

    /// Where the device is away, looks for it when it is time to: on another thread, as a server may hang.
    fn pass(&mut self, time: Duration) {
        match &mut self.state {
            State::Running { device, .. } => {
                device.pass(time);
                self.bark();
            }
            State::Leaving { .. } => self.part(),
            State::Away { .. } => self.seek(time),
            _ => std::thread::sleep(time),
        }
    }

    fn waits_for(&self) -> Option<&IoError> {
        match &self.state {
            State::Away { away, .. } => away.trouble.as_ref(),
            _ => None,
        }
    }

    fn stats(&self) -> IoStats {
        let mut stats = self.past;
        match &self.state {
            State::Ready(device) | State::Running { device, .. } | State::Changed { device, .. } => {
                stats += device.stats()
            }
            State::Leaving { device, .. } => stats += course::lost(device),
            State::Away { .. } | State::Closed | State::Failed(_) => {}
        }
        stats
    }

    fn stop(&mut self) -> Result<C, IoError> {
        self.part();
        let (callback, state) = match std::mem::replace(&mut self.state, State::Closed) {
            State::Running { mut device, .. } => {
                let stopped = device.stop();
                let Ok(placed) = stopped else {
                    self.bury(device);
                    return stopped.map(|placed| placed.callback);
                };
                self.hear_out(&mut device, |_| true);
                (placed.callback, State::Ready(device))
            }
            State::Away { callback, away } => {
                self.opener.give_up();
                self.absent(&away);
                (callback, State::Closed)
            }
            State::Changed { callback, device } => (callback, State::Ready(device)),
            State::Failed(error) => return Err(error),
            idle @ (State::Ready(_) | State::Leaving { .. } | State::Closed) => {
                self.state = idle;
                return Err(IoError::NotRunning(self.spec.name.clone()));
            }
        };
        self.state = state;
        Ok(callback)
    }
}

impl<C: Callback> Drop for Supervised<C> {
    /// A device whose server hangs is left to itself after a while.
    fn drop(&mut self) {
        self.opener.give_up();
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Ready(device)
            | State::Running { device, .. }
            | State::Leaving { device, .. }
            | State::Changed { device, .. } => discard(device),
            State::Away { .. } | State::Closed | State::Failed(_) => {}
        }
    }
}

fn fix(side: Option<&mut SideRequest>, channels: usize) {
    if let Some(side) = side {
        side.channels = ChannelCount::Exactly(channels);
    }
}
