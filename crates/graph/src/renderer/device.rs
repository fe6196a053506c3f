//! The device's buffers: rendered from and into directly, where they hold what they should.

use std::ops::Range;

use crate::instructions::Lanes;
use crate::kernels::{self, Clean, Finite};
use crate::plan::Plan;
use crate::stats::StatsCells;

/// The device's side of a piece of a block.
pub(super) struct Device<'a, 'i, 'o> {
    /// The frames of the block.
    pub(super) piece: Range<usize>,
    pub(super) inputs: &'a [&'i [f32]],
    pub(super) outputs: &'a mut [&'o mut [f32]],
}

impl Device<'_, '_, '_> {
    /// Lets the plan's buffers of the device be the device's own.
    #[inline(always)]
    pub(super) fn lend<const LANES: usize>(&mut self, plan: &mut Plan, stats: &StatsCells) {
        let Self { piece, inputs, .. } = self;
        let clean = Clean { channels: inputs, wanted: &plan.device_in, piece };
        if clean.work::<LANES>() {
            for (&buffer, samples) in plan.device_in.iter().zip(*inputs) {
                if let (Some(buffer), Some(samples)) = (buffer, samples.get(piece.clone())) {
                    plan.memory.lend(buffer, samples);
                }
            }
        } else {
            self.hear(plan, stats);
        }
        let Self { piece, outputs, .. } = self;
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
    #[inline(never)]
    fn hear(&self, plan: &mut Plan, stats: &StatsCells) {
        let (piece, memory) = (&self.piece, &mut plan.memory);
        for (channel, &buffer) in plan.device_in.iter().enumerate() {
            let Some(buffer) = buffer else { continue };
            memory.own(buffer);
            let given = self.inputs.get(channel).copied().unwrap_or(&[]);
            let given = &given[piece.start.min(given.len())..piece.end.min(given.len())];
            let (heard, silent) = memory.write(buffer, piece.len()).split_at_mut(given.len());
            stats.non_finite_inputs.add(kernels::copy_sanitised(heard, given));
            silent.fill(0.0);
        }
    }

    /// Sees to it that the device gets what was rendered for it, and nothing that is not finite.
    #[inline(always)]
    pub(super) fn check<const LANES: usize>(&mut self, plan: &Plan, stats: &StatsCells) {
        let Self { piece, outputs, .. } = self;
        let finite = Finite { channels: outputs, wanted: &plan.device_out, piece };
        if !finite.work::<LANES>() {
            self.mend(plan, stats);
        }
        let Self { piece, outputs, .. } = self;
        for (channel, samples) in outputs.iter_mut().enumerate() {
            if plan.device_out.get(channel).is_none_or(Option::is_none) {
                let end = samples.len().min(piece.end);
                samples.get_mut(piece.start..end).into_iter().for_each(|samples| samples.fill(0.0));
            }
        }
    }

    /// Fills channels that are shorter than the block as far as they go, and silences what is not finite.
    #[cold]
    #[inline(never)]
    fn mend(&mut self, plan: &Plan, stats: &StatsCells) {
        let Self { piece, outputs, .. } = self;
        for (samples, buffer) in outputs.iter_mut().zip(&plan.device_out) {
            let whole = samples.len() >= piece.end;
            let end = samples.len().min(piece.end);
            let (Some(buffer), Some(samples)) = (*buffer, samples.get_mut(piece.start..end)) else { continue };
            if !whole {
                samples.copy_from_slice(plan.memory.read(buffer, samples.len()));
            }
            stats.non_finite_outputs.add(kernels::silence_non_finite(samples));
        }
    }
}
