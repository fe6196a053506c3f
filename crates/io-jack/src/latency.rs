//! Telling the server how long sound takes through us, so that it can align its clients.

#![expect(unsafe_code, reason = "the jack crate has no safe way to set a latency callback")]

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use jack::jack_sys::{
    JackCaptureLatency, jack_latency_callback_mode_t, jack_recompute_total_latencies, jack_set_latency_callback,
};
use jack::{Client, LatencyType, Port, Unowned};

/// What the latency callback needs. Must outlive the client.
pub(crate) struct Latency {
    inputs: Vec<Port<Unowned>>,
    outputs: Vec<Port<Unowned>>,
    /// Through the callback, in frames.
    own: AtomicU32,
    /// Whether the server has added up anew since somebody asked.
    changed: AtomicBool,
    /// Whether it is to do so, and whether a thread has it do so.
    wanted: AtomicBool,
    adding: AtomicBool,
}

impl Latency {
    /// To be called with all ports, before the client is activated. The result has to be kept until the client is
    /// closed, or [leaked](Self::leak) where it never will be.
    pub(crate) fn install(client: &Client, inputs: Vec<Port<Unowned>>, outputs: Vec<Port<Unowned>>) -> Arc<Self> {
        let own = AtomicU32::new(0);
        let (changed, wanted, adding) = Default::default();
        let latency = Arc::new(Self { inputs, outputs, own, changed, wanted, adding });
        let argument = Arc::as_ptr(&latency).cast_mut().cast::<c_void>();
        // SAFETY: the client is alive and not active yet; who called keeps the result until the client is closed, so the
        // argument is good whenever the callback comes.
        unsafe { jack_set_latency_callback(client.raw(), Some(recompute), argument) };
        latency
    }

    /// Keeps it for good: for a client that is never closed.
    pub(crate) fn leak(self: &Arc<Self>) {
        std::mem::forget(Arc::clone(self));
    }

    /// Sets how long sound takes through the callback; the server knows when it has added up anew.
    pub(crate) fn set(&self, frames: u64) {
        self.own.store(u32::try_from(frames).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Whether a thread is to be the one that [adds up](Self::add_up); otherwise one is at it already, and does so again.
    pub(crate) fn begin(&self) -> bool {
        // Not a plain store: whoever asks for us sees all that was changed before, by us and by others.
        self.wanted.swap(true, Ordering::AcqRel);
        !self.adding.swap(true, Ordering::AcqRel)
    }

    /// Has the server add up all latencies, and waits for it, as often as it is wanted. By itself the server does so some
    /// time after a change of its graph.
    pub(crate) fn add_up(&self, client: &Client) {
        loop {
            while self.wanted.swap(false, Ordering::AcqRel) {
                // SAFETY: the client is alive.
                unsafe { jack_recompute_total_latencies(client.raw()) };
            }
            // Not a plain store: whoever saw us at it and left is seen, with what was wanted. Somebody may have wanted it
            // between these two.
            self.adding.swap(false, Ordering::AcqRel);
            if !self.wanted.load(Ordering::Acquire) || self.adding.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }

    /// Whether what [`of_device`](Self::of_device) says may be another since this was last asked.
    pub(crate) fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }

    /// How many connections our ports have, once the server has made them.
    pub(crate) fn connections(&self) -> usize {
        let ports = self.inputs.iter().chain(&self.outputs);
        ports.map(|port| port.connected_count().unwrap_or(0)).sum()
    }

    /// From the world to our inputs and from our outputs to the world, in frames, the longest of each.
    pub(crate) fn of_device(&self) -> (u64, u64) {
        let longest = |ports: &[Port<Unowned>], mode: fn() -> LatencyType| {
            ports.iter().map(|port| u64::from(port.get_latency_range(mode()).1)).max().unwrap_or(0)
        };
        (longest(&self.inputs, || LatencyType::Capture), longest(&self.outputs, || LatencyType::Playback))
    }

    /// What comes in at one side goes out at the other, later by our own latency.
    fn pass_on(&self, capture: bool) {
        let (from, to) = if capture { (&self.inputs, &self.outputs) } else { (&self.outputs, &self.inputs) };
        let mode = || if capture { LatencyType::Capture } else { LatencyType::Playback };
        let ranges = from.iter().map(|port| port.get_latency_range(mode()));
        let (least, most) = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0));
        let own = self.own.load(Ordering::Relaxed);
        let range = (least.saturating_add(own), most.saturating_add(own));
        to.iter().for_each(|port| port.set_latency_range(mode(), range));
        self.changed.store(true, Ordering::Relaxed);
    }
}

unsafe extern "C" fn recompute(mode: jack_latency_callback_mode_t, argument: *mut c_void) {
    // SAFETY: the argument is what `install` made, which outlives the client; only its atomics ever change.
    let latency = unsafe { &*argument.cast::<Latency>() };
    latency.pass_on(mode == JackCaptureLatency);
}
