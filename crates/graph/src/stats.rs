//! Counters of a run, written by the audio thread and read by anyone.

use std::sync::atomic::{AtomicU64, Ordering};

/// What has been counted since the renderer started.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{StreamSpec, engine};
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// let mut output = [0.0; 2];
/// renderer.render(2, &[&[f32::NAN, 1.0]], &mut [&mut output]);
/// assert_eq!(output, [0.0, 0.5]);
/// let stats = engine.stats();
/// assert_eq!((stats.frames, stats.renders, stats.non_finite_inputs), (2, 1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Frames rendered.
    pub frames: u64,
    /// Calls of `render`.
    pub renders: u64,
    /// Frames of these that nothing had to be computed for: everything was at [rest](crate::Processor::rests).
    pub slept: u64,
    /// Non-finite samples of the device's input, replaced by 0.
    pub non_finite_inputs: u64,
    /// Non-finite samples on feedback links, replaced by 0.
    pub non_finite_feedback: u64,
    /// Non-finite samples on their way to the device's output, replaced by 0.
    pub non_finite_outputs: u64,
    /// Processors that panicked and are silent since.
    pub panics: u64,
    /// Allocations and frees in the callback that a counting allocator saw.
    pub allocations: u64,
    /// Events that did not fit their ring.
    pub events_lost: u64,
    /// Parameter changes for a node that was gone when they arrived.
    pub stale_sets: u64,
    /// Parameter changes that arrived after their frame.
    pub late_sets: u64,
}

/// A counter with one writer.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Two moves: a count that nobody else adds to needs no locked instruction.
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.get().wrapping_add(count), Ordering::Relaxed);
    }

    /// What was counted, from where it begins anew.
    pub(crate) fn take(&self) -> u64 {
        let count = self.get();
        self.0.store(0, Ordering::Relaxed);
        count
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub(crate) struct StatsCells {
    /// Parameter changes that no longer wait: applied, stale or overtaken by a load.
    pub(crate) sets_done: Counter,
    pub(crate) frames: Counter,
    pub(crate) renders: Counter,
    pub(crate) slept: Counter,
    pub(crate) non_finite_inputs: Counter,
    pub(crate) non_finite_feedback: Counter,
    pub(crate) non_finite_outputs: Counter,
    pub(crate) panics: Counter,
    pub(crate) allocations: Counter,
    pub(crate) events_lost: Counter,
    pub(crate) stale_sets: Counter,
    pub(crate) late_sets: Counter,
}

impl StatsCells {
    /// Adds what the steps of a lane have counted, and lets that begin anew.
    pub(crate) fn take_in(&self, lane: &Self) {
        for (sum, counted) in [
            (&self.non_finite_feedback, &lane.non_finite_feedback),
            (&self.panics, &lane.panics),
            (&self.events_lost, &lane.events_lost),
        ] {
            sum.add(counted.take());
        }
    }

    pub(crate) fn snapshot(&self) -> Stats {
        Stats {
            frames: self.frames.get(),
            renders: self.renders.get(),
            slept: self.slept.get(),
            non_finite_inputs: self.non_finite_inputs.get(),
            non_finite_feedback: self.non_finite_feedback.get(),
            non_finite_outputs: self.non_finite_outputs.get(),
            panics: self.panics.get(),
            allocations: self.allocations.get(),
            events_lost: self.events_lost.get(),
            stale_sets: self.stale_sets.get(),
            late_sets: self.late_sets.get(),
        }
    }
}
