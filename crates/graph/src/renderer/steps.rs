//! One step of a plan after the other: processors, and sums.

use std::cell::Cell;

use rtrb::Producer;

use crate::arena::Wire;
use crate::event::{EventSink, Instance, RawEvent};
use crate::plan::Run;
use crate::slots::{Mode, Seat, Slab};
use crate::stats::StatsCells;
use crate::{Frame, Inputs, Io, Outputs, kernels};

/// What a processor is run with.
pub(super) struct Steps<'a> {
    pub(super) wires: &'a [Wire],
    pub(super) widths: &'a [usize],
    pub(super) slab: &'a mut Slab,
    pub(super) events: &'a mut Producer<RawEvent>,
    pub(super) stats: &'a StatsCells,
    pub(super) running: &'a Cell<Option<Instance>>,
    pub(super) position: Frame,
    pub(super) length: usize,
}

impl Steps<'_> {
    pub(super) fn run(&mut self, run: &Run) {
        let Seat { processor, readings, instance, mode, .. } = self.slab.seat(run.seat);
        let (inputs, outputs) = run.wires.of(self.wires);
        let Some(processor) = processor.as_mut().filter(|_| *mode == Mode::Plays) else { return self.run_oddly(run) };
        self.running.set(Some(*instance));
        let (frames, position) = (self.length, self.position);
        let (input_ports, output_ports) = run.ports.of(self.widths);
        processor.process(&mut Io {
            frames,
            position,
            inputs: Inputs { frames, wires: inputs, ports: input_ports },
            outputs: Outputs { frames, wires: outputs, ports: output_ports },
            readings,
            events: EventSink { ring: self.events, stats: self.stats, position, instance: Some(*instance) },
        });
    }

    /// A processor that is left out, fades, or has panicked.
    #[cold]
    fn run_oddly(&mut self, run: &Run) {
        let Seat { processor, readings, instance, mode, bypass, .. } = self.slab.seat(run.seat);
        let (inputs, outputs) = run.wires.of(self.wires);
        let (frames, position) = (self.length, self.position);
        let (Some(processor), Some(bypass), Mode::Bypassed) = (processor, bypass, *mode) else {
            return outputs.iter().for_each(|wire| wire.write(frames).fill(0.0));
        };
        bypass.before(inputs, outputs, frames);
        if bypass.runs() {
            self.running.set(Some(*instance));
            let (input_ports, output_ports) = run.ports.of(self.widths);
            processor.process(&mut Io {
                frames,
                position,
                inputs: Inputs { frames, wires: inputs, ports: input_ports },
                outputs: Outputs { frames, wires: outputs, ports: output_ports },
                readings,
                events: EventSink { ring: self.events, stats: self.stats, position, instance: Some(*instance) },
            });
        }
        bypass.after(outputs, frames);
        if bypass.is_over() {
            *mode = Mode::Plays;
        }
    }
}

/// The sum of the terms, left to right.
pub(super) fn mix(dst: Wire, adds: bool, terms: &[(Wire, f32)], length: usize) {
    let out = dst.write(length);
    let Some(((first, gain), rest)) = terms.split_first() else { return };
    if adds {
        kernels::scale(out, *gain);
    } else {
        kernels::scaled(out, first.read(length), *gain);
    }
    let mut fours = rest.chunks_exact(4);
    for four in &mut fours {
        let sources = [0, 1, 2, 3].map(|index| four[index].0.read(length));
        kernels::accumulate4(out, sources, [0, 1, 2, 3].map(|index| four[index].1));
    }
    for (source, gain) in fours.remainder() {
        kernels::accumulate(out, source.read(length), *gain);
    }
}
