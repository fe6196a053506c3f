//! A piece of a block: all steps of the plan, one after the other.

use std::ops::Range;

use super::device::Device;
use super::players::Players;
use crate::BufferId;
use crate::instructions::{Lanes, Supported};
use crate::kernels::{MovingSum, Sum, Unsteady};
use crate::plan::{Mix, Op, Plan};
use crate::profile::Watch;

/// What a piece is rendered with. All of it is compiled once for each set of instructions.
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
        if self.current == 0 {
            self.device.lend::<LANES>(self.plan, &self.players.events.stats);
            self.plan.follow(self.players.slab.gains());
            self.watch.rest();
        }
        let frames = self.device.piece.len();
        while let Some(op) = self.plan.ops.get(self.current) {
            let Plan { memory, lines, .. } = &*self.plan;
            match *op {
                Op::Mix(ref mix) if mix.even && (self.players.slab.gains().moving() == 0 || !self.moves(mix)) => {
                    self.mix::<LANES>(mix, frames);
                }
                Op::Mix(ref mix) => {
                    let mix = mix.clone();
                    self.mix_moving(&mix, frames);
                }
                Op::Run(ref run) => {
                    self.players.run(self.plan, run, frames);
                    self.watch.ran(&self.plan.watched, self.current, frames);
                }
                Op::Clear { dst } => memory.write(dst, frames).fill(0.0),
                Op::Receive { dst, line } => lines[line].receive(self.players.position, memory.write(dst, frames)),
                Op::Send { src, line } => self.send(src, line, frames),
            }
            self.current += 1;
        }
        self.device.check::<LANES>(self.plan, &self.players.events.stats);
    }
}

impl<W> Piece<'_, '_, '_, '_, W> {
    /// Sums up the terms of each channel. Steady sums are the rule.
    #[inline(always)]
    fn mix<const LANES: usize>(&self, mix: &Mix, frames: usize) {
        let Plan { memory, wires, terms, steady: factors, .. } = &*self.plan;
        let (dst, terms) = (part(wires, &mix.dst), part(terms, &mix.terms));
        Sum { memory, dst, wires, terms, factors, frames }.work::<LANES>();
    }

    fn send(&mut self, src: BufferId, line: usize, frames: usize) {
        let Plan { memory, lines, .. } = &mut *self.plan;
        let bad = lines[line].send(self.players.position, memory.read(src, frames));
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
    fn mix_moving(&mut self, mix: &Mix, frames: usize) {
        let Plan { memory, wires, terms, factors, constants, ramps: fades, weights, .. } = &mut *self.plan;
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
