//! What each step reads and writes, and so what has to be done before it.
//!
//! Buffers say too much about that: two steps that have nothing to do with each other may have the same one. So a buffer is
//! taken for a row of lives: each begins where it is written without being read, and goes on through whoever works on it in
//! place.

use std::ops::Range;

use crate::{BufferId, Schedule, Step};

/// What a buffer is for a while; those of the device's buffers are those of the run.
pub(super) type Life = u32;

/// What names no life.
pub(super) const NONE: Life = Life::MAX;

/// What the steps of a schedule use.
pub(super) struct Uses {
    /// By step: the lives it reads or writes, each once.
    pub(super) lives: Vec<Vec<Life>>,
    /// By step: those that have to be done before it, in order.
    pub(super) before: Vec<Vec<u32>>,
    /// The lives of [`Schedule::wires`], and by step that of the one buffer that it names by itself.
    pub(super) wires: Vec<Life>,
    pub(super) own: Vec<Life>,
    /// How many lives there are; the first ones are the device's buffers.
    pub(super) count: usize,
    pub(super) device: usize,
}

impl Uses {
    pub(super) fn of(schedule: &Schedule) -> Self {
        let device = schedule.device_in.iter().chain(&schedule.device_out).flatten().count();
        let steps = schedule.steps.len();
        let uses = Self {
            lives: Vec::with_capacity(steps),
            before: Vec::with_capacity(steps),
            wires: vec![NONE; schedule.wires.len()],
            own: vec![NONE; steps],
            count: device,
            device,
        };
        let current = (0..schedule.buffers).map(|buffer| if buffer < device { buffer as Life } else { NONE }).collect();
        let memory = (0..device).map(|_| Place::default()).collect();
        let lines = schedule.lines.iter().map(|_| Place::default()).collect();
        let mut walk = Walk { schedule, uses, current, memory, lines, step: 0, lives: Vec::new(), before: Vec::new() };
        schedule.steps.iter().for_each(|step| walk.step(step));
        walk.uses
    }
}

/// What is read and written by one after the other.
#[derive(Default)]
struct Place {
    written: Option<u32>,
    /// Who has read it since.
    readers: Vec<u32>,
}

impl Place {
    fn read(&mut self, step: u32, before: &mut Vec<u32>) {
        before.extend(self.written);
        self.readers.push(step);
    }

    fn write(&mut self, step: u32, before: &mut Vec<u32>) {
        before.extend(self.written);
        before.append(&mut self.readers);
        self.written = Some(step);
    }
}

/// Steps, one after the other.
struct Walk<'a> {
    schedule: &'a Schedule,
    uses: Uses,
    /// The life that each buffer has now.
    current: Vec<Life>,
    memory: Vec<Place>,
    lines: Vec<Place>,
    step: u32,
    /// What this step uses, and what comes before it.
    lives: Vec<Life>,
    before: Vec<u32>,
}

impl Walk<'_> {
    fn step(&mut self, step: &Step) {
        let own = match step {
            Step::Clear { dst } => self.write(*dst, false),
            Step::Receive { dst, line } => {
                self.lines[*line].write(self.step, &mut self.before);
                self.write(*dst, false)
            }
            Step::Send { src, line } => {
                self.lines[*line].write(self.step, &mut self.before);
                self.read(*src)
            }
            Step::Mix { dst, terms, .. } => self.mix(dst, terms),
            Step::Run { slot, inputs, outputs } => self.run(*slot, inputs, outputs),
        };
        self.uses.own[self.step as usize] = own;
        self.before.sort_unstable();
        self.before.dedup();
        self.before.retain(|&before| before != self.step);
        self.lives.sort_unstable();
        self.lives.dedup();
        self.uses.before.push(std::mem::take(&mut self.before));
        self.uses.lives.push(std::mem::take(&mut self.lives));
        self.step += 1;
    }

    fn mix(&mut self, dst: &Range<usize>, terms: &Range<usize>) -> Life {
        let Schedule { terms: all, wires, .. } = self.schedule;
        let terms = &all[terms.clone()];
        terms.iter().for_each(|term| self.read_wires(&term.sources));
        for (wire, first) in dst.clone().zip(terms[0].sources.clone()) {
            self.uses.wires[wire] = self.write(wires[wire], wires[wire] == wires[first]);
        }
        NONE
    }

    fn run(&mut self, slot: usize, inputs: &Range<usize>, outputs: &Range<usize>) -> Life {
        let slot = &self.schedule.slots[slot];
        let main = if slot.in_place { slot.widths.inputs[0] } else { 0 };
        self.read_wires(inputs);
        for (index, wire) in outputs.clone().enumerate() {
            self.uses.wires[wire] = self.write(self.schedule.wires[wire], index < main);
        }
        NONE
    }

    fn read_wires(&mut self, wires: &Range<usize>) {
        for wire in wires.clone() {
            self.uses.wires[wire] = self.read(self.schedule.wires[wire]);
        }
    }

    fn read(&mut self, buffer: BufferId) -> Life {
        let life = self.current[buffer as usize];
        self.memory[life as usize].read(self.step, &mut self.before);
        self.lives.push(life);
        life
    }

    /// What is written and not read before is another life, if the buffer is ours.
    fn write(&mut self, buffer: BufferId, goes_on: bool) -> Life {
        let current = &mut self.current[buffer as usize];
        if !goes_on && (*current == NONE || *current as usize >= self.uses.device) {
            *current = self.uses.count as Life;
            self.uses.count += 1;
            self.memory.push(Place::default());
        }
        let life = *current;
        self.memory[life as usize].write(self.step, &mut self.before);
        self.lives.push(life);
        life
    }
}
