//! A schedule ready to run: steps over memory instead of numbers.

use std::ops::Range;
use std::sync::Arc;

use crate::arena::{Arena, Wire};
use crate::cost::CostCells;
use crate::event::Instance;
use crate::fade::Ramp;
use crate::feedback::FeedbackLine;
use crate::profile::Watched;
use crate::{BufferId, Schedule, Slot, Step, touched};

/// What the renderer runs. Holds no processor: those live in the slab, by slot.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) ops: Vec<Op>,
    pub(crate) terms: Vec<(Wire, f32)>,
    pub(crate) wires: Vec<Wire>,
    pub(crate) runs: Vec<Run>,
    /// Whose time each run takes, and where it is noted.
    pub(crate) watched: Vec<Watched>,
    /// Channels of all ports of all runs.
    pub(crate) widths: Vec<usize>,
    pub(crate) device_in: Vec<Option<Wire>>,
    pub(crate) device_out: Vec<Option<Wire>>,
    pub(crate) lines: Vec<FeedbackLine>,
    pub(crate) feedback: u64,
    /// What fades; filled by the audio thread when it takes over.
    pub(crate) ramps: Vec<Ramp>,
    /// What all wires point into.
    _arena: Option<Arena>,
}

/// A processor, and the cells for its time.
pub(crate) struct Part {
    pub(crate) instance: Instance,
    pub(crate) cost: Arc<CostCells>,
}

/// One step over wires.
pub(crate) enum Op {
    Clear {
        dst: Wire,
    },
    /// `adds` says that `dst` is the first term's source.
    Mix {
        dst: Wire,
        adds: bool,
        terms: Range<usize>,
    },
    Receive {
        dst: Wire,
        line: usize,
    },
    Send {
        src: Wire,
        line: usize,
    },
    Fade {
        dst: Wire,
        /// None where it is `dst`.
        src: Option<Wire>,
        fade: usize,
    },
    Run {
        run: usize,
    },
}

/// One processor's place and ports. Everything a step needs lies side by side in the plan's flat lists.
pub(crate) struct Run {
    /// Where the processor sits in the slab.
    pub(crate) seat: usize,
    /// Its buffers.
    pub(crate) wires: InOut,
    /// The channels of each of its ports, as the processor sees them: the main input of an in-place effect has none.
    pub(crate) ports: InOut,
}

/// A stretch of a flat list: what belongs to inputs, then what belongs to outputs.
#[derive(Clone, Copy)]
pub(crate) struct InOut {
    start: usize,
    inputs: usize,
    outputs: usize,
}

impl InOut {
    /// The two parts in their list.
    #[inline]
    pub(crate) fn of<T>(self, list: &[T]) -> (&[T], &[T]) {
        list[self.start..][..self.inputs + self.outputs].split_at(self.inputs)
    }
}

/// Appends both parts to a list.
fn append<T: Copy>(list: &mut Vec<T>, inputs: &[T], outputs: &[T]) -> InOut {
    let start = list.len();
    list.extend_from_slice(inputs);
    list.extend_from_slice(outputs);
    InOut { start, inputs: inputs.len(), outputs: outputs.len() }
}

impl Plan {
    /// Makes a verified schedule runnable; `parts` has one for each of its slots.
    pub(crate) fn new(schedule: &Schedule, parts: &[Part], max_frames: usize) -> Self {
        let mut arena = Arena::new(schedule.buffers, max_frames);
        let mut wire = |buffer: BufferId| arena.wire(buffer);
        let mut plan = Self {
            terms: schedule.terms.iter().map(|term| (wire(term.source), term.gain)).collect(),
            device_in: schedule.device_in.iter().map(|buffer| buffer.map(&mut wire)).collect(),
            device_out: schedule.device_out.iter().map(|buffer| buffer.map(&mut wire)).collect(),
            lines: schedule.lines.iter().map(|_| FeedbackLine::new(schedule.feedback)).collect(),
            feedback: schedule.feedback,
            ramps: touched::room(schedule.fades.len()),
            ..Self::default()
        };
        for step in &schedule.steps {
            let op = plan.op(schedule, step, parts, &mut wire);
            plan.ops.push(op);
        }
        plan._arena = Some(arena);
        plan
    }

    fn op(&mut self, schedule: &Schedule, step: &Step, parts: &[Part], wire: &mut impl FnMut(BufferId) -> Wire) -> Op {
        match step {
            Step::Clear { dst } => Op::Clear { dst: wire(*dst) },
            Step::Mix { dst, terms } => {
                let adds = schedule.terms[terms.start].source == *dst;
                Op::Mix { dst: wire(*dst), adds, terms: terms.clone() }
            }
            Step::Receive { dst, line } => Op::Receive { dst: wire(*dst), line: *line },
            Step::Send { src, line } => Op::Send { src: wire(*src), line: *line },
            Step::Fade { dst, src, fade } => {
                Op::Fade { dst: wire(*dst), src: (src != dst).then(|| wire(*src)), fade: *fade }
            }
            Step::Run { slot, inputs, outputs } => {
                let mut of = |range: &Range<usize>| -> Vec<Wire> {
                    schedule.wires[range.clone()].iter().map(|&buffer| wire(buffer)).collect()
                };
                let wires = append(&mut self.wires, &of(inputs), &of(outputs));
                let ports = self.ports(&schedule.slots[*slot]);
                let Part { instance, cost } = &parts[*slot];
                self.runs.push(Run { seat: instance.seat as usize, wires, ports });
                self.watched.push(Watched { cost: Arc::clone(cost), instance: *instance });
                Op::Run { run: self.runs.len() - 1 }
            }
        }
    }

    fn ports(&mut self, slot: &Slot) -> InOut {
        let ports = append(&mut self.widths, &slot.inputs, &slot.outputs);
        if slot.in_place {
            self.widths[ports.start] = 0;
        }
        ports
    }
}
