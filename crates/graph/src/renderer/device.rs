//! The device's buffers: rendered from and into directly, where they hold what they should.

use std::ops::Range;

use super::Renderer;
use crate::kernels::{self, Clean};

impl Renderer {
    /// Lets the plan's buffers of the device be the device's own, for a piece of a block. What comes in is copied where it is
    /// not clean, what goes out is copied later where the device has less room.
    pub(super) fn lend_device(&mut self, piece: Range<usize>, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let plan = &mut self.plan;
        for (channel, buffer) in plan.device_in.iter().enumerate() {
            let Some(buffer) = *buffer else { continue };
            let given = inputs.get(channel).copied().unwrap_or(&[]);
            match given.get(piece.clone()).filter(|samples| self.instructions.run(Clean(samples))) {
                Some(samples) => plan.memory.lend(buffer, samples),
                None => {
                    plan.memory.own(buffer);
                    let given = &given[piece.start.min(given.len())..piece.end.min(given.len())];
                    let (heard, silent) = plan.memory.write(buffer, piece.len()).split_at_mut(given.len());
                    let bad = kernels::copy_sanitised(heard, given);
                    silent.fill(0.0);
                    self.stats.non_finite_inputs.add(bad);
                }
            }
        }
        for (channel, buffer) in plan.device_out.iter().enumerate() {
            let Some(buffer) = *buffer else { continue };
            match outputs.get_mut(channel).and_then(|samples| samples.get_mut(piece.clone())) {
                Some(samples) => plan.memory.lend_mut(buffer, samples),
                None => plan.memory.own(buffer),
            }
        }
    }

    /// Sees to it that the device gets what was rendered for it, and nothing that is not finite.
    pub(super) fn check_device(&mut self, piece: Range<usize>, outputs: &mut [&mut [f32]]) {
        for (channel, samples) in outputs.iter_mut().enumerate() {
            let whole = samples.len() >= piece.end;
            let end = samples.len().min(piece.end);
            let Some(samples) = samples.get_mut(piece.start..end) else { continue };
            match self.plan.device_out.get(channel).copied().flatten() {
                None => samples.fill(0.0),
                Some(_) if whole && self.instructions.run(Clean(samples)) => {}
                Some(buffer) => {
                    if !whole {
                        samples.copy_from_slice(self.plan.memory.read(buffer, samples.len()));
                    }
                    self.stats.non_finite_outputs.add(kernels::sanitise(samples));
                }
            }
        }
    }
}
