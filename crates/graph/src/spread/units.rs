//! Steps that belong together: what one thread does without a break, as it would wait for itself otherwise.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::uses::Uses;
use crate::{Schedule, Step};

/// Sets of steps, in an order in which one after the other can be done.
pub(super) struct Units {
    /// Their steps, in order.
    pub(super) steps: Vec<Vec<u32>>,
    /// What they take, in nanoseconds.
    pub(super) cost: Vec<f64>,
    /// Those that have to be done before, and those that wait for it, in order.
    pub(super) before: Vec<Vec<u32>>,
    pub(super) after: Vec<Vec<u32>>,
    /// By step: which it belongs to.
    of: Vec<u32>,
}

impl Units {
    /// Chains, then small ones side by side, then what has become a chain by that. None where steps wait for each other in a
    /// circle, which is a bug of ours.
    pub(super) fn of(schedule: &Schedule, uses: &Uses, (costs, grain): (&[f64], f64)) -> Option<Self> {
        let chains = Self::new(chains(schedule, uses), uses, costs)?;
        let siblings = chains.joined(&chains.siblings(grain), uses, costs)?;
        siblings.joined(&siblings.rows(), uses, costs)
    }

    /// By what each step belongs to, in any numbers below those of the steps.
    fn new(of: Vec<u32>, uses: &Uses, costs: &[f64]) -> Option<Self> {
        let (of, count) = numbered(&of, uses)?;
        let empty = || vec![Vec::new(); count];
        let mut units = Self { steps: empty(), cost: vec![0.0; count], before: empty(), after: empty(), of };
        for (step, &unit) in units.of.iter().enumerate() {
            units.steps[unit as usize].push(step as u32);
            units.cost[unit as usize] += costs[step];
            units.before[unit as usize].extend(others(unit, &units.of, &uses.before[step]));
        }
        for (unit, before) in units.before.iter_mut().enumerate() {
            before.sort_unstable();
            before.dedup();
            before.iter().for_each(|&before| units.after[before as usize].push(unit as u32));
        }
        Some(units)
    }

    fn joined(&self, into: &[u32], uses: &Uses, costs: &[f64]) -> Option<Self> {
        Self::new(self.of.iter().map(|&unit| into[unit as usize]).collect(), uses, costs)
    }

    /// Small ones that wait for the same, together: none of them can wait for another of them, by whatever way.
    fn siblings(&self, grain: f64) -> Vec<u32> {
        let mut open: FxHashMap<&[u32], (u32, f64)> = FxHashMap::default();
        let sibling = |(unit, cost): (usize, &f64)| {
            let (first, sum) = open.entry(&self.before[unit]).or_insert((unit as u32, 0.0));
            if *sum + cost > grain {
                (*first, *sum) = (unit as u32, 0.0);
            }
            *sum += cost;
            *first
        };
        self.cost.iter().enumerate().map(sibling).collect()
    }

    /// One that only the next waits for, with that, if the next waits for nothing that the first does not.
    fn rows(&self) -> Vec<u32> {
        let mut into: Vec<u32> = (0..self.steps.len() as u32).collect();
        for (unit, before) in self.before.iter().enumerate() {
            let goes_on = |last: &&u32| {
                let of = &self.before[**last as usize];
                self.after[**last as usize].len() == 1 && before.iter().all(|b| b == *last || of.contains(b))
            };
            if let Some(&last) = before.iter().rev().take(2).find(goes_on) {
                into[unit] = into[last as usize];
            }
        }
        into
    }
}

/// By step: the first step of the chain it is in. What only passes samples on stays with who made them.
fn chains(schedule: &Schedule, uses: &Uses) -> Vec<u32> {
    let count = schedule.steps.len();
    // Who waits for a step, and how many they are; nobody goes on from where something is sent back.
    let mut after: Vec<(u32, u32)> = vec![(0, 0); count];
    for (step, before) in uses.before.iter().enumerate() {
        if !matches!(schedule.steps[step], Step::Send { .. }) {
            before.iter().for_each(|&b| after[b as usize] = (step as u32, after[b as usize].1 + 1));
        }
    }
    let runs = |step: usize| matches!(schedule.steps[step], Step::Run { .. });
    // What begins with nothing, like silence, belongs to the one that reads it.
    let with_next = |step: usize| !runs(step) && uses.before[step].is_empty() && after[step].1 == 1;
    let mut of: Vec<u32> = (0..count as u32).collect();
    let mut branches = vec![false; count];
    for step in 0..count {
        if with_next(step) {
            continue;
        }
        let mut chains = uses.before[step].iter().filter(|&&b| !with_next(b as usize)).map(|&b| of[b as usize]);
        let only = chains.next().filter(|&first| chains.all(|other| other == first));
        if let Some(chain) = only.filter(|&chain| !runs(step) || !branches[chain as usize]) {
            of[step] = chain;
        }
        branches[of[step] as usize] |= after[step].1 > 1;
    }
    for step in (0..count).filter(|&step| with_next(step)) {
        of[step] = of[after[step].0 as usize];
    }
    of
}

/// What a step waits for, in other units than its own.
fn others<'a>(unit: u32, of: &'a [u32], before: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    before.iter().map(|&before| of[before as usize]).filter(move |&other| other != unit)
}

/// Numbers in an order in which all can be done, else that of their first steps; and how many there are.
fn numbered(of: &[u32], uses: &Uses) -> Option<(Vec<u32>, usize)> {
    let mut waits = vec![0_u32; of.len()];
    let mut after: Vec<Vec<u32>> = vec![Vec::new(); of.len()];
    let mut steps: Vec<Vec<u32>> = vec![Vec::new(); of.len()];
    for (step, &unit) in of.iter().enumerate() {
        steps[unit as usize].push(step as u32);
        for other in others(unit, of, &uses.before[step]) {
            after[other as usize].push(unit);
            waits[unit as usize] += 1;
        }
    }
    let first = |unit: u32| Reverse((steps[unit as usize][0], unit));
    let there = (0..of.len() as u32).filter(|&unit| !steps[unit as usize].is_empty());
    let count = there.clone().count();
    let mut ready: BinaryHeap<_> = there.filter(|&unit| waits[unit as usize] == 0).map(first).collect();
    let mut numbers = vec![0; of.len()];
    let mut done = 0;
    while let Some(Reverse((_, unit))) = ready.pop() {
        numbers[unit as usize] = done;
        done += 1;
        for &next in &after[unit as usize] {
            waits[next as usize] -= 1;
            if waits[next as usize] == 0 {
                ready.push(first(next));
            }
        }
    }
    (done as usize == count).then(|| (of.iter().map(|&unit| numbers[unit as usize]).collect(), count))
}
