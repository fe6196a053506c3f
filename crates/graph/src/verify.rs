//! The check that makes the arena sound: run on every schedule before it becomes a plan.

use std::collections::HashSet;

use crate::{BufferId, Factor, Schedule, Step};

/// A schedule that would read and write the same memory at once, or memory that is not there. A bug of ours.
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
    /// written at all.
    ///
    /// # Errors
    /// The first step that does not hold.
    pub fn verify(&self) -> Result<(), ScheduleError> {
        let mut written = vec![false; self.buffers];
        for &buffer in self.device_in.iter().flatten() {
            *written.get_mut(buffer as usize).ok_or(wrong(0, "gives the device a buffer that does not exist"))? = true;
        }
        let device = written.clone();
        for (index, step) in self.steps.iter().enumerate() {
            self.verify_step(step, &device, &mut written).map_err(|problem| wrong(index, problem))?;
        }
        let unwritten = |buffer: &BufferId| written.get(*buffer as usize) != Some(&true);
        match self.device_out.iter().flatten().any(unwritten) {
            true => Err(wrong(self.steps.len(), "sends a buffer that was never written to the device")),
            false => Ok(()),
        }
    }

    fn verify_step(&self, step: &Step, device: &[bool], written: &mut [bool]) -> Result<(), &'static str> {
        let (reads, writes, shared) = self.touched(step).ok_or("points outside the schedule")?;
        if reads.iter().any(|&buffer| written.get(buffer as usize) != Some(&true)) {
            return Err("reads a buffer that was never written");
        }
        if writes.iter().any(|&buffer| buffer as usize >= written.len()) {
            return Err("writes a buffer that does not exist");
        }
        if writes.iter().any(|&buffer| device[buffer as usize]) {
            return Err("writes what the device reads in");
        }
        let mut once = HashSet::with_capacity(writes.len());
        if !writes.iter().all(|buffer| once.insert(buffer)) {
            return Err("writes one buffer twice");
        }
        if reads.iter().any(|buffer| !shared.contains(buffer) && once.contains(buffer)) {
            return Err("writes a buffer that it reads");
        }
        if self.arriving(step).iter().any(|&buffer| !written[buffer as usize]) {
            return Err("works in place on a buffer that was never written");
        }
        writes.iter().for_each(|&buffer| written[buffer as usize] = true);
        Ok(())
    }

    /// The buffers that an in-place effect expects to hold its input.
    fn arriving(&self, step: &Step) -> &[BufferId] {
        match step {
            Step::Run { slot, outputs, .. } if self.slots[*slot].in_place => {
                &self.wires[outputs.clone()][..self.slots[*slot].inputs[0]]
            }
            _ => &[],
        }
    }

    /// Whether there is such a factor.
    fn has(&self, factor: Factor) -> bool {
        match factor {
            Factor::Constant(_) => true,
            Factor::Gain(slot) => self.slots.get(slot).is_some_and(|slot| slot.scales),
            Factor::Fade(fade) => fade < self.fades.len(),
        }
    }

    /// What a step reads, what it writes, and what may be both.
    fn touched(&self, step: &Step) -> Option<Touched> {
        Some(match step {
            Step::Clear { dst } => (vec![], vec![*dst], vec![]),
            Step::Mix { dst, terms, .. } => {
                let (dst, terms) = (self.wires.get(dst.clone())?, self.terms.get(terms.clone())?);
                let mut sources = Vec::with_capacity(terms.len() * dst.len());
                for term in terms {
                    let channels = self.wires.get(term.sources.clone()).filter(|wires| wires.len() == dst.len())?;
                    sources.extend_from_slice(channels);
                    self.factors.get(term.factors.clone())?.iter().all(|factor| self.has(*factor)).then_some(())?;
                }
                (!terms.is_empty() && !dst.is_empty()).then_some(())?;
                let taken = dst.iter().zip(&sources).filter(|(dst, first)| dst == first).map(|(dst, _)| *dst);
                let once = |buffer: &BufferId| sources.iter().filter(|source| *source == buffer).count() == 1;
                let shared = taken.filter(once).collect();
                (sources, dst.to_vec(), shared)
            }
            Step::Receive { dst, line } => {
                self.lines.get(*line)?;
                (vec![], vec![*dst], vec![])
            }
            Step::Send { src, line } => {
                self.lines.get(*line)?;
                (vec![*src], vec![], vec![])
            }
            Step::Run { slot, inputs, outputs } => {
                let slot = self.slots.get(*slot)?;
                let (reads, writes) = (self.wires.get(inputs.clone())?, self.wires.get(outputs.clone())?);
                let main = if slot.in_place { slot.inputs.first().copied()? } else { 0 };
                (!slot.in_place || slot.outputs.first() == slot.inputs.first()).then_some(())?;
                let widths_hold = reads.len() + main == slot.inputs.iter().sum::<usize>()
                    && writes.len() == slot.outputs.iter().sum::<usize>();
                let side_by_side = inputs.is_empty() || outputs.is_empty() || inputs.end == outputs.start;
                (widths_hold && side_by_side).then_some(())?;
                (reads.to_vec(), writes.to_vec(), vec![])
            }
        })
    }
}

/// Buffers read, buffers written, and those that may be both.
type Touched = (Vec<BufferId>, Vec<BufferId>, Vec<BufferId>);

fn wrong(step: usize, problem: &'static str) -> ScheduleError {
    ScheduleError { step, problem }
}
