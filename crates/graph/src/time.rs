//! The clock that times are taken from: one for all who measure, so that their times can be compared.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A clock. Clones tell the same time.
///
/// [`monotonic`](Self::monotonic) is the machine's; a device in virtual time brings its own, and so does a test.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// use std::time::Duration;
///
/// use patchline_graph::TimeSource;
///
/// // A clock of a test, which is moved by hand.
/// let hand = Arc::new(AtomicU64::new(0));
/// let clock = TimeSource::new({
///     let hand = Arc::clone(&hand);
///     move || Duration::from_micros(hand.load(Ordering::Relaxed))
/// });
/// hand.store(250, Ordering::Relaxed);
/// assert_eq!(clock.now(), Duration::from_micros(250));
///
/// let machine = TimeSource::monotonic();
/// assert!(machine.now() <= machine.now());
/// ```
#[derive(Clone)]
pub struct TimeSource(Source);

#[derive(Clone)]
enum Source {
    Machine(Instant),
    Other(Arc<dyn Fn() -> Duration + Send + Sync>),
}

impl TimeSource {
    /// The machine's monotonic clock, from 0 on. WebAssembly without a system (`wasm32-unknown-unknown`) has none: there it
    /// stands still.
    ///
    /// # Real-time
    /// On Linux it is read without a system call (vDSO) wherever the kernel keeps time by the processor's own counter. It
    /// does so on x86-64 and AArch64 unless that counter is unusable. macOS and Windows read theirs alike. 20 to 90 ns.
    #[must_use]
    pub fn monotonic() -> Self {
        if cfg!(all(target_family = "wasm", target_os = "unknown")) {
            return Self::new(|| Duration::ZERO);
        }
        Self(Source::Machine(Instant::now()))
    }

    /// Another clock: the time since a moment that stays the same.
    ///
    /// # Real-time
    /// `now` is called in the device's callback: it may not allocate, free, lock, wait or make a system call.
    pub fn new(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Source::Other(Arc::new(now)))
    }

    /// What it says.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Duration {
        match &self.0 {
            Source::Machine(start) => start.elapsed(),
            Source::Other(now) => now(),
        }
    }
}

impl Default for TimeSource {
    fn default() -> Self {
        Self::monotonic()
    }
}

impl fmt::Debug for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Machine(_) => "the machine's clock",
            Source::Other(_) => "another clock",
        })
    }
}
