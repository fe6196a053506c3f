//! How much memory something takes.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Memory that was taken from the global allocator while something ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    live: i64,
    peak: i64,
}

impl Heap {
    const fn new() -> Self {
        Self { live: 0, peak: 0 }
    }

    /// The most that was held at a time, in bytes, beyond what was held before.
    #[must_use]
    pub fn peak(self) -> usize {
        usize::try_from(self.peak).unwrap_or(0)
    }

    /// What is still held, in bytes; negative if more was freed than taken.
    #[must_use]
    pub fn kept(self) -> i64 {
        self.live
    }

    fn note(&mut self, freed: usize, taken: usize) {
        self.live += taken as i64 - freed as i64;
        self.peak = self.peak.max(self.live);
    }
}

thread_local! {
    static THREAD: Cell<Option<Heap>> = const { Cell::new(None) };
}

/// Counts for whoever measures.
#[inline]
pub(crate) fn note(freed: usize, taken: usize) {
    if let Some(mut heap) = THREAD.get() {
        heap.note(freed, taken);
        THREAD.set(Some(heap));
    }
    if PROCESS.measuring.load(Relaxed) {
        let change = taken as i64 - freed as i64;
        let live = PROCESS.live.fetch_add(change, Relaxed) + change;
        PROCESS.peak.fetch_max(live, Relaxed);
    }
}

/// Runs `work` and measures what this thread takes from the heap meanwhile; `None` where no
/// [`CountingAllocator`](crate::CountingAllocator) is the global allocator.
pub fn measure_heap<T>(work: impl FnOnce() -> T) -> (T, Option<Heap>) {
    let installed = crate::allocator::installed().is_ok();
    let outer = THREAD.replace(Some(Heap::new()));
    let restore = Restore(outer);
    let done = work();
    let heap = THREAD.get().unwrap_or_default();
    drop(restore);
    (done, installed.then_some(heap))
}

/// Gives the measurement outside of this one what it missed.
struct Restore(Option<Heap>);

impl Drop for Restore {
    fn drop(&mut self) {
        let inner = THREAD.get().unwrap_or_default();
        THREAD.set(
            self.0.map(|outer| Heap { live: outer.live + inner.live, peak: outer.peak.max(outer.live + inner.peak) }),
        );
    }
}

struct Process {
    measuring: AtomicBool,
    live: AtomicI64,
    peak: AtomicI64,
}

static PROCESS: Process =
    Process { measuring: AtomicBool::new(false), live: AtomicI64::new(0), peak: AtomicI64::new(0) };

/// Like [`measure_heap`], with what all threads take meanwhile. One measurement at a time: others wait, and must not be
/// started from inside of `work`.
pub fn measure_heap_of_process<T>(work: impl FnOnce() -> T) -> (T, Option<Heap>) {
    static ONE: Mutex<()> = Mutex::new(());
    let installed = crate::allocator::installed().is_ok();
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let _measuring = Measuring::begin();
    let done = work();
    let heap = Heap { live: PROCESS.live.load(Relaxed), peak: PROCESS.peak.load(Relaxed) };
    (done, installed.then_some(heap))
}

struct Measuring;

impl Measuring {
    fn begin() -> Self {
        PROCESS.live.store(0, Relaxed);
        PROCESS.peak.store(0, Relaxed);
        PROCESS.measuring.store(true, Relaxed);
        Self
    }
}

impl Drop for Measuring {
    fn drop(&mut self) {
        PROCESS.measuring.store(false, Relaxed);
    }
}
