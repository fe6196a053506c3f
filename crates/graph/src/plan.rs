//! A schedule ready to run: steps over memory instead of numbers.

mod looks;

use std::ops::Range;
use std::sync::Arc;

use crate::apart::Apart;
use crate::arena::Memory;
use crate::cost::CostCells;
use crate::event::Instance;
use crate::fade::{Ramp, Weights};
use crate::feedback::FeedbackLine;
use crate::gains::Gains;
use crate::kernels::{Term, Unsteady};
use crate::profile::Watched;
use crate::{BufferId, Factor, Need, Schedule, Slot, Step, touched};

/// More changes than there will be.
const NEVER: u64 = u64::MAX;

/// What the renderer runs. Holds no processor: those live in the slab, by slot.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) ops: Vec<Op>,
    pub(crate) terms: Vec<Term>,
    pub(crate) factors: Vec<u32>,
    /// What the factors are, where they are steady: the gains as they were at `steady_since`, and the constants.
    pub(crate) steady: Vec<f32>,
    steady_since: u64,
    stretches: Vec<Stretch>,
    pub(crate) constants: Vec<f32>,
    pub(crate) wires: Vec<BufferId>,
    /// Whose time each step takes that runs a processor, and where it is noted.
    pub(crate) watched: Vec<Option<Watched>>,
    /// Channels of all ports of all runs.
    pub(crate) widths: Vec<usize>,
    pub(crate) device_in: Vec<Option<BufferId>>,
    pub(crate) device_out: Vec<Option<BufferId>>,
    /// The same without gaps: which channel, and the buffer that it is.
    pub(crate) lent_in: Vec<(u32, BufferId)>,
    pub(crate) lent_out: Vec<(u32, BufferId)>,
    /// Channels of these that no mix looks at on its way: they are looked at before the first step, and after the last one.
    pub(crate) heard_apart: Vec<usize>,
    pub(crate) given_apart: Vec<usize>,
    /// Whether all channels of the device's output are written.
    pub(crate) gives_all: bool,
    /// The seats of those who hear what the mix before them writes.
    pub(crate) listeners: Vec<u32>,
    /// Whether all steps are mixes without fades and who listens to them, by one thread, which look at all that comes in and goes
    /// out; or whether there is none at all.
    pub(crate) only_mixes: bool,
    /// What each channel of the device holds while everything rests.
    pub(crate) kept: Vec<f32>,
    pub(crate) lines: Apart<FeedbackLine>,
    pub(crate) feedback: u64,
    /// What fades; filled by the audio thread when it takes over.
    pub(crate) ramps: Vec<Ramp>,
    /// Those of the fade that was computed last, by lane.
    pub(crate) weights: Apart<Weights>,
    pub(crate) memory: Memory,
    /// Who does which steps, where several threads share them: the tasks of each lane. None where one does everything.
    pub(crate) lanes: Vec<Vec<Share>>,
    /// Pieces of fewer frames are for one thread.
    pub(crate) least_frames: usize,
}

/// Factors in a row that are gains of places in a row: they are looked up together.
struct Stretch {
    factor: u32,
    place: u32,
    count: u32,
}

impl Stretch {
    fn goes_on_with(&self, factor: u32, place: u32) -> bool {
        (self.factor + self.count, self.place + self.count) == (factor, place)
    }
}

/// Steps that one thread runs in one go.
pub(crate) struct Share {
    pub(crate) ops: Range<usize>,
    /// What is done before.
    pub(crate) needs: Vec<Need>,
}

/// A processor, where its factors begin, and the cells for its time.
pub(crate) struct Part<'a> {
    pub(crate) instance: Instance,
    pub(crate) place: u32,
    pub(crate) cost: &'a Arc<CostCells>,
}

/// One step.
pub(crate) enum Op {
    Clear { dst: BufferId },
    Mix(Mix),
    Receive { dst: BufferId, line: usize },
    Send { src: BufferId, line: usize },
    Run(Run),
}

/// A sum in each of some channels.
#[derive(Clone)]
pub(crate) struct Mix {
    /// Among the wires.
    pub(crate) dst: Range<u32>,
    pub(crate) terms: Range<u32>,
    /// All factors of all terms.
    pub(crate) factors: Range<u32>,
    /// Whether no factor is a fade.
    pub(crate) even: bool,
    /// Whether it looks at what it passes over: at the sources of terms that hear, and at what it writes, if that is the last
    /// word on channels of the device's output.
    pub(crate) looks: bool,
    pub(crate) gives: bool,
    /// Whether the step behind it is a meter's, which hears what it writes.
    pub(crate) heard: bool,
}

impl Mix {
    /// What it writes, among all wires.
    #[inline(always)]
    pub(crate) fn dst<'a>(&self, wires: &'a [BufferId]) -> &'a [BufferId] {
        part(wires, &self.dst)
    }

    /// Its terms, among all.
    #[inline(always)]
    pub(crate) fn terms<'a>(&self, terms: &'a [Term]) -> &'a [Term] {
        part(terms, &self.terms)
    }

    /// Its factors, among all.
    #[inline(always)]
    pub(crate) fn factors<'a>(&self, factors: &'a [u32]) -> &'a [u32] {
        part(factors, &self.factors)
    }
}

#[inline(always)]
fn part<'a, T>(list: &'a [T], range: &Range<u32>) -> &'a [T] {
    &list[range.start as usize..range.end as usize]
}

/// One processor's place and ports. Everything a step needs lies side by side in the plan's flat lists.
pub(crate) struct Run {
    /// Where the processor sits in the slab.
    pub(crate) seat: u32,
    /// Its buffers.
    pub(crate) wires: InOut,
    /// The channels of each of its ports, as the processor sees them: the main input of an in-place effect has none.
    pub(crate) ports: InOut,
}

/// A stretch of a flat list: what belongs to inputs, then what belongs to outputs.
#[derive(Clone, Copy)]
pub(crate) struct InOut {
    start: u32,
    inputs: u32,
    outputs: u32,
}

impl InOut {
    fn new(start: usize, inputs: usize, outputs: usize) -> Self {
        let [start, inputs, outputs] = [start, inputs, outputs].map(|count| count as u32);
        Self { start, inputs, outputs }
    }

    /// The two parts in their list.
    #[inline(always)]
    pub(crate) fn of<T>(self, list: &[T]) -> (&[T], &[T]) {
        let [start, inputs, outputs] = [self.start, self.inputs, self.outputs].map(|count| count as usize);
        list[start..start + inputs + outputs].split_at(inputs)
    }
}

/// Whose time a step takes.
fn watched<'a>(step: &Step, part: &impl Fn(usize) -> Part<'a>) -> Option<Watched> {
    let Step::Run { slot, .. } = step else { return None };
    let Part { instance, cost, .. } = part(*slot);
    Some(Watched { cost: Arc::clone(cost), instance })
}

/// Appends both parts to a list.
fn append<T: Copy>(list: &mut Vec<T>, inputs: &[T], outputs: &[T]) -> InOut {
    let start = list.len();
    list.extend_from_slice(inputs);
    list.extend_from_slice(outputs);
    InOut::new(start, inputs.len(), outputs.len())
}

impl Plan {
    /// Makes a verified schedule runnable; `part` has one for each of its slots.
    pub(crate) fn new<'a>(schedule: &Schedule, part: &impl Fn(usize) -> Part<'a>, max_frames: usize) -> Self {
        let mut plan = Self {
            wires: schedule.wires.clone(),
            device_in: schedule.device_in.clone(),
            device_out: schedule.device_out.clone(),
            kept: touched::zeros(schedule.device_out.len()),
            lines: schedule.lines.iter().map(|_| FeedbackLine::new(schedule.feedback)).collect(),
            feedback: schedule.feedback,
            ramps: touched::room(schedule.fades.len()),
            weights: (0..schedule.spread.lanes())
                .map(|_| Weights::new(if schedule.fades.is_empty() { 0 } else { max_frames }))
                .collect(),
            memory: Memory::new(schedule.buffers, max_frames),
            ops: Vec::with_capacity(schedule.steps.len()),
            watched: Vec::with_capacity(schedule.steps.len()),
            terms: Vec::with_capacity(schedule.terms.len()),
            factors: Vec::with_capacity(schedule.factors.len()),
            ..Self::default()
        };
        for (index, step) in schedule.steps.iter().enumerate() {
            let mut op = plan.op(schedule, step, part);
            match &mut op {
                Op::Mix(mix) => mix.heard = schedule.is_heard_before(index + 1),
                Op::Run(run) if schedule.is_heard_before(index) => plan.listeners.push(run.seat),
                _ => {}
            }
            plan.ops.push(op);
            plan.watched.push(watched(step, part));
        }
        plan.lanes.resize_with(if schedule.spread.tasks.is_empty() { 0 } else { schedule.spread.lanes() }, Vec::new);
        plan.least_frames = schedule.spread.least_frames;
        for task in &schedule.spread.tasks {
            plan.lanes[task.lane].push(Share { ops: task.steps.clone(), needs: task.needs.clone() });
        }
        plan.prepare_steady();
        plan.prepare_looks();
        plan
    }

    /// Finds out what there will be to look up; constants are there already.
    fn prepare_steady(&mut self) {
        self.steady = touched::zeros(self.factors.len());
        self.steady_since = NEVER;
        for (at, &factor) in self.factors.iter().enumerate() {
            match Unsteady::of(factor) {
                Unsteady::Gain(place) => match self.stretches.last_mut() {
                    Some(last) if last.goes_on_with(at as u32, place) => last.count += 1,
                    _ => self.stretches.push(Stretch { factor: at as u32, place, count: 1 }),
                },
                Unsteady::Constant(index) => self.steady[at] = self.constants[index as usize],
                // A mix that fades does not ask.
                Unsteady::Fade(_) => {}
            }
        }
    }

    /// Takes in what gains have become steady since the last time, if any have.
    #[inline(always)]
    pub(crate) fn follow(&mut self, gains: &Gains) {
        if !self.follows(gains) {
            self.look_up(gains);
        }
    }

    /// Whether no gain has become another since then.
    #[inline(always)]
    pub(crate) fn follows(&self, gains: &Gains) -> bool {
        self.steady_since == gains.changes()
    }

    #[cold]
    #[inline(never)]
    fn look_up(&mut self, gains: &Gains) {
        self.steady_since = gains.changes();
        for &Stretch { factor, place, count } in &self.stretches {
            let [to, from] = [factor, place].map(|start| start as usize..(start + count) as usize);
            self.steady[to].copy_from_slice(&gains.steady()[from]);
        }
    }

    fn op<'a>(&mut self, schedule: &Schedule, step: &Step, part: &impl Fn(usize) -> Part<'a>) -> Op {
        match step {
            Step::Clear { dst } => Op::Clear { dst: *dst },
            Step::Mix { dst, terms, .. } => self.mix(schedule, (dst, terms), part),
            Step::Receive { dst, line } => Op::Receive { dst: *dst, line: *line },
            Step::Send { src, line } => Op::Send { src: *src, line: *line },
            Step::Run { slot, inputs, outputs } => {
                let start = if inputs.is_empty() { outputs.start } else { inputs.start };
                let wires = InOut::new(start, inputs.len(), outputs.len());
                let ports = self.ports(&schedule.slots[*slot]);
                Op::Run(Run { seat: part(*slot).instance.seat, wires, ports })
            }
        }
    }

    fn mix<'a>(
        &mut self,
        schedule: &Schedule,
        (dst, terms): (&Range<usize>, &Range<usize>),
        part: &impl Fn(usize) -> Part<'a>,
    ) -> Op {
        let [first_term, first_factor] = [self.terms.len(), self.factors.len()].map(|count| count as u32);
        let mut even = true;
        for term in &schedule.terms[terms.clone()] {
            let start = self.factors.len();
            for factor in &schedule.factors[term.factors.clone()] {
                let factor = match *factor {
                    Factor::Gain { slot, factor } => Unsteady::Gain(part(slot).place + factor),
                    Factor::Fade(fade) => Unsteady::Fade(fade as u32),
                    Factor::Constant(number) => {
                        self.constants.push(number);
                        Unsteady::Constant(self.constants.len() as u32 - 1)
                    }
                };
                even &= !matches!(factor, Unsteady::Fade(_));
                self.factors.push(factor.encode());
            }
            self.term(first_term as usize, &term.sources, start);
        }
        let of = |start: u32, end: usize| start..end as u32;
        let (terms, factors) = (of(first_term, self.terms.len()), of(first_factor, self.factors.len()));
        Op::Mix(Mix {
            dst: of(dst.start as u32, dst.end),
            terms,
            factors,
            even,
            looks: false,
            gives: false,
            heard: false,
        })
    }

    /// Appends a term whose factors were appended. One that only scales joins the one before it, if that is of the same
    /// source.
    fn term(&mut self, first: usize, sources: &Range<usize>, factors: usize) {
        let count = (self.factors.len() - factors) as u32;
        let is_first = self.terms.len() == first;
        let of = |start: u32| &self.wires[start as usize..][..sources.len()];
        let same = |last: &Term| last.fans && of(last.sources) == of(sources.start as u32);
        let fans = count == 1 && !is_first;
        match fans && self.terms.last().is_some_and(same) {
            true => self.terms.last_mut().into_iter().for_each(|last| last.count += 1),
            false => {
                let sources = sources.start as u32;
                self.terms.push(Term { sources, factors: factors as u32, count, fans, hears: false });
            }
        }
    }

    fn ports(&mut self, slot: &Slot) -> InOut {
        let ports = append(&mut self.widths, &slot.widths.inputs, &slot.widths.outputs);
        if slot.in_place {
            self.widths[ports.start as usize] = 0;
        }
        ports
    }
}
