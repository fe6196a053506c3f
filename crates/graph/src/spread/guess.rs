//! What a step takes, before anybody has measured it.

use crate::{Schedule, Slot, Step};

/// Beside what depends on the frames, in nanoseconds.
pub(super) const FIXED: f64 = 5.0;
/// A node, for each frame of a channel: that of a light filter.
const NODE: f64 = 4.0;
/// A source in a sum, and whatever else moves samples.
const COPY: f64 = 0.1;

/// Nanoseconds a frame.
pub(super) fn nanoseconds(schedule: &Schedule, step: &Step, measured: &impl Fn(&Slot) -> Option<f64>) -> f64 {
    match step {
        Step::Run { slot, .. } => {
            let slot = &schedule.slots[*slot];
            measured(slot).unwrap_or_else(|| NODE * channels(slot) as f64)
        }
        Step::Mix { dst, terms, .. } => COPY * (dst.len() * (1 + terms.len())) as f64,
        Step::Clear { .. } | Step::Receive { .. } | Step::Send { .. } => COPY,
    }
}

fn channels(slot: &Slot) -> usize {
    let [inputs, outputs] = [&slot.widths.inputs, &slot.widths.outputs].map(|ports| ports.iter().sum::<usize>());
    inputs.max(outputs).max(1)
}
