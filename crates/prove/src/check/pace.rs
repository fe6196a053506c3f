//! How callbacks and changes keep step: neither runs away from the other on a machine with few processors.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Acquire, Ordering::Release};
use std::thread;

/// Changes that are made at most, however many callbacks there are.
const MOST_CHANGES: usize = 20_000;
/// Callbacks for each change, at least.
const FEWEST: usize = 4;

/// The callbacks that are allowed and those that were made. Each side looks only between its own steps.
pub(crate) struct Pace {
    callbacks_a_change: usize,
    allowed: AtomicUsize,
    rendered: AtomicUsize,
    ended: AtomicBool,
}

/// Ends the waiting of the other side when it is dropped, also on a panic's way.
pub(crate) struct End<'a>(&'a Pace);

impl Pace {
    pub(crate) fn new(callbacks: usize) -> Self {
        let callbacks_a_change = (callbacks / MOST_CHANGES).max(FEWEST);
        let allowed = AtomicUsize::new(callbacks_a_change);
        Self { callbacks_a_change, allowed, rendered: AtomicUsize::new(0), ended: AtomicBool::new(false) }
    }

    pub(crate) fn end(&self) -> End<'_> {
        End(self)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.ended.load(Acquire)
    }

    /// For the audio thread, before the callback of this number.
    pub(crate) fn wait_to_render(&self, number: usize) {
        self.rendered.store(number, Release);
        while number >= self.allowed.load(Acquire) && !self.is_over() {
            thread::yield_now();
        }
    }

    /// For the control thread, after a change: waits until half of the callbacks before it have been made, so that the
    /// next change is made while the other half is.
    pub(crate) fn wait_to_change(&self) {
        let allowed = self.allowed.fetch_add(self.callbacks_a_change, Release);
        while self.rendered.load(Acquire) + self.callbacks_a_change / 2 < allowed && !self.is_over() {
            thread::yield_now();
        }
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.ended.store(true, Release);
    }
}
