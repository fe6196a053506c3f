//! The steps that are processors.

use std::cell::Cell;

use crate::event::{EventSink, Events, Instance};
use crate::io::Block;
use crate::plan::{Op, Plan, Run};
use crate::slots::{Mode, Seat, Slab};
use crate::{Frame, Inputs, Io, Outputs};

/// The processors, and what they run with.
pub(super) struct Players<'a> {
    pub(super) slab: &'a Slab,
    pub(super) events: &'a mut Events,
    /// The frame of the piece's first sample.
    pub(super) position: Frame,
    pub(super) running: &'a Cell<Option<Instance>>,
}

impl Players<'_> {
    #[inline(always)]
    pub(super) fn run(&mut self, plan: &Plan, run: &Run, frames: usize) {
        match self.slab.of_step(run.seat).mode {
            Mode::Plays => self.process(plan, run, frames),
            mode => self.run_oddly(mode, plan, run, frames),
        }
    }

    #[inline(always)]
    fn process(&mut self, plan: &Plan, run: &Run, frames: usize) {
        let Plan { memory, wires, widths, .. } = plan;
        let Seat { processor: Some(processor), meter, readings, instance, .. } = self.slab.of_step(run.seat) else {
            return;
        };
        self.running.set(Some(*instance));
        let ((inputs, outputs), (input_ports, output_ports)) = (run.wires.of(wires), run.ports.of(widths));
        if let Some(meter) = meter {
            meter.hear(frames, |channel| memory.read(outputs[channel], frames));
            if meter.take_news() {
                processor.heard(meter, readings);
            }
            return;
        }
        let block = &Block { frames, memory };
        processor.process(&mut Io {
            inputs: Inputs { block, wires: inputs, ports: input_ports },
            outputs: Outputs { block, wires: outputs, ports: output_ports },
            readings,
            events: EventSink { events: self.events, position: self.position, instance: Some(*instance) },
        });
    }

    /// A processor that is left out, fades, or has panicked.
    #[cold]
    #[inline(never)]
    fn run_oddly(&mut self, mode: Mode, plan: &Plan, run: &Run, frames: usize) {
        if mode == Mode::Bypassed && self.before(plan, run, frames) {
            self.process(plan, run, frames);
        }
        let outputs = run.wires.of(&plan.wires).1;
        let seat = self.slab.of_step(run.seat);
        match &mut seat.bypass {
            Some(bypass) if mode == Mode::Bypassed => {
                bypass.after(&plan.memory, outputs, frames);
                seat.look_at_bypass();
            }
            _ => outputs.iter().for_each(|&wire| plan.memory.write(wire, frames).fill(0.0)),
        }
    }

    /// Takes the input of one that is left out, or about to be; says whether it still runs.
    fn before(&mut self, plan: &Plan, run: &Run, frames: usize) -> bool {
        let (inputs, outputs) = run.wires.of(&plan.wires);
        self.slab.of_step(run.seat).bypass.as_mut().is_some_and(|bypass| {
            bypass.before(&plan.memory, inputs, outputs, frames);
            bypass.runs()
        })
    }
}

/// Silences the processor of a step that panicked, in this piece of `frames` frames already, and says which it is; none where the step
/// was no processor.
pub(super) fn silence(plan: &Plan, slab: &Slab, op: usize, frames: usize) -> Option<Instance> {
    let Op::Run(run) = &plan.ops[op] else { return None };
    run.wires.of(&plan.wires).1.iter().for_each(|&wire| plan.memory.write(wire, frames).fill(0.0));
    let seat = slab.of_step(run.seat);
    seat.silence();
    Some(seat.instance)
}
