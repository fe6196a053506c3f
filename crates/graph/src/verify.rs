//! The check that makes the arena sound: run on every schedule before it becomes a plan.

mod tasks;

use std::ops::Range;

use crate::{BufferId, Factor, Schedule, Step};

/// A schedule that would read and write the same memory at once, or memory that is not there. A bug of ours.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Step, StreamSpec, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let mut schedule = compile(&trim(0.5), &StreamSpec::new(48_000, 64, 1, 1))?;
/// assert_eq!(schedule.verify(), Ok(()));
/// // No schedule of ours writes where there is no buffer.
/// schedule.steps.insert(0, Step::Clear { dst: 1_000 });
/// assert_eq!(schedule.verify().unwrap_err().step, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {step} of the schedule {problem}")]
pub struct ScheduleError {
    /// The index of the step.
    pub step: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Schedule {
    /// Checks every step: the buffers it writes are distinct and apart from those it reads (a mix may write the first source
    /// of the same channel), everything is in range and written before it is read, and what the device reads in is not
    /// written at all. Where steps are spread over threads, one of two that use the same buffer, feedback line or node comes
    /// before the other, unless both only read it.
    ///
    /// # Errors
    /// The first step that does not hold.
    pub fn verify(&self) -> Result<(), ScheduleError> {
        let mut buffers = vec![Buffer::default(); self.buffers];
        for &buffer in self.device_in.iter().flatten() {
            let buffer =
                buffers.get_mut(buffer as usize).ok_or(wrong(0, "gives the device a buffer that does not exist"));
            *buffer? = Buffer { is_written: true, is_input: true, ..Buffer::default() };
        }
        let mut check = Check { schedule: self, buffers, step: 0 };
        for (index, step) in self.steps.iter().enumerate() {
            check.step = index + 1;
            check.step(step).map_err(|problem| wrong(index, problem))?;
        }
        let unwritten = |buffer: &BufferId| !check.is_written(*buffer);
        if self.device_out.iter().flatten().any(unwritten) {
            return Err(wrong(self.steps.len(), "sends a buffer that was never written to the device"));
        }
        tasks::check(self)
    }

    /// Whether there is such a factor.
    fn has(&self, factor: Factor) -> bool {
        match factor {
            Factor::Constant(_) => true,
            Factor::Gain { slot, factor } => {
                let mixing = self.slots.get(slot).and_then(|slot| slot.mixing.as_ref());
                mixing.is_some_and(|mixing| (factor as usize) < mixing.factors())
            }
            Factor::Fade(fade) => fade < self.fades.len(),
        }
    }
}

/// What is known of a buffer.
#[derive(Clone, Copy, Default)]
struct Buffer {
    is_written: bool,
    /// Whether it is a channel of the device's input.
    is_input: bool,
    /// The step that wrote it last, counted from 1.
    by: usize,
}

/// A schedule, step by step.
struct Check<'a> {
    schedule: &'a Schedule,
    buffers: Vec<Buffer>,
    /// Which step it is, counted from 1.
    step: usize,
}

type Checked = Result<(), &'static str>;

const OUTSIDE: &str = "points outside the schedule";
const OWN: &str = "writes a buffer that it reads";

impl<'a> Check<'a> {
    fn step(&mut self, step: &Step) -> Checked {
        let Schedule { lines, .. } = self.schedule;
        match step {
            Step::Clear { dst } => self.write(&[*dst]),
            Step::Receive { dst, line } => {
                lines.get(*line).ok_or(OUTSIDE)?;
                self.write(&[*dst])
            }
            Step::Send { src, line } => {
                lines.get(*line).ok_or(OUTSIDE)?;
                self.read(&[*src])
            }
            Step::Mix { dst, terms, .. } => self.mix(dst, terms),
            Step::Run { slot, inputs, outputs } => self.run(*slot, inputs, outputs),
        }
    }

    fn mix(&mut self, dst: &Range<usize>, terms: &Range<usize>) -> Checked {
        let Schedule { terms: all, factors, .. } = self.schedule;
        let (dst, terms) = (self.wires(dst)?, all.get(terms.clone()).ok_or(OUTSIDE)?);
        if terms.is_empty() || dst.is_empty() {
            return Err(OUTSIDE);
        }
        for term in terms {
            let sources = self.wires(&term.sources)?;
            let mut factors = factors.get(term.factors.clone()).ok_or(OUTSIDE)?.iter();
            if sources.len() != dst.len() || !factors.all(|factor| self.schedule.has(*factor)) {
                return Err(OUTSIDE);
            }
            self.read(sources)?;
        }
        self.write(dst)?;
        for (index, term) in terms.iter().enumerate() {
            for (channel, &source) in self.wires(&term.sources)?.iter().enumerate() {
                if self.is_written_here(source) && !(index == 0 && source == dst[channel]) {
                    return Err(OWN);
                }
            }
        }
        Ok(())
    }

    fn run(&mut self, slot: usize, inputs: &Range<usize>, outputs: &Range<usize>) -> Checked {
        let slot = self.schedule.slots.get(slot).ok_or(OUTSIDE)?;
        if slot.mixing.is_some() {
            return Err("runs a node that is dissolved in mixes");
        }
        let (reads, writes) = (self.wires(inputs)?, self.wires(outputs)?);
        let main = if slot.in_place { slot.widths.inputs.first().copied().ok_or(OUTSIDE)? } else { 0 };
        let widths_hold = reads.len() + main == slot.widths.inputs.iter().sum::<usize>()
            && writes.len() == slot.widths.outputs.iter().sum::<usize>()
            && (!slot.in_place || slot.widths.outputs.first() == slot.widths.inputs.first());
        let side_by_side = inputs.is_empty() || outputs.is_empty() || inputs.end == outputs.start;
        if !widths_hold || !side_by_side {
            return Err(OUTSIDE);
        }
        self.read(reads)?;
        if writes[..main].iter().any(|&buffer| (buffer as usize) < self.buffers.len() && !self.is_written(buffer)) {
            return Err("works in place on a buffer that was never written");
        }
        self.write(writes)?;
        if reads.iter().any(|&buffer| self.is_written_here(buffer)) { Err(OWN) } else { Ok(()) }
    }

    fn wires(&self, range: &Range<usize>) -> Result<&'a [BufferId], &'static str> {
        self.schedule.wires.get(range.clone()).ok_or(OUTSIDE)
    }

    fn read(&self, buffers: &[BufferId]) -> Checked {
        match buffers.iter().all(|&buffer| self.is_written(buffer)) {
            true => Ok(()),
            false => Err("reads a buffer that was never written"),
        }
    }

    fn write(&mut self, buffers: &[BufferId]) -> Checked {
        for &buffer in buffers {
            let buffer = self.buffers.get_mut(buffer as usize).ok_or("writes a buffer that does not exist")?;
            if buffer.is_input {
                return Err("writes what the device reads in");
            }
            if buffer.by == self.step {
                return Err("writes one buffer twice");
            }
            (buffer.is_written, buffer.by) = (true, self.step);
        }
        Ok(())
    }

    fn is_written(&self, buffer: BufferId) -> bool {
        self.buffers.get(buffer as usize).is_some_and(|buffer| buffer.is_written)
    }

    fn is_written_here(&self, buffer: BufferId) -> bool {
        self.buffers[buffer as usize].by == self.step
    }
}

fn wrong(step: usize, problem: &'static str) -> ScheduleError {
    ScheduleError { step, problem }
}
