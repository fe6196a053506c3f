//! One step of a plan after the other: processors, and sums.

use std::cell::Cell;
use std::ops::Range;

use rtrb::Producer;

use crate::arena::Memory;
use crate::event::{EventSink, Instance, RawEvent};
use crate::fade::Ramp;
use crate::instructions::Supported;
use crate::kernels::{MovingSum, Sum, Term};
use crate::plan::Run;
use crate::slots::{Mode, Seat, Slab};
use crate::stats::StatsCells;
use crate::{BufferId, Frame, Inputs, Io, Outputs};

/// What steps work on.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) memory: &'a Memory,
    pub(super) wires: &'a [BufferId],
    pub(super) widths: &'a [usize],
}

/// What sums are made of.
#[derive(Clone, Copy)]
pub(super) struct Sums<'a> {
    pub(super) terms: &'a [Term],
    pub(super) factors: &'a [u32],
    pub(super) constants: &'a [f32],
    pub(super) fades: &'a [Ramp],
    pub(super) instructions: Supported,
}

/// What steps are run with.
pub(super) struct Steps<'a> {
    pub(super) parts: Parts<'a>,
    pub(super) sums: Sums<'a>,
    pub(super) slab: &'a mut Slab,
    pub(super) events: &'a mut Producer<RawEvent>,
    pub(super) stats: &'a StatsCells,
    pub(super) running: &'a Cell<Option<Instance>>,
    pub(super) position: Frame,
    pub(super) length: usize,
}

impl Steps<'_> {
    /// Sums up the terms of each channel. Steady sums are the rule.
    #[inline(always)]
    pub(super) fn mix(&mut self, dst: &Range<u32>, terms: &Range<u32>, factors: &Range<u32>, even: bool) {
        if !even || self.slab.gains().moving() > 0 && self.moves(factors) {
            return self.mix_moving(dst, terms);
        }
        let Parts { memory, wires, .. } = self.parts;
        let (gains, frames) = (self.slab.gains().steady(), self.length);
        let (dst, terms) = (part(wires, dst), part(self.sums.terms, terms));
        self.sums.instructions.run_lanes(Sum { memory, dst, wires, terms, factors: self.sums.factors, gains, frames });
    }

    fn moves(&self, factors: &Range<u32>) -> bool {
        part(self.sums.factors, factors).iter().any(|&seat| self.slab.gains().of(seat as usize).is_some())
    }

    #[cold]
    fn mix_moving(&mut self, dst: &Range<u32>, terms: &Range<u32>) {
        let Parts { memory, wires, .. } = self.parts;
        let Sums { factors, constants, fades, instructions, .. } = self.sums;
        let (dst, terms) = (part(wires, dst), part(self.sums.terms, terms));
        let (gains, position, frames) = (self.slab.gains(), self.position, self.length);
        let sum = MovingSum { memory, dst, wires, terms, factors, gains, constants, fades, position, frames };
        instructions.run(sum);
    }

    pub(super) fn run(&mut self, run: &Run) {
        let Parts { memory, wires, widths } = self.parts;
        let Seat { processor, readings, instance, mode, .. } = self.slab.seat(run.seat);
        let (inputs, outputs) = run.wires.of(wires);
        let Some(processor) = processor.as_mut().filter(|_| *mode == Mode::Plays) else { return self.run_oddly(run) };
        self.running.set(Some(*instance));
        let (frames, position) = (self.length, self.position);
        let (input_ports, output_ports) = run.ports.of(widths);
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
    fn run_oddly(&mut self, run: &Run) {
        let Parts { memory, wires, widths } = self.parts;
        let Seat { processor, readings, instance, mode, bypass, .. } = self.slab.seat(run.seat);
        let (inputs, outputs) = run.wires.of(wires);
        let (frames, position) = (self.length, self.position);
        let (Some(processor), Some(bypass), Mode::Bypassed) = (processor, bypass, *mode) else {
            return outputs.iter().for_each(|&wire| memory.write(wire, frames).fill(0.0));
        };
        bypass.before(memory, inputs, outputs, frames);
        if bypass.runs() {
            self.running.set(Some(*instance));
            let (input_ports, output_ports) = run.ports.of(widths);
            processor.process(&mut Io {
                frames,
                position,
                inputs: Inputs { frames, memory, wires: inputs, ports: input_ports },
                outputs: Outputs { frames, memory, wires: outputs, ports: output_ports },
                readings,
                events: EventSink { ring: self.events, stats: self.stats, position, instance: Some(*instance) },
            });
        }
        bypass.after(memory, outputs, frames);
        if bypass.is_over() {
            *mode = Mode::Plays;
        }
    }
}

#[inline(always)]
fn part<'a, T>(list: &'a [T], range: &Range<u32>) -> &'a [T] {
    &list[range.start as usize..range.end as usize]
}
