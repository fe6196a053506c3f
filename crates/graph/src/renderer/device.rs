//! The device's buffers: rendered from and into directly, where they hold what they should.

use std::ops::Range;

use super::Renderer;
use crate::kernels::{self, Clean, Finite};

impl Renderer {
    /// Lets the plan's buffers of the device be the device's own, for a piece of a block.
    #[inline(always)]
    pub(super) fn lend_device(&mut self, piece: &Range<usize>, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let plan = &mut self.plan;
        let clean = Clean { channels: inputs, wanted: &plan.device_in, piece };
        if !self.instructions.run_lanes(clean) {
            self.hear(piece, inputs);
        } else {
            for (&buffer, samples) in plan.device_in.iter().zip(inputs) {
                if let (Some(buffer), Some(samples)) = (buffer, samples.get(piece.clone())) {
                    plan.memory.lend(buffer, samples);
                }
            }
        }
        let plan = &mut self.plan;
        for (channel, &buffer) in plan.device_out.iter().enumerate() {
            let Some(buffer) = buffer else { continue };
            match outputs.get_mut(channel).and_then(|samples| samples.get_mut(piece.clone())) {
                Some(samples) => plan.memory.lend_mut(buffer, samples),
                None => plan.memory.own(buffer),
            }
        }
    }

    /// Copies what comes in: silence where the device has less, 0 where a sample is not finite, or tiny.
    #[cold]
    fn hear(&mut self, piece: &Range<usize>, inputs: &[&[f32]]) {
        let memory = &mut self.plan.memory;
        for (channel, &buffer) in self.plan.device_in.iter().enumerate() {
            let Some(buffer) = buffer else { continue };
            memory.own(buffer);
            let given = inputs.get(channel).copied().unwrap_or(&[]);
            let given = &given[piece.start.min(given.len())..piece.end.min(given.len())];
            let (heard, silent) = memory.write(buffer, piece.len()).split_at_mut(given.len());
            self.stats.non_finite_inputs.add(kernels::copy_sanitised(heard, given));
            silent.fill(0.0);
        }
    }

    /// Sees to it that the device gets what was rendered for it, and nothing that is not finite.
    #[inline(always)]
    pub(super) fn check_device(&mut self, piece: &Range<usize>, outputs: &mut [&mut [f32]]) {
        let finite = Finite { channels: outputs, wanted: &self.plan.device_out, piece };
        if !self.instructions.run_lanes(finite) {
            self.mend(piece, outputs);
        }
        for (channel, samples) in outputs.iter_mut().enumerate() {
            if self.plan.device_out.get(channel).is_none_or(Option::is_none) {
                let end = samples.len().min(piece.end);
                samples.get_mut(piece.start..end).into_iter().for_each(|samples| samples.fill(0.0));
            }
        }
    }

    /// Fills channels that are shorter than the block as far as they go, and silences what is not finite.
    #[cold]
    fn mend(&mut self, piece: &Range<usize>, outputs: &mut [&mut [f32]]) {
        for (samples, buffer) in outputs.iter_mut().zip(&self.plan.device_out) {
            let whole = samples.len() >= piece.end;
            let end = samples.len().min(piece.end);
            let (Some(buffer), Some(samples)) = (*buffer, samples.get_mut(piece.start..end)) else { continue };
            if !whole {
                samples.copy_from_slice(self.plan.memory.read(buffer, samples.len()));
            }
            self.stats.non_finite_outputs.add(kernels::silence_non_finite(samples));
        }
    }
}
