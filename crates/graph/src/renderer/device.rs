//! The device's buffers: rendered from and into directly, where they hold what they should.

use std::ops::Range;

use crate::BufferId;
use crate::hush::is_silence;
use crate::kernels::{self, Clean, Finite, Look, Seen, Vector};
use crate::plan::Plan;
use crate::stats::StatsCells;

/// The device's side of a piece of a block.
pub(super) struct Device<'a, 'i, 'o> {
    /// The frames of the block.
    pub(super) piece: Range<usize>,
    pub(super) inputs: &'a [&'i [f32]],
    pub(super) outputs: &'a mut [&'o mut [f32]],
    /// What is known of the last piece's samples.
    pub(super) looks: Looks,
}

/// What has been seen of a piece's samples.
#[derive(Default)]
pub(super) struct Looks {
    /// Whether something came in that was neither 0 nor −0, or something had to be mended.
    pub(super) sounds: bool,
    /// Whether something was written that is not finite.
    bad: bool,
    /// Whether the device takes all that is written for it, and nothing else.
    whole: bool,
}

/// What a mix has seen on its way.
#[derive(Clone, Copy)]
pub(super) struct Looked {
    /// Whether it read something of the device that was neither 0 nor −0.
    pub(super) sounds: bool,
    /// Whether all that it read of the device was as it should be.
    pub(super) clean: bool,
    /// Whether all that it wrote was finite.
    pub(super) finite: bool,
}

impl Looked {
    #[inline(always)]
    pub(super) fn of<V: Vector>(seen: &Seen<V>) -> Self {
        let Seen { heard, given } = seen;
        Self { sounds: !heard.is_silence(), clean: heard.holds(), finite: given.holds() }
    }
}

impl Looks {
    /// Takes in what a mix has seen; says whether all that it heard was clean.
    #[inline(always)]
    pub(super) fn take_in(&mut self, Looked { sounds, clean, finite }: Looked, gives: bool) -> bool {
        self.sounds |= sounds;
        self.bad |= gives && !finite;
        clean
    }
}

impl Device<'_, '_, '_> {
    /// Lets the plan's buffers of the device be the device's own.
    #[inline(always)]
    pub(super) fn lend<V: Vector>(&mut self, plan: &mut Plan, stats: &StatsCells) {
        let Plan { memory, lent_in, lent_out, .. } = plan;
        let mut short = false;
        for &(channel, buffer) in &*lent_in {
            match self.input(channel as usize) {
                Some(samples) => memory.lend(buffer, samples),
                None => short = true,
            }
        }
        let mut whole = plan.gives_all && self.outputs.len() == lent_out.len();
        for &(channel, buffer) in &*lent_out {
            match self.outputs.get_mut(channel as usize).and_then(|samples| samples.get_mut(self.piece.clone())) {
                Some(samples) => memory.lend_mut(buffer, samples),
                None => {
                    memory.own(buffer);
                    whole = false;
                }
            }
        }
        self.looks = Looks { whole, ..Looks::default() };
        if short || !(plan.heard_apart.is_empty() || self.is_clean::<V>(&plan.heard_apart)) {
            self.hear(plan, stats);
        }
    }

    /// Looks at what comes in of these channels, as far as it is there.
    #[inline(always)]
    fn is_clean<V: Vector>(&mut self, channels: &[usize]) -> bool {
        let mut heard = Clean::<V>::new();
        for &channel in channels {
            heard.see(self.input(channel).unwrap_or_default());
        }
        self.looks.sounds |= !heard.is_silence();
        heard.holds()
    }

    /// What the device has for all of the piece.
    #[inline(always)]
    fn input(&self, channel: usize) -> Option<&[f32]> {
        self.inputs.get(channel).and_then(|samples| samples.get(self.piece.clone()))
    }

    /// Copies what comes in of channels that are not as they should be.
    #[cold]
    #[inline(never)]
    pub(super) fn hear(&self, plan: &mut Plan, stats: &StatsCells) {
        let Plan { memory, device_in, .. } = plan;
        for (channel, &buffer) in device_in.iter().enumerate() {
            let Some(buffer) = buffer.filter(|_| !self.input(channel).is_some_and(kernels::is_clean)) else { continue };
            memory.own(buffer);
            self.copy(channel, memory.write(buffer, self.piece.len()), stats);
        }
    }

    /// Copies what comes in: silence where the device has less, 0 where a sample is not finite, or tiny.
    fn copy(&self, channel: usize, heard: &mut [f32], stats: &StatsCells) {
        let given = self.inputs.get(channel).copied().unwrap_or(&[]);
        let given = &given[within(&self.piece, given.len())];
        let (heard, silent) = heard.split_at_mut(given.len());
        stats.non_finite_inputs.add(kernels::copy_sanitised(heard, given));
        silent.fill(0.0);
    }

    /// Sees to it that the device gets what was rendered for it, and nothing that is not finite.
    #[inline(always)]
    pub(super) fn check<V: Vector>(&mut self, plan: &Plan, stats: &StatsCells) {
        let fine = self.looks.whole && !self.looks.bad;
        if !(fine && (plan.given_apart.is_empty() || self.is_finite::<V>(&plan.given_apart))) {
            for channel in 0..self.outputs.len() {
                self.mend(channel, plan.device_out.get(channel).copied().flatten(), plan, stats);
            }
        }
    }

    /// Looks at what was written to these channels, all of which are there.
    #[inline(always)]
    fn is_finite<V: Vector>(&self, channels: &[usize]) -> bool {
        let mut given = Finite::<V>::new();
        for &channel in channels {
            given.see(&self.outputs[channel][self.piece.clone()]);
        }
        given.holds()
    }

    /// Fills a channel that nothing reaches, and one that is shorter than the block as far as it goes; silences what is not
    /// finite.
    #[cold]
    #[inline(never)]
    fn mend(&mut self, channel: usize, buffer: Option<BufferId>, plan: &Plan, stats: &StatsCells) {
        let samples = &mut self.outputs[channel];
        let (whole, end) = (samples.len() >= self.piece.end, samples.len().min(self.piece.end));
        let Some(samples) = samples.get_mut(self.piece.start..end) else { return };
        match buffer {
            None => return samples.fill(0.0),
            Some(_) if whole => {}
            Some(buffer) => samples.copy_from_slice(plan.memory.read(buffer, samples.len())),
        }
        let bad = kernels::silence_non_finite(samples);
        stats.non_finite_outputs.add(bad);
        self.looks.sounds |= bad > 0;
    }

    /// Whether all that the plan has read in this piece is silence, and not −0 anywhere.
    pub(super) fn gave_silence(&self, plan: &Plan) -> bool {
        plan.device_in.iter().flatten().all(|&buffer| is_silence(plan.memory.read(buffer, self.piece.len())))
    }

    /// Whether all that the plan would read in this piece is.
    #[inline(always)]
    pub(super) fn gives_silence(&self, plan: &Plan) -> bool {
        let mut read = plan.device_in.iter().zip(self.inputs).filter(|(buffer, _)| buffer.is_some());
        read.all(|(_, samples)| is_silence(&samples[within(&self.piece, samples.len())]))
    }

    /// Keeps the last sample of each output; says whether there are as many as the plan has.
    pub(super) fn keep(&self, plan: &mut Plan) -> bool {
        let last = |channel: usize| self.outputs.get(channel)?.get(self.piece.clone())?.last();
        let mut kept = plan.device_out.iter().zip(&mut plan.kept).enumerate();
        kept.all(|(channel, (buffer, kept))| match (buffer, last(channel)) {
            (None, _) => true,
            (Some(_), Some(&sample)) => {
                *kept = sample;
                true
            }
            (Some(_), None) => false,
        })
    }

    /// Fills all outputs with the samples that were kept.
    #[inline(always)]
    pub(super) fn hold(&mut self, plan: &Plan) {
        for (channel, samples) in self.outputs.iter_mut().enumerate() {
            let within = within(&self.piece, samples.len());
            samples[within].fill(plan.kept.get(channel).copied().unwrap_or(0.0));
        }
    }
}

/// As much of the piece as there is of a channel of so many frames.
fn within(piece: &Range<usize>, frames: usize) -> Range<usize> {
    piece.start.min(frames)..piece.end.min(frames)
}
