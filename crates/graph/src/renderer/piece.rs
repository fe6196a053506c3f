//! A piece of a block: all steps of the plan, one after the other.

use std::cell::Cell;
use std::ops::Range;

use rtrb::Producer;

use super::device::Device;
use crate::event::{EventSink, Instance, RawEvent};
use crate::instructions::{Lanes, Supported};
use crate::kernels::{MovingSum, Sum, Unsteady};
use crate::plan::{InOut, Mix, Op, Plan, Run};
use crate::profile::Watch;
use crate::slots::{Mode, Seat, Slab};
use crate::stats::StatsCells;
use crate::{BufferId, Frame, Inputs, Io, Outputs};

/// What a piece is rendered with. All of it is compiled once for each set of instructions.
pub(super) struct Piece<'a, 'd, 'i, 'o, W> {
    pub(super) plan: &'a mut Plan,
    pub(super) slab: &'a mut Slab,
    pub(super) events: &'a mut Producer<RawEvent>,
    pub(super) stats: &'a StatsCells,
    /// The frame of its first sample.
    pub(super) position: Frame,
    pub(super) running: &'a Cell<Option<Instance>>,
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
            self.device.lend::<LANES>(self.plan, self.stats);
            self.plan.follow(self.slab.gains());
            self.watch.rest();
        }
        let frames = self.device.piece.len();
        while let Some(op) = self.plan.ops.get(self.current) {
            let Plan { memory, lines, .. } = &*self.plan;
            match *op {
                Op::Mix(ref mix) if mix.even && (self.slab.gains().moving() == 0 || !self.moves(mix)) => {
                    self.mix::<LANES>(mix, frames);
                }
                Op::Mix(ref mix) => self.mix_moving(mix, frames),
                Op::Run { run } => {
                    self.run(run, frames);
                    self.watch.ran(&self.plan.watched, run, frames);
                }
                Op::Clear { dst } => memory.write(dst, frames).fill(0.0),
                Op::Receive { dst, line } => lines[line].receive(self.position, memory.write(dst, frames)),
                Op::Send { src, line } => self.send(src, line, frames),
            }
            self.current += 1;
        }
        self.device.check::<LANES>(self.plan, self.stats);
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
        let bad = lines[line].send(self.position, memory.read(src, frames));
        if bad > 0 {
            self.stats.non_finite_feedback.add(bad);
        }
    }

    #[cold]
    fn moves(&self, mix: &Mix) -> bool {
        let moves = |factor| matches!(Unsteady::of(factor), Unsteady::Gain(seat) if self.slab.gains().of(seat as usize).is_some());
        part(&self.plan.factors, &mix.factors).iter().any(|&factor| moves(factor))
    }

    /// Not inlined into the loop over the steps: it would need all of its registers.
    #[cold]
    fn mix_moving(&self, mix: &Mix, frames: usize) {
        let Plan { memory, wires, terms, factors, constants, ramps: fades, .. } = &*self.plan;
        let (dst, terms) = (part(wires, &mix.dst), part(terms, &mix.terms));
        let (gains, position) = (self.slab.gains(), self.position);
        let sum = MovingSum { memory, dst, wires, terms, factors, gains, constants, fades, position, frames };
        self.instructions.run(sum);
    }

    #[inline(always)]
    fn run(&mut self, index: usize, frames: usize) {
        let seat = self.plan.runs[index].seat;
        match self.slab.seat(seat).mode {
            Mode::Plays => self.process(index, frames),
            mode => self.run_oddly(index, mode, frames),
        }
    }

    #[inline(always)]
    fn process(&mut self, index: usize, frames: usize) {
        let Plan { memory, wires, widths, runs, .. } = &*self.plan;
        let run = &runs[index];
        let Seat { processor: Some(processor), readings, instance, .. } = self.slab.seat(run.seat) else { return };
        self.running.set(Some(*instance));
        let ((inputs, outputs), (input_ports, output_ports)) = (run.wires.of(wires), run.ports.of(widths));
        let position = self.position;
        processor.process(&mut Io {
            frames,
            position,
            inputs: Inputs { frames, memory, wires: inputs, ports: input_ports },
            outputs: Outputs { frames, memory, wires: outputs, ports: output_ports },
            readings,
            events: EventSink { ring: self.events, stats: self.stats, position, instance: Some(*instance) },
        });
    }

    /// A processor that is left out, fades, or has panicked.
    #[cold]
    #[inline(never)]
    fn run_oddly(&mut self, index: usize, mode: Mode, frames: usize) {
        let Run { seat, wires, .. } = self.plan.runs[index];
        if mode == Mode::Bypassed && self.before(seat, wires, frames) {
            self.process(index, frames);
        }
        let Plan { memory, wires: all, .. } = &*self.plan;
        let outputs = wires.of(all).1;
        let seat = self.slab.seat(seat);
        match &mut seat.bypass {
            Some(bypass) if mode == Mode::Bypassed => {
                bypass.after(memory, outputs, frames);
                seat.mode = if bypass.is_over() { Mode::Plays } else { Mode::Bypassed };
            }
            _ => outputs.iter().for_each(|&wire| memory.write(wire, frames).fill(0.0)),
        }
    }

    /// Takes the input of one that is left out, or about to be; says whether it still runs.
    fn before(&mut self, seat: usize, wires: InOut, frames: usize) -> bool {
        let Plan { memory, wires: all, .. } = &*self.plan;
        let (inputs, outputs) = wires.of(all);
        self.slab.seat(seat).bypass.as_mut().is_some_and(|bypass| {
            bypass.before(memory, inputs, outputs, frames);
            bypass.runs()
        })
    }
}

#[inline(always)]
fn part<'a, T>(list: &'a [T], range: &Range<u32>) -> &'a [T] {
    &list[range.start as usize..range.end as usize]
}
