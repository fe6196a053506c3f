//! A mix and the meter behind it, in one go: the meter hears what is written while it is in registers.

use super::device::Looked;
use super::piece::Steps;
use crate::instructions::{Lanes, Supported};
use crate::kernels::{Seen, Sum, Vector};
use crate::level::LevelMeter;
use crate::plan::{Mix, Op, Plan, Run};
use crate::profile::Watch;
use crate::slots::{Mode, Seat};

/// A mix of which nothing moves, and a meter of as many channels that hears what it writes. Compiled once for all who call it.
#[inline(never)]
pub(super) fn hear(instructions: Supported, plan: &Plan, mix: &Mix, meter: &mut LevelMeter, frames: usize) -> Looked {
    instructions.run_lanes(Hearing { plan, mix, meter, frames })
}

struct Hearing<'a> {
    plan: &'a Plan,
    mix: &'a Mix,
    meter: &'a mut LevelMeter,
    frames: usize,
}

impl Lanes for Hearing<'_> {
    type Output = Looked;

    #[inline(always)]
    fn work<V: Vector>(self) -> Looked {
        let Self { plan: Plan { memory, wires, terms, steady: factors, .. }, mix, meter, frames } = self;
        let (dst, terms) = (mix.dst(wires), mix.terms(terms));
        let mut seen = Seen::<V>::nothing();
        Sum { memory, dst, wires, terms, factors, frames }.work_heard(&mut seen, meter);
        Looked::of(&seen)
    }
}

impl<W: Watch> Steps<'_, '_, W> {
    /// Does the mix that is the current step and the run behind it, and makes that the current one. Says whether all that was read
    /// of the device was clean: if not, nothing is done, and the mix stays the current step.
    #[inline(always)]
    pub(super) fn mix_and_run(&mut self, mix: &Mix, steady: bool) -> bool {
        let Some(Op::Run(run)) = self.plan.ops.get(*self.current + 1) else { return true };
        let plays = self.players.slab.of_step(run.seat).mode == Mode::Plays;
        let done = if steady && plays { self.mix_heard(mix, run) } else { self.mix_then_run(mix, run) };
        if done {
            self.watch.ran(&self.plan.watched, *self.current, self.frames);
        }
        done
    }

    #[inline(always)]
    fn mix_heard(&mut self, mix: &Mix, run: &Run) -> bool {
        let Self { plan, players, looks, current, frames, instructions, .. } = self;
        let Seat { meter: Some(meter), processor: Some(processor), readings, instance, .. } =
            players.slab.of_step(run.seat)
        else {
            return self.mix_then_run(mix, run);
        };
        if mix.looks {
            meter.remember();
        }
        let looked = hear(*instructions, plan, mix, meter, *frames);
        if mix.looks && !looks.take_in(looked, mix.gives) {
            meter.take_back();
            return false;
        }
        **current += 1;
        if meter.take_news() {
            // Whatever panics here is the node's.
            players.running.set(Some(*instance));
            processor.heard(meter, readings);
        }
        true
    }

    /// The same, one after the other, as where something moves: it is compiled once.
    #[cold]
    #[inline(never)]
    fn mix_then_run(&mut self, mix: &Mix, run: &Run) -> bool {
        if !self.mix_moving(mix) {
            return false;
        }
        *self.current += 1;
        self.players.run(self.plan, run, self.frames);
        if mix.gives {
            // The mix has looked at what went out; who has run since is not to be trusted.
            let mut seen = Seen::<f32>::nothing();
            seen.give(mix.dst(&self.plan.wires), |buffer| self.plan.memory.read(buffer, self.frames));
            self.looks.take_in(Looked::of(&seen), true);
        }
        true
    }
}
