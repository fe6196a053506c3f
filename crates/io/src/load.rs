//! How much of a block's time its callback takes.
//!
//! [`Measured`] goes around a callback, on the device's thread; a [`LoadMeter`] reads what it found, on any other.
//!
//! ```
//! use patchline_io::load::Measured;
//! use patchline_io::{Block, Callback, FnCallback};
//!
//! let silence = FnCallback(|_: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
//!     outputs.iter_mut().for_each(|channel| channel.fill(0.0));
//! });
//! let (mut callback, meter) = Measured::new(silence, 48_000);
//! assert_eq!(meter.take(), None, "nothing has run yet");
//! callback.process(Block { frames: 64, position: 0, discontinuity: false }, &[], &mut [&mut [0.5; 64]]);
//! let load = meter.take().expect("a block has run");
//! println!("{:.0} % of the time, {:.0} % at worst", load.mean * 100.0, load.peak * 100.0);
//! ```

mod cells;

use std::sync::Arc;
use std::time::{Duration, Instant};

use patchline_graph::TimeSource;

use self::cells::Cells;
use crate::flight::FlightWriter;
use crate::{Block, Callback, Midi};

/// How long the mean looks back, in seconds.
const WINDOW: f64 = 1.0;

/// How much of the time of its blocks a callback took: 1.0 is all of it, more is too much.
///
/// ```
/// use patchline_graph::TimeSource;
/// use patchline_io::load::{Load, Measured};
/// use patchline_io::{Block, Callback, FnCallback};
/// use std::time::Duration;
///
/// let silence = FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ());
/// // A clock that stands still: the callback takes no time.
/// let (mut callback, meter) = Measured::with_clock(silence, 48_000, TimeSource::new(|| Duration::ZERO));
/// callback.process(Block { frames: 64, position: 0, discontinuity: false }, &[], &mut []);
/// let Load { mean, worst, overruns, blocks, .. } = meter.take().unwrap();
/// assert_eq!((mean, worst, overruns, blocks), (0.0, 0.0, 0, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// On average over the last second, roughly: older blocks count less and less.
    pub mean: f64,
    /// The worst block since this was last taken; 0 if none has run since.
    pub peak: f64,
    /// On average since the start.
    pub overall: f64,
    /// The worst block since the start.
    pub worst: f64,
    /// Blocks that took longer than their time.
    pub overruns: u64,
    /// Blocks measured.
    pub blocks: u64,
}

/// The reading end. Clones read the same callback.
///
/// ```
/// use patchline_io::load::Measured;
/// use patchline_io::{Block, Callback, FnCallback};
///
/// let silence = FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ());
/// let (mut callback, meter) = Measured::new(silence, 48_000);
/// callback.process(Block { frames: 64, position: 0, discontinuity: false }, &[], &mut []);
/// let seen = meter.read().unwrap();
/// assert_eq!(meter.take(), Some(seen));
/// // No block has run since: there is no new peak.
/// assert_eq!(meter.read().unwrap().peak, 0.0);
/// ```
#[derive(Clone, Debug)]
pub struct LoadMeter(Arc<Cells>);

impl LoadMeter {
    /// The load up to now, and begins a new [`peak`](Load::peak), for all clones. `None` where nothing is measured, or
    /// nothing has run yet.
    ///
    /// Never waits. While the callback runs, the figures may be from two neighbouring blocks.
    #[must_use]
    pub fn take(&self) -> Option<Load> {
        self.0.take()
    }

    /// As [`take`](Self::take), but the peak goes on.
    #[must_use]
    pub fn read(&self) -> Option<Load> {
        self.0.read()
    }
}

/// A clock that [`Measured`] reads twice a block.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::load::{Clock, Measured};
/// use patchline_io::{Block, Callback, FnCallback};
///
/// /// A millisecond later each time that somebody looks.
/// struct Steps(u64);
///
/// impl Clock for Steps {
///     fn now(&mut self) -> Duration {
///         self.0 += 1;
///         Duration::from_millis(self.0)
///     }
/// }
///
/// let silence = FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ());
/// let (mut callback, meter) = Measured::with_clock(silence, 48_000, Steps(0));
/// // 480 frames are 10 ms, of which it takes one.
/// callback.process(Block { frames: 480, position: 0, discontinuity: false }, &[], &mut []);
/// assert!((meter.take().unwrap().mean - 0.1).abs() < 1e-6);
/// ```
pub trait Clock: Send + 'static {
    /// The time since a moment that stays the same.
    ///
    /// # Real-time
    /// Called in the device's callback: may not allocate, free, lock, wait or make a system call.
    fn now(&mut self) -> Duration;
}

/// The machine's monotonic clock.
///
/// ```
/// use patchline_io::load::{Clock, Monotonic};
///
/// let mut clock = Monotonic::default();
/// assert!(clock.now() <= clock.now());
/// ```
///
/// # Real-time
/// On Linux it is read without a system call (vDSO) wherever the kernel keeps time by the processor's own counter. It
/// does so on x86-64 and AArch64 unless that counter is unusable. macOS and Windows read theirs alike. 20 to 90 ns.
#[derive(Clone, Copy, Debug)]
pub struct Monotonic(Instant);

impl Default for Monotonic {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Monotonic {
    fn now(&mut self) -> Duration {
        self.0.elapsed()
    }
}

impl Clock for TimeSource {
    fn now(&mut self) -> Duration {
        TimeSource::now(self)
    }
}

/// A callback whose time is taken: from the call to the return, against the time that its frames last.
///
/// It is time by the clock. When the system lets another thread run in between, or the callback waits for memory, that
/// counts as well: it is missing just the same.
///
/// ```
/// use patchline_graph::TimeSource;
/// use patchline_io::flight::recorder;
/// use patchline_io::load::Measured;
/// use patchline_io::{Block, Callback, FnCallback};
///
/// let silence = || FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| ());
/// let block = Block { frames: 64, position: 0, discontinuity: false };
///
/// let (mut callback, meter) = Measured::new(silence(), 48_000);
/// callback.process(block, &[], &mut []);
/// assert_eq!(meter.take().unwrap().blocks, 1);
/// let _back = callback.into_inner();
///
/// // By a clock that others look at, too, and each call noted.
/// let (writer, flight) = recorder(100);
/// let (callback, _meter) = Measured::with_clock(silence(), 48_000, TimeSource::monotonic());
/// callback.recorded(writer).process(block, &[], &mut []);
/// assert_eq!(flight.read().written, 1);
///
/// // On a device in virtual time.
/// let (mut callback, meter) = Measured::unmeasured(silence());
/// callback.process(block, &[], &mut []);
/// assert_eq!(meter.take(), None);
/// ```
///
/// # Real-time
/// Reads the clock twice a block and stores the result in atomics; allocates nothing.
#[derive(Debug)]
pub struct Measured<C, K = Monotonic> {
    inner: C,
    clock: Option<K>,
    /// Seconds of a frame.
    frame: f64,
    /// What has been measured so far.
    sums: Sums,
    cells: Arc<Cells>,
    /// Where each call is noted.
    flight: Option<FlightWriter>,
}

/// The means, as their one writer keeps them.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// Seconds in the callback.
    busy: f64,
    /// Seconds that all blocks last.
    time: f64,
    mean: f64,
}

impl<C> Measured<C> {
    /// Measures `callback` by the machine's clock, on a device of `rate` Hz.
    #[must_use]
    pub fn new(callback: C, rate: u32) -> (Self, LoadMeter) {
        Self::with_clock(callback, rate, Monotonic::default())
    }

    /// Only calls `callback` and reads no clock: for devices in virtual time, where a block has all the time it wants.
    /// The meter says `None`.
    #[must_use]
    pub fn unmeasured(callback: C) -> (Self, LoadMeter) {
        Self::build(callback, 1, None)
    }
}

impl<C, K> Measured<C, K> {
    /// Measures `callback` by a clock of one's own, on a device of `rate` Hz.
    #[must_use]
    pub fn with_clock(callback: C, rate: u32, clock: K) -> (Self, LoadMeter) {
        Self::build(callback, rate, Some(clock))
    }

    fn build(inner: C, rate: u32, clock: Option<K>) -> (Self, LoadMeter) {
        let cells = Arc::new(Cells::default());
        let frame = 1.0 / f64::from(rate.max(1));
        let measured = Self { inner, clock, frame, sums: Sums::default(), cells: Arc::clone(&cells), flight: None };
        (measured, LoadMeter(cells))
    }

    /// Notes each call in a flight recorder, too; none that nobody measures.
    #[must_use]
    pub fn recorded(self, flight: FlightWriter) -> Self {
        Self { flight: Some(flight), ..self }
    }

    /// The callback.
    pub fn into_inner(self) -> C {
        self.inner
    }
}

impl<C: Callback, K: Clock> Callback for Measured<C, K> {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let Some(began) = self.clock.as_mut().map(Clock::now) else {
            return self.inner.process(block, inputs, outputs);
        };
        self.inner.process(block, inputs, outputs);
        let ended = self.clock.as_mut().map_or(began, Clock::now);
        let lasted = ended.saturating_sub(began);
        if let Some(flight) = &mut self.flight {
            flight.note(block, began, lasted);
        }
        let time = block.frames as f64 * self.frame;
        if time > 0.0 {
            let busy = lasted.as_secs_f64();
            self.sums.add(busy, time);
            self.cells.store(busy / time, self.sums.mean, self.sums.busy / self.sums.time);
        }
    }

    fn midi(&mut self, message: Midi) {
        self.inner.midi(message);
    }
}

impl Sums {
    /// A block of `time` seconds that took `busy` seconds. A plain mean until the window is full, then a low-pass of
    /// first order in its implicit form, which no length of a block upsets.
    fn add(&mut self, busy: f64, time: f64) {
        self.busy += busy;
        self.time += time;
        let weight = time / self.time.min(WINDOW + time);
        self.mean += (busy / time - self.mean) * weight;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::FnCallback;

    const RATE: u32 = 1_000;

    /// Stands still except where a test moves it, in microseconds.
    #[derive(Clone, Default)]
    struct Hand(Arc<AtomicU64>);

    impl Clock for Hand {
        fn now(&mut self) -> Duration {
            Duration::from_micros(self.0.load(Ordering::Relaxed))
        }
    }

    /// A callback that takes what `work` says, in microseconds, and a meter: 1 ms a frame.
    fn taking(work: &Arc<AtomicU64>) -> (Measured<impl Callback + use<>, Hand>, LoadMeter, Hand) {
        let (hand, work) = (Hand::default(), Arc::clone(work));
        let moved = hand.clone();
        let inner = FnCallback(move |_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| {
            moved.0.fetch_add(work.load(Ordering::Relaxed), Ordering::Relaxed);
        });
        let (measured, meter) = Measured::with_clock(inner, RATE, hand.clone());
        (measured, meter, hand)
    }

    fn run(callback: &mut impl Callback, frames: usize) {
        callback.process(Block { frames, position: 0, discontinuity: false }, &[], &mut []);
    }

    #[test]
    fn only_the_time_inside_counts() {
        let work = Arc::new(AtomicU64::new(2_500));
        let (mut callback, meter, hand) = taking(&work);
        for _ in 0..20 {
            run(&mut callback, 10);
            hand.0.fetch_add(7_500, Ordering::Relaxed);
        }
        let load = meter.take().unwrap();
        for value in [load.mean, load.peak, load.overall, load.worst] {
            assert!((value - 0.25).abs() < 1e-12, "{load:?}");
        }
        assert_eq!((load.overruns, load.blocks), (0, 20));
    }

    #[test]
    fn the_peak_is_taken_and_the_worst_stays() {
        let work = Arc::new(AtomicU64::new(1_000));
        let (mut callback, meter, _hand) = taking(&work);
        for (micros, overruns) in [(4_000, 0), (15_000, 1), (10_000, 1), (10_001, 2), (2_000, 2)] {
            work.store(micros, Ordering::Relaxed);
            run(&mut callback, 10);
            let load = meter.take().unwrap();
            assert!((load.peak - micros as f64 / 10_000.0).abs() < 1e-12, "{load:?}");
            assert_eq!(load.overruns, overruns);
        }
        let load = meter.take().unwrap();
        assert_eq!((load.peak, load.worst, load.blocks), (0.0, 1.5, 5));
    }

    /// Blocks of any lengths count by their time: half of it was busy.
    #[test]
    fn the_mean_weighs_blocks_by_their_length() {
        let work = Arc::new(AtomicU64::new(0));
        let (mut callback, meter, _hand) = taking(&work);
        for (frames, micros) in [(1, 1_000), (99, 49_000), (300, 0), (400, 350_000)] {
            work.store(micros, Ordering::Relaxed);
            run(&mut callback, frames);
        }
        let load = meter.take().unwrap();
        assert!((load.mean - 0.5).abs() < 1e-12 && (load.overall - 0.5).abs() < 1e-12, "{load:?}");
    }

    #[test]
    fn the_mean_forgets_within_seconds_and_the_overall_mean_does_not() {
        let work = Arc::new(AtomicU64::new(9_000));
        let (mut callback, meter, _hand) = taking(&work);
        (0..1_000).for_each(|_| run(&mut callback, 10));
        work.store(1_000, Ordering::Relaxed);
        // After t seconds e^-t of the difference is left, here up to the step of 10 ms.
        for (blocks, left) in [(100, 0.3679), (100, 0.1353), (800, 0.0)] {
            (0..blocks).for_each(|_| run(&mut callback, 10));
            let load = meter.take().unwrap();
            assert!((load.mean - (0.1 + 0.8 * left)).abs() < 0.005, "{load:?}, expected {left} left");
        }
        assert!((meter.take().unwrap().overall - 0.5).abs() < 1e-9);
    }

    #[test]
    fn blocks_without_frames_and_endless_ones_do_no_harm() {
        let work = Arc::new(AtomicU64::new(3));
        let (mut callback, meter, _hand) = taking(&work);
        run(&mut callback, 0);
        assert_eq!(meter.take(), None);
        work.store(u64::from(u32::MAX) * 500, Ordering::Relaxed);
        run(&mut callback, u32::MAX as usize);
        assert!((meter.take().unwrap().mean - 0.5).abs() < 1e-9);
    }

    #[test]
    fn without_a_clock_there_is_no_load_and_the_callback_is_the_same() {
        let mut frames = 0;
        let inner = FnCallback(move |block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
            frames += block.frames;
            outputs[0][0] = frames as f32;
        });
        let (mut callback, meter) = Measured::unmeasured(inner);
        let mut out = [0.0];
        for _ in 0..3 {
            callback.process(Block { frames: 5, position: 0, discontinuity: false }, &[], &mut [&mut out]);
        }
        assert_eq!((out, meter.take()), ([15.0], None));
        callback.into_inner().process(Block { frames: 1, position: 0, discontinuity: false }, &[], &mut [&mut out]);
        assert_eq!(out, [16.0]);
    }

    #[test]
    fn the_clock_of_the_machine_goes_forward() {
        let mut clock = Monotonic::default();
        let (first, second) = (clock.now(), clock.now());
        assert!(first <= second);
    }
}
