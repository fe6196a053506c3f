//! A piece of a block: all steps of the plan, one after the other.

use super::device::{Device, Looked, Looks};
use super::players::Players;
use crate::instructions::{Lanes, Supported};
use crate::kernels::{MovingSum, Seen, Sum, Unsteady, Vector};
use crate::plan::{Mix, Op, Plan};
use crate::profile::Watch;
use crate::slots::Slab;

/// A piece, by one thread. All of it is compiled once for each set of instructions.
pub(super) struct Piece<'a, 'd, 'i, 'o, W> {
    pub(super) plan: &'a mut Plan,
    pub(super) players: Players<'a>,
    pub(super) watch: &'a mut W,
    pub(super) device: &'a mut Device<'d, 'i, 'o>,
    /// The step that runs: the first one, unless those before it have run.
    pub(super) current: usize,
    pub(super) instructions: Supported,
}

impl<W: Watch> Lanes for &mut Piece<'_, '_, '_, '_, W> {
    type Output = ();

    #[inline(always)]
    fn work<V: Vector>(self) {
        let Piece { plan, players, watch, device, current, instructions } = self;
        if *current == 0 {
            device.lend::<V>(plan, &players.events.stats);
            plan.follow(players.slab.gains());
            watch.rest();
        }
        let (frames, instructions) = (device.piece.len(), *instructions);
        let end = plan.ops.len();
        loop {
            let looks = &mut device.looks;
            let steps =
                Steps { plan, players, looks, watch: &mut **watch, current, end, lane: 0, frames, instructions };
            if steps.work::<V>() {
                break;
            }
            device.hear(plan, &players.events.stats);
        }
        device.check::<V>(plan, &players.events.stats);
    }
}

/// Steps, one after the other.
pub(super) struct Steps<'a, 'p, W> {
    pub(super) plan: &'a Plan,
    pub(super) players: &'a mut Players<'p>,
    pub(super) looks: &'a mut Looks,
    pub(super) watch: &'a mut W,
    /// The step that runs, and the first one that is not to be run.
    pub(super) current: &'a mut usize,
    pub(super) end: usize,
    /// Whose they are.
    pub(super) lane: usize,
    pub(super) frames: usize,
    pub(super) instructions: Supported,
}

impl<W: Watch> Lanes for Steps<'_, '_, W> {
    /// Whether all is done: not, where a mix found that what the device gives is to be copied before it.
    type Output = bool;

    #[inline(always)]
    fn work<V: Vector>(mut self) -> bool {
        let (plan, frames) = (self.plan, self.frames);
        let Plan { memory, lines, .. } = plan;
        let ops = &plan.ops[..self.end];
        while let Some(op) = ops.get(*self.current) {
            match *op {
                Op::Mix(ref mix) => {
                    if !self.mix::<V>(mix) {
                        return false;
                    }
                }
                Op::Run(ref run) => {
                    self.players.run(plan, run, frames);
                    self.watch.ran(&plan.watched, *self.current, frames);
                }
                Op::Clear { dst } => memory.write(dst, frames).fill(0.0),
                Op::Receive { dst, line } => {
                    lines.of_step(line).receive(self.players.position, memory.write(dst, frames));
                }
                Op::Send { src, line } => {
                    let bad = lines.of_step(line).send(self.players.position, memory.read(src, frames));
                    if bad > 0 {
                        self.players.events.stats.non_finite_feedback.add(bad);
                    }
                }
            }
            *self.current += 1;
        }
        true
    }
}

impl<W: Watch> Steps<'_, '_, W> {
    /// Sums up the terms of each channel. Steady sums are the rule. Says whether what it read of the device was clean.
    #[inline(always)]
    fn mix<V: Vector>(&mut self, mix: &Mix) -> bool {
        let slab = self.players.slab;
        let steady = mix.even && (slab.gains().moving() == 0 || !moves(self.plan, mix, slab));
        match (mix.heard, steady) {
            (true, _) => self.mix_and_run(mix, steady),
            (false, true) => mix_steady::<V>(self.plan, mix, self.looks, self.frames),
            (false, false) => self.mix_moving(mix),
        }
    }

    /// As [`mix_steady`], where something moves. Not inlined into the loop over the steps: it would need all of its registers.
    #[cold]
    #[inline(never)]
    pub(super) fn mix_moving(&mut self, mix: &Mix) -> bool {
        let Self { plan, players, looks, lane, frames, instructions, .. } = self;
        instructions.run_lanes(Moves { plan, players, looks, mix, lane: *lane, frames: *frames })
    }
}

/// Sums up where nothing moves.
#[inline(always)]
fn mix_steady<V: Vector>(plan: &Plan, mix: &Mix, looks: &mut Looks, frames: usize) -> bool {
    let Plan { memory, wires, terms, steady: factors, .. } = plan;
    let (dst, terms) = (mix.dst(wires), mix.terms(terms));
    let sum = Sum { memory, dst, wires, terms, factors, frames };
    if mix.looks {
        let mut seen = Seen::<V>::nothing();
        sum.work_looking(&mut seen);
        return looks.take_in(Looked::of(&seen), mix.gives);
    }
    sum.work::<V>();
    true
}

#[cold]
#[inline(never)]
fn moves(plan: &Plan, mix: &Mix, slab: &Slab) -> bool {
    let moves =
        |factor| matches!(Unsteady::of(factor), Unsteady::Gain(place) if slab.gains().of(place as usize).is_some());
    mix.factors(&plan.factors).iter().any(|&factor| moves(factor))
}

/// A mix of which something moves.
struct Moves<'a, 'p> {
    plan: &'a Plan,
    players: &'a Players<'p>,
    looks: &'a mut Looks,
    mix: &'a Mix,
    lane: usize,
    frames: usize,
}

impl Lanes for Moves<'_, '_> {
    type Output = bool;

    #[inline(always)]
    fn work<V: Vector>(self) -> bool {
        let Self { plan, players, looks, mix, lane, frames } = self;
        let Plan { memory, wires, terms, factors, constants, ramps: fades, weights, .. } = plan;
        let (dst, terms) = (mix.dst(wires), mix.terms(terms));
        let mut seen = Seen::<V>::nothing();
        let samples = |buffer| memory.read(buffer, frames);
        seen.hear(terms, wires, dst.len(), samples);
        if !looks.take_in(Looked::of(&seen), false) {
            return false;
        }
        let (gains, position, weights) = (players.slab.gains(), players.position, weights.of_step(lane));
        MovingSum { memory, dst, wires, terms, factors, gains, constants, fades, weights, position, frames }
            .work::<V>();
        if mix.gives {
            seen.give(dst, samples);
            looks.take_in(Looked::of(&seen), true);
        }
        true
    }
}
