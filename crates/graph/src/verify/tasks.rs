//! Tasks that may run at once use nothing that one of them writes: on this rests what threads share.

use super::{ScheduleError, wrong};
use crate::{BufferId, Schedule, Step, Task};

const NOT_ALL: &str = "is not in one task, or not in the order of the tasks";
const UNKNOWN: &str = "waits for a task that does not come before it";
const AT_ONCE: &str = "may run while another one uses what it writes, or writes what it uses";
const TWICE: &str = "runs a node that has run";

/// Checks that each step is in one task, that tasks wait only for earlier ones, and that of any two steps which use the same
/// buffer or feedback line one waits for the other, unless both only read it; and that no node runs twice.
pub(super) fn check(schedule: &Schedule) -> Result<(), ScheduleError> {
    let Schedule { steps, spread, lines, slots, buffers, .. } = schedule;
    if spread.tasks.is_empty() {
        return Ok(());
    }
    let lanes = spread.lanes();
    if lanes > spread.tasks.len() {
        return Err(wrong(0, "is in a lane that nobody has"));
    }
    let places = (0..buffers + lines.len()).map(|_| Place { written: None, read: vec![0; lanes] }).collect();
    let mut check = Check { schedule, places, has_run: vec![false; slots.len()], clocks: vec![Vec::new(); lanes] };
    let mut at = 0;
    for task in &spread.tasks {
        if task.steps.start != at || task.steps.is_empty() || task.steps.end > steps.len() {
            return Err(wrong(at, NOT_ALL));
        }
        let clock = check.clock(task, lanes).map_err(|problem| wrong(at, problem))?;
        for step in task.steps.clone() {
            check.step(&steps[step], task.lane, &clock).map_err(|problem| wrong(step, problem))?;
        }
        check.clocks[task.lane].push(clock);
        at = task.steps.end;
    }
    if at == steps.len() { Ok(()) } else { Err(wrong(at, NOT_ALL)) }
}

/// By lane: how many of its tasks are done when a task begins.
type Clock = Vec<usize>;

/// Who used a buffer or a feedback line.
struct Place {
    /// The lane of who wrote it last, and its task, counted from 1.
    written: Option<(usize, usize)>,
    /// By lane: the last task that has read it since, counted from 1.
    read: Vec<usize>,
}

struct Check<'a> {
    schedule: &'a Schedule,
    places: Vec<Place>,
    has_run: Vec<bool>,
    /// By lane: the clocks of its tasks.
    clocks: Vec<Vec<Clock>>,
}

impl Check<'_> {
    /// What is done when a task begins: all before it in its lane, what that waited for, what it waits for itself.
    fn clock(&self, task: &Task, lanes: usize) -> Result<Clock, &'static str> {
        let own = &self.clocks[task.lane];
        let mut clock = own.last().cloned().unwrap_or(vec![0; lanes]);
        clock[task.lane] = own.len();
        for need in &task.needs {
            let of = |clocks: &'_ Vec<Clock>| clocks.get(need.tasks.checked_sub(1)?).cloned();
            let needed = self.clocks.get(need.lane).and_then(of).ok_or(UNKNOWN)?;
            clock.iter_mut().zip(needed).for_each(|(known, needed)| *known = (*known).max(needed));
            clock[need.lane] = clock[need.lane].max(need.tasks);
        }
        Ok(clock)
    }

    fn step(&mut self, step: &Step, lane: usize, clock: &Clock) -> Result<(), &'static str> {
        let Schedule { wires, terms, buffers, .. } = self.schedule;
        let places = &mut self.places;
        let mut place = |place: usize, writes: bool| places[place].used(lane, clock, writes);
        let mut all = |of: &[BufferId], writes: bool| of.iter().try_for_each(|&buffer| place(buffer as usize, writes));
        match step {
            Step::Clear { dst } => all(&[*dst], true),
            Step::Receive { dst: buffer, line } | Step::Send { src: buffer, line } => {
                all(&[*buffer], matches!(step, Step::Receive { .. }))?;
                place(buffers + line, true)
            }
            Step::Mix { dst, terms: of, .. } => {
                terms[of.clone()].iter().try_for_each(|term| all(&wires[term.sources.clone()], false))?;
                all(&wires[dst.clone()], true)
            }
            Step::Run { slot, inputs, outputs } => {
                all(&wires[inputs.clone()], false)?;
                all(&wires[outputs.clone()], true)?;
                if std::mem::replace(&mut self.has_run[*slot], true) { Err(TWICE) } else { Ok(()) }
            }
        }
    }
}

impl Place {
    /// Somebody of this lane uses it when so much is done.
    fn used(&mut self, lane: usize, clock: &Clock, writes: bool) -> Result<(), &'static str> {
        let is_before = |other: usize, task: usize| other == lane || task <= clock[other];
        let after_writer = self.written.is_none_or(|(other, task)| is_before(other, task));
        let after_readers = !writes || self.read.iter().enumerate().all(|(other, &task)| is_before(other, task));
        if !after_writer || !after_readers {
            return Err(AT_ONCE);
        }
        let task = clock[lane] + 1;
        if writes {
            self.written = Some((lane, task));
            self.read.fill(0);
        } else {
            self.read[lane] = task;
        }
        Ok(())
    }
}
