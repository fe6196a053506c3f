//! What JACK's threads and ours tell each other without waiting.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Clients of this process that are still open though their server has ended.
static ORPHANS: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn orphans() -> usize {
    ORPHANS.load(Ordering::Acquire)
}

/// Written on one thread and read on others.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Whether the callback is to be called, once it is there.
    runs: AtomicBool,
    /// Whether a call by JACK is under way.
    inside: AtomicBool,
    /// Xruns that JACK has told.
    xruns: AtomicU64,
    /// The server ended, or has thrown us out.
    gone: AtomicBool,
    /// A port of the server has gone since this was last looked at.
    port_gone: AtomicBool,
    /// A port has come to the server since this was last looked at.
    port_came: AtomicBool,
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

    /// A call begins.
    pub(crate) fn enter(&self) {
        self.inside.store(true, Ordering::Release);
    }

    /// The call ends.
    pub(crate) fn leave(&self) {
        self.inside.store(false, Ordering::Release);
    }

    /// Whether JACK's thread is in a call of ours.
    pub(crate) fn inside(&self) -> bool {
        self.inside.load(Ordering::Acquire)
    }

    pub(crate) fn set_port_came(&self) {
        self.port_came.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take_port_came(&self) -> bool {
        self.port_came.load(Ordering::Relaxed) && self.port_came.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn count_xrun(&self) {
        self.xruns.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn xruns(&self) -> u64 {
        self.xruns.load(Ordering::Relaxed)
    }

    pub(crate) fn set_gone(&self) {
        if !self.gone.swap(true, Ordering::AcqRel) {
            ORPHANS.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// The client is closed: JACK tells nothing any more.
    pub(crate) fn closed(&self) {
        if self.gone() {
            ORPHANS.fetch_sub(1, Ordering::AcqRel);
        }
    }

    pub(crate) fn gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    pub(crate) fn set_port_gone(&self) {
        self.port_gone.store(true, Ordering::Release);
    }

    /// Whether a port has gone since the last call.
    pub(crate) fn take_port_gone(&self) -> bool {
        self.port_gone.swap(false, Ordering::Acquire)
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
