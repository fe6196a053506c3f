//! The shortest way: a plan that runs no processor is sums of what the device gives, and nothing else.
//!
//! While nothing arrives, nothing moves and nobody takes times, its mixes are all there is to do: no foreign code runs that could
//! panic or allocate, and nothing is kept from one block to the next. Where anything turns out to be otherwise than usual, the block
//! is rendered once more, on the usual way.

use super::Renderer;
use crate::Frame;
use crate::instructions::Lanes;
use crate::kernels::{Seen, Sum, Vector};
use crate::plan::{Op, Plan};

impl Renderer {
    /// Renders a block by mixes alone, if that is all there is to it. Says whether it was.
    #[inline(always)]
    pub(super) fn mixes_only(&mut self, frames: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> bool {
        if !(self.plan.only_mixes && self.is_undisturbed() && (1..=self.max_frames).contains(&frames)) {
            return false;
        }
        let done = self.instructions.run_lanes(Mixes { plan: &mut self.plan, frames, inputs, outputs });
        if done {
            self.position += frames as Frame;
            self.rest.stir();
            let stats = &self.events.stats;
            stats.frames.add(frames as u64);
            stats.renders.add(1);
            if self.plan.ops.is_empty() {
                stats.slept.add(frames as u64);
            }
        }
        done
    }

    /// Whether nothing has arrived or is about to happen, nothing moves or is at rest, and no times are taken.
    #[inline(always)]
    fn is_undisturbed(&self) -> bool {
        self.messages.is_empty()
            && self.next.is_none()
            && self.pending.is_empty()
            && self.plan.follows(self.slab.gains())
            && self.slab.gains().moving() == 0
            && !self.rest.is_asleep()
            && self.sampler.is_off()
    }
}

/// A block of a plan that has nothing but mixes.
struct Mixes<'a, 'i, 'o> {
    plan: &'a mut Plan,
    frames: usize,
    inputs: &'a [&'i [f32]],
    outputs: &'a mut [&'o mut [f32]],
}

impl Lanes for Mixes<'_, '_, '_> {
    /// Whether all went as usual: channels as long as they should be, sound, and nothing to be mended.
    type Output = bool;

    #[inline(always)]
    fn work<V: Vector>(self) -> bool {
        let Self { plan, frames, inputs, outputs } = self;
        let Plan { memory, lent_in, lent_out, ops, .. } = plan;
        if ops.is_empty() {
            for samples in outputs {
                let within = samples.len().min(frames);
                samples[..within].fill(0.0);
            }
            return true;
        }
        for &(channel, buffer) in &*lent_in {
            match inputs.get(channel as usize) {
                Some(samples) if samples.len() >= frames => memory.lend(buffer, samples),
                _ => return false,
            }
        }
        if outputs.len() != lent_out.len() {
            return false;
        }
        for (samples, &(_, buffer)) in outputs.iter_mut().zip(&*lent_out) {
            if samples.len() < frames {
                return false;
            }
            memory.lend_mut(buffer, samples);
        }
        let mut seen = Seen::<V>::nothing();
        let Plan { ops, memory, wires, terms, steady: factors, .. } = &*plan;
        for op in ops {
            let Op::Mix(mix) = op else { return false };
            let (dst, terms) = (mix.dst(wires), mix.terms(terms));
            Sum { memory, dst, wires, terms, factors, frames }.work_looking(&mut seen);
        }
        !seen.heard.is_silence() && seen.heard.holds() && seen.given.holds()
    }
}
