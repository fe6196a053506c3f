//! What both ends count, for anyone to read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// How a pair of devices gets along.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::drift::{DriftConfig, DriftReport, pair};
/// use patchline_io::event_ring;
///
/// let (mut feed, mut draw, monitor) = pair(&DriftConfig { channels: 1, ..DriftConfig::default() })?;
/// let (mut events, _receiver) = event_ring(64);
/// // The input's clock is 100 millionths fast: more frames come in the same time.
/// for block in 1..=2_000_u64 {
///     let now = Duration::from_nanos(block * 256 * 1_000_000_000 / 48_000);
///     let input = Duration::from_nanos(block * 256 * 1_000_000_000 / 48_005);
///     feed.push(input, (block - 1) * 256, &[&[0.5; 256]]);
///     draw.draw(now, (block - 1) * 256, &mut [&mut [0.0; 256]], &mut events);
/// }
/// let DriftReport { playing, ppm, .. } = monitor.report();
/// assert!(playing && (50.0..150.0).contains(&ppm), "{ppm}");
/// # Ok::<(), patchline_io::IoError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DriftReport {
    /// Whether input is heard: both devices run and are aligned.
    pub playing: bool,
    /// What the pair adds to the latencies of the two devices, in frames of the output; the resampler is in it.
    pub latency: u64,
    /// By how much the input's clock is fast against the output's beyond what their rates say, in millionths, as it is
    /// corrected now.
    pub ppm: f64,
    /// Frames of input that waited at the last draw.
    pub fill: u64,
    /// By how much the input was late beyond `latency` at the last draw, in frames of the input.
    pub error: f64,
    /// How often the two were brought back together.
    pub realigned: u64,
    /// Frames of input that were dropped for it.
    pub dropped: u64,
    /// Frames of silence that were put in for it, or for want of input.
    pub silent: u64,
    /// Frames of input that there was no room for.
    pub overflowed: u64,
}

/// Reads how a pair of devices gets along; on any thread.
///
/// ```
/// use patchline_io::drift::{DriftConfig, pair};
///
/// let (_feed, _draw, monitor) = pair(&DriftConfig::default())?;
/// // On the thread that shows it; neither callback has run yet.
/// let watch = std::thread::spawn({
///     let monitor = monitor.clone();
///     move || monitor.report()
/// });
/// assert_eq!(watch.join().unwrap(), monitor.report());
/// # Ok::<(), patchline_io::IoError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DriftMonitor(pub(super) Arc<Cells>);

impl DriftMonitor {
    /// How it is now.
    #[must_use]
    pub fn report(&self) -> DriftReport {
        let cells = &*self.0;
        let get = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        let thousandth = |cell: &AtomicI64| cell.load(Ordering::Relaxed) as f64 / 1_000.0;
        DriftReport {
            playing: cells.playing.load(Ordering::Relaxed),
            latency: get(&cells.latency),
            ppm: thousandth(&cells.ppb),
            fill: get(&cells.fill),
            error: thousandth(&cells.error),
            realigned: get(&cells.realigned),
            dropped: get(&cells.dropped),
            silent: get(&cells.silent),
            overflowed: get(&cells.overflowed),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Cells {
    playing: AtomicBool,
    latency: AtomicU64,
    /// Thousandths of a millionth.
    ppb: AtomicI64,
    fill: AtomicU64,
    /// Thousandths of a frame.
    error: AtomicI64,
    realigned: AtomicU64,
    dropped: AtomicU64,
    silent: AtomicU64,
    overflowed: AtomicU64,
}

impl Cells {
    pub(super) fn set_latency(&self, frames: f64) {
        self.latency.store(frames.round() as u64, Ordering::Relaxed);
    }

    pub(super) fn set_state(&self, playing: bool, fill: usize) {
        self.playing.store(playing, Ordering::Relaxed);
        self.fill.store(fill as u64, Ordering::Relaxed);
    }

    pub(super) fn set_control(&self, correction: f64, error: f64) {
        self.ppb.store((correction * 1e9).round() as i64, Ordering::Relaxed);
        self.error.store((error * 1e3).round() as i64, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self, frames: u64) {
        self.realigned.fetch_add(1, Ordering::Relaxed);
        self.dropped.fetch_add(frames, Ordering::Relaxed);
    }

    pub(super) fn silent(&self, frames: u64) {
        self.realigned.fetch_add(1, Ordering::Relaxed);
        self.silent.fetch_add(frames, Ordering::Relaxed);
    }

    pub(super) fn overflowed(&self, frames: usize) {
        if frames > 0 {
            self.overflowed.fetch_add(frames as u64, Ordering::Relaxed);
        }
    }
}
