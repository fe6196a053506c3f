//! Buffers for several threads: one is used again only in the lane that had it alone, which comes after itself.

use super::list::List;
use super::uses::{Life, NONE, Uses};
use super::{Spread, Task};
use crate::{BufferId, Schedule, Step};

/// Where a life is used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    Nowhere,
    Lane(usize),
    /// In several lanes: its buffer is nobody else's.
    Shared,
}

/// The schedule with its steps in the order of the tasks, and buffers that tasks do not share that may run at once.
pub(super) fn coloured(schedule: &Schedule, uses: &Uses, list: List) -> Schedule {
    let mut buffers = Buffers::new(uses, &list);
    for task in &list.tasks {
        task.steps.iter().for_each(|&step| buffers.step(&uses.lives[step as usize], task.lane));
    }
    let Buffers { of, count, .. } = buffers;
    let buffer = |life: Life| if life == NONE { BufferId::MAX } else { of[life as usize] };
    let renamed = |&step: &u32| {
        let own = buffer(uses.own[step as usize]);
        match schedule.steps[step as usize].clone() {
            Step::Clear { .. } => Step::Clear { dst: own },
            Step::Receive { line, .. } => Step::Receive { dst: own, line },
            Step::Send { line, .. } => Step::Send { src: own, line },
            others => others,
        }
    };
    let steps = list.tasks.iter().flat_map(|task| &task.steps).map(renamed).collect();
    let wires = uses.wires.iter().map(|&life| buffer(life)).collect();
    let mut at = 0;
    let List { tasks, part, least_frames } = list;
    let task = |listed: super::list::Listed| {
        let start = at;
        at += listed.steps.len();
        Task { lane: listed.lane, steps: start..at, needs: listed.needs }
    };
    let spread = Spread { tasks: tasks.into_iter().map(task).collect(), least_frames, part, alone: None };
    Schedule { steps, wires, buffers: count, spread, ..schedule.clone() }
}

/// Hands out buffers.
struct Buffers {
    /// By life: its buffer, where it is used, and how many steps are still to use it.
    of: Vec<BufferId>,
    homes: Vec<Home>,
    uses: Vec<u32>,
    /// By lane: its buffers that are free.
    free: Vec<Vec<BufferId>>,
    count: usize,
    device: usize,
}

impl Buffers {
    fn new(uses: &Uses, list: &List) -> Self {
        let (mut homes, mut counts) = (vec![Home::Nowhere; uses.count], vec![0; uses.count]);
        for task in &list.tasks {
            for &life in task.steps.iter().flat_map(|&step| &uses.lives[step as usize]) {
                let home = &mut homes[life as usize];
                *home = if matches!(*home, Home::Nowhere) { Home::Lane(task.lane) } else { *home };
                *home = if *home == Home::Lane(task.lane) { *home } else { Home::Shared };
                counts[life as usize] += 1;
            }
        }
        let lanes = list.tasks.iter().map(|task| task.lane + 1).max().unwrap_or(1);
        let device = uses.device;
        let mut of = vec![BufferId::MAX; uses.count];
        (0..device).for_each(|buffer| of[buffer] = buffer as BufferId);
        Self { of, homes, uses: counts, free: vec![Vec::new(); lanes], count: device, device }
    }

    /// A step that uses these lives: those that begin with it get buffers before those that end with it give theirs back.
    fn step(&mut self, lives: &[Life], lane: usize) {
        for &life in lives {
            if self.of[life as usize] == BufferId::MAX {
                self.of[life as usize] = self.take(life, lane);
            }
        }
        for &life in lives {
            let left = &mut self.uses[life as usize];
            *left -= 1;
            if *left == 0 && self.homes[life as usize] == Home::Lane(lane) && life as usize >= self.device {
                self.free[lane].push(self.of[life as usize]);
            }
        }
    }

    fn take(&mut self, life: Life, lane: usize) -> BufferId {
        let mut own = match self.homes[life as usize] {
            Home::Lane(_) => self.free[lane].pop(),
            Home::Shared | Home::Nowhere => None,
        };
        *own.get_or_insert_with(|| {
            self.count += 1;
            self.count as BufferId - 1
        })
    }
}
