//! What a seat shows the control side.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Written on the audio thread.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    panicked: AtomicBool,
    /// Whether the processor is left out, or fades.
    turns: AtomicBool,
    /// How often it was to be left out or taken back, all in all, including what was overridden before its time.
    turned: AtomicU32,
}

impl Signs {
    /// Of one that is left out from its first frame on, or not.
    pub(crate) fn new(out: bool) -> Self {
        Self { turns: AtomicBool::new(out), ..Self::default() }
    }

    pub(crate) fn has_panicked(&self) {
        self.panicked.store(true, Ordering::Relaxed);
    }

    pub(crate) fn panicked(&self) -> bool {
        self.panicked.load(Ordering::Relaxed)
    }

    pub(crate) fn turns(&self, turns: bool) {
        self.turns.store(turns, Ordering::Relaxed);
    }

    /// What it was told so many times took effect, or will not any more.
    pub(crate) fn has_turned(&self, times: u32) {
        // Whoever sees that all has been done sees what came of it.
        self.turned.fetch_add(times, Ordering::Release);
    }

    /// Whether it plays, and nothing is on its way that would change that, where it was told `told` times.
    pub(crate) fn plays(&self, told: u32) -> bool {
        self.turned.load(Ordering::Acquire) == told && !self.turns.load(Ordering::Relaxed)
    }
}
