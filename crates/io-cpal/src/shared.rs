//! What the threads of a device know of each other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use patchline_io::{EventSender, IoEvent, IoEventKind, LostReason};

/// Written by the device's threads, read by all.
#[derive(Debug)]
pub(crate) struct Shared {
    epoch: Instant,
    /// Where the device stands, in frames since the backend was opened.
    position: AtomicU64,
    /// Whether the next block does not follow the last.
    gap: AtomicBool,
    /// Whether the host has told of an xrun since the last block.
    told: AtomicBool,
    /// Whether the device is gone: nothing is called or said any more.
    lost: AtomicBool,
    /// Frames for which both sides were waited for.
    muted: AtomicU64,
    /// Errors that the host told.
    errors: AtomicU64,
    /// Whether the host was refused real-time rights.
    no_realtime: AtomicBool,
    /// How long what is written now is on its way, at most, in nanoseconds; 0 if nobody knows.
    queue: AtomicU64,
    /// Latencies, as measured, in nanoseconds; 0 until they are.
    pub(crate) input_latency: Measured,
    pub(crate) output_latency: Measured,
}

impl Shared {
    pub(crate) fn new(position: u64, resumed: bool) -> Self {
        Self {
            epoch: Instant::now(),
            position: AtomicU64::new(position),
            gap: AtomicBool::new(resumed),
            told: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            muted: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            no_realtime: AtomicBool::new(false),
            queue: AtomicU64::new(0),
            input_latency: Measured::default(),
            output_latency: Measured::default(),
        }
    }

    /// The time since the streams were made.
    pub(crate) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    /// By the one thread that calls.
    pub(crate) fn advance(&self, frames: u64) {
        self.position.fetch_add(frames, Ordering::Relaxed);
    }

    pub(crate) fn set_gap(&self) {
        self.gap.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take_gap(&self) -> bool {
        self.gap.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn set_told(&self) {
        self.told.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take_told(&self) -> bool {
        self.told.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Says once that the device is gone.
    pub(crate) fn lose(&self, reason: LostReason, events: &mut EventSender) {
        if !self.lost.swap(true, Ordering::AcqRel) {
            events.send(IoEvent { position: self.position(), kind: IoEventKind::Lost { reason } });
        }
    }

    pub(crate) fn mute(&self, frames: u64) {
        self.muted.fetch_add(frames, Ordering::Relaxed);
    }

    pub(crate) fn muted(&self) -> u64 {
        self.muted.load(Ordering::Relaxed)
    }

    pub(crate) fn count_error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    pub(crate) fn refuse_realtime(&self) {
        self.no_realtime.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_realtime_refused(&self) -> bool {
        self.no_realtime.load(Ordering::Relaxed)
    }

    pub(crate) fn set_queue(&self, queue: Duration) {
        self.queue.store(nanos(queue), Ordering::Relaxed);
    }

    pub(crate) fn queue(&self) -> Option<Duration> {
        let queue = self.queue.load(Ordering::Relaxed);
        (queue > 0).then(|| Duration::from_nanos(queue))
    }
}

/// A mean of what one thread measures, which others may read.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    mean: AtomicU64,
    count: AtomicU64,
}

/// How many measurements the mean is taken over, and how many come before it is believed.
const MEAN_OF: u64 = 256;
const BELIEVED: u64 = 16;

impl Measured {
    /// By one thread only.
    pub(crate) fn add(&self, time: Duration) {
        let count = self.count.load(Ordering::Relaxed) + 1;
        let mean = self.mean.load(Ordering::Relaxed) as i64;
        let step = (nanos(time) as i64 - mean) / count.min(MEAN_OF) as i64;
        self.mean.store((mean + step).max(0) as u64, Ordering::Relaxed);
        self.count.store(count, Ordering::Relaxed);
    }

    /// `None` before enough was measured, or if that was nothing but zeros.
    pub(crate) fn get(&self) -> Option<Duration> {
        let mean = self.mean.load(Ordering::Relaxed);
        let enough = self.count.load(Ordering::Relaxed) >= BELIEVED;
        (enough && mean > 0).then(|| Duration::from_nanos(mean))
    }
}

/// Up to a year, beyond which no latency is.
fn nanos(time: Duration) -> u64 {
    const MOST: u64 = 365 * 24 * 3_600 * 1_000_000_000;
    u64::try_from(time.as_nanos()).unwrap_or(MOST).min(MOST)
}

#[cfg(test)]
mod tests {
    use patchline_io::event_ring;

    use super::*;

    #[test]
    fn a_device_is_lost_once() {
        let shared = Shared::new(480, false);
        let (mut sender, mut events) = event_ring(4);
        shared.lose(LostReason::Unplugged, &mut sender);
        shared.lose(LostReason::ErrorStorm, &mut sender);
        let lost = IoEventKind::Lost { reason: LostReason::Unplugged };
        assert_eq!(events.poll(), Some(IoEvent { position: 480, kind: lost }));
        assert_eq!(events.poll(), None);
    }

    #[test]
    fn a_latency_is_the_mean_of_many() {
        let measured = Measured::default();
        (0..10_000).for_each(|n| measured.add(Duration::from_micros(9_000 + 2_000 * (n % 2))));
        let mean = measured.get().unwrap();
        assert!(mean.abs_diff(Duration::from_millis(10)) < Duration::from_micros(20), "{mean:?}");
        let nothing = Measured::default();
        (0..100).for_each(|_| nothing.add(Duration::ZERO));
        assert_eq!(nothing.get(), None);
        nothing.add(Duration::MAX);
    }
}
