//! The shortest way: a plan that runs no processor is sums of what the device gives, and meters that hear them.
//!
//! While nothing arrives, nothing moves, no meter has anything to be read out and nobody takes times, its mixes are all there is to
//! do: no foreign code runs that could panic or allocate, and nothing is kept from one block to the next but what meters have heard.
//! Where anything turns out to be otherwise than usual, they take that back, and the block is rendered once more, on the usual way.

use super::{Renderer, tap};
use crate::Frame;
use crate::instructions::{Lanes, Supported};
use crate::kernels::{Seen, Sum, Vector};
use crate::plan::{Op, Plan};
use crate::slots::{Mode, Seat, Slab};

impl Renderer {
    /// Renders a block by mixes alone, if that is all there is to it. Says whether it was.
    #[inline(always)]
    pub(super) fn mixes_only(&mut self, frames: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> bool {
        if !(self.plan.only_mixes && self.is_undisturbed() && (1..=self.max_frames).contains(&frames)) {
            return false;
        }
        let listens = !self.plan.listeners.is_empty();
        if listens && !self.may_listen(frames) {
            return false;
        }
        let instructions = self.instructions;
        let Self { plan, slab, .. } = self;
        let done = match listens {
            false => instructions.run_lanes(Mixes::<false> { plan, slab, instructions, frames, inputs, outputs }),
            true => instructions.run_lanes(Mixes::<true> { plan, slab, instructions, frames, inputs, outputs }),
        };
        if listens && !done {
            self.unhear();
        }
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

    /// Whether all meters play, and none of them will have anything to be read out; what they hear can be taken back from here on.
    #[inline(always)]
    fn may_listen(&mut self, frames: usize) -> bool {
        let Self { plan, slab, .. } = self;
        for &seat in &plan.listeners {
            match slab.of_step(seat) {
                Seat { mode: Mode::Plays, meter: Some(meter), .. } if meter.is_quiet_for(frames) => meter.remember(),
                _ => return false,
            }
        }
        true
    }

    #[cold]
    #[inline(never)]
    fn unhear(&mut self) {
        for &seat in &self.plan.listeners {
            self.slab.of_step(seat).meter.as_mut().into_iter().for_each(|meter| meter.take_back());
        }
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

/// A block of a plan that has nothing but mixes, and meters behind them, if anybody `LISTENS`.
struct Mixes<'a, 'i, 'o, const LISTENS: bool> {
    plan: &'a mut Plan,
    slab: &'a Slab,
    instructions: Supported,
    frames: usize,
    inputs: &'a [&'i [f32]],
    outputs: &'a mut [&'o mut [f32]],
}

impl<const LISTENS: bool> Lanes for Mixes<'_, '_, '_, LISTENS> {
    /// Whether all went as usual: channels as long as they should be, sound, and nothing to be mended.
    type Output = bool;

    #[inline(always)]
    fn work<V: Vector>(self) -> bool {
        let Self { plan, slab, instructions, frames, inputs, outputs } = self;
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
        let Plan { ops, memory, wires, terms, steady: factors, listeners, .. } = &*plan;
        let (mut listeners, mut sounds, mut fine) = (listeners.iter(), false, true);
        for op in ops {
            let mix = match op {
                Op::Mix(mix) => mix,
                // Who listens has heard the mix before.
                _ if LISTENS => continue,
                _ => return false,
            };
            if LISTENS && mix.heard {
                let meter = listeners.next().and_then(|&seat| slab.of_step(seat).meter.as_mut());
                let Some(meter) = meter else { return false };
                let looked = tap::hear(instructions, plan, mix, meter, frames);
                (sounds, fine) = (sounds | looked.sounds, fine & looked.clean & looked.finite);
            } else {
                let (dst, terms) = (mix.dst(wires), mix.terms(terms));
                Sum { memory, dst, wires, terms, factors, frames }.work_looking(&mut seen);
            }
        }
        (sounds || !seen.heard.is_silence()) && fine && seen.heard.holds() && seen.given.holds()
    }
}
