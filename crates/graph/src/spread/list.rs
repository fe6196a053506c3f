//! Which lane takes which steps: by a list of what can be done, each to the lane that is through with it first.

use super::units::Units;
use super::{HANDOVER, Need};

/// What being first has to win over being warm.
const MUCH_BETTER: f64 = 0.95;

/// Units on lanes.
pub(super) struct List {
    /// In an order in which one thread could do them, one after the other.
    pub(super) tasks: Vec<Listed>,
    /// The time it takes as a part of that of one thread, and the fewest frames that are worth it.
    pub(super) part: f64,
    pub(super) least_frames: usize,
}

/// A task that has no buffers yet.
pub(super) struct Listed {
    pub(super) lane: usize,
    pub(super) needs: Vec<Need>,
    /// In order.
    pub(super) steps: Vec<u32>,
    cost: f64,
    /// Whether another lane waits for it.
    awaited: bool,
}

/// The better one of two ways to list them: as they come, which keeps what is written warm until it is read, or those first
/// that most waits for.
pub(super) fn best(units: &Units, lanes: usize, grain: f64) -> List {
    let as_they_come: Vec<u32> = (0..units.steps.len() as u32).collect();
    let urgency = urgency(units);
    let mut urgent = as_they_come.clone();
    // What waits is less urgent than what it waits for.
    urgent.sort_by(|&a, &b| urgency[b as usize].total_cmp(&urgency[a as usize]).then(a.cmp(&b)));
    let [first, second] = [as_they_come, urgent].map(|order| List::of(units, lanes, grain, &order));
    if second.part(1.0) < MUCH_BETTER * first.part(1.0) { second } else { first }
}

/// By unit: how long it takes until all that waits for it is done, in nanoseconds.
fn urgency(units: &Units) -> Vec<f64> {
    let mut urgency = units.cost.clone();
    for unit in (0..urgency.len()).rev() {
        let after = units.after[unit].iter().map(|&after| urgency[after as usize]).fold(0.0, f64::max);
        urgency[unit] += after;
    }
    urgency
}

impl List {
    fn of(units: &Units, lanes: usize, grain: f64, order: &[u32]) -> Self {
        let lane_of = assign(units, lanes, order);
        let (lanes, at) = (vec![Lane::new(lanes); lanes], vec![0; units.steps.len()]);
        let mut lister = Lister { units, grain, lane_of, tasks: Vec::new(), lanes, at };
        order.iter().for_each(|&unit| lister.unit(unit as usize));
        Self { tasks: lister.tasks, part: 1.0, least_frames: 0 }
    }

    /// The time it takes as a part of that of one thread, with pieces longer by this factor.
    pub(super) fn part(&self, longer: f64) -> f64 {
        let lanes = self.tasks.iter().map(|task| task.lane + 1).max().unwrap_or(1);
        // By lane: when each of its tasks is done.
        let mut done: Vec<Vec<f64>> = vec![Vec::new(); lanes];
        for task in &self.tasks {
            let free = done[task.lane].last().copied().unwrap_or(if task.lane == 0 { 0.0 } else { HANDOVER });
            let needs = task.needs.iter().map(|need| done[need.lane][need.tasks - 1] + HANDOVER);
            let starts = needs.fold(free, f64::max);
            done[task.lane].push(starts + longer * task.cost);
        }
        let back =
            |(lane, done): (usize, &Vec<f64>)| done.last().unwrap_or(&0.0) + if lane == 0 { 0.0 } else { HANDOVER };
        let whole: f64 = self.tasks.iter().map(|task| task.cost).sum();
        done.iter().enumerate().map(back).fold(0.0, f64::max) / (longer * whole).max(1.0)
    }
}

/// By unit: its lane.
fn assign(units: &Units, lanes: usize, order: &[u32]) -> Vec<usize> {
    let mut free = vec![HANDOVER; lanes];
    free[0] = 0.0;
    let mut done = vec![0.0_f64; order.len()];
    let mut lane_of = vec![0; order.len()];
    for &unit in order {
        let unit = unit as usize;
        let starts = |lane: usize| {
            let there = |&before: &u32| {
                let away = if lane_of[before as usize] == lane { 0.0 } else { HANDOVER };
                done[before as usize] + away
            };
            units.before[unit].iter().map(there).fold(free[lane], f64::max)
        };
        let (lane, start) =
            (0..lanes).map(|lane| (lane, starts(lane))).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
        lane_of[unit] = lane;
        done[unit] = start + units.cost[unit];
        free[lane] = done[unit];
    }
    lane_of
}

/// Makes tasks of units.
struct Lister<'a> {
    units: &'a Units,
    /// A task that others wait for does not grow beyond this, nor to more than twice what it was.
    grain: f64,
    lane_of: Vec<usize>,
    tasks: Vec<Listed>,
    lanes: Vec<Lane>,
    /// By unit that was listed: how many tasks its lane had then, with its own.
    at: Vec<usize>,
}

#[derive(Clone)]
struct Lane {
    /// The task that may still grow.
    last: Option<usize>,
    tasks: usize,
    /// By lane: how many of its tasks are known to be done.
    known: Vec<usize>,
}

impl Lane {
    fn new(lanes: usize) -> Self {
        Self { last: None, tasks: 0, known: vec![0; lanes] }
    }
}

impl Lister<'_> {
    /// Tasks wait for others only before they begin, and for those that began earlier: so they never wait in a circle.
    fn unit(&mut self, unit: usize) {
        let lane = self.lane_of[unit];
        let needs = self.needs(unit, lane);
        let (cost, awaited) = (self.units.cost[unit], self.is_awaited(unit, lane));
        let late = |task: &Listed| cost > task.cost || task.cost + cost > self.grain;
        let grows = |task: &Listed| needs.is_empty() && !(task.awaited && late(task));
        let task = match self.lanes[lane].last.filter(|&last| grows(&self.tasks[last])) {
            Some(last) => last,
            None => self.begin(lane, needs),
        };
        let task = &mut self.tasks[task];
        task.steps.extend(&self.units.steps[unit]);
        task.cost += cost;
        task.awaited |= awaited;
        self.at[unit] = self.lanes[lane].tasks;
    }

    fn begin(&mut self, lane: usize, needs: Vec<Need>) -> usize {
        for need in &needs {
            self.lanes[lane].known[need.lane] = need.tasks;
        }
        let task = self.tasks.len();
        self.tasks.push(Listed { lane, needs, steps: Vec::new(), cost: 0.0, awaited: false });
        let lane = &mut self.lanes[lane];
        (lane.last, lane.tasks) = (Some(task), lane.tasks + 1);
        task
    }

    /// What it waits for that its lane has not waited for before.
    fn needs(&self, unit: usize, lane: usize) -> Vec<Need> {
        let mut tasks = vec![0; self.lanes.len()];
        for &before in &self.units.before[unit] {
            let of = self.lane_of[before as usize];
            tasks[of] = tasks[of].max(self.at[before as usize]);
        }
        let known = &self.lanes[lane].known;
        let new = |&(other, tasks): &(usize, usize)| other != lane && tasks > known[other];
        tasks.into_iter().enumerate().filter(new).map(|(lane, tasks)| Need { lane, tasks }).collect()
    }

    fn is_awaited(&self, unit: usize, lane: usize) -> bool {
        self.units.after[unit].iter().any(|&after| self.lane_of[after as usize] != lane)
    }
}
