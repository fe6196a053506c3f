//! Virtual time as a callback sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use patchline_graph::TimeSource;

/// The clock of a simulated device, for what runs in its callback: a
/// [`Measured`](crate::load::Measured), an engine's profile, or a test's node that pretends to work.
///
/// It stands still while the callback runs, but for two things: what the device's configuration says that the call takes
/// ([`load_percent`](super::SimConfig::load_percent), [`Stall`](super::Trouble::Stall)) passes right after the first
/// look at the clock in it; and whoever runs there may [`spend`](Self::spend) time. All of it makes the call longer, and
/// the device loses frames over it as it would over real time.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::load::Measured;
/// use patchline_io::sim::{Sim, SimConfig};
/// use patchline_io::{Backend, Block, FnCallback};
///
/// let mut device = Sim::open(SimConfig { frames: Some(48_000), ..SimConfig::default() })?;
/// let time = device.virtual_time();
/// assert_eq!(time.now(), Duration::ZERO);
/// // A callback that takes a millisecond for its 256 frames, which last 5.3.
/// let (clock, worker) = (time.source(), time.clone());
/// let busy = FnCallback(move |_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| worker.spend(Duration::from_millis(1)));
/// let (callback, meter) = Measured::with_clock(busy, 48_000, clock);
/// device.start(callback)?;
/// device.run(Duration::from_secs(2));
/// assert!((meter.take().unwrap().mean - 0.1875).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct VirtualTime(Arc<Cells>);

#[derive(Debug, Default)]
struct Cells {
    /// Nanoseconds since the device was opened.
    now: AtomicU64,
    /// What will have passed after the next look.
    stall: AtomicU64,
    /// What was spent in this call.
    spent: AtomicU64,
}

impl VirtualTime {
    /// The time since the device was opened.
    #[must_use]
    pub fn now(&self) -> Duration {
        let stall = self.0.stall.swap(0, Ordering::Relaxed);
        Duration::from_nanos(self.0.now.fetch_add(stall, Ordering::Relaxed))
    }

    /// Lets time pass in the callback.
    pub fn spend(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let add = |spent: u64| Some(spent.saturating_add(nanos));
        let _ = self.0.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        let _ = self.0.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// The same as a clock.
    #[must_use]
    pub fn source(&self) -> TimeSource {
        let time = self.clone();
        TimeSource::new(move || time.now())
    }

    /// A call begins that takes so many nanoseconds by itself.
    pub(super) fn call(&self, begins: u64, takes: u64) {
        self.0.now.store(begins, Ordering::Relaxed);
        self.0.stall.store(takes.min(u64::MAX - begins), Ordering::Relaxed);
        self.0.spent.store(0, Ordering::Relaxed);
    }

    /// It is over: what was spent in it, in nanoseconds.
    pub(super) fn spent(&self) -> u64 {
        self.0.stall.store(0, Ordering::Relaxed);
        self.0.spent.swap(0, Ordering::Relaxed)
    }
}
