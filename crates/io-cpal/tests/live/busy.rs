//! Whether the machine was too busy for a sound server, which runs with ordinary rights here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

/// From one look at the clock to the next.
const PAUSE: Duration = Duration::from_millis(1);
/// A thread that wakes up so late has not been alone: a quarter of what a server has in store at its shortest.
const LATE: Duration = Duration::from_millis(4);

/// Sleeps and wakes up all the time, and notes how late.
pub(crate) struct Canary {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Canary {
    pub(crate) fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = spawn(move || {
            let mut worst = Duration::ZERO;
            while !stopped.load(Ordering::Relaxed) {
                let start = Instant::now();
                sleep(PAUSE);
                worst = worst.max(start.elapsed().saturating_sub(PAUSE));
            }
            worst
        });
        Self { stop, thread }
    }

    /// How late it woke up at worst, if that was too late.
    pub(crate) fn stop(self) -> Option<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        Some(self.thread.join().expect("it only sleeps")).filter(|worst| *worst > LATE)
    }
}
