//! What JACK's threads and ours tell each other without waiting.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Written on one thread and read on others.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Whether the callback is to be called, once it is there; otherwise it is handed back.
    runs: AtomicBool,
    /// Calls by JACK, whatever came of them.
    calls: AtomicU64,
    /// Xruns that JACK has told.
    xruns: AtomicU64,
    /// The server ended, or has thrown us out.
    gone: AtomicBool,
    /// It runs faster than real time.
    freewheel: AtomicBool,
    /// The callback panicked.
    panicked: AtomicBool,
}

impl Shared {
    pub(crate) fn run(&self, runs: bool) {
        self.runs.store(runs, Ordering::Release);
    }

    pub(crate) fn runs(&self) -> bool {
        self.runs.load(Ordering::Acquire)
    }

    pub(crate) fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn count_xrun(&self) {
        self.xruns.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn xruns(&self) -> u64 {
        self.xruns.load(Ordering::Relaxed)
    }

    pub(crate) fn set_gone(&self) {
        self.gone.store(true, Ordering::Release);
    }

    pub(crate) fn gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    pub(crate) fn set_freewheel(&self, on: bool) {
        self.freewheel.store(on, Ordering::Relaxed);
    }

    pub(crate) fn freewheel(&self) -> bool {
        self.freewheel.load(Ordering::Relaxed)
    }

    pub(crate) fn set_panicked(&self) {
        self.panicked.store(true, Ordering::Release);
    }

    pub(crate) fn panicked(&self) -> bool {
        self.panicked.load(Ordering::Acquire)
    }
}
