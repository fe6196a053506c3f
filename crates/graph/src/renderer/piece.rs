//! A piece of a block: all steps of the plan, one after the other.

use std::ops::Range;

use super::device::Device;
use super::players::Players;
use crate::BufferId;
use crate::instructions::{Lanes, Supported};
use crate::kernels::{MovingSum, Sum, Unsteady};
use crate::plan::{Mix, Op, Plan};
use crate::profile::Watch;

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
    fn work<const LANES: usize>(self) {
        let Piece { plan, players, watch, device, current, instructions } = self;
        if *current == 0 {
            device.lend::<LANES>(plan, &players.events.stats);
            plan.follow(players.slab.gains());
            watch.rest();
        }
        let (plan, frames, instructions) = (&**plan, device.piece.len(), *instructions);
        Steps { plan, end: plan.ops.len(), lane: 0, players, watch: &mut **watch, current, frames, instructions }
            .work::<LANES>();
        device.check::<LANES>(plan, &players.events.stats);
    }
}

/// Steps, one after the other.
pub(super) struct Steps<'a, 'p, W> {
    pub(super) plan: &'a Plan,
    pub(super) players: &'a mut Players<'p>,
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
    type Output = ();

    #[inline(always)]
    fn work<const LANES: usize>(self) {
        let Self { plan, frames, .. } = self;
        let Plan { memory, lines, .. } = plan;
        let ops = &plan.ops[..self.end];
        while let Some(op) = ops.get(*self.current) {
            match *op {
                Op::Mix(ref mix) if mix.even && (self.players.slab.gains().moving() == 0 || !self.moves(mix)) => {
                    self.mix::<LANES>(mix, frames);
                }
                Op::Mix(ref mix) => self.mix_moving(mix, frames),
                Op::Run(ref run) => {
                    self.players.run(plan, run, frames);
                    self.watch.ran(&plan.watched, *self.current, frames);
                }
                Op::Clear { dst } => memory.write(dst, frames).fill(0.0),
                Op::Receive { dst, line } => {
                    lines.of_step(line).receive(self.players.position, memory.write(dst, frames));
                }
                Op::Send { src, line } => self.send(src, line, frames),
            }
            *self.current += 1;
        }
    }
}

impl<W> Steps<'_, '_, W> {
    /// Sums up the terms of each channel. Steady sums are the rule.
    #[inline(always)]
    fn mix<const LANES: usize>(&self, mix: &Mix, frames: usize) {
        let Plan { memory, wires, terms, steady: factors, .. } = self.plan;
        let (dst, terms) = (part(wires, &mix.dst), part(terms, &mix.terms));
        Sum { memory, dst, wires, terms, factors, frames }.work::<LANES>();
    }

    fn send(&self, src: BufferId, line: usize, frames: usize) {
        let Plan { memory, lines, .. } = self.plan;
        let bad = lines.of_step(line).send(self.players.position, memory.read(src, frames));
        if bad > 0 {
            self.players.events.stats.non_finite_feedback.add(bad);
        }
    }

    #[cold]
    fn moves(&self, mix: &Mix) -> bool {
        let moves = |factor| matches!(Unsteady::of(factor), Unsteady::Gain(seat) if self.players.slab.gains().of(seat as usize).is_some());
        part(&self.plan.factors, &mix.factors).iter().any(|&factor| moves(factor))
    }

    /// Not inlined into the loop over the steps: it would need all of its registers.
    #[cold]
    fn mix_moving(&self, mix: &Mix, frames: usize) {
        let Plan { memory, wires, terms, factors, constants, ramps: fades, weights, .. } = self.plan;
        let weights = weights.of_step(self.lane);
        let (dst, terms) = (part(wires, &mix.dst), part(terms, &mix.terms));
        let (gains, position) = (self.players.slab.gains(), self.players.position);
        let sum = MovingSum { memory, dst, wires, terms, factors, gains, constants, fades, weights, position, frames };
        self.instructions.run(sum);
    }
}

#[inline(always)]
fn part<'a, T>(list: &'a [T], range: &Range<u32>) -> &'a [T] {
    &list[range.start as usize..range.end as usize]
}
